"""Applies an activation to flat arrays, in place: ``scale phi(z)`` and ``scale phi'(z)``."""

from numba import njit
from numpy import float64
from numpy.typing import NDArray

from numerics.kernels.loops.arithmetic import activation_value, activation_with_slope, constants_of

compiled = njit(cache=True, nogil=True, error_model="numpy")


@compiled
def apply(
    values: NDArray[float64], slopes: NDArray[float64], scale: float, parameters: NDArray[float64]
) -> None:
    """Replace preactivations by ``scale phi`` and fill the slopes with ``scale phi'``."""
    constants = constants_of(parameters)
    for k in range(values.size):
        value, slope = activation_with_slope(values[k], *constants)
        values[k] = scale * value
        slopes[k] = scale * slope


@compiled
def apply_value(values: NDArray[float64], scale: float, parameters: NDArray[float64]) -> None:
    """Replace preactivations by ``scale phi``."""
    constants = constants_of(parameters)
    for k in range(values.size):
        values[k] = scale * activation_value(values[k], *constants)
