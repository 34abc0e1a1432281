"""What a sweep costs: a step against its matrix products, overhead, and the explicit reference.

Run with ``pytest tests/benchmarks``.  d = 200 as in Figure 2, one BLAS thread as in a worker.
The share of matrix products is the ratio of the members of a "share" group; the speed-up by
workers is measured by ``python tests/benchmarks``.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg.blas import dgemm, sgemm
from threadpoolctl import threadpool_limits
from width_cost import ExplicitNumpy, draw_weights

from numerics.linear.gram_training import GramTrainer
from numerics.linear.training import Trainer
from numerics.phase_diagram.cell import run_cell
from numerics.phase_diagram.prepare_cell import prepare_cell
from numerics.phase_diagram.sweep import SweepPlan
from numerics.sweeps.run import run_sweep

D = 200
WIDTHS = (5, 50, 200, 2_000, 20_000, 200_000)

#: A cell of each kind: both dynamics on the Gram blocks, and one of them on narrow weights.
CELLS = {"wide": (-2.2, 2.0), "narrow": (-2.0, 0.6)}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def cell():
    return prepare_cell(
        d=D, rank=5, gamma_sigma2=-2.2, gamma_w=2.0, seed=0, learning_rate_divisor=50.0
    )


def products(shapes, dtype="float64"):
    """Return a function that makes the products of the given (rows, inner, columns)."""
    multiply = dgemm if dtype == "float64" else sgemm
    rng = np.random.default_rng(0)
    draw = lambda *shape: np.asfortranarray(rng.standard_normal(shape).astype(dtype))  # noqa: E731
    sets = [(draw(m, k), draw(k, n), draw(m, n)) for m, k, n in shapes]

    def run() -> None:
        for a, b, c in sets:
            multiply(1.0, a, b, c=c, overwrite_c=True)

    return run


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["Gram step", "its 4 products", "factor step", "its 3 products"])
def test_share_of_products_in_a_step(benchmark, cell, kind, dtype):
    benchmark.group = f"share of products, one step, {dtype}"
    settings = {"learning_rate": cell.learning_rate, "dtype": dtype}
    run = {
        "Gram step": lambda: GramTrainer(cell.state, cell.task, **settings),
        "factor step": lambda: Trainer(cell.state, cell.task, update="sequential", **settings),
        "its 4 products": lambda: products([(D, D, D)] * 4, dtype),
        "its 3 products": lambda: products([(D, 2 * D, D), (2 * D, D, D), (D, D, 2 * D)], dtype),
    }[kind]()
    call = (lambda: run.advance(1)) if "step" in kind else run
    benchmark.pedantic(call, rounds=150, iterations=1, warmup_rounds=5)


@pytest.mark.parametrize("kind", ["cell", "its products"])
@pytest.mark.parametrize("name", CELLS)
def test_share_of_products_in_a_cell(benchmark, name, kind):
    """A whole cell, with drawing, lift, errors, distance, stopping and stable rank."""
    benchmark.group = f"share of products, {name} cell"
    plan = SweepPlan(gamma_sigma2=CELLS[name][0], gamma_w=CELLS[name][1], d=D)
    values, _ = run_cell(plan, plan.cell(0))
    width = int(D ** CELLS[name][1])
    narrow = [(D, width, D), (width, D, D), (D, D, width)]
    one = products([(D, D, D)] * 4 + (narrow if name == "narrow" else [(D, D, D)] * 4))
    steps = int(values["stop_iteration"])
    run = (
        (lambda: run_cell(plan, plan.cell(0)))
        if kind == "cell"
        else (lambda: [one() for _ in range(steps)])
    )
    benchmark.pedantic(run, rounds=3, iterations=1, warmup_rounds=1)


@pytest.mark.benchmark(group="overhead of small cells")
@pytest.mark.parametrize("kind", ["cells alone", "sweep on 1 worker"])
def test_overhead_of_small_cells(benchmark, kind, tmp_path_factory):
    """Nine hundred cells of d = 20, in batches: the rest is the start of the cluster."""
    plan = SweepPlan(d=20, rank=2)
    if kind == "cells alone":
        cells = list(plan.cells())
        run = lambda: [run_cell(plan, x) for x in cells]  # noqa: E731
        benchmark.pedantic(run, rounds=1, iterations=1, warmup_rounds=1)
    else:
        fresh = lambda: ((plan, tmp_path_factory.mktemp("small")), {"workers": 1})  # noqa: E731
        benchmark.pedantic(run_sweep, setup=fresh, rounds=1, iterations=1)


@pytest.mark.benchmark(group="explicit reference, one step of gradient descent")
@pytest.mark.parametrize("width", WIDTHS)
def test_explicit_reference(benchmark, cell, width):
    """Explicit float32 weights, as published (there on a GPU)."""
    run = ExplicitNumpy(*draw_weights(cell.task, width, "float32"), 1e-4)
    benchmark.pedantic(run.step, rounds=5 if width > 1e4 else 50, iterations=1, warmup_rounds=1)
