"""Regimes of a two-layer linear network, and the boundaries between them, from the exponents.

A boundary is where two quantities of :mod:`theory.regimes.quantities` tie; its equation is the
solution of that tie.  A regime is a region between boundaries:

- *underparameterised*: the width is below the rank;
- *infinite noise*: the initial matrix has larger entries than the noise;
- *hidden*: the signal is below the noise (not in the paper's task);
- *lazy*: the signal is below the threshold c;
- *mixed*: c lies between noise and signal, which is learned actively while the noise moves lazily;
- *active*: c is below the noise, too.

For w < d the largest eigenvalue of C1 and C2, ``c (1 + d/w)``, takes the place of c.
Holds for d -> infinity; finite d through :meth:`Boundary.finite`.
Source: Tu, Aranguri and Jacot 2024 for active/lazy, infinite noise, underparameterised and the
region of proof (w >> d, below infinite noise), at p = 1, q = kappa = 0; the others are ours.
"""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from functools import cache

import sympy as sp
from sympy.logic.boolalg import Boolean

from theory.algebra.typesetting import latex
from theory.regimes import quantities as of
from theory.regimes.minimal_error import limiting_term, minimal_error, time_to_minimum
from theory.regimes.scales import (
    Quantity,
    Scale,
    d,
    gamma_sigma2,
    gamma_w,
    gap,
    kappa,
    narrow,
    p,
    q,
    sigma1,
    sigma2,
    wide,
)
from theory.symbols import w

__all__ = ["NAMES", "Boundary", "Regime", "boundaries", "regime", "regime_name"]

#: Names of the regimes, in the order in which they are decided.
NAMES = ("underparameterised", "infinite noise", "hidden", "lazy", "mixed", "active")

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
    def excess(self) -> sp.Expr:
        """Exponent of first/second: 0 on the boundary, positive above it."""
        return sp.expand(self.first.scale.exponent - self.second.scale.exponent)

    @property
    def tie(self) -> sp.Eq:
        """The two exponents set equal, as the calculus gives them."""
        return self.first.scale.compare(self.second.scale).tie

    @property
    def equation(self) -> sp.Eq:
        """The tie solved: unknown exponents of the plane on the left; for w > d if not narrow."""
        return _collected((narrow if self.side == "narrow" else wide)(self.excess))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {latex(self.equation)}$"

    def finite(self, level: object = 1) -> sp.Eq:
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
        level = sp.sympify(level)
        if level.is_positive is not True:
            raise ValueError(f"level must be positive, got {level}")
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
    """Return every boundary, those of the regimes first.

    Examples
    --------
    >>> first = boundaries()[0]
    >>> first.name, first.equation
    ('active / lazy', Eq(gamma_sigma2 + gamma_w, -gap/2 + p))
    """
    one = Quantity("one", sp.Symbol("1"), sp.S.One, "the number 1")
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


@dataclass(frozen=True)
class Regime:
    """What the exponents say of a network.

    Attributes
    ----------
    name : str or sympy.Expr
        One of :data:`NAMES`.
    limited_by : str or sympy.Expr
        The term that sets the smallest test error: "spike estimation", "fitted noise",
        "initial matrix", "missing signal", "noise", "signal beyond width" or "undetected signal".
    proven : bool or sympy condition
        Whether the point lies in the paper's region of proof.
    threshold, min_test_error, time_to_minimum, iterations : Scale
        Exponents of d and powers of log d: c, the smallest test error per entry, the time at
        which it is reached (unit 1/A), that time over the paper's learning rate.
    """

    name: str | sp.Expr
    limited_by: str | sp.Expr
    proven: bool | Boolean
    threshold: Scale
    min_test_error: Scale
    time_to_minimum: Scale
    iterations: Scale


