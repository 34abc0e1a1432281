"""Figure 2 of Tu, Aranguri and Jacot 2024: four panels over the plane of exponents.

Filled contours with the paper's contour lines and its three boundaries.  Panel 4 is
``log(max_distance^2/d^2)``, the mean square of an entry, to which the paper's contours -7, -4, 0
belong.  Nothing is computed here but positions on the page; replicates are averaged panel by
panel, cells that diverged or failed are left blank and crossed out.

Colours are readable without colour vision and in grey: viridis, purple to orange for
differences, and a line style for each boundary.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

__all__ = ["BOUNDARIES", "PANELS", "Panel", "draw_boundaries", "draw_difference", "draw_figure2",
           "draw_panel"]  # fmt: skip

LEVELS = 20


@dataclass(frozen=True)
class Panel:
    """What a panel shows.

    Attributes
    ----------
    title, label : str
        Above the panel, and beside its colour bar.
    contours : tuple of float
        The paper's contour lines.
    limits : tuple of float
        Range of the colours.
    values : callable
        The quantity of a dataset, on the grid and any replicates.
    """

    title: str
    label: str
    contours: tuple[float, ...]
    limits: tuple[float, float]
    values: Callable[[xr.Dataset], xr.DataArray]


PANELS = (
    Panel("Smallest test error of the run", "mean square of an entry", (0.25, 0.5, 0.75),
          (0.0, 1.0), lambda data: data.min_test_error),
    Panel("Stable rank at that moment", r"$\|A\|_F^2/\|A\|_{op}^2$", (3.0, 5.0, 7.0),
          (1.0, 9.0), lambda data: data.stable_rank),
    Panel("Iterations until that moment", "iterations", (100.0, 200.0, 300.0),
          (0.0, 600.0), lambda data: data.iterations.astype(float)),
    Panel("Largest distance of gradient descent\nfrom the self-consistent dynamics",
          r"$\ln\max_t\|A-A_{sc}\|_F^2/d^2$", (-7.0, -4.0, 0.0), (-16.0, 4.0),
          lambda data: 2 * np.log(data.max_distance / data.attrs["d"])),
)  # fmt: skip

#: Boundary: its height gamma_w at gamma_sigma2 (for d and the rank), its equation, its line.
BOUNDARIES: dict[str, tuple[Callable, str, object]] = {
    "active/lazy": (lambda x, d, k: 1 - x, r"$\gamma_{\sigma^2}+\gamma_w=1$", "-"),
    "infinite noise": (lambda x, d, k: -2 * x, r"$2\gamma_{\sigma^2}+\gamma_w=0$", (0, (5, 2))),
    "underparameterised": (
        lambda x, d, k: np.full_like(x, math.log(k) / math.log(d)),
        r"$\gamma_w=\log k/\log d$",
        (0, (1, 1.2)),
    ),
}


def draw_figure2(data: xr.Dataset, prediction: xr.Dataset | None = None) -> Figure:
    """Draw the four panels of a sweep, and beside each its prediction and their difference.

    Parameters
    ----------
    data : xarray.Dataset
        Of :func:`numerics.sweep.run_sweep`.
    prediction : xarray.Dataset, optional
        The same variables over the same exponents; a panel whose variable it lacks stays blank.
    """
    if prediction is None:
        figure = Figure(figsize=(10.8, 9.4), layout="constrained")
        grid = figure.subplots(2, 2)
        for panel, axes in zip(PANELS, grid.flat, strict=True):
            draw_panel(data, panel, axes)
    else:
        figure = Figure(figsize=(15.5, 19.0), layout="constrained")
        grid = figure.subplots(len(PANELS), 3)
        for panel, row in zip(PANELS, grid, strict=True):
            draw_panel(data, panel, row[0])
            try:
                panel.values(prediction)
            except AttributeError:
                for axes in row[1:]:
                    axes.set_axis_off()
                continue
            draw_panel(prediction, panel, row[1], data.attrs)
            draw_difference(data, prediction, panel, row[2])
        for axes, name in zip(grid[0], ("trained", "predicted", "trained - predicted"),
                              strict=True):  # fmt: skip
            axes.annotate(name, (0.5, 1.12), xycoords="axes fraction", ha="center", fontsize=12,
                          weight="bold")  # fmt: skip
    handles = [
        Line2D([], [], color="black", linestyle=style, linewidth=1.8, label=f"{name}: {equation}")
        for name, (_, equation, style) in BOUNDARIES.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False,
                  fontsize=10)  # fmt: skip
    figure.suptitle(_heading(data), fontsize=12)
    return figure


def draw_panel(
    data: xr.Dataset, panel: Panel, axes: Axes, settings: dict[str, object] | None = None
) -> Axes:
    """Draw one panel: filled contours, contour lines, boundaries, and cells without a value."""
    values = _plane(panel.values(data), data)
    if np.isnan(values).all():
        axes.set_title(f"{panel.title}: no values", fontsize=10)
        axes.set_axis_off()
        return axes
    levels = np.linspace(*panel.limits, LEVELS + 1)
    _fill(values, levels, "viridis", panel.label, axes)
    inside = [x for x in panel.contours if np.nanmin(values) < x < np.nanmax(values)]
    if inside:
        lines = axes.contour(values.gamma_sigma2, values.gamma_w, values, levels=inside,
                             colors="white", linewidths=1.0, linestyles="solid")  # fmt: skip
        for text in axes.clabel(lines, fmt="%g", fontsize=8):
            text.set_path_effects([withStroke(linewidth=2, foreground="black")])
    return _finish(values, panel, axes, data.attrs if settings is None else settings)


def draw_difference(
    data: xr.Dataset, prediction: xr.Dataset, panel: Panel, axes: Axes
) -> Axes:
    """Draw the difference of two datasets in one panel's quantity, zero in the middle."""
    values = _plane(panel.values(data), data)
    values = values - _plane(panel.values(prediction), prediction)
    # The range of nearly all cells; a few far out, where a prediction ends, would hide the rest.
    spread = float(np.nanquantile(np.abs(values), 0.95)) or 1.0
    # An odd number of colours, the middle one around zero.
    _fill(values, np.linspace(-spread, spread, LEVELS + 2), "PuOr", panel.label, axes)
    return _finish(values, panel, axes, data.attrs)


