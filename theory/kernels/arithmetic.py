"""From expressions to small scalar functions, the arithmetic of the loops that numerics keeps.

A loop (a search, an integrator, a stopping rule) is a file of :mod:`numerics.kernels.loops`; the
functions that it calls with numbers and gets numbers from are printed here, one for each named
expression or group of expressions.  :func:`numerics.kernels.cache.load` joins both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import sympy as sp

from theory.algebra.stable_form import StableForm
from theory.kernels.emission import KernelModule, printed, scalar_lines

__all__ = [
    "INLINED",
    "arithmetic_module",
    "form_function",
    "stage_function",
    "step_function",
    "tuple_function",
]

#: Of a function of a few operations, which a loop should not pay a call for.
INLINED = '@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)'


def arithmetic_module(
    name: str, functions: Iterable[str], body: Callable[..., str], *arguments: object
) -> KernelModule:
    """Return a module of scalar functions of these names, printed by ``body(*arguments)``."""
    return KernelModule(name, tuple(functions), body, arguments)


def text_of(*functions: Iterable[str]) -> str:
    """Return the text of functions, each a list of lines."""
    return "\n".join(line for lines in functions for line in lines) + "\n"


def form_function(name: str, form: StableForm) -> list[str]:
    r"""Print a function that returns the outputs of a form.

    Each name of the form is one statement: common parts are not sought across what it keeps apart.

    Examples
    --------
    >>> x, y = sp.symbols("x y")
    >>> print("\n".join(form_function("half", StableForm((x, y), (), {"mean": (x + y) / 2}))[3:]))
    def half(x, y):
        return (1/2)*x + (1/2)*y
    """
    lines = [f"{symbol} = {printed(value)}" for symbol, value in form.definitions]
    return _function(name, form.arguments, lines, [printed(x) for x in form.outputs.values()])


def step_function(
    name: str, arguments: Sequence[object], targets: Mapping[str, sp.Expr]
) -> list[str]:
    """Print a function that returns the targets, made stable, their common parts computed once."""
    return _function(name, arguments, scalar_lines(targets), list(targets))


def stage_function(
    name: str, arguments: Sequence[object], stages: Sequence[Sequence[sp.Expr]]
) -> list[str]:
    """Print a function of a stage's number and of arguments that returns the stage's values."""
    lines = []
    for number, values in enumerate(stages):
        # A zero needs no line and no common part.
        targets = {f"value_{k}": value for k, value in enumerate(values) if value != 0}
        results = [f"value_{k}" if value != 0 else "0.0" for k, value in enumerate(values)]
        body = [*scalar_lines(targets), f"return {', '.join(results)}"]
        last = number == len(stages) - 1
        lines += body if last else [f"if stage == {number}:", *("    " + line for line in body)]
    return [*_head(name, ("stage", *arguments)), *("    " + line for line in lines)]


def tuple_function(name: str, array: str, size: int) -> list[str]:
    """Print a function that returns the first entries of an array as a tuple."""
    entries = "".join(f"{array}[{k}], " for k in range(size))
    return [*_head(name, (array,)), f"    return ({entries})"]


def _function(
    name: str, arguments: Sequence[object], lines: list[str], results: list[str]
) -> list[str]:
    body = [*lines, f"return {', '.join(results)}"]
    return [*_head(name, arguments), *("    " + line for line in body)]


def _head(name: str, arguments: Sequence[object]) -> list[str]:
    return ["", "", INLINED, f"def {name}({', '.join(map(str, arguments))}):"]
