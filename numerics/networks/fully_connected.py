r"""Fully connected networks: outputs, gradients and NTK Gram matrices, without autograd.

With ``a_0 = x`` and L hidden layers of h units,

    z_l = W_l a_{l-1} / sqrt(fan_in),    a_l = phi(z_l),    f(x) = w . a_L / sqrt(h),

all weights N(0, 1) at the start and no biases.  With ``b_l`` the scaled inputs of the layers
(``b_0 = x/sqrt(d_in)``, ``b_l = a_l/sqrt(h)``) and ``delta_l = df/dz_l``, the gradient of one
input in ``W_l`` is ``delta_l b_{l-1}^T``, and the NTK of two inputs is

    Theta(x, x') = b_L . b_L' + sum_l (delta_l . delta_l') (b_{l-1} . b_{l-1}'),

so a Gram matrix takes two products of (n, h) matrices a layer and no gradient of a single input.
Theta is that of f: the factor alpha of a predictor alpha (f - f_0) is not part of it.

Holds for any activation of :mod:`theory.functions.activations`, in float64; X has inputs as rows,
on the sphere of radius sqrt(d_in) for preactivations of variance 1.
Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034).
"""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from numerics.kernels.cache import load
from numerics.networks.network_interface import Linearisation, ScaledNetwork, Weights
from numerics.support.object_validation import check_size
from numerics.support.validation import check_dimension, check_matrix
from theory.functions.activations import Activation, get_activation
from theory.kernels.network_functions import activation_module

__all__ = ["FullyConnected"]


