"""The small network that trains as a deep linear network of any width: the directions it reaches.

``A = W_L ... W_1``.  Rotating a hidden space changes nothing, so of each layer only its action on
the directions that training can reach matters.  Hidden space h is reached from ``W_1`` and from
``W_L^T``, and then from its neighbours, round after round: every middle layer is applied to the
newest directions before it, its transpose to the newest ones after it.  In bases of these
directions the layers are small matrices.

Of explicit layers they are projections.  For random layers, of entries N(0, sigma_l^2), they are
drawn directly, at every width: to directions that it has not met a layer answers with independent
normal entries, whatever was asked of it before, so that

- on directions after it that its transpose has met, its entries are known, and zero if these are
  older than what it is applied to;
- on the others that have been reached, they are independent normal;
- outside, on ``w - n`` dimensions, they are the triangular factor of a normal matrix, with
  ``sqrt(chi^2_{w - n - i})`` on the diagonal (Bartlett 1933), and give as many new directions.

Two layers need no round: what is drawn is the factor of
:func:`numerics.linear.initial_states.wishart_factor`.
Holds for any loss of A.  A space that is exhausted is the whole space, and then the small network
is the network up to rotation; else its training deviates by what more rounds would reach.
Source: ours; the conditional law of a normal matrix is standard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from numerics.support.errors import OutOfRangeError

__all__ = ["draw_reached_layers", "reached_layers"]

Array = NDArray[np.float64]

#: Directions shorter than this share of the longest are round-off.
ROUND_OFF = 1e-12


class _Layers(Protocol):
    """Layers that answer what they do, in bases of the spaces between them that grow."""

    depth: int

    @property
    def reached(self) -> list[int]:
        """Numbers of directions of every space, the input's and the output's included."""

    def apply(self, layer: int, stop: int) -> None:
        """Apply a layer to the directions before it, up to a number, that it has not met."""

    def apply_transposed(self, layer: int, stop: int) -> None:
        """Apply its transpose to the directions after it, up to a number, that it has not met."""


def reached_layers(layers: Sequence[Array], rounds: int) -> list[Array]:
    """Return explicit layers in bases of the directions that are reached.

    Parameters
    ----------
    layers : sequence of ndarray
        ``W_1 .. W_L``, each of shape (width after it, width before it).
    rounds : int
        How often the middle layers are applied.

    Returns
    -------
    list of ndarray
        The small layers; their product is that of the layers.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> layers = [rng.normal(size=size) for size in ((90, 2), (80, 90), (3, 80))]
    >>> small = reached_layers(layers, 2)
    >>> [x.shape for x in small]
    [(7, 2), (8, 7), (3, 8)]
    >>> bool(np.allclose(small[2] @ small[1] @ small[0], layers[2] @ layers[1] @ layers[0]))
    True
    """
    explicit = _Explicit(list(layers))
    _reach(explicit, rounds)
    bases = explicit.bases
    return [
        after.T @ layer @ before
        for layer, before, after in zip(layers, bases, bases[1:], strict=False)
    ]


def draw_reached_layers(
    widths: Sequence[float], variances: Sequence[float], rounds: int, rng: np.random.Generator
) -> list[Array]:
    """Draw what a random network of any width does on the directions that are reached.

    Parameters
    ----------
    widths : sequence of float
        ``d_in, w_1, .., w_{L-1}, d_out``; a hidden width is any real number above what is
        reached, or an integer.
    variances : sequence of float
        ``sigma_l^2`` of the entries of each layer.
    rounds : int
        How often the middle layers are applied.
    rng : Generator
        Source of randomness.

    Returns
    -------
    list of ndarray
        Small layers of the law of :func:`reached_layers` of a network with normal entries.

    Raises
    ------
    OutOfRangeError
        If a width that is no integer is exhausted.

    Examples
    --------
    >>> small = draw_reached_layers((2, 1e12, 1e12, 3), [1e-12] * 3, 2, np.random.default_rng(0))
    >>> [x.shape for x in small]
    [(7, 2), (8, 7), (3, 8)]
    >>> abs(small[0].T @ small[0]).round(5).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    drawn = _Normal(list(widths), rng)
    _reach(drawn, rounds)
    drawn.draw_the_rest()
    return [x * np.sqrt(variance) for x, variance in zip(drawn.layers, variances, strict=True)]


def _reach(layers: _Layers, rounds: int) -> None:
    """Reach the hidden spaces from both ends, then from one another."""
    layers.apply(1, layers.reached[0])
    layers.apply_transposed(layers.depth, layers.reached[-1])
    for _ in range(rounds):
        newest = list(layers.reached)
        for layer in range(2, layers.depth):
            layers.apply(layer, newest[layer - 1])
            layers.apply_transposed(layer, newest[layer])


