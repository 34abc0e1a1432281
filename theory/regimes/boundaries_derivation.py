"""Derivation of the regimes: scales, boundaries, terms of the smallest test error, times.

Prints what :mod:`theory.regimes.scales`, :mod:`theory.regimes.quantities`,
:mod:`theory.regimes.minimal_error` and :mod:`theory.regimes.boundaries` compute, and proves each
step; the times of one mode are those of :mod:`theory.regimes.crossing_derivation`.

Holds and source: as in those modules.
"""

from __future__ import annotations

import sympy as sp

from theory.algebra.derivation import Derivation, Step, define, derive, equal, prove
from theory.random_matrices.wishart import fluctuation_covariance
from theory.regimes import quantities as of
from theory.regimes.boundaries import Boundary, boundaries
from theory.regimes.crossing_derivation import crossing_steps, late_step
from theory.regimes.crossing_times import late_distance
from theory.regimes.minimal_error import (
    Region,
    minimal_error_exponent,
    parallel,
    regions,
    sweet_spot_logarithm,
    sweet_spot_ratio,
)
from theory.regimes.regime import regime_name
from theory.regimes.scales import BASE, EQUAL_LAYERS, PAPER_TASK, narrow, settled, wide
from theory.symbols import c, c1, c2, w
from theory.symbols.notation import y_positive
from theory.symbols.random_matrices import omega, y_hat
from theory.symbols.regimes import (
    K_noise,
    S,
    T,
    e_min,
    e_of,
    exponent,
    fitted,
    gamma_sigma2,
    gamma_w,
    kappa,
    p,
    q,
    v,
)
from theory.symbols.regimes import L_wait as L
from theory.symbols.regimes import regime as regime_symbol
from theory.symbols.task import d, k, sigma1, sigma2, tau, theta

__all__ = ["boundaries_derivation"]


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
            *crossing_steps(),
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
        steps.append(_solved(text, boundary.equation, _tied(boundary)))
        finite = boundary.finite()
        text = "At finite d, layers of one variance"
        text += ", with the L of waiting:" if finite.has(L) else ":"
        steps.append(_solved(text, finite, _met(boundary)))
    return steps


def _solved(text: str, equation: sp.Eq, values: dict[sp.Symbol, sp.Expr]) -> Step:
    """Show an equation that holds at a value of a letter which sympy has solved for."""
    ((letter, value),) = values.items()
    for side, other in (equation.args, equation.args[::-1]):
        if side == letter and not other.has(letter):
            return derive(text, letter, value, stated=other, reduce="positive logarithms")
    return prove(text, equation, where=values, reduce="positive logarithms")


def _tied(boundary: Boundary) -> dict[sp.Symbol, sp.Expr]:
    """Return the value of an exponent of the equation at which the two quantities tie."""
    ratio_exponent = (narrow if boundary.side == "narrow" else wide)(boundary.ratio_exponent)
    unknown = next(x for x in (gamma_sigma2, gamma_w, p) if ratio_exponent.has(x))
    (solution,) = sp.solve(ratio_exponent, unknown)
    return {unknown: solution}


def _met(boundary: Boundary) -> dict[sp.Symbol, sp.Expr]:
    """Return the value of a letter at which the two quantities are equal at finite d."""
    equal = {sigma1: d ** (gamma_sigma2 / 2), sigma2: d ** (gamma_sigma2 / 2), w: d**gamma_w}
    first, second = (x.expression.subs(equal) for x in (boundary.first, boundary.second))
    for letter in (k, theta, tau):
        if (first / second).has(letter):
            (value,) = sp.solve(first - second, letter)
            return {letter: value}
    (value,) = sp.solve(sp.expand_log(sp.log(first / second), force=True), gamma_w)
    return {gamma_w: value}