def draw_boundaries(axes: Axes, d: int, rank: int) -> Axes:
    """Draw the three boundaries inside the axes' limits."""
    x = np.linspace(*axes.get_xlim(), 201)
    low, high = axes.get_ylim()
    for height, _, style in BOUNDARIES.values():
        y = height(x, d, rank)
        y = np.where((y >= low) & (y <= high), y, np.nan)
        # White around black shows on dark and on light ground.
        axes.plot(x, y, color="black", linestyle=style, linewidth=1.8,
                  path_effects=[withStroke(linewidth=3.6, foreground="white", alpha=0.8)])
    return axes


def _fill(values: xr.DataArray, levels: np.ndarray, colours: str, label: str, axes: Axes) -> None:
    low, high = np.nanmin(values) < levels[0], np.nanmax(values) > levels[-1]
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max"}
    extend = extend.get((bool(low), bool(high)), "both")
    filled = axes.contourf(values.gamma_sigma2, values.gamma_w, values, levels=levels,
                           cmap=colours, extend=extend)  # fmt: skip
    bar = axes.figure.colorbar(filled, ax=axes, label=label)
    bar.set_ticks(np.linspace(levels[0], levels[-1], 5))
    bar.ax.tick_params(labelsize=8)


def _finish(values: xr.DataArray, panel: Panel, axes: Axes, settings: dict[str, object]) -> Axes:
    x, y = values.gamma_sigma2.values, values.gamma_w.values
    absent = np.argwhere(np.isnan(values.values))
    axes.plot(x[absent[:, 1]], y[absent[:, 0]], "x", color="black", markersize=4)
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    axes.set(xlabel=r"$\gamma_{\sigma^2}=\log_d\sigma^2$", ylabel=r"$\gamma_w=\log_d w$")
    axes.set_title(panel.title, fontsize=10)
    return draw_boundaries(axes, int(settings["d"]), int(settings["rank"]))


def _plane(values: xr.DataArray, data: xr.Dataset) -> xr.DataArray:
    """Return finite values of sound cells, rows along gamma_w, replicates averaged."""
    if "replicate" in values.dims:
        values = values.where(data.status == 0).mean("replicate")
    return values.where(np.isfinite(values)).transpose("gamma_w", "gamma_sigma2")


def _heading(data: xr.Dataset) -> str:
    a, count = data.attrs, data.sizes["replicate"]
    many = f", {count} replicates" if count > 1 else ""
    size = f"{data.sizes['gamma_sigma2']} x {data.sizes['gamma_w']} cells"
    return (
        rf"Gradient descent from $\sigma^2=d^{{\gamma_{{\sigma^2}}}}$, width $d^{{\gamma_w}}$:"
        rf" $d={a['d']}$, rank ${a['rank']}$, {a['update']} updates, {size}{many}"
    )
