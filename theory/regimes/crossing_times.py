"""When a singular value aligns, crosses the threshold and converges.

A mode of target y starts at 0 under ``ds/dt = 2 sqrt(s^2 + c^2) (y - s)``:

- *alignment*: it leaves the bulk of the random initial matrix when ``c sinh(2yt) = sqrt(d v)``,
  which for layers of one variance is at ``asinh(sqrt(d/w))/(2y)``;
- *lazy* until it crosses the threshold c, at ``asinh(1)/(2y)`` where c << y: its rate is between
  2c and 2 sqrt(2) c.  Alignment is over by then if w >> d; the misalignment left is d/w;
- *balanced* from then on: its rate is between 2s and 2 sqrt(2) s, and the distance decays as
  ``exp(-2 D t)``, ``D = sqrt(y^2 + c^2)``.

Holds for the squared loss under gradient flow; crossing for 0 < c < y, alignment for w >> d.
Source: threshold and its crossing: Tu, Aranguri and Jacot 2024; emergence from a random matrix:
Benaych-Georges and Nadakuditi 2012, stated here; times ours.
"""

from __future__ import annotations

import sympy as sp

from theory.algebra.derivation import Step, define, derive, prove
from theory.dynamics.single_mode import (
    D,
    mode_solution,
    remaining_distance,
    threshold_crossing_time,
)
from theory.dynamics.unified_evolution import mode_rate
from theory.regimes.scales import EQUAL_LAYERS, d, scale_of, sigma1, sigma2, theta
from theory.symbols import c, s0, t, w

__all__ = [
    "alignment_time",
    "convergence_time",
    "crossing_time",
    "early_growth",
    "finite_time_steps",
    "misalignment_at_crossing",
]

#: Target of the mode, and the relative distance that counts as converged.
y, accuracy = sp.symbols("y epsilon", positive=True)

_s = sp.Symbol("s", positive=True)
_root = sp.sqrt(y**2 + c**2)


def early_growth() -> sp.Expr:
    """Return ``s(t)`` for s << y: ``c sinh(2yt)``, linear before 1/(2y) and exponential after."""
    return c * sp.sinh(2 * y * t)


def crossing_time() -> sp.Expr:
    """Return the time at which a mode reaches the threshold, in y and c (0 < c < y).

    Examples
    --------
    >>> sorted(str(x) for x in crossing_time().free_symbols)
    ['c', 'y']
    """
    return _positive(threshold_crossing_time())


def convergence_time() -> sp.Expr:
    """Return the time at which ``y - s = epsilon y``, for small epsilon.

    ``log(2 D^2/(c (c + D) epsilon))/(2D)``: ``log(1/epsilon)/(2c)`` where lazy (c >> y) and
    ``log(2y/(c epsilon))/(2y)`` where active (c << y).
    """
    return sp.log(_prefactor() / accuracy) / (2 * _root)


def alignment_time() -> sp.Expr:
    """Return the time at which a mode of target y leaves the bulk of the initial matrix (w >> d).

    A rank-one matrix of size s shows in a d x d random one of entry variance v where
    ``s > sqrt(d v)``; here ``v = sigma1^2 sigma2^2 w`` and ``s = c sinh(2yt)``.
    """
    ratio = sigma1 * sigma2 * sp.sqrt(d * w) / ((sigma1**2 + sigma2**2) * w / 2)
    return sp.asinh(ratio) / (2 * y)


def misalignment_at_crossing() -> sp.Expr:
    """Return ``d v/c^2``, what the mode's overlap with its target lacks to 1 at ``s = c``.

    Up to a factor of order 1, as the rows of the initial matrix that the mode reads grow, too.
    """
    return d * sigma1**2 * sigma2**2 * w / ((sigma1**2 + sigma2**2) * w / 2) ** 2


def finite_time_steps() -> list[Step]:
    """Prove the times above and compare their scales."""
    return [*_growth_steps(), *_rate_steps(), *_convergence_steps(), *_alignment_steps()]


