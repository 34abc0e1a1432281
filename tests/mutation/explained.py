"""Mutants that no net can notice, or need not: by key, with the reason."""

EXPLAINED = {
    "f6440863": "equivalent: X and its transpose enter as their sum alone, and P^T G = (G^T P)^T",
    "6dc1a341": "equivalent in the exponent, all that is reported: A takes the same values at each "
    "width, and moves the prefactor alone",
}
