"""The closed form from lambda-balanced weights against the weights' flow, its limits, its range."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from numerics.linear.closed_form import ClosedForm, closed_form, closed_form_flow
from numerics.linear.initial_states import (
    balanced_factor,
    explicit_weights,
    lambda_balanced,
    random_state,
    self_consistent_lift,
)
from numerics.linear.network_state import NetworkState
from numerics.linear.tasks import Task, linear_regression, matrix_completion
from numerics.support.errors import OutOfRangeError

# The bound; DOP853 at rtol 1e-13 leaves 1e-12 of its own.
BOUND = 1e-9
#: Times in units of 1/||Ft||: before anything moves, on the way, and when all is learned.
TIMES = (1e-8, 0.03, 0.5, 2.0, 8.0, 40.0)
SLOW = pytest.mark.slow
IMBALANCES = (0.0, 1.0, pytest.param(-1.0, marks=SLOW), pytest.param(50.0, marks=SLOW), -50.0)
#: (d_in, d_out, width): one neuron, below, between and above the dimensions, equal or not.
SHAPES = (
    (1, 1, 1),
    (4, 4, 1),
    (6, 2, 1),
    (2, 7, 1),
    (1, 5, 1),
    (5, 1, 1),
    (4, 6, 2),
    (6, 4, 2),
    (8, 8, 3),
    (7, 5, 4),
    (5, 5, 5),
    (3, 7, 3),
    (7, 3, 3),
    (7, 3, 5),
    (3, 7, 5),
    (8, 2, 8),
    (2, 8, 8),
    (4, 3, 9),
    (3, 4, 12),
    (2, 2, 6),
)


def balanced(d_in, d_out, width, imbalance, seed=0):
    """Lambda-balanced weights; units beyond those that the imbalance admits are mixed in."""
    most = {1: d_in, -1: d_out, 0: width}[int(np.sign(imbalance))]
    # Without imbalance a square A keeps the sign of its determinant: the target's, if aligned.
    aligned = target(d_in, d_out) if d_in == d_out <= width else None
    state = lambda_balanced(
        d_in,
        d_out,
        min(width, most),
        imbalance=imbalance,
        singular_values=0.3,
        target=aligned,
        rng=seed,
    )
    if width <= most:
        return state
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((width, most)))[0]
    return NetworkState(turn @ state.W1, state.W2 @ turn.T)


def integrated(W1, W2, Y, times, gradient=lambda A, Y: A - Y):
    """A, C1 and C2 of the two layers' own equations, in plain NumPy and SciPy."""
    shape = W1.shape

    def rate(_, weights):
        first, second = weights[: W1.size].reshape(shape), weights[W1.size :].reshape(W2.shape)
        G = gradient(second @ first, Y)
        return -np.concatenate([(second.T @ G).ravel(), (G @ first.T).ravel()])

    start = np.concatenate([W1.ravel(), W2.ravel()])
    run = solve_ivp(
        rate, (0, times[-1]), start, method="DOP853", t_eval=times, rtol=1e-13, atol=1e-15
    )
    for weights in run.y.T:
        first, second = weights[: W1.size].reshape(shape), weights[W1.size :].reshape(W2.shape)
        yield second @ first, first.T @ first, second @ second.T


def target(d_in, d_out, seed=1):
    return 2 * np.random.default_rng([seed, d_in, d_out]).standard_normal((d_out, d_in))


def gap(found, expected, scale):
    return max(np.abs(x - y).max() for x, y in zip(found, expected, strict=True)) / scale


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("imbalance", IMBALANCES)
def test_it_is_the_integrated_flow_of_the_weights(shape, imbalance):
    state, Y = balanced(*shape, imbalance), target(*shape[:2])
    scale = np.hypot(np.linalg.norm(Y, 2), imbalance / 2)
    times = np.array(TIMES) / scale
    solution = ClosedForm.from_state(state, Task(Y, Y))
    for time, exact in zip(times, integrated(state.W1, state.W2, Y, times), strict=True):
        blocks = solution.blocks(time)
        assert gap(blocks, exact, scale) <= BOUND
        assert np.abs(solution(time) - exact[0]).max() <= BOUND * np.linalg.norm(Y, 2)


