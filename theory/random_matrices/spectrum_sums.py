"""What the singular values of a low-rank matrix and of noise add up to, spikes and bulk together.

``Y = A* + noise`` as in :mod:`theory.random_matrices.spiked_matrix`.  Noise has mean zero, so

    E sum y^2 = sum theta^2 + tau^2 d_in d_out,    E sum y corr = sum theta^2,

corr = u^T A* v, exactly and for any size.  A spike carries more than its signal and its row and
column do, ``q = tau^4 mn/theta^2`` more, which the bulk beside it lacks; a signal below the
threshold of detection raises the bulk by theta^2.  To first order in q/P either is one factor for
all singular values of the bulk, and the same q (or theta^2) is what the bulk knows of the signal.

Holds: the two sums exactly; how they divide to leading order, as the spectra do.
Source: ours.
"""

from __future__ import annotations

import sympy as sp

from theory.algebra.derivation import Derivation, Step, define, equal, prove
from theory.algebra.stable_form import StableForm
from theory.random_matrices.spiked_matrix import (
    NOISE,
    SIGNAL,
    SIZES,
    detection_threshold,
    spike_value,
    squared_position,
)
from theory.symbols import d_in, d_out
from theory.symbols.notation import mean, norm2
from theory.symbols.prediction import A_star
from theory.symbols.random_matrices import (
    P_value,
    bulk_change,
    bulk_squares,
    noise_E,
    q_spike,
    sum_bulk,
    sum_corr,
    sum_of,
    sum_signal,
    sum_squares,
    y_hat,
)
from theory.symbols.random_matrices import y_bulk as y
from theory.symbols.random_matrices import z_place as z
from theory.symbols.task import tau, theta

__all__ = ["bulk_share", "share_form", "spectrum_sums"]

rows, columns = SIZES
P = P_value


def bulk_share() -> sp.Expr:
    """Return q, what the bulk lacks in sum y^2 and knows in sum y corr, a signal above threshold.

    Below, the bulk has ``theta^2`` more, and knows as much.
    """
    return tau**4 * rows * columns / theta**2


def share_form() -> StableForm:
    """Return the share of a signal above and below the threshold, and that of the noise."""
    noise = tau**2 * rows * columns
    outputs = {"above": bulk_share(), "below": theta**2, "noise": noise}
    return StableForm((SIGNAL, NOISE, *SIZES), (), outputs)


def spectrum_sums() -> Derivation:
    """Derive how the two sums divide between spikes and bulk."""
    return Derivation(
        topic="spectrum-sums",
        title="What spikes and bulk add up to",
        holds="the sums exactly, their division to leading order for m, n -> infinity at fixed "
        "ratio and fixed rank",
        source="ours",
        steps=(*_whole_steps(), *_spike_steps(), *_hidden_steps(), *_factor_steps()),
    )


def _whole_steps() -> list[Step]:
    whole = {sum_squares: sum_signal + tau**2 * d_in * d_out, sum_corr: sum_signal}
    return [
        define("The noise E has mean zero, and is independent of A*:", equal(mean(noise_E), 0)),
        define(
            "so that in the mean, with the sum of theta^2 for that of the signal,",
            equal(mean(norm2(A_star + noise_E)), whole[sum_squares]),
        ),
        define("which is the sum of y^2, and that of y corr is", equal(sum_corr, whole[sum_corr])),
        prove(
            "What learned Y exactly has the variance of the noise as its test error.",
            equal((sum_squares - 2 * sum_corr + sum_signal) / (d_in * d_out), tau**2),
            where=whole,
        ),
    ]


def _spike_steps() -> list[Step]:
    q, place = {q_spike: bulk_share()}, {z**2: squared_position()}
    spike = {y_hat: spike_value()}
    factor = P / (P - q_spike)
    carried = theta**2 + tau**2 * (rows + columns) + q_spike
    return [
        define("Of a signal above the threshold let", equal(q_spike, bulk_share())),
        prove(
            "Its factor P - theta^2 of the determinant of z^2 - Y Y^T over that of its bulk is "
            "that of the spike and one more,",
            equal((P - theta**2) / (z**2 - y_hat**2), factor),
            where=q | place | spike,
        ),
        prove(
            "which tells how the bulk changes: its sum of y^2, in the large z, by",
            equal(sp.Limit(-squared_position() * sp.log(factor), P, sp.oo), -q_spike),
        ),
        prove(
            "That is what the spike carries beyond its signal and its row and column:",
            equal(y_hat**2, carried),
            where=q | spike,
        ),
        prove(
            "nothing is lost but the noise between the signal's own two vectors, tau^2.",
            equal(
                y_hat**2 + (tau**2 * rows * columns - q_spike),
                theta**2 + tau**2 * (rows + 1) * (columns + 1) - tau**2,
            ),
            where=q | spike,
        ),
    ]


def _hidden_steps() -> list[Step]:
    known = tau**2 * (rows * (squared_position() / (P + tau**2 * rows)) - rows)
    return [
        prove(
            "Below the threshold there is no spike, the factor is 1 - theta^2/P, and the bulk has "
            "all of the signal:",
            equal(sp.Limit(-squared_position() * sp.log(1 - theta**2 / P), P, sp.oo), theta**2),
        ),
        prove(
            "and knows all of it, the sum of y corr over the bulk, whose pole is at P = q, being",
            equal(sum_bulk, theta**2),
            where={sum_bulk: known.subs(P, bulk_share())},
        ),
        prove(
            "At the threshold either is the same.",
            equal(sp.Subs(q_spike, theta, detection_threshold()), detection_threshold() ** 2),
            where={q_spike: bulk_share()},
        ),
    ]


def _factor_steps() -> list[Step]:
    summed = rows * (squared_position() / (P + tau**2 * rows)) - rows
    small = sp.Dummy("epsilon", positive=True)
    first = sp.log(P / (P - small * q_spike)).diff(small).subs(small, 0)
    of_bulk = sum_of(y**2 / (z**2 - y**2))
    return [
        prove(
            "A factor 1 - delta for every y^2 of the bulk changes the logarithm of its "
            "determinant by delta times",
            equal(of_bulk, tau**2 * rows * columns / P),
            where={of_bulk: summed},
        ),
        prove(
            "so that delta = q/(tau^2 m n) is the change to first order in q/P, at every z.",
            equal(bulk_change, q_spike / bulk_squares * of_bulk),
            where={
                bulk_change: first,
                of_bulk: tau**2 * rows * columns / P,
                bulk_squares: tau**2 * rows * columns,
            },
        ),
    ]