def _spike_steps() -> list[Step]:
    """Prove the error of a learned spike from its place and its overlap."""
    noise = d * tau**2
    value, overlap = (theta**2 + noise) / theta, 1 - noise / theta**2
    error = (y_hat**2 - 2 * y_hat * theta * omega + theta**2) / d**2
    return [
        define(
            "A singular value theta of the signal shows in the target at y, with the product "
            "omega of overlaps (Benaych-Georges and Nadakuditi 2012).",
            equal(sp.Tuple(y_hat, omega), sp.Tuple(value, overlap)),
        ),
        prove(
            "Once it is learned it adds to the test error 2 tau^2/d, for theta >> tau sqrt(d).",
            equal(error, 2 * tau**2 / d + 3 * tau**4 / theta**2),
            where={y_hat: value, omega: overlap},
        ),
    ]


def _waiting_steps() -> list[Step]:
    """Prove the error of the sweet spot: the noise fitted while the signal is learned."""
    diagonal, other = (fluctuation_covariance(x, x) for x in ((0, 0), (0, 1)))
    square = c1**2 + (d - 1) * other + diagonal
    fitted_square = square + square.subs(c1, c2) + 2 * c1 * c2
    exact = (c1 + c2) ** 2 + (c1**2 + c2**2) * (d + 1) / w
    layers = {sigma1: sp.sqrt(c1 / w), sigma2: sp.sqrt(c2 / w)}
    left = S * (2 * theta / c) ** 2 * sp.exp(-4 * theta * T)
    error = left + tau**2 * K_noise * T**2
    (signal,) = sp.solve(error.diff(T).subs(T, L / theta), S)
    right = sp.simplify(L * sp.exp(4 * L) * S / signal)
    named = {
        S: of.missing_signal().expression,
        c: of.threshold().expression,
        K_noise: of.kernel_square(),
    }
    least = tau**2 * K_noise * (L**2 + L / 2) / theta**2
    late = late_distance().subs(y_positive, theta)
    return [
        late_step("Late, the signal left times exp(2Dt), D = sqrt(theta^2 + c^2), is", theta),
        prove(
            "so that it decays as 2 theta^2/c exp(-2 theta t) where c << theta.",
            equal(sp.Limit(c * late, c, 0), 2 * theta**2),
        ),
        prove(
            "By the moments of C1 and C2, noise N is fitted as t^2 K, with "
            "K = E||C2 N + N C1||^2/||N||^2,",
            equal(K_noise, exact),
            where={K_noise: fitted_square},
        ),
        prove(
            "which for d >> 1 is, in the variances of the layers,",
            equal(sp.Limit(K_noise / of.kernel_square(), d, sp.oo), 1),
            where={K_noise: exact} | layers,
        ),
        define(
            "So while noise moves lazily the test error is, per entry and besides v and "
            "2k tau^2/d,",
            equal(e_of(T), error),
        ),
        prove(
            "It is least at T = L/theta, where", equal(L * sp.exp(4 * L), right), where={S: signal}
        ),
        prove(
            "and there it is",
            equal(e_of(L / theta), least),
            where={e_of(L / theta): error.subs(T, L / theta).subs(S, signal)},
        ),
        prove("In the letters of the task,", equal(right, sweet_spot_ratio()), where=named),
        derive("solved by the Lambert function;", L, sweet_spot_logarithm()),
        prove(
            "to leading order L, a quarter of the logarithm of L exp(4L)/L, is log(theta/c), for "
            "K = 4 c^2.",
            equal(sp.log(right / L) / 4, sp.log(theta / c) + sp.log(2 * S / (tau**2 * L)) / 4),
            where={K_noise: 4 * c**2},
            reduce="positive logarithms",
        ),
    ]


