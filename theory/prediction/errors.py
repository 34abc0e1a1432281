"""Train and test error of low-rank recovery in high dimension, without simulation.

In the singular bases of the target ``Y = A* + noise`` the mean dynamics are one 2 x 2 Gram block
a mode (:mod:`theory.dynamics.mode_descent`); with ``A = A_0 + A_1 + A_2 + ...`` in powers of the
random start's fluctuation (:mod:`theory.prediction.fluctuations`) and ``u^T A* v = corr`` in each
mode (:mod:`theory.random_matrices.spiked_matrix`)

``d_in d_out test = sum (a^2 - 2 a corr) + sum theta^2 + E||A_1||^2 + 2 sum (a - corr) E A_2``.

Holds for the squared loss, both orders of update, any aspect ratio and unequal layers.  Left
out: fourth order in the fluctuations (:func:`truncation`); how one run scatters around the mean:
:mod:`theory.prediction.scatter`.  Source: ours; learning-rate rule and stopping rule: Tu, Aranguri
and Jacot 2024, published experiments.
"""

from __future__ import annotations

import sympy as sp

from theory.algebra.derivation import Derivation, Step, define, derive, equal, prove
from theory.algebra.gaussian_traces import canonical_trace
from theory.algebra.noncommuting_matrices import order_of
from theory.algebra.stable_form import StableForm
from theory.dynamics.mode_descent import euler_step, mode_steps
from theory.published_rules import learning_rate_rule, stopping_rule
from theory.published_settings import FIGURE1, FIGURE2
from theory.random_matrices.spiked_matrix import SIZES, mean_edge, spike_overlap, spike_value
from theory.symbols import A, c, d_in, d_out, eta, s, t, w, y
from theory.symbols import prediction as letters
from theory.symbols.crossover import excess
from theory.symbols.dynamics import a
from theory.symbols.notation import inner, mean, norm2
from theory.symbols.prediction import corr, mean_shift, power, shift_share
from theory.symbols.prediction import v as variance
from theory.symbols.published import theta_1
from theory.symbols.task import k as rank
from theory.symbols.task import tau, theta

__all__ = [
    "distance_form",
    "distance_share",
    "error_form",
    "estimate_form",
    "excess_form",
    "lift_excess",
    "outlier_form",
    "prediction",
    "sampling_deviation",
    "truncation",
]


def error_form() -> StableForm:
    """Return a mode's share of the errors and of ``||A||_F^2``, to order 0 and to order 2.

    Each is a quadratic polynomial in a; a small mean shift adds its derivative times the shift.
    The test error comes less that of A = 0 and, as ``test_left``, less that of A = Y: what a sum of
    either lacks is known exactly, and the smaller of the two rounds the less.
    """
    left = (a - y) ** 2 + 2 * (a - y) * (y - corr)
    leading = {"test": a**2 - 2 * a * corr, "test_left": left, "train": (a - y) ** 2, "norm": a**2}
    full = {
        f"{name}_shifted": value + value.diff(a) * mean_shift for name, value in leading.items()
    }
    return StableForm((a, mean_shift, y, corr), (), leading | full)


def outlier_form() -> StableForm:
    """Return where a mode a stands out of the bulk of A, and the edge of that bulk.

    The bulk of A is the learned bulk of Y, with edge ``a``, plus A_1, noise of variance v.
    """
    return StableForm(
        (a, variance, *SIZES),
        (),
        {
            "outlier": spike_value(a, variance),
            "threshold": sp.sqrt(variance) * (SIZES[0] * SIZES[1]) ** sp.Rational(1, 4),
            "edge": sp.sqrt(a**2 + variance * mean_edge().subs(tau, 1) ** 2),
        },
    )


def lift_excess() -> sp.Expr:
    """Return how much the self-consistent start exceeds c in a mode s of A0."""
    return s**2 / (sp.sqrt(s**2 + c**2) + c)


def excess_form() -> StableForm:
    """Return :func:`lift_excess` as the kernel computes it."""
    return StableForm((s, c), (), {"excess": lift_excess()})


def truncation() -> sp.Expr:
    """Return the estimated size of order 4 in a test error (ours, checked against training).

    It is order 2 (the sizes of its two parts added, so that they do not cancel) times the
    relative fluctuation d/w of the kernel, times a weight from 1/10 (active) to 2 (lazy), times
    the square of the lazy e-folds so far where those exceed one.
    """
    weight = sp.Rational(1, 10) + 2 * c / (c + theta_1)
    size = power + sp.Abs(shift_share)
    return size * (d_in + d_out) / (2 * w) * weight * sp.Max(1, (c * t) ** 2)


def distance_share() -> sp.Expr:
    """Return the estimated share of the next order in a distance, ours.

    Half the relative fluctuation d/w of the kernel, which multiplies the square of the first order,
    times the square of the lazy e-folds so far where those exceed one.  Not derived; how trained
    distances compare with it is told in docs/validity.rst.
    """
    return (d_in + d_out) / (4 * w) * sp.Max((c * t) ** 2, 1)


def distance_form() -> StableForm:
    """Return the estimate of error of the distance at one iteration, relative."""
    return StableForm((c, w, d_in, d_out, t), (), {"share": distance_share()})


def estimate_form() -> StableForm:
    """Return the estimate of error of the test error at one iteration."""
    return StableForm(
        (power, shift_share, theta_1, c, w, d_in, d_out, t), (), {"truncation": truncation()}
    )


