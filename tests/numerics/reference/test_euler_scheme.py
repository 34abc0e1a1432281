"""The published Euler scheme: its rate by the definition, its order, and what it refuses."""

import itertools

import numpy as np
import pytest
import scipy.linalg
from scipy.integrate import quad

from numerics.linear.closed_form import ClosedForm
from numerics.linear.gradient_flow import gradient_flow
from numerics.linear.initial_states import self_consistent_lift
from numerics.linear.tasks import Task, matrix_completion
from numerics.reference.euler_scheme import (
    euler_self_consistent,
    self_consistent_flow,
    self_consistent_rate,
)
from numerics.reference.explicit_training import log_cosh

SHAPES = [(5, 3), (3, 5), (4, 4), (1, 6), (6, 1)]


def matrix(shape, seed, rank=None):
    """A matrix of given rank: spectrum first, then rotated."""
    rng = np.random.default_rng(seed)
    rank = min(shape) if rank is None else rank
    U, V = (np.linalg.qr(rng.standard_normal((d, d)))[0][:, :rank] for d in shape)
    return (U * np.linspace(2.0, 0.3, rank)) @ V.T


def rate_by_definition(A, G, c):
    second = scipy.linalg.sqrtm(A @ A.T + c**2 * np.eye(A.shape[0]))
    first = scipy.linalg.sqrtm(A.T @ A + c**2 * np.eye(A.shape[1]))
    return -(second @ G + G @ first)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("threshold", [1e-3, 0.5, 30.0])
def test_the_rate_is_equation_1_with_its_square_roots(shape, threshold):
    A, G = matrix(shape, 0), np.random.default_rng(1).standard_normal(shape)
    expected = rate_by_definition(A, G, threshold)
    # round-off of two square roots and two products
    bound = 1e-13 * np.abs(expected).max()
    np.testing.assert_allclose(self_consistent_rate(A, G, threshold), expected, atol=bound)


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_directions_that_the_matrix_lacks_move_at_the_lazy_rate(rank):
    shape = (4, 3)
    A, G = matrix(shape, 2, rank), np.random.default_rng(3).standard_normal(shape)
    expected = rate_by_definition(A, G, 0.7)
    np.testing.assert_allclose(self_consistent_rate(A, G, 0.7), expected, atol=1e-13)
    if rank == 0:
        np.testing.assert_array_equal(self_consistent_rate(A, G, 0.7), -2 * 0.7 * G)


def test_a_matrix_far_below_the_threshold_still_counts():
    """At A/c = 1e-6 the correction A^2/(2c) is 1e-12 of c; a difference of roots would lose it."""
    A, G = np.array([[1e-6]]), np.array([[1.0]])
    rate = self_consistent_rate(A, G, 1.0)[0, 0]
    # -2 sqrt(1 + 1e-12), correctly rounded but for the last place
    assert abs(rate + 2 * (1 + 5e-13)) <= 4.5e-16


def test_the_iterates_by_hand():
    target = np.array([[2.0]])
    steps = list(euler_self_consistent([[0.0]], lambda A: A - target, 0.75, 0.1, 2))
    first = 0.1 * 2 * 0.75 * 2
    second = first + 0.1 * 2 * np.hypot(first, 0.75) * (2 - first)
    # a few roundings
    np.testing.assert_allclose(np.ravel(steps), [0.0, first, second], rtol=1e-15)


def test_iterates_are_counted_from_the_start_and_belong_to_the_caller():
    A0 = matrix((3, 4), 4)
    kept = A0.copy()
    iterates = euler_self_consistent(A0, lambda A: A, 0.5, 0.1, 5)
    found = [next(iterates)]
    found[0][...] = np.nan  # must not reach the scheme
    found += list(iterates)
    assert len(found) == 6
    np.testing.assert_array_equal(A0, kept)
    assert np.isfinite(found[1]).all()
    np.testing.assert_allclose(found[1], kept + 0.1 * self_consistent_rate(kept, kept, 0.5))
    assert all(np.abs(a - b).max() > 0 for a, b in itertools.pairwise(found[1:]))


