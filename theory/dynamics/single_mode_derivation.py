"""Proof of the closed form of one mode: its equation, its limits, its stable form, its descent.

Roots are made rational, so that a field of rational functions decides each identity (the method
"half-angle" of :mod:`theory.algebra.reductions`).

Holds and source: as for :mod:`theory.dynamics.single_mode`.
"""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import expm1, hypot

from theory.algebra.derivation import Derivation, Step, define, derive, prove
from theory.dynamics import single_mode as mode
from theory.symbols import c, eta, s, s0, t, y
from theory.symbols.dynamics import (
    c_squared,
    eta_max,
    q_minus_next,
    q_plus_next,
    s0_size,
    scale,
    z_ratio,
)
from theory.symbols.notation import (
    D,
    M_factor,
    N_factor,
    q_minus,
    q_plus,
    r_of,
    s0_positive,
    s_of,
    t_of,
    y_positive,
)
from theory.symbols.notation import p0 as P0

__all__ = ["single_mode"]


def single_mode() -> Derivation:
    """Prove the closed form of one mode, its stable form and its limits."""
    return Derivation(
        topic="single-mode",
        title="One mode of the mixed regime",
        holds="for the squared loss, real s0 and y, c > 0, any imbalance",
        source="ours; limits: Saxe, McClelland and Ganguli 2014, Tu, Aranguri and Jacot 2024",
        steps=(
            *_riccati_steps(),
            *_product_steps(),
            *_limit_steps(),
            *_stable_steps(),
            *_crossing_steps(),
            *_descent_steps(),
        ),
    )


def _by_definitions(expression: sp.Expr) -> sp.Expr:
    return expression.subs(mode.DEFINITIONS)


def _riccati_steps() -> list[Step]:
    p = sp.sqrt(s**2 + c**2)
    rate = 2 * p * (y - s)
    steps = [
        define(
            "The mode follows the gradient s - y at its rate.",
            sp.Eq(sp.Derivative(s_of(t), t), rate.subs(s, s_of(t)), evaluate=False),
        ),
        define(
            "Take the sum and the difference.",
            sp.Eq(sp.Tuple(q_plus, q_minus), sp.Tuple(p + s, p - s), evaluate=False),
        ),
    ]
    for symbol, sign in ((q_plus, 1), (q_minus, -1)):
        value, moved = p + sign * s, sp.Derivative(symbol, t)
        steps.append(
            prove(
                "Each solves a scalar Riccati equation.",
                sp.Eq(moved, 2 * sign * y * symbol - symbol**2 + c**2, evaluate=False),
                where={moved: value.diff(s) * rate, symbol: value},
            )
        )
    return steps


def _product_steps() -> list[Step]:
    solution, distance = mode.mode_solution(), mode.remaining_distance()
    first, second = mode.factors()
    factors = {M_factor: first, N_factor: second}
    named = {value: name for name, value in factors.items()}
    root = ((P0 + s0) * N_factor / M_factor + (P0 - s0) * M_factor / N_factor) / 2
    return [
        *(
            define("Write", sp.Eq(name, value, evaluate=False))
            for name, value in (mode.DEFINITIONS | factors).items()
        ),
        define("The solution is", sp.Eq(s_of(t), solution.xreplace(named), evaluate=False)),
        prove(
            "It starts at s0.",
            sp.Eq(s_of(0), s0, evaluate=False),
            where={s_of(0): sp.Subs(solution, t, 0)},
        ),
        prove(
            "Its root sqrt(s^2 + c^2) is half the sum, which is positive.",
            sp.Eq(s_of(t) ** 2 + c**2, root**2, evaluate=False),
            where={s_of(t): solution} | factors,
            reduce="half-angle",
        ),
        prove(
            "So it solves the equation of the mode.",
            sp.Eq(sp.Derivative(s_of(t), t), 2 * root * (y - s_of(t)), evaluate=False),
            where={s_of(t): solution} | factors,
            reduce="half-angle",
        ),
        prove(
            "The distance left to go is a product.",
            sp.Eq(y - s_of(t), distance.xreplace(named), evaluate=False),
            where={s_of(t): solution} | factors,
            reduce="half-angle",
        ),
    ]


