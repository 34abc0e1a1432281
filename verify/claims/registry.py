"""All claims by name, the families they are listed in, and claims from a file of the user's."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pathlib import Path

from numerics.support.object_validation import check_many, check_path
from numerics.support.validation import check_text
from theory.wording import in_one_line, shown
from verify.framework.claim import Claim, claims_by_name

__all__ = ["FAMILIES", "all_claims", "claims_from", "get_claim", "select_claims"]

#: Modules of this package, in the order in which they are listed.
FAMILIES = (
    "dynamics.conservation",
    "dynamics.equivalence",
    "dynamics.exact_solutions",
    "dynamics.symmetry",
    "dynamics.lazy_and_balanced",
    "dynamics.asymptotics",
    "dynamics.convergence",
    "dynamics.low_rank_bias",
    "random_matrices",
    "outliers",
    "spectrum_sums",
    "prediction",
    "run_scatter",
    "phase_diagram",
    "regimes.boundaries",
    "regimes.trained_errors",
    "regimes.widths",
    "regimes.signal_and_noise",
    "kernels",
    "dynamics.losses",
    "crossover.networks",
    "crossover.exponents",
)


@cache
def all_claims() -> dict[str, Claim]:
    """Return every claim by name, in the order of the families.

    Examples
    --------
    >>> list(all_claims())[:2]
    ['balancedness-flow', 'balancedness-descent']
    """
    families = (import_module(f"verify.claims.{name}") for name in FAMILIES)
    return claims_by_name(claim for family in families for claim in family.CLAIMS)


def get_claim(name: str) -> Claim:
    """Return one claim.

    Raises
    ------
    ValueError
        If there is no such claim.

    Examples
    --------
    >>> get_claim("balancedness-flow").statement
    'Gradient flow conserves Theta^T J Theta = W1 W1^T - W2^T W2.'
    """
    return _get(all_claims(), name)


def select_claims(
    names: Sequence[str] | None = None, claims: Mapping[str, Claim] | None = None
) -> list[Claim]:
    """Return the claims of the given names or families; all of them by default.

    Parameters
    ----------
    names : sequence of str, optional
        Names of claims or of families.
    claims : mapping, optional
        From which is chosen, by name; the built-in claims if left out.
    """
    known = all_claims() if claims is None else claims
    if not names:
        return list(known.values())
    chosen: dict[str, Claim] = {}
    for name in names:
        family = [x for x in known.values() if x.family == name]
        chosen |= {x.name: x for x in family or [_get(known, name)]}
    return list(chosen.values())


def claims_from(file: str | Path) -> dict[str, Claim]:
    """Return the claims that a Python file lists as ``CLAIMS``.

    Raises
    ------
    ValueError
        If there is no such file, or it has no ``CLAIMS``.

    Examples
    --------
    >>> claims_from("no_such_file.py")
    Traceback (most recent call last):
        ...
    ValueError: claims must come from a Python file, got 'no_such_file.py'
    """
    path = check_path("file", file)
    if not path.is_file():
        raise ValueError(f"claims must come from a Python file, got {str(file)!r}")
    specification = importlib.util.spec_from_file_location(f"claims_of_{path.stem}", path)
    if specification is None or specification.loader is None:
        raise ValueError(f"claims must come from a Python file, got {str(file)!r}")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # what a user's file raises is its own matter
        what = f"{type(error).__name__}{_line(error, path)}: {in_one_line(error)}"
        raise ValueError(f"{file} must be a Python file that runs, got {what}") from error
    claims = check_many("CLAIMS", getattr(module, "CLAIMS", ()), Claim)
    if not claims:
        raise ValueError(f"{file} must define CLAIMS, a sequence of claims")
    return claims_by_name(replace(claim, origin=str(path)) for claim in claims)


def _line(error: BaseException, path: Path) -> str:
    """Return the last line of a file that an error passed through, in words."""
    lines = [x.lineno for x in traceback.extract_tb(error.__traceback__) if x.filename == str(path)]
    return f" in line {lines[-1]}" if lines else ""


def _get(claims: Mapping[str, Claim], name: str) -> Claim:
    if check_text("name", name) not in claims:
        near = ", ".join(get_close_matches(name, claims, cutoff=0.3)) or ", ".join([*claims][:3])
        raise ValueError(f"name must be that of a claim, such as {near}, got {shown(name)}")
    return claims[name]
