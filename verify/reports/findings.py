"""What the parts of a report found, by verdict: what holds, what fails, what is not decided.

Read from the files that the commands write: the verdicts of claims (``verdicts.json``) and of
exponents (``crossover_exponents.json``).  A part without either shows something and judges nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Findings", "find"]

#: The verdicts of exponents, and the finding that each of them is.
OF_EXPONENTS = {
    "in band": "holds",
    "outside": "fails",
    "not decided": "not_decided",
    "not measured": "not_measured",
}


@dataclass(frozen=True)
class Findings:
    """Names of what was judged, by verdict.

    Attributes
    ----------
    kind : str
        What is judged: claims or exponents.
    holds, fails, not_decided, not_measured : tuple of str
        Their names.
    """

    kind: str
    holds: tuple[str, ...] = ()
    fails: tuple[str, ...] = ()
    not_decided: tuple[str, ...] = ()
    not_measured: tuple[str, ...] = ()


def find(folder: Path) -> Findings | None:
    """Return what the command found that wrote into a folder; None where it judges nothing."""
    claims, exponents = folder / "verdicts.json", folder / "crossover_exponents.json"
    if claims.is_file():
        verdicts = json.loads(claims.read_text())["verdicts"]
        return _sorted("claims", [(_name(x), _of_claim(x)) for x in verdicts])
    if exponents.is_file():
        table = json.loads(exponents.read_text())["exponents"]
        named = [(f"{x['name']} (L = {x['depth']})", OF_EXPONENTS[x["verdict"]]) for x in table]
        return _sorted("exponents", named)
    return None


def _sorted(kind: str, named: Sequence[tuple[str, str]]) -> Findings:
    groups = {
        group: tuple(name for name, verdict in named if verdict == group)
        for group in OF_EXPONENTS.values()
    }
    return Findings(kind, **groups)


def _of_claim(verdict: dict[str, object]) -> str:
    return "holds" if verdict["as_expected"] else "fails"


def _name(verdict: dict[str, object]) -> str:
    kind = verdict["kind"]
    detail = verdict["fault"] if kind == "fault" else verdict["looked_true"]
    return str(verdict["claim"]) + ("" if kind == "claim" else f" [{kind}: {detail}]")
