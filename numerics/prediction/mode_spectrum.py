"""The modes of a noisy low-rank target: spikes, Gauss nodes of the bulk, directions without one.

``Y = A* + noise``, d_out x d_in, by the formulas of :mod:`theory.random_matrices.spiked_matrix`.
Each of the k singular values of A* above the threshold of detection gives a spike and takes one row
and one column from the bulk.  These k rows and columns of Y, in the singular bases of A*, are a
block of signal and noise,

    diag(theta) + tau G = P diag(xi + rho) Q^T,    xi_j = (P^T diag(theta) Q)_jj,

G of standard normal entries.  Its singular values repel one another by rho, which the bulk makes
larger by a factor that grows without bound at the threshold
(:mod:`theory.random_matrices.spike_repulsion`); xi and rho are means over drawn blocks.  The bulk
is min(m, n) - k singular values at the nodes of a Gauss quadrature of their law, all by one factor
smaller or larger for what spikes take from them and hidden signals add to them.

The sums over all modes of y^2 and of y corr are exact (:mod:`theory.random_matrices.
spectrum_sums`): what means over blocks and leading orders leave open, a few times the variance of
a noise entry, the spikes get in proportion.

Holds for rank << d_in, d_out.
Source: :mod:`theory.random_matrices.spiked_matrix`, :mod:`theory.random_matrices.spike_repulsion`,
:mod:`theory.random_matrices.spectrum_sums`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincinv

from numerics.kernels.evaluate import evaluate
from numerics.support.object_validation import check_size
from numerics.support.validation import check_dimension, check_nonnegative, check_rank, check_vector
from theory.algebra.stable_form import StableForm
from theory.random_matrices.spectrum_sums import share_form
from theory.random_matrices.spike_repulsion import repulsion_form
from theory.random_matrices.spiked_matrix import (
    NOISE,
    SIZES,
    bulk_correlation,
    jacobi_matrix,
    spike_form,
)
from theory.random_matrices.wishart import typical_log_mean, typical_spread
from theory.symbols.random_matrices import y_bulk as y
from theory.symbols.random_matrices import y_hat
from theory.symbols.task import k as rank_symbol

__all__ = ["ModeSpectrum", "bulk_nodes", "mode_spectrum", "typical_singular_values"]

Floats = NDArray[np.float64]

DEFAULT_NODES = 6

#: Drawn blocks of the signal, more of a few spikes: gaps between equal values are within 1 % of
#: their mean.
BLOCK_DRAWS = 64
BLOCK_SEED = 7

#: Of the equation for a spike above its signal; the error is squared by each.
NEWTON_STEPS = 7

#: Draws of the Gaussian orthogonal ensemble: mean eigenvalues to 3e-3, theta to 3e-3/sqrt(d).
ENSEMBLE_DRAWS = 40_000
ENSEMBLE_SEED = 2024


@dataclass(frozen=True, eq=False, kw_only=True)
class ModeSpectrum:
    """Modes of the target Y, and what each of them knows of A*.

    Attributes
    ----------
    targets : ndarray, shape (modes,)
        Singular values of Y: spikes, nodes of the bulk, and 0 for the directions that have no
        partner on the other side.
    counts : ndarray, shape (modes,)
        How many singular values each mode stands for.
    correlations : ndarray, shape (modes,)
        ``u^T A* v`` of one of them.
    spikes : int
        Number of spikes, the first modes.
    unpaired : bool
        Whether the last mode stands for directions of the longer side alone.
    signal : ndarray, shape (rank,)
        Singular values of A*, decreasing.
    shape : tuple of int
        (d_out, d_in).
    bulk_shape : tuple of int
        Size of the noise matrix that makes the bulk.
    edge : float
        Mean of the largest singular value of the bulk.
    noise : float
        Standard deviation of a noise entry.
    nodes : int
        Nodes asked for.
    """

    targets: Floats
    counts: Floats
    correlations: Floats
    spikes: int
    unpaired: bool
    signal: Floats
    shape: tuple[int, int]
    bulk_shape: tuple[int, int]
    edge: float
    noise: float
    nodes: int

    @classmethod
    def of_modes(cls, targets: Floats) -> ModeSpectrum:
        """Return a spectrum of some modes, spikes without noise that are 0 in A*."""
        size = targets.size
        return cls(
            targets=targets,
            counts=np.ones(size),
            correlations=np.zeros(size),
            spikes=size,
            unpaired=False,
            signal=np.ones(size),
            shape=(size, size),
            bulk_shape=(0, 0),
            edge=0.0,
            noise=0.0,
            nodes=1,
        )

    @property
    def bulk(self) -> slice:
        """Which modes are nodes of the bulk."""
        return slice(self.spikes, self.targets.size - self.unpaired)

    @property
    def overlaps(self) -> NDArray[np.float64]:
        """How much of their signals the spikes know, ``(u^T p)(v^T q)``."""
        return self.correlations[: self.spikes] / self.signal[: self.spikes]

    @property
    def sides(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which modes have an input vector, and which an output vector."""
        both = np.ones(self.targets.size, dtype=bool)
        longer = both.copy()
        longer[-1] = not self.unpaired
        return (both, longer) if self.shape[1] >= self.shape[0] else (longer, both)


