"""Errors of a whole phase diagram at once: bulk in closed form, fluctuations at the lazy rate.

Spikes follow the exact recursion of descent (:mod:`theory.dynamics.mode_descent`); a bulk mode y
its flow from 0 in closed form, ``s(t)`` and ``r = y - s = y g(y) g(-y)``; A0 is carried by ``dA_ij
= ge_i ge_j A0_ij + go_i go_j A0_ji`` with ge, go the even and odd parts of g in y; C1 and C2
fluctuate as in the lazy limit, ``R = e^{-C2 t} R_0 e^{-C1 t}``, whose second order is ``V t^2``
with ``V = (c1^2 (d_in + 1) + c2^2 (d_out + 1))/w``.

Holds where :mod:`theory.prediction.errors` does; what it leaves out besides are the fluctuations of
C1 and C2 in active modes, small while d/w is (tests/numerics/prediction/test_grid.py measures it).
Source: ours.
"""

from __future__ import annotations

import sympy as sp

from theory.algebra.derivation import Derivation, Step, define, derive, equal, prove
from theory.algebra.noncommuting_matrices import normal_form, order_of
from theory.algebra.stable_form import StableForm
from theory.dynamics.single_mode import mode_solution, remaining_distance
from theory.random_matrices.wishart import fluctuation_covariance
from theory.symbols import A, Y, c, d_in, d_out, eta, s0, t, y
from theory.symbols import prediction as letters
from theory.symbols.dynamics import a
from theory.symbols.notation import D, mean, norm2, p0, s_of
from theory.symbols.prediction import (
    RESPONSES,
    A0_ij,
    A0_ji,
    corr,
    even,
    g_minus,
    g_plus,
    growth,
    odd,
    paired,
    start_variance,
)
from theory.symbols.prediction import r_left as r
from theory.symbols.published import iteration
from theory.symbols.table import intermediates

__all__ = [
    "bulk_form",
    "fast_prediction",
    "flow_time",
    "lazy_shares",
    "lazy_variance",
    "start_power",
    "start_response",
]


def bulk_form() -> StableForm:
    """Return ``s``, ``r = y - s``, ``g(y)`` and ``g(-y)`` of a mode that starts at 0 (y >= 0).

    Everything is multiplied by ``exp(-Dt)``, and ``D - y = c^2/(D + y)``: no overflow and no
    cancellation beyond that of ``1 - exp(-2Dt)``.
    """
    rate, gap, fade, decay, gain, M, N, scale = intermediates(
        "rate gap fade decay gain M_ N_ scale_", positive=True
    )
    definitions = (
        (rate, sp.sqrt(y**2 + c**2)),
        (gap, c**2 / (rate + y)),
        (fade, sp.exp(-rate * t)),
        (decay, fade**2),
        (gain, 1 - decay),
        (M, gap + c * gain + decay * (rate + y)),
        (N, rate + y + c * gain + decay * gap),
        (scale, 2 / (M * N)),
    )
    outputs = {
        "s": scale * c * y * gain * (rate * (1 + decay) + c * gain),
        "r": scale * 2 * rate**2 * y * decay,
        "g_plus": 2 * rate * fade / M,
        "g_minus": 2 * rate * fade / N,
    }
    return StableForm((y, c, t), definitions, outputs)


def response_factor(target: sp.Expr = y) -> sp.Expr:
    """Return ``g(y) = D/(D cosh Dt + (c - y) sinh Dt)``, the inverse of the Riccati denominator."""
    return D / (D * sp.cosh(D * t) + (c - target) * sp.sinh(D * t))


def start_response() -> sp.Expr:
    """Return ``dA_ij(t)`` of a pair of modes in terms of ``A0_ij`` and ``A0_ji``.

    ``dQ(t) = U^{-T} dQ0 U^{-1}``, with ``U^{-1}`` diagonal in (1, +-1), entries g(+-y).
    """
    ge_i, go_i, ge_j, go_j = RESPONSES
    inverse = lambda even, odd: sp.Matrix([[even, odd], [odd, even]])  # noqa: E731
    start = sp.Matrix([[0, A0_ji], [A0_ij, 0]])
    return sp.expand((inverse(ge_i, go_i).T * start * inverse(ge_j, go_j))[1, 0])


def start_power() -> sp.Expr:
    """Return ``E||.||_F^2`` of the response to A0, summed over all pairs of both sides.

    Directions outside the bulk are counted with ``ge^2 = exp(-2ct)``, exact where y = 0.
    """
    alone = sp.exp(-2 * c * t)
    return start_variance * (
        (even + (d_out - paired) * alone) * (even + (d_in - paired) * alone) + odd**2
    )


def lazy_variance() -> sp.Expr:
    """Return V, the mean square of the fluctuation of the kernel: ``E X1^2 + E X2^2``."""
    sides = ((d_in, (0, 1), (0, 0)), (d_out, (2, 3), (2, 2)))
    total = sum(
        (size - 1) * fluctuation_covariance(off, off) + fluctuation_covariance(on, on)
        for size, off, on in sides
    )
    return sp.factor(sp.expand(total))


