"""Mutants that no net can notice, or need not: by key, with the reason."""

EXPLAINED = {
    "f6440863": "equivalent: X and its transpose enter as their sum alone, and P^T G = (G^T P)^T"
}
