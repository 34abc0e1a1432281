"""The mean field in plain NumPy: one mode by quadrature, both ends, and a drawn run."""

import numpy as np
import pytest
from scipy.integrate import quad

from numerics.reference.explicit_training import gradient_descent, squared
from numerics.reference.mean_field_error import mode, smallest_error, test_error
from numerics.reference.plain_starts import wide_weights

test_error.__test__ = False  # not a test, in spite of its name


@pytest.mark.parametrize("c", [0.01, 0.3, 20.0])
def test_a_mode_takes_the_time_that_quadrature_gives(c):
    target = 2.0
    time = quad(lambda a: 1 / (2 * np.hypot(a, c) * (target - a)), 0, 1.4, epsrel=1e-12)[0]
    value, plus, minus = mode(target, c, time)
    assert value == pytest.approx(1.4, rel=1e-10)
    assert target * plus * minus == pytest.approx(target - 1.4, rel=1e-10)


def test_the_ends_are_the_signal_and_the_noise():
    d, theta, rank, v = 1e8, 2e8, 3, 0.7
    assert test_error(d, theta, rank, 1.0, v, 0.0) == pytest.approx(rank * 4 + v, rel=1e-12)
    # Learned: the noise, of which rank out of d directions are in the spikes.
    assert test_error(d, theta, rank, 1e9, v, 1e-7) == pytest.approx(1.0, rel=1e-7)


def test_a_drawn_run_has_the_smallest_error():
    """At infinite width around a Gaussian A0; edges of the bulk are relative 1/d."""
    d, theta, c, v = 100, 120.0, 15.0, 0.05
    rng, found = np.random.default_rng(0), []
    signal = np.zeros((d, d))
    signal[0, 0] = theta
    step = 0.05 / theta
    for _ in range(4):
        Y = signal + rng.standard_normal((d, d))
        W1, W2 = wide_weights(np.sqrt(v) * rng.standard_normal((d, d)), c, c)
        run = gradient_descent(W1, W2, squared(Y), step, 80)
        found.append(np.min(np.mean((run.A - signal) ** 2, axis=(1, 2))))
    assert np.mean(found) == pytest.approx(smallest_error(d, theta, 1, c, v, 80 * step), rel=0.03)