def mode_spectrum(
    d_in: int,
    d_out: int,
    singular_values: ArrayLike,
    *,
    noise: float = 1.0,
    nodes: int = DEFAULT_NODES,
) -> ModeSpectrum:
    """Return the modes of ``Y = A* + noise``.

    Parameters
    ----------
    d_in, d_out : int
        Columns and rows of Y.
    singular_values : array_like, shape (rank,)
        Positive singular values of A* (unit of A); about d/sqrt(rank) for unit entries.
    noise : float
        Standard deviation of the noise entries, 0 allowed.
    nodes : int
        Number of nodes of the bulk (fewer where the bulk is smaller).

    Raises
    ------
    ValueError
        If a size is below 1, the rank exceeds it, or a singular value is not positive.
    """
    rows, columns = check_dimension("d_out", d_out), check_dimension("d_in", d_in)
    theta = np.sort(check_vector("singular_values", singular_values))[::-1].copy()
    check_rank(theta.size, columns, rows)
    if theta[-1] <= 0:
        raise ValueError(f"singular_values must be > 0, got {theta[-1]}")
    tau = check_nonnegative("noise", noise)
    check_size("noise", tau)
    wanted = check_dimension("nodes", nodes)
    # In a unit that is a power of 2: no bit changes, and fourth powers stay within the floats.
    unit = 2.0 ** math.floor(math.log2(max(theta[0], tau)))
    found = _modes(theta / unit, tau / unit, (rows, columns), wanted)
    spikes, value, known, node, count, spread_out, edge = found
    bulk_shape = rows - spikes, columns - spikes
    targets, correlations = np.concatenate([value, node]), np.concatenate([known, spread_out])
    counts = np.concatenate([np.ones(spikes), count])
    if rows != columns:
        targets, correlations = np.append(targets, 0.0), np.append(correlations, 0.0)
        counts = np.append(counts, abs(rows - columns))
    return ModeSpectrum(
        targets=unit * targets,
        counts=counts,
        correlations=unit * correlations,
        spikes=spikes,
        unpaired=rows != columns,
        signal=theta,
        shape=(rows, columns),
        bulk_shape=bulk_shape,
        edge=unit * edge,
        noise=tau,
        nodes=wanted,
    )


