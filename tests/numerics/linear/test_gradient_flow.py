"""Integrated flow against the explicit reference and against what flow must do."""

import numpy as np
import pytest

from numerics.linear.gradient_flow import gradient_flow
from numerics.linear.initial_states import explicit_weights, random_state
from numerics.linear.network_state import NetworkState
from numerics.linear.observables import balancedness
from numerics.linear.tasks import linear_regression, low_rank_recovery, matrix_completion
from numerics.reference import explicit_training as reference
from theory.functions.losses import huber

TIMES = [0.0, 0.05, 0.2, 0.2, 0.6]


def narrow(state):
    """Return a network of width d_in + d_out with the same Gram matrix."""
    factor = np.linalg.cholesky(state.gram)
    W1, W2 = factor[: state.d_in].T, factor[state.d_in :]
    return NetworkState(W1, W2, c1=state.c1, c2=state.c2, width=state.width)


@pytest.mark.parametrize("shape", [(7, 5), (3, 6)])
@pytest.mark.parametrize("name", ["squared", "log_cosh"])
def test_against_the_reference(name, shape):
    task = matrix_completion(*shape, rank=2, fraction_observed=0.7, noise=0.2, rng=0)
    state = explicit_weights(*shape, 60, init_variance=1e-2, init_variance2=3e-2, rng=1)
    flow = gradient_flow(narrow(state), task, TIMES, loss=name, rtol=1e-11, atol=1e-13)
    gradient = getattr(reference, name)(task.target, task.mask)
    run = reference.gradient_flow(state.W1, state.W2, gradient, TIMES, rtol=1e-11, atol=1e-13)
    # Two integrations of tolerance 1e-11 a step over about fifty steps.
    np.testing.assert_allclose(flow.A.values, run.A, atol=1e-9)


def test_huber_and_inputs_against_the_reference():
    rng = np.random.default_rng(7)
    task = linear_regression(rng.standard_normal((4, 6)), np.eye(6), noise=0.3, n_samples=9, rng=8)
    state = explicit_weights(6, 4, 40, init_variance=2e-2, init_variance2=1e-2, rng=9)
    flow = gradient_flow(narrow(state), task, TIMES, loss=huber(0.3), rtol=1e-11, atol=1e-13)
    gradient = reference.huber(task.target, inputs=task.inputs, delta=0.3)
    run = reference.gradient_flow(state.W1, state.W2, gradient, TIMES, rtol=1e-11, atol=1e-13)
    # as above; the jump of the second derivative costs steps, not accuracy
    np.testing.assert_allclose(flow.A.values, run.A, atol=1e-9)
    np.testing.assert_allclose(flow.loss, run.losses, rtol=1e-8)


def test_balancedness_is_conserved():
    task = low_rank_recovery(5, 8, rank=2, rng=0)
    state = random_state(5, 8, 40, init_variance=2e-2, rng=1)
    flow = gradient_flow(state, task, [0.0, 0.5], rtol=1e-12, atol=1e-14, keep_weights=True)
    start, end = (balancedness(flow.W1.values[k], flow.W2.values[k]) for k in range(2))
    assert np.abs(end - start).max() <= 1e-9  # the integrator's error on weights of order 3
    moved = np.abs(flow.W1.values[1] - flow.W1.values[0]).max()
    assert moved > 0.1


def test_the_loss_never_increases():
    task = matrix_completion(6, 6, rank=2, fraction_observed=0.6, noise=0.5, rng=3)
    state = random_state(6, 6, 1e3, init_variance=1e-3, rng=4)
    flow = gradient_flow(state, task, np.linspace(0, 3, 40), loss="log_cosh")
    assert (np.diff(flow.loss) <= 0).all()


def test_lazy_flow_is_exponential():
    task = low_rank_recovery(4, 6, rank=2, rng=0)
    state = random_state(4, 6, 30, init_variance=1e-2, init_variance2=4e-2, rng=1)
    flow = gradient_flow(state, task, [0.0, 0.3, 2.0], dynamics="lazy", rtol=1e-11, atol=1e-13)
    first, V = np.linalg.eigh(state.C1)
    second, U = np.linalg.eigh(state.C2)
    rest = U.T @ (state.A - task.target) @ V
    for k, time in enumerate(flow.time.values):
        decay = np.exp(-(second[:, None] + first[None, :]) * time)
        np.testing.assert_allclose(
            flow.A.values[k], task.target + U @ (rest * decay) @ V.T, atol=1e-9
        )


def test_time_zero_alone():
    task = low_rank_recovery(4, rank=1, rng=0)
    state = random_state(4, 4, 30, init_variance=1e-2, rng=1)
    flow = gradient_flow(state, task, [0.0, 0.0])
    np.testing.assert_allclose(flow.A.values, np.stack([state.A] * 2), atol=1e-15)


@pytest.mark.parametrize(
    ("times", "settings", "rule"),
    [
        ([-1.0], {}, "times must be"),
        ([1.0, 0.5], {}, "times must be nondecreasing"),
        ([np.nan], {}, "times must be"),
        ([1.0], {"rtol": 0.0}, "rtol must be"),
        ([1.0], {"dynamics": "lazy", "keep_weights": True}, "keep_weights needs"),
    ],
)
def test_bad_input(times, settings, rule):
    task = low_rank_recovery(4, rank=1, rng=0)
    with pytest.raises(ValueError, match=rule):
        gradient_flow(random_state(4, 4, 30, init_variance=1e-2, rng=1), task, times, **settings)
