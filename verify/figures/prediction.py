"""Figures of predictions: the four panels of the paper's Figure 2, and the curves of one cell.

Datasets come from :mod:`numerics.prediction.grid` and :mod:`numerics.prediction.runs`; nothing is
computed here but positions on the page.  Lines have a style each, and cells outside the range of
validity are hatched; the panels are those of :mod:`verify.figures.figure2_panels`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from numerics.support.object_validation import check_dataset, check_instance
from verify.figures.figure2_boundaries import draw_boundary_legend
from verify.figures.figure2_panels import PANELS, Panel, draw_panel
from verify.figures.style import COLOURS, SEVERAL, PlainFigure, number, several_colours

__all__ = [
    "draw_predicted_run",
    "draw_predicted_errors",
    "draw_predicted_singular_values",
    "draw_predicted_panels",
    "draw_validity",
    "out_of_range",
    "reference_of",
]

#: What the distance is measured from, in words.
REFERENCES = {"euler": "Euler steps of equation (1)", "lift": "the lift"}

#: Share of the height of a panel below which two curves are one line.
ONE_LINE = 0.01


def draw_predicted_panels(data: xr.Dataset) -> Figure:
    """Draw the panels of a dataset of ``predict_grid``, four or (without distance) three."""
    panels = PANELS if "max_distance" in data else PANELS[:-1]
    columns = 2 if len(panels) == 4 else len(panels)
    rows = math.ceil(len(panels) / columns)
    figure = PlainFigure(figsize=(11.0, 4.7 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for panel, axes in zip(panels, grid.flat, strict=True):
        draw_panel(data, panel, axes, valid=~out_of_range(data, panel))
        draw_validity(data, axes, panel)
    draw_boundary_legend(
        figure, hatched=any(bool(out_of_range(data, panel).any()) for panel in panels)
    )
    a = data.attrs
    figure.suptitle(
        rf"Predicted without simulation: $d={a['d']}$, rank ${a['rank']}$, noise {a['noise']:g}, "
        f"{a['update']} updates" + (f"\n{reference_of(a)}" if len(panels) == 4 else ""),
        fontsize=12,
    )
    return figure


def reference_of(attributes: Mapping[str, Any]) -> str:
    """Return what a predicted distance is measured from; files had only the lift once.

    Examples
    --------
    >>> reference_of({"reference": "euler"})
    'distance predicted from Euler steps of equation (1)'
    """
    return f"distance predicted from {REFERENCES[attributes.get('reference', 'lift')]}"


def draw_validity(data: xr.Dataset, axes: Axes, panel: Panel | None = None) -> Axes:
    """Pale and hatch the cells of a prediction that are outside its range of validity.

    The range is that of the panel's quantity; of the smallest test error where none is named.

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
    if panel is not None:
        check_instance("panel", panel, Panel, "PANELS[0]")
    outside = out_of_range(data, panel).transpose("gamma_w", "gamma_sigma2").values.astype(float)
    if outside.any():
        where = (data.gamma_sigma2, data.gamma_w, outside)
        axes.contourf(*where, levels=[0.5, 1.5], colors="white", alpha=0.45)
        with rc_context({"hatch.linewidth": 0.5, "hatch.color": "0.25"}):
            axes.contourf(*where, levels=[0.5, 1.5], colors="none", hatches=["////"])
    return axes


def out_of_range(data: xr.Dataset, panel: Panel | None = None) -> xr.DataArray:
    """Return where a prediction, or what a panel shows of it, is outside its range of validity."""
    if panel is PANELS[-1] and "max_distance_status" in data:
        return data.max_distance_status != 0
    return data.status != 0