def typical_singular_values(d_in: int, d_out: int, rank: int) -> Floats:
    """Return the typical spectrum of ``A* = C D^T`` with entries of variance 1, decreasing.

    Their geometric mean is exact in the mean of its logarithm; the spread around it is the first
    order in rank/sqrt(d) (within 0.5 % for rank 5 and d >= 100).  A single draw scatters around
    them by about ``sqrt(1/d_in + 1/d_out)/sqrt(2)`` relative.

    Examples
    --------
    >>> typical_singular_values(200, 200, 5).round(0)
    array([104.,  95.,  88.,  82.,  75.])
    """
    rows, columns = check_dimension("d_out", d_out), check_dimension("d_in", d_in)
    k = check_rank(rank, columns, rows)
    found = evaluate(_typical_form, rows, columns, k, compiled=False)
    return np.exp(float(found["log_mean"]) + float(found["spread"]) * _ensemble_means(k))


def _modes(
    theta: Floats, tau: float, shape: tuple[int, int], nodes: int
) -> tuple[int, Floats, Floats, Floats, Floats, Floats, float]:
    """Return the number of spikes, their y and corr; y, count and corr of the bulk; its edge."""
    rows, columns = shape
    spikes = theta.size
    # A spike below the threshold stays in the bulk, which then keeps its row and column.
    while True:
        size = rows - spikes, columns - spikes
        own, excess = _own_block(theta, spikes, tau)
        alone = evaluate(spike_form, own, tau, *size)
        found = int(np.count_nonzero((own > alone["threshold"])[:spikes]))
        if found == spikes:
            break
        spikes = found
    value, known = _placed(own[:spikes], excess[:spikes], tau, *size)
    node, count = bulk_nodes(*size, tau, nodes)
    pairs = evaluate(_correlation_form, tau, node, alone["value"][:, None], compiled=False)
    # What spikes take from the sum of y^2, and hidden signals add, is what either leaves in y corr.
    share = evaluate(share_form, own, tau, *size)
    above = np.arange(theta.size) < spikes
    carried = np.where(above, share["above"], share["below"])
    squares = share["noise"][0] + np.sum(np.where(above, -carried, carried))
    node = node * math.sqrt(max(0.0, _over(squares, count @ node**2)))
    # Nodes miss a part of a sum whose pole is close to the edge.
    spread_out = _over(carried, pairs["correlation"] @ (count * node)) @ pairs["correlation"]
    signal, noise = np.sum(theta**2), rows * columns * tau**2
    value = value * np.sqrt(_over(signal + noise - count @ node**2, value @ value))
    known = known * _over(signal - count @ (node * spread_out), value @ known)
    edge = float(evaluate(spike_form, 1.0, tau, *size)["edge"]) if min(size) > 0 else 0.0
    return spikes, value, known, node, count, spread_out, edge


def _over(sums: ArrayLike, found: ArrayLike) -> Any:
    """Return by what to multiply the terms of sums; 1 where there are none."""
    found = np.asarray(found)
    return np.divide(sums, found, out=np.ones_like(found), where=found > 0)


def _own_block(theta: Floats, spikes: int, tau: float) -> tuple[Floats, Floats]:
    """Return xi and rho of the block, means over draws.

    Values of A* that give no spike have no block: theirs are theta and 0.
    """
    own, excess = theta.copy(), np.zeros(theta.size)
    if spikes < 2 or tau == 0:  # the mean of |theta + tau g| is theta for a spike
        return own, excess
    inside = theta[:spikes]
    block = np.diag(inside) + tau * _block_noise(spikes)
    # From the square: half the cost of an SVD, exact enough for spikes, which are above the noise.
    transposed = block.transpose(0, 2, 1)
    squares, left = np.linalg.eigh(block @ transposed)
    values = np.sqrt(squares)
    known = np.einsum("nij,nij->nj", left, inside[:, None] * (transposed @ left)) / values
    own[:spikes] = known.mean(0)[::-1]
    excess[:spikes] = values.mean(0)[::-1] - own[:spikes]
    return own, excess


