"""What a network offers to training: outputs, gradients and the NTK at weights held outside.

A network of your own has the four methods of :class:`Network`; one that can reuse its forward pass
also has a method ``linearisation(X)``, which returns a :class:`Linearisation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from numerics.support.object_validation import check_many
from numerics.support.validation import check_rng, check_vector

__all__ = ["Linearisation", "Network", "ScaledNetwork", "Weights", "linearisation"]

Weights = Sequence[NDArray[np.float64]]


class Network(Protocol):
    """A network whose weights are held outside: its start, outputs, gradients and NTK."""

    def initial(self, rng: np.random.Generator | int) -> tuple[NDArray[np.float64], ...]:
        """Return weights at the start."""

    def outputs(self, weights: Weights, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return f of every row of X."""

    def gradient(
        self, weights: Weights, X: NDArray[np.float64], v: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], ...]:
        """Return ``sum_i v_i df(x_i)/dW`` for every array of weights."""

    def ntk(
        self, weights: Weights, X: NDArray[np.float64], Z: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Return the Gram matrix of df/dW of the rows of X and Z."""


class Linearisation(Protocol):
    """A network near a point of weight space, on fixed inputs: f and its tangent space."""

    def move_to(self, weights: Weights) -> NDArray[np.float64]:
        """Take these weights, which the caller leaves alone, and return f (n,), a buffer."""

    def gradient(self, v: NDArray[np.float64], out: Weights) -> None:
        """Fill ``out`` with ``sum_i v_i df(x_i)/dW``."""

    def gram(self) -> NDArray[np.float64]:
        """Return the NTK of the inputs, a buffer."""


class ScaledNetwork:
    """Base of networks whose weights are N(0, 1) at the start: the scales are in the layers."""

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the weights, those of the output last."""
        raise NotImplementedError

    def initial(self, rng: np.random.Generator | int) -> tuple[NDArray[np.float64], ...]:
        """Return weights at the start: all entries N(0, 1)."""
        generator = check_rng(rng)
        return tuple(generator.standard_normal(shape) for shape in self.shapes)

    def _checked(self, weights: Weights) -> Weights:
        given = check_many("weights", weights, np.ndarray)
        found = tuple(W.shape for W in given)
        if found != self.shapes:
            raise ValueError(f"weights must have shapes {self.shapes}, got {found}")
        for W in given:
            if W.dtype.kind != "f":
                raise TypeError(f"weights must be arrays of floats, got one of {W.dtype}")
        return given

    @staticmethod
    def _factors(v: NDArray[np.float64], count: int) -> NDArray[np.float64]:
        factors = check_vector("v", v)
        if factors.size != count:
            raise ValueError(
                f"v must have an entry for each of the {count} rows of X, got {factors.size}"
            )
        return factors


def linearisation(network: Network, X: NDArray[np.float64]) -> Linearisation:
    """Return a network on fixed inputs: its own ``linearisation``, or one by its four methods."""
    own = getattr(network, "linearisation", None)
    return _ByMethods(network, X) if own is None else own(X)


class _ByMethods:
    """A linearisation of any network, which repeats the forward pass in each method."""

    def __init__(self, network: Network, X: NDArray[np.float64]) -> None:
        self._network, self._X = network, X
        self._weights: Weights = ()

    def move_to(self, weights: Weights) -> NDArray[np.float64]:
        self._weights = weights
        return self._network.outputs(weights, self._X)

    def gradient(self, v: NDArray[np.float64], out: Weights) -> None:
        for own, found in zip(out, self._network.gradient(self._weights, self._X, v), strict=True):
            own[...] = found

    def gram(self) -> NDArray[np.float64]:
        return self._network.ntk(self._weights, self._X)