def _limit_steps() -> list[Step]:
    positive = {y: y_positive, s0: s0_positive}
    distance = mode.remaining_distance()
    # Late: a rational function of x = exp(-Dt), regular at x = 0.
    x = sp.Dummy("x", positive=True)
    rational = distance.rewrite(sp.exp).subs(sp.exp(D * t), 1 / x).subs(sp.exp(-D * t), x)
    tail = sp.cancel(rational / x**2).subs(x, 0)
    # Lazy: y and s0 times epsilon; regular at epsilon = 0.
    scaled = {y: scale * y_positive, s0: scale * s0_positive}
    share = (distance / (y - s0)).subs(mode.DEFINITIONS).subs(scaled, simultaneous=True)
    small = scale * (y_positive - s0_positive) * share
    lazy = (y - mode.lazy_mode()).subs(positive)
    # Balanced: regular at c = 0 where s0 > 0, and a function of c^2.
    near = mode.mode_solution().subs(mode.DEFINITIONS).subs(positive)
    near = near.subs(c, sp.sqrt(c_squared))
    slope = sp.factor(near.diff(c_squared).subs(c_squared, 0).rewrite(sp.exp))
    return [
        derive(
            "Late: the distance decays at the rate 2D, with the prefactor",
            sp.Limit(sp.exp(2 * D * t) * r_of(t), t, sp.oo),
            sp.factor(tail),
        ),
        prove(
            "Lazy limit, y and s0 times a small epsilon: what is left decays at the rate 2c.",
            sp.Eq(sp.Limit(r_of(t) / scale, scale, 0), lazy, evaluate=False),
            where={r_of(t): small},
            reduce="exponentials",
        ),
        prove(
            "Its relative correction starts at order 2: the term of order 1 vanishes.",
            sp.Eq(
                sp.Subs(sp.Derivative(r_of(t) / (scale * lazy), scale), scale, 0),
                sp.S.Zero,
                evaluate=False,
            ),
            where={r_of(t): small},
        ),
        prove(
            "Balanced limit: c -> 0 with s0 > 0 is the logistic curve.",
            sp.Eq(
                sp.Limit(s_of(t), c_squared, 0), mode.balanced_mode().subs(positive), evaluate=False
            ),
            where={s_of(t): near},
            reduce="exponentials",
        ),
        derive(
            "Its correction is of order c^2, with the coefficient",
            sp.Subs(sp.Derivative(s_of(c_squared), c_squared), c_squared, 0),
            slope,
        ),
    ]


def _stable_steps() -> list[Step]:
    form = mode.stable_mode()
    steps = []
    past_saddle, from_start, from_target = (item[0] for item in form.outputs["value"].args)
    distance, solution = mode.remaining_distance(), mode.mode_solution()
    for sign in (1, -1):
        signs = {s0: sign * s0_size, y: y_positive}
        for kernel, exact, name, function in (
            (form.outputs["distance"], distance, "distance", r_of),
            (from_start, solution, "value reached from s0", s_of),
            (from_target, solution, "value reached from y", s_of),
            (past_saddle, solution, "value that passed the saddle", s_of),
        ):
            plain = sp.piecewise_fold(_plain(form.expand(kernel)).subs(signs))
            steps.append(
                prove(
                    f"Kernel form of the {name}, y > 0, s0 {'>' if sign > 0 else '<'} 0.",
                    sp.Eq(function(t), plain, evaluate=False),
                    where={function(t): exact.subs(signs)},
                    reduce="half-angle",
                )
            )
    return steps


def _plain(expression: sp.Expr) -> sp.Expr:
    """Undo the machine forms: hypot, expm1, and D, p0 for the two roots."""
    plain = expression.replace(hypot, lambda a, b: D if y in (a, b) else P0)
    return plain.replace(expm1, lambda x: sp.exp(x) - 1)


def _crossing_steps() -> list[Step]:
    end = 1 + sp.sqrt(2)
    crossing = mode.threshold_crossing_time()
    values = {t_of(end): mode.time_at(end), t_of(1): mode.time_at(sp.S.One)}
    positive = {name: _by_definitions(value).subs(y, y_positive) for name, value in values.items()}
    rate = 2 * y * z_ratio - c * z_ratio**2 + c
    return [
        derive("Time as a function of z = q+/c:", t_of(z_ratio), mode.time_at(z_ratio)),
        prove(
            "its derivative is the inverse of the rate of z.",
            sp.Eq(sp.Derivative(t_of(z_ratio), z_ratio), 1 / rate, evaluate=False),
            where={t_of(z_ratio): _by_definitions(mode.time_at(z_ratio))},
        ),
        prove(
            "s = 0 at z = 1 and s = c at z = 1 + sqrt(2), so the threshold is crossed at",
            sp.Eq(t_of(end) - t_of(1), crossing, evaluate=False),
            where=values,
        ),
        prove(
            "Far below the target (y > 0) that is asinh(1)/(2y).",
            sp.Eq(
                sp.Limit(t_of(end) - t_of(1), c, 0), sp.asinh(1) / (2 * y_positive), evaluate=False
            ),
            where=positive,
        ),
    ]


def _descent_steps() -> list[Step]:
    after = mode.descent_map()
    root = sp.sqrt(s**2 + c**2)
    steps = [
        prove(
            "Descent with learning rate eta multiplies q+ and q- by squares.",
            sp.Eq(moved, symbol * (1 + sign * eta * (y - s)) ** 2, evaluate=False),
            where={moved: value, symbol: root + sign * s},
        )
        for value, moved, symbol, sign in zip(
            after, (q_plus_next, q_minus_next), (q_plus, q_minus), (1, -1), strict=True
        )
    ]
    return [
        *steps,
        prove(
            "A small distance from the target is multiplied by",
            sp.Eq(
                sp.Subs(sp.Derivative(s_of(s), s), s, y),
                1 - 2 * eta * mode.DEFINITIONS[D],
                evaluate=False,
            ),
            where={s_of(s): (after[0] - after[1]) / 2},
        ),
        derive("which exceeds -1, so that it is stable, below", eta_max, mode.stability_limit()),
        prove(
            "where the factor is -1.",
            sp.Eq(1 - 2 * eta * mode.DEFINITIONS[D], -1, evaluate=False),
            where={eta: mode.stability_limit()},
        ),
    ]