class _Explicit:
    """Given layers, and orthonormal bases of what is reached of each space."""

    def __init__(self, layers: list[Array]) -> None:
        self.layers, self.depth = layers, len(layers)
        hidden = (np.empty((layer.shape[0], 0)) for layer in layers[:-1])
        self.bases = [np.eye(layers[0].shape[1]), *hidden, np.eye(layers[-1].shape[0])]
        self.applied, self.transposed = ([0] * (self.depth + 1) for _ in range(2))

    @property
    def reached(self) -> list[int]:
        return [basis.shape[1] for basis in self.bases]

    def apply(self, layer: int, stop: int) -> None:
        new = self.bases[layer - 1][:, self.applied[layer] : stop]
        self.applied[layer] = stop
        self._extend(layer, self.layers[layer - 1] @ new)

    def apply_transposed(self, layer: int, stop: int) -> None:
        new = self.bases[layer][:, self.transposed[layer] : stop]
        self.transposed[layer] = stop
        self._extend(layer - 1, self.layers[layer - 1].T @ new)

    def _extend(self, space: int, vectors: Array) -> None:
        basis = self.bases[space]
        size = np.linalg.norm(vectors, 2) if vectors.size else 0.0
        for _ in range(2):  # twice is enough for orthogonality to round-off
            vectors = vectors - basis @ (basis.T @ vectors)
        left, values, _ = np.linalg.svd(vectors, full_matrices=False)
        new = left[:, values > ROUND_OFF * size][:, : basis.shape[0] - basis.shape[1]]
        self.bases[space] = np.hstack([basis, new])


class _Normal:
    """Random layers of unit variance, drawn where they are asked; zero where they are not."""

    def __init__(self, widths: list[float], rng: np.random.Generator) -> None:
        self.widths, self.rng, self.depth = widths, rng, len(widths) - 1
        self.reached = [int(widths[0]), *[0] * (self.depth - 1), int(widths[-1])]
        self.layers = [
            np.zeros((after, before))
            for before, after in zip(self.reached, self.reached[1:], strict=False)
        ]
        self.applied, self.transposed = ([0] * (self.depth + 1) for _ in range(2))

    def apply(self, layer: int, stop: int) -> None:
        start, self.applied[layer] = self.applied[layer], stop
        matrix, known = self.layers[layer - 1], self.transposed[layer]
        matrix[known:, start:stop] = self.rng.standard_normal(matrix[known:, start:stop].shape)
        outside = self._outside(layer, stop - start)
        before = self.reached[layer]
        self._grow(layer, outside.shape[0])
        self.layers[layer - 1][before:, start:stop] = outside

    def apply_transposed(self, layer: int, stop: int) -> None:
        start, self.transposed[layer] = self.transposed[layer], stop
        matrix, known = self.layers[layer - 1], self.applied[layer]
        matrix[start:stop, known:] = self.rng.standard_normal(matrix[start:stop, known:].shape)
        outside = self._outside(layer - 1, stop - start)
        before = self.reached[layer - 1]
        self._grow(layer - 1, outside.shape[0])
        self.layers[layer - 1][start:stop, before:] = outside.T

    def draw_the_rest(self) -> None:
        """Draw the entries between directions that neither a layer nor its transpose has met."""
        for layer, matrix in enumerate(self.layers, start=1):
            rest = matrix[self.transposed[layer] :, self.applied[layer] :]
            rest[...] = self.rng.standard_normal(rest.shape)

    def _outside(self, space: int, count: int) -> Array:
        """Return the components of new images on new directions of a space, one a column."""
        free = self.widths[space] - self.reached[space]
        if free >= count:
            factor = np.triu(self.rng.standard_normal((count, count)), 1)
            np.fill_diagonal(factor, np.sqrt(self.rng.chisquare(free - np.arange(count))))
            return factor
        if not float(free).is_integer():
            raise OutOfRangeError(
                f"a width must be an integer, or at least the {self.reached[space] + count} "
                f"directions that are reached, got {self.widths[space]:g}"
            )
        return self.rng.standard_normal((int(free), count))

    def _grow(self, space: int, count: int) -> None:
        self.reached[space] += count
        self.layers[space - 1] = np.pad(self.layers[space - 1], ((0, count), (0, 0)))
        self.layers[space] = np.pad(self.layers[space], ((0, 0), (0, count)))