def _positive(expression: sp.Expr) -> sp.Expr:
    """Write D out and take the target positive."""
    from theory.symbols import y as target

    return expression.subs(D, sp.sqrt(target**2 + c**2)).subs(target, y)


def _prefactor() -> sp.Expr:
    """Return the limit of ``exp(2Dt) (y - s)/y`` for a start at 0."""
    x = sp.Symbol("x", positive=True)  # exp(-Dt)
    from theory.symbols import y as target

    distance = remaining_distance().subs({s0: 0, sp.Symbol("p0", positive=True): c})
    rational = (distance / target).rewrite(sp.exp)
    rational = rational.subs(sp.exp(D * t), 1 / x).subs(sp.exp(-D * t), x)
    late = sp.cancel(rational / x**2).subs(x, 0)
    return sp.factor(sp.simplify(_positive(late)))


def _growth_steps() -> list[Step]:
    early, small, x = early_growth(), sp.Symbol("kappa", positive=True), sp.Symbol("x")
    # The exact mode at c = kappa y in units of kappa y; its limit kappa -> 0 at fixed yt.
    exact = _positive(mode_solution().subs({s0: 0, sp.Symbol("p0", positive=True): c}))
    scaled = (exact / c).subs(c, small * y).subs(t, x / y)
    limit = sp.limit(sp.simplify(scaled.rewrite(sp.exp)), small, 0)
    crossing = sp.solve(sp.Eq(early, c), t)[0]
    return [
        prove(
            "While s << y a mode grows as if its target were constant:",
            sp.simplify(early.diff(t) - 2 * y * c * sp.cosh(2 * y * t)),
            sp.S.Zero,
            show=sp.Eq(sp.Function("s")(t), early, evaluate=False),
        ),
        prove(
            "it is the limit of the exact mode for c << y at fixed yt.",
            sp.simplify((limit - sp.sinh(2 * x)).rewrite(sp.exp)),
            sp.S.Zero,
            show=sp.Eq(sp.Limit(sp.Symbol("s") / c, c, 0), sp.sinh(2 * y * t), evaluate=False),
        ),
        prove(
            "So it crosses the threshold at about",
            crossing,
            sp.asinh(1) / (2 * y),
            show=sp.Eq(sp.Symbol("t_cross"), sp.asinh(1) / (2 * y), evaluate=False),
        ),
        prove(
            "At any c < y it crosses at",
            _at_crossing(),
            sp.S.Zero,
            show=sp.Eq(sp.Symbol("t_cross"), crossing_time(), evaluate=False),
        ),
        prove(
            "which for c << y is the same.",
            sp.limit(crossing_time(), c, 0),
            (sp.asinh(1) / (2 * y)).rewrite(sp.log),
            show=sp.Eq(sp.Limit(sp.Symbol("t_cross"), c, 0), sp.asinh(1) / (2 * y), evaluate=False),
        ),
    ]


def _at_crossing() -> sp.Expr:
    """Return s - c of the exact mode at the time of crossing, in units of c."""
    growth = sp.exp(sp.expand(2 * _root * crossing_time()))  # exp(2Dt), free of logarithms
    numerator, denominator = (
        _root * (growth + 1) + (c + sign * y) * (growth - 1) for sign in (1, -1)
    )
    ratio = numerator / denominator  # q+/c; s/c = (q+/c - c/q+)/2
    u = sp.Symbol("u", positive=True)
    rational = {y: c * (1 - u**2) / (2 * u)}
    value = ((ratio - 1 / ratio) / 2 - 1).subs(rational)
    return sp.simplify(value.subs(sp.sqrt(rational[y] ** 2 + c**2), c * (1 + u**2) / (2 * u)))


