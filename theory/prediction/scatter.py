"""How one run's errors scatter around their mean: noise, random start, bulk and spikes.

At infinite width A is a function s of Y's singular values, and ``u^T A* v = theta dyhat/dtheta``
in each spike, so a spike's share of the errors is a function of its position alone,

    test: s^2 - 2 s theta dyhat/dtheta + theta^2,    train: (s - yhat)^2.

The noise moves a signal by ``epsilon`` (:mod:`theory.random_matrices.spike_repulsion`), a sum of
independent terms: the noise along its singular vectors, and for each singular value y of the bulk
two squares and a product of its couplings.  The bulk's share is a linear statistic of its squared
singular values lambda: where ``phi(lambda) = sum_k a_k cos(k x)`` over the bulk, lambda its centre
plus its half width times cos(x), the variance is ``sum_k k a_k^2/2``.  A signal below the threshold
of detection is a direction that a bulk of random singular vectors has by chance.  The random start
adds ``2 <A_0 - A*, A_1> + ||A_1||^2``, A_1 Gaussian and independent between pairs of modes.

Holds to first order of each of these in 1/d, for signals that stand well above the threshold of
detection or well below it, Gaussian noise, and the start's fluctuation within the range of
:mod:`theory.prediction.errors`; near the minimum over iterations the scatter of the smallest error
is that of the error there (its slope vanishes).
Source: bulk (stated): Lytova and Pastur 2009, real matrices; the rest ours.
"""

from __future__ import annotations

import sympy as sp

from theory.algebra.derivation import Derivation, Step, define, derive, equal, prove
from theory.algebra.stable_form import StableForm
from theory.random_matrices import spiked_matrix as spectra
from theory.random_matrices.spike_repulsion import at_spike, bulk_traces, noise_gain, signal_move
from theory.random_matrices.spiked_matrix import NOISE, SIGNAL, SIZES, jacobi_matrix
from theory.random_matrices.wishart import gaussian_fourth_moment
from theory.symbols import prediction as letters
from theory.symbols.dynamics import a
from theory.symbols.notation import norm2
from theory.symbols.prediction import (
    PAIR_SQUARES,
    harmonic,
    harmonic_of,
    place_curvature,
    place_slope,
    s_at,
    s_slope,
    shift_slope,
)
from theory.symbols.random_matrices import (
    V_gain,
    delta_ii,
    delta_oi,
    delta_oo,
    g_i,
    g_i_of,
    g_o,
    g_o_of,
    shift,
    y_hat,
    y_hat_of,
)
from theory.symbols.random_matrices import y_bulk as y
from theory.symbols.random_matrices import z_place as z

__all__ = ["coupling_form", "move_form", "pair_variance", "scatter"]

m, n = SIZES
tau, theta = NOISE, SIGNAL


def coupling_form() -> StableForm:
    """Return what one singular value y of the bulk adds to epsilon, and its slope in theta.

    Factors of the square of the coupling on the output and on the input side, and of their product.
    """
    weights = _couplings()
    slopes = {f"{name}_slope": weight.diff(theta) for name, weight in weights.items()}
    return StableForm((theta, tau, y, *SIZES), (), weights | slopes)


def move_form() -> StableForm:
    """Return what epsilon and its slope change in a spike's shares of the errors.

    In the mode a, its slope in the target, the target, the signal, and the bulk's shape.
    """
    position = spectra.spike_value()
    slopes = (place_slope, position.diff(theta)), (place_curvature, position.diff(theta, 2))
    outputs = {
        f"{name}_{which}": change.coeff(symbol, 1)
        for name, change in _changes().items()
        for which, symbol in (("move", shift), ("turn", shift_slope))
    }
    return StableForm((a, s_slope, y_hat, theta, tau, *SIZES), slopes, outputs)


def pair_variance() -> sp.Expr:
    """Return the variance of ``x^2 + y^2`` of two centred Gaussians with their mean products."""
    moment, covariance = gaussian_fourth_moment()
    first, both, second = PAIR_SQUARES
    named = {(0, 0): first, (0, 1): both, (1, 1): second}

    def fourth(*chosen: int) -> sp.Expr:
        return moment.subs(
            {
                symbol: named[min(chosen[i], chosen[j]), max(chosen[i], chosen[j])]
                for (i, j), symbol in covariance.items()
            },
            simultaneous=True,
        )

    square = fourth(0, 0, 0, 0) + 2 * fourth(0, 0, 1, 1) + fourth(1, 1, 1, 1)
    return sp.expand(square - (first + second) ** 2)


def scatter() -> Derivation:
    """Derive what moves the errors of one run away from their mean, and how far."""
    return Derivation(
        topic="scatter",
        title="How one run scatters around the mean",
        holds="to first order in 1/d, Gaussian noise, signals well above the threshold of "
        "detection or well below it",
        source="bulk (stated): Lytova and Pastur 2009; the rest ours",
        steps=(*_spike_steps(), *_bulk_steps(), *_start_steps()),
    )


