"""Derivation of the regimes: scales, boundaries, terms of the smallest test error, times.

Prints what :mod:`theory.regimes.scales`, :mod:`theory.regimes.quantities`,
:mod:`theory.regimes.minimal_error`, :mod:`theory.regimes.boundaries` and
:mod:`theory.regimes.crossing_times` compute, and proves each step.

Holds and source: as in those modules.
"""

from __future__ import annotations

import sympy as sp

from theory.algebra.derivation import Derivation, Step, define, derive, prove
from theory.dynamics.single_mode import DEFINITIONS, P0, D, remaining_distance
from theory.random_matrices.wishart import fluctuation_covariance
from theory.regimes import quantities as of
from theory.regimes.boundaries import Boundary, boundaries, regime_name
from theory.regimes.crossing_times import finite_time_steps
from theory.regimes.minimal_error import (
    Region,
    minimal_error_exponent,
    parallel,
    regions,
    sweet_spot_logarithm,
    sweet_spot_ratio,
)
from theory.regimes.quantities import L
from theory.regimes.scales import (
    BASE,
    EQUAL_LAYERS,
    PAPER_TASK,
    d,
    gamma_sigma2,
    gamma_w,
    kappa,
    narrow,
    p,
    q,
    settled,
    sigma1,
    sigma2,
    tau,
    theta,
    wide,
)
from theory.symbols import c, c1, c2, s0, t, w
from theory.symbols import y as target

__all__ = ["boundaries_derivation"]

_v, _S, _K = sp.symbols("v S K", positive=True)
_T = sp.Symbol("T", positive=True)


def boundaries_derivation() -> Derivation:
    """Derive the regimes and the exponent of the smallest test error from ties of scales."""
    return Derivation(
        topic="boundaries",
        title="Regimes and their boundaries",
        holds="for d -> infinity at fixed exponents, squared loss, gradient flow; constants and "
        "logarithms of the test error for w >> d",
        source="active/lazy, infinite noise, underparameterised and region of proof: Tu, Aranguri "
        "and Jacot 2024; the rest is ours",
        steps=(
            *_scale_steps(),
            *_boundary_steps(),
            *_spike_steps(),
            *_waiting_steps(),
            *_fraction_steps(),
            *_exponent_steps(),
            *_cell_steps(),
            *finite_time_steps(),
        ),
    )


def _scale_steps() -> list[Step]:
    first, *others = (
        sp.Eq(x, scale.expression, evaluate=False) for x, scale in BASE.items() if x is not d
    )
    steps = [define("Every letter is a power of d, or of log d:", first)]
    steps += [define("and", equation) for equation in others]
    for quantity in of.all_quantities():
        if quantity.expression in BASE:
            continue
        text = f"{quantity.name[0].upper()}{quantity.name[1:]}: {quantity.meaning}."
        formula = sp.Eq(quantity.symbol, quantity.expression, evaluate=False)
        steps.append(define(text, formula))
        steps.append(derive("On the scale", quantity.symbol, quantity.scale.expression))
    return steps


def _boundary_steps() -> list[Step]:
    sides = {"": "", "wide": ", w > d", "narrow": ", w < d"}
    steps = []
    for boundary in boundaries():
        title = f"{boundary.name[0].upper()}{boundary.name[1:]} ({boundary.source})"
        if "w <" not in boundary.name:
            title += sides[boundary.side]
        tied = f"{boundary.first.name} against {boundary.second.name}"
        text = f"{title}: {tied}; {boundary.changes}."
        steps.append(prove(text, _on(boundary), sp.S.Zero, show=boundary.equation))
        finite = boundary.finite()
        text = "At finite d, layers of one variance"
        text += ", with the L of waiting:" if finite.has(of.L) else ":"
        steps.append(derive(text, finite.lhs, finite.rhs))
    return steps


def _on(boundary: Boundary) -> sp.Expr:
    """Return the excess of the first quantity on the line that the equation says."""
    equation = boundary.equation
    unknown = next(x for x in (gamma_sigma2, gamma_w, p) if equation.lhs.has(x))
    (solution,) = sp.solve(equation, unknown)
    excess = (narrow if boundary.side == "narrow" else wide)(boundary.excess)
    return sp.expand(excess.subs(unknown, solution))


def _late_distance() -> sp.Expr:
    """Return the limit of ``exp(2Dt) (y - s)`` for a start at 0 and the target theta."""
    x = sp.Symbol("x", positive=True)  # exp(-Dt)
    rational = remaining_distance().subs({s0: 0, P0: c}).rewrite(sp.exp)
    rational = rational.subs(sp.exp(D * t), 1 / x).subs(sp.exp(-D * t), x)
    return sp.cancel(rational / x**2).subs(x, 0).subs(DEFINITIONS).subs(target, theta)