@pytest.mark.parametrize("shape", [(4, 6), (5, 2)])
def test_it_approaches_the_closed_form_at_first_order(shape):
    Y, A0 = matrix(shape, 5), 0.2 * matrix(shape, 6)
    end, counts, gaps = 0.8, np.array([200, 400, 800, 1600]), []
    exact = ClosedForm(A0, Y, c1=0.3)(end)
    for count in counts:
        *_, A = euler_self_consistent(A0, lambda A: A - Y, 0.3, end / count, count)
        gaps.append(np.linalg.norm(A - exact))
    slope = np.polyfit(np.log(counts), np.log(gaps), 1)[0]
    # the second order contributes about a hundredth of the gap at the coarsest step
    assert slope == pytest.approx(-1.0, abs=0.02)


def test_extrapolated_it_is_the_flow_of_a_masked_loss_that_is_not_quadratic():
    task = matrix_completion(5, 4, rank=2, fraction_observed=0.7, noise=0.3, rng=0)
    gradient, A0, c, end = log_cosh(task.target, task.mask), 0.3 * matrix((4, 5), 7), 0.4, 0.5
    ends = []
    for count in (500, 1000, 2000, 4000):
        *_, A = euler_self_consistent(A0, lambda A: gradient(A)[1], c, end / count, count)
        ends.append(A)
    while len(ends) > 1:  # Richardson: each round takes one more power of the step away
        power = 2.0 ** (5 - len(ends))
        ends = [(power * b - a) / (power - 1) for a, b in itertools.pairwise(ends)]
    flow = gradient_flow(self_consistent_lift(A0, c), task, [end], loss="log_cosh", rtol=1e-12)
    # the error of the coarsest step, 1e-3, to the fourth power, times powers of the rate
    np.testing.assert_allclose(ends[0], flow.A.values[0], atol=1e-10)


def test_imbalance_does_not_enter_so_one_threshold_is_enough():
    Y, A0 = matrix((3, 4), 8), 0.2 * matrix((3, 4), 9)
    task = Task(target=Y, truth=Y)
    flow = gradient_flow(self_consistent_lift(A0, 0.9, 0.1), task, [0.3], rtol=1e-12, atol=1e-14)
    gaps = []
    for count in (1000, 2000):
        *_, A = euler_self_consistent(A0, lambda A: A - Y, 0.5, 0.3 / count, count)
        gaps.append(A - flow.A.values[0])
    # what is left after one extrapolation is second order: (3e-4)^2 times powers of the rate
    assert np.abs(2 * gaps[1] - gaps[0]).max() < 1e-6 < np.abs(gaps[0]).max()


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (([[np.nan]], abs, 1.0, 0.1, 1), "A0 must be finite"),
        (([1.0], abs, 1.0, 0.1, 1), "A0 must be 2-dimensional"),
        (([[1.0]], abs, 0.0, 0.1, 1), "threshold must be > 0"),
        (([[1.0]], abs, 1.0, -0.1, 1), "learning_rate must be > 0"),
        (([[1.0]], abs, 1.0, 0.1, 0), "iterations must be an integer >= 1"),
    ],
)
def test_bad_input(arguments, rule):
    with pytest.raises(ValueError, match=rule):
        list(euler_self_consistent(*arguments))


def test_the_flow_of_one_mode_takes_the_time_that_quadrature_gives():
    """t = int_0^s da/(2 sqrt(a^2 + c^2) (y - a))."""
    target, c, end = 2.0, 0.3, 1.4
    time = quad(lambda a: 1 / (2 * np.hypot(a, c) * (target - a)), 0, end, epsabs=0, epsrel=1e-12)
    found = self_consistent_flow([[0.0]], lambda A: A - target, c, [time[0]])
    assert found[0, 0, 0] == pytest.approx(end, rel=1e-10)
