"""Tasks: their shapes, errors, builders and messages."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.linear.tasks import (
    Task,
    linear_regression,
    low_rank_from_spectrum,
    low_rank_recovery,
    matrix_completion,
)

ROUND_OFF = 1e-12  # products of matrices of order 1, side 10 or so: about 100 eps


def spd(d, seed):
    factor = np.random.default_rng(seed).standard_normal((d, d))
    return factor @ factor.T


def test_errors_of_a_task_by_hand():
    task = Task(
        target=[[1, 2], [3, 4]],
        truth=[[1, 0, 0], [0, 1, 0]],
        inputs=[[1, 0], [0, 1], [1, 1]],
        mask=[[True, False], [True, True]],
        name="by hand",
    )
    assert (task.d_in, task.d_out, task.shape, task.n_observed) == (3, 2, (2, 3), 3)
    A = [[0, 0, 1], [1, 0, 0]]
    assert task.predictions(A).tolist() == [[1, 1], [1, 0]]
    assert task.train_error(A) == ((1 - 1) ** 2 + (1 - 3) ** 2 + (0 - 4) ** 2) / 3
    assert task.test_error(A) == ((1 - 1) ** 2 + (1 - 0) ** 2 + (1 - 0) ** 2 + (0 - 1) ** 2) / 4


def test_identity_inputs_are_the_default():
    rng = np.random.default_rng(1)
    target, truth, A = rng.standard_normal((3, 2, 5))
    plain, explicit = Task(target, truth), Task(target, truth, inputs=np.eye(5))
    assert plain.n_observed == 10
    # a product with the identity is exact
    assert plain.train_error(A) == explicit.train_error(A)
    assert plain.test_error(A) == explicit.test_error(A)


def test_a_task_is_frozen_and_owns_its_arrays():
    target = np.ones((2, 2))
    task = Task(target, np.ones((2, 2)))
    target[0, 0] = 7
    assert task.target[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        task.target[0, 0] = 7
    with pytest.raises(dataclasses.FrozenInstanceError):
        task.name = "other"
    assert len({task, Task(target, target)}) == 2


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"truth": np.ones((2, 2))}, r"truth must have shape \(2, 3\), got \(2, 2\)"),
        ({"inputs": np.ones((3, 4))}, r"inputs must have shape \(any, 3\), got \(3, 4\)"),
        ({"inputs": np.ones((5, 3))}, r"truth must have shape \(2, 5\), got \(2, 3\)"),
        ({"mask": np.ones((3, 2), bool)}, r"mask must have shape \(2, 3\), got \(3, 2\)"),
        ({"mask": np.zeros((2, 3), bool)}, "mask must have at least one true entry, got none"),
        ({"test_mask": np.zeros((2, 3), bool)}, "test_mask must have at least one true .*"),
        ({"test_mask": np.ones((3, 2), bool)}, r"test_mask must have shape \(2, 3\), got .*"),
        (
            {"truth": [[np.nan] * 3] * 2, "mask": np.eye(2, 3) > 0},
            "truth must be finite, except where test_mask is False, got 6 entries that are not",
        ),
        (
            {"target": [[1, np.nan, 1], [np.inf] * 3], "mask": np.eye(2, 3) > 0},
            "target must be finite, except where mask is False, got 1 entries that are not",
        ),
        (
            {"target": [[np.nan] * 3] * 2},
            "target must be finite, except where mask is False, got 6 entries that are not",
        ),
    ],
)
def test_task_refuses_wrong_values(fields, message):
    good = {"target": np.ones((2, 3)), "truth": np.ones((2, 3))}
    with pytest.raises(ValueError, match=f"^{message}$"):
        Task(**(good | fields))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": 3}, "name must be text, got int"),
        ({"mask": np.ones((2, 3))}, "mask must be boolean, got dtype float64"),
        ({"target": np.ones((2, 3), complex)}, "target must be real, got dtype complex128"),
    ],
)
def test_task_refuses_wrong_types(fields, message):
    good = {"target": np.ones((2, 3)), "truth": np.ones((2, 3))}
    with pytest.raises(TypeError, match=f"^{message}$"):
        Task(**(good | fields))


def test_methods_check_the_shape_of_a():
    task = low_rank_recovery(4, 3, rank=2, rng=0)
    for method in (task.predictions, task.train_error, task.test_error):
        with pytest.raises(ValueError, match=r"^A must have shape \(3, 4\), got \(4, 3\)$"):
            method(np.ones((4, 3)))


@settings(deadline=None)  # the first call loads LAPACK
@given(st.integers(1, 8), st.integers(1, 8), st.data())
def test_low_rank_recovery_has_the_shape_and_rank(d_in, d_out, data):
    rank = data.draw(st.integers(1, min(d_in, d_out)))
    task = low_rank_recovery(d_in, d_out, rank=rank, noise=0, rng=3)
    assert task.shape == (d_out, d_in)
    assert np.array_equal(task.target, task.truth)
    # numpy's default threshold, eps times the larger side
    assert np.linalg.matrix_rank(task.truth) == rank


def test_low_rank_recovery_has_the_papers_scales():
    d, k = 400, 5
    task = low_rank_recovery(d, rank=k, noise=0.5, rng=7)
    assert task.shape == (d, d)
    # given C, D the mean square is (1/k) sum_ab <C_a,C_b><D_a,D_b>/d^2, relative sd about
    # sqrt(4/(d k)) = 0.045; four of them
    assert abs(np.mean(task.truth**2) - 1) < 0.18
    noise = task.target - task.truth
    # mean of 160,000 squares: relative sd sqrt(2)/400 = 0.0035; four of them
    assert abs(np.mean(noise**2) / 0.25 - 1) < 0.0142
    theta = np.linalg.svd(task.truth, compute_uv=False)[:k]
    # singular values d/sqrt(k) (1 + O(sqrt(k/d))), with sqrt(5/400) = 0.11; three of them
    assert np.all(np.abs(theta * math.sqrt(k) / d - 1) < 0.33)


def test_seed_and_generator_give_the_same_task_and_noise_does_not_move_the_truth():
    first = low_rank_recovery(6, 4, rank=2, rng=5)
    second = low_rank_recovery(6, 4, rank=2, rng=np.random.default_rng(5))
    assert np.array_equal(first.target, second.target)
    quiet = low_rank_recovery(6, 4, rank=2, noise=0, rng=5)
    assert np.array_equal(first.truth, quiet.truth)
    assert not np.array_equal(first.truth, low_rank_recovery(6, 4, rank=2, rng=6).truth)


@settings(deadline=None)  # the first call loads LAPACK
@given(st.lists(st.floats(0, 10), min_size=1, max_size=4), st.integers(0, 1000))
def test_low_rank_from_spectrum_has_the_spectrum(values, seed):
    task = low_rank_from_spectrum(values, 6, 4, noise=0.0, rng=seed)
    found = np.linalg.svd(task.truth, compute_uv=False)
    expected = np.sort(np.pad(values, (0, 4 - len(values))))[::-1]
    # singular values are as exact as the product: a few eps of the largest, at most 10
    assert np.allclose(found, expected, rtol=0, atol=10 * ROUND_OFF)


def test_low_rank_from_spectrum_is_haar_distributed():
    d, draws = 3, 2000
    rng = np.random.default_rng(11)
    frames = np.array(
        [low_rank_from_spectrum([1.0], d, d, noise=0, rng=rng).truth for _ in range(draws)]
    )
    # entries of u v^T are symmetric about 0, which the sign convention of QR would break
    spread = frames.std(axis=0) / math.sqrt(draws)
    assert np.all(np.abs(frames.mean(axis=0)) < 4.5 * spread)  # nine z-scores, p about 6e-5
    # E (u_i v_j)^2 = 1/d^2, whose own sd is below 1/d^2 * sqrt((9/5)^2 - 1) = 1.5/d^2
    second = np.mean(frames**2, axis=0) * d**2
    assert np.all(np.abs(second - 1) < 4.5 * 1.5 / math.sqrt(draws))


@pytest.mark.parametrize(("fraction", "count"), [(1, 24), (0.5, 12), (0.3, 7), (1e-9, 1)])
def test_matrix_completion_observes_the_exact_count(fraction, count):
    task = matrix_completion(6, 4, rank=2, fraction_observed=fraction, noise=0.1, rng=3)
    full = low_rank_recovery(6, 4, rank=2, noise=0.1, rng=3)
    assert task.n_observed == np.count_nonzero(task.mask) == count
    assert np.array_equal(task.truth, full.truth)
    assert np.array_equal(task.target, np.where(task.mask, full.target, 0))


def test_matrix_completion_ignores_hidden_entries_in_the_train_error():
    task = matrix_completion(5, 5, rank=1, fraction_observed=0.4, noise=0.0, rng=2)
    # the truth fits the observed entries exactly, being what they were copied from
    assert task.train_error(task.truth) == 0
    assert task.test_error(np.zeros((5, 5))) == np.mean(task.truth**2)


def test_population_regression_is_the_mean_loss():
    S = spd(4, 0)
    truth, A = np.random.default_rng(1).standard_normal((2, 3, 4))
    task = linear_regression(truth, S)
    assert np.array_equal(task.inputs, task.inputs.T)
    assert np.allclose(task.inputs @ task.inputs, S, rtol=ROUND_OFF, atol=ROUND_OFF)
    excess = np.trace((A - truth) @ S @ (A - truth).T)
    # train and test errors are the mean over d_out * d_in entries of the excess loss
    assert math.isclose(task.train_error(A) * 12, excess, rel_tol=ROUND_OFF)
    assert math.isclose(task.test_error(A) * 12, excess, rel_tol=ROUND_OFF)


def test_population_regression_takes_a_singular_covariance():
    direction = np.array([[3.0], [4.0]])
    task = linear_regression([[1.0, 2.0]], direction @ direction.T)
    # the root of a rank-one v v^T is v v^T / |v|; sqrt turns an eigenvalue's eps into 1e-8
    assert np.allclose(task.inputs, direction @ direction.T / 5, atol=1e-7)


def test_sampled_regression_approaches_the_population():
    S, n = spd(3, 5) / 3, 40_000
    truth = np.ones((2, 3))
    task = linear_regression(truth, S, noise=0.5, n_samples=n, rng=4)
    assert task.shape == (2, 3)
    assert task.target.shape == (2, n)
    sd = np.sqrt((np.outer(np.diag(S), np.diag(S)) + S**2) / n)  # Wishart variance of an entry
    assert np.all(np.abs(task.inputs @ task.inputs.T - S) < 4.5 * sd)
    residual = task.target - truth @ task.inputs
    # 2n squares of variance noise^2/n, relative sd sqrt(2/(2n)) = 1/200; 4.5 of them
    assert abs(np.sum(residual**2) / (2 * 0.25) - 1) < 4.5 / 200


BAD_VALUES = [
    (
        lambda: low_rank_recovery(4, 9, rank=7, rng=0),
        r"rank must be at most min\(d_in, d_out\) = 4, got 7",
    ),
    (lambda: low_rank_recovery(4, rank=0, rng=0), "rank must be an integer >= 1, got 0"),
    (lambda: low_rank_recovery(9, noise=-1, rng=0), r"noise must be >= 0, got -1\.0"),
    (lambda: low_rank_recovery(9, rng=-3), "rng must be >= 0 as a seed, got -3"),
    (
        lambda: low_rank_from_spectrum([1, 1, 1], 2, 4, noise=0, rng=0),
        r"rank must be at most min\(d_in, d_out\) = 2, got 3",
    ),
    (
        lambda: low_rank_from_spectrum([1, -1], 2, 4, noise=0, rng=0),
        r"singular_values must be >= 0, got -1\.0",
    ),
    (
        lambda: matrix_completion(3, 3, rank=1, fraction_observed=1.5, noise=0, rng=0),
        r"fraction_observed must be at most 1, got 1\.5",
    ),
    (
        lambda: matrix_completion(3, 3, rank=1, fraction_observed=0, noise=0, rng=0),
        r"fraction_observed must be > 0, got 0\.0",
    ),
    (
        lambda: linear_regression([[1, 1]], np.eye(3)),
        r"covariance must have shape \(2, 2\), got \(3, 3\)",
    ),
    (
        lambda: linear_regression([[1, 1]], [[1, 0.5], [0, 1]]),
        r"covariance must be symmetric, got an asymmetry of 0\.5",
    ),
    (
        lambda: linear_regression([[1, 1]], [[1, 0], [0, -2]]),
        "covariance must be positive semi-definite, got an eigenvalue of -2",
    ),
    (
        lambda: linear_regression([[1]], [[1]], noise=0.5),
        r"noise must be 0 where n_samples is None, got 0\.5",
    ),
    (
        lambda: linear_regression([[1]], [[1]], n_samples=0, rng=0),
        "n_samples must be an integer >= 1, got 0",
    ),
]


@pytest.mark.parametrize(("call", "message"), BAD_VALUES)
def test_builders_refuse_wrong_values(call, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        call()


def test_builders_refuse_a_missing_or_wrong_rng():
    with pytest.raises(TypeError, match="^rng must be a numpy Generator or an int, got NoneType$"):
        linear_regression([[1]], [[1]], n_samples=3)
    with pytest.raises(TypeError, match="^rng must be a numpy Generator or an int, got str$"):
        low_rank_recovery(5, rng="seed")


def test_what_is_hidden_may_be_anything_and_is_forgotten():
    seen = np.random.default_rng(0).random((4, 6)) < 0.5
    plain = np.random.default_rng(1).standard_normal((4, 6))
    for filler in (-999.0, np.nan, np.inf, 1e308):
        task = Task(np.where(seen, plain, filler), plain, mask=seen)
        assert np.array_equal(task.target, np.where(seen, plain, 0.0))
        assert task.train_error(plain) == 0.0


def test_the_test_error_counts_what_is_held_out():
    rng = np.random.default_rng(2)
    data, A = rng.standard_normal((2, 4, 6))
    seen = rng.random((4, 6)) < 0.4
    held = ~seen & (rng.random((4, 6)) < 0.5)
    unknown = np.where(seen | held, data, np.nan)
    task = Task(unknown, unknown, mask=seen, test_mask=held)
    assert task.test_error(A) == np.mean((A - data)[held] ** 2)
    assert task.train_error(A) == np.mean((A - data)[seen] ** 2)
    inputs = rng.standard_normal((6, 9))
    later = np.zeros((4, 9), bool)
    later[:, 5:] = True
    split = Task(data @ inputs, data, inputs=inputs, mask=~later, test_mask=later)
    assert split.test_error(A) == pytest.approx(np.mean(((A - data) @ inputs)[:, 5:] ** 2))
    with pytest.raises(ValueError, match="truth must be finite"):
        Task(data @ inputs, unknown, inputs=inputs, test_mask=later)
