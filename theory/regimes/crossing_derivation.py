"""Derivation of the times at which a singular value aligns, crosses the threshold and converges.

Proves what :mod:`theory.regimes.crossing_times` states, and compares the times' scales.  Limits
are taken in the exact mode, written in u with ``y = c (1 - u^2)/(2u)``, ``D = c (1 + u^2)/(2u)``
where that makes its root rational.
"""

from __future__ import annotations

import sympy as sp

from theory.algebra.derivation import Step, define, derive, equal, prove
from theory.dynamics.single_mode import mode_solution, remaining_distance
from theory.dynamics.unified_evolution import mode_rate
from theory.regimes import crossing_times as times
from theory.regimes import quantities as of
from theory.regimes.scales import EQUAL_LAYERS, scale_of
from theory.symbols import c, s, s0, t, w, y
from theory.symbols.notation import D, p0, s_of, y_positive
from theory.symbols.regimes import (
    accuracy,
    exponent_of,
    gamma_w,
    rate_of,
    t_align,
    t_converged,
    t_cross,
    v,
)
from theory.symbols.task import d, sigma1, sigma2, theta

__all__ = ["crossing_steps", "late_step"]

_POSITIVE = {y: y_positive}
_ROOT = sp.sqrt(y_positive**2 + c**2)
_START = {s0: 0, p0: c}


def crossing_steps() -> list[Step]:
    """Prove the times and compare their scales."""
    return [*_growth_steps(), *_rate_steps(), *_convergence_steps(), *_alignment_steps()]


def _growth_steps() -> list[Step]:
    early = times.early_growth()
    exact = mode_solution().subs(_START).subs(D, _ROOT).subs(y, y_positive).rewrite(sp.exp)
    (crossing, *_) = sp.solve(early.subs(_POSITIVE) - c, t)
    short = sp.asinh(1) / (2 * y)
    growth = 2 * y * sp.sqrt(s_of(t) ** 2 + c**2)
    return [
        define("While s << y take", equal(s_of(t), early)),
        prove(
            "It grows as if its target were constant (both sides are positive; here squared),",
            equal(sp.Derivative(s_of(t), t) ** 2, growth**2),
            where={s_of(t): early},
        ),
        prove(
            "and is the limit of the exact mode for c << y.",
            equal(sp.Limit(s_of(t) / c, c, 0), sp.sinh(2 * y * t).rewrite(sp.exp)),
            where={s_of(t): exact, **_POSITIVE},
        ),
        prove(
            "So it crosses the threshold at about",
            equal(t_cross, short),
            where={t_cross: crossing, **_POSITIVE},
        ),
        derive("At any c < y it crosses at", t_cross, times.crossing_time()),
        derive("where the exact mode is", s_of(t_cross), _crossed(), stated=c),
        prove(
            "For c << y the two times are the same.",
            equal(sp.Limit(t_cross, c, 0), short),
            where={t_cross: times.crossing_time().subs(_POSITIVE), **_POSITIVE},
        ),
    ]


def _crossed() -> sp.Expr:
    """Return the exact mode at the time of crossing, in c and u."""
    u = sp.Dummy("u", positive=True)
    time = times.crossing_time().subs(_POSITIVE)
    growth = sp.exp(sp.expand(2 * _ROOT * time))  # exp(2Dt), free of logarithms
    numerator, denominator = (
        _ROOT * (growth + 1) + (c + sign * y_positive) * (growth - 1) for sign in (1, -1)
    )
    ratio = numerator / denominator  # q+/c; s = c (q+/c - c/q+)/2
    target = c * (1 - u**2) / (2 * u)
    value = (c * (ratio - 1 / ratio) / 2).subs(y_positive, target)
    return sp.simplify(value.subs(sp.sqrt(target**2 + c**2), c * (1 + u**2) / (2 * u)))


def _rate_steps() -> list[Step]:
    rate = mode_rate()
    lazy, balanced, root = 2 * c, 2 * s, sp.sqrt(s**2 + c**2)
    return [
        prove(
            "At the threshold the rate is sqrt(2) times the lazy and the balanced one, both 2c.",
            equal(rate_of(c), 2 * sp.sqrt(2) * c),
            where={rate_of(c): sp.Subs(rate, s, c)},
        ),
        prove(
            "Before, it is lazy within that factor: the ratio grows with s,",
            equal(sp.Derivative(rate / lazy, s), s / (c * root)),
        ),
        prove(
            "after, balanced: the ratio falls with s.",
            equal(sp.Derivative(rate / balanced, s), -(c**2) / (s**2 * root)),
        ),
    ]


def late_step(text: str, target: sp.Symbol) -> Step:
    """Prove how the distance of a mode to its target decays in the end."""
    u = sp.Dummy("u", positive=True)
    rational = {target: c * (1 - u**2) / (2 * u), D: c * (1 + u**2) / (2 * u)}
    distance = remaining_distance().subs(_START).subs(y, target).rewrite(sp.exp)
    return prove(
        text,
        equal(
            sp.Limit(sp.exp(2 * D * t) * (target - s_of(t)), t, sp.oo),
            2 * target * D**2 / (c * (c + D)),
        ),
        where={s_of(t): (target - distance).subs(rational), **rational},
    )


def _convergence_steps() -> list[Step]:
    time = times.convergence_time()
    rate = sp.sqrt(y**2 + c**2)
    expanded = sp.expand_log(time.subs(_POSITIVE), force=True)
    return [
        late_step("In the end the distance decays exponentially, with the prefactor", y),
        prove(
            "that is",
            equal(2 * y * D**2 / (c * (c + D)), times.late_distance().subs(y_positive, y)),
            where={D: rate},
        ),
        derive("so a relative distance epsilon is reached at", t_converged, time),
        prove(
            "Where lazy (y << c),",
            equal(sp.Limit(c * t_converged, y, 0), sp.log(1 / accuracy) / 2),
            where={t_converged: time},
        ),
        prove(
            "and where active (c << y), log(c) being taken out,",
            equal(
                sp.Limit(t_converged + sp.log(c) / (2 * rate), c, 0),
                sp.log(2 * y / accuracy) / (2 * y),
            ),
            where={t_converged: expanded, **_POSITIVE},
        ),
    ]


def _alignment_steps() -> list[Step]:
    one_variance = {sigma1: sigma2}
    short = sp.asinh(sp.sqrt(d / w)) / (2 * y)
    aligned, crossed = times.alignment_time().subs(y, theta), sp.asinh(1) / (2 * theta)
    later = scale_of(aligned).at(EQUAL_LAYERS).exponent - scale_of(crossed).exponent
    variance, threshold = (
        x().expression.subs(one_variance) for x in (of.initial_matrix, of.threshold)
    )
    return [
        define(
            "A mode shows above the random initial matrix once s > sqrt(d v) (Benaych-Georges "
            "and Nadakuditi 2012), so alignment ends at",
            equal(t_align, times.alignment_time()),
        ),
        prove(
            "with layers of one variance at",
            equal(t_align, short),
            where={t_align: sp.Subs(times.alignment_time(), sigma1, sigma2)},
        ),
        derive(
            "on the scale of the crossing times sqrt(d/w): before it exactly if w >> d. In "
            "exponents of d,",
            exponent_of(t_align / t_cross),
            later,
            stated=sp.Min(0, (1 - gamma_w) / 2),
        ),
        prove(
            "The misalignment left at the threshold is then d/w.",
            equal(d * v / c**2, d / w),
            where={v: variance, c: threshold},
        ),
    ]
