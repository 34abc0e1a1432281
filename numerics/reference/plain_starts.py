r"""Starts of the four dynamics as explicit weights, and their descent, in plain NumPy.

- ``gradient_descent``: the weights that were drawn;
- ``self_consistent``: any factor of the Gram matrix of infinite width around A0,
  ``C1 = sqrt(A0^T A0 + c^2) + lam/2``, ``C2 = sqrt(A0 A0^T + c^2) - lam/2``, c and lam the mean and
  the difference of c1 and c2;
- ``balanced``: ``W2 = U sqrt(S)``, ``W1 = sqrt(S) V^T`` of ``A0 = U S V^T``;
- ``lazy``: ``A <- A - eta (C2 G + G C1)`` with C1 and C2 of the drawn weights.

Nothing here comes from ``theory`` or from the generated kernels.
Source: Tu, Aranguri and Jacot 2024 (arXiv 2405.17580), sections 2 and 3.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from numerics.reference.explicit_training import Gradient, gradient_descent

__all__ = ["balanced_weights", "descend", "wide_weights"]

Array = NDArray[np.float64]


def wide_weights(A0: Array, c1: float, c2: float) -> tuple[Array, Array]:
    """Return W1 and W2 with the Gram matrix of infinite width around A0."""
    d_out, d_in = A0.shape
    c, half = (c1 + c2) / 2, (c1 - c2) / 2
    C1 = _root(A0.T @ A0 + c**2 * np.eye(d_in)) + half * np.eye(d_in)
    C2 = _root(A0 @ A0.T + c**2 * np.eye(d_out)) - half * np.eye(d_out)
    values, vectors = np.linalg.eigh(np.block([[C1, A0.T], [A0, C2]]))
    factor = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.ascontiguousarray(factor[:d_in].T), np.ascontiguousarray(factor[d_in:])


def balanced_weights(A0: Array) -> tuple[Array, Array]:
    """Return W1 and W2 with ``W1 W1^T = W2^T W2`` and the product A0."""
    left, values, right_T = np.linalg.svd(A0, full_matrices=False)
    return np.sqrt(values)[:, None] * right_T, left * np.sqrt(values)


def descend(
    weights: tuple[Array, Array],
    gradient: Gradient,
    learning_rate: float,
    steps: int,
    *,
    dynamics: str = "gradient_descent",
    update: Literal["simultaneous", "sequential"] = "simultaneous",
    scales: tuple[float, float] = (0.0, 0.0),
) -> Array:
    """Return A after steps of one of the four dynamics.

    Parameters
    ----------
    weights : tuple of ndarray, shapes (width, d_in) and (d_out, width)
        W1 and W2 at the start.
    gradient : callable
        Maps A to (loss, G), as those of :mod:`numerics.reference.explicit_training`.
    learning_rate, steps, update
        Of the descent; lazy dynamics have one matrix, and no order of layers.
    dynamics : str
        ``gradient_descent``, ``self_consistent``, ``balanced`` or ``lazy``.
    scales : tuple of float
        c1 and c2, for the self-consistent start.
    """
    W1, W2 = weights
    if dynamics == "lazy":
        A, C1, C2 = W2 @ W1, W1.T @ W1, W2 @ W2.T
        for _ in range(steps):
            G = gradient(A)[1]
            A = A - learning_rate * (C2 @ G + G @ C1)
        return A
    if dynamics == "self_consistent":
        W1, W2 = wide_weights(W2 @ W1, *scales)
    elif dynamics == "balanced":
        W1, W2 = balanced_weights(W2 @ W1)
    return gradient_descent(W1, W2, gradient, learning_rate, steps, update, every=steps).A[-1]


def _root(square: Array) -> Array:
    values, vectors = np.linalg.eigh(square)
    return (vectors * np.sqrt(values)) @ vectors.T