def _rate_steps() -> list[Step]:
    rate = mode_rate().subs(sp.Symbol("s", real=True), _s)
    root = sp.sqrt(_s**2 + c**2)
    lazy, balanced = 2 * c, 2 * _s
    return [
        prove(
            "At the threshold the rate is sqrt(2) times the lazy and the balanced one.",
            ((rate / lazy - sp.sqrt(2)) ** 2 + (rate / balanced - sp.sqrt(2)) ** 2).subs(_s, c),
            sp.S.Zero,
            show=sp.Eq(sp.Function("rate")(c), 2 * sp.sqrt(2) * c, evaluate=False),
        ),
        prove(
            "Before, it is lazy within that factor: the ratio grows with s,",
            (rate / lazy).diff(_s),
            _s / (c * root),
            show=sp.Eq(sp.Derivative(rate / lazy, _s), _s / (c * root), evaluate=False),
        ),
        prove(
            "after, balanced: the ratio falls with s.",
            (rate / balanced).diff(_s),
            -(c**2) / (_s**2 * root),
            show=sp.Eq(
                sp.Derivative(rate / balanced, _s), -(c**2) / (_s**2 * root), evaluate=False
            ),
        ),
    ]


def _convergence_steps() -> list[Step]:
    time = convergence_time()
    u = sp.Symbol("u", positive=True)
    lazy = sp.limit(sp.simplify((time * c).subs(y, u * c)), u, 0)
    prefactor = _prefactor()
    return [
        prove(
            "In the end the relative distance decays exponentially, with the prefactor",
            sp.simplify(prefactor - 2 * _root**2 / (c * (c + _root))),
            sp.S.Zero,
            show=sp.Eq(
                sp.Limit(sp.exp(2 * D * t) * (1 - sp.Symbol("s") / y), t, sp.oo),
                prefactor,
                evaluate=False,
            ),
        ),
        derive("so a relative distance epsilon is reached at", sp.Symbol("t_converged"), time),
        prove(
            "where lazy (y << c),",
            sp.simplify(lazy - sp.log(1 / accuracy) / 2),
            sp.S.Zero,
            show=sp.Eq(sp.Symbol("t_converged"), sp.log(1 / accuracy) / (2 * c), evaluate=False),
        ),
        prove(
            "and where active (c << y).",
            sp.limit(sp.expand_log(time + sp.log(c) / (2 * _root), force=True), c, 0),
            sp.expand_log(sp.log(2 * y / accuracy) / (2 * y), force=True),
            show=sp.Eq(
                sp.Symbol("t_converged"), sp.log(2 * y / (c * accuracy)) / (2 * y), evaluate=False
            ),
        ),
    ]


def _alignment_steps() -> list[Step]:
    aligned = alignment_time().subs(y, theta)
    crossed = sp.asinh(1) / (2 * theta)
    earlier = scale_of(aligned).at(EQUAL_LAYERS).exponent, scale_of(crossed).exponent
    equal, one_variance = {sigma1: sigma2}, sp.asinh(sp.sqrt(d / w)) / (2 * y)
    ratio = sp.Symbol("t_align") / sp.Symbol("t_cross")
    return [
        define(
            "A mode shows above the random initial matrix once s > sqrt(d v) (Benaych-Georges "
            "and Nadakuditi 2012), so alignment ends at",
            sp.Eq(sp.Symbol("t_align"), alignment_time(), evaluate=False),
        ),
        prove(
            "with layers of one variance at asinh(sqrt(d/w))/(2y),",
            sp.simplify(alignment_time().subs(equal)),
            one_variance,
            show=sp.Eq(sp.Symbol("t_align"), one_variance, evaluate=False),
        ),
        prove(
            "on the scale of the crossing times sqrt(d/w): before it exactly if w >> d.",
            earlier[0] - earlier[1],
            sp.Min(0, scale_of(sp.sqrt(d / w)).exponent),
            show=sp.Eq(ratio, d ** (earlier[0] - earlier[1]), evaluate=False),
        ),
        prove(
            "The misalignment left at the threshold is then d/w.",
            sp.simplify(misalignment_at_crossing().subs(equal)),
            d / w,
            show=sp.Eq(d * sp.Symbol("v") / c**2, d / w, evaluate=False),
        ),
    ]
