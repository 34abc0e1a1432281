"""A step of training against the width: explicit weights, and the width-free factor.

Both make the sequential update of the published experiments, W1 first and W2 with the new W1:
three products of ``2 w d^2`` flops with explicit weights of width w, of ``4 d^3`` with a factor
of the same Gram matrix, whose d_in + d_out = 2d rows stand for any number of units.  The width-free
step also returns both errors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from measuring import Curve, Panel, agree, measure, relative, torch
from numpy.typing import NDArray

from numerics import NetworkState, Task, Trainer, low_rank_recovery

#: Width of Figure 1 of Tu, Aranguri and Jacot 2024.
PAPER_WIDTH = 1_182_177

#: Steps after which the matrices A are compared, from the same weights.
CHECKED_STEPS = 3

#: Round-off of sums over the width, some thousands of eps of the precision.
TOLERANCES = {"float64": 1e-11, "float32": 2e-4}

#: The threshold is this share of the target's largest singular value.
THRESHOLD = 0.2


class ExplicitNumpy:
    """Explicit weights in NumPy, with buffers."""

    def __init__(self, W1: NDArray, W2: NDArray, target: NDArray, learning_rate: float) -> None:
        self.W1, self.W2, self.target = W1, W2, target
        self.rate = W1.dtype.type(learning_rate)
        self._gradient = np.empty_like(target)
        self._changes = np.empty_like(W1), np.empty_like(W2)

    def step(self) -> None:
        """Make one step."""
        G, (first, second) = self._gradient, self._changes
        np.matmul(self.W2, self.W1, out=G)
        np.subtract(G, self.target, out=G)
        np.multiply(G, self.rate, out=G)
        self.W1 -= np.matmul(self.W2.T, G, out=first)
        self.W2 -= np.matmul(G, self.W1.T, out=second)

    def product(self) -> NDArray:
        """Return A."""
        return self.W2 @ self.W1


class ExplicitTorch:
    """Explicit weights in torch, updated in place; the arrays' memory becomes its own."""

    def __init__(self, W1: NDArray, W2: NDArray, target: NDArray, learning_rate: float) -> None:
        self.W1, self.W2, self.target = map(torch.from_numpy, (W1, W2, target))
        self.rate = learning_rate

    def step(self) -> None:
        """Make one step."""
        G = torch.mm(self.W2, self.W1).sub_(self.target)
        self.W1.addmm_(self.W2.T, G, alpha=-self.rate)
        self.W2.addmm_(G, self.W1.T, alpha=-self.rate)

    def product(self) -> NDArray:
        """Return A."""
        return (self.W2 @ self.W1).numpy()


class WidthFree:
    """The package's trainer on a factor of the weights' Gram matrix, of d_in + d_out rows."""

    def __init__(self, gram: NDArray, task: Task, learning_rate: float, dtype: str) -> None:
        d_in = task.shape[1]
        factor = np.linalg.cholesky(gram)
        state = NetworkState(factor[:d_in].T, factor[d_in:])
        self._trainer = Trainer(
            state, task, learning_rate=learning_rate, update="sequential", dtype=dtype
        )

    def step(self) -> None:
        """Make one step."""
        self._trainer.advance(1)

    def product(self) -> NDArray:
        """Return A."""
        return self._trainer.A.copy()


def draw_weights(
    task: Task, width: int, dtype: str = "float64", seed: int = 1
) -> tuple[NDArray, NDArray, NDArray]:
    """Return W1, W2 and the target in one precision, drawn in it."""
    generator = np.random.default_rng(seed)
    d_out, d_in = task.shape
    scale = np.sqrt(THRESHOLD * np.linalg.norm(task.target, 2) / width)
    W1, W2 = (
        generator.standard_normal(shape, dtype=dtype) for shape in ((width, d_in), (d_out, width))
    )
    for W in (W1, W2):
        W *= W.dtype.type(scale)
    return W1, W2, np.array(task.target, dtype=dtype)


def runs(task: Task, width: int) -> dict[str, ExplicitNumpy | ExplicitTorch | WidthFree]:
    """Return runs of every kind from the same weights."""
    W1, W2, target = draw_weights(task, width)
    rate = 0.1 / (1 + THRESHOLD) / float(np.linalg.norm(task.target, 2))
    stacked = np.vstack([W1.T, W2])
    gram = stacked @ stacked.T
    del stacked
    kinds = {"NumPy": ExplicitNumpy} | ({"torch": ExplicitTorch} if torch else {})
    found = {f"width-free, {dtype}": WidthFree(gram, task, rate, dtype) for dtype in TOLERANCES}
    for name, kind in kinds.items():
        for dtype in TOLERANCES:
            copies = (np.array(x, dtype=dtype) for x in (W1, W2, target))
            found[f"explicit, {name}, {dtype}"] = kind(*copies, rate)
    return found


def width_panel(d: int, widths: Sequence[int], seconds: float) -> Panel:
    """Measure a step over widths of d x d networks."""
    task = low_rank_recovery(d, rank=5, rng=0)
    curves: dict[str, Curve] = {}
    for width in widths:
        found = runs(task, width)
        for run in found.values():
            for _ in range(CHECKED_STEPS):
                run.step()
        expected = found["explicit, NumPy, float64"].product()
        differences = {}
        for name, run in found.items():
            tolerance = TOLERANCES[name.rpartition(", ")[2]]
            slope = 0.0 if name.startswith("width-free") else 1.0
            curves.setdefault(name, Curve(name, slope, tolerance=tolerance))
            differences[name] = agree(
                f"{name}, at width {width}", relative(run.product(), expected), tolerance
            )
        times = measure({name: run.step for name, run in found.items()}, seconds)
        for name, curve in curves.items():
            curve.add(width, times[name], differences[name])
    return Panel(
        "width",
        f"A step of training, d = {d}",
        "width",
        "seconds a step",
        list(curves.values()),
        f"A after {CHECKED_STEPS} steps from the same weights, relative to explicit float64 "
        "weights in NumPy",
    )