def regime(
    gamma_sigma2: object,
    gamma_w: object,
    *,
    p: object = 1,
    q: object = 0,
    kappa: object = 0,
    gap: object = 0,
) -> Regime:
    """Name the regime of a point of the exponent plane, with the exponents of what happens there.

    Parameters
    ----------
    gamma_sigma2, gamma_w : real number or sympy expression
        Exponents of the variance of the layers' entries and of the width, ``gamma_w >= 0``.
    p, q, kappa : real number or sympy expression
        Exponents of signal, noise entries and rank, ``0 <= kappa < 1``.
    gap : real number or sympy expression
        Difference >= 0 of the exponents of the two layers' variances.

    Returns
    -------
    Regime
        Of words and numbers, or of Piecewise expressions where a symbol came in.

    Raises
    ------
    TypeError, ValueError
        If an exponent is no real number or expression, or out of range.

    Notes
    -----
    Floats count as the decimals that they print as, so that -0.7 + 1.7 lies on a boundary.  On a
    boundary a point belongs to the side that comes first in :data:`NAMES`, or below.  Arrays:
    ``numerics.regimes.exponent_plane``.

    Examples
    --------
    >>> here = regime(-1.85, 2.25)
    >>> here.name, here.limited_by, here.min_test_error.exponent
    ('active', 'spike estimation', -1)
    >>> regime(-0.5, 1.2).min_test_error
    Scale(exponent=0, log_power=0)
    """
    given = {
        "gamma_sigma2": gamma_sigma2,
        "gamma_w": gamma_w,
        "p": p,
        "q": q,
        "kappa": kappa,
        "gap": gap,
    }
    values = {_LETTERS[name]: _exponent(name, value) for name, value in given.items()}
    _check_ranges(values)
    proven = region_of_proof().xreplace(values)
    return Regime(
        name=_word(regime_name().xreplace(values)),
        limited_by=_word(limiting_term().xreplace(values)),
        proven=bool(proven) if proven in (sp.true, sp.false) else proven,
        threshold=of.threshold().scale.at(values),
        min_test_error=minimal_error().at(values),
        time_to_minimum=time_to_minimum().at(values),
        iterations=iterations_to_minimum().at(values),
    )


@cache
def iterations_to_minimum() -> Scale:
    """Return the time to the minimum over the paper's learning rate."""
    return time_to_minimum() / of.learning_rate().scale


def region_of_proof() -> Boolean:
    """Return the paper's region of proof: w >> d, and no infinite noise."""
    noise = of.initial_matrix().scale.compare(of.noise_variance().scale)
    width = of.fluctuation().scale.compare(Scale(sp.S.Zero))
    return sp.And(width.second_larger, noise.second_larger)


@cache
def regime_name() -> sp.Expr:
    """Return the name of the regime, a Piecewise of symbols in the exponents."""
    larger = lambda a, b: a.scale.compare(b.scale).first_larger  # noqa: E731
    edge, noise = of.kernel_edge(), of.noise_edge()
    conditions = (
        of.underparameterised(),
        larger(of.initial_matrix(), of.noise_variance()),
        of.hidden_signal(),
        larger(edge, of.signal()),
        larger(edge, noise),
        sp.true,
    )
    return sp.Piecewise(*((sp.Symbol(x), c) for x, c in zip(NAMES, conditions, strict=True)))


_LETTERS = {
    "gamma_sigma2": gamma_sigma2,
    "gamma_w": gamma_w,
    "p": p,
    "q": q,
    "kappa": kappa,
    "gap": gap,
}


def _exponent(name: str, value: object) -> sp.Expr:
    """Return an exponent as an exact number or a real expression."""
    if isinstance(value, sp.Expr):
        if value.is_extended_real is False or value.is_finite is False or value is sp.nan:
            raise ValueError(f"{name} must be real and finite, got {value}")
        return sp.nsimplify(value, rational=True) if value.is_Float else value
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(
            f"{name} must be a real number or a sympy expression, got {type(value).__name__}"
        )
    if isinstance(value, numbers.Rational):
        return sp.Rational(value.numerator, value.denominator)
    if not sp.Float(float(value)).is_finite:
        raise ValueError(f"{name} must be real and finite, got {value}")
    return sp.Rational(repr(float(value)))


def _check_ranges(values: dict[sp.Symbol, sp.Expr]) -> None:
    rank, width, difference = (values[x] for x in (kappa, gamma_w, gap))
    if rank.is_number and not 0 <= rank < 1:
        raise ValueError(f"kappa must be >= 0 and < 1, got {rank}")
    if width.is_number and width < 0:
        raise ValueError(f"gamma_w must be >= 0, got {width}")
    if difference.is_number and difference < 0:
        raise ValueError(f"gap must be >= 0, got {difference}")


def _word(expression: sp.Expr) -> str | sp.Expr:
    return str(expression) if isinstance(expression, sp.Symbol) else expression


def _collected(excess: sp.Expr) -> sp.Eq:
    """Solve ``excess = 0``: the plane's exponents to the left, with a positive first factor."""
    excess = sp.expand(excess)
    unknowns = [x for x in _UNKNOWNS if excess.has(x)]
    if not unknowns:
        return sp.Eq(p, sp.solve(excess, p)[0])
    factor = sp.Abs(sp.gcd_list([sp.Rational(excess.coeff(x)) for x in unknowns]))
    if excess.coeff(unknowns[0]) < 0:
        factor = -factor
    left = sum(excess.coeff(x) * x for x in unknowns)
    return sp.Eq(sp.expand(left / factor), sp.expand((left - excess) / factor))
