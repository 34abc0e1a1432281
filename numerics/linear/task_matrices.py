"""Matrices that tasks are made of: observed entries, uniform orthonormal frames, roots."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.support.object_validation import check_size
from numerics.support.validation import check_mask, check_matrix, check_numbers

__all__ = ["haar_frame", "observed_matrix", "symmetric_root"]

COVARIANCE_TOLERANCE = 1e-10  # asymmetry or negative eigenvalue forgiven, relative to the largest

Matrix = NDArray[np.float64]


def observed_matrix(
    name: str,
    value: ArrayLike,
    mask: ArrayLike | None,
    shape: tuple[int, int] | None = None,
    *,
    mask_name: str = "mask",
) -> Matrix:
    """Return a matrix whose entries are finite where a mask is true; no number elsewhere is NaN.

    Examples
    --------
    >>> observed_matrix("target", [[1.0, np.inf]], [[True, False]])
    array([[ 1., nan]])
    >>> observed_matrix("target", [[1.0, np.inf]], None)
    Traceback (most recent call last):
        ...
    ValueError: target must be finite, except where mask is False, got 1 entries that are not
    """
    given = check_numbers(name, value, finite=None)
    there = np.isfinite(given)
    matrix = check_matrix(name, np.where(there, given, 0.0), shape)
    seen = True if mask is None else check_mask(mask_name, mask, matrix.shape)
    bad = np.count_nonzero(~there & seen)
    if bad:
        rule = f"finite, except where {mask_name} is False"
        raise ValueError(f"{name} must be {rule}, got {bad} entries that are not")
    return np.where(there, matrix, np.nan)


def haar_frame(d: int, k: int, rng: np.random.Generator) -> Matrix:
    """Return k orthonormal columns in dimension d, uniformly distributed."""
    frame, R = np.linalg.qr(rng.standard_normal((d, k)))
    # QR fixes the signs of R's diagonal by convention; undoing that makes the law uniform
    return frame * np.where(np.diag(R) < 0, -1.0, 1.0)


def symmetric_root(covariance: Matrix) -> Matrix:
    """Return the symmetric square root of a symmetric positive semi-definite matrix."""
    check_size("covariance", covariance)
    scale = np.abs(covariance).max()
    asymmetry = np.abs(covariance - covariance.T).max()
    if asymmetry > COVARIANCE_TOLERANCE * scale:
        raise ValueError(f"covariance must be symmetric, got an asymmetry of {asymmetry:.3g}")
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    if values[0] < -COVARIANCE_TOLERANCE * scale:
        raise ValueError(
            f"covariance must be positive semi-definite, got an eigenvalue of {values[0]:.3g}"
        )
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return (root + root.T) / 2
