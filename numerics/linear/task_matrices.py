"""Matrices that tasks are made of: uniform orthonormal frames, and roots of covariances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from numerics.support.object_validation import check_size

__all__ = ["haar_frame", "symmetric_root"]

COVARIANCE_TOLERANCE = 1e-10  # asymmetry or negative eigenvalue forgiven, relative to the largest

Matrix = NDArray[np.float64]


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
