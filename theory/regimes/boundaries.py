"""Boundaries between the regimes of a two-layer linear network, from the exponents.

A boundary is where two quantities of :mod:`theory.regimes.quantities` tie; its equation is the
solution of that tie.  The regions between them have names in :mod:`theory.regimes.regime`.

For w < d the largest eigenvalue of C1 and C2, ``c (1 + d/w)``, takes the place of c.
Holds for d -> infinity; finite d through :meth:`Boundary.finite`.
Source: Tu, Aranguri and Jacot 2024 for active/lazy, infinite noise and underparameterised, at
p = 1, q = kappa = 0; the others are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy as sp
from sympy.logic.boolalg import Boolean

from theory.algebra.typesetting import latex
from theory.arguments import exact_positive
from theory.regimes import quantities as of
from theory.regimes.scales import Quantity, narrow, wide
from theory.symbols import w
from theory.symbols.regimes import gamma_sigma2, gamma_w, p
from theory.symbols.task import d, sigma1, sigma2

__all__ = ["Boundary", "boundaries"]

_UNKNOWNS = (gamma_sigma2, gamma_w)


@dataclass(frozen=True)
class Boundary:
    """Where two quantities tie.

    Attributes
    ----------
    name : str
        In words, from one side to the other.
    first, second : Quantity
        The two that tie; the first is larger above the boundary (larger exponents).
    changes : str
        What is different on the two sides.
    source : {"paper", "ours"}
        Whether Tu, Aranguri and Jacot 2024 draw it.
    side : {"", "wide", "narrow"}
        Whether it is there for w > d or w < d alone.
    sets : {"", "error", "time"}
        Whether it only separates the terms that set the smallest test error, or its time; then
        it is there where both set it.
    """

    name: str
    first: Quantity
    second: Quantity
    changes: str
    source: str
    side: str = ""
    sets: str = ""
    where: Boolean = sp.true

    @property
    def ratio_exponent(self) -> sp.Expr:
        """Exponent of first/second: 0 on the boundary, positive above it."""
        return sp.expand(self.first.scale.exponent - self.second.scale.exponent)

    @property
    def tie(self) -> sp.Eq:
        """The two exponents set equal, as the calculus gives them."""
        return self.first.scale.compare(self.second.scale).tie

    @property
    def equation(self) -> sp.Eq:
        """The tie solved: unknown exponents of the plane on the left; for w > d if not narrow."""
        return _collected((narrow if self.side == "narrow" else wide)(self.ratio_exponent))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {latex(self.equation)}$"

    def finite(self, level: Any = 1) -> sp.Eq:
        """Return the boundary at finite d, ``first = level * second`` with their constants.

        Parameters
        ----------
        level : positive number or expression
            Ratio of the two quantities on the line; 1 is the tie itself.

        Returns
        -------
        sympy.Eq
            For equal layers, in gamma_sigma2, gamma_w, d, k, theta and tau: solved for the
            exponents where both quantities are products of powers, else with L left in.
        """
        level = exact_positive("level", level)
        equal = {sigma1: d ** (gamma_sigma2 / 2), sigma2: d ** (gamma_sigma2 / 2), w: d**gamma_w}
        sides = (self.first.expression, level * self.second.expression)
        left, right = (sp.powsimp(sp.simplify(side.subs(equal))) for side in sides)
        logarithm = sp.expand(sp.expand_log(sp.log(left) - sp.log(right), force=True) / sp.log(d))
        plane = logarithm.free_symbols & set(_UNKNOWNS)
        if logarithm.has(of.L) or not plane or not logarithm.is_polynomial(*plane):
            return sp.Eq(left, right, evaluate=False)
        return _collected(logarithm)


@cache
def boundaries() -> tuple[Boundary, ...]:
    """Return every boundary of the exponent plane as an equation, those of the regimes first.

    Examples
    --------
    >>> first = boundaries()[0]
    >>> first.name, first.equation
    ('active / lazy', Eq(gamma_sigma2 + gamma_w, -gap/2 + p))
    """
    one = Quantity("one", sp.S.One, sp.S.One, "the number 1")
    spike, fitted, initial = of.spike_estimation(), of.fitted_noise(), of.initial_matrix()
    c, edge, theta = of.threshold(), of.kernel_edge(), of.signal()
    missing, held = of.missing_signal(), of.held_noise()
    seen = sp.Not(of.hidden_signal())
    by = "the smallest test error is set by {} below, {} above".format
    return (
        Boundary(
            "active / lazy",
            c,
            theta,
            "below, the signal is learned actively, first and without the noise; above, all "
            "is learned at one rate and the noise with the signal",
            "paper",
            "wide",
            where=seen,
        ),
        Boundary(
            "infinite noise",
            initial,
            of.noise_variance(),
            "above, the initial matrix hides the signal until training has unlearned it, "
            "and by then the noise is fitted",
            "paper",
        ),
        Boundary(
            "underparameterised",
            of.width(),
            of.rank(),
            "below, no network of this width can hold the signal",
            "paper",
        ),
        Boundary(
            "concentration",
            one,
            of.fluctuation(),
            "above, C1 and C2 are close to multiples of the identity and the dynamics are "
            "self-consistent; below, only w of d directions have a kernel",
            "paper",
        ),
        Boundary(
            "threshold / noise",
            c,
            of.noise_edge(),
            "below, every singular value of the target crosses the threshold in the end; "
            "above, the noise moves lazily",
            "ours",
            "wide",
        ),
        Boundary(
            "active / lazy, w < d",
            edge,
            theta,
            "the same for a narrow network, whose kernel has w eigenvalues of order c d/w",
            "ours",
            "narrow",
            where=seen,
        ),
        Boundary(
            "threshold / noise, w < d",
            edge,
            of.noise_edge(),
            "above, a narrow network forgets its initial matrix while it moves lazily",
            "ours",
            "narrow",
        ),
        Boundary(
            "detection",
            of.detection(),
            theta,
            "above, no singular vector of the target points to the signal",
            "ours",
        ),
        Boundary(
            "spike estimation / fitted noise",
            fitted,
            spike,
            by("noise in the learned signal", "noise fitted while waiting for it"),
            "ours",
            "",
            "error",
        ),
        Boundary(
            "spike estimation / initial matrix",
            initial,
            spike,
            by("noise in the learned signal", "the initial matrix"),
            "ours",
            "",
            "error",
        ),
        Boundary(
            "initial matrix / fitted noise",
            fitted,
            initial,
            by("the initial matrix", "noise fitted while waiting for the signal"),
            "ours",
            "",
            "error",
        ),
        Boundary(
            "fitted noise / missing signal",
            fitted,
            missing,
            "above, learning the signal costs more noise than it is worth, and the smallest "
            "test error is that of the start",
            "ours",
            "",
            "error",
        ),
        Boundary(
            "missing signal / initial matrix",
            initial,
            missing,
            by("the missing signal", "the initial matrix"),
            "ours",
            "",
            "error",
        ),
        Boundary(
            "initial matrix / noise",
            initial,
            held,
            "above, it is best to train to the end: what a narrow network holds of the noise "
            "is less than its initial matrix",
            "ours",
            "narrow",
            "error",
        ),
        Boundary(
            "missing signal / noise",
            held,
            missing,
            "below, a narrow network holds less noise than there is signal and learns to "
            "the end; above, it is best not to start",
            "ours",
            "narrow",
            "error",
        ),
        Boundary(
            "waiting / unlearning",
            of.brief_unlearning(),
            of.waiting_time(),
            "above, the smallest test error comes when enough of the initial matrix is "
            "unlearned, a power of d after the signal is learned",
            "ours",
            "",
            "time",
        ),
    )


def _collected(exponent: sp.Expr) -> sp.Eq:
    """Solve ``exponent = 0``: the plane's exponents to the left, with a positive first factor."""
    exponent = sp.expand(exponent)
    unknowns = [x for x in _UNKNOWNS if exponent.has(x)]
    if not unknowns:
        return sp.Eq(p, sp.solve(exponent, p)[0])
    factor = sp.Abs(sp.gcd_list([sp.Rational(exponent.coeff(x)) for x in unknowns]))
    if exponent.coeff(unknowns[0]) < 0:
        factor = -factor
    left = sum(exponent.coeff(x) * x for x in unknowns)
    return sp.Eq(sp.expand(left / factor), sp.expand((left - exponent) / factor))
