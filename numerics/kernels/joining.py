"""Joins a loop with the arithmetic that it calls, into the text of one module.

A loop is a file of :mod:`numerics.kernels.loops`, whose one import from
:mod:`numerics.kernels.loops.arithmetic` marks the place of the generated functions.  Both stand in
one module, because numba does not notice an edit in an imported function, and a cached loop that
takes a function as an argument is compiled again in every process.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

__all__ = ["LOOPS", "MARK", "joined_text"]

#: Where the loops are, and what the marked import imports from.
LOOPS = Path(__file__).parent / "loops"
MARK = "numerics.kernels.loops.arithmetic"


def joined_text(arithmetic: str, functions: Iterable[str], loops: str) -> str:
    """Return the text of a loop with generated arithmetic in the place of its marked import.

    Parameters
    ----------
    arithmetic : str
        Text of a module.
    functions : iterable of str
        Functions of this module, exactly those that the loop imports.
    loops : str
        Name of a file of :mod:`numerics.kernels.loops`.

    Raises
    ------
    ValueError
        If the file has not exactly one marked import, if it imports other functions, or if both
        define a function or class of one name.
    """
    path = LOOPS / f"{loops}.py"
    text = path.read_text()
    tree = ast.parse(text, path)
    marked = [x for x in tree.body if isinstance(x, ast.ImportFrom) and x.module == MARK]
    if len(marked) != 1:
        raise ValueError(f"loop {loops!r} must have one import from {MARK}, got {len(marked)}")
    (place,) = marked
    wanted, made = {x.name for x in place.names}, _defined(ast.parse(arithmetic))
    if wanted != set(functions) or not wanted <= made or any(x.asname for x in place.names):
        raise ValueError(
            f"loop {loops!r} must import by name what its arithmetic defines, {sorted(functions)}, "
            f"got {sorted(wanted)}"
        )
    both = made & _defined(tree)
    if both:
        raise ValueError(
            f"loop {loops!r} must not define what its arithmetic does, got {sorted(both)}"
        )
    lines = text.splitlines()
    parts = [*lines[: place.lineno - 1], arithmetic.strip("\n"), *lines[place.end_lineno :]]
    return "\n".join(parts) + "\n"


def _defined(tree: ast.Module) -> set[str]:
    return {x.name for x in tree.body if isinstance(x, ast.FunctionDef | ast.ClassDef)}
