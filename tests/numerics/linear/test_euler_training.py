"""Euler steps of equation (1), and the roots that they follow, against decompositions."""

import numpy as np
import pytest

from numerics.linear.euler_training import EulerTrainer
from numerics.linear.followed_root import FollowedRoot
from numerics.linear.initial_states import random_state
from numerics.linear.network_state import NetworkState
from numerics.linear.tasks import Task, low_rank_recovery, matrix_completion
from numerics.phase_diagram.prepare_cell import prepare_cell
from numerics.phase_diagram.scheme import in_target_bases
from numerics.reference.euler_scheme import euler_self_consistent
from numerics.reference.explicit_training import log_cosh
from numerics.support.errors import DivergedError


def roots(A, c):
    left, s, right = np.linalg.svd(A)
    full = [np.concatenate([s, np.zeros(n - s.size)]) for n in A.shape[::-1]]
    p1, p2 = (np.hypot(x, c) for x in full)
    return (right.T * p1) @ right, (left * p2) @ left.T


def last_of_reference(cell, steps):
    gradient = lambda A: A - cell.task.target  # noqa: E731
    scale = cell.threshold, cell.learning_rate
    *_, last = euler_self_consistent(cell.state.A, gradient, *scale, steps)
    return last


@pytest.mark.parametrize("shape", [(12, 7), (7, 12), (9, 9)])
def test_the_roots_are_those_of_a_decomposition(shape):
    rng = np.random.default_rng(0)
    A, B, c = rng.standard_normal(shape), rng.standard_normal(shape), 0.3
    follow = FollowedRoot(shape, c)
    for step in range(60):
        now = A * np.exp(0.005 * step) + 0.0005 * step * B
        follow.follow(now)
        for found, wanted in zip((follow.C1, follow.C2), roots(now, c), strict=True):
            size = np.sqrt(np.diag(wanted))
            # twice what a root is extrapolated to
            assert np.abs((found - wanted) / np.outer(size, size)).max() < 1e-4
    assert follow.corrections > 0
    assert follow.decompositions < 5


def test_most_roots_of_a_wide_network_are_extrapolated():
    cell = in_target_bases(prepare_cell(-1.5, 1.8, 40, rank=3, learning_rate_divisor=50))
    run = EulerTrainer(cell.state, cell.task, learning_rate=cell.learning_rate)
    run.advance(150)
    assert run.roots.decompositions == 1
    assert 10 < run.roots.corrections < 75


def test_a_root_that_jumps_is_decomposed_anew():
    rng = np.random.default_rng(1)
    follow = FollowedRoot((8, 8), 1e-6)
    for _ in range(12):
        A = rng.standard_normal((8, 8))
        follow.forget()
        follow.follow(A)
        np.testing.assert_allclose(follow.C1, roots(A, 1e-6)[0], atol=1e-12)
        np.testing.assert_allclose(follow.C2, roots(A, 1e-6)[1], atol=1e-9)


#: Active with a tiny threshold, mixed, lazy, infinite noise, narrow, one unit.
CELLS = [(-2.8, 1.8), (-1.5, 1.8), (-0.8, 2.4), (-0.3, 2.5), (-2.0, 0.7), (-1.5, 0.0)]


@pytest.mark.parametrize("place", CELLS)
@pytest.mark.parametrize("turned", [True, False])
def test_it_is_the_published_scheme(place, turned):
    cell = prepare_cell(*place, 40, rank=3, learning_rate_divisor=50)
    cell = in_target_bases(cell) if turned else cell
    run = EulerTrainer(cell.state, cell.task, learning_rate=cell.learning_rate)
    records = run.advance(150)
    wanted = last_of_reference(cell, 150)
    # the roots are known to 5e-5, and errors of a growing mode add up
    assert np.linalg.norm(run.A - wanted) < 1e-4 * np.linalg.norm(wanted)
    assert records[-1, 1] == pytest.approx(cell.task.train_error(run.A))
    assert records[-1, 2] == pytest.approx(cell.task.test_error(run.A))


def test_steps_one_by_one_are_the_same_run():
    cell = in_target_bases(prepare_cell(-1.5, 1.8, 20, rank=2))
    one, other = (
        EulerTrainer(cell.state, cell.task, learning_rate=cell.learning_rate) for _ in range(2)
    )
    one.advance(30)
    for _ in range(30):
        other.advance(1)
    np.testing.assert_array_equal(one.A, other.A)


def test_imbalance_and_any_loss():
    rng = np.random.default_rng(3)
    task = Task(rng.standard_normal((5, 4)), rng.standard_normal((5, 4)))
    state = random_state(4, 5, 50, init_variance=0.01, init_variance2=0.03, rng=0)
    run = EulerTrainer(state, task, learning_rate=0.05, loss="log_cosh")
    run.advance(40)
    gradient = log_cosh(task.target, np.ones(task.shape, dtype=bool))
    slope = lambda A: gradient(A)[1]  # noqa: E731
    *_, last = euler_self_consistent(state.A, slope, state.threshold, 0.05, 40)
    np.testing.assert_allclose(run.A, last, atol=1e-4)


def test_what_it_refuses_and_how_it_diverges():
    task = low_rank_recovery(6, rank=2, rng=0)
    state = random_state(6, 6, 100, init_variance=0.01, rng=0)
    with pytest.raises(DivergedError):
        EulerTrainer(state, task, learning_rate=10.0).advance(200)
    hidden = matrix_completion(6, 6, rank=2, fraction_observed=0.5, noise=0.1, rng=0)
    with pytest.raises(ValueError, match="task must have identity inputs and no mask"):
        EulerTrainer(state, hidden, learning_rate=0.1)
    zero = NetworkState(np.zeros((6, 6)), np.zeros((6, 6)))
    with pytest.raises(ValueError, match="threshold of the state must be > 0"):
        EulerTrainer(zero, task, learning_rate=0.1)
