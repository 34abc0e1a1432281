"""The exponent plane as a figure: what is written, and that nothing is written over."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from numerics.regimes.exponent_plane import exponent_plane
from verify.figures import boundaries as boundary_figures
from verify.figures.boundaries import draw_boundaries, draw_boundary_lines, draw_exponent_plane

TASKS = {
    "paper": {},
    "small signal": {"p": 0.8, "kappa": 0.3},
    "hidden": {"p": 0.4, "gap": 0.6},
    "large noise": {"p": 1.1, "q": 0.2, "kappa": 0.2, "gap": 0.6},
}


@pytest.fixture(scope="module", params=TASKS)
def figure(request):
    data = exponent_plane(points=141, d=200, rank=5, **TASKS[request.param])
    drawn = draw_boundaries(data)
    yield request.param, data, drawn
    plt.close(drawn)


def luminance(colour):
    return float(np.dot(to_rgb(colour), (0.2126, 0.7152, 0.0722)))


def test_names_and_equations_are_written(figure):
    name, data, drawn = figure
    texts = [x.get_text() for x in drawn.axes[0].texts]
    assert any(x.startswith("infinite noise") for x in texts)
    equations = {f"${x}$" for x in data.boundary_equation.values}
    written = equations & set(texts)
    if name == "paper":
        assert written == equations
        assert {"active", "mixed", "lazy"} <= {x.split("\n")[0] for x in texts}
        assert any("E=2 \\gamma_{\\sigma^2} + \\gamma_{w}" in x for x in texts)
    assert len(written) >= 0.7 * len(equations)
    assert "smallest test error per entry" in drawn.axes[1].get_ylabel()


def test_texts_do_not_overlap(figure):
    _, _, drawn = figure
    drawn.draw_without_rendering()
    renderer = drawn.canvas.get_renderer()
    upright = [x for x in drawn.axes[0].texts if x.get_rotation() == 0]
    boxes = [x.get_window_extent(renderer) for x in upright]
    assert len(boxes) >= 4
    frame = drawn.axes[0].get_window_extent(renderer)
    for box in boxes:
        assert frame.x0 <= box.x0
        assert box.x1 <= frame.x1
    for first, second in itertools.combinations(boxes, 2):
        assert not first.overlaps(second)


def test_lines_do_not_cross_the_names_of_regions(figure):
    _, data, drawn = figure
    renderer = drawn.canvas.get_renderer()
    axes = drawn.axes[0]
    names = [x for x in axes.texts if "\n" in x.get_text()]
    assert len(names) >= 4
    points = np.array(
        [data.boundary_gamma_sigma2.values.ravel(), data.boundary_gamma_w.values.ravel()]
    )
    pixels = axes.transData.transform(points[:, np.isfinite(points).all(axis=0)].T)
    for text in names:
        box = text.get_window_extent(renderer)
        inside = (
            (pixels[:, 0] > box.x0)
            & (pixels[:, 0] < box.x1)
            & (pixels[:, 1] > box.y0)
            & (pixels[:, 1] < box.y1)
        )
        assert not inside.any(), text.get_text()


def test_every_term_is_defined_below_the_plane(figure):
    _, data, drawn = figure
    title = drawn.legends[0].get_title().get_text()
    for term in set(data.region_limited_by.values):
        assert f"{term}: " in title


def test_a_boundary_at_finite_d_is_drawn_where_it_is_apart_from_its_limit():
    data = exponent_plane(points=41, d=200, rank=5)
    drawn = dict((name, line) for line, name in boundary_figures._visible_finite_lines(data))
    # sigma^4 w = tau^2 and w = d have no constants.
    assert not {"infinite noise", "concentration"} & set(drawn)
    assert {"active / lazy", "underparameterised"} <= set(drawn)
    assert np.nanmax(drawn["underparameterised"][1]) == pytest.approx(np.log(5) / np.log(200))


def test_axes_in_axes_out():
    data = exponent_plane(points=41)
    figure, (left, right) = plt.subplots(1, 2)
    assert draw_exponent_plane(data, left) is left
    assert draw_boundary_lines(data, right) is right
    assert len(right.lines) == data.sizes["boundary"]
    assert not right.texts
    plt.close(figure)


def test_it_reads_in_grey():
    shades = [luminance(boundary_figures.COLOUR_MAP(x)[:3]) for x in np.linspace(0, 1, 20)]
    assert np.all(np.diff(shades) > 0)
    styles = [str(style) for _, style, _ in boundary_figures.LIMIT_STYLES.values()]
    assert len({*styles, str(boundary_figures.FINITE_STYLE[1])}) == len(styles) + 1