def draw_predicted_run(data: xr.Dataset) -> Figure:
    """Draw the predicted curves of one run: errors and singular values."""
    figure = PlainFigure(figsize=(10.5, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_predicted_errors(data, left)
    draw_predicted_singular_values(data, right)
    a = data.attrs
    scale = (
        rf"$\sigma^2=d^{{{a['gamma_sigma2']:g}}}$, $w=d^{{{a['gamma_w']:g}}}={number(a['width'])}$"
        if "gamma_w" in a
        else rf"$\sigma_1^2={number(a['init_variance'])}$, $w={number(a['width'])}$"
    )
    shape = rf"$A:{a['d_out']}\times{a['d_in']}$"
    figure.suptitle(
        f"Predicted without simulation: {shape}, rank ${a['rank']}$, {scale}", fontsize=11
    )
    return figure


def draw_predicted_errors(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw predicted train and test error, with the infinite-width limit and the minimum.

    The limit and the estimated truncation are drawn where they part from the test error by more
    than the width of its line; the legend tells them as numbers otherwise.
    """
    time = data.iteration
    top = 1.05 * max(float(data.train_error.max()), float(data.test_error.max()))
    test: dict[str, Any] = {"color": COLOURS[1]}
    axes.plot(time, data.train_error, color=COLOURS[0], linestyle="-", label="train error")
    axes.plot(time, data.test_error, linestyle=(0, (5, 1)), label="test error", **test)
    hidden = []
    apart = float(np.abs(data.leading_test_error - data.test_error).max())
    if apart > ONE_LINE * top:
        axes.plot(
            time,
            data.leading_test_error,
            linestyle=":",
            linewidth=1.1,
            label="test error, infinite width",
            **test,
        )
    else:
        hidden.append(rf"infinite width differs by $\leq {number(_two_digits(apart))}$")
    truncation = float(np.abs(data.truncation).max())
    if truncation > ONE_LINE * top:
        low, high = (data.test_error + sign * data.truncation for sign in (-1, 1))
        axes.fill_between(
            time, low, high, alpha=0.2, linewidth=0, label="estimated truncation", **test
        )
    else:
        hidden.append(rf"estimated truncation $\leq {number(_two_digits(truncation))}$")
    best = int(data.min_iteration)
    axes.plot(
        best,
        float(data.min_test_error),
        "o",
        color="black",
        markersize=5,
        label=f"minimum {float(data.min_test_error):.3g} at iteration {best}",
    )
    handles, _ = axes.get_legend_handles_labels()
    # Words without a line for what the test error's line covers.
    handles += [Line2D([], [], linestyle="none", label=text) for text in hidden]
    axes.legend(handles=handles, frameon=False, fontsize=9)
    unit = " (unit: noise variance)" if data.attrs["noise"] == 1 else ""
    axes.set(
        xlabel="iteration",
        ylabel=f"mean squared error of an entry{unit}",
        ylim=(0, top),
        xlim=(0, float(time[-1])),
    )
    axes.set_title("Train and test error", fontsize=10)
    return axes


def draw_predicted_singular_values(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw predicted outliers, the edge of the bulk, the threshold and the distance."""
    time = data.iteration
    count = data.sizes["mode"]
    colours = [COLOURS[mode % len(COLOURS)] for mode in range(count)]
    for mode, colour in enumerate(colours):
        axes.plot(time, data.outlier.isel(mode=mode), color=colour)
    axes.plot(time, data.edge, color="0.45", linestyle="--")
    axes.plot(time, data.distance, color="black", linestyle="-.", linewidth=1.1)
    threshold = float(data.attrs["threshold"])
    axes.axhline(threshold, color="black", linewidth=1.1, linestyle=":")
    handles: dict[str, Any] = {
        f"the {count} outliers (signal)": several_colours(count),
        "edge of the bulk (noise)": Line2D([], [], color="0.45", linestyle="--"),
        rf"threshold $c={number(threshold)}$": Line2D([], [], color="black", linestyle=":"),
        rf"$\|A-\hat A\|_F$, $\hat A$: {REFERENCES[data.attrs.get('reference', 'lift')]}": Line2D(
            [], [], color="black", linestyle="-.", linewidth=1.1
        ),
    }
    axes.legend(
        list(handles.values()),
        list(handles),
        frameon=False,
        fontsize=9,
        handlelength=3,
        handler_map=SEVERAL,
    )
    unit = " (unit: noise entry)" if data.attrs["noise"] == 1 else ""
    axes.set(
        xlabel="iteration",
        ylabel=f"singular value, distance{unit}",
        xlim=(0, float(time[-1])),
        ylim=(0, None),
    )
    axes.set_title("Singular values of A, distance from the self-consistent dynamics", fontsize=10)
    return axes


def _two_digits(value: float) -> float:
    """Return a bound of two digits that is not below a number."""
    if value == 0:
        return 0.0
    unit = 10.0 ** (np.floor(np.log10(value)) - 1)
    return float(f"{np.ceil(value / unit) * unit:.2g}")
