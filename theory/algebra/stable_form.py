"""Scalar expressions without needless cancellation or overflow.

A :class:`StableForm` names intermediate values in the order in which a machine should compute
them; :func:`stabilise` rewrites a single expression with ``expm1``, ``log1p`` and the overflow-free
forms of ``log(cosh(x))`` and ``log(1 + exp(x))``.

Holds for real expressions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp
from sympy.codegen.cfunctions import log1p
from sympy.codegen.rewriting import ReplaceOptim, expm1_opt, log1p_opt, optimize

__all__ = ["StableForm", "is_softplus", "softplus_argument", "stabilise", "stable_identities"]


@dataclass(frozen=True, eq=False)
class StableForm:
    """Scalar outputs with named intermediate values, in the order in which a machine computes them.

    The names keep sympy from multiplying out what was written to avoid cancellation or
    overflow.

    Attributes
    ----------
    arguments : tuple of Symbol
        What the values are functions of.
    definitions : tuple of (Symbol, Expr)
        Intermediate values, each in the arguments and the names before it.
    outputs : mapping of str to Expr
        In the arguments and the names.
    """

    arguments: tuple[sp.Symbol, ...]
    definitions: tuple[tuple[sp.Symbol, sp.Expr], ...]
    outputs: Mapping[str, sp.Expr]

    def __post_init__(self) -> None:
        """Refuse symbols that nothing gives a value to."""
        known = set(self.arguments)
        for name, value in (*self.definitions, *self.outputs.items()):
            unknown = sorted(str(x) for x in value.free_symbols - known)
            if unknown:
                raise ValueError(f"{name} may contain what stands before it, got {unknown}")
            known.add(name)

    def expand(self, expression: sp.Expr) -> sp.Expr:
        """Return an output in terms of the arguments alone."""
        for name, value in reversed(self.definitions):
            expression = expression.subs(name, value)
        return expression


def stabilise(expression: sp.Expr) -> sp.Expr:
    """Rewrite without needless cancellation or overflow.

    ``exp(x) - 1`` to ``expm1(x)``, ``log(1 + x)`` to ``log1p(x)``, ``log(cosh(x))`` to
    ``log1p(2 sinh(x/2)^2)`` where ``|x| < 1`` and ``|x| + log1p(exp(-2|x|)) - log 2`` beyond, and
    ``log(1 + exp(x))`` to ``max(x, 0) + log1p(exp(-|x|))``.  The last two are proved equal by
    :func:`stable_identities`.
    """
    return optimize(expression, (_LOG_COSH, _SOFTPLUS, expm1_opt, log1p_opt))


def stable_identities() -> list[tuple[sp.Expr, sp.Expr]]:
    """Return (plain, stable) pairs of the rewriting, for a positive argument x."""
    x = sp.Dummy("x", positive=True)
    plain = [sp.log(sp.cosh(x)), sp.log(sp.cosh(-x)), sp.log(1 + sp.exp(x)), sp.log(1 + sp.exp(-x))]
    return [(expression, stabilise(expression)) for expression in plain]


def is_softplus(expression: sp.Basic) -> bool:
    """Tell whether an expression is ``log(1 + exp(u))``."""
    if not isinstance(expression, sp.log) or not isinstance(expression.args[0], sp.Add):
        return False
    total = expression.args[0]
    return any(isinstance(x, sp.exp) and total - x == 1 for x in total.args)


def softplus_argument(expression: sp.Expr) -> sp.Expr:
    """Return u of ``log(1 + exp(u))``."""
    (argument,) = (x.args[0] for x in expression.args[0].args if isinstance(x, sp.exp))
    return argument


def _is_log_cosh(expression: sp.Basic) -> bool:
    return isinstance(expression, sp.log) and isinstance(expression.args[0], sp.cosh)


def _stable_log_cosh(expression: sp.Expr) -> sp.Expr:
    argument = expression.args[0].args[0]
    magnitude = sp.Abs(argument)
    near = log1p(2 * sp.sinh(argument / 2) ** 2)
    far = magnitude + log1p(sp.exp(-2 * magnitude)) - sp.log(2)
    return sp.Piecewise((near, magnitude < 1), (far, True))


def _stable_softplus(expression: sp.Expr) -> sp.Expr:
    argument = softplus_argument(expression)
    return sp.Max(argument, 0) + log1p(sp.exp(-sp.Abs(argument)))


_LOG_COSH = ReplaceOptim(_is_log_cosh, _stable_log_cosh)
_SOFTPLUS = ReplaceOptim(is_softplus, _stable_softplus)
