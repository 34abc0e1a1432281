"""Scalar sympy expressions as functions of torch tensors, entry by entry.

``phi(z)`` in one symbol becomes a function ``tensor -> tensor`` of float64, so that an activation
of a user's own runs in a convolutional net without a line of torch.  Two forms are printed as one
call each, which neither overflows nor loses digits:

    log(1 + exp(u)) -> softplus(u),    1/(1 + exp(u)) -> sigmoid(-u).

Both branches of a Piecewise are evaluated and the condition chooses between their values.

Holds for real expressions in one symbol made of the functions that ``FUNCTIONS`` names, powers,
comparisons, Max, Min and Piecewise.  Torch is imported at the first use: it is an optional extra.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, reduce
from importlib import import_module
from types import ModuleType
from typing import Any

import sympy as sp
from sympy.printing.lambdarepr import LambdaPrinter

from theory.algebra.stable_form import is_softplus, softplus_argument

__all__ = ["FUNCTIONS", "import_torch", "torch_function", "torch_threads"]

#: sympy's functions by the names under which torch has them.
FUNCTIONS = {
    sp.exp: "exp",
    sp.log: "log",
    sp.Abs: "abs",
    sp.sign: "sign",
    sp.sin: "sin",
    sp.cos: "cos",
    sp.tan: "tan",
    sp.asin: "asin",
    sp.acos: "acos",
    sp.atan: "atan",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
    sp.tanh: "tanh",
    sp.asinh: "asinh",
    sp.acosh: "acosh",
    sp.atanh: "atanh",
    sp.erf: "erf",
    sp.erfc: "erfc",
}

#: Beyond it log(1 + exp(u)) = u + exp(-u) is u to the last bit: exp(-40) < eps * 40.
SOFTPLUS_IS_LINEAR = 40.0


class softplus(sp.Function):
    """``log(1 + exp(u))``, kept in one piece."""

    nargs = 1


class sigmoid(sp.Function):
    """``1/(1 + exp(-u))``, kept in one piece."""

    nargs = 1


def import_torch() -> ModuleType:
    """Return the module torch.

    Raises
    ------
    ModuleNotFoundError
        With the extra to install, if it is missing.
    """
    try:
        return import_module("torch")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "convolutional nets need torch, which is not installed: "
            "pip install 'mixed-dynamics[torch]'",
            name="torch",
        ) from error


@contextmanager
def torch_threads(count: int) -> Iterator[ModuleType]:
    """Run torch with a number of threads, and give it back what it had; yields torch."""
    torch = import_torch()
    before = torch.get_num_threads()
    if before == count:
        yield torch
        return
    torch.set_num_threads(count)
    try:
        yield torch
    finally:
        torch.set_num_threads(before)


@cache
def torch_function(expression: sp.Expr, argument: sp.Symbol) -> Callable[[Any], Any]:
    """Return a function of a float64 tensor that evaluates an expression at each entry.

    Parameters
    ----------
    expression : sympy.Expr
        In ``argument`` alone.
    argument : sympy.Symbol
        What the tensor stands for.

    Raises
    ------
    ValueError
        If the expression has other symbols, or a function that torch does not have by name.
    """
    unknown = sorted(str(x) for x in expression.free_symbols - {argument})
    if unknown:
        raise ValueError(f"expression may contain {argument} alone, got {', '.join(unknown)}")
    prepared = _numbers_as_floats(_in_one_piece(expression))
    allowed = (*FUNCTIONS, softplus, sigmoid, sp.Max, sp.Min)
    kinds = {type(x) for x in prepared.atoms(sp.Function)} | {
        type(x) for x in prepared.atoms(sp.Max, sp.Min)
    }
    foreign = sorted(x.__name__ for x in kinds - set(allowed) if not issubclass(x, sp.Piecewise))
    if foreign:
        raise ValueError(f"expression may use functions that torch has, got {', '.join(foreign)}")
    evaluate = sp.lambdify(argument, prepared, modules=[_names()], printer=_Printer, cse=True)
    torch = import_torch()
    # A constant, such as the slope of the identity, comes back as a number.
    return lambda tensor: _as_tensor(torch, evaluate(tensor), tensor)


class _Printer(LambdaPrinter):
    """Python text whose functions are looked up by their own names."""

    def _print_Piecewise(self, expression: sp.Piecewise) -> str:
        text = "nan"
        for value, condition in reversed(expression.args):
            inner = self._print(value)
            if condition == sp.true:
                text = inner
            else:
                text = f"where({self._print(condition)}, {inner}, {text})"
        return text

    def _print_Function(self, expression: sp.Function) -> str:
        name = FUNCTIONS.get(type(expression), type(expression).__name__)
        return f"{name}({self._print(expression.args[0])})"

    def _print_Max(self, expression: sp.Max) -> str:
        return self._extreme("maximum", expression)

    def _print_Min(self, expression: sp.Min) -> str:
        return self._extreme("minimum", expression)

    def _print_And(self, expression: sp.And) -> str:
        return "(" + " & ".join(f"({self._print(x)})" for x in expression.args) + ")"

    def _print_Or(self, expression: sp.Or) -> str:
        return "(" + " | ".join(f"({self._print(x)})" for x in expression.args) + ")"

    def _print_Not(self, expression: sp.Not) -> str:
        return f"(~({self._print(expression.args[0])}))"

    def _extreme(self, name: str, expression: sp.Expr) -> str:
        return f"{name}({', '.join(self._print(x) for x in expression.args)})"


for _kind in (*FUNCTIONS, softplus, sigmoid):
    # LambdaPrinter has methods of its own for some of them, which print other names.
    setattr(_Printer, f"_print_{_kind.__name__}", _Printer._print_Function)


@cache
def _names() -> dict[str, Any]:
    """Return what the printed names mean."""
    torch = import_torch()
    names = {name: getattr(torch, name) for name in FUNCTIONS.values()}

    def double(value: Any) -> Any:
        return value if torch.is_tensor(value) else torch.tensor(value, dtype=torch.float64)

    def pairwise(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *values: reduce(function, map(double, values))

    return names | {
        "sqrt": torch.sqrt,
        "nan": float("nan"),
        # Of two numbers torch would make single precision.
        "where": lambda chosen, one, other: torch.where(chosen, double(one), double(other)),
        "maximum": pairwise(torch.maximum),
        "minimum": pairwise(torch.minimum),
        "sigmoid": torch.sigmoid,
        "softplus": lambda u: torch.nn.functional.softplus(u, threshold=SOFTPLUS_IS_LINEAR),
    }


def _in_one_piece(expression: sp.Expr) -> sp.Expr:
    """Return an expression with softplus and sigmoid as functions of their own."""
    opaque = expression.replace(is_softplus, lambda x: softplus(softplus_argument(x)))
    return opaque.replace(_is_sigmoid, lambda x: sigmoid(-softplus_argument(sp.log(x.base))))


def _is_sigmoid(expression: sp.Basic) -> bool:
    return (
        isinstance(expression, sp.Pow)
        and expression.exp == -1
        and isinstance(expression.base, sp.Add)
        and is_softplus(sp.log(expression.base))
    )


def _numbers_as_floats(expression: sp.Expr) -> sp.Expr:
    """Return an expression whose irrational constants are numbers, which torch cannot evaluate."""
    return expression.replace(
        lambda x: isinstance(x, sp.Expr) and x.is_number and not x.is_Rational and not x.is_Float,
        lambda x: sp.Float(x.evalf(17), 17),
    )


def _as_tensor(torch: ModuleType, value: Any, like: Any) -> Any:
    return value if torch.is_tensor(value) else torch.full_like(like, float(value))
