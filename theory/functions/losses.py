"""Losses of one entry as sympy expressions of ``prediction`` and ``target``.

The loss of a matrix is the sum over observed entries; sympy differentiates the entry, and the
generated kernel computes value and derivative in one pass.

Holds for any expression in ``prediction``, ``target`` and its declared parameters that is
differentiable in the prediction almost everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar

import sympy as sp

from theory.arguments import check_positive
from theory.functions.scalar_function import ScalarFunction, check_bounded_below, chosen, parse
from theory.symbols.functions import delta as bound
from theory.symbols.functions import prediction, target

__all__ = ["PREDICTION", "TARGET", "Loss", "get_loss", "huber", "log_cosh", "loss", "squared"]

PREDICTION, TARGET = prediction, target


@dataclass(frozen=True, eq=False)
class Loss(ScalarFunction):
    """The loss of one entry.

    Attributes
    ----------
    name, expression, parameters
        As for :class:`theory.functions.scalar_function.ScalarFunction`, in ``prediction`` and
        ``target``.
    curvature : float or None
        An upper bound of the second derivative, for the stability limit of descent; None where
        it is not known.

    Examples
    --------
    >>> squared().derivative, squared().curvature
    (prediction - target, 1.0)
    """

    VARIABLES: ClassVar[tuple[sp.Symbol, ...]] = (PREDICTION, TARGET)
    KIND: ClassVar[str] = "loss"

    curvature: float | None = field(default=None, kw_only=True)


@cache
def squared() -> Loss:
    """Return ``(prediction - target)^2 / 2``, the loss of both papers' linear experiments.

    Examples
    --------
    >>> squared().expression
    (prediction - target)**2/2
    """
    return Loss("squared", (PREDICTION - TARGET) ** 2 / 2, curvature=1.0)


def huber(delta: float = 1.0) -> Loss:
    """Return the Huber loss: quadratic up to ``delta``, linear beyond.

    Examples
    --------
    >>> huber(2.0).parameters["delta"], huber(2.0).curvature
    (2.0, 1.0)
    """
    return _huber(check_positive("delta", delta))


@cache
def _huber(delta: float) -> Loss:
    residual = PREDICTION - TARGET
    inner = sp.Abs(residual) <= bound
    outer = bound * (sp.Abs(residual) - bound / 2)
    expression = sp.Piecewise((residual**2 / 2, inner), (outer, True))
    return Loss("huber", expression, {"delta": delta}, curvature=1.0)


@cache
def log_cosh() -> Loss:
    """Return ``log cosh(prediction - target)``.

    Examples
    --------
    >>> log_cosh().derivative.equals(sp.tanh(PREDICTION - TARGET))
    True
    """
    return Loss("log_cosh", sp.log(sp.cosh(PREDICTION - TARGET)), curvature=1.0)


def loss(
    expression: str | sp.Expr,
    *,
    name: str = "custom",
    parameters: Mapping[str, float] | None = None,
    curvature: float | None = None,
) -> Loss:
    """Return a loss of your own.

    Parameters
    ----------
    expression : str or sympy.Expr
        In the symbols ``prediction``, ``target`` and the names in ``parameters``.
    name : str
        How it is called in results.
    parameters : mapping of str to float, optional
        Further symbols and their values, which must be positive.
    curvature : float, optional
        Upper bound of its second derivative in the prediction, if you know it.

    Raises
    ------
    ValueError
        If it contains a symbol that has no value, a value is not positive, or it does not depend
        on the prediction or falls without bound.

    Examples
    --------
    >>> loss("(prediction - target)**4 / 4", name="quartic").derivative
    (prediction - target)**3
    """
    parsed, values = parse(Loss, expression, parameters)
    made = Loss(name, parsed, values, curvature=curvature)
    check_bounded_below(Loss, parsed, made.parameters)
    return made


def get_loss(value: str | Loss | sp.Expr) -> Loss:
    """Return a loss given by name, as an expression or as a :class:`Loss`."""
    named: dict[str, Callable[[], Loss]] = {
        "squared": squared,
        "huber": huber,
        "log_cosh": log_cosh,
    }
    return chosen(Loss, value, named, loss)
