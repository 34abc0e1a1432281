"""The closed form of the unified evolution for the squared loss, at any list of times.

``Q(t) = Ft - D + [e^{-Dt} (Q0 - Ft + D)^-1 e^{-Dt} + (1 - e^{-2Dt})/(2D)]^-1`` in the
eigenbasis of ``Ft = [[lam/2, Y^T], [Y, -lam/2]]``, where Ft and D are diagonal and ``D - Ft`` is
computed without cancellation (:mod:`theory.closed_form`).

Holds for gradient flow of ``1/2 ||A - Y||_F^2`` from a start on the invariant, c1, c2 > 0.  One
time costs a Cholesky inverse of size d_in + d_out; no overflow at any time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg.lapack import dpotrf, dpotri

from numerics.initialization import self_consistent_lift
from numerics.kernel_cache import load
from numerics.validation import check_matrix, check_positive, check_times
from theory.closed_form import mode_eigenvalues
from theory.kernel_source import scalar_kernel

__all__ = ["ClosedForm", "closed_form"]


class ClosedForm:
    """The self-consistent solution for one target and one start, evaluated at any time.

    Parameters
    ----------
    A0 : array_like, shape (d_out, d_in)
        The initial matrix; C1 and C2 follow from it by the invariant.
    target : array_like, shape (d_out, d_in)
        Y.
    c1, c2 : float
        Scales of the two layers (c2: default c1), both positive, in the unit of A.

    Examples
    --------
    >>> import numpy as np
    >>> ClosedForm(np.zeros((2, 3)), np.ones((2, 3)), 0.1)(np.inf).round(12)
    array([[1., 1., 1.],
           [1., 1., 1.]])
    """

    def __init__(
        self, A0: ArrayLike, target: ArrayLike, c1: float, c2: float | None = None
    ) -> None:
        Y = check_matrix("target", target)
        start = check_matrix("A0", A0, Y.shape)
        self._c1 = check_positive("c1", c1)
        self._c2 = self._c1 if c2 is None else check_positive("c2", c2)
        self._top, self._bottom, self._eigenvalues = _eigenbasis(Y, self._c1 - self._c2)
        lift = self_consistent_lift(start, self._c1, self._c2)
        # The start in the eigenbasis, as a product: it stays positive semidefinite.
        rotated = self._top.T @ lift.W1.T + self._bottom.T @ lift.W2
        self._offset = self._modes(0.0)[0]
        delta = rotated @ rotated.T
        delta[np.diag_indices_from(delta)] += self._offset
        self._inverse = _inverse(delta)

    def __call__(self, time: float) -> NDArray[np.float64]:
        """Return A at one time (0 to inf), shape (d_out, d_in)."""
        _, decay, gain = self._modes(time)
        bracket = decay[:, None] * self._inverse * decay
        bracket[np.diag_indices_from(bracket)] += gain
        solution = _inverse(bracket)
        solution[np.diag_indices_from(solution)] -= self._offset
        return self._bottom @ solution @ self._top.T

    def _modes(self, time: float) -> tuple[NDArray[np.float64], ...]:
        f = self._eigenvalues
        filled = [np.full(f.size, value) for value in (self._c1, self._c2, time)]
        out = tuple(np.empty(f.size) for _ in range(3))
        load(scalar_kernel("modes", mode_eigenvalues())).modes(f, *filled, *out)
        return out


def closed_form(
    A0: ArrayLike, target: ArrayLike, c1: float, times: ArrayLike, c2: float | None = None
) -> NDArray[np.float64]:
    """Return A at the given times, shape (time, d_out, d_in); see :class:`ClosedForm`."""
    moments = check_times("times", times)
    solution = ClosedForm(A0, target, c1, c2)
    return np.array([solution(moment) for moment in moments])


def _eigenbasis(Y: NDArray[np.float64], imbalance: float) -> tuple[NDArray[np.float64], ...]:
    """Return the input rows and output rows of the eigenvectors of Ft, and its eigenvalues.

    A pair of singular vectors (v, u) of Y gives ``(cos v, sin u)`` and ``(-sin v, cos u)`` with
    ``tan 2 phi = 2 y/lam`` and eigenvalues ``+- sqrt(y^2 + lam^2/4)``; an unpaired v or u has
    the eigenvalue lam/2 or -lam/2.
    """
    d_out, d_in = Y.shape
    left, y, right_T = np.linalg.svd(Y, full_matrices=True)
    V, k = right_T.T, y.size
    phi = np.arctan2(y, imbalance / 2) / 2
    cosine, sine = np.cos(phi), np.sin(phi)
    f = np.hypot(y, imbalance / 2)
    zero_top, zero_bottom = np.zeros((d_in, d_out - k)), np.zeros((d_out, d_in - k))
    top = np.hstack([V[:, :k] * cosine, -V[:, :k] * sine, V[:, k:], zero_top])
    bottom = np.hstack([left[:, :k] * sine, left[:, :k] * cosine, zero_bottom, left[:, k:]])
    unpaired = np.full(d_in - k, imbalance / 2), np.full(d_out - k, -imbalance / 2)
    return top, bottom, np.concatenate([f, -f, *unpaired])


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Invert a symmetric positive definite matrix through its Cholesky factor."""
    # LAPACK reads columns: the lower triangle of a C-ordered symmetric matrix is its upper one.
    factor, status = dpotrf(matrix.T, lower=True, overwrite_a=True)
    if status == 0:
        factor, status = dpotri(factor, lower=True, overwrite_c=True)
    if status != 0:
        raise ValueError(
            "the start must be positive definite beside its fixed point; c1 and c2 are too small "
            f"beside the target for float64 (LAPACK status {status})"
        )
    inverse = np.tril(factor)
    return inverse + np.tril(inverse, -1).T