@pytest.mark.parametrize("imbalance", IMBALANCES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_end_is_the_best_approximation_of_the_rank(shape, imbalance):
    state, Y = balanced(*shape, imbalance), target(*shape[:2])
    solution = ClosedForm.from_state(state, Task(Y, Y))
    left, values, right_T = np.linalg.svd(Y)
    rank = min(shape)
    best = (left[:, :rank] * values[:rank]) @ right_T[:rank]
    bound = 1e-13 * max(values[0], abs(imbalance))
    # Distinct singular values: by 1e9 the last of them is learned.
    for time in (1e9, 1e250, np.inf):
        A, C1, C2 = solution.blocks(time)
        np.testing.assert_allclose(A, best, atol=bound)
        np.testing.assert_allclose(
            np.trace(C1) - np.trace(C2), imbalance_of(state), atol=20 * bound
        )


def imbalance_of(state):
    return np.trace(state.C1) - np.trace(state.C2)


@pytest.mark.parametrize(("c1", "c2"), [(1.0, 0.0), (0.0, 1.0), (50.0, 0.0), (0.0, 0.0)])
@pytest.mark.parametrize("shape", [(4, 6), (6, 4), (3, 3), (1, 5)])
def test_a_scale_of_zero(shape, c1, c2):
    Y, A0 = target(*shape), 0.2 * target(*shape, seed=2)
    start = balanced_factor(A0) if c1 == c2 else self_consistent_lift(A0, c1, c2)
    scale = np.hypot(np.linalg.norm(Y, 2), (c1 + c2) / 2)
    times = np.array(TIMES) / scale
    found = closed_form(A0, Y, times, c1=c1, c2=c2)
    for A, exact in zip(found, integrated(start.W1, start.W2, Y, times), strict=True):
        assert np.abs(A - exact[0]).max() <= BOUND * np.linalg.norm(Y, 2)
    np.testing.assert_allclose(ClosedForm(A0, Y, c1=c1, c2=c2)(0.0), A0, atol=1e-14)


@pytest.mark.parametrize("imbalance", [0.0, 1.0, -50.0])
def test_a_start_of_1e_minus_12_leaves_its_saddle_in_time(imbalance):
    """Growth by 1e24 on the way; the logistic curve of one neuron from an aligned start."""
    y, small = 3.0, 1e-12
    W1, W2 = (np.sqrt([[max(x, 0.0) + small]]) for x in (imbalance, -imbalance))
    solution = ClosedForm.from_state(NetworkState(W1, W2), Task([[y]], [[y]]))
    times = np.linspace(0, 12, 7) / y
    for time, exact in zip(times, integrated(W1, W2, np.array([[y]]), times), strict=True):
        assert gap(solution.blocks(time), exact, max(y, abs(imbalance))) <= BOUND


def test_rounding_of_the_target_does_not_part_equal_singular_values():
    """A neuron before a multiple of an orthogonal matrix learns the direction it starts with."""
    Y = 2 * np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    state = lambda_balanced(5, 5, 1, imbalance=0.0, singular_values=0.1, rng=1)
    W1, W2 = state.W1, state.W2
    start = W1.T + Y.T @ W2 / 2
    v = start / np.linalg.norm(start)
    for time in (1e4, 1e18, np.inf):
        found = ClosedForm.from_state(state, Task(Y, Y))(time)
        np.testing.assert_allclose(found, Y @ v @ v.T, atol=1e-12)


def test_a_saddle_is_not_left_by_rounding():
    """Aligned with the second mode alone: exact while rounding is small, and refused after it."""
    Y = target(5, 4)
    left, values, right_T = np.linalg.svd(Y)
    root = np.sqrt(0.1)
    state = NetworkState(root * right_T[1:2], root * left[:, 1:2])
    solution = ClosedForm.from_state(state, Task(Y, Y))
    settled = values[1] * np.outer(left[:, 1], right_T[1])
    np.testing.assert_allclose(solution(8 / values[1]), settled, atol=1e-4)
    for time in (36 / (values[0] - values[1]), 1e9, np.inf):
        with pytest.raises(OutOfRangeError, match="rounding of the start has not grown"):
            solution(time)


@pytest.mark.parametrize("dims", [(1, 1, 1), (2, 2, 6), (3, 3, 3)])
def test_a_start_of_the_wrong_orientation_ends_at_a_saddle(dims):
    """Without imbalance det(A) keeps its sign: what rounding makes of it late is no answer."""
    Y = np.diag([3.0, 2.0, 1.0])[: dims[0], : dims[0]]
    Y = np.linalg.qr(np.random.default_rng(0).standard_normal(Y.shape))[0] @ Y
    seeds = range(8)
    late = 0
    for seed in seeds:
        state = lambda_balanced(*dims, imbalance=0.0, singular_values=0.2, rng=seed)
        solution = ClosedForm.from_state(state, Task(Y, Y))
        if np.linalg.det(state.A) * np.linalg.det(Y) > 0:
            np.testing.assert_allclose(solution(np.inf), Y, atol=1e-13)
            late += 1
            continue
        with pytest.raises(OutOfRangeError, match="decides in which direction"):
            solution(np.inf)
    assert 0 < late < len(seeds)


def test_a_saddle_without_rounding_is_kept():
    Y = np.diag([3.0, 2.0])
    state = NetworkState([[0.0, 0.3]], [[0.0], [0.3]])
    np.testing.assert_allclose(
        ClosedForm.from_state(state, Task(Y, Y))(np.inf), np.diag([0.0, 2.0]), atol=1e-15
    )


def test_nothing_starts_from_nothing():
    state = NetworkState(np.zeros((2, 3)), np.zeros((4, 2)))
    Y = target(3, 4)
    assert not ClosedForm.from_state(state, Task(Y, Y))(np.inf).any()


@pytest.mark.parametrize("dims", [(4, 4, 6), (4, 6, 4), (3, 2, 3), (3, 40, 3)])
def test_a_state_on_no_invariant_is_refused_with_its_distance(dims):
    d_in, width, d_out = dims
    state = explicit_weights(d_in, d_out, width, init_variance=0.3, rng=0)
    Y = target(d_in, d_out)
    with pytest.raises(
        OutOfRangeError, match=r"state must be lambda-balanced.* distance of 0\.\d+ from it"
    ):
        ClosedForm.from_state(state, Task(Y, Y))


@pytest.mark.parametrize("seed", range(3))
def test_every_neuron_is_balanced(seed):
    state, Y = explicit_weights(4, 3, 1, init_variance=0.5, rng=seed), target(4, 3)
    times = np.array(TIMES) / np.linalg.norm(Y, 2)
    run = closed_form_flow(state, Task(Y, Y), times)
    for A, exact in zip(run.A.values, integrated(state.W1, state.W2, Y, times), strict=True):
        assert np.abs(A - exact[0]).max() <= BOUND * np.linalg.norm(Y, 2)


def test_the_distance_is_that_of_the_eigenvalues_of_the_balancedness():
    W1, W2 = np.diag([1.0, 1.0, 0.0])[:2], np.diag([0.6, 0.8, 0.0])[:, :2]
    # 1 - 0.36 and 1 - 0.64: both 0.14 from their mean; ||Q|| = 1.64
    with pytest.raises(OutOfRangeError, match=f"{0.14 * np.sqrt(2) / 1.64:.2g} from it"):
        ClosedForm.from_state(NetworkState(W1, W2), Task(np.eye(3), np.eye(3)))


@pytest.mark.parametrize("scale", [1.0, 1 + 1e-9])
def test_weights_near_the_invariant_are_those_within_rounding(scale):
    state = lambda_balanced(5, 4, 3, imbalance=1.0, singular_values=0.3, rng=0)
    W2 = state.W2 * np.array([1.0, 1.0, scale])[:, None][:3].T
    moved, task = NetworkState(state.W1, W2), Task(target(5, 4), target(5, 4))
    if scale == 1:
        ClosedForm.from_state(moved, task)
        return
    with pytest.raises(OutOfRangeError, match="distance"):
        ClosedForm.from_state(moved, task)


def test_weights_of_infinite_width_are_known_by_their_balancedness():
    """The scales are read from weights that do not say them."""
    Y, A0 = target(4, 3), 0.2 * target(4, 3, seed=2)
    lift = self_consistent_lift(A0, 0.7, 0.2)
    own = ClosedForm.from_state(NetworkState(lift.W1, lift.W2), Task(Y, Y))
    np.testing.assert_allclose(own(0.3), ClosedForm(A0, Y, c1=0.7, c2=0.2)(0.3), atol=1e-13)
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((50, 7)))[0]
    wide = NetworkState(turn @ lift.W1, lift.W2 @ turn.T)
    np.testing.assert_allclose(ClosedForm.from_state(wide, Task(Y, Y))(0.3), own(0.3), atol=1e-13)


