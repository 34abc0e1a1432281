"""Losses of the margin ``u = y F`` of a classified input, as sympy expressions.

A binary label y = +-1 and a predictor F enter a margin loss by their product alone; the loss of a
data set is the mean over its inputs.  sympy differentiates, and the generated kernel computes
value, slope and curvature in one pass.

Holds for any expression in ``margin`` and its parameters that is differentiable almost
everywhere; gradient flow also needs a bounded second derivative (:attr:`MarginLoss.curvature`).
Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034): the hinge made smooth,
``log(1 + exp(beta (1 - u)))/beta`` with beta = 20.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar

import sympy as sp

from theory.arguments import check_positive
from theory.functions.scalar_function import ScalarFunction, check_bounded_below, chosen, parse
from theory.symbols.functions import beta as steepness
from theory.symbols.functions import margin

__all__ = [
    "MARGIN",
    "MarginLoss",
    "get_margin_loss",
    "hinge",
    "logistic",
    "margin_loss",
    "softplus_hinge",
    "squared_hinge",
    "squared_margin",
]

MARGIN = margin


@dataclass(frozen=True, eq=False)
class MarginLoss(ScalarFunction):
    """The loss of one input as a function of its margin.

    Attributes
    ----------
    name, expression, parameters
        As for :class:`theory.functions.scalar_function.ScalarFunction`, in ``margin``.
    curvature : float or None
        An upper bound of the second derivative; None where it is not known or infinite.

    Examples
    --------
    >>> logistic().expression, logistic().curvature
    (log(1 + exp(-margin)), 0.25)
    """

    VARIABLES: ClassVar[tuple[sp.Symbol, ...]] = (MARGIN,)
    KIND: ClassVar[str] = "margin loss"

    curvature: float | None = field(default=None, kw_only=True)


@cache
def softplus_hinge(beta: float = 20.0) -> MarginLoss:
    """Return ``log(1 + exp(beta (1 - u)))/beta``, the hinge made smooth on the scale ``1/beta``."""
    beta = check_positive("beta", beta)
    expression = sp.log(1 + sp.exp(steepness * (1 - MARGIN))) / steepness
    return MarginLoss("softplus_hinge", expression, {"beta": beta}, curvature=beta / 4)


@cache
def hinge() -> MarginLoss:
    """Return ``max(1 - u, 0)``; its slope jumps, so gradient flow refuses it."""
    return MarginLoss("hinge", sp.Piecewise((1 - MARGIN, MARGIN < 1), (0, True)))


@cache
def squared_hinge() -> MarginLoss:
    """Return ``max(1 - u, 0)^2 / 2``."""
    expression = sp.Piecewise(((1 - MARGIN) ** 2 / 2, MARGIN < 1), (0, True))
    return MarginLoss("squared_hinge", expression, curvature=1.0)


@cache
def logistic() -> MarginLoss:
    """Return ``log(1 + exp(-u))``."""
    return MarginLoss("logistic", sp.log(1 + sp.exp(-MARGIN)), curvature=0.25)


@cache
def squared_margin() -> MarginLoss:
    """Return ``(1 - u)^2 / 2``, the squared error of labels +-1; no margin passes 1."""
    return MarginLoss("squared_margin", (1 - MARGIN) ** 2 / 2, curvature=1.0)


def margin_loss(
    expression: str | sp.Expr,
    *,
    name: str = "custom",
    parameters: Mapping[str, float] | None = None,
    curvature: float | None = None,
) -> MarginLoss:
    """Return a margin loss of your own.

    Parameters
    ----------
    expression : str or sympy.Expr
        In the symbol ``margin`` and the names in ``parameters``.
    name : str
        How it is called in results.
    parameters : mapping of str to float, optional
        Further symbols and their values, which must be positive.
    curvature : float, optional
        Upper bound of its second derivative; gradient flow needs it.

    Raises
    ------
    ValueError
        If it contains a symbol that has no value, a value is not positive, or it does not depend
        on the margin or falls without bound.

    Examples
    --------
    >>> margin_loss("exp(-margin)", name="exponential").derivative
    -exp(-margin)
    """
    parsed, values = parse(MarginLoss, expression, parameters)
    made = MarginLoss(name, parsed, values, curvature=curvature)
    check_bounded_below(MarginLoss, parsed, made.parameters)
    return made


def get_margin_loss(value: str | MarginLoss | sp.Expr) -> MarginLoss:
    """Return a margin loss given by name, as an expression or as a :class:`MarginLoss`."""
    named = {
        "softplus_hinge": softplus_hinge,
        "hinge": hinge,
        "squared_hinge": squared_hinge,
        "logistic": logistic,
        "squared_margin": squared_margin,
    }
    return chosen(MarginLoss, value, named, margin_loss)
