"""Figures of predictions: the four panels of the paper's Figure 2, and the curves of one cell.

Datasets come from :mod:`numerics.prediction_grid` and :mod:`numerics.prediction`; nothing is
computed here but positions on the page.  Colour maps are monotone in lightness (readable in
grey), lines have a style each, and cells outside the range of validity are hatched.
"""

from __future__ import annotations

import math

import matplotlib

matplotlib.use("Agg", force=False)

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from verify.figures import COLOURS

__all__ = [
    "PANELS",
    "draw_boundaries",
    "draw_cell",
    "draw_cell_errors",
    "draw_cell_singular_values",
    "draw_figure2",
    "draw_panel",
    "draw_validity",
]

#: Panel: title, label of the colour bar, levels of the lines, and levels of the colours.
PANELS = {
    "min_test_error": (
        "Smallest test error of the run",
        "mean square of an entry (noise variance 1)",
        (0.25, 0.5, 0.75),
        np.linspace(0, 1, 21),
    ),
    "stable_rank": (
        "Stable rank at that moment",
        r"$\|A\|_F^2/\|A\|_{op}^2$",
        (3, 5, 7),
        np.linspace(2, 12, 21),
    ),
    "iterations": (
        "Iterations until that moment",
        "iterations",
        (100, 200, 300),
        np.linspace(0, 400, 21),
    ),
    "log_distance": (
        "Gradient descent from self-consistent dynamics",
        r"$\ln \max_t \|A-\hat A\|_F^2/d^2$",
        (-7, -4, 0),
        np.linspace(-11, 3, 29),
    ),
}

#: The three lines of the paper: label, its place along the line (0 to 1), line style.
LINES = {
    "active / lazy": (r"$\gamma_{\sigma^2}+\gamma_w=1$", 0.14, "-"),
    "infinite noise": (r"$2\gamma_{\sigma^2}+\gamma_w=0$", 0.6, (0, (6, 2))),
    "underparameterised": (r"$\gamma_w=\log k/\log d$", 0.25, (0, (1, 1.5))),
}


