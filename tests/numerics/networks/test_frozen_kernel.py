"""The lazy limit against scipy's stiff integrator, its fixed points, and real networks."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from numerics.networks import frozen_kernel, linearised_steps
from numerics.networks.frozen_kernel import frozen_flow
from numerics.networks.fully_connected import FullyConnected
from numerics.networks.step_rule import StepRule
from numerics.networks.training import train_network

N = 12


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((2 * N, 6))
    X *= np.sqrt(6) / np.linalg.norm(X, axis=1, keepdims=True)
    y = np.where(rng.permutation(N) < N // 2, 1.0, -1.0)
    network = FullyConnected(6, width=64, depth=2)
    return network, network.initial(rng), X[:N], y, X[N:]


def slope(u):
    """Derivative of log(1 + exp(20 (1 - u)))/20."""
    return -1 / (1 + np.exp(-np.clip(20 * (1 - u), -700, 700)))


def test_outputs_and_time_are_those_of_a_stiff_integrator(problem):
    network, weights, X, y, X_test = problem
    gram, cross = network.ntk(weights, X), network.ntk(weights, X_test, X)
    found = frozen_flow(gram, y, cross)

    def rates(t, c):
        return -slope(y * (gram @ c / N)) * y

    solved = solve_ivp(rates, (0, found.time), np.zeros(N), method="LSODA", rtol=1e-10, atol=1e-12)
    # A thousand steps of 1e-6 at most, and rounding of nothing else.
    np.testing.assert_allclose(found.train_outputs, gram @ solved.y[:, -1] / N, atol=1e-3)
    np.testing.assert_allclose(found.test_outputs, cross @ solved.y[:, -1] / N, atol=2e-3)


def test_it_ends_when_the_last_margin_is_reached(problem):
    network, weights, X, y, _ = problem
    found = frozen_flow(network.ntk(weights, X), y)
    assert found.fitted
    assert 1 <= (y * found.train_outputs).min() <= 1 + 1e-3
    assert 0 < found.half_loss_time < found.time
    assert found.test_outputs.shape == (0,)


def test_a_given_duration_ends_it_before(problem):
    network, weights, X, y, _ = problem
    gram = network.ntk(weights, X)
    whole = frozen_flow(gram, y)
    part = frozen_flow(gram, y, duration=whole.time / 10)
    assert not part.fitted
    assert part.time == pytest.approx(whole.time / 10)


def test_networks_approach_it_like_one_over_scaled_alpha(problem, monkeypatch):
    network, weights, X, y, X_test = problem
    sizes, gaps, times = np.geomspace(300, 3e4, 5), [], []
    for module in (linearised_steps, frozen_kernel):
        monkeypatch.setattr(module, "OVERSHOOT", 1e-8)
        monkeypatch.setattr(module, "TOLERANCE", 1e-9)
    rule = StepRule(output_change=0.1, output_error=1e-5, gradient_change=1e-3)
    limit = frozen_flow(network.ntk(weights, X), y, network.ntk(weights, X_test, X))
    for scaled_alpha in sizes:
        alpha = scaled_alpha / 8
        run = train_network(network, X, y, start=weights, alpha=alpha, test=(X_test,), rule=rule)
        gaps.append(np.abs(run.test_outputs - limit.test_outputs).max())
        times.append(abs(run.half_loss_time / limit.half_loss_time - 1))
    for name, found in (("outputs", gaps), ("times", times)):
        slope = np.polyfit(np.log(sizes), np.log(found), 1)[0]
        # The next order is about 20/A of the first: 7 % at the smallest size.
        assert slope == pytest.approx(-1, abs=0.03), name


def test_bad_input_is_named(problem):
    y = np.array([1.0, -1.0])
    with pytest.raises(ValueError, match="gram must be symmetric"):
        frozen_flow(np.array([[1.0, 0.5], [0.0, 1.0]]), y)
    with pytest.raises(ValueError, match=r"y must be \+1 or -1, got 2"):
        frozen_flow(np.eye(2), np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="entry for each of 3 inputs, got 2"):
        frozen_flow(np.eye(3), y)
