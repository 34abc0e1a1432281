"""The eigenbasis of ``Ft = [[lam/2, Y^T], [Y, -lam/2]]``, in which the closed form is diagonal.

A pair of singular vectors (v, u) of Y with the value y gives the eigenvectors ``(cos v, sin u)``
and ``(-sin v, cos u)``, ``tan 2 phi = 2 y/lam``, of the eigenvalues ``+-sqrt(y^2 + lam^2/4)``;
unpaired v and u have lam/2 and -lam/2.  Order: the pairs with +, then with -, then v, then u.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["TargetBasis"]

Matrix = NDArray[np.float64]


class TargetBasis:
    """Rotations between weights, the singular bases of the target and the eigenvectors of Ft.

    Attributes
    ----------
    left, right : ndarray, shape (d_out, d_out) and (d_in, d_in)
        Singular vectors of the target.
    values : ndarray
        Its singular values.
    """

    def __init__(self, target: Matrix, imbalance: float) -> None:
        left, self.values, right_T = np.linalg.svd(target, full_matrices=True)
        self.left, self.right = left, right_T.T
        self._phi = np.arctan2(self.values, imbalance / 2) / 2

    @property
    def unpaired(self) -> tuple[int, int]:
        """Numbers of unpaired v and u."""
        return self.right.shape[0] - self.values.size, self.left.shape[0] - self.values.size

    def to_eigenvectors(self, W1: Matrix, W2: Matrix) -> Matrix:
        """Return ``Theta = [W1^T; W2]`` in the eigenbasis, shape (d_in + d_out, width)."""
        top, bottom = self.right.T @ W1.T, self.left.T @ W2
        cosine, sine = np.cos(self._phi)[:, None], np.sin(self._phi)[:, None]
        k = self._phi.size
        plus = cosine * top[:k] + sine * bottom[:k]
        minus = cosine * bottom[:k] - sine * top[:k]
        return np.vstack([plus, minus, top[k:], bottom[k:]])

    def rounding(self, W1: Matrix, W2: Matrix) -> Matrix:
        """Return a bound of the rounding of :meth:`to_eigenvectors`; exact zeros stay zeros."""
        top, bottom = np.abs(self.right.T) @ np.abs(W1.T), np.abs(self.left.T) @ np.abs(W2)
        cosine, sine = (np.abs(f(self._phi))[:, None] for f in (np.cos, np.sin))
        k = self._phi.size
        plus, minus = cosine * top[:k] + sine * bottom[:k], cosine * bottom[:k] + sine * top[:k]
        # Twice: once for the sums, once for the singular vectors.
        return 2 * np.finfo(np.float64).eps * np.vstack([plus, minus, top[k:], bottom[k:]])

    def to_singular_vectors(self, rows: Matrix) -> tuple[Matrix, Matrix]:
        """Rotate rows back to the singular bases: those of v and those of u."""
        k = self._phi.size
        cosine, sine = np.cos(self._phi)[:, None], np.sin(self._phi)[:, None]
        plus, minus, above = rows[:k], rows[k : 2 * k], k + self.right.shape[0]
        top = np.vstack([cosine * plus - sine * minus, rows[2 * k : above]])
        return top, np.vstack([sine * plus + cosine * minus, rows[above:]])

    def lower_left(self, Q: Matrix) -> Matrix:
        """Rotate back the block of Q with rows u and columns v."""
        d_out, d_in = self.left.shape[0], self.right.shape[0]
        k = self._phi.size
        cosine, sine = np.cos(self._phi), np.sin(self._phi)
        plus, minus, inputs = slice(0, k), slice(k, 2 * k), slice(2 * k, k + d_in)
        outputs = slice(k + d_in, None)
        # Columns first: v = cos plus - sin minus, then rows: u = sin plus + cos minus.
        rows = {}
        for name, part in (("plus", plus), ("minus", minus), ("outputs", outputs)):
            paired = Q[part, plus] * cosine
            paired -= Q[part, minus] * sine
            rows[name] = np.hstack([paired, Q[part, inputs]]) if d_in > k else paired
        block = rows["plus"] * sine[:, None]
        block += rows["minus"] * cosine[:, None]
        return np.vstack([block, rows["outputs"]]) if d_out > k else block