def draw_figure2(data: xr.Dataset) -> Figure:
    """Draw the panels of a dataset of ``predict_grid``, four or (without distance) three."""
    names = [name for name in PANELS if name != "log_distance" or "max_distance" in data]
    columns = 2 if len(names) == 4 else len(names)
    rows = math.ceil(len(names) / columns)
    figure = Figure(figsize=(5.6 * columns, 4.5 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for name, axes in zip(names, grid.flat, strict=True):
        draw_panel(data, name, axes)
        draw_validity(data, axes)
        draw_boundaries(data, axes)
    handles = [
        Line2D([], [], color="black", linestyle=style, label=f"{name}: {label}")
        for name, (label, _, style) in LINES.items()
    ]
    handles.append(Patch(facecolor="none", edgecolor="0.35", hatch="////",
                         label="outside the range of validity"))  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    a = data.attrs
    figure.suptitle(
        rf"Predicted without simulation: $d={a['d']}$, rank ${a['rank']}$, noise {a['noise']:g}, "
        f"{a['update']} updates",
        fontsize=11,
    )
    return figure


def draw_panel(data: xr.Dataset, name: str, axes: Axes) -> Axes:
    """Draw one panel: filled contours, the paper's contour lines and a colour bar."""
    title, label, lines, levels = PANELS[name]
    values = _values(data, name)
    x, y = data.gamma_sigma2.values, data.gamma_w.values
    clipped = np.clip(values, levels[0], levels[-1])
    below, above = np.nanmin(values) < levels[0], np.nanmax(values) > levels[-1]
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}
    filled = axes.contourf(x, y, clipped, levels=levels, cmap="viridis")
    bar = axes.figure.colorbar(filled, ax=axes, label=label, extend=extend[below, above])
    bar.ax.tick_params(labelsize=8)
    drawn = axes.contour(x, y, values, levels=lines, colors="white", linewidths=1.1)
    for text in axes.clabel(drawn, fmt="%g", fontsize=8):
        text.set_bbox({"facecolor": "black", "alpha": 0.45, "pad": 1, "linewidth": 0})
    axes.set(xlabel=r"$\gamma_{\sigma^2}=\log_d \sigma^2$", ylabel=r"$\gamma_w=\log_d w$")
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    axes.set_title(title, fontsize=10)
    return axes


def draw_boundaries(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw the paper's three lines, each with its equation."""
    left, right = float(data.gamma_sigma2[0]), float(data.gamma_sigma2[-1])
    d, rank = data.attrs["d"], data.attrs["rank"]
    x = np.linspace(left, right, 201)
    heights = {
        "active / lazy": 1 - x,
        "infinite noise": -2 * x,
        "underparameterised": np.full_like(x, math.log(rank) / math.log(d)),
    }
    for name, y in heights.items():
        label, place, style = LINES[name]
        low, high = axes.get_ylim()
        inside = np.flatnonzero((y >= low) & (y <= high))
        if inside.size < 2:
            continue
        # White under black: the line shows on dark and on light ground.
        axes.plot(x[inside], y[inside], color="white", linewidth=3.2, alpha=0.8)
        axes.plot(x[inside], y[inside], color="black", linewidth=1.5, linestyle=style)
        k = inside[int(place * (inside.size - 1))]
        slope = math.degrees(math.atan2(y[inside[-1]] - y[inside[0]], x[inside[-1]] - x[inside[0]]))
        axes.text(
            x[k], y[k], label, fontsize=8, ha="center", va="center", rotation=slope,
            rotation_mode="anchor", transform_rotates_text=True,
            bbox={"facecolor": "white", "alpha": 0.85, "pad": 1.2, "linewidth": 0},
        )  # fmt: skip
    return axes


def draw_validity(data: xr.Dataset, axes: Axes) -> Axes:
    """Pale and hatch the cells whose status is not 0."""
    outside = (data.status.transpose("gamma_w", "gamma_sigma2").values != 0).astype(float)
    if outside.any():
        where = (data.gamma_sigma2, data.gamma_w, outside)
        axes.contourf(*where, levels=[0.5, 1.5], colors="white", alpha=0.45)
        with rc_context({"hatch.linewidth": 0.5, "hatch.color": "0.25"}):
            axes.contourf(*where, levels=[0.5, 1.5], colors="none", hatches=["////"])
    return axes


def draw_cell(data: xr.Dataset) -> Figure:
    """Draw the predicted curves of one run: errors and singular values."""
    figure = Figure(figsize=(10.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_cell_errors(data, left)
    draw_cell_singular_values(data, right)
    a = data.attrs
    scale = (
        rf"$\sigma^2=d^{{{a['gamma_sigma2']:g}}}$, $w=d^{{{a['gamma_w']:g}}}={a['width']:.4g}$"
        if "gamma_w" in a
        else rf"$\sigma_1^2={a['init_variance']:.3g}$, $w={a['width']:.4g}$"
    )
    shape = rf"$A:{a['d_out']}\times{a['d_in']}$"
    figure.suptitle(f"Predicted without simulation: {shape}, rank ${a['rank']}$, {scale}",
                    fontsize=11)  # fmt: skip
    return figure


def draw_cell_errors(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw predicted train and test error, with the infinite-width limit and the minimum."""
    time = data.iteration
    axes.plot(time, data.train_error, color=COLOURS[0], linestyle="-", label="train error")
    axes.plot(time, data.test_error, color=COLOURS[1], linestyle=(0, (5, 1)), label="test error")
    axes.plot(time, data.leading_test_error, color=COLOURS[1], linestyle=":", linewidth=1.1,
              label="test error, infinite width")  # fmt: skip
    low, high = (data.test_error + sign * data.truncation for sign in (-1, 1))
    axes.fill_between(time, low, high, color=COLOURS[1], alpha=0.2, linewidth=0,
                      label="estimated truncation")  # fmt: skip
    best = int(data.min_iteration)
    axes.plot(best, float(data.min_test_error), "o", color="black", markersize=5,
              label=f"minimum {float(data.min_test_error):.3g} at {best}")  # fmt: skip
    axes.legend(frameon=False, fontsize=9)
    top = 1.05 * max(float(data.train_error.max()), float(data.test_error.max()))
    axes.set(xlabel="iteration", ylabel="mean squared error of an entry",
             ylim=(0, top), xlim=(0, float(time[-1])))  # fmt: skip
    axes.set_title("Train and test error", fontsize=10)
    return axes


def draw_cell_singular_values(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw predicted outliers, the edge of the bulk, the threshold and the distance."""
    time = data.iteration
    for mode in range(data.sizes["mode"]):
        axes.plot(time, data.outlier.isel(mode=mode), color=COLOURS[mode % len(COLOURS)])
    axes.plot(time, data.edge, color="0.45", linestyle="--")
    axes.plot(time, data.distance, color="black", linestyle="-.", linewidth=1.1)
    threshold = float(data.attrs["threshold"])
    axes.axhline(threshold, color="black", linewidth=1.1, linestyle=":")
    handles = [
        Line2D([], [], color=COLOURS[0], label=f"outliers ({data.sizes['mode']})"),
        Line2D([], [], color="0.45", linestyle="--", label="edge of the bulk"),
        Line2D([], [], color="black", linestyle=":", label=rf"threshold $c={threshold:.3g}$"),
        Line2D([], [], color="black", linestyle="-.", linewidth=1.1,
               label=r"$\|A-\hat A\|_F$ from self-consistent"),
    ]  # fmt: skip
    axes.legend(handles=handles, frameon=False, fontsize=9)
    axes.set(xlabel="iteration", ylabel="unit of A", xlim=(0, float(time[-1])), ylim=(0, None))
    axes.set_title("Singular values of A", fontsize=10)
    return axes


def _values(data: xr.Dataset, name: str) -> np.ndarray:
    """Return a panel's values, rows along gamma_w."""
    if name == "log_distance":
        squared = (data.max_distance / data.attrs["d"]) ** 2
        return np.log(squared.transpose("gamma_w", "gamma_sigma2").values)
    return data[name].transpose("gamma_w", "gamma_sigma2").values.astype(float)
