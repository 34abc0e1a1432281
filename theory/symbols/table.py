"""The table of symbols: one entry a symbol, with assumptions, LaTeX, meaning and unit.

A name is used once.  What looks alike in print but means another thing has a name of its own and
the same LaTeX; assumptions are stated here alone, so that a symbol made anywhere else by its name
would be another symbol and cancel nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

__all__ = ["TABLE", "Entry", "function", "intermediates", "matrix", "symbol"]


@dataclass(frozen=True)
class Entry:
    """What a symbol is.

    Attributes
    ----------
    symbol : Symbol, MatrixSymbol or undefined function
        As it stands in expressions.
    latex : str
        How a paper would set it.
    meaning : str
        In a few words.
    unit : str
        ``1``, or a scale such as ``unit of A``.
    text : str
        How a terminal shows it, where that is not its name.
    """

    symbol: sp.Basic
    latex: str
    meaning: str
    unit: str
    text: str = ""


#: Every symbol of theory/ by name.
TABLE: dict[str, Entry] = {}


def symbol(
    name: str,
    meaning: str,
    *,
    latex: str = "",
    unit: str = "1",
    text: str = "",
    **assumptions: bool,
) -> sp.Symbol:
    """Enter a scalar and return it; a name that is taken raises ValueError."""
    return _entered(sp.Symbol(name, **assumptions), name, Entry(None, latex, meaning, unit, text))


def matrix(
    name: str,
    rows: sp.Expr | int,
    columns: sp.Expr | int,
    meaning: str,
    *,
    latex: str = "",
    unit: str = "1",
    text: str = "",
) -> sp.MatrixSymbol:
    """Enter a matrix of a shape and return it."""
    made = sp.MatrixSymbol(name, rows, columns)
    return _entered(made, name, Entry(None, latex, meaning, unit, text))


def function(
    name: str,
    meaning: str,
    *,
    latex: str = "",
    unit: str = "1",
    text: str = "",
    **assumptions: bool,
) -> type[sp.Function]:
    """Enter a function that is named and not evaluated, such as a norm, and return it.

    Its LaTeX has one ``%s`` for the arguments if it is a notation of its own.
    """
    made = sp.Function(name, **assumptions)
    return _entered(made, name, Entry(None, latex, meaning, unit, text))


def intermediates(names: str, **assumptions: bool) -> tuple[sp.Symbol, ...]:
    """Return symbols for the intermediate values of one kernel; they are local and not entered."""
    return sp.symbols(names, seq=True, **assumptions)


def _entered(made: Any, name: str, entry: Entry) -> Any:
    if name in TABLE:
        raise ValueError(f"a symbol is entered once, got {name!r} again: {TABLE[name].meaning}")
    latex = entry.latex or sp.latex(sp.Symbol(name))
    TABLE[name] = replace(entry, symbol=made, latex=latex)
    return made
