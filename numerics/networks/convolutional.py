r"""Convolutional networks, in float64, through the optional extra ``torch``.

L convolutions of h channels, average pooling and a linear output, without biases, in the NTK
parametrisation (all weights N(0, 1)): with ``a_0`` the image,

    z_l = W_l * a_{l-1} / sqrt(k^2 C_{l-1}),    a_l = phi(z_l),
    f = sum_c w_c mean_p a_L[c, p] / sqrt(h),

k the side of the filters, C the channels that a layer receives, p the positions in an image.

Holds for any activation of :mod:`theory.functions.activations`; images lie on the sphere of radius
sqrt(d) for preactivations of variance 1 (less at the edges, where zeros are added).
Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034).  The defaults are those of
their published code: four layers, 5 x 5 filters, padding 1, strides 2, 1, 2, 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from numerics.networks.convolution_layers import ConvolutionLayers, Geometry
from numerics.networks.network_interface import ScaledNetwork, Weights
from numerics.support.object_validation import check_many
from numerics.support.validation import check_count, check_dimension, check_matrix
from theory.functions.activations import Activation, get_activation

__all__ = ["Convolutional"]

#: Values of the layers kept at once, whatever the number of images X.
VALUE_BYTES = 2**25


class Convolutional(ScaledNetwork):
    """A convolutional network with scalar output, as a function of weights held outside.

    Parameters
    ----------
    image_shape : sequence of int
        (rows, columns) or (rows, columns, colours) of the images, ``d`` entries in all, as
        :class:`numerics.images.classification_task.ImageData` has it.
    channels : int
        Channels h of every convolution.
    depth : int
        Number L of convolutions.
    activation : str, sympy.Expr or Activation
        Normalised so that ``E[phi(z)^2] = 1`` for z ~ N(0, 1).
    kernel_size : int
        Side k of the filters.
    padding : int
        Zeros added on each side of the input of every convolution.
    strides : sequence of int, optional
        One a convolution; 2, 1, 2, 1, ... if not given.
    threads : int
        Threads of torch during a call; it gets back what it had.  One by default: runs beside
        each other are faster than one run on several threads.

    Attributes
    ----------
    sides : tuple of (int, int)
        Rows and columns of the output of every convolution.

    Raises
    ------
    ValueError
        If the filter does not fit into the input of a convolution.

    Examples
    --------
    >>> network = Convolutional((28, 28), channels=16)
    >>> network.sides
    ((13, 13), (11, 11), (5, 5), (3, 3))
    >>> [W.shape for W in network.initial(0)]
    [(16, 1, 5, 5), (16, 16, 5, 5), (16, 16, 5, 5), (16, 16, 5, 5), (16,)]
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        channels: int,
        depth: int = 4,
        *,
        activation: str | Activation | sp.Expr = "softplus",
        kernel_size: int = 5,
        padding: int = 1,
        strides: Sequence[int] | None = None,
        threads: int = 1,
    ) -> None:
        sides = check_many("image_shape", image_shape, object)
        shape = tuple(check_dimension("side of image_shape", x) for x in sides)
        if len(shape) not in (2, 3):
            raise ValueError(f"image_shape must have 2 or 3 entries, got {shape}")
        self.image_shape = shape if len(shape) == 3 else (*shape, 1)
        self.channels = check_dimension("channels", channels)
        self.depth = check_dimension("depth", depth)
        self.activation = get_activation(activation)
        self.kernel_size = check_dimension("kernel_size", kernel_size)
        self.padding = check_count("padding", padding)
        chosen = [2 - k % 2 for k in range(self.depth)] if strides is None else strides
        listed = check_many("strides", chosen, object)
        self.strides = tuple(check_dimension("strides", x) for x in listed)
        if len(self.strides) != self.depth:
            raise ValueError(f"strides must have depth = {depth} entries, got {self.strides}")
        self.threads = check_dimension("threads", threads)
        self.sides = tuple(self._sides())
        self._geometry = Geometry(self.shapes, self.sides, self.strides, self.padding)

    @property
    def d_in(self) -> int:
        """Number of entries of an image."""
        return math.prod(self.image_shape)

    @property
    def width(self) -> int:
        """The h of the output's ``1/sqrt(h)``: the number of channels."""
        return self.channels

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the weights: the filters of every convolution, then the output vector."""
        square = (self.kernel_size, self.kernel_size)
        received = (self.image_shape[2], *[self.channels] * (self.depth - 1))
        return (*((self.channels, c, *square) for c in received), (self.channels,))

    def outputs(self, weights: Weights, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return f of every image.

        Parameters
        ----------
        weights : sequence of ndarray
            With the shapes of :attr:`shapes`.
        X : ndarray, shape (n, d)
            Images as rows.

        Returns
        -------
        ndarray, shape (n,)

        Raises
        ------
        ModuleNotFoundError
            If torch is missing, with the extra to install (as do the other methods).
        """
        checked, rows = self._checked(weights), check_matrix("X", X, (None, self.d_in))
        parts = (self.linearisation(rows[part]).move_to(checked) for part in self._parts(len(rows)))
        return np.concatenate(list(parts))

    def gradient(
        self, weights: Weights, X: NDArray[np.float64], v: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], ...]:
        """Return ``sum_i v_i df(x_i)/dW`` for every array of weights.

        Parameters
        ----------
        weights, X
            As for :meth:`outputs`.
        v : ndarray, shape (n,)
            Weights of the images, such as the slopes of a loss.

        Returns
        -------
        tuple of ndarray
            With the shapes of the weights.
        """
        checked, rows = self._checked(weights), check_matrix("X", X, (None, self.d_in))
        factors = self._factors(v, len(rows))
        total = tuple(np.zeros(shape) for shape in self.shapes)
        found = tuple(np.empty(shape) for shape in self.shapes)
        for part in self._parts(len(rows)):
            layers = self.linearisation(rows[part])
            layers.move_to(checked)
            layers.gradient(factors[part], found)
            for own, more in zip(total, found, strict=True):
                own += more
        return total

    def ntk(
        self, weights: Weights, X: NDArray[np.float64], Z: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Return the Gram matrix ``sum_W <df(x_i)/dW, df(z_j)/dW>``.

        Parameters
        ----------
        weights, X
            As for :meth:`outputs`.
        Z : ndarray, shape (m, d), optional
            Other images; X itself if not given, at half the cost.  The larger set is better
            given as X, of which only a part is in memory at a time.

        Returns
        -------
        ndarray, shape (n, m)
        """
        checked, rows = self._checked(weights), check_matrix("X", X, (None, self.d_in))
        others = self.linearisation(rows if Z is None else check_matrix("Z", Z, (None, self.d_in)))
        others.move_to(checked)
        if Z is None:
            return others.gram()
        result = np.empty((len(rows), others.count))
        for part in self._parts(len(rows)):
            layers = self.linearisation(rows[part])
            layers.move_to(checked)
            result[part] = layers.cross_gram(others)
        return result

    def linearisation(self, X: NDArray[np.float64]) -> ConvolutionLayers:
        """Return the network on fixed images; a move keeps what gradient and NTK need."""
        rows = check_matrix("X", X, (None, self.d_in))
        # Colours are the last axis of an image and the second one of torch's convolution.
        images = rows.reshape(len(rows), *self.image_shape).transpose(0, 3, 1, 2)
        return ConvolutionLayers(self._geometry, self.activation, images, self.threads)

    def _parts(self, count: int) -> Iterator[slice]:
        values = self.d_in + self.channels * sum(math.prod(side) for side in self.sides)
        size = max(1, VALUE_BYTES // (8 * values))
        yield from (slice(start, start + size) for start in range(0, count, size))

    def _sides(self) -> Iterator[tuple[int, int]]:
        rows, columns, _ = self.image_shape
        for number, stride in enumerate(self.strides, 1):
            spare = 2 * self.padding - self.kernel_size
            if min(rows, columns) + spare < 0:
                raise ValueError(
                    f"kernel_size must be at most the padded input of every convolution, got "
                    f"{self.kernel_size} for sides {(rows, columns)} + {2 * self.padding} of "
                    f"convolution {number}"
                )
            rows, columns = (rows + spare) // stride + 1, (columns + spare) // stride + 1
            yield rows, columns
