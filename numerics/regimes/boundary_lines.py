"""Boundaries of the exponent plane as lines: their limit, and their place at finite d.

In the limit the ratio of the two quantities that tie is ``d^ratio_exponent``, which is linear in
gamma_sigma2, so a boundary is solved exactly at each gamma_w.  At finite d the line is where the
logarithm of the ratio changes sign, with the constants of :mod:`theory.regimes.quantities` and with
L of the waiting time.

Holds for equal or unequal layers in the limit; at finite d for layers of one variance, w >> d, and
equal singular values of the signal.
Source: :func:`theory.regimes.boundaries.boundaries`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from numerics.kernels.derived import stored
from numerics.kernels.evaluate import evaluate
from numerics.regimes import plane_formulas as formulas
from theory.regimes.regime import Regime

__all__ = ["boundary_lines", "finite_lines"]

#: Exponents that differ by less count as equal.
SAME = 1e-9

#: Distance to either side of a line at which the terms that set the error are compared.
ASIDE = 1e-6

#: Points along a line.
POINTS = 601

Array = NDArray[np.float64]
Point = tuple[Array, Array]
Range = tuple[float, float]
#: p, q, kappa, gap.
Task = tuple[float, float, float, float]
#: d, k, theta, tau.
Sizes = tuple[float, float, float, float]
#: A row of a table of :mod:`numerics.regimes.plane_formulas`.
Described = dict[str, Any]


def boundary_lines(
    ranges: tuple[Range, Range], task: Task, regime_at: Callable[[Array, Array], Regime]
) -> xr.Dataset:
    """Return the boundaries in the limit, on (boundary, point).

    A line is nan outside the ranges and where it is no boundary; one that sets the error or its
    time is there where it does so.  What coincides with a boundary of regimes is left out, and
    so is what the ranges do not reach.

    Parameters
    ----------
    ranges : ((float, float), (float, float))
        Of gamma_sigma2 and gamma_w.
    task : (float, float, float, float)
        p, q, kappa and gap.
    regime_at : callable
        Regimes of arrays of points.
    """
    rows = []
    for number, boundary in enumerate(stored(formulas.limit_boundaries, *task)):
        line = _limit_line(boundary, number, ranges, task)
        there = _inside(line, ranges) & _on_side(boundary, line[1])
        if boundary["sets"]:
            there &= _counts(boundary, number, line, task, regime_at)
        if np.count_nonzero(there) > 1:
            rows.append((boundary, np.where(there, line, np.nan)))
    return _dataset("boundary", rows)


def finite_lines(ranges: tuple[Range, Range], sizes: Sizes) -> xr.Dataset:
    """Return the boundaries at finite d, on (finite_boundary, point).

    Those of narrow networks and of the missing signal are left out: their constants are not
    known.

    Parameters
    ----------
    ranges : ((float, float), (float, float))
        Of gamma_sigma2 and gamma_w.
    sizes : (float, float, float, float)
        d, k, theta and tau.
    """
    rows = []
    axes = [np.linspace(*limits, POINTS) for limits in ranges]
    points = axes[0][:, None], axes[1][None, :]
    ratios = evaluate(formulas.finite_form, *points, settings=sizes, compiled=False)
    for number, boundary in enumerate(stored(formulas.finite_boundaries)):
        line = _zero_line(ratios[f"ratio_{number}"], axes, boundary["along"])
        there = _inside(line, ranges) & _on_side(boundary, line[1])
        if boundary["sets"]:
            there &= (line[1] >= 1) & _largest(number, line, sizes)
        if np.count_nonzero(there) > 1:
            rows.append((boundary, np.where(there, line, np.nan)))
    return _dataset("finite_boundary", rows)


def _limit_line(boundary: Described, number: int, ranges: tuple[Range, Range], task: Task) -> Point:
    """Solve the tie at each gamma_w, or for gamma_w where gamma_sigma2 does not enter."""
    if boundary["height"] is not None:
        return np.linspace(*ranges[0], POINTS), np.full(POINTS, boundary["height"])
    heights = np.linspace(*ranges[1], POINTS)
    at_0, at_1 = (_limit(task, x, heights)[f"excess_{number}"] for x in (0.0, 1.0))
    return at_0 / (at_0 - at_1), heights


def _limit(task: Task, x: float | Array, y: Array) -> dict[str, Array]:
    return evaluate(formulas.limit_form, x, y, settings=task, compiled=False)


def _inside(line: Point, ranges: tuple[Range, Range]) -> NDArray[np.bool_]:
    (left, right), (bottom, top) = ranges
    within = (line[0] >= left - SAME) & (line[0] <= right + SAME)
    return within & (line[1] >= bottom - SAME) & (line[1] <= top + SAME)


def _on_side(boundary: Described, heights: Array) -> NDArray[np.bool_]:
    if boundary["side"] == "wide":
        return heights >= 1
    return heights <= 1 if boundary["side"] == "narrow" else np.ones(heights.shape, bool)


def _counts(
    boundary: Described,
    number: int,
    line: Point,
    task: Task,
    regime_at: Callable[[Array, Array], Regime],
) -> NDArray[np.bool_]:
    """Return where the tied terms set the error (or its time), and another one on either side."""
    x, y = line[0], np.maximum(line[1], 0)
    # gamma_sigma2 alone moves a point across every line but a horizontal one.
    steps = (0, ASIDE) if np.ptp(y) == 0 else (ASIDE, 0)
    here, below, above = (
        regime_at(x + sign * steps[0], np.maximum(y + sign * steps[1], 0)) for sign in (0, -1, 1)
    )
    term = _limit(task, x, y)[f"term_{number}"]
    if boundary["sets"] == "time":
        return np.abs(here.time_to_minimum.exponent - term) < SAME
    return (np.abs(here.min_test_error.exponent - term) < SAME) & (
        below.limited_by != above.limited_by
    )


def _zero_line(values: Array, axes: Sequence[Array], along: int) -> Point:
    """Find the first change of sign along one axis, at each point of the other one."""
    values = values if along == 0 else values.T
    moving, fixed = axes[along], axes[1 - along]
    change = np.sign(values[:-1]) * np.sign(values[1:]) <= 0
    index, column = change.argmax(axis=0), np.arange(POINTS)
    low, high = values[index, column], values[index + 1, column]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(low == high, 0.5, low / (low - high))
    crossing = moving[index] + share * (moving[1] - moving[0])
    found = np.where(change.any(axis=0), crossing, np.nan)
    return (found, fixed) if along == 0 else (fixed, found)


def _largest(number: int, line: Point, sizes: Sizes) -> NDArray[np.bool_]:
    """Return where the two terms of a boundary exceed the third, below the noise."""
    order = evaluate(formulas.finite_order_form, *line, settings=sizes, compiled=False)
    above = (order[f"over_third_{number}"] > -SAME) & (order[f"below_noise_{number}"] > 0)
    return above & (order["signal"] > 0)


def _dataset(dimension: str, rows: Sequence[tuple[Described, Array]]) -> xr.Dataset:
    """Return lines as a dataset; names, equations and sources are coordinates."""
    prefix = dimension.removesuffix("boundary")
    lines = np.array([line for *_, line in rows]).reshape(len(rows), 2, POINTS)
    words = ("equation", "source", "sets", "changes")
    text = {word: [boundary[word] for boundary, _ in rows] for word in words}
    return xr.Dataset(
        {
            f"{prefix}boundary_gamma_sigma2": ((dimension, "point"), lines[:, 0]),
            f"{prefix}boundary_gamma_w": ((dimension, "point"), lines[:, 1]),
        },
        coords={dimension: [boundary["name"] for boundary, _ in rows]}
        | {f"{prefix}boundary_{name}": (dimension, values) for name, values in text.items()},
    )