def sampling_deviation() -> sp.Expr:
    """Return the standard deviation of one run's test error where the noise of k spikes is all.

    Strong and learned, they fit k (d_in + d_out) noise components, whose squares' sum is a
    chi-square variable; :mod:`theory.prediction.scatter` has the whole.
    """
    return tau**2 * sp.sqrt(2 * rank * (d_in + d_out)) / (d_in * d_out)


def prediction() -> Derivation:
    """Derive the mode recursion and the sums that give errors, singular values and stable rank."""
    return Derivation(
        topic="prediction",
        title="Train and test error in high dimension",
        holds="for the squared loss, A* of low rank, noise of independent entries, width above d "
        "(below it, while the largest singular value exceeds the threshold by far)",
        source="ours; rules: published experiments of Tu, Aranguri and Jacot 2024",
        steps=(*mode_steps(), *_error_steps(), *_shape_steps(), *_rule_steps()),
    )


def _error_steps() -> list[Step]:
    form = error_form()
    test = form.outputs["test"]
    left = letters.Y_spike - letters.A_star
    return [
        *_order_steps(),
        derive(
            "A mode's share of ||A_0 - A*||^2, less theta^2, where u^T A* v = corr, is",
            letters.test_share,
            test,
        ),
        prove(
            "or, told from A_0 = Y, whose distance from A* is that of the noise,",
            equal(letters.test_share, letters.test_left + y**2 - 2 * y * corr),
            where={letters.test_share: test, letters.test_left: form.outputs["test_left"]},
        ),
        define("with", equal(letters.test_left, form.outputs["test_left"])),
        prove(
            "A small shift of its mean changes it by",
            equal(
                mean_shift * sp.Derivative(letters.test_of(a), a),
                sp.factor(form.outputs["test_shifted"] - test),
            ),
            where={letters.test_of(a): test},
        ),
        prove(
            "A spike that learned its target exactly keeps the error of its own estimate,",
            equal(norm2(left), (y - theta) ** 2 + 2 * y * (theta - corr)),
            where={norm2(left): test.subs(a, y) + theta**2},
        ),
        prove(
            "about tau^2 (d_in + d_out) for a strong one: 2k/d of the paper's task.",
            equal(sp.Limit(norm2(left), theta, sp.oo), tau**2 * sum(SIZES)),
            where={norm2(left): _spike_error()},
        ),
        define(
            "Where k such spikes are learned and all else is small, one run scatters by",
            equal(letters.deviation, sampling_deviation()),
        ),
        define("Estimate of what order 4 would add:", equal(letters.truncation, truncation())),
        define(
            "Estimated share of the next order in the distance of descent from the self-consistent "
            "dynamics:",
            equal(letters.distance_truncation, distance_share()),
        ),
    ]


def _order_steps() -> list[Step]:
    """Prove the orders of the squared distance from A*, as traces."""
    small = sp.Dummy("epsilon", positive=True)
    start, one, two = letters.A_start, letters.A_1, letters.A_2
    gap = start - letters.A_star
    moved = gap + small * one + small**2 * two
    product = lambda left, right: canonical_trace(left.T * right)  # noqa: E731
    order = lambda power: canonical_trace(order_of(moved.T * moved, small, power))  # noqa: E731
    return [
        define(
            "Expand A in the fluctuation of the start; A_1 has mean zero.",
            equal(A, start + one + two),
        ),
        prove(
            "The squared distance from A* is, to second order,",
            equal(letters.order_2, norm2(one) + 2 * inner(gap, two)),
            where={
                letters.order_2: order(2),
                norm2(one): product(one, one),
                inner(gap, two): product(gap, two),
            },
        ),
        prove(
            "and the first order is linear in A_1, whose mean vanishes.",
            equal(letters.order_1, 2 * inner(gap, one)),
            where={letters.order_1: order(1), inner(gap, one): product(gap, one)},
        ),
        define(
            "So in the mean the distance exceeds its order 0 by",
            equal(mean(letters.order_2), mean(norm2(one)) + 2 * inner(gap, mean(two))),
        ),
    ]


def _spike_error() -> sp.Expr:
    """Return the error of a spike that learned its target, in theta and the noise."""
    learned, known = spike_value(), theta * spike_overlap()
    return sp.simplify(learned**2 - 2 * learned * known + theta**2)


def _shape_steps() -> list[Step]:
    form = outlier_form()
    return [
        define(
            "A_1 is noise of variance v between bulk modes, beside which a mode a of A stands "
            "out (above v^(1/2) (mn)^(1/4)); take it to be at",
            equal(letters.outlier, form.outputs["outlier"]),
        ),
        define("and the bulk of A to end at", equal(letters.edge, form.outputs["edge"])),
        prove(
            "The self-consistent start has C1 = sqrt(A0^T A0 + c^2), whose mean exceeds c by",
            equal(excess, lift_excess()),
            where={excess: sp.sqrt(s**2 + c**2) - c},
        ),
        derive(
            "Euler steps of equation (1) of the paper move a mode to", letters.s_next, euler_step()
        ),
    ]


def _rule_steps() -> list[Step]:
    return [
        define(
            f"The paper's learning rate (divisor {FIGURE1.divisor:g} in Figure 1, "
            f"{FIGURE2.divisor:g} in Figure 2).",
            equal(eta, learning_rate_rule()),
        ),
        define(
            "The paper's runs stop when (train error now, one step ago and at the start; the test "
            "error rises so many times running)",
            stopping_rule(),
        ),
    ]
