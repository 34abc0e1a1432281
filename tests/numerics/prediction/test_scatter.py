"""The scatter of one run against what is known exactly, and against draws."""

import numpy as np
import pytest

from numerics.linear.initial_states import random_state
from numerics.linear.tasks import low_rank_from_spectrum
from numerics.linear.training import Trainer
from numerics.prediction import target_draws as td
from numerics.prediction.mode_recursion import Recursion
from numerics.prediction.mode_spectrum import mode_spectrum
from numerics.prediction.network_scales import RandomNetwork
from numerics.prediction.runs import predict_cell, predict_run
from numerics.prediction.scatter import error_scatter

#: Sampling: a standard deviation of n runs has the relative standard error 1/sqrt(2 n).
SIGMAS = 3.5


def at_the_start(shape, theta, noise, variance, width):
    spectrum = mode_spectrum(shape[1], shape[0], theta, noise=noise)
    scale = np.sqrt(variance * width)
    network = RandomNetwork(scale, scale, width, 1e-6)
    return error_scatter(spectrum, network, Recursion(spectrum, network).advance(1))


@pytest.mark.parametrize("shape", [(300, 300), (200, 500)])
@pytest.mark.parametrize(("theta", "noise"), [([300.0, 200.0], 1.0), ([2.0], 3.0)])
def test_the_scatter_before_training_is_known_exactly(shape, theta, noise):
    """``||A0 - Y||^2`` and ``||A0 - A*||^2`` of Gaussian A0 and noise, A* given."""
    entries, variance = np.prod(shape), 0.04
    found = at_the_start(shape, theta, noise, variance, 1e6)
    signal, total = np.sum(np.square(theta)), variance + noise**2
    train = np.sqrt(2 * entries * total**2 + 4 * total * signal) / entries
    test = np.sqrt(2 * entries * variance**2 + 4 * variance * signal) / entries
    # Leading order in 1/d: a few rows and columns of a few hundred.
    assert found["train_error"][0] == pytest.approx(train, rel=0.01)
    assert found["test_error"][0] == pytest.approx(test, rel=0.02)


@pytest.mark.parametrize("unit", [1e-60, 1e60])
def test_the_scatter_scales_with_the_unit(unit):
    spectrum, moved = (mode_spectrum(90, 60, [80.0 * u], noise=u) for u in (1.0, unit))
    network, other = (RandomNetwork(2 * u, u, 1e5, 1e-3 / u) for u in (1.0, unit))
    one, two = (
        error_scatter(s, n, Recursion(s, n).advance(30))
        for s, n in ((spectrum, network), (moved, other))
    )
    for name in one:
        assert np.allclose(two[name] / unit**2, one[name], rtol=1e-9, atol=0)


def test_one_run_scatters_as_predicted():
    d, theta, runs, steps = 60, [60.0, 30.0], 120, 40
    width, scale, rate = 2000.0, 4.0, 2e-3
    predicted = predict_run(
        d,
        d,
        width=width,
        init_variance=scale / width,
        learning_rate=rate,
        iterations=steps,
        singular_values=theta,
    )
    curves = []
    for draw in range(runs):
        rng = np.random.default_rng([3, draw])
        task = low_rank_from_spectrum(theta, d, d, noise=1.0, rng=rng)
        state = random_state(d, d, width, init_variance=scale / width, rng=rng)
        curves.append(Trainer(state, task, learning_rate=rate).advance(steps)[:, 1:3])
    train, test = np.std(curves, axis=0, ddof=1).T
    sampling = SIGMAS / np.sqrt(2 * runs)
    for name, measured in (("train", train), ("test", test)):
        ratio = predicted[f"{name}_error_deviation"].values[1:] / measured
        assert np.abs(ratio - 1).max() < sampling
    # So that the bound can fail: the spikes' chi-square alone misses it.
    alone = np.sqrt(2 * len(theta) * 2 * d) / d**2
    assert abs(alone / test[int(predicted.min_iteration) - 1] - 1) > sampling


def test_hidden_signals_scatter_little():
    """Noise of 1000 beside signals of 60: nothing is learned, and one run tells the same."""
    run = predict_run(
        60,
        60,
        rank=2,
        noise=1e3,
        width=1e4,
        init_variance=1e-7,
        learning_rate=1e-6,
        iterations=50,
        allow_out_of_range=True,
    )
    assert run.min_test_error_deviation < 0.01 * run.min_test_error


def test_drawn_singular_values_are_those_of_random_matrices():
    d_in, d_out, rank, draws = 40, 25, 3, 4000
    values = td.drawn_singular_values(d_in, d_out, rank, draws)
    rng = np.random.default_rng(5)
    left, right = (rng.standard_normal((draws, d, rank)) for d in (d_out, d_in))
    whole = left @ right.transpose(0, 2, 1) / np.sqrt(rank)
    expected = np.linalg.svd(whole[:800], compute_uv=False)[:, :rank]
    error = expected.std(0) * np.sqrt(1 / draws + 1 / 800)
    assert np.all(np.abs(values.mean(0) - expected.mean(0)) < SIGMAS * error)
    ratio = np.log(values).std(0) / np.log(expected).std(0)
    assert np.all(np.abs(ratio - 1) < SIGMAS * np.sqrt(1 / 1600 + 1 / 8000))


def test_drawing_the_target_adds_to_the_scatter():
    cell = predict_cell(-1.5, 2.6, 80, rank=3, learning_rate_divisor=10, draws=32)
    assert cell.drawn_min_test_error_deviation > 1.5 * cell.min_test_error_deviation
    assert cell.attrs["draws"] == 32


def test_draws_need_a_rank():
    with pytest.raises(ValueError, match="draws must be 0, or 2 to 10000 of an A\\* of given rank"):
        predict_cell(-1.85, 2.25, 80, singular_values=[40.0], draws=4)
    with pytest.raises(ValueError, match="got 1"):
        predict_cell(-1.85, 2.25, 80, draws=1)