def _fraction_steps() -> list[Step]:
    error = (1 - fitted) ** 2 * (S + v) + fitted**2 * tau**2
    (best,) = sp.solve(error.diff(fitted), fitted)
    start = S + v
    return [
        define(
            "A lazy network fits one fraction F = 1 - exp(-2ct) of signal, noise and A(0).",
            equal(e_of(fitted), error),
        ),
        derive("The best fraction", fitted, sp.factor(best)),
        prove(
            "leaves the parallel sum of start and end.",
            equal(e_min, parallel(start, tau**2)),
            where={e_min: error.subs(fitted, best)},
        ),
        prove(
            "It is reached at",
            equal(T, sp.log(1 + start / tau**2) / (2 * c)),
            where={T: -sp.log(1 - best) / (2 * c)},
        ),
        prove(
            "With the signal learned and v = tau^2, on the line of infinite noise, half of the "
            "noise remains.",
            equal(parallel(v, tau**2), tau**2 / 2),
            where={v: tau**2},
        ),
    ]


def _exponent_steps() -> list[Step]:
    least = minimal_error_exponent()
    return [
        derive("The exponent of the smallest test error, layers of one variance.", exponent, least),
        derive("The same for the paper's task.", exponent, least.xreplace(PAPER_TASK)),
        derive(
            "The regimes, layers of one variance, in the paper's task.",
            regime_symbol,
            regime_name().xreplace(EQUAL_LAYERS | PAPER_TASK),
        ),
    ]


def _region_exponent(region: Region) -> sp.Expr:
    """Return the exponent of the smallest test error in a region, layers of one variance."""
    return sp.Min(*(region.error(x).exponent for x in region.stops())).xreplace(EQUAL_LAYERS)


def _cell_steps() -> list[Step]:
    """Prove which term sets the error in each cell, at offsets > 0 from the cell's sides."""
    a, b, e, f = (sp.Dummy(x, positive=True) for x in ("alpha", "beta", "epsilon", "delta"))
    _, (_, narrow_cells), (_, wide_cells) = regions()
    lazy, active = wide_cells[1][1], wide_cells[2][1]
    g, initial = gamma_sigma2 + gamma_w, 2 * gamma_sigma2 + gamma_w
    spike, waiting, missing = kappa - 1 + 2 * q, 2 * (g - p) + 2 * q, 2 * p - 2 + kappa
    # What dominates; where; the differences of exponents that are positive there.
    cases = (
        (
            "Signal active, spike estimation dominant:",
            active,
            spike,
            (spike - waiting - a, spike - initial - b, missing - spike - f, 2 * q - spike - e),
        ),
        (
            "Signal active, fitted noise dominant:",
            active,
            waiting,
            (
                waiting - spike - a,
                waiting - initial - b,
                missing - waiting - f,
                2 * q - waiting - e,
            ),
        ),
        (
            "Signal active, initial matrix dominant:",
            active,
            initial,
            (initial - spike - a, initial - waiting - b, missing - spike - f, 2 * q - initial - e),
        ),
        (
            "Signal active, fitted noise above the missing signal: it is best not to start.",
            active,
            missing,
            (
                waiting - missing - a,
                missing - initial - b,
                missing - spike - f,
                2 * q - waiting - e,
            ),
        ),
        (
            "Signal active, infinite noise:",
            active,
            2 * q,
            (initial - 2 * q - a, p - g - b, missing - spike - f, 2 * q - spike - e),
        ),
        (
            "Lazy, signal above noise: all noise is fitted, or half of it where S = tau^2.",
            lazy,
            2 * q,
            (g - p - a, missing - 2 * q - b, 2 * q - initial - e, spike + 1 - 2 * q - f),
        ),
        (
            "Lazy, signal below noise: it stays missing.",
            lazy,
            missing,
            (g - p - a, 2 * q - missing - b, missing - initial - e, missing - spike - f),
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
        found = settled(_region_exponent(region).subs(at, simultaneous=True))
        inside = {x: value for x, value in at.items() if term.has(x)}
        if inside:
            steps.append(prove(text, equal(exponent, term), where={exponent: found} | inside))
        else:
            steps.append(derive(text, exponent, found, stated=term))
    return steps
