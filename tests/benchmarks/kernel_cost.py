"""The NTK Gram matrix of a fully connected network: layer by layer, and from single gradients.

Layer by layer takes two products of (n, h) matrices a layer, ``n^2 h``; gradients of single
inputs are rows of as many entries as there are weights, and their product costs ``n^2 h^2``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from measuring import Curve, Panel, agree, measure, relative, torch
from numpy.typing import NDArray

from numerics import FullyConnected

#: Round-off of sums over as many products as there are weights.
TOLERANCE = 1e-11

#: Beyond this torch's softplus is linear, exp(-100) off.
LINEAR_BEYOND = 100.0

#: Hidden layers, softplus.
DEPTH = 3

Weights = Sequence[NDArray[np.float64]]


def inputs(count: int, d: int, seed: int = 0) -> NDArray[np.float64]:
    """Return rows on the sphere of radius sqrt(d)."""
    rows = np.random.default_rng(seed).standard_normal((count, d))
    return rows * np.sqrt(d) / np.linalg.norm(rows, axis=1, keepdims=True)


def gradients_gram(
    network: FullyConnected, weights: Weights, X: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the Gram matrix of gradients taken for one input after the other."""
    one, total = np.ones(1), np.zeros((len(X), len(X)))
    found = [network.gradient(weights, row[None], one) for row in X]
    for layer in zip(*found, strict=True):
        rows = np.stack(layer).reshape(len(X), -1)
        total += rows @ rows.T
    return total


def torch_gram(
    network: FullyConnected, weights: Weights, X: NDArray[np.float64]
) -> Callable[[], NDArray[np.float64]]:
    """Return a function that makes the Gram matrix of torch.func's gradients of single inputs."""
    tensors, rows = tuple(map(torch.from_numpy, weights)), torch.from_numpy(X)
    constant = float(network.activation.normalisation)

    def output(parameters: tuple, row: object) -> object:
        a = row
        for W in parameters[:-1]:
            a = constant * torch.nn.functional.softplus(
                W @ a / W.shape[1] ** 0.5, beta=5, threshold=LINEAR_BEYOND
            )
        return a @ parameters[-1] / network.width**0.5

    gradients = torch.func.vmap(torch.func.grad(output), in_dims=(None, 0))

    def gram() -> NDArray[np.float64]:
        flat = [layer.flatten(1) for layer in gradients(tensors, rows)]
        return sum(layer @ layer.T for layer in flat).numpy()

    return gram


def kernel_panel(
    name: str, cases: Sequence[tuple[int, int, int]], slopes: Sequence[float], seconds: float
) -> Panel:
    """Measure the Gram matrix over cases (n, d_in, h): ``"inputs"`` varies n, ``"units"`` h."""
    curves: dict[str, Curve] = {}
    for count, d, width in cases:
        network, X = FullyConnected(d, width, DEPTH), inputs(count, d)
        weights = network.initial(1)
        calls = {
            "layer by layer": partial(network.ntk, weights, X),
            "gradient an input, NumPy": partial(gradients_gram, network, weights, X),
        }
        if torch:
            calls["torch.func, vmap(grad)"] = torch_gram(network, weights, X)
        grams = {method: call() for method, call in calls.items()}
        found = {
            method: agree(
                f"{method}, at n = {count}, h = {width}",
                max(relative(gram, other) for other in grams.values()),
                TOLERANCE,
            )
            for method, gram in grams.items()
        }
        times = measure(calls, seconds)
        for method in calls:
            slope = slopes[0] if method == "layer by layer" else slopes[1]
            curve = curves.setdefault(method, Curve(method, slope, tolerance=TOLERANCE))
            curve.add(count if name == "inputs" else width, times[method], found[method])
    count, d, width = cases[0]
    title, size = {
        "inputs": (f"NTK of {DEPTH} layers of {width}, d = {d}", "inputs n"),
        "units": (f"NTK of {count} inputs, {DEPTH} layers, d = {d}", "units h of a layer"),
    }[name]
    return Panel(
        name,
        title,
        size,
        "seconds",
        list(curves.values()),
        "the Gram matrix against those of the other methods",
    )
