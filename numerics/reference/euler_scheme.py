"""The Euler scheme of equation (1) of Tu, Aranguri and Jacot 2024, as published.

``A <- A - eta [sqrt(A A^T + c^2 I) G + G sqrt(A^T A + c^2 I)]``, with the square roots from one
singular value decomposition a step.  The lift of :mod:`numerics.linear.training` replaces it; it
stays as the reference for tests and for the published curves.

Holds for gradient flow up to O(eta) at a fixed time; :func:`self_consistent_flow` is the flow
itself, by scipy's integrator of order 8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from numerics.support.validation import check_dimension, check_matrix, check_positive, check_times

__all__ = ["euler_self_consistent", "self_consistent_flow", "self_consistent_rate"]


def self_consistent_rate(
    A: NDArray[np.float64], G: NDArray[np.float64], threshold: float
) -> NDArray[np.float64]:
    """Return ``-(sqrt(A A^T + c^2) G + G sqrt(A^T A + c^2))``, shape (d_out, d_in)."""
    left, values, right_T = np.linalg.svd(A, full_matrices=False)
    # Outside the singular vectors the roots are c: write them as c I plus a correction.
    excess = values**2 / (np.hypot(values, threshold) + threshold)
    second = (left * excess) @ (left.T @ G)
    first = (G @ right_T.T * excess) @ right_T
    return -(2 * threshold * G + second + first)


def euler_self_consistent(
    A0: ArrayLike,
    gradient: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    threshold: float,
    learning_rate: float,
    iterations: int,
) -> Iterator[NDArray[np.float64]]:
    """Yield A at iterations 0, 1, ..., ``iterations``.

    Parameters
    ----------
    A0 : array_like, shape (d_out, d_in)
        The initial matrix.
    gradient : callable
        ``A -> G``, both of shape (d_out, d_in).
    threshold : float
        c > 0.
    learning_rate : float
        eta > 0.
    iterations : int
        Number of steps.
    """
    A = check_matrix("A0", A0).copy()
    check_positive("threshold", threshold)
    check_positive("learning_rate", learning_rate)
    yield A.copy()
    for _ in range(check_dimension("iterations", iterations)):
        A += learning_rate * self_consistent_rate(A, gradient(A), threshold)
        yield A.copy()


def self_consistent_flow(
    A0: ArrayLike,
    gradient: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    threshold: float,
    times: ArrayLike,
    *,
    rtol: float = 1e-12,
    atol: float = 1e-14,
) -> NDArray[np.float64]:
    """Return A of equation (1) at the times, shape (n, d_out, d_in).

    Parameters
    ----------
    A0, gradient, threshold
        As for :func:`euler_self_consistent`.
    times : array_like, shape (n,)
        Increasing, from 0 on.
    rtol, atol : float
        Tolerances of a step of DOP853, for the entries of A.
    """
    start, moments = check_matrix("A0", A0), check_times("times", times)
    c = check_positive("threshold", threshold)

    def rate(_: float, entries: NDArray[np.float64]) -> NDArray[np.float64]:
        A = entries.reshape(start.shape)
        return self_consistent_rate(A, gradient(A), c).ravel()

    span = (0.0, float(moments[-1]))
    found = solve_ivp(
        rate, span, start.ravel(), method="DOP853", t_eval=moments, rtol=rtol, atol=atol
    )
    if not found.success:
        raise RuntimeError(f"the flow stopped before time {span[1]:g}: {found.message}")
    return found.y.T.reshape(-1, *start.shape)
