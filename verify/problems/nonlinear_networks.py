"""Small fully connected networks and labelled inputs, drawn from the seed of a problem."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from numerics.networks.fully_connected import FullyConnected
from verify.framework.claim import Array, Problem

__all__ = ["COUNT", "D_IN", "drawn_network"]

#: Inputs, test inputs and their dimension: no more inputs than a linear network, too, can fit
#: whatever the labels are.
COUNT, TEST, D_IN = 8, 12, 8


def drawn_network(
    problem: Problem, width: int
) -> tuple[FullyConnected, tuple[Array, ...], Array, Array, Array]:
    """Return network, weights, training inputs, labels and test inputs of a problem.

    Inputs have norm ``sqrt(D_IN)``; half of the labels are 1, half -1.

    Parameters
    ----------
    problem : mapping
        ``depth``, ``activation``, ``seed``, and ``inputs``: of random directions, unless they
        are to be ``"orthogonal"``.
    width : int
        Of every hidden layer.
    """
    rng = np.random.default_rng(problem["seed"])
    X, X_test = _directions(rng, COUNT), _directions(rng, TEST)
    if problem.get("inputs") == "orthogonal":
        X = np.linalg.qr(X.T)[0].T
    y = np.where(rng.permutation(COUNT) < COUNT // 2, 1.0, -1.0)
    network = FullyConnected(D_IN, width, problem["depth"], activation=problem["activation"])
    return network, network.initial(rng), np.sqrt(D_IN) * X, y, np.sqrt(D_IN) * X_test


def _directions(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    X = rng.standard_normal((count, D_IN))
    return X / np.linalg.norm(X, axis=1, keepdims=True)