@pytest.mark.parametrize("samples", [4, 9])
def test_whitened_inputs_reduce_to_none(samples):
    rng = np.random.default_rng(0)
    X = np.sqrt(2.5) * np.linalg.qr(rng.standard_normal((samples, 4)))[0].T
    Y = rng.standard_normal((3, samples))
    state = lambda_balanced(4, 3, 2, imbalance=0.4, singular_values=0.2, rng=1)
    task, times = Task(Y, np.zeros((3, 4)), inputs=X), np.array([0.1, 0.5, 2.0])
    flow = closed_form_flow(state, task, times, keep_blocks=True)
    own = integrated(state.W1, state.W2, Y, times, lambda A, Y: (A @ X - Y) @ X.T)
    for k, exact in enumerate(own):
        found = (flow.A.values[k], flow.C1.values[k], flow.C2.values[k])
        assert gap(found, exact, 1.0) <= BOUND
        residual = exact[0] @ X - Y
        assert float(flow.train_error[k]) == pytest.approx(np.mean(residual**2), rel=BOUND)


def test_tasks_without_a_closed_form_are_refused():
    state = lambda_balanced(4, 4, 2, imbalance=0.4, singular_values=0.2, rng=1)
    inputs = linear_regression(np.eye(4), np.diag([1.0, 1.0, 1.0, 2.0]))
    with pytest.raises(OutOfRangeError, match=r"task must have identity inputs.* distance of 0\.6"):
        ClosedForm.from_state(state, inputs)
    masked = matrix_completion(4, 4, rank=1, fraction_observed=0.5, noise=0.0, rng=0)
    with pytest.raises(OutOfRangeError, match="task must observe every entry, got a mask"):
        ClosedForm.from_state(state, masked)
    with pytest.raises(ValueError, match=r"state and task must have one shape .* \(4, 4\) and"):
        ClosedForm.from_state(state, Task(np.eye(3), np.eye(3)))


def test_a_random_network_is_refused_and_its_two_limits_are_not():
    state = random_state(4, 6, 1e4, init_variance=1e-4, rng=0)
    Y = target(4, 6)
    task = Task(Y, Y)
    with pytest.raises(OutOfRangeError, match="distance"):
        closed_form_flow(state, task, [0.1])
    for dynamics, scales in (
        ("self_consistent", {"c1": state.c1, "c2": state.c2}),
        ("balanced", {"c1": 0.0}),
    ):
        run = closed_form_flow(state, task, [0.1], dynamics=dynamics)
        np.testing.assert_allclose(run.A[0], ClosedForm(state.A, Y, **scales)(0.1), atol=1e-13)
