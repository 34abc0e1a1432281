r"""A fully connected network in plain NumPy, and its gradients by complex steps.

``a_0 = x``, ``a_l = phi(W_l a_{l-1}/sqrt(n_{l-1}))``, ``f = w . a_L/sqrt(h)``, with
``E[phi(z)^2] = 1`` for z ~ N(0, 1).  A derivative is ``Im f(W + i eps E)/eps``, exact to rounding
since nothing is subtracted: no formula for a gradient is written, or derived.

Holds for the five named activations, each typed here, and depths and widths of any size (a pass a
weight).  Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034); complex steps: Squire
and Trapp 1998.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad

__all__ = ["ACTIVATIONS", "gradients", "normalisation", "outputs"]

#: Of the complex step: its square is below the smallest double beside a number of order one.
STEP = 1e-30
#: Steepness of the softplus.
BETA = 5.0

#: Activations before they are normalised, of real and of complex numbers.
ACTIVATIONS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "softplus": lambda z: (
        np.maximum(z.real, 0)
        + 1j * np.where(z.real > 0, z.imag, 0)
        + np.log1p(np.exp(np.where(z.real > 0, -BETA * z, BETA * z))) / BETA
    ),
    "relu": lambda z: np.where(z.real > 0, z, 0),
    "tanh": np.tanh,
    "silu": lambda z: z / (1 + np.exp(-z)),
    "identity": lambda z: z,
}


@cache
def normalisation(name: str) -> float:
    """Return ``1/sqrt(E[phi(z)^2])``, by quadrature on both sides of the kink."""
    phi = ACTIVATIONS[name]

    def density(z: float) -> float:
        value = phi(np.array([z], dtype=complex))[0].real
        return float(value) ** 2 * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)

    halves = (quad(density, *ends, epsabs=0, epsrel=1e-13) for ends in ((-14, 0), (0, 14)))
    return float(1 / np.sqrt(sum(value for value, _ in halves)))


def outputs(name: str, weights: Sequence[NDArray[Any]], X: NDArray[np.float64]) -> NDArray[Any]:
    """Return f of every row of X; complex, as the weights may be."""
    a = X.astype(complex)
    for W in weights[:-1]:
        a = normalisation(name) * ACTIVATIONS[name](a @ W.T / np.sqrt(W.shape[1]))
    return a @ weights[-1] / np.sqrt(len(weights[-1]))


def gradients(
    name: str, weights: Sequence[NDArray[np.float64]], X: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the gradient of f at every input, a row each: W_1, ..., W_L, w, one after another."""
    moved = [W.astype(complex) for W in weights]
    columns = []
    for W in moved:
        entries = W.reshape(-1)
        for k in range(entries.size):
            entries[k] += 1j * STEP
            columns.append(outputs(name, moved, X).imag / STEP)
            entries[k] -= 1j * STEP
    return np.array(columns).T
