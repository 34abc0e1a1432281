"""What a step of training costs: flat in width, against explicit weights and against dgemm.

Run with ``pytest tests/benchmarks``; each group's table gives the ratios to its fastest member.
The width-free kernel is float64, the explicit references are float32, as published.
"""

from __future__ import annotations

import numpy as np
import pytest
from width_cost import PAPER_WIDTH, ExplicitNumpy, ExplicitTorch, draw_weights

from numerics.linear.initial_states import random_state
from numerics.linear.tasks import low_rank_recovery
from numerics.linear.training import Trainer

D = 500
WIDTHS = {"2d": 2 * D, "8d": 8 * D, "64d": 64 * D, "paper": PAPER_WIDTH}


@pytest.fixture(scope="module")
def task():
    return low_rank_recovery(D, rank=5, rng=0)


def _rounds(width: float) -> int:
    return 2 if width > 1e5 else 10


@pytest.mark.benchmark(group="step")
@pytest.mark.parametrize("width", [2 * D, 8 * D, 64 * D, PAPER_WIDTH, 1e9, 1e15])
def test_width_free_step(benchmark, task, width):
    state = random_state(D, D, width, init_variance=12.0 / width, rng=1)
    trainer = Trainer(state, task, learning_rate=1e-4, update="sequential")
    trainer.advance(1)
    benchmark.pedantic(trainer.advance, args=(1,), rounds=30, iterations=1)


@pytest.mark.benchmark(group="step")
@pytest.mark.parametrize("name", WIDTHS)
def test_explicit_numpy_float32_step(benchmark, task, name):
    run = ExplicitNumpy(*draw_weights(task, WIDTHS[name], "float32"), 1e-4)
    benchmark.pedantic(run.step, rounds=_rounds(WIDTHS[name]), iterations=1, warmup_rounds=1)


@pytest.mark.benchmark(group="step")
@pytest.mark.parametrize("name", WIDTHS)
def test_explicit_torch_float32_step(benchmark, task, name):
    pytest.importorskip("torch")
    run = ExplicitTorch(*draw_weights(task, WIDTHS[name], "float32"), 1e-4)
    benchmark.pedantic(run.step, rounds=_rounds(WIDTHS[name]), iterations=1, warmup_rounds=1)


@pytest.mark.benchmark(group="step against its matrix products")
@pytest.mark.parametrize("kind", ["width-free step", "dgemm alone"])
def test_share_of_matrix_products(benchmark, task, kind):
    """The three products of a step alone, by SciPy's dgemm, beside the whole step."""
    from scipy.linalg.blas import dgemm

    trainer = Trainer(
        random_state(D, D, 1e6, init_variance=1.2e-5, rng=1), task, learning_rate=1e-4
    )
    trainer.advance(1)
    W1, W2 = (np.asfortranarray(x) for x in trainer.weights)
    gradient = np.asfortranarray(task.target)
    outs = [np.empty(shape, order="F") for shape in ((D, D), W1.shape, W2.shape)]

    def products() -> None:
        dgemm(1.0, W2, W1, c=outs[0], overwrite_c=True)
        dgemm(1.0, W2, gradient, trans_a=True, c=outs[1], overwrite_c=True)
        dgemm(1.0, gradient, W1, trans_b=True, c=outs[2], overwrite_c=True)

    run = {"width-free step": lambda: trainer.advance(1), "dgemm alone": products}[kind]
    benchmark.pedantic(run, rounds=60, iterations=1, warmup_rounds=3)
