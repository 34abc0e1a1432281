"""Figures of predictions: what is drawn is what the data say, and axes come back."""

import numpy as np
import pytest

from numerics.prediction.grid import predict_grid
from numerics.prediction.runs import predict_cell
from verify.figures import prediction as pf
from verify.figures.figure2_panels import PANELS


@pytest.fixture(scope="module")
def grid():
    return predict_grid(np.linspace(-3, 0, 7), np.linspace(0.3, 2.8, 6), 100, method="second_order")


def test_four_panels_or_three(grid):
    for data, count in ((grid, 4), (grid.drop_vars("max_distance"), 3)):
        axes = pf.draw_predicted_panels(data).axes
        assert len(axes) == 2 * count  # each with its colour bar
        assert [x.get_title() for x in axes[:count]] == [x.title for x in PANELS[:count]]


def test_the_hatching_is_named_where_there_is_any(grid):
    named = [
        len(pf.draw_predicted_panels(data).legends[0].get_texts())
        for data in (grid, grid.assign(status=0 * grid.status))
    ]
    assert named == [4, 3]


def test_a_cell_shows_its_curves():
    cell = predict_cell(-1.0, 1.6, 100)
    left, right = pf.draw_predicted_run(cell).axes
    assert np.array_equal(left.lines[1].get_ydata(), cell.test_error)
    assert left.lines[3].get_xdata()[0] == cell.min_iteration
    assert np.array_equal(right.lines[0].get_ydata(), cell.outlier.isel(mode=0))
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in (left, right))
