"""The roots of equation (1) along a run, each followed from those of the steps before.

    C1 = sqrt(A^T A + c^2 I),    C2 = sqrt(A A^T + c^2 I) = c I + A (C1 + c I)^{-1} A^T.

C1 is extrapolated from steps before and corrected by Newton's method: its linear equation
``C1 E + E C1 = A^T A + c^2 I - C1^2`` is solved by conjugate gradients, preconditioned with the
diagonal of C1.  In the singular bases of the target C1 is nearly diagonal for w >> d, and a
correction takes none to two products; where it takes many, a singular value decomposition is
cheaper.  C2 needs a Cholesky factor of ``C1 + c I``.  The size of a correction tells for how many
steps the extrapolation alone is good enough.

Holds for c > 0 and matrices A that move smoothly from step to step; an entry of C1 is known to
about ``TOLERANCE`` times the geometric mean of the two modes that it couples.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dtrsm
from scipy.linalg.lapack import dpotrf

from numerics.kernels.cache import load
from theory.kernels.root_correction import root_module

__all__ = ["FollowedRoot"]

#: Error of an extrapolated entry of C1, and of a corrected one, which extrapolation multiplies, in
#: units of the geometric mean of the modes that it couples.
TOLERANCE, SOLVED = 5e-5, 5e-7
#: Roots that are kept, and most steps from one to the next.
KEPT, LONGEST_GAP = 5, 8
#: Products after which a decomposition is cheaper, and roots until products are tried again.
MOST_PRODUCTS, PAUSE = 20, 5
#: Corrections of one root by Newton's method.
MOST_CORRECTIONS = 4

Floats = NDArray[np.float64]


class FollowedRoot:
    """C1 and C2 at each of the matrices that a run comes to.

    Parameters
    ----------
    shape : (int, int)
        ``(d_out, d_in)`` of A.
    threshold : float
        c > 0 (unit of A).

    Attributes
    ----------
    C1, C2 : ndarray
        The roots, shapes (d_in, d_in) and (d_out, d_out), which :meth:`follow` fills.
    corrections, decompositions, products : int
        How often the roots were corrected or decomposed, and the products of the corrections.
    """

    def __init__(self, shape: tuple[int, int], threshold: float) -> None:
        d_out, d_in = shape
        self.threshold = threshold
        self.C1, self.C2 = np.empty((d_in, d_in)), np.empty((d_out, d_out))
        self.corrections = self.decompositions = self.products = 0
        self._passes = load(root_module(), loops="root_correction")
        self._known = np.zeros((KEPT, d_in, d_in)), np.zeros((KEPT, d_out, d_out))
        buffers = (np.empty((d_in, d_in)) for _ in range(6))
        self._square, self._residual, self._correction, self._direction, *rest = buffers
        self._product, self._change = rest
        self._work = np.empty((4, d_in))
        self.forget()

    def forget(self) -> None:
        """Start anew: the next matrix is not one step away from the last."""
        self._times: list[int] = []
        self._time = self._time_count = self._due = self._pause = 0

    def follow(self, A: Floats) -> None:
        """Fill C1 and C2 with the roots at A, one step from the last."""
        weights = self._weights(self._time)
        positive = self._passes.extrapolate(self._known[0], weights, self.C1)
        if self._time < self._due:
            self._passes.extrapolate(self._known[1], weights, self.C2)
        else:
            self._renew(A, positive)
        self._time += 1

    def _renew(self, A: Floats, positive: bool) -> None:
        """Fill the roots at A, keep them, and choose when to do so again."""
        self._pause -= 1
        error = self._correct(A) if positive and self._pause <= 0 else None
        if error is None:
            if positive and self._pause <= 0:
                self._pause = PAUSE
            error = self._decompose(A)
        self._fill_other(A)
        self._due = self._time + self._gap(error)
        place = self._time_count % KEPT
        self._times[place : place + 1] = [self._time]
        self._time_count += 1
        for known, root in zip(self._known, (self.C1, self.C2), strict=True):
            known[place] = root

    def _weights(self, time: int) -> NDArray[np.float64]:
        """Return the shares of the known roots in the polynomial through them."""
        weights = np.zeros(KEPT)
        for k, own in enumerate(self._times):
            others = [x for x in self._times if x != own]
            weights[k] = math.prod((time - x) / (own - x) for x in others)
        return weights

    def _gap(self, error: float) -> int:
        """Return in how many steps the polynomial will be off by the tolerance, from its error."""
        if len(self._times) < KEPT:
            return 1
        scale = error / math.prod(self._time - x for x in self._times)
        times = [*sorted(self._times)[1:], self._time]
        gap = 1
        while gap < LONGEST_GAP:
            later = self._time + gap + 1
            if 2 * scale * math.prod(later - x for x in times) > TOLERANCE:
                break
            gap += 1
        return gap

    def _decompose(self, A: Floats) -> float:
        """Fill C1 and return the error of its extrapolation."""
        self.decompositions += 1
        c, predicted = self.threshold, self._change
        self._passes.extrapolate(self._known[0], self._weights(self._time), predicted)
        _, s, right = np.linalg.svd(A, full_matrices=False)
        # Outside the singular vectors the root is c.
        np.matmul(right.T * (s**2 / (np.hypot(s, c) + c)), right, out=self.C1)
        self.C1 += self.C1.T.copy()
        self.C1 /= 2
        self.C1.flat[:: len(self.C1) + 1] += c
        modes = 1 / np.sqrt(np.diag(self.C1))
        return float(np.abs((self.C1 - predicted) * modes * modes[:, None]).max())

    def _correct(self, A: Floats) -> float | None:
        """Correct C1 and return by how much; None where that does not succeed."""
        passes, root, total = self._passes, self.C1, 0.0
        self.corrections += 1
        np.matmul(A.T, A, out=self._square)
        for _ in range(MOST_CORRECTIONS):
            np.matmul(root, root.T, out=self._product)
            shift = self.threshold**2
            passes.begin(self._square, shift, self._product, root, self._residual)
            if not self._solve():
                return None
            error = passes.finish(self._change, self._correction, root, self._work)
            total += error
            if error**2 < SOLVED:
                return total
        return None

    def _solve(self) -> bool:
        """Fill change and correction, whose sum solves Newton's equation; False if it is long."""
        passes, root, residual = self._passes, self.C1, self._residual
        correction, direction, product = self._correction, self._direction, self._product
        self._change.fill(0.0)
        overlap, largest = passes.precondition(root, residual, correction, self._work)
        np.copyto(direction, correction)
        for _ in range(MOST_PRODUCTS):
            if largest < SOLVED:
                return True
            np.matmul(root, direction, out=product)
            self.products += 1
            step = overlap / passes.curvature(direction, product, self._work)
            passes.move(step, direction, product, self._change, residual)
            before = overlap
            overlap, largest = passes.precondition(root, residual, correction, self._work)
            passes.turn(overlap / before, correction, direction)
        return False

    def _fill_other(self, A: Floats) -> None:
        """Fill C2 from C1."""
        c, factor = self.threshold, self._product
        np.copyto(factor, self.C1)
        factor.flat[:: len(factor) + 1] += c
        # C1 is symmetric: its transpose has the order of entries that LAPACK asks for.
        lower, fault = dpotrf(factor.T, lower=1, overwrite_a=1, clean=0)
        if fault:
            raise np.linalg.LinAlgError(f"C1 + c I is not positive definite at column {fault}")
        # From the right: the same solution, and faster.
        half = dtrsm(1.0, lower, A, side=1, lower=1, trans_a=1)
        np.matmul(half, half.T, out=self.C2)
        self.C2.flat[:: len(self.C2) + 1] += c
