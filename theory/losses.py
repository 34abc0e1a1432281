"""Losses of one entry as sympy expressions of ``prediction`` and ``target``.

The loss of a matrix is the sum over observed entries; sympy differentiates the entry, and the
generated kernel computes value and derivative in one pass.

Holds for any expression in ``prediction``, ``target`` and its declared parameters that is
differentiable in the prediction almost everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

import sympy as sp

from theory.kernel_source import is_softplus, softplus_argument

__all__ = ["PREDICTION", "TARGET", "Loss", "get_loss", "huber", "log_cosh", "loss", "squared"]

PREDICTION, TARGET = sp.symbols("prediction target", real=True)


@dataclass(frozen=True, eq=False)
class Loss:
    """The loss of one entry.

    Attributes
    ----------
    name : str
        How it is called in results.
    expression : sympy.Expr
        In ``prediction``, ``target`` and the parameters.
    parameters : mapping of str to float
        Values of the parameters, positive; a new value needs no new kernel.
    curvature : float or None
        An upper bound of the second derivative, for the stability limit of descent; None where
        it is not known.
    """

    name: str
    expression: sp.Expr
    parameters: Mapping[str, float] = field(default_factory=dict)
    curvature: float | None = None

    def __post_init__(self) -> None:
        """Refuse symbols that nothing gives a value to, and values that sympy did not assume."""
        for name, value in self.parameters.items():
            if name in (PREDICTION.name, TARGET.name):
                raise ValueError(f"a parameter must not be called {name!r}, which a loss is of")
            if not 0 < value < math.inf:
                raise ValueError(f"parameter {name!r} must be positive and finite, got {value}")
        known = {PREDICTION, TARGET, *self.parameter_symbols}
        unknown = sorted(str(x) for x in sp.sympify(self.expression).free_symbols - known)
        if unknown:
            allowed = ", ".join(sorted(str(x) for x in known))
            raise ValueError(
                f"loss {self.name!r} may contain the symbols {allowed}, got {', '.join(unknown)}"
            )

    @property
    def parameter_symbols(self) -> tuple[sp.Symbol, ...]:
        """The parameters as symbols, in the order in which kernels take them."""
        return tuple(sp.Symbol(name, positive=True) for name in self.parameters)

    @cached_property
    def derivative(self) -> sp.Expr:
        """The derivative in the prediction."""
        # Simplified with exp, the slope of log(1 + exp(u)) may become a quotient of overflows.
        opaque = self.expression.replace(is_softplus, lambda x: _Softplus(softplus_argument(x)))
        slope = sp.simplify(sp.diff(opaque, PREDICTION))
        plain = slope.replace(_Softplus, lambda u: sp.log(1 + sp.exp(u)))
        return plain.replace(_Logistic, lambda u: 1 / (1 + sp.exp(-u)))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {sp.latex(self.expression)}$"


class _Logistic(sp.Function):
    """``1/(1 + exp(-u))``, kept in one piece."""

    nargs = 1


class _Softplus(sp.Function):
    """``log(1 + exp(u))``, kept in one piece."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return _Logistic(self.args[0])


@cache
def squared() -> Loss:
    """Return ``(prediction - target)^2 / 2``, the loss of both papers' linear experiments."""
    return Loss("squared", (PREDICTION - TARGET) ** 2 / 2, curvature=1.0)


@cache
def huber(delta: float = 1.0) -> Loss:
    """Return the Huber loss: quadratic up to ``delta``, linear beyond."""
    if not delta > 0:
        raise ValueError(f"delta must be positive, got {delta!r}")
    bound, residual = sp.Symbol("delta", positive=True), PREDICTION - TARGET
    inner = sp.Abs(residual) <= bound
    outer = bound * (sp.Abs(residual) - bound / 2)
    expression = sp.Piecewise((residual**2 / 2, inner), (outer, True))
    return Loss("huber", expression, {"delta": float(delta)}, curvature=1.0)


@cache
def log_cosh() -> Loss:
    """Return ``log cosh(prediction - target)``."""
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
        on the prediction.

    Examples
    --------
    >>> loss("(prediction - target)**4 / 4", name="quartic").derivative
    (prediction - target)**3
    """
    values = {key: float(value) for key, value in (parameters or {}).items()}
    names: dict[str, sp.Basic] = {"prediction": PREDICTION, "target": TARGET}
    names |= {key: sp.Symbol(key, positive=True) for key in values}
    if isinstance(expression, str):
        try:
            parsed = sp.sympify(expression, locals=names)
        except (sp.SympifyError, AttributeError, TypeError, SyntaxError) as error:
            raise ValueError(f"loss must be a sympy expression, got {expression!r}") from error
    else:
        parsed = sp.sympify(expression)
        parsed = parsed.subs({x: names[x.name] for x in parsed.free_symbols if x.name in names})
    made = Loss(name, parsed, values, curvature)
    if PREDICTION not in parsed.free_symbols:
        raise ValueError(f"loss must depend on prediction, got {parsed}")
    return made


def get_loss(value: str | Loss | sp.Expr) -> Loss:
    """Return a loss given by name, as an expression or as a :class:`Loss`."""
    if isinstance(value, Loss):
        return value
    named = {"squared": squared, "huber": huber, "log_cosh": log_cosh}
    if isinstance(value, str) and value in named:
        return named[value]()
    return loss(value)