@cache
def _block_noise(size: int) -> Floats:
    """Return blocks G: orthogonal directions, lengths at the midpoints of their law, both signs.

    Each is a Gaussian matrix to within the strata of its length; first order in G is exact.
    """
    entries, draws = size**2, max(BLOCK_DRAWS, 8 * BLOCK_DRAWS // size)
    rng = np.random.default_rng(BLOCK_SEED)
    together = min(entries, draws)
    frames = [
        np.linalg.qr(rng.standard_normal((entries, together)))[0].T
        for _ in range(math.ceil(draws / together))
    ]
    strata = (rng.permutation(draws) + 0.5) / draws
    lengths = np.sqrt(2 * gammaincinv(entries / 2, strata))
    G = (np.concatenate(frames)[:draws] * lengths[:, None]).reshape(draws, size, size)
    return np.concatenate([G, -G])


def _placed(
    own: Floats, excess: Floats, tau: float, rows: float, columns: float
) -> tuple[Floats, Floats]:
    """Return positions and correlations of spikes; the bulk makes their repulsion larger."""
    up = np.maximum(excess, 0.0)
    # From the left of the root of a concave rising function, Newton's steps never pass it.
    eta = own + up
    for _ in range(NEWTON_STEPS):
        noise = evaluate(repulsion_form, eta, tau, rows, columns)
        root = np.sqrt(noise["gain"])
        change = 1 - up * noise["gain_slope"] / (2 * root)
        eta += (own + up * root - eta) / change
    spike = evaluate(spike_form, eta, tau, rows, columns)
    noise = evaluate(repulsion_form, own, tau, rows, columns)
    down, spread = np.minimum(excess, 0.0), np.sqrt(noise["variance"])
    known = own * (spike["overlap"] / change + down * noise["variance_slope"] / (2 * spread))
    return spike["value"] + down * spread, np.maximum(known, 0.0)


def bulk_nodes(rows: int, columns: int, tau: float, nodes: int) -> tuple[Floats, Floats]:
    """Return singular values of the noise at Gauss nodes, and how many each stands for."""
    size = min(rows, columns)
    if size == 0:
        return np.empty(0), np.empty(0)
    count = min(nodes, size)
    entries = evaluate(_jacobi_form, 1.0, rows, columns, compiled=False)
    first, later, off = map(float, entries.values())
    matrix = np.diag([first, *[later] * (count - 1)])
    matrix += np.diag([off] * (count - 1), 1) + np.diag([off] * (count - 1), -1)
    squares, vectors = np.linalg.eigh(matrix)
    return tau * np.sqrt(np.maximum(squares, 0.0)), size * vectors[0] ** 2


def _jacobi_form() -> StableForm:
    names = ("first", "later", "off")
    return StableForm((NOISE, *SIZES), (), dict(zip(names, jacobi_matrix(), strict=True)))


def _correlation_form() -> StableForm:
    return StableForm((NOISE, y, y_hat), (), {"correlation": bulk_correlation()})


def _typical_form() -> StableForm:
    outputs = {"log_mean": typical_log_mean(), "spread": typical_spread()}
    return StableForm((*SIZES, rank_symbol), (), outputs)


@cache
def _ensemble_means(size: int) -> Floats:
    """Return mean ordered eigenvalues of the Gaussian orthogonal ensemble, less their mean."""
    rng = np.random.default_rng(ENSEMBLE_SEED)
    draws = max(20, ENSEMBLE_DRAWS * 25 // (size**2 + 20))
    total, done = np.zeros(size), 0
    chunk = max(1, 10**6 // size**2)
    while done < draws:
        batch = rng.standard_normal((min(chunk, draws - done), size, size))
        symmetric = (batch + batch.transpose(0, 2, 1)) / np.sqrt(2)
        total += np.linalg.eigvalsh(symmetric).sum(0)
        done += len(batch)
    # The law is symmetric about 0; the sign makes the list decreasing.
    return (total[::-1] - total) / (2 * done)
