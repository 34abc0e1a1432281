"""Plain starts: the Gram matrices that they stand for, and one step of each dynamics by hand."""

import numpy as np
import pytest

from numerics.reference.explicit_training import squared
from numerics.reference.plain_starts import balanced_weights, descend, wide_weights

A0 = np.array([[1.0, -2.0, 0.5], [0.3, 0.7, -1.0]])


def test_wide_weights_obey_the_quadratic_law():
    """(QJ)^2 = lam QJ + c1 c2 I, and the trace of C1 less that of C2 is known."""
    W1, W2 = wide_weights(A0, 3.0, 0.5)
    np.testing.assert_allclose(W2 @ W1, A0, atol=1e-13)
    stacked, signs = np.vstack([W1.T, W2]), np.repeat([1.0, -1.0], [3, 2])
    QJ = stacked @ stacked.T * signs
    np.testing.assert_allclose(QJ @ QJ, 2.5 * QJ + 1.5 * np.eye(5), atol=1e-12)


def test_at_zero_the_kernel_is_that_of_the_scales():
    W1, W2 = wide_weights(np.zeros((2, 3)), 3.0, 0.5)
    np.testing.assert_allclose(W1.T @ W1, 3.0 * np.eye(3), atol=1e-13)
    np.testing.assert_allclose(W2 @ W2.T, 0.5 * np.eye(2), atol=1e-13)


def test_balanced_weights_are_balanced():
    W1, W2 = balanced_weights(A0)
    np.testing.assert_allclose(W2 @ W1, A0, atol=1e-14)
    np.testing.assert_allclose(W1 @ W1.T, W2.T @ W2, atol=1e-14)


@pytest.mark.parametrize(
    ("dynamics", "expected"),
    [
        # w1 = 2, w2 = 1, y = 5, eta = 0.1, G = -3: (2 + 0.3)(1 + 0.6) and 2 + 0.1 (1 + 4) 3.
        ("gradient_descent", 3.68),
        ("lazy", 3.5),
        # sqrt(2)^2 (1 + 0.3)^2
        ("balanced", 3.38),
        # c = 1: C1 = C2 = sqrt(5); A + 0.1 * 3 * 2 sqrt(5) + 0.09 * 2
        ("self_consistent", 2.18 + 0.6 * 5**0.5),
    ],
)
def test_a_step_by_hand(dynamics, expected):
    weights = np.array([[2.0]]), np.array([[1.0]])
    found = descend(weights, squared([[5.0]]), 0.1, 1, dynamics=dynamics, scales=(1.0, 1.0))
    assert found[0, 0] == pytest.approx(expected, rel=1e-13)