def _spike_steps() -> list[Step]:
    """Prove the error of a learned spike from its place and its overlap."""
    noise = d * tau**2
    value, overlap = (theta**2 + noise) / theta, 1 - noise / theta**2
    s, ov = sp.symbols("s ov", positive=True)
    error = s**2 - 2 * s * theta * ov + theta**2
    learned = error.subs({s: value, ov: overlap}) / d**2
    exact = 2 * tau**2 / d + 3 * tau**4 / theta**2
    return [
        define(
            "A singular value theta of the signal shows in the target at s, with the product "
            "of overlaps ov (Benaych-Georges and Nadakuditi 2012).",
            sp.Eq(sp.Tuple(s, ov), sp.Tuple(value, overlap), evaluate=False),
        ),
        prove(
            "Once it is learned it adds to the test error 2 tau^2/d, for theta >> tau sqrt(d).",
            learned,
            exact,
            show=sp.Eq(error / d**2, exact, evaluate=False),
        ),
    ]


def _waiting_steps() -> list[Step]:
    """Prove the error of the sweet spot: the noise fitted while the signal is learned."""
    diagonal, other = (fluctuation_covariance(x, x) for x in ((0, 0), (0, 1)))
    square = c1**2 + (d - 1) * other + diagonal
    fitted = square + square.subs(c1, c2) + 2 * c1 * c2
    exact = (c1 + c2) ** 2 + (c1**2 + c2**2) * (d + 1) / w
    kept = of.kernel_square().subs({sigma1: sp.sqrt(c1 / w), sigma2: sp.sqrt(c2 / w)})
    left = _S * (2 * theta / c) ** 2 * sp.exp(-4 * theta * _T)
    error = left + tau**2 * _K * _T**2
    (signal,) = sp.solve(error.diff(_T).subs(_T, L / theta), _S)
    right = sp.simplify(L * sp.exp(4 * L) * _S / signal)
    threshold, missing = of.threshold().expression, of.missing_signal().expression
    named = {_S: missing, c: threshold, _K: of.kernel_square()}
    leading = sp.log(theta / c) + sp.log(2 * _S / (tau**2 * L)) / 4
    taken = sp.log(right.subs(_K, 4 * c**2) / L) / 4
    return [
        prove(
            "The signal left decays late as 2 theta^2/c exp(-2 theta t) (c << theta).",
            sp.limit(_late_distance() * c, c, 0),
            2 * theta**2,
            show=sp.Eq(
                theta - sp.Symbol("s"), 2 * theta**2 / c * sp.exp(-2 * theta * t), evaluate=False
            ),
        ),
        prove(
            "By the moments of C1 and C2, noise N is fitted as t^2 K, with "
            "K = E||C2 N + N C1||^2/||N||^2.",
            fitted,
            exact,
            show=sp.Eq(_K, exact, evaluate=False),
        ),
        prove(
            "For d >> 1:",
            exact.subs(d + 1, d),
            kept,
            show=sp.Eq(_K, of.kernel_square(), evaluate=False),
        ),
        define(
            "So while noise moves lazily the test error is, per entry and besides v and "
            "2k tau^2/d,",
            sp.Eq(sp.Function("e")(_T), error, evaluate=False),
        ),
        derive("It is least at T = L/theta, where", L * sp.exp(4 * L), right),
        prove(
            "and there it is",
            error.subs(_T, L / theta).subs(_S, signal),
            tau**2 * _K * (L**2 + L / 2) / theta**2,
            show=sp.Eq(
                sp.Function("e")(_T), tau**2 * _K * (L**2 + L / 2) / theta**2, evaluate=False
            ),
        ),
        prove(
            "In the letters of the task that is",
            sweet_spot_ratio(),
            right.subs(named),
            show=sp.Eq(L * sp.exp(4 * L), sweet_spot_ratio(), evaluate=False),
        ),
        derive("solved by the Lambert function;", L, sweet_spot_logarithm()),
        prove(
            "to leading order it is log(theta/c), for K = 4 c^2.",
            sp.expand_log(taken - leading, force=True),
            sp.S.Zero,
            show=sp.Eq(L, leading, evaluate=False),
        ),
    ]