def _couplings() -> dict[str, sp.Expr]:
    """Return epsilon's factors: of a square on either side and of the product, at a spike."""
    move = sp.expand(signal_move())
    # A coupling's square stands beside y = z/(z^2 - y^2) of the resolvent on the other side.
    diagonal, cross = z / (z**2 - y**2), y / (z**2 - y**2)
    found = {
        "output": move.coeff(delta_ii, 1) * diagonal,
        "input": move.coeff(delta_oo, 1) * diagonal,
        "product": move.coeff(delta_oi, 1) * cross,
    }
    position = spectra.spike_value()
    outer, inner = spectra.noise_resolvents(z, theta**2)
    named = {g_o: outer, g_i: inner}
    return {name: sp.factor(value.subs(named).subs(z, position)) for name, value in found.items()}


def _changes() -> dict[str, sp.Expr]:
    """Return the first-order change of a spike's shares, in epsilon and its slope."""
    size = sp.Dummy("size")
    target = y_hat + size * place_slope * shift
    # The position moves by yhat' epsilon, and its slope by the derivative of that.
    slope = place_slope + size * (place_curvature * shift + place_slope * shift_slope)
    place = sp.Dummy("place")
    learned = a + s_slope * (place - y_hat)  # to first order
    mode = learned.subs(place, target)
    shares = {"test": mode**2 - 2 * mode * theta * slope, "train": (mode - target) ** 2}
    return {name: sp.expand(x.diff(size).subs(size, 0)) for name, x in shares.items()}


def _spike_steps() -> list[Step]:
    moved, changes = place_slope * shift, _changes()
    weights = _couplings()
    oo, ii, oi = bulk_traces()
    o, i = g_o_of(z), g_i_of(z)
    total = 2 * tau**4 * (ii / i**2 + oo / o**2) / (4 * theta**2) + tau**2 + tau**4 * oi
    test = 2 * (a - theta * place_slope) * s_slope * moved - 2 * a * theta * (
        place_curvature * shift + place_slope * shift_slope
    )
    train = 2 * (a - y_hat) * (s_slope - 1) * moved
    return [
        define(
            "A moved signal moves its spike by yhat' epsilon, and a mode of A is a function of the "
            "spike's position, of slope",
            equal(s_slope, sp.Derivative(s_at(y_hat), y_hat)),
        ),
        derive(
            "So the spike's share of the test error, with u^T A* v = theta yhat', changes by",
            letters.test_moved,
            changes["test"],
            stated=test,
        ),
        derive(
            "and that of the train error by", letters.train_moved, changes["train"], stated=train
        ),
        define(
            "Epsilon is the noise between the signal's vectors, and from each singular value y of "
            "the bulk two squares and a product of couplings of variance tau^2,",
            equal(shift, signal_move()),
        ),
        *(
            derive(text, name, weights[key])
            for text, name, key in (
                ("of which the square on the output side has the factor", left, "output"),
                ("that on the input side", right, "input"),
                ("and their product.", product, "product"),
            )
        ),
        prove(
            "Summed over the bulk, each square of variance 2 tau^4 and each product of tau^4, "
            "epsilon has the variance tau^2 V of the noise between the signals.",
            equal(tau**2 * V_gain, sp.simplify(total.xreplace(at_spike(total)))),
            where={V_gain: noise_gain()},
        ),
    ]


left, right, product = letters.left_weight, letters.right_weight, letters.product_weight


def _bulk_steps() -> list[Step]:
    moment, covariance = gaussian_fourth_moment()
    one = moment.subs(dict.fromkeys(covariance.values(), tau**2)) - tau**4
    half_width = 2 * jacobi_matrix()[2]
    share = harmonic * harmonic_of(harmonic) ** 2
    return [
        define(
            "Stated: a sum of phi over the squared singular values of the bulk, phi having the "
            "coefficients a_k in cos(kx) over it, has the variance",
            equal(letters.bulk_variance, sp.Sum(share, (harmonic, 1, sp.oo)) / 2),
        ),
        derive(
            "For phi the identity it is that of the noise's norm, mn squares of Gaussians,",
            letters.noise_norm,
            m * n * one,
            stated=2 * m * n * tau**4,
        ),
        prove(
            "as a_1 is half the width of the bulk there.",
            equal(letters.noise_norm, harmonic_of(1) ** 2 / 2),
            where={letters.noise_norm: m * n * one, harmonic_of(1): half_width},
        ),
        define(
            "The singular vectors of a bulk that hides a signal are as random ones: of <A, A*> "
            "each entry of A_0 takes its share,",
            equal(letters.hidden_variance, theta**2 * norm2(letters.A_start) / (m * n)),
        ),
    ]


def _start_steps() -> list[Step]:
    first, both, second = PAIR_SQUARES
    return [
        derive(
            "A_1 is Gaussian: the squares of a pair's two entries have a sum of variance",
            letters.pair_variance,
            pair_variance(),
            stated=2 * (first**2 + 2 * both**2 + second**2),
        ),
        define(
            "and the errors' first order 2 <A_0 - A*, A_1> four times the variance of that "
            "product; between a spike and the bulk an entry of A* has the mean square",
            equal(letters.signal_square, tau**2 * sp.Derivative(y_hat_of(theta), theta)),
        ),
    ]
