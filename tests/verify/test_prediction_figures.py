"""Figures of predictions: what is drawn is what the data say, and axes come back."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from numerics.prediction import predict_cell
from numerics.prediction_grid import predict_grid
from verify import prediction_figures as pf


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def grid():
    return predict_grid(np.linspace(-3, 0, 7), np.linspace(0.3, 2.8, 6), 100, method="second_order")


def test_four_panels_or_three(grid):
    assert len(pf.draw_figure2(grid).axes) == 8  # each with its colour bar
    assert len(pf.draw_figure2(grid.drop_vars("max_distance")).axes) == 6


@pytest.mark.parametrize("name", pf.PANELS)
def test_a_panel_returns_its_axes(grid, name):
    _, axes = plt.subplots()
    assert pf.draw_panel(grid, name, axes) is axes
    assert axes.get_xlim() == (-3, 0)
    assert "gamma_w" in axes.get_ylabel()


def test_the_boundaries_stand_where_their_equations_say(grid):
    _, axes = plt.subplots()
    axes.set(xlim=(-3, 0), ylim=(0.3, 2.8))
    pf.draw_boundaries(grid, axes)
    lines = [line for line in axes.lines if line.get_color() == "black"]
    sums = [line.get_xdata() + line.get_ydata() for line in lines]
    twice = [2 * line.get_xdata() + line.get_ydata() for line in lines]
    assert np.allclose(sums[0], 1)
    assert np.allclose(twice[1], 0)
    assert np.allclose(lines[2].get_ydata(), np.log(5) / np.log(100))
    assert len(axes.texts) == 3


def test_only_cells_out_of_range_are_hatched(grid):
    _, axes = plt.subplots()
    pf.draw_validity(grid, axes)
    assert len(axes.collections) == 2
    _, other = plt.subplots()
    pf.draw_validity(grid.assign(status=0 * grid.status), other)
    assert not other.collections


def test_a_cell_shows_its_curves():
    cell = predict_cell(-1.0, 1.6, 100)
    left, right = pf.draw_cell(cell).axes
    assert np.array_equal(left.lines[1].get_ydata(), cell.test_error)
    assert left.lines[3].get_xdata()[0] == cell.min_iteration
    assert np.array_equal(right.lines[0].get_ydata(), cell.outlier.isel(mode=0))
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in (left, right))
