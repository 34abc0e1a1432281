"""Activations of nonlinear networks as sympy expressions, normalised on Gaussian preactivations.

A network applies ``c phi(z)`` with the constant c for which ``E[(c phi(z))^2] = 1`` at
z ~ N(0, 1): then preactivations have variance 1 in every layer of a wide network at its start.
sympy integrates where the pieces of phi are polynomials (``sqrt(2)`` for ReLU); elsewhere mpmath
computes the integral twice, with different nodes, and the results must agree.

Holds for expressions in ``preactivation`` that are differentiable almost everywhere and grow more
slowly than ``exp(z^2/4)``.
Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034): softplus with beta = 5, or ReLU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import ClassVar

import mpmath
import sympy as sp

from theory.arguments import check_positive
from theory.functions.scalar_function import ScalarFunction, chosen, parse
from theory.symbols.functions import beta as steepness
from theory.symbols.functions import preactivation

__all__ = [
    "PREACTIVATION",
    "Activation",
    "activation",
    "get_activation",
    "identity",
    "relu",
    "silu",
    "softplus",
    "tanh",
]

PREACTIVATION = preactivation

#: Digits of the quadrature; results are used as float64.
DIGITS = 30
#: Two quadratures must agree to this relative difference, well below the round-off of float64.
AGREEMENT = mpmath.mpf(10) ** -18
#: Distance from a kink at which both its slopes are read; a smooth slope changes by as little.
NEARBY = sp.Rational(1, 10**20)
#: Intervals shrink towards 0 by powers of 2 and 3, this divided by 2 and 3 times.
FINEST = 24
#: The integrals run over |z| < REACH: beyond, the Gaussian density is below 1e-43.
REACH = 14


@dataclass(frozen=True, eq=False)
class Activation(ScalarFunction):
    """What a hidden unit makes of its preactivation, up to the constant that normalises it.

    Attributes
    ----------
    name, expression, parameters
        As for :class:`theory.functions.scalar_function.ScalarFunction`, in ``preactivation``.

    Examples
    --------
    >>> relu().normalisation, relu().is_homogeneous
    (sqrt(2), True)
    """

    VARIABLES: ClassVar[tuple[sp.Symbol, ...]] = (PREACTIVATION,)
    KIND: ClassVar[str] = "activation"

    @cached_property
    def normalisation(self) -> sp.Expr:
        """The constant c with ``E[(c phi(z))^2] = 1``, exact where sympy can integrate."""
        valued = self.with_values(self.expression)
        moment = _exact_moment(valued)
        if moment is None:
            moment = _numerical_moment(self.name, valued)
        if not moment > 0:
            raise ValueError(f"activation {self.name!r} must not be 0 everywhere, got {valued}")
        return 1 / sp.sqrt(moment)

    @cached_property
    def normalised(self) -> sp.Expr:
        """``c phi`` with the values of the parameters: what a network applies."""
        return self.normalisation * self.with_values(self.expression)

    @cached_property
    def normalised_derivative(self) -> sp.Expr:
        """The derivative of :attr:`normalised`."""
        return self.normalisation * self.with_values(self.derivative)

    @cached_property
    def is_homogeneous(self) -> bool:
        """Whether ``phi(k z) = k phi(z)`` for k > 0, so that layers conserve ``||W||^2``."""
        k, phi = sp.Dummy("k", positive=True), self.expression
        sides = (phi.subs(PREACTIVATION, s * k) - k * phi.subs(PREACTIVATION, s) for s in (1, -1))
        return all(sp.simplify(side) == 0 for side in sides)

    @cached_property
    def kinks(self) -> tuple[float, ...]:
        """Where the derivative jumps: a step of gradient flow sees a new slope beyond."""
        slope = self.with_values(self.derivative)
        found = [x for x in _breakpoints(slope) if _jumps(slope, x)]
        return tuple(sorted(float(x) for x in found))


@cache
def softplus(beta: float = 5.0) -> Activation:
    """Return ``log(1 + exp(beta z))/beta``, smooth on the scale ``1/beta``."""
    beta = check_positive("beta", beta)
    expression = sp.log(1 + sp.exp(steepness * PREACTIVATION)) / steepness
    return Activation("softplus", expression, {"beta": beta})


@cache
def relu() -> Activation:
    """Return ``max(z, 0)``, with slope 0 at 0."""
    return Activation("relu", sp.Piecewise((PREACTIVATION, PREACTIVATION > 0), (0, True)))


@cache
def tanh() -> Activation:
    """Return ``tanh(z)``."""
    return Activation("tanh", sp.tanh(PREACTIVATION))


@cache
def silu() -> Activation:
    """Return ``z/(1 + exp(-z))``."""
    return Activation("silu", PREACTIVATION / (1 + sp.exp(-PREACTIVATION)))


@cache
def identity() -> Activation:
    """Return ``z``: a deep linear network."""
    return Activation("identity", PREACTIVATION)


def activation(
    expression: str | sp.Expr,
    *,
    name: str = "custom",
    parameters: Mapping[str, float] | None = None,
) -> Activation:
    """Return an activation of your own.

    Parameters
    ----------
    expression : str or sympy.Expr
        In the symbol ``preactivation`` and the names in ``parameters``; the constant that
        normalises it is computed.
    name : str
        How it is called in results.
    parameters : mapping of str to float, optional
        Further symbols and their values, which must be positive.

    Raises
    ------
    ValueError
        If it contains a symbol that has no value, a value is not positive, or it does not depend
        on the preactivation.

    Examples
    --------
    >>> activation("preactivation**2").normalisation
    sqrt(3)/3
    """
    parsed, values = parse(Activation, expression, parameters)
    return Activation(name, parsed, values)


def get_activation(value: str | Activation | sp.Expr) -> Activation:
    """Return an activation given by name, as an expression or as an :class:`Activation`."""
    named = {"softplus": softplus, "relu": relu, "tanh": tanh, "silu": silu, "identity": identity}
    return chosen(Activation, value, named, activation)


def _exact_moment(phi: sp.Expr) -> sp.Expr | None:
    """Return ``E[phi(z)^2]`` if phi is piecewise a polynomial with exact coefficients."""
    pieces = sp.piecewise_fold(phi.rewrite(sp.Piecewise))
    values = [x for x, _ in pieces.args] if isinstance(pieces, sp.Piecewise) else [pieces]
    if phi.atoms(sp.Float) or not all(x.is_polynomial(PREACTIVATION) for x in values):
        return None
    density = sp.exp(-(PREACTIVATION**2) / 2) / sp.sqrt(2 * sp.pi)
    moment = sp.integrate(sp.piecewise_fold(pieces**2 * density), (PREACTIVATION, -sp.oo, sp.oo))
    return None if moment.has(sp.Integral) else sp.simplify(moment)


def _numerical_moment(name: str, phi: sp.Expr) -> sp.Float:
    """Return ``E[phi(z)^2]`` by Gauss-Legendre quadrature on two sets of intervals."""
    with mpmath.workdps(DIGITS):
        evaluate = sp.lambdify(PREACTIVATION, phi, "mpmath")
        breaks = [mpmath.mpf(x) for x in _breakpoints(phi) if abs(x) < REACH]
        results = []
        # Twice the reach tells whether the integral ends there.
        for reach, spacing, ratio in ((REACH, mpmath.mpf(1), 2), (2 * REACH, mpmath.mpf(2) / 3, 3)):
            count = int(mpmath.ceil(2 * reach / spacing))
            nodes = {*mpmath.linspace(-reach, reach, count + 1), mpmath.mpf(0), *breaks}
            # Ever shorter towards 0, where a steep activation turns.
            nodes |= {
                side * spacing / ratio**k for k in range(1, FINEST // ratio) for side in (1, -1)
            }
            results.append(
                mpmath.quad(
                    lambda z: evaluate(z) ** 2 * mpmath.npdf(z),
                    sorted(nodes),
                    method="gauss-legendre",
                )
            )
        first, second = results
        if not mpmath.isfinite(second) or abs(first - second) > AGREEMENT * abs(second):
            raise ValueError(
                f"activation {name!r} must have a second moment that quadrature finds, got "
                f"{mpmath.nstr(first, 8)} and {mpmath.nstr(second, 8)}"
            )
        return sp.Float(second, DIGITS)


def _breakpoints(expression: sp.Expr) -> list[sp.Expr]:
    """Return the places where an expression changes its branch, as numbers."""
    folded = expression.rewrite(sp.Piecewise)
    edges = [x.lhs - x.rhs for x in folded.atoms(sp.core.relational.Relational)]
    edges += [x.args[0] for x in expression.atoms(sp.sign, sp.Abs)]
    found = {x for edge in edges for x in sp.solve(edge, PREACTIVATION) if x.is_real}
    return sorted(found, key=float)


def _jumps(slope: sp.Expr, place: sp.Expr) -> bool:
    # sympy's one-sided limits of a Piecewise take the branch at the place itself.
    sides = [slope.subs(PREACTIVATION, place + side * NEARBY).evalf(DIGITS) for side in (1, -1)]
    return bool(abs(sides[0] - sides[1]) > sp.sqrt(NEARBY))
