r"""One diagram for both papers: how far the kernel moves, over threshold and width.

A linear network is lazy where its threshold ``c = sigma^2 w`` exceeds the target's singular
values; a network with the predictor ``alpha (f - f_0)`` where ``sqrt(h) alpha``, which is the
same threshold by :mod:`theory.crossover.output_scaling`, exceeds its target, a margin of 1.  Left,
linear networks of :mod:`numerics.crossover.linear_networks`; right, nonlinear ones of
:mod:`numerics.crossover.sweep`; the same colours, and the line where the kernel changes by its own
size.  Between cells the change is interpolated in the logarithms of both axes, as alpha* is, and on
that line lie alpha* of the filled depth and, for the linear networks, the value derived in
:mod:`theory.crossover.kernel_change`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from numerics.kernels.evaluate import evaluate
from numerics.support.object_validation import check_dataset
from theory.crossover.kernel_change import kernel_change_form
from verify.figures.style import COLOURS, MARKERS, PlainFigure
from verify.measurements.crossover_exponents import (
    alpha_star,
    check_crossover,
    geometric_mean,
    sound,
)

__all__ = ["draw_linear_plane", "draw_shared_diagram"]

LEVELS = np.arange(-4.0, 4.01, 0.5)
LINES = (-2.0, -1.0, 0.0, 1.0, 2.0)

#: Parts that a cell is cut into before contours are drawn.
PARTS = 16

#: Points that lie on the line where the kernel changes by its own size.
ON_LINE: dict[str, Any] = {
    "color": COLOURS[1],
    "markersize": 5,
    "linewidth": 0.8,
    "markeredgecolor": "white",
    "clip_on": False,
    "zorder": 5,
}

DERIVED = "linear, derived"
DERIVED_STYLE = ON_LINE | {"color": COLOURS[4], "marker": "D", "linestyle": "none"}

#: Line where the threshold is that of the target.
AT_TARGET: dict[str, Any] = {"color": "white", "linewidth": 1.2, "linestyle": (0, (1, 1.2))}


def draw_linear_plane(data: xr.Dataset) -> Figure:
    """Draw the plane of linear networks of ``numerics.linear_crossover``."""
    figure = PlainFigure(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.subplots()
    _colour_bar(_linear_panel(data, axes), [axes])
    return figure


def draw_shared_diagram(linear: xr.Dataset, nonlinear: xr.Dataset) -> Figure:
    """Draw the plane of linear networks beside that of nonlinear ones.

    Parameters
    ----------
    linear : xarray.Dataset
        Of :func:`numerics.crossover.linear_networks.linear_crossover`.
    nonlinear : xarray.Dataset
        Of a crossover sweep; its middle depth is filled, each depth has its own alpha*.
    """
    plane = {"kernel_change": ("threshold", "width", "seed")}
    check_dataset("linear", linear, "linear_crossover", plane, ("d", "rank"))
    check_crossover("nonlinear", nonlinear)
    figure = PlainFigure(figsize=(11.0, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True)
    filled = _linear_panel(linear, left)
    depth = int(nonlinear.depth[len(nonlinear.depth) // 2])
    part = sound(nonlinear)
    change = part.kernel_change.sel(depth=depth).rename(scaled_alpha="x", width="y")
    if min(change.sizes["x"], change.sizes["y"]) > 1:
        _fill(change, right)
    else:
        right.set(xscale="log", yscale="log")
        right.text(
            0.5,
            0.94,
            "a plane needs two widths and two scales",
            transform=right.transAxes,
            ha="center",
        )
    handles = [
        Line2D([], [], color="black", linewidth=1.6, label="kernel changes by its own size"),
        Line2D([], [], label=DERIVED, **DERIVED_STYLE),
    ]
    for k, L in enumerate(nonlinear.depth.values):
        values = alpha_star(part.sel(depth=L)) * np.sqrt(part.width)
        middle = geometric_mean(values, skipna=False)
        style = ON_LINE | {"marker": MARKERS[k % len(MARKERS)]}
        right.plot(middle, part.width, **style)
        handles.append(Line2D([], [], label=rf"L = {L}: $\sqrt{{h}}\,\alpha^*$", **style))
    a = nonlinear.attrs
    right.set(xlabel=r"threshold / target: $\sqrt{h}\,\alpha/1$", ylabel="width h")
    right.set_title(f"{a['activation']}, {a['data']}: L = {depth} filled", fontsize=10)
    right.set_yticks(part.width.values, labels=[str(x) for x in part.width.values])
    right.set_yticks([], minor=True)
    right.axvline(1, **AT_TARGET)
    handles.append(Line2D([], [], label="threshold = target", **AT_TARGET | {"color": "0.6"}))
    _colour_bar(filled, [left, right])
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=9
    )
    figure.suptitle(
        "Feature training left of the threshold, lazy training right of it", fontsize=11
    )
    return figure


def _linear_panel(linear: xr.Dataset, axes: Axes) -> QuadContourSet:
    """Fill the plane of linear networks."""
    filled = _fill(linear.kernel_change.rename(threshold="x", width="y"), axes)
    a = linear.attrs
    axes.set(xlabel=r"threshold / target: $c/\theta=\sigma^2w/\theta$", ylabel="width w")
    axes.set_title(f"Linear, two layers: d = {a['d']}, rank {a['rank']}", fontsize=10)
    axes.set_xlim(*(float(x) for x in linear.threshold[[0, -1]]))
    axes.axvline(1, **AT_TARGET)
    crossing = _derived_crossing(linear)
    axes.plot(crossing, linear.width, **DERIVED_STYLE)
    return filled


def _derived_crossing(linear: xr.Dataset) -> NDArray[np.float64]:
    """Return the threshold at which the derived kernel change is 1, of every width (w >> d)."""
    d, rank = int(linear.attrs["d"]), int(linear.attrs["rank"])
    found = []
    for width in linear.width.values:
        ends = (float(linear.threshold[0]), float(linear.threshold[-1]))
        thresholds = np.geomspace(*ends, 16 * PARTS)
        # The targets' singular values are the unit.
        at = (*np.ones(rank), thresholds, width, d, d)
        change = evaluate(kernel_change_form, *at, settings=(rank,), compiled=False)["total"]
        found.append(np.interp(0.0, -np.log(change), np.log(thresholds), np.nan, np.nan))
    return np.exp(found)


def _colour_bar(filled: QuadContourSet, axes: list[Axes]) -> None:
    """Add the decades of the kernel change beside some axes."""
    bar = axes[0].figure.colorbar(filled, ax=axes, label="relative kernel change", pad=0.02)
    bar.set_ticks(LEVELS[::2].tolist(), labels=[rf"$10^{{{x:.0f}}}$" for x in LEVELS[::2]])


def _refined(values: xr.DataArray) -> xr.DataArray:
    """Interpolate in the logarithms of both axes; a contour would do so in the axes themselves."""
    fine = {
        name: np.exp(
            np.interp(
                np.arange(PARTS * (values.sizes[name] - 1) + 1) / PARTS,
                np.arange(values.sizes[name]),
                np.log(values[name].values.astype(float)),
            )
        )
        for name in ("y", "x")
    }
    logs = values.assign_coords({name: np.log(values[name].astype(float)) for name in fine})
    table = logs.interp({name: np.log(x) for name, x in fine.items()}, assume_sorted=True)
    return table.assign_coords(fine)


def _fill(change: xr.DataArray, axes: Axes) -> QuadContourSet:
    """Fill the plane with the geometric mean of the kernel change and draw its decades."""
    if min(change.sizes["x"], change.sizes["y"]) < 2:
        counts = f"{change.sizes['x']} x {change.sizes['y']}"
        raise ValueError(f"a plane needs two scales and two widths at least, got {counts}")
    values = _refined(xr.apply_ufunc(np.log10, change).mean("seed").transpose("y", "x"))
    filled = axes.contourf(values.x, values.y, values, levels=LEVELS, cmap="viridis", extend="both")
    inside = [x for x in LINES if float(values.min()) < x < float(values.max())]
    widths = [1.8 if x == 0 else 0.8 for x in inside]
    colours = ["black" if x == 0 else "white" for x in inside]
    axes.contour(
        values.x,
        values.y,
        values,
        levels=inside,
        colors=colours,
        linewidths=widths,
        linestyles="solid",
    )
    for k, level in enumerate(x for x in inside if x != 0):
        # Off the middle, where alpha* may stand, and neighbours at different heights.
        row = values.isel(y=int(values.sizes["y"] * (0.42, 0.58)[k % 2]))
        falls = np.flatnonzero((row.values[:-1] >= level) & (row.values[1:] < level))
        if falls.size:
            axes.text(
                float(row.x[falls[0]]),
                float(row.y),
                rf"$10^{{{level:.0f}}}$",
                fontsize=8,
                color="white",
                ha="center",
                va="center",
                path_effects=[withStroke(linewidth=2, foreground="black")],
            )
    axes.set(xscale="log", yscale="log")
    return filled
