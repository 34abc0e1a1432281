"""The closed form from a factor of any rank, c1 c2 = 0: lambda-balanced weights.

``Q(t) = rho T^T (S^-2 + T T^T)^-1 T rho`` with ``Theta^T Gamma^(1/2) = O S T``
(:mod:`theory.dynamics.low_rank_solution`): a QR decomposition whose pivots are the rows that have
grown most.  Growth enters as differences of exponents alone, so that nothing overflows at any
time, and the limit is that of the same formula.

One time costs of the order of ``width^2 (d_in + d_out)``.  Singular values of the target that
differ by its rounding count as equal.  Where rounding of the start has grown to be seen, as on
leaving a saddle, the time is refused.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from numerics.kernels.evaluate import evaluate
from numerics.linear.riccati.target_basis import TargetBasis
from numerics.support.errors import OutOfRangeError
from theory.dynamics.low_rank_solution import balanced_rate, factor_modes

__all__ = ["FactorSolution"]

Matrix = NDArray[np.float64]
Products = Callable[[Matrix, Matrix], tuple[Matrix, ...]]

EPS = float(np.finfo(np.float64).eps)

#: Multiple of the rounding of a direction, of which the start has nothing else if it is below.
NOISE = 16.0

#: Largest change of the solution, relative to its scale, that rounding of the start may make.
RESOLUTION = 1e-10


class FactorSolution:
    """Q(t) from lambda-balanced weights.

    Parameters
    ----------
    basis : TargetBasis
        Of the target and the imbalance.
    W1, W2 : ndarray
        With ``W1 W1^T - W2^T W2`` equal to c1 - c2 times the identity.
    c1, c2 : float
        Scales of the invariant, one of them 0.
    """

    def __init__(self, basis: TargetBasis, W1: Matrix, W2: Matrix, *, c1: float, c2: float) -> None:
        self._basis, self._scales = basis, (c1, c2)
        self._start = basis.to_eigenvectors(W1, W2)
        self._clusters = _clusters(basis.values, EPS * max(basis.left.shape + basis.right.shape))
        # The same solution with every rounding moved: what it changes is not known.
        rng = np.random.default_rng(0)
        rounding = basis.rounding(W1, W2)
        self._moved_start = self._start + rng.choice([-1.0, 1.0], rounding.shape) * rounding
        self._noise = NOISE * np.linalg.norm(rounding, axis=1)
        self._moves = rng.choice([-1.0, 1.0], basis.values.size) * 2 * EPS * basis.values[0]

    def core(self, time: float) -> Matrix:
        """Return A in the singular bases of the target."""
        return self._resolved(time, lambda top, bottom: (bottom @ top.T,))[0]

    def blocks(self, time: float) -> tuple[Matrix, ...]:
        """Return A, C1 and C2 in the singular bases of the target."""
        products = lambda top, bottom: (bottom @ top.T, top @ top.T, bottom @ bottom.T)  # noqa: E731
        return self._resolved(time, products)

    def _resolved(self, time: float, products: Products) -> tuple[Matrix, ...]:
        found, moved = (products(*self._layers(time, x)) for x in (False, True))
        scale = max(self._basis.values[0], *(np.abs(x).max() for x in found))
        change = max(np.abs(x - y).max() for x, y in zip(found, moved, strict=True))
        if scale > 0 and not change <= RESOLUTION * scale:
            raise _grown(time, f"changes the solution by {change / scale:.1g}")
        return found

    def _layers(self, time: float, moved: bool) -> tuple[Matrix, Matrix]:
        """Return a factor of Q(t) in the singular bases: rows of v, rows of u."""
        if time == 0:
            return self._basis.to_singular_vectors(self._start)
        values = self._clusters.copy()
        if moved:
            # Equal values stay equal, and zeros zeros.
            first = np.searchsorted(-values, -values)
            values = np.where(values > 0, np.abs(values + self._moves[first]), 0.0)
        start = self._moved_start if moved else self._start
        return self._basis.to_singular_vectors(self._factor(time, start, values))

    def _factor(self, time: float, start: Matrix, values: Matrix) -> Matrix:
        """Return ``rho T^T K^(-1/2)`` in the eigenbasis, K = S^-2 + T T^T."""
        (c1, c2), (inputs, outputs) = self._scales, self._basis.unpaired
        base = abs(c1 - c2) / 2
        paired, excess = evaluate(balanced_rate, values, c1, c2).values()
        unpaired = np.repeat([(c1 - c2) / 2, (c2 - c1) / 2], [inputs, outputs])
        rates = np.concatenate([paired, -paired, unpaired])
        # Of growing rows the rate beyond |lam|/2, in which they differ; decaying ones do not grow.
        above = np.concatenate([excess, np.zeros(paired.size + inputs + outputs)])
        above = np.where(rates > 0, above, -base)
        # At the end of time only growing rows are left.
        kept = (rates > 0) | np.isfinite(time)
        result = np.zeros_like(start)
        if not kept.any():
            return result
        gain, fade = evaluate(factor_modes, rates[kept], time).values()
        weights = np.log(gain) / 2
        rows, scales = _pivoted(start[kept], self._noise[kept], above[kept], base, weights, time)
        root = np.linalg.cholesky(np.diag(scales) + rows @ rows.T)
        bounded = solve_triangular(root, rows, lower=True) * (fade / np.sqrt(gain))
        result[kept, : len(rows)] = bounded.T
        return result


def _clusters(values: Matrix, resolution: float) -> Matrix:
    """Return falling values with those that differ by rounding set equal, the smallest to 0."""
    gap = resolution * values[0]
    starts = np.concatenate([[True], -np.diff(values) > gap])
    result = values[np.flatnonzero(starts)][np.cumsum(starts) - 1]
    return np.where(result <= gap, 0.0, result)


def _grown(time: float, what: str) -> OutOfRangeError:
    return OutOfRangeError(
        f"time must be one at which rounding of the start has not grown, got {time:g}, where it "
        f"{what}"
    )


def _pivoted(
    start: Matrix, noise: Matrix, above: Matrix, base: float, weights: Matrix, time: float
) -> tuple[Matrix, Matrix]:
    """Return T and the diagonal of S^-2 for the rows ``e^{(above + base) time + weight} start``.

    The columns are scaled by exponentials that may not be floats, so the decomposition is that
    of the unscaled ones (the same, column by column) in the order that the scaled ones ask for.
    A column of which only noise is left must not have grown.
    """
    work = start.T.copy()
    steps = min(work.shape)
    rows, scales = np.zeros((steps, work.shape[1])), np.ones(steps)
    left = np.ones(work.shape[1], dtype=bool)
    own = _growth(above + base, time) + weights
    for step in range(steps):
        norms = np.sqrt(np.square(work[step:]).sum(axis=0))
        left &= norms > 0
        if not left.any():
            return rows[:step], scales[:step]
        logs = np.log(np.where(left, norms, 1.0))
        relative = _growth(above - above[left].max(), time) + weights + logs
        pivot = int(np.argmax(np.where(left, relative, -np.inf)))
        # Householder's reflection that leaves the pivot's column with one entry.
        mirror = work[step:, pivot].copy()
        mirror[0] += np.copysign(norms[pivot], mirror[0])
        work[step:] -= np.outer(mirror, mirror @ work[step:] * (2 / (mirror @ mirror)))
        left[pivot] = False
        row = np.where(left, work[step], 0.0)
        row[pivot] = work[step, pivot]
        size = logs[pivot] + own[pivot]
        if norms[pivot] <= noise[pivot] and 2 * size > np.log(RESOLUTION):
            raise _grown(time, "decides in which direction it goes on")
        if size > 0:
            scales[step] = np.exp(-2 * size)
            exponents = _growth(above - above[pivot], time) + weights - weights[pivot] - logs[pivot]
        else:
            exponents = own
        there = row != 0
        logs = np.log(np.abs(row[there])) + exponents[there]
        rows[step, there] = np.sign(row[there]) * np.exp(logs)
    return rows, scales


def _growth(rates: Matrix, time: float) -> Matrix:
    """Return ``rates * time``, zero where the rate is, also at infinity."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(rates == 0, 0.0, rates * time)