def _fraction_steps() -> list[Step]:
    fraction = sp.Symbol("F", real=True)
    error = (1 - fraction) ** 2 * (_S + _v) + fraction**2 * tau**2
    (best,) = sp.solve(error.diff(fraction), fraction)
    after = -sp.log(1 - best) / (2 * c)
    return [
        define(
            "A lazy network fits one fraction F = 1 - exp(-2ct) of signal, noise and A(0).",
            sp.Eq(sp.Function("e")(fraction), error, evaluate=False),
        ),
        derive("The best fraction", fraction, sp.factor(best)),
        prove(
            "leaves the parallel sum of start and end.",
            error.subs(fraction, best),
            parallel(_S + _v, tau**2),
        ),
        prove(
            "It is reached at",
            after,
            sp.log(1 + (_S + _v) / tau**2) / (2 * c),
            show=sp.Eq(_T, sp.log(1 + (_S + _v) / tau**2) / (2 * c), evaluate=False),
        ),
        prove(
            "With the signal learned and v = tau^2, on the line of infinite noise, half of the "
            "noise remains.",
            parallel(_v, tau**2).subs(_v, tau**2),
            tau**2 / 2,
            show=sp.Eq(sp.Symbol("e_min"), tau**2 / 2, evaluate=False),
        ),
    ]


def _exponent_steps() -> list[Step]:
    exponent = minimal_error_exponent()
    name = sp.Symbol("E")
    return [
        derive("The exponent of the smallest test error, layers of one variance.", name, exponent),
        derive("The same for the paper's task.", name, exponent.xreplace(PAPER_TASK)),
        derive(
            "The regimes, layers of one variance, in the paper's task.",
            sp.Symbol("regime"),
            regime_name().xreplace(EQUAL_LAYERS | PAPER_TASK),
        ),
    ]


def _region_exponent(region: Region) -> sp.Expr:
    """Return the exponent of the smallest test error in a region, layers of one variance."""
    return sp.Min(*(region.error(x).exponent for x in region.stops())).xreplace(EQUAL_LAYERS)


def _cell_steps() -> list[Step]:
    """Prove which term sets the error in each cell, at offsets > 0 from the cell's sides."""
    a, b, e, f = sp.symbols("alpha beta epsilon delta", positive=True)
    _, (_, narrow_cells), (_, wide_cells) = regions()
    lazy, active = wide_cells[1][1], wide_cells[2][1]
    g, v = gamma_sigma2 + gamma_w, 2 * gamma_sigma2 + gamma_w
    spike, waiting, missing = kappa - 1 + 2 * q, 2 * (g - p) + 2 * q, 2 * p - 2 + kappa
    # What dominates; where; the differences of exponents that are positive there.
    cases = (
        (
            "Signal active, spike estimation dominant:",
            active,
            spike,
            (spike - waiting - a, spike - v - b, missing - spike - f, 2 * q - spike - e),
        ),
        (
            "Signal active, fitted noise dominant:",
            active,
            waiting,
            (waiting - spike - a, waiting - v - b, missing - waiting - f, 2 * q - waiting - e),
        ),
        (
            "Signal active, initial matrix dominant:",
            active,
            v,
            (v - spike - a, v - waiting - b, missing - spike - f, 2 * q - v - e),
        ),
        (
            "Signal active, fitted noise above the missing signal: it is best not to start.",
            active,
            missing,
            (waiting - missing - a, missing - v - b, missing - spike - f, 2 * q - waiting - e),
        ),
        (
            "Signal active, infinite noise:",
            active,
            2 * q,
            (v - 2 * q - a, p - g - b, missing - spike - f, 2 * q - spike - e),
        ),
        (
            "Lazy, signal above noise: all noise is fitted, or half of it where S = tau^2.",
            lazy,
            2 * q,
            (g - p - a, missing - 2 * q - b, 2 * q - v - e, spike + 1 - 2 * q - f),
        ),
        (
            "Lazy, signal below noise: it stays missing.",
            lazy,
            missing,
            (g - p - a, 2 * q - missing - b, missing - v - e, missing - spike - f),
        ),
        (
            "w < d, signal active, gamma_sigma2 > q - 1/2: the noise that w units hold.",
            narrow_cells[2][1],
            gamma_w - 1 + 2 * q,
            (
                gamma_sigma2 - q + sp.Rational(1, 2) - a,
                p - 1 - gamma_sigma2 - b,
                gamma_w - kappa - e,
                1 - gamma_w - f,
            ),
        ),
    )
    steps = []
    for text, region, term, offsets in cases:
        at = sp.solve(offsets, (gamma_sigma2, gamma_w, p, kappa), dict=True)[0]
        exponent = settled(_region_exponent(region).subs(at, simultaneous=True))
        expected = term.subs(at, simultaneous=True)
        steps.append(
            prove(text, exponent, expected, show=sp.Eq(sp.Symbol("E"), term, evaluate=False))
        )
    return steps
