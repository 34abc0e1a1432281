"""Every quantity in numbers, and the times at which they say an error is smallest."""

import math

import numpy as np
import pytest
import sympy as sp

from theory.regimes import quantities as of
from theory.regimes.scales import d, k, sigma1, sigma2, tau, theta
from theory.symbols import t, w

#: Unequal layers, a width of the order of d, no number that another one hides.
NUMBERS = {d: 12, k: 3, w: 50, theta: 7, tau: 0.6, sigma1: 0.3, sigma2: 0.5, of.L: 1.4}

C1, C2 = 0.09 * 50, 0.25 * 50
C, S, V = (C1 + C2) / 2, 3 * 49 / 144, 0.09 * 0.25 * 50
EDGE = C * (1 + 12 / 50)
#: The initial matrix as the kernel's edge sees it.
SEEN = V * (1 + 12 / 50)

VALUES = {
    "signal": 7,
    "rank": 3,
    "width": 50,
    "threshold": C,
    "kernel_edge": EDGE,
    "fluctuation": math.sqrt(12 / 50),
    "noise_edge": 2 * 0.6 * math.sqrt(12),
    "detection": 0.6 * math.sqrt(12),
    "noise_variance": 0.36,
    "initial_matrix": V,
    "missing_signal": S,
    "spike_estimation": 2 * 3 * 0.36 / 12,
    "fitted_noise": 0.36 * (4 * C**2 + (C1**2 + C2**2) * 12 / 50) * (1.4**2 + 0.7) / 49,
    "held_noise": 0.36 * 50 / 62,
    "signal_beyond_width": S,
    "undetected_signal": S,
    "learning_rate": 1 / (7 + C),
    "waiting_time": 1.4 / 7,
    "partial_time": math.log(1 + (S + SEEN) / 0.36) / (2 * EDGE),
    "unlearning_time": math.log(1 + SEEN / 0.36) / (2 * EDGE),
    "brief_unlearning": V / (2 * C * 0.36),
    "bulk_time": math.log(1 + (S + V) * math.sqrt(12) / (C * 0.6)) / (1.2 * math.sqrt(12)),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_quantity_has_the_value_of_its_formula(name):
    found = getattr(of, name)().expression.subs(NUMBERS)
    assert float(found) == pytest.approx(VALUES[name], rel=1e-12)


def test_every_quantity_has_a_value():
    listed = {x.name for x in of.all_quantities()}
    assert listed <= {getattr(of, name)().name for name in VALUES}


@pytest.mark.parametrize(("time", "signal"), [("partial_time", 1), ("unlearning_time", 0)])
def test_the_lazy_times_are_those_of_the_smallest_error(time, signal):
    # What is not fitted yet falls like exp(-2ct); what is fitted holds its share of the noise.
    left = sp.exp(-2 * of.kernel_edge().expression * t)
    wrong = signal * of.missing_signal().expression
    wrong += of.initial_matrix().expression * (1 + d / w)
    error = wrong * left**2 + tau**2 * (1 - left) ** 2
    at = getattr(of, time)().expression
    slope = error.diff(t).subs(t, at).subs(NUMBERS)
    assert float(slope) == pytest.approx(0, abs=1e-12 * float(error.subs(t, 0).subs(NUMBERS)))
    assert float(error.diff(t, 2).subs(t, at).subs(NUMBERS)) > 0


def test_noise_and_kernel_have_the_edges_of_drawn_matrices():
    rng, size, units = np.random.default_rng(0), 150, 600
    point = NUMBERS | {d: size, w: units, sigma2: 0.3}
    drawn = 0.6 * np.linalg.norm(rng.standard_normal((size, size)), 2)
    # The largest value of a draw is below its edge by about size^(-2/3).
    assert float(of.noise_edge().expression.subs(point)) == pytest.approx(drawn, rel=0.04)
    weights = 0.3 * rng.standard_normal((units, size))
    largest = np.linalg.norm(weights, 2) ** 2
    assert 1 <= largest / float(of.kernel_edge().expression.subs(point)) <= 2


def test_a_signal_counts_as_hidden_lazy_or_narrow_where_it_is():
    from theory.symbols.regimes import gamma_sigma2, gamma_w, gap, kappa, p, q

    def holds(condition, sigma, width, signal=1):
        values = {gamma_sigma2: sigma, gamma_w: width, p: signal, q: 0, kappa: 0, gap: 0}
        return bool(condition.subs(values))

    assert holds(of.hidden_signal(), -2, 2, signal=0.4)
    assert not holds(of.hidden_signal(), -2, 2, signal=0.6)
    assert holds(of.lazy_signal(), -0.5, 2) and not holds(of.lazy_signal(), -2, 2)
    # A narrow network's kernel reaches d/w times as far as its threshold.
    assert holds(of.lazy_signal(), 0.2, 0.5) and not holds(of.lazy_signal(), -0.2, 0.5)
    assert holds(of.narrow_network(), 0, 0.9) and not holds(of.narrow_network(), 0, 1.1)
