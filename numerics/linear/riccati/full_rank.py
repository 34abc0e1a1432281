"""The closed form from a start of full rank, c1, c2 > 0, as at infinite width.

``Q(t) = Ft - D + [e^{-Dt} (Q0 - Ft + D)^-1 e^{-Dt} + (1 - e^{-2Dt})/(2D)]^-1`` in the eigenbasis
of Ft, where Ft and D are diagonal and ``D - Ft`` is computed without cancellation
(:mod:`theory.dynamics.closed_form`).

One time costs a Cholesky inverse of size d_in + d_out; no overflow at any time.  From A0 = 0 any
threshold is resolved; otherwise round-off grows like (A0/c)^2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri

from numerics.kernels.evaluate import evaluate
from numerics.linear.riccati.target_basis import TargetBasis
from numerics.support.errors import OutOfRangeError
from theory.dynamics.closed_form import mode_eigenvalues

__all__ = ["FullRankSolution"]

Matrix = NDArray[np.float64]


class FullRankSolution:
    """Q(t) from a square factor of its start.

    Parameters
    ----------
    basis : TargetBasis
        Of the target and the imbalance c1 - c2.
    W1, W2 : ndarray
        A factor of the start.
    c1, c2 : float
        Scales of the invariant, both positive.
    """

    def __init__(self, basis: TargetBasis, W1: Matrix, W2: Matrix, *, c1: float, c2: float) -> None:
        self._basis, self._scales = basis, (c1, c2)
        imbalance = c1 - c2
        paired = np.hypot(basis.values, imbalance / 2)
        inputs, outputs = basis.unpaired
        self._eigenvalues = np.concatenate(
            [paired, -paired, np.full(inputs, imbalance / 2), np.full(outputs, -imbalance / 2)]
        )
        # The start in the eigenbasis, as a product: it stays positive semidefinite.
        rotated = basis.to_eigenvectors(W1, W2)
        self._offset = self._modes(0.0)[0]
        delta = rotated @ rotated.T
        delta[np.diag_indices_from(delta)] += self._offset
        self._inverse = _inverse(delta)

    def core(self, time: float) -> Matrix:
        """Return A in the singular bases of the target."""
        return self._basis.lower_left(self._gram(time))

    def blocks(self, time: float) -> tuple[Matrix, Matrix, Matrix]:
        """Return A, C1 and C2 in the singular bases of the target."""
        top, bottom = self._basis.to_singular_vectors(self._gram(time))
        C1, A = (self._basis.to_singular_vectors(x.T)[0].T for x in (top, bottom))
        return A, C1, self._basis.to_singular_vectors(bottom.T)[1].T

    def _gram(self, time: float) -> Matrix:
        """Return Q in the eigenbasis."""
        _, decay, gain = self._modes(time)
        bracket = self._inverse * decay
        bracket *= decay[:, None]
        bracket[np.diag_indices_from(bracket)] += gain
        solution = _inverse(bracket)
        solution[np.diag_indices_from(solution)] -= self._offset
        return solution

    def _modes(self, time: float) -> tuple[Matrix, ...]:
        return tuple(evaluate(mode_eigenvalues, self._eigenvalues, *self._scales, time).values())


def _inverse(matrix: Matrix) -> Matrix:
    """Invert a symmetric positive definite matrix through its Cholesky factor."""
    # LAPACK reads columns: the lower triangle of a C-ordered symmetric matrix is its upper one.
    factor, status = dpotrf(matrix.T, lower=True, overwrite_a=True)
    if status == 0:
        factor, status = dpotri(factor, lower=True, overwrite_c=True)
    if status != 0:
        raise OutOfRangeError(
            "the start must be positive definite beside its fixed point; c1 and c2 are too small "
            f"beside A0 or the target for float64 (LAPACK status {status})"
        )
    # dpotri fills the lower triangle only; its transpose is the other one.
    inverse = np.tril(factor, -1)
    inverse += inverse.T
    inverse[np.diag_indices_from(inverse)] = factor[np.diag_indices_from(factor)]
    return inverse