def lazy_shares() -> dict[str, sp.Expr]:
    """Return what a mode adds to the errors through the fluctuations of C1 and C2.

    ``E||A_1||^2 = growth r^2`` and ``E A_2 = -growth r/2``, in the sums of order 2.
    """
    mean = -growth * r / 2
    return {
        "power": growth * r**2,
        "test": 2 * (a - corr) * mean,
        "train": -2 * r * mean,
        "norm": 2 * a * mean,
    }


def flow_time() -> sp.Expr:
    """Return the flow time after which a lazy mode has decayed as descent makes it decay."""
    return -iteration * sp.log(1 - 2 * eta * c) / (2 * c)


def fast_prediction() -> Derivation:
    """Derive the response to A0, the lazy fluctuations and the bulk's closed form."""
    return Derivation(
        topic="fast-prediction",
        title="A phase diagram in closed form",
        holds="as the prediction does, with fluctuations of C1 and C2 as in the lazy limit",
        source="ours",
        steps=(*_bulk_steps(), *_response_steps(), *_lazy_steps()),
    )


def _bulk_steps() -> list[Step]:
    form = bulk_form()
    distance = remaining_distance().subs({s0: 0, p0: c})
    # What is shown, and what the name in it stands for.
    exact = {
        "s": (s_of(t), {s_of(t): mode_solution().subs({s0: 0, p0: c})}),
        "r": (y - s_of(t), {s_of(t): y - distance}),
        "g_plus": (g_plus, {g_plus: response_factor(y)}),
        "g_minus": (g_minus, {g_minus: response_factor(-y)}),
    }
    names = {name: form.expand(name) for name, _ in form.definitions}
    responses = exact["g_plus"][1] | exact["g_minus"][1]
    return [
        *(
            define("A kernel computes, for a mode that starts at 0,", equal(name, value))
            for name, value in form.definitions
        ),
        *(
            prove(
                f"and from these {key}, without overflow.",
                equal(shown, form.outputs[key]),
                where=stands
                | {name: value for name, value in names.items() if form.outputs[key].has(name)},
                reduce="half-angle",
            )
            for key, (shown, stands) in exact.items()
        ),
        prove(
            "The distance to the target is a product of two responses.",
            equal(y - s_of(t), y * g_plus * g_minus),
            where={s_of(t): y - distance} | responses,
            reduce="half-angle",
        ),
        derive("Flow time at which a lazy mode has decayed as far as by descent", t, flow_time()),
        prove(
            "(a factor 1 - 2 eta c an iteration).",
            equal(-2 * c * t, iteration * sp.log(1 - 2 * eta * c)),
            where={t: flow_time()},
        ),
    ]


def _response_steps() -> list[Step]:
    ge_i, go_i, ge_j, go_j = RESPONSES
    response = start_response()
    square = sp.expand(response**2)
    # The mixed term has mean zero.
    squared = square.coeff(A0_ij, 2).coeff(A0_ji, 0) + square.coeff(A0_ji, 2).coeff(A0_ij, 0)
    return [
        derive("First-order response of a pair of modes to A0.", letters.dA_ij, response),
        derive(
            "A0_ij and A0_ji are independent, of one variance: the mean square",
            mean(letters.dA_ij**2),
            start_variance * squared,
            stated=start_variance * ((ge_i * ge_j) ** 2 + (go_i * go_j) ** 2),
        ),
        prove(
            "sums to products of sums over modes; a direction with y = 0 has",
            equal(letters.g_0, sp.exp(-c * t)),
            where={letters.g_0: response_factor(sp.S.Zero).subs(D, c).rewrite(sp.exp)},
        ),
        define("Count that A0 adds", equal(mean(norm2(letters.A_1)), start_power())),
    ]


def _lazy_steps() -> list[Step]:
    small, kept = sp.Dummy("epsilon", positive=True), letters.kept
    X1, X2, R = letters.X1, letters.X2, letters.R_lazy
    first, second = (
        sp.Identity(size) - small * t * X + small**2 * t**2 / 2 * X * X
        for X, size in ((X1, d_in), (X2, d_out))
    )
    one, two = (normal_form(order_of(second * R * first, small, k)) for k in (1, 2))
    shares = lazy_shares()
    noise_only = {r: y * kept, a: y * (1 - kept), corr: 0}
    return [
        define(
            "In the lazy limit R = A - Y decays by the frozen C1 and C2.",
            equal(A - Y, sp.MatMul(letters.E_2, -Y, letters.E_1)),
        ),
        prove(
            "With C1 = c1 + X1, C2 = c2 + X2 its first order is, R being its order 0,",
            equal(letters.R_1, -t * (X2 * R + R * X1)),
            where={letters.R_1: one},
        ),
        prove(
            "and its second",
            equal(letters.R_2, t**2 / 2 * (X2 * X2 * R + R * X1 * X1) + t**2 * X2 * R * X1),
            where={letters.R_2: two},
        ),
        derive(
            "X1 and X2 are independent, so only their squares have means: V =",
            letters.V_lazy,
            lazy_variance(),
        ),
        define(
            "Then with growth = V t^2 a mode has E||A_1||^2 and E A_2",
            sp.Tuple(shares["power"], -growth * r / 2),
        ),
        prove(
            "and a mode of pure noise, decayed by f = exp(-2ct), adds to the test error",
            equal(letters.test_noise, growth * y**2 * kept * (2 * kept - 1)),
            where={letters.test_noise: (shares["power"] + shares["test"]).subs(noise_only)},
        ),
    ]
