"""Passes over the entries of a matrix root that is followed along a run.

The products between them are BLAS calls of :mod:`numerics.linear.followed_root`.  Sums run down
the columns: the compiler vectorises them as they stand, without reordering.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from numerics.kernels.loops.arithmetic import corrected_entry

compiled = njit(cache=True, nogil=True, error_model="numpy")

Floats = NDArray[np.float64]


@compiled
def extrapolate(known: Floats, weights: Floats, root: Floats) -> bool:
    """Fill a root with a sum of known ones; False where its diagonal is not positive."""
    flat = root.ravel()
    flat[:] = 0.0
    for k in range(weights.size):
        weight, one = weights[k], known[k].ravel()
        for place in range(flat.size):
            flat[place] += weight * one[place]
    for i in range(root.shape[0]):
        if not root[i, i] > 0.0:
            return False
    return True


@compiled
def begin(square: Floats, shift: float, own: Floats, root: Floats, residual: Floats) -> None:
    """Fill the defect ``square + shift I - own`` of a root, own being its square."""
    for i in range(root.shape[0]):
        for j in range(root.shape[1]):
            residual[i, j] = square[i, j] - own[i, j]
        residual[i, i] += shift


@compiled
def precondition(
    root: Floats, residual: Floats, correction: Floats, work: Floats
) -> tuple[float, float]:
    """Fill the correction of a diagonal root; return its overlap and largest relative entry.

    An entry is relative to the geometric mean of the two modes that it couples.
    """
    modes, inverse, overlaps, squares = work[0], work[1], work[2], work[3]
    for i in range(root.shape[0]):
        modes[i] = root[i, i]
        inverse[i] = 1.0 / root[i, i]
        overlaps[i] = squares[i] = 0.0
    for i in range(root.shape[0]):
        for j in range(root.shape[1]):
            entry = corrected_entry(residual[i, j], modes[i], modes[j])
            correction[i, j] = entry
            overlaps[j] += entry * residual[i, j]
            squares[j] = max(squares[j], entry * entry * inverse[i])
    return overlaps.sum(), math.sqrt((squares * inverse).max())


@compiled
def curvature(direction: Floats, product: Floats, work: Floats) -> float:
    """Return the overlap of a symmetric direction with what the equation makes of it."""
    sums = work[2]
    sums[:] = 0.0
    for i in range(direction.shape[0]):
        for j in range(direction.shape[1]):
            sums[j] += direction[i, j] * product[i, j]
    return 2.0 * sums.sum()


@compiled
def move(step: float, direction: Floats, product: Floats, change: Floats, residual: Floats) -> None:
    """Move along a direction: the change of the root, and the defect that is left."""
    for i in range(direction.shape[0]):
        for j in range(direction.shape[1]):
            change[i, j] += step * direction[i, j]
            residual[i, j] -= step * (product[i, j] + product[j, i])


@compiled
def turn(share: float, correction: Floats, direction: Floats) -> None:
    """Make the next direction of the correction and of the last one."""
    for i in range(direction.shape[0]):
        for j in range(direction.shape[1]):
            direction[i, j] = correction[i, j] + share * direction[i, j]


@compiled
def finish(change: Floats, correction: Floats, root: Floats, work: Floats) -> float:
    """Add what was found to the root; return its largest relative entry."""
    inverse, squares = work[1], work[3]
    squares[:] = 0.0
    for i in range(root.shape[0]):
        for j in range(root.shape[1]):
            total = change[i, j] + correction[i, j]
            root[i, j] += total
            squares[j] = max(squares[j], total * total * inverse[i])
    return math.sqrt((squares * inverse).max())
