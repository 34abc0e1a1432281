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
    away = grid.assign(status=0 * grid.status)
    nowhere = away.assign(max_distance_status=0 * grid.max_distance_status)
    named = [
        len(pf.draw_predicted_panels(data).legends[0].get_texts()) for data in (grid, away, nowhere)
    ]
    assert named == [4, 4, 3]


def test_the_distance_is_masked_by_its_own_range(grid):
    assert (pf.out_of_range(grid, PANELS[-1]) == (grid.max_distance_status != 0)).all()
    assert not pf.out_of_range(grid, PANELS[-1]).equals(pf.out_of_range(grid, PANELS[0]))


def test_a_cell_shows_its_curves():
    cell = predict_cell(-1.0, 1.6, 100)
    left, right = pf.draw_predicted_run(cell).axes
    assert np.array_equal(left.lines[1].get_ydata(), cell.test_error)
    assert left.lines[-1].get_xdata()[0] == cell.min_iteration
    assert np.array_equal(right.lines[0].get_ydata(), cell.outlier.isel(mode=0))
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in (left, right))


def test_what_a_line_covers_is_told_in_words_and_nothing_is_invisible():
    cell = predict_cell(-1.85, 2.25, 200, reference="euler")
    figure = pf.draw_predicted_run(cell)
    left, right = figure.axes
    texts = [x.get_text() for x in left.get_legend().get_texts()]
    assert len(left.lines) == 3
    told = next(x for x in texts if x.startswith("infinite width differs"))
    apart = float(np.abs(cell.leading_test_error - cell.test_error).max())
    bound = float(told.split("leq ")[1].strip("$"))
    assert apart <= bound <= 1.1 * apart
    assert "Euler steps of equation (1)" in right.get_legend().get_texts()[-1].get_text()
    assert "e+" not in figure.get_suptitle()
    # Where they part, there is a line and no words.
    far = cell.assign(
        leading_test_error=cell.test_error + 0.3, truncation=0 * cell.truncation + 0.3
    )
    axes = pf.draw_predicted_run(far).axes[0]
    assert len(axes.lines) == 4
    assert not any("differs" in x.get_text() for x in axes.get_legend().get_texts())


def test_a_predicted_distance_names_its_reference(grid):
    assert "from the lift" in pf.draw_predicted_panels(grid).get_suptitle()
    euler = grid.assign_attrs(reference="euler")
    assert "from Euler steps of equation (1)" in pf.draw_predicted_panels(euler).get_suptitle()
    without = pf.draw_predicted_panels(grid.drop_vars("max_distance"))
    assert "distance" not in without.get_suptitle()
