"""All claims, by family: one file a family."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from verify.claim import Claim, unique

__all__ = ["all_claims", "get_claim", "select"]


@cache
def all_claims() -> dict[str, Claim]:
    """Return every claim by name, in the order of the families."""
    from verify.claims import conservation, equivalence

    return unique([*conservation.CLAIMS, *equivalence.CLAIMS])


def get_claim(name: str) -> Claim:
    """Return one claim.

    Raises
    ------
    ValueError
        If there is no such claim.
    """
    claims = all_claims()
    if name not in claims:
        raise ValueError(f"claim must be one of {', '.join(claims)}, got {name!r}")
    return claims[name]


def select(names: Sequence[str] | None = None) -> list[Claim]:
    """Return the claims of the given names or families; all of them by default."""
    if not names:
        return list(all_claims().values())
    chosen: list[Claim] = []
    for name in names:
        family = [x for x in all_claims().values() if x.family == name]
        chosen += family or [get_claim(name)]
    return chosen
