"""Observables against their definitions written out in full."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from numerics.linear import observables as obs

ROUND_OFF = 1e-12  # sums of up to a few hundred products of numbers of order 1


def draw(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


def frames(d_out, d_in, seed=0):
    U, V = draw((d_out, d_out), (d_in, d_in), seed=seed)
    return np.linalg.qr(U)[0], np.linalg.qr(V)[0]


def matrix_from_spectrum(s, d_out, d_in, seed=0):
    U, V = frames(d_out, d_in, seed)
    return (U[:, : len(s)] * s) @ V[:, : len(s)].T


def kernel(C1, C2):
    """Return the tangent kernel as an operator on row-major vectors of d_out x d_in matrices."""
    return np.kron(np.eye(len(C2)), C1.T) + np.kron(C2, np.eye(len(C1)))


def tangent_kernel(W1, W2):
    """Return J J^T, J the Jacobian of A in the weights, entry by entry."""
    d_in, d_out = W1.shape[1], W2.shape[0]
    columns = []
    for W, product in ((W1, lambda E: W2 @ E), (W2, lambda E: E @ W1)):
        for index in np.ndindex(*W.shape):
            E = np.zeros_like(W)
            E[index] = 1
            columns.append(product(E).ravel())
    J = np.array(columns).T
    assert J.shape[0] == d_in * d_out
    return J @ J.T


def test_errors_and_distances():
    A, B = draw((3, 5), (3, 5))
    total = sum((A[i, j] - B[i, j]) ** 2 for i in range(3) for j in range(5))
    assert math.isclose(obs.mean_squared_error(A, B), total / 15, rel_tol=ROUND_OFF)
    assert math.isclose(obs.distance(A, B), math.sqrt(total), rel_tol=ROUND_OFF)
    relative = math.sqrt(total / np.sum(B**2))
    assert math.isclose(obs.relative_distance(A, B), relative, rel_tol=ROUND_OFF)
    assert obs.relative_distance(B, B) == 0


def test_singular_values_and_stable_rank_of_a_known_spectrum():
    s = [3.0, 2.0, 0.5]
    A = matrix_from_spectrum(s, 6, 4)
    # singular values of A move by at most ||error|| = a few eps ||A||
    assert np.allclose(obs.singular_values(A), [*s, 0], rtol=0, atol=ROUND_OFF)
    assert math.isclose(obs.stable_rank(A), (9 + 4 + 0.25) / 9, rel_tol=ROUND_OFF)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_stable_rank_does_not_depend_on_the_scale(scale):
    A = matrix_from_spectrum([3.0, 2.0], 3, 3)
    assert math.isclose(obs.stable_rank(scale * A), 13 / 9, rel_tol=ROUND_OFF)


@settings(deadline=None)  # the first call loads LAPACK
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 10**6))
def test_stable_rank_lies_between_one_and_the_rank(d_out, d_in, seed):
    (A,) = draw((d_out, d_in), seed=seed)
    # one rounding a term
    assert 1 <= obs.stable_rank(A) <= min(d_in, d_out) * (1 + ROUND_OFF)


def test_alignment_of_planted_subspaces():
    U, V = frames(6, 5)
    target = (U[:, :2] * [4.0, 3.0]) @ V[:, :2].T + 0.1 * np.outer(U[:, 2], V[:, 2])
    # A shares one left direction of two and both right ones
    A = (U[:, [1, 4]] * [2.0, 1.0]) @ V[:, [1, 0]].T
    left, right = obs.subspace_alignment(A, target, 2)
    # singular vectors move by eps ||A|| / gap
    assert math.isclose(left, 0.5, rel_tol=ROUND_OFF)
    assert math.isclose(right, 1.0, rel_tol=ROUND_OFF)


def test_alignment_by_a_known_angle():
    angle = 0.3
    target, A = np.diag([1.0, 0.0]), np.outer([math.cos(angle), math.sin(angle)], [1.0, 0.0])
    left, right = obs.subspace_alignment(A, target, 1)
    assert math.isclose(left, math.cos(angle) ** 2, rel_tol=ROUND_OFF)
    assert math.isclose(right, 1.0, rel_tol=ROUND_OFF)


@settings(deadline=None)  # the first call loads LAPACK
@given(st.integers(1, 5), st.integers(1, 5), st.data())
def test_alignment_with_itself_is_one_and_is_bounded(d_out, d_in, data):
    rank = data.draw(st.integers(1, min(d_in, d_out)))
    s = np.arange(min(d_in, d_out), 0, -1.0)
    target = matrix_from_spectrum(s, d_out, d_in, seed=1)
    (A,) = draw((d_out, d_in), seed=data.draw(st.integers(0, 10**6)))
    # gaps of 1: vectors to a few eps
    assert obs.subspace_alignment(-3 * target, target, rank) == pytest.approx((1, 1), rel=ROUND_OFF)
    for value in obs.subspace_alignment(A, target, rank):
        assert 0 <= value <= 1 + ROUND_OFF


def test_directions_that_vanish_count_as_unaligned():
    target = np.diag([3.0, 2.0, 1.0])
    assert obs.subspace_alignment(np.zeros((3, 3)), target, 2) == (0, 0)
    A = np.diag([5.0, 0.0, 0.0])
    # one of two directions present
    assert obs.subspace_alignment(A, target, 2) == pytest.approx((0.5, 0.5), rel=ROUND_OFF)


def test_mode_overlap():
    U, V = frames(6, 4)
    target = (U[:, :3] * [4.0, 3.0, 1.0]) @ V[:, :3].T
    (A,) = draw((6, 4), seed=4)
    expected = [U[:, j] @ A @ V[:, j] for j in range(3)]
    # vectors to eps ||target|| / gap
    assert np.allclose(obs.mode_overlap(A, target, 3), expected, rtol=0, atol=ROUND_OFF)
    assert np.allclose(obs.mode_overlap(target, target, 2), [4, 3], rtol=ROUND_OFF)


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (1, 5), (4, 4)])
def test_the_operator_of_the_tests_is_the_tangent_kernel(shape):
    d_out, d_in = shape
    W1, W2, G = draw((6, d_in), (d_out, 6), shape)
    C1, C2 = W1.T @ W1, W2 @ W2.T
    K = kernel(C1, C2)
    assert np.allclose(K, tangent_kernel(W1, W2), rtol=ROUND_OFF, atol=ROUND_OFF)
    moved = (C2 @ G + G @ C1).ravel()
    assert np.allclose(K @ G.ravel(), moved, rtol=ROUND_OFF, atol=10 * ROUND_OFF)


@settings(deadline=None)  # the first call loads LAPACK
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**6))
def test_ntk_norm_and_change_against_the_operator(d_in, d_out, seed):
    C1, C1_0, C2, C2_0 = draw((d_in, d_in), (d_in, d_in), (d_out, d_out), (d_out, d_out), seed=seed)
    K, K0 = kernel(C1, C2), kernel(C1_0, C2_0)
    scale = np.linalg.norm(K0)
    # for d = 1 the kernel is the sum of two numbers, which may cancel
    assume(scale > 1e-3)
    assert math.isclose(obs.ntk_norm(C1_0, C2_0), scale, rel_tol=1e-11)
    change = np.linalg.norm(K - K0) / scale
    assert math.isclose(
        obs.ntk_change(C1, C2, C1_0=C1_0, C2_0=C2_0), change, rel_tol=1e-9, abs_tol=1e-11
    )


def test_ntk_norm_is_the_sum_of_traces_of_the_source():
    W1, W2 = draw((9, 4), (3, 9))
    C1, C2 = W1.T @ W1, W2 @ W2.T
    square = 3 * np.sum(C1**2) + 4 * np.sum(C2**2) + 2 * np.trace(C1) * np.trace(C2)
    assert math.isclose(obs.ntk_norm(C1, C2), math.sqrt(square), rel_tol=ROUND_OFF)


def test_ntk_change_sees_a_small_change_and_an_exchange_of_scale():
    C1, C2 = np.diag([1.0, 2.0]), np.diag([3.0, 1.0, 1.0])
    assert obs.ntk_change(C1, C2, C1_0=C1, C2_0=C2) == 0
    small = obs.ntk_change(C1 + 1e-9 * np.eye(2), C2, C1_0=C1, C2_0=C2)
    # ||I|| = sqrt(6); subtracting matrices of order 1 leaves eps / 1e-9 of the change
    assert math.isclose(small, 1e-9 * math.sqrt(6) / obs.ntk_norm(C1, C2), rel_tol=1e-6)
    # C1 + a I, C2 - a I is the same operator, for which the sum of traces would cancel
    assert obs.ntk_change(C1 + 0.5 * np.eye(2), C2 - 0.5 * np.eye(3), C1_0=C1, C2_0=C2) < ROUND_OFF


@pytest.mark.parametrize("width", [1, 4, 40])
def test_balancedness_and_its_drift(width):
    W1_0, W2_0, dW1, dW2 = draw((width, 3), (2, width), (width, 3), (2, width), seed=width)
    W1, W2 = W1_0 + 0.1 * dW1, W2_0 + 0.1 * dW2
    D, D0 = obs.balancedness(W1, W2), obs.balancedness(W1_0, W2_0)
    expected = [
        [
            sum(W1[a, i] * W1[b, i] for i in range(3)) - sum(W2[o, a] * W2[o, b] for o in range(2))
            for b in range(width)
        ]
        for a in range(width)
    ]
    assert np.allclose(D, expected, rtol=ROUND_OFF, atol=ROUND_OFF)
    drift = np.linalg.norm(D - D0) / np.linalg.norm(D0)
    assert math.isclose(obs.balancedness_drift(W1, W2, W1_0=W1_0, W2_0=W2_0), drift, rel_tol=1e-11)


def test_balancedness_drift_is_exact_to_round_off_and_not_to_its_root():
    W1, W2 = draw((50, 3), (2, 50))
    # round-off of the QR, not the 1e-8 that a difference of squared norms would leave
    assert obs.balancedness_drift(W1, W2, W1_0=W1, W2_0=W2) < 1e-14
    grown = obs.balancedness_drift(W1 * (1 + 1e-9), W2 * (1 + 1e-9), W1_0=W1, W2_0=W2)
    # (1 + x)^2 - 1 = 2x; eps / 1e-9 of it is round-off
    assert math.isclose(grown, 2e-9, rel_tol=1e-5)


def test_drift_sees_a_rescaling_that_leaves_the_product_alone():
    W1, W2 = draw((5, 3), (2, 5))
    # the product W2 W1 is the same, the balancedness of order 1 is not
    assert obs.balancedness_drift(2 * W1, W2 / 2, W1_0=W1, W2_0=W2) > 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: obs.distance(np.eye(2), np.eye(3)), r"B must have shape \(2, 2\), got \(3, 3\)"),
        (lambda: obs.mean_squared_error([1], [1]), "A must be 2-dimensional, got 1 dimensions"),
        (
            lambda: obs.relative_distance(np.eye(2), np.zeros((2, 2))),
            "B must be nonzero, got the zero matrix",
        ),
        (lambda: obs.stable_rank(np.zeros((2, 3))), "A must be nonzero, got the zero matrix"),
        (
            lambda: obs.subspace_alignment(np.eye(2), np.eye(3), 1),
            r"target must have shape \(2, 2\), got \(3, 3\)",
        ),
        (
            lambda: obs.subspace_alignment(np.eye(3), np.diag([1.0, 1.0, 0.0]), 3),
            "target must have rank at least 3, got numerical rank 2",
        ),
        (
            lambda: obs.mode_overlap(np.eye(3), np.zeros((3, 3)), 1),
            "target must have rank at least 1, got numerical rank 0",
        ),
        (
            lambda: obs.mode_overlap(np.eye(3), np.eye(3), 4),
            r"rank must be at most min\(d_in, d_out\) = 3, got 4",
        ),
        (
            lambda: obs.ntk_norm(np.ones((2, 3)), np.eye(2)),
            r"C1 must have shape \(2, 2\), got \(2, 3\)",
        ),
        (
            lambda: obs.ntk_norm(np.eye(2), np.ones((2, 3))),
            r"C2 must have shape \(2, 2\), got \(2, 3\)",
        ),
        (
            lambda: obs.ntk_change(np.eye(2), np.eye(2), C1_0=np.eye(3), C2_0=np.eye(2)),
            r"C1_0 must have shape \(2, 2\), got \(3, 3\)",
        ),
        (
            lambda: obs.ntk_change(
                np.eye(2), np.eye(2), C1_0=np.zeros((2, 2)), C2_0=np.zeros((2, 2))
            ),
            r"C1_0 and C2_0 must give a nonzero kernel, got \|\|K0\|\| = 0",
        ),
        (
            lambda: obs.balancedness(np.ones((3, 2)), np.ones((2, 4))),
            r"W2 must have shape \(any, 3\), got \(2, 4\)",
        ),
        (
            lambda: obs.balancedness_drift(
                *draw((3, 2), (2, 3)), W1_0=np.ones((4, 2)), W2_0=np.ones((2, 3))
            ),
            r"W1_0 must have shape \(3, 2\), got \(4, 2\)",
        ),
    ],
)
def test_wrong_values_are_refused(call, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        call()


def test_drift_from_a_balanced_start_is_refused():
    # W2 = W1^T Q with Q orthogonal is balanced up to round-off, not exactly
    W1 = matrix_from_spectrum([3.0, 2.0, 1.0], 4, 3)
    W2 = frames(3, 3, seed=5)[0] @ W1.T
    with pytest.raises(ValueError, match=r"^W1_0 and W2_0 must be unbalanced, got \|\|D0\|\|_F = "):
        obs.balancedness_drift(W1, W2, W1_0=W1, W2_0=W2)
    with pytest.raises(ValueError, match=r"^W1_0 and W2_0 must be unbalanced"):
        obs.balancedness_drift(W1, W2, W1_0=0 * W1, W2_0=0 * W2)


def test_wrong_types_are_refused():
    for function in (obs.singular_values, obs.stable_rank):
        with pytest.raises(TypeError, match="^A must be real, got dtype complex128$"):
            function(np.eye(2) * 1j)
