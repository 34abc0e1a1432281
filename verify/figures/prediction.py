"""Figures of predictions: the four panels of the paper's Figure 2, and the curves of one cell.

Datasets come from :mod:`numerics.prediction.grid` and :mod:`numerics.prediction.runs`; nothing is
computed here but positions on the page.  Lines have a style each, and cells outside the range of
validity are hatched; the panels are those of :mod:`verify.figures.figure2_panels`.
"""

from __future__ import annotations

import math

import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from numerics.support.object_validation import check_dataset, check_instance
from verify.figures.figure2_panels import PANELS, draw_boundary_legend, draw_panel
from verify.figures.style import COLOURS, PlainFigure

__all__ = [
    "draw_predicted_run",
    "draw_predicted_errors",
    "draw_predicted_singular_values",
    "draw_predicted_panels",
    "draw_validity",
    "out_of_range",
]


def draw_predicted_panels(data: xr.Dataset) -> Figure:
    """Draw the panels of a dataset of ``predict_grid``, four or (without distance) three."""
    panels = PANELS if "max_distance" in data else PANELS[:-1]
    columns = 2 if len(panels) == 4 else len(panels)
    rows = math.ceil(len(panels) / columns)
    figure = PlainFigure(figsize=(5.4 * columns, 4.7 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for panel, axes in zip(panels, grid.flat, strict=True):
        draw_panel(data, panel, axes)
        draw_validity(data, axes)
    draw_boundary_legend(figure, hatched=bool(out_of_range(data).any()))
    a = data.attrs
    figure.suptitle(
        rf"Predicted without simulation: $d={a['d']}$, rank ${a['rank']}$, noise {a['noise']:g}, "
        f"{a['update']} updates",
        fontsize=12,
    )
    return figure


def draw_validity(data: xr.Dataset, axes: Axes) -> Axes:
    """Pale and hatch the cells of a prediction that are outside its range of validity.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from numerics.prediction.grid import predict_grid
    >>> data = predict_grid([-2.0, -1.5, -1.0], [0.5, 1.0, 1.5], d=100)
    >>> len(draw_validity(data, Figure().subplots()).collections) > 0  # where width < 25
    True
    """
    plane = {"status": ("gamma_sigma2", "gamma_w")}
    check_dataset("data", data, "predict_grid", plane)
    check_instance("axes", axes, Axes)
    outside = out_of_range(data).transpose("gamma_w", "gamma_sigma2").values.astype(float)
    if outside.any():
        where = (data.gamma_sigma2, data.gamma_w, outside)
        axes.contourf(*where, levels=[0.5, 1.5], colors="white", alpha=0.45)
        with rc_context({"hatch.linewidth": 0.5, "hatch.color": "0.25"}):
            axes.contourf(*where, levels=[0.5, 1.5], colors="none", hatches=["////"])
    return axes


def out_of_range(data: xr.Dataset) -> xr.DataArray:
    """Return where a prediction is outside its range of validity."""
    return data.status != 0


def draw_predicted_run(data: xr.Dataset) -> Figure:
    """Draw the predicted curves of one run: errors and singular values."""
    figure = PlainFigure(figsize=(10.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_predicted_errors(data, left)
    draw_predicted_singular_values(data, right)
    a = data.attrs
    scale = (
        rf"$\sigma^2=d^{{{a['gamma_sigma2']:g}}}$, $w=d^{{{a['gamma_w']:g}}}={a['width']:.4g}$"
        if "gamma_w" in a
        else rf"$\sigma_1^2={a['init_variance']:.3g}$, $w={a['width']:.4g}$"
    )
    shape = rf"$A:{a['d_out']}\times{a['d_in']}$"
    figure.suptitle(
        f"Predicted without simulation: {shape}, rank ${a['rank']}$, {scale}", fontsize=11
    )
    return figure


def draw_predicted_errors(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw predicted train and test error, with the infinite-width limit and the minimum."""
    time = data.iteration
    axes.plot(time, data.train_error, color=COLOURS[0], linestyle="-", label="train error")
    axes.plot(time, data.test_error, color=COLOURS[1], linestyle=(0, (5, 1)), label="test error")
    axes.plot(
        time,
        data.leading_test_error,
        color=COLOURS[1],
        linestyle=":",
        linewidth=1.1,
        label="test error, infinite width",
    )
    low, high = (data.test_error + sign * data.truncation for sign in (-1, 1))
    axes.fill_between(
        time, low, high, color=COLOURS[1], alpha=0.2, linewidth=0, label="estimated truncation"
    )
    best = int(data.min_iteration)
    axes.plot(
        best,
        float(data.min_test_error),
        "o",
        color="black",
        markersize=5,
        label=f"minimum {float(data.min_test_error):.3g} at {best}",
    )
    axes.legend(frameon=False, fontsize=9)
    top = 1.05 * max(float(data.train_error.max()), float(data.test_error.max()))
    axes.set(
        xlabel="iteration",
        ylabel="mean squared error of an entry",
        ylim=(0, top),
        xlim=(0, float(time[-1])),
    )
    axes.set_title("Train and test error", fontsize=10)
    return axes


def draw_predicted_singular_values(data: xr.Dataset, axes: Axes) -> Axes:
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
        Line2D(
            [],
            [],
            color="black",
            linestyle="-.",
            linewidth=1.1,
            label=r"$\|A-\hat A\|_F$ from self-consistent",
        ),
    ]
    axes.legend(handles=handles, frameon=False, fontsize=9)
    axes.set(xlabel="iteration", ylabel="unit of A", xlim=(0, float(time[-1])), ylim=(0, None))
    axes.set_title("Singular values of A", fontsize=10)
    return axes
