"""The matrix closed form against integration, its symmetries, and its range."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.linear.closed_form import ClosedForm, closed_form, closed_form_flow
from numerics.linear.gradient_flow import gradient_flow
from numerics.linear.initial_states import random_state, self_consistent_lift, wishart_factor
from numerics.linear.single_mode import single_mode
from numerics.linear.tasks import Task, low_rank_recovery
from numerics.support.errors import OutOfRangeError

# The bound.  The integrator's tolerance of 1e-12 a step leaves about 1e-11.
BOUND = 1e-9

haar = np.linalg.qr


def matrices(d_out, d_in, seed, rank=None):
    rng = np.random.default_rng(seed)
    k = min(d_out, d_in) if rank is None else rank
    Y = rng.standard_normal((d_out, k)) @ rng.standard_normal((k, d_in))
    return Y, 0.3 * rng.standard_normal((d_out, d_in))


@settings(deadline=None, max_examples=25, derandomize=True, database=None)
@given(
    shape=st.tuples(st.integers(1, 8), st.integers(1, 8)),
    scales=st.tuples(st.floats(-3, 1.5), st.floats(-3, 1.5)),
    rank=st.integers(1, 8),
    seed=st.integers(0, 10**6),
)
def test_it_is_the_integrated_flow(shape, scales, rank, seed):
    Y, A0 = matrices(*shape, seed, min(rank, *shape))
    c1, c2 = (10.0**x for x in scales)
    rate = np.hypot(np.linalg.norm(Y, 2), (c1 + c2) / 2)
    times = np.array([0.0, 0.03, 0.3, 1.0, 3.0, 10.0]) / rate
    exact = closed_form(A0, Y, c1=c1, times=times, c2=c2)
    task = Task(target=Y, truth=Y)
    flow = gradient_flow(self_consistent_lift(A0, c1, c2), task, times, rtol=1e-12, atol=1e-14)
    assert np.abs(exact - flow.A.values).max() <= BOUND * np.linalg.norm(Y, 2)


@pytest.mark.parametrize("factor", [1.02, 0.98])
def test_the_comparison_would_catch_a_threshold_off_by_two_percent(factor):
    Y, A0 = matrices(4, 5, 0)
    task = Task(target=Y, truth=Y)
    flow = gradient_flow(self_consistent_lift(A0, 0.5, 0.2), task, [0.5], rtol=1e-12, atol=1e-14)
    wrong = closed_form(A0, Y, c1=factor * 0.5, times=[0.5], c2=factor * 0.2)
    assert np.abs(wrong - flow.A.values).max() > 1e4 * BOUND * np.linalg.norm(Y, 2)


@pytest.mark.parametrize("c", [1e-6, 1e-2, 1.0, 1e3])
def test_from_zero_it_is_one_formula_a_mode(c):
    Y, _ = matrices(6, 4, 1)
    times = np.array([0.0, 0.1, 1.0, 5.0])
    U, y, V_T = np.linalg.svd(Y, full_matrices=False)
    modes, _ = single_mode(y, 0.0, c, time=times[:, None])
    solution = closed_form(np.zeros_like(Y), Y, c1=c, times=times)
    # Entries of Q are of the size of Y or c, and so is the round-off of A.
    scale = np.linalg.norm(Y, 2) + c
    np.testing.assert_allclose(solution, (U * modes[:, None, :]) @ V_T, atol=1e-13 * scale)


@pytest.mark.parametrize("shape", [(4, 6), (6, 4), (5, 5)])
@pytest.mark.parametrize("c", 10.0 ** np.array([-150, -50, -12, -3, 0, 6, 50, 150]))
def test_from_zero_any_threshold_is_resolved(shape, c):
    Y, _ = matrices(*shape, 5, rank=3)
    U, y, V_T = np.linalg.svd(Y, full_matrices=False)
    crossing = np.log1p(2 * y[0] / c) / (2 * np.hypot(y[0], c))
    times = crossing * np.array([0.0, 0.5, 0.9, 1.0, 1.1, 1.5, 2.0, 5.0, 50.0])
    modes, _ = single_mode(y, 0.0, c, time=times[:, None])
    solution = closed_form(np.zeros_like(Y), Y, c1=c, times=times)
    # entries of Q are of the size of Y or c, and so is the round-off of A
    bound = 1e-13 * max(y[0], c)
    np.testing.assert_allclose(solution, (U * modes[:, None, :]) @ V_T, rtol=0, atol=bound)


@pytest.mark.parametrize(("c1", "c2"), [(0.6, 0.1), (0.1, 0.6), (0.7, 1e-12), (1e-12, 0.7)])
@pytest.mark.parametrize("shape", [(4, 6), (6, 4)])
def test_from_zero_only_the_mean_scale_matters_to_a_mode(shape, c1, c2):
    Y, _ = matrices(*shape, 6)
    U, y, V_T = np.linalg.svd(Y, full_matrices=False)
    times = np.array([0.1, 1.0, 4.0])
    modes, _ = single_mode(y, 0.0, (c1 + c2) / 2, time=times[:, None])
    # round-off of a few inverses of matrices of norm 5
    np.testing.assert_allclose(
        closed_form(np.zeros_like(Y), Y, c1=c1, times=times, c2=c2),
        (U * modes[:, None, :]) @ V_T,
        atol=1e-12,
    )


@pytest.mark.parametrize(("seed", "resolved"), [(7, True), (8, False), (9, True), (10, False)])
def test_a_start_that_float64_does_not_resolve_is_refused_not_answered_wrongly(seed, resolved):
    """A start that must pass a saddle is lost far below it; every answer given is right."""
    Y, A0 = matrices(3, 3, seed)
    task, times, refused = Task(target=Y, truth=Y), [0.0, 0.3, 1.0, 2.0], []
    for c in (1e-13, 1e-10, 1e-7, 1e-5, 1e-3, 1e-1):
        try:
            exact = closed_form(A0, Y, c1=c, times=times)
        except OutOfRangeError:
            refused.append(c)
            continue
        lift = self_consistent_lift(A0, c)
        flow = gradient_flow(lift, task, times, rtol=1e-13, atol=1e-15)
        assert np.abs(exact - flow.A.values).max() <= BOUND * np.linalg.norm(Y, 2)
    assert refused == ([] if resolved else [1e-13, 1e-10, 1e-7, 1e-5])


@pytest.mark.parametrize("time", [-1.0, np.nan])
def test_time_must_be_nonnegative(time):
    Y, A0 = matrices(3, 3, 8)
    with pytest.raises(ValueError, match="time must be nonnegative, got"):
        ClosedForm(A0, Y, c1=0.4)(time)


def test_ends_of_time():
    Y, A0 = matrices(5, 3, 2)
    solution = ClosedForm(A0, Y, c1=0.4, c2=0.1)
    np.testing.assert_allclose(solution(0.0), A0, atol=1e-13)
    np.testing.assert_allclose(solution(np.inf), Y, atol=1e-13)
    np.testing.assert_allclose(solution(1e6), Y, atol=1e-13)


def test_symmetries():
    Y, A0 = matrices(5, 3, 3)
    rng = np.random.default_rng(3)
    (U, _), (V, _) = haar(rng.standard_normal((5, 5))), haar(rng.standard_normal((3, 3)))
    plain = ClosedForm(A0, Y, c1=0.4, c2=0.1)(0.7)
    bound = {"rtol": 0, "atol": 1e-13}  # a few products of matrices of norm below 5
    np.testing.assert_allclose(
        ClosedForm(U @ A0 @ V, U @ Y @ V, c1=0.4, c2=0.1)(0.7), U @ plain @ V, **bound
    )
    np.testing.assert_allclose(ClosedForm(A0.T, Y.T, c1=0.1, c2=0.4)(0.7), plain.T, **bound)
    np.testing.assert_allclose(
        ClosedForm(3 * A0, 3 * Y, c1=1.2, c2=0.3)(0.7 / 3), 3 * plain, **bound
    )
    onward = ClosedForm(ClosedForm(A0, Y, c1=0.4, c2=0.1)(0.3), Y, c1=0.4, c2=0.1)(0.4)
    np.testing.assert_allclose(onward, plain, **bound)


def test_core_is_the_solution_in_the_targets_bases():
    Y, A0 = matrices(4, 6, 4)
    solution = ClosedForm(A0, Y, c1=0.4, c2=0.1)
    rotated = solution.left @ solution.core(0.6) @ solution.right.T
    np.testing.assert_allclose(rotated, solution(0.6), atol=1e-14)


def test_a_wide_network_approaches_it_like_the_root_of_the_width():
    task = low_rank_recovery(8, rank=2, rng=0)
    widths, c, seeds = np.array([1e4, 1e5, 1e6, 1e7]), 2.0, range(6)
    times = [0.02, 0.1, 0.3]
    gaps = []
    for width in widths:
        squares = []
        for seed in seeds:
            state = wishart_factor(8, 8, width, init_variance=c / width, rng=seed)
            flow = gradient_flow(state, task, times, rtol=1e-11, atol=1e-13)
            exact = closed_form(state.A, task.target, c1=c, times=times)
            squares.append(np.square(flow.A.values - exact).sum(axis=(1, 2)).max())
        gaps.append(np.sqrt(np.mean(squares)))
    slope = np.polyfit(np.log(widths), np.log(gaps), 1)[0]
    # Six replicates of a sum of 64 squares: 5 % a size, 0.01 in the slope over three decades.
    assert slope == pytest.approx(-0.5, abs=0.04)


def test_as_a_dataset():
    task = low_rank_recovery(4, 6, rank=2, rng=0)
    state = random_state(4, 6, 1e5, init_variance=1e-5, init_variance2=3e-5, rng=1)
    run = closed_form_flow(state, task, [0.0, 0.1, 0.2], dynamics="self_consistent")
    flow = gradient_flow(
        state, task, [0.0, 0.1, 0.2], dynamics="self_consistent", rtol=1e-12, atol=1e-14
    )
    assert run.A.dims == flow.A.dims
    np.testing.assert_allclose(run.test_error, flow.test_error, rtol=BOUND)


@pytest.mark.parametrize(("c1", "c2"), [(0.4, 0.4), (0.5, 0.1), (0.1, 0.6)])
def test_its_blocks_are_those_of_the_flow(c1, c2):
    Y, A0 = matrices(5, 3, 4)
    lift, times = self_consistent_lift(A0, c1, c2), [0.0, 0.2, 1.0]
    options = {"rtol": 1e-12, "atol": 1e-14, "keep_weights": True}
    flow = gradient_flow(lift, Task(Y, Y), times, **options)
    run = closed_form_flow(lift, Task(Y, Y), times, keep_blocks=True)
    for k in range(3):
        W1, W2 = flow.W1.values[k], flow.W2.values[k]
        np.testing.assert_allclose(run.C1[k], W1.T @ W1, atol=BOUND)
        np.testing.assert_allclose(run.C2[k], W2 @ W2.T, atol=BOUND)
        np.testing.assert_allclose(run.A[k], W2 @ W1, atol=BOUND)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ((np.zeros((2, 2)), np.eye(2), -1.0, 1.0), "c1 must be"),
        ((np.zeros((2, 2)), np.eye(2), 1e-310, 1.0), "c1 must be 0 or a normal float"),
        ((np.zeros((2, 2)), np.eye(2), 1.0, -1.0), "c2 must be"),
        ((np.zeros((2, 3)), np.eye(2), 1.0, 1.0), "A0 must"),
        ((np.zeros((2, 2)), np.full((2, 2), np.inf), 1.0, 1.0), "target must"),
    ],
)
def test_bad_input(arguments, rule):
    with pytest.raises(ValueError, match=rule):
        A0, target, c1, c2 = arguments
        ClosedForm(A0, target, c1=c1, c2=c2)
