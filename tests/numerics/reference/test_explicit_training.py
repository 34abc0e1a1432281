"""The reference: its gradients, its updates, its flow, and its independence."""

import ast
import inspect
import math

import numpy as np
import pytest

from numerics.reference import explicit_training
from numerics.reference.explicit_training import (
    gradient_descent,
    gradient_flow,
    huber,
    log_cosh,
    squared,
)
from numerics.support.errors import DivergedError

LOSSES = {"squared": squared, "huber": lambda *args: huber(*args, delta=0.7), "log_cosh": log_cosh}


def weights(d_in=3, d_out=4, width=6, scale=0.5, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    W1 = scale * rng.standard_normal((width, d_in))
    W2 = scale * rng.standard_normal((d_out, width))
    return W1.astype(dtype), W2.astype(dtype)


def problem(seed=1, n=5):
    """Target (4, n), a mask, inputs (3, n) and a point A (4, 3)."""
    rng = np.random.default_rng(seed)
    target, inputs, A = (rng.standard_normal(shape) for shape in ((4, n), (3, n), (4, 3)))
    return target, rng.random((4, n)) < 0.6, inputs, A


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("with_inputs", [False, True])
def test_gradients_match_finite_differences(name, masked, with_inputs):
    target, mask, inputs, A = problem(n=5 if with_inputs else 3)
    args = (target, mask if masked else None, inputs if with_inputs else None)
    gradient = LOSSES[name](*args)
    _, G = gradient(A)
    h = 1e-5
    numeric = np.empty_like(A)
    for index in np.ndindex(*A.shape):
        shift = np.zeros_like(A)
        shift[index] = h
        numeric[index] = (gradient(A + shift)[0] - gradient(A - shift)[0]) / (2 * h)
    # central difference: truncation h^2 = 1e-10 and rounding 10 eps / h = 2e-10, times five
    assert np.allclose(G, numeric, rtol=0, atol=1.5e-9)


@pytest.mark.parametrize(
    ("name", "value", "slope"),
    [
        ("squared", lambda r: r * r / 2, lambda r: r),
        (
            "huber",
            lambda r: r * r / 2 if abs(r) <= 0.7 else 0.7 * (abs(r) - 0.35),
            lambda r: r if abs(r) <= 0.7 else math.copysign(0.7, r),
        ),
        ("log_cosh", lambda r: math.log(math.cosh(r)), math.tanh),
    ],
)
@pytest.mark.parametrize("r", [-3.0, -0.99, -0.7, 0.0, 0.5, 0.7, 1.0, 1.01, 20.0])
def test_losses_by_their_definition(name, value, slope, r):
    loss, G = LOSSES[name]([[0.0]])(np.array([[r]]))
    # one elementary function of a number of order 1; log(cosh) itself cancels below 1
    assert math.isclose(loss, value(r), rel_tol=1e-14, abs_tol=1e-15)
    assert math.isclose(G[0, 0], slope(r), rel_tol=1e-14)


def test_log_cosh_neither_cancels_nor_overflows():
    gradient = log_cosh([[0.0]])
    # log cosh r = r^2/2 (1 - r^2/6 + ...): to 1e-17 at r = 1e-8
    assert math.isclose(gradient(np.array([[1e-8]]))[0], 5e-17, rel_tol=1e-14)
    # |r| - log 2 beyond r = 20, to the last digit
    assert gradient(np.array([[1e5]]))[0] == 1e5 - math.log(2)


@pytest.mark.parametrize("filler", [99.0, np.nan, np.inf])
def test_hidden_entries_have_no_influence(filler):
    target, mask, inputs, A = problem()
    changed = np.where(mask, target, filler)
    for build in LOSSES.values():
        loss, G = build(target, mask, inputs)(A)
        other_loss, other_G = build(changed, mask, inputs)(A)
        assert loss == other_loss
        assert np.array_equal(G, other_G)


@pytest.mark.parametrize("update", ["simultaneous", "sequential"])
def test_one_step_by_hand(update):
    # A = 2 * 1 = 2, target 5: G = -3, eta = 0.1
    run = gradient_descent(np.array([[1.0]]), np.array([[2.0]]), squared([[5.0]]), 0.1, 1, update)
    W1 = 1 + 0.1 * 3 * 2
    W2 = 2 + 0.1 * 3 * (W1 if update == "sequential" else 1)
    # three roundings
    assert math.isclose(run.W1[0, 0], W1, rel_tol=1e-15)
    assert math.isclose(run.W2[0, 0], W2, rel_tol=1e-15)
    assert run.A.ravel() == pytest.approx([2, W1 * W2], rel=1e-15)
    assert run.losses == pytest.approx([4.5, (W1 * W2 - 5) ** 2 / 2], rel=1e-14)


@pytest.mark.parametrize("update", ["simultaneous", "sequential"])
def test_steps_follow_the_finite_difference_gradient_of_the_weights(update):
    W1, W2 = weights()
    target, mask, inputs, _ = problem()
    gradient = log_cosh(target, mask, inputs)
    run = gradient_descent(W1, W2, gradient, 0.01, 1, update)
    moved1, moved2 = (W1 - run.W1) / 0.01, (W2 - run.W2) / 0.01
    h, G = 1e-5, gradient(W2 @ W1)[1]
    for W, moved, start in ((W1, moved1, "W1"), (W2, moved2, "W2")):
        for index in np.ndindex(*W.shape):
            shift = np.zeros_like(W)
            shift[index] = h
            if start == "W1":
                up, down = W2 @ (W1 + shift), W2 @ (W1 - shift)
                expected = (gradient(up)[0] - gradient(down)[0]) / (2 * h)
            elif update == "simultaneous":
                up, down = (W2 + shift) @ W1, (W2 - shift) @ W1
                expected = (gradient(up)[0] - gradient(down)[0]) / (2 * h)
            else:
                # sequential has no potential: the old G meets the new W1
                expected = G[index[0]] @ run.W1[index[1]]
            # central difference as above; dividing the step by 0.01 adds 100 eps
            assert abs(moved[index] - expected) < 1.5e-9


def test_the_two_updates_differ_at_second_order():
    W1, W2 = weights()
    gradient = squared(problem(n=3)[0])
    gaps, steps = [], [0.02, 0.01, 0.005, 0.0025]
    for eta in steps:
        together = gradient_descent(W1, W2, gradient, eta, 1, "simultaneous").A[-1]
        in_turn = gradient_descent(W1, W2, gradient, eta, 1, "sequential").A[-1]
        gaps.append(np.linalg.norm(together - in_turn))
    slope = np.polyfit(np.log(steps), np.log(gaps), 1)[0]
    # one step: eta^2 times a constant, relative correction eta * |W|^2 of a few per cent
    assert abs(slope - 2) < 0.05


@pytest.mark.parametrize("update", ["simultaneous", "sequential"])
def test_descent_approaches_flow_at_first_order(update):
    W1, W2 = weights()
    gradient = log_cosh(problem(n=3)[0])
    flow = gradient_flow(W1, W2, gradient, [2.0]).A[-1]
    counts = [100, 200, 400, 800]
    gaps = [
        np.linalg.norm(gradient_descent(W1, W2, gradient, 2.0 / n, n, update, n).A[-1] - flow)
        for n in counts
    ]
    slope = np.polyfit(np.log(counts), np.log(gaps), 1)[0]
    # Euler's global error is of order 1; the next order shifts the slope by about eta = 0.02
    assert abs(slope + 1) < 0.05


def test_flow_of_a_balanced_scalar_is_the_logistic():
    y, s0 = 3.0, 1e-3
    root = np.array([[math.sqrt(s0)]])
    times = np.linspace(0, 3, 13)
    run = gradient_flow(root, root, squared([[y]]), times)
    expected = y / (1 + (y / s0 - 1) * np.exp(-2 * y * times))
    # rtol 1e-10 a step, amplified by the escape from s0 until the plateau forgets it
    assert np.allclose(run.A.ravel(), expected, rtol=1e-7)


def test_flow_conserves_the_balancedness_and_descends():
    W1, W2 = weights()
    target, mask, inputs, _ = problem()
    run = gradient_flow(W1, W2, huber(target, mask, inputs, delta=0.7), [0, 1, 1, 2, 5])
    before, after = W1 @ W1.T - W2.T @ W2, run.W1 @ run.W1.T - run.W2.T @ run.W2
    # a tenth-digit solver over tens of steps
    assert np.allclose(after, before, rtol=0, atol=1e-8)
    assert np.all(np.diff(run.losses)[[0, 2, 3]] < 0)
    assert np.array_equal(run.A[1], run.A[2])
    assert np.array_equal(run.A[0], W2 @ W1)
    assert np.array_equal(run.A[-1], run.W2 @ run.W1)
    assert run.steps.tolist() == [0, 1, 1, 2, 5]


def test_flow_to_time_zero_is_the_start():
    W1, W2 = weights(dtype=np.float32)
    run = gradient_flow(W1, W2, squared(problem(n=3)[0]), [0.0])
    assert np.array_equal(run.W1, W1)
    assert run.W1.dtype == np.float64
    assert run.A.shape == (1, 4, 3)


@pytest.mark.parametrize("update", ["simultaneous", "sequential"])
def test_only_the_gram_matrix_of_the_start_matters(update):
    W1, W2 = weights(width=6)
    rotation, _ = np.linalg.qr(np.random.default_rng(3).standard_normal((9, 6)))
    gradient = log_cosh(problem(n=3)[0])
    narrow = gradient_descent(W1, W2, gradient, 0.05, 50, update)
    wide = gradient_descent(rotation @ W1, W2 @ rotation.T, gradient, 0.05, 50, update)
    # round-off of 50 stable steps on numbers of order 1
    assert np.allclose(narrow.A, wide.A, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("iterations", "every", "expected"),
    [(6, 1, [0, 1, 2, 3, 4, 5, 6]), (6, 3, [0, 3, 6]), (7, 3, [0, 3, 6, 7]), (2, 10, [0, 2])],
)
def test_records(iterations, every, expected):
    W1, W2 = weights()
    gradient = squared(problem(n=3)[0])
    full = gradient_descent(W1, W2, gradient, 0.05, iterations)
    run = gradient_descent(W1, W2, gradient, 0.05, iterations, every=every)
    assert run.steps.tolist() == expected
    assert np.array_equal(run.A, full.A[expected])
    assert np.array_equal(run.losses, full.losses[expected])
    assert run.losses.tolist() == [gradient(A)[0] for A in run.A]
    assert np.array_equal(run.A[-1], run.W2 @ run.W1)


@pytest.mark.parametrize("name", LOSSES)
def test_single_precision_is_kept_and_close_to_double(name):
    target, mask, inputs, _ = problem()
    gradient = LOSSES[name](target, mask, inputs)
    double = gradient_descent(*weights(), gradient, 0.05, 20)
    W1, W2 = weights(dtype=np.float32)
    single = gradient_descent(W1, W2, gradient, 0.05, 20)
    assert gradient(W2 @ W1)[1].dtype == np.float32
    assert single.A.dtype == single.W1.dtype == single.W2.dtype == np.float32
    # float32 eps is 1.2e-7; 20 stable steps on numbers of order 1
    assert np.allclose(single.A, double.A, rtol=0, atol=1e-5)
    assert not np.array_equal(single.A, double.A)


def test_the_weights_given_are_not_changed():
    W1, W2 = weights()
    kept = W1.copy(), W2.copy()
    gradient = squared(problem(n=3)[0])
    gradient_descent(W1, W2, gradient, 0.05, 3)
    gradient_flow(W1, W2, gradient, [1.0])
    assert np.array_equal(W1, kept[0])
    assert np.array_equal(W2, kept[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("update", ["simultaneous", "sequential"])
def test_divergence_is_reported_with_the_limit(dtype, update):
    W1, W2 = weights(dtype=dtype)
    Y = 4 * problem(n=3)[0]
    with pytest.raises(DivergedError, match="^training diverged at iteration ") as caught:
        gradient_descent(W1, W2, squared(Y), 10.0, 500, update)
    # at the minimum the top NTK eigenvalue is at least 2 ||Y||; 1e-5 for float32
    assert math.isclose(caught.value.stability_limit, 1 / np.linalg.norm(Y, 2), rel_tol=1e-5)
    assert caught.value.learning_rate == 10.0
    assert 0 < caught.value.iteration < 500


def test_the_limit_is_that_of_the_start_for_large_weights():
    W1, W2 = weights(scale=3.0)
    with pytest.raises(DivergedError) as caught:
        gradient_descent(W1, W2, squared(W2 @ W1 + 1e-6), 10.0, 500)
    top = np.linalg.norm(W1, 2) ** 2 + np.linalg.norm(W2, 2) ** 2
    assert math.isclose(caught.value.stability_limit, 2 / top, rel_tol=1e-12)  # same formula


@pytest.mark.parametrize(("factor", "stable"), [(0.98, True), (1.02, False)])
def test_the_limit_separates_stable_from_unstable_steps(factor, stable):
    # a balanced scalar at its minimum, A = y: top NTK eigenvalue 2 y
    root, y = np.array([[math.sqrt(2.0)]]), 2.0
    run = gradient_descent(root, root, squared([[y + 1e-9]]), factor / y, 100)
    grown = abs(run.A[-1, 0, 0] - y - 1e-9) > abs(run.A[0, 0, 0] - y - 1e-9)
    assert grown != stable


def test_a_start_that_is_not_finite_has_no_stable_learning_rate():
    W1, W2 = np.full((2, 1), 1e200), np.full((1, 2), 1e200)
    with pytest.raises(DivergedError) as caught:
        gradient_descent(W1, W2, squared([[1.0]]), 0.1, 3)
    assert (caught.value.iteration, caught.value.stability_limit) == (0, 0.0)


def test_a_loss_that_is_not_finite_at_zero_weights_has_an_infinite_limit():
    zero = np.zeros((1, 1))
    with pytest.raises(DivergedError) as caught:
        gradient_descent(zero, zero, lambda A: (math.nan, A), 0.1, 3)
    assert caught.value.stability_limit == math.inf


W1, W2 = weights()
GRADIENT = squared(problem(n=3)[0])
BAD_VALUES = [
    ((W1, W2[:, :-1], GRADIENT, 0.1, 1), "W2 must have width = 6 columns, got 5"),
    ((W1[0], W2, GRADIENT, 0.1, 1), r"W1 must be a non-empty matrix, got shape \(3,\)"),
    ((W1, W2[:0], GRADIENT, 0.1, 1), r"W2 must be a non-empty matrix, got shape \(0, 6\)"),
    ((W1 * np.nan, W2, GRADIENT, 0.1, 1), "W1 must be finite, got entries that are not"),
    ((W1, W2, GRADIENT, 0.0, 1), r"learning_rate must be > 0, got 0\.0"),
    ((W1, W2, GRADIENT, 0.1, 0), "iterations must be an integer >= 1, got 0"),
    ((W1, W2, GRADIENT, 0.1, 1, "simultaneous", 0), "every must be an integer >= 1, got 0"),
    (
        (W1, W2, GRADIENT, 0.1, 1, "both"),
        "update must be one of 'simultaneous', 'sequential', got 'both'",
    ),
    (
        (W1, W2, lambda A: (0.0, A.T), 0.1, 1),
        r"gradient must return G of shape \(4, 3\), got \(3, 4\)",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_VALUES)
def test_descent_refuses_wrong_values(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        gradient_descent(*arguments)


BAD_TYPES = [
    ((W1.tolist(), W2, GRADIENT), "W1 must be a float32 or float64 array, got list"),
    ((W1, W2.astype(int), GRADIENT), "W2 must be a float32 or float64 array, got dtype int64"),
    ((W1, W2.astype(np.float32), GRADIENT), "W2 must have the dtype of W1 = float64, got float32"),
    ((W1, W2, "squared"), "gradient must be callable, got str"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_TYPES)
def test_descent_and_flow_refuse_wrong_types(arguments, message):
    with pytest.raises(TypeError, match=f"^{message}$"):
        gradient_descent(*arguments, 0.1, 1)
    with pytest.raises(TypeError, match=f"^{message}$"):
        gradient_flow(*arguments, [1.0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"times": [2, 1]}, r"times must be nondecreasing, got 2\.0 followed by 1\.0"),
        ({"rtol": 0}, r"rtol must be > 0, got 0\.0"),
        ({"atol": -1}, r"atol must be > 0, got -1\.0"),
    ],
)
def test_flow_refuses_wrong_values(options, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        gradient_flow(W1, W2, GRADIENT, **({"times": [1.0]} | options))


def test_flow_reports_a_solver_that_gives_up():
    # dA/dt = 2 A^2: the solution leaves the floats at t = 1/2
    one = np.ones((1, 1))
    with pytest.raises(RuntimeError, match=r"^gradient flow stopped before time 1\.0: "):
        gradient_flow(one, one, lambda A: (0.0, -A), [1.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: huber([[1.0]], delta=0), r"delta must be > 0, got 0\.0"),
        (lambda: squared([1.0]), "target must be 2-dimensional, got 1 dimensions"),
        (
            lambda: log_cosh([[1.0, 2.0]], None, [[1.0]]),
            r"inputs must have shape \(any, 2\), got \(1, 1\)",
        ),
        (lambda: squared([[1.0, 2.0]], [[True]]), r"mask must have shape \(1, 2\), got \(1, 1\)"),
    ],
)
def test_losses_refuse_wrong_values(call, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        call()


def test_the_reference_imports_nothing_of_the_toolkit_but_checks_and_errors():
    tree = ast.parse(inspect.getsource(explicit_training))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    ours = {name for name in names if name.split(".")[0] in ("theory", "numerics", "verify")}
    assert ours == {"numerics.support.errors", "numerics.support.validation"}
