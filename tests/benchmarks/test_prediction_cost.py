"""What a prediction costs: one cell to second order, and a grid in closed form on one core."""

from __future__ import annotations

import numpy as np
import pytest

from numerics.prediction.grid import predict_grid
from numerics.prediction.runs import predict_cell


@pytest.mark.benchmark(group="prediction")
@pytest.mark.parametrize("d", [100, 10_000])
def test_one_cell(benchmark, d):
    predict_cell(-1.5, 1.6, d)
    benchmark(predict_cell, -1.5, 1.6, d)


@pytest.mark.benchmark(group="prediction")
@pytest.mark.parametrize("side", [30, 200])
def test_closed_form_grid(benchmark, side):
    axes = np.linspace(-3, 0, side), np.linspace(0, 2.8, side)
    predict_grid([-1.0], [1.5], 200)
    benchmark.pedantic(predict_grid, args=(*axes, 200), rounds=3, iterations=1)
