"""Panels over the plane of exponents: what is drawn is what the data and theory say."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from theory.regimes.boundaries import boundaries
from theory.regimes.regime import regime_name
from theory.regimes.scales import EQUAL_LAYERS, PAPER_TASK, gamma_sigma2, gamma_w, kappa
from verify.figures.figure2_boundaries import (
    LINE_STYLES,
    boundary_lines,
    draw_paper_boundaries,
    legend_handles,
)
from verify.figures.figure2_panels import LEVELS, PANELS, draw_difference, draw_panel
from verify.figures.prediction import draw_validity

D, RANK = 200, 5


def plane(count=15, replicates=None):
    """Return made-up quantities that are functions of the exponents; a sweep if replicated."""
    x, y = np.linspace(-3, 0, count), np.linspace(0, 2.8, count)
    a, b = np.meshgrid(x, y, indexing="ij")
    values = {
        "min_test_error": 0.5 + 0.25 * (a + b - 1),
        "stable_rank": 4 + b,
        "iterations": 250 + 60 * a,
        "max_distance": 200.0 ** (a + b) * 200.0 ** (-b / 2),
    }
    dims = ("gamma_sigma2", "gamma_w")
    data = xr.Dataset(
        {name: (dims, z) for name, z in values.items()},
        {"gamma_sigma2": x, "gamma_w": y},
        {"d": D, "rank": RANK},
    )
    data["status"] = (dims, np.zeros((count, count), np.int8))
    return (
        data
        if replicates is None
        else data.expand_dims(replicate=replicates, axis=2).copy(deep=True)
    )


def axes_of(**limits):
    axes = Figure().subplots()
    axes.set(**limits)
    return axes


@pytest.mark.parametrize("panel", PANELS, ids=lambda x: x.name)
def test_panels_take_and_return_axes(panel):
    data, axes = plane(), axes_of()
    assert draw_panel(data, panel, axes) is axes
    assert axes.get_xlim() == (-3, 0)
    assert "gamma_w" in axes.get_ylabel()
    other = axes_of()
    assert draw_difference(data, data, panel, other) is other
    heights = [line.get_ydata() for line in axes.lines if line.get_color() == "black"]
    assert len(heights) == len(LINE_STYLES) + 1  # and the crosses


def test_the_paper_contours_are_drawn():
    drawn = []
    for panel in PANELS:
        axes = axes_of()
        draw_panel(plane(), panel, axes)
        drawn.append({float(x.get_text()) for x in axes.texts})
    assert drawn[0] == {0.25, 0.5, 0.75}
    assert drawn[2] == {100, 200}
    # 2 log(d^(x + y/2)/d) is 0 and -7 and -4 inside the plane.
    assert drawn[3] == {-7, -4, 0}


def test_the_range_of_the_colours_can_be_chosen():
    for limits in (None, (2.0, 12.0)):
        axes = axes_of()
        draw_panel(plane(), PANELS[1], axes, limits=limits)
        found = axes.collections[0].levels
        assert found == pytest.approx(np.linspace(*(limits or PANELS[1].limits), LEVELS + 1))


def test_boundaries_stand_where_their_equations_say():
    axes = draw_paper_boundaries(axes_of(xlim=(-3, 0), ylim=(0.2, 2.8)), 100, RANK)
    lazy, noise, narrow = (np.array(line.get_data()) for line in axes.lines)
    seen = np.isfinite(lazy[1])
    assert np.allclose(lazy.sum(axis=0)[seen], 1)
    seen = np.isfinite(noise[1])
    assert np.allclose(2 * noise[0][seen] + noise[1][seen], 0)
    assert np.allclose(narrow[1], np.log(5) / np.log(100))
    # Nothing is drawn outside the axes.
    assert np.nanmin(noise[1]) >= 0.2


def test_boundaries_are_those_between_the_regimes():
    """Just beside each line theory names the two regimes that the line is called after."""
    x = np.linspace(-1.9, -1.1, 3)
    at = EQUAL_LAYERS | PAPER_TASK | {kappa: np.log(RANK) / np.log(D)}
    for name, below, above in (
        ("active / lazy", "mixed", "lazy"),
        ("underparameterised", "underparameterised", "active"),
    ):
        heights = boundary_lines()[name].height(x, D, RANK)
        for side, expected in ((-1e-6, below), (1e-6, above)):
            named = {
                str(regime_name().subs(at | {gamma_sigma2: a, gamma_w: b + side}))
                for a, b in zip(x, heights, strict=True)
            }
            assert named == {expected}
    ratio_exponent = next(
        b.ratio_exponent for b in boundaries() if b.name == "infinite noise"
    ).subs(at)
    for a, b in zip(x, boundary_lines()["infinite noise"].height(x, D, RANK), strict=True):
        assert ratio_exponent.subs({gamma_sigma2: a, gamma_w: b}) == pytest.approx(0)


def test_the_legend_names_every_line_and_the_hatching():
    labels = [handle.get_label() for handle in legend_handles(hatched=True)]
    assert [label.split(":")[0] for label in labels[:-1]] == list(LINE_STYLES)
    assert "range of validity" in labels[-1]
    assert len(legend_handles()) == len(labels) - 1
    # Labels are mathematics that matplotlib can set.
    figure = Figure()
    figure.legend(handles=legend_handles())
    figure.draw_without_rendering()


def test_only_cells_out_of_range_are_hatched():
    data = plane()
    assert not draw_validity(data, axes_of()).collections
    data.status[3:5, 2:4] = 1
    assert len(draw_validity(data, axes_of()).collections) == 2


def test_cells_without_a_value_are_crossed_out():
    data = plane(replicates=2)
    data.status[2, 3, :] = 1
    data.status[5, 5, 0] = 2
    axes = draw_panel(data, PANELS[0], axes_of())
    crosses = next(line for line in axes.lines if line.get_marker() == "x")
    assert crosses.get_xdata().tolist() == [data.gamma_sigma2.values[2]]


def test_a_panel_without_values_says_so():
    data = plane()
    data["stable_rank"] = data.stable_rank * np.nan
    for axes in (
        draw_panel(data, PANELS[1], axes_of()),
        draw_difference(data, plane(), PANELS[1], axes_of()),
    ):
        assert "no values" in axes.get_title()
        assert not axes.axison


@pytest.mark.parametrize("spread", [0.3197, 113.7, 4.0, 1e-7])
def test_a_difference_is_centred_with_short_ticks(spread):
    data, other = plane(), plane()
    data["stable_rank"] = other.stable_rank + spread
    axes = draw_difference(data, other, PANELS[1], axes_of())
    levels = axes.collections[0].levels
    assert levels[0] == pytest.approx(-levels[-1])
    assert spread <= levels[-1] * (1 + 1e-9) <= 2 * spread * (1 + 1e-9)
    ticks = axes.figure.axes[1].get_yticks()
    assert [float(f"{x:.1e}") for x in ticks] == pytest.approx(ticks)


def test_cells_out_of_range_set_no_colours_and_have_no_contours():
    data, other = plane(), plane()
    other["min_test_error"] = data.min_test_error + 0.01
    valid = xr.ones_like(data.min_test_error, dtype=bool)
    valid[:, :2] = False
    spoilt = other.min_test_error.where(valid, 5.0)
    other["min_test_error"] = spoilt
    axes = draw_difference(data, other, PANELS[0], axes_of(), valid=valid)
    assert 0.01 <= axes.collections[0].levels[-1] <= 0.02
    axes = draw_panel(other, PANELS[0], axes_of(), valid=valid)
    assert axes.collections[0].extend == "min"
    lowest = float(data.gamma_w[2])
    assert (
        min(path.vertices[:, 1].min() for path in axes.collections[1].get_paths()) > lowest - 1e-9
    )
    # Without the mask the same cells do both.
    assert draw_difference(data, other, PANELS[0], axes_of()).collections[0].levels[-1] > 1
    assert draw_panel(other, PANELS[0], axes_of()).collections[0].extend == "both"


def test_contour_labels_do_not_overlap():
    data = plane(40)
    data["iterations"] = 1 + 4e3 * np.exp(-40 * ((data.gamma_sigma2 + 0.5) ** 2 + data.gamma_w**2))
    axes = draw_panel(data, PANELS[2], axes_of())
    boxes = [text.get_window_extent() for text in axes.texts]
    assert boxes
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