class FullyConnected(ScaledNetwork):
    """A fully connected network with scalar output, as a function of weights held outside.

    Parameters
    ----------
    d_in : int
        Entries of an input.
    width : int
        Units h of every hidden layer.
    depth : int
        Number L of hidden layers.
    activation : str, sympy.Expr or Activation
        Normalised so that ``E[phi(z)^2] = 1`` for z ~ N(0, 1).

    Examples
    --------
    >>> network = FullyConnected(d_in=3, width=50, depth=2)
    >>> weights = network.initial(0)
    >>> [W.shape for W in weights]
    [(50, 3), (50, 50), (50,)]
    >>> X = np.sqrt(3) * np.eye(3)
    >>> network.outputs(weights, X).shape, network.ntk(weights, X).shape
    ((3,), (3, 3))
    """

    def __init__(
        self,
        d_in: int,
        width: int,
        depth: int,
        *,
        activation: str | Activation | sp.Expr = "softplus",
    ) -> None:
        self.d_in = check_dimension("d_in", d_in)
        self.width = check_dimension("width", width)
        self.depth = check_dimension("depth", depth)
        self.activation = get_activation(activation)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the weights: W_1, ..., W_L, and the output vector."""
        hidden = ((self.width, self.width),) * (self.depth - 1)
        return ((self.width, self.d_in), *hidden, (self.width,))

    def outputs(self, weights: Weights, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return f of every input.

        Parameters
        ----------
        weights : sequence of ndarray
            With the shapes of :attr:`shapes`.
        X : ndarray, shape (n, d_in)
            Inputs as rows.

        Returns
        -------
        ndarray, shape (n,)
        """
        *hidden, last = self._checked(weights)
        value = _checked_inputs("X", X, self.d_in) / math.sqrt(self.d_in)
        kernel, scale, parameters = self._activation_call()
        for W in hidden:
            value = value @ W.T
            kernel.apply_value(value.reshape(-1), scale, parameters)
        return value @ last

    def gradient(
        self, weights: Weights, X: NDArray[np.float64], v: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], ...]:
        """Return ``sum_i v_i df(x_i)/dW`` for every array of weights.

        Parameters
        ----------
        weights, X
            As for :meth:`outputs`.
        v : ndarray, shape (n,)
            Weights of the inputs, such as the slopes of a loss.

        Returns
        -------
        tuple of ndarray
            With the shapes of the weights.
        """
        layers = self._at(weights, X)
        factors = self._factors(v, layers.count)
        found = tuple(np.empty(shape) for shape in self.shapes)
        layers.gradient(factors, found)
        return found

    def ntk(
        self, weights: Weights, X: NDArray[np.float64], Z: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Return the Gram matrix ``sum_W <df(x_i)/dW, df(z_j)/dW>``.

        Parameters
        ----------
        weights, X
            As for :meth:`outputs`.
        Z : ndarray, shape (m, d_in), optional
            Other inputs; X itself if not given, at about half the cost.

        Returns
        -------
        ndarray, shape (n, m)
        """
        layers = self._at(weights, X)
        return layers.gram() if Z is None else layers.cross_gram(self._at(weights, Z, "Z"))

    def linearisation(self, X: NDArray[np.float64]) -> Linearisation:
        """Return the network on fixed inputs, with buffers that every move reuses."""
        return _Layers(self, _checked_inputs("X", X, self.d_in))

    def _at(self, weights: Weights, X: NDArray[np.float64], name: str = "X") -> _Layers:
        layers = _Layers(self, _checked_inputs(name, X, self.d_in))
        layers.move_to(self._checked(weights))
        return layers

    def _activation_call(self) -> tuple[ModuleType, float, NDArray[np.float64]]:
        """Return the kernel, its scale c/sqrt(h) and the parameters of the activation."""
        scale = float(self.activation.normalisation) / math.sqrt(self.width)
        parameters = np.array(list(self.activation.parameters.values()), dtype=np.float64)
        kernel = load(activation_module(self.activation), loops="activation")
        return kernel, scale, parameters


def _checked_inputs(name: str, X: NDArray[np.float64], d_in: int) -> NDArray[np.float64]:
    inputs = check_matrix(name, X, (None, d_in))
    check_size(name, inputs)
    return inputs


class _Layers:
    """The scaled inputs b_l and the delta_l of every layer, in buffers."""

    def __init__(self, network: FullyConnected, X: NDArray[np.float64]) -> None:
        self.count = len(X)
        shape = (self.count, network.width)
        self._inputs = [X / math.sqrt(network.d_in), *map(np.empty, [shape] * network.depth)]
        self._slopes = [np.empty(shape) for _ in range(network.depth)]
        self._deltas = [np.empty(shape) for _ in range(network.depth)]
        self._weighted, self._outputs = np.empty(shape), np.empty(self.count)
        self._kernel, self._scale, self._parameters = network._activation_call()
        self._weights: Weights = ()
        self._has_deltas = False
        self._input_gram: NDArray[np.float64] | None = None

    def move_to(self, weights: Weights) -> NDArray[np.float64]:
        self._weights, self._has_deltas = weights, False
        for k, slopes in enumerate(self._slopes):
            value = self._inputs[k + 1]
            np.matmul(self._inputs[k], weights[k].T, out=value)
            self._kernel.apply(value.reshape(-1), slopes.reshape(-1), self._scale, self._parameters)
        return np.matmul(self._inputs[-1], weights[-1], out=self._outputs)

    def gradient(self, v: NDArray[np.float64], out: Weights) -> None:
        for k, delta in enumerate(self._backward()):
            np.multiply(delta, v[:, None], out=self._weighted)
            np.matmul(self._weighted.T, self._inputs[k], out=out[k])
        np.matmul(v, self._inputs[-1], out=out[-1])

    def gram(self) -> NDArray[np.float64]:
        if self._input_gram is None:
            self._input_gram = self._inputs[0] @ self._inputs[0].T
        total = self._inputs[-1] @ self._inputs[-1].T
        for k, delta in enumerate(self._backward()):
            part = delta @ delta.T
            part *= self._inputs[k] @ self._inputs[k].T if k else self._input_gram
            total += part
        return total

    def cross_gram(self, other: _Layers) -> NDArray[np.float64]:
        """Return the NTK of these inputs and others."""
        total = self._inputs[-1] @ other._inputs[-1].T
        for k, (own, theirs) in enumerate(zip(self._backward(), other._backward(), strict=True)):
            total += (own @ theirs.T) * (self._inputs[k] @ other._inputs[k].T)
        return total

    def _backward(self) -> list[NDArray[np.float64]]:
        if not self._has_deltas:
            np.multiply(self._slopes[-1], self._weights[-1], out=self._deltas[-1])
            for k in reversed(range(len(self._deltas) - 1)):
                np.matmul(self._deltas[k + 1], self._weights[k + 1], out=self._deltas[k])
                self._deltas[k] *= self._slopes[k]
            self._has_deltas = True
        return self._deltas
