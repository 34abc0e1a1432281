"""The stability limit of predicted runs: where it is, and that it is named above."""

import math
from dataclasses import replace

import numpy as np
import pytest

import numerics
from numerics.advice.advise import _smallest_error
from numerics.linear.initial_states import random_state
from numerics.linear.tasks import low_rank_from_spectrum
from numerics.prediction.mode_spectrum import mode_spectrum
from numerics.prediction.network_scales import RandomNetwork
from numerics.prediction.runs import UNSTABLE
from numerics.prediction.stability import stable_rate
from numerics.support.errors import DivergedError, OutOfRangeError

RUN = {"width": 1e8, "init_variance": 4e-7, "iterations": 100, "singular_values": [120.0]}


def test_it_is_where_training_diverges():
    spectrum = mode_spectrum(60, 60, RUN["singular_values"])
    limit = stable_rate(spectrum, RandomNetwork(40.0, 40.0, 1e8, 1.0))
    task = low_rank_from_spectrum(RUN["singular_values"], 60, 60, noise=1.0, rng=0)
    state = random_state(60, 60, 1e8, init_variance=4e-7, rng=1)
    # The singular value of one draw scatters by its noise, 1 of 120.
    numerics.train(state, task, learning_rate=0.97 * limit, iterations=100)
    run = numerics.train(state, task, learning_rate=0.5 * limit, iterations=100)
    settled = float(run.train_error[-1])
    with pytest.raises(DivergedError):
        numerics.train(state, task, learning_rate=2.5 * limit, iterations=100)
    wild = numerics.train(state, task, learning_rate=1.03 * limit, iterations=100)
    assert float(wild.train_error[-1]) > 10 * settled


def test_it_sees_the_width():
    spectrum = mode_spectrum(80, 80, [80.0, 70.0])
    # Infinite width but for fluctuations of C1 of relative size 2 sqrt(d/w) = 2e-5.
    limit = lambda width: stable_rate(  # noqa: E731
        spectrum, RandomNetwork(100.0, 100.0, width, 1.0, "simultaneous")
    )
    largest = spectrum.targets.max()
    assert limit(1e12) == pytest.approx(1 / math.hypot(largest, 100.0), rel=1e-4)
    # C1 of a narrow network has eigenvalues up to c (1 + sqrt(d/w))^2.
    drawn = np.linalg.norm(np.random.default_rng(0).standard_normal((40, 80)), 2) ** 2 / 40
    assert limit(40.0) == pytest.approx(1 / math.hypot(largest, 100 * drawn), rel=0.05)


@pytest.mark.parametrize("allowed", [False, True])
def test_above_it_a_run_is_refused_with_the_limit_and_the_rate(allowed):
    spectrum = mode_spectrum(100, 100, [120.0])
    limit = stable_rate(spectrum, RandomNetwork(40.0, 40.0, 1e8, 1.0))
    assert limit == pytest.approx(1 / math.hypot(spectrum.targets[0], 40.0), rel=1e-2)
    message = f"learning_rate must be at most its stability limit, {limit:.6g}, got 0.0125"
    with pytest.raises(OutOfRangeError) as caught:
        numerics.predict_run(100, 100, learning_rate=0.0125, allow_out_of_range=allowed, **RUN)
    assert str(caught.value) == message
    below = numerics.predict_run(100, 100, learning_rate=0.999 * limit, **RUN)
    assert np.isfinite(below.test_error).all()


@pytest.mark.parametrize("method", ["closed_form", "second_order"])
def test_cells_above_it_have_no_results(method):
    grid = numerics.predict_grid(
        [-2.0, -0.5], [1.5, 2.2], 100, learning_rate_divisor=1.2, method=method
    )
    unstable = (grid.status == UNSTABLE).values
    assert unstable.any() and not unstable.all()
    assert np.array_equal(np.isnan(grid.min_test_error.values), unstable)
    assert (grid.iterations.values[unstable] == -1).all()
    assert grid.min_test_error.values[~unstable].max() < 2


@pytest.mark.parametrize("method", ["closed_form", "second_order"])
def test_a_grid_or_cell_all_above_it_is_refused_with_the_divisor(method):
    message = (
        r"stability limit, \S+, got \S+: learning_rate_divisor must be 1.0\d or more, not 1e-09"
    )
    with pytest.raises(OutOfRangeError, match=message):
        numerics.predict_grid([-2.0], [2.0], 100, learning_rate_divisor=1e-9, method=method)
    with pytest.raises(OutOfRangeError, match=message):
        numerics.predict_cell(-2.0, 2.0, 100, learning_rate_divisor=1e-9)


def test_a_misjudged_variance_may_be_unstable():
    """A lazy start close to the limit: at twice the variance the rate is above it."""
    spectrum = mode_spectrum(60, 60, [30.0])
    network = RandomNetwork(90.0, 90.0, 1e6, 1.0)
    network = replace(network, learning_rate=0.9 * stable_rate(spectrum, network))
    twice = replace(network, c1=180.0, c2=180.0)
    assert np.isfinite(_smallest_error(spectrum, network, 100))
    assert np.isinf(_smallest_error(spectrum, twice, 100))
