r"""A convolutional network on fixed images: forward and backward passes, gradients, Gram matrices.

With ``a_0`` the image and ``delta_l = df/dz_l`` by back-propagation from ``df = 1``, layer l has

    z_l = W_l * a_{l-1} / sqrt(k^2 C_{l-1}),
    delta_l = phi'(z_l) (W_{l+1}^T * delta_{l+1}) / sqrt(k^2 C_l),

``*`` a convolution and ``W^T *`` its transpose, and the gradient of an image in W_l is a sum over
the positions p of the layer's output,

    df/dW_l[o, q] = sum_p delta_l[o, p] patch_{l-1}[q, p] / sqrt(k^2 C_{l-1}),

q running over the K = k^2 C_{l-1} entries of a patch.  The passes are made once for all n images;
the NTK is the sum over layers of the products of these gradients, formed for some of the h output
channels at a time.  A layer of P positions takes ``n P K h + n^2 K h/2`` multiplications; the
double sum over positions of ``(delta_p . delta'_p') (patch_p . patch'_p')``, which needs no
gradient of an image, would take ``n^2 P^2 (K + h)/2``.

Holds for float64; memory is that of the values of all layers for all images.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numerics.networks.torch_functions import torch_function, torch_threads
from theory.functions.activations import PREACTIVATION, Activation

__all__ = ["ConvolutionLayers", "Geometry"]

#: Patches of a block of images: what is written and read again at once should stay in the cache.
PATCH_BYTES = 2**23

#: Gradients of some output channels for all images: enough rows and columns for a fast product.
GRADIENT_BYTES = 2**26


class Geometry(NamedTuple):
    """Shapes of a network: those of its weights, and how the filters move.

    Attributes
    ----------
    shapes : tuple of tuples of int
        Of the filters (h, C, k, k) of every convolution, then of the output vector (h,).
    sides : tuple of (int, int)
        Rows and columns of the output of every convolution.
    strides : tuple of int
        One a convolution.
    padding : int
        Zeros added on each side of every input.
    """

    shapes: tuple[tuple[int, ...], ...]
    sides: tuple[tuple[int, int], ...]
    strides: tuple[int, ...]
    padding: int

    def fan_in(self, layer: int) -> int:
        """Return the entries of a patch, which one value of the layer's output is made of."""
        return math.prod(self.shapes[layer][1:])

    def blocks(self, count: int) -> Iterator[slice]:
        """Yield blocks of images whose patches fit into the cache."""
        entries = max(self.fan_in(k) * math.prod(side) for k, side in enumerate(self.sides))
        size = max(1, PATCH_BYTES // (8 * entries))
        yield from (slice(start, min(start + size, count)) for start in range(0, count, size))

    def channel_parts(self, layer: int, count: int) -> Iterator[slice]:
        """Yield output channels whose gradients for a number of images fit into memory."""
        size = max(1, GRADIENT_BYTES // (8 * count * self.fan_in(layer)))
        channels = self.shapes[layer][0]
        yield from (slice(start, start + size) for start in range(0, channels, size))


class ConvolutionLayers:
    """The network near a point of weight space, on fixed images; weights are held outside.

    Parameters
    ----------
    geometry : Geometry
        Of the network.
    activation : Activation
        Applied as ``c phi``.
    images : ndarray, shape (n, colours, rows, columns)
        What it sees.
    threads : int
        Of torch, during a call.
    """

    def __init__(
        self, geometry: Geometry, activation: Activation, images: NDArray[np.float64], threads: int
    ) -> None:
        self._geometry, self._activation, self._threads = geometry, activation, threads
        self._images, self.count = images, len(images)
        self._channels, self._depth = geometry.shapes[-1][0], len(geometry.sides)
        self._weights: Sequence[NDArray[np.float64]] = ()
        self._inputs: list[list[Any]] = []  # a_{l-1}: a list of layers for each block of images
        self._preactivations: list[list[Any]] = []
        self._deltas: list[list[Any]] = []
        self._features: list[Any] = []

    def move_to(self, weights: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Take these weights, which the caller leaves alone, and return f (n,)."""
        self._weights, self._deltas = weights, []
        self._inputs, self._preactivations, self._features = [], [], []
        with torch_threads(self._threads) as torch, torch.inference_mode():
            phi = torch_function(self._activation.normalised, PREACTIVATION)
            filters = self._filters(torch)
            for rows in self._geometry.blocks(self.count):
                self._forward(torch, phi, filters, as_tensor(torch, self._images[rows]))
            output = as_tensor(torch, weights[-1]) / math.sqrt(self._channels)
            return (torch.cat(self._features) @ output).numpy()

    def gradient(self, v: NDArray[np.float64], out: Sequence[NDArray[np.float64]]) -> None:
        """Fill ``out`` with ``sum_i v_i df(x_i)/dW``."""
        geometry = self._geometry
        with torch_threads(self._threads) as torch, torch.inference_mode():
            factors = as_tensor(torch, v)
            out[-1][...] = (factors @ torch.cat(self._features)).numpy() / math.sqrt(self._channels)
            for total in out[:-1]:
                total[...] = 0.0
            for block, rows in enumerate(geometry.blocks(self.count)):
                for k, delta in enumerate(self._backward(torch)[block]):
                    out[k][...] += torch.nn.grad.conv2d_weight(
                        self._inputs[block][k],
                        geometry.shapes[k],
                        delta * factors[rows, None, None, None],
                        stride=geometry.strides[k],
                        padding=geometry.padding,
                    ).numpy()
            for k, total in enumerate(out[:-1]):
                total /= math.sqrt(geometry.fan_in(k))

    def gram(self) -> NDArray[np.float64]:
        """Return the NTK of the images."""
        return self.cross_gram(self)

    def cross_gram(self, other: ConvolutionLayers) -> NDArray[np.float64]:
        """Return the NTK of these images and others, (n, m); half the cost if they are these."""
        with torch_threads(self._threads) as torch, torch.inference_mode():
            left, right = (torch.cat(x._features).numpy() for x in (self, other))
            total = (left @ right.T) / self._channels
            for k in range(self._depth):
                for part in self._geometry.channel_parts(k, max(self.count, other.count)):
                    rows = self._sample_gradients(torch, k, part)
                    # NumPy computes half of A A^T, and knows it by the one array.
                    same = other is self
                    columns = rows if same else other._sample_gradients(torch, k, part)
                    total += rows @ columns.T
        return total

    def _filters(self, torch: ModuleType) -> list[Any]:
        """Return the filters with the scale of their inputs."""
        return [
            as_tensor(torch, W) / math.sqrt(self._geometry.fan_in(k))
            for k, W in enumerate(self._weights[:-1])
        ]

    def _forward(self, torch: ModuleType, phi: Any, filters: list[Any], images: Any) -> None:
        inputs, preactivations, value = [], [], images
        for W, stride in zip(filters, self._geometry.strides, strict=True):
            z = torch.nn.functional.conv2d(value, W, stride=stride, padding=self._geometry.padding)
            inputs.append(value)
            preactivations.append(z)
            value = phi(z)
        self._inputs.append(inputs)
        self._preactivations.append(preactivations)
        self._features.append(value.mean((2, 3)))

    def _backward(self, torch: ModuleType) -> list[list[Any]]:
        """Return df/dz_l of every block and layer, in the order of the layers."""
        if self._deltas:
            return self._deltas
        slope = torch_function(self._activation.normalised_derivative, PREACTIVATION)
        filters, geometry = self._filters(torch), self._geometry
        scale = math.sqrt(self._channels) * math.prod(geometry.sides[-1])
        last = (as_tensor(torch, self._weights[-1]) / scale)[:, None, None]
        for inputs, preactivations in zip(self._inputs, self._preactivations, strict=True):
            value, deltas = last, []
            for k in reversed(range(self._depth)):
                deltas.append(value * slope(preactivations[k]))
                if k:
                    value = torch.nn.grad.conv2d_input(
                        inputs[k].shape,
                        filters[k],
                        deltas[-1],
                        stride=geometry.strides[k],
                        padding=geometry.padding,
                    )
            self._deltas.append(deltas[::-1])
        self._preactivations = []
        return self._deltas

    def _sample_gradients(self, torch: ModuleType, layer: int, part: slice) -> NDArray[np.float64]:
        """Return the gradient of every image in some output channels, a row an image."""
        geometry, scale = self._geometry, math.sqrt(self._geometry.fan_in(layer))
        channels = len(range(*part.indices(self._channels)))
        found = np.empty((self.count, channels * geometry.fan_in(layer)))
        blocks = zip(geometry.blocks(self.count), self._inputs, self._backward(torch), strict=True)
        for rows, inputs, deltas in blocks:
            patches = torch.nn.functional.unfold(
                inputs[layer],
                geometry.shapes[layer][2:],
                stride=geometry.strides[layer],
                padding=geometry.padding,
            )
            own = deltas[layer][:, part].flatten(2) / scale
            found[rows] = (own @ patches.transpose(1, 2)).flatten(1).numpy()
        return found


def as_tensor(torch: ModuleType, array: NDArray[np.float64]) -> Any:
    """Return a tensor that shares the memory of a float64 array, where torch can."""
    plain = np.ascontiguousarray(array, dtype=np.float64)
    return torch.from_numpy(plain if plain.flags.writeable else plain.copy())
