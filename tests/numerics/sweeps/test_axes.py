"""Axes: what declares them, and that a coarse grid lies in a finer one."""

import numpy as np
import pytest

from numerics.sweeps.axes import parse_axis, parse_counts


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("-3:0:4", (-3, -2, -1, 0)),
        ("0:2.8:2", (0, 2.8)),
        ("1.5", (1.5,)),
        (2, (2.0,)),
        ([0, 0.5], (0, 0.5)),
        ("1:1:1", (1.0,)),
        (np.array([0.1, 0.2]), (0.1, 0.2)),
    ],
)
def test_axes(text, axis):
    assert parse_axis("gamma_w", text) == axis


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("1e-4:1e4:9", (1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1e3, 1e4)),
        ("0.5:0.5:1", (0.5,)),
        ([1e-15, 1], (1e-15, 1.0)),
    ],
)
def test_geometric_axes(text, axis):
    assert parse_axis("scaled_alpha", text, geometric=True) == axis


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "a:b:c",
        "0:1",
        "0:1:0",
        "0:1:2:3",
        "0:1:2.5",
        "1:0:3",
        "0:0:2",
        "0:1:1",
        "nan:1:3",
        "0:inf:3",
        [],
        [1, 1],
        [2, 1],
        ["x"],
        None,
        [True],
    ],
)
@pytest.mark.parametrize("geometric", [False, True])
def test_bad_axes_are_refused_in_one_line(bad, geometric):
    with pytest.raises((ValueError, TypeError), match="gamma_w") as caught:
        parse_axis("gamma_w", bad, geometric=geometric)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", ["0:1:3", "-1:1:3", [-1, 1], 0])
def test_a_geometric_axis_is_positive(bad):
    with pytest.raises(ValueError, match="scaled_alpha must be > 0"):
        parse_axis("scaled_alpha", bad, geometric=True)


def test_a_point_of_a_coarse_grid_is_the_same_cell_in_a_fine_one():
    thirds, sixths = (parse_axis("gamma_w", f"0:1:{n}") for n in (4, 7))
    assert set(thirds) < set(sixths)
    assert np.signbit(parse_axis("gamma_w", "-1:0:2")[-1]) == np.False_
    coarse, fine = (parse_axis("A", f"1e-4:3e5:{n}", geometric=True) for n in (4, 22))
    assert set(coarse) < set(fine)


@pytest.mark.parametrize(
    ("value", "axis"), [("16, 32,64", (16, 32, 64)), ("8", (8,)), (3, (3,)), ([1, 2.0], (1, 2))]
)
def test_counts(value, axis):
    found = parse_counts("width", value)
    assert found == axis
    assert all(type(x) is int for x in found)


@pytest.mark.parametrize("bad", ["", "1,2.5", "a", "2,1", "1,1", [0, 1], [1.5], [], None, True])
def test_bad_counts_are_refused_in_one_line(bad):
    with pytest.raises((ValueError, TypeError), match="width must") as caught:
        parse_counts("width", bad)
    assert "\n" not in str(caught.value)
