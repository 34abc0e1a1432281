"""Runs of linear networks as figures: errors, singular values, and what else was observed.

Datasets come from :func:`numerics.linear.training.train`,
:func:`numerics.linear.gradient_flow.gradient_flow` and
:func:`numerics.linear.closed_form.closed_form_flow`.  Nothing is computed here but positions on the
page, and singular values where a flow has A alone.
"""

from __future__ import annotations

import math
from textwrap import fill

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from numerics.support.descriptions import attributes
from verify.figures.style import (
    COLOURS,
    GREY,
    SEVERAL,
    PlainFigure,
    draw_threshold,
    several_colours,
)

__all__ = ["draw_run"]

#: Panels in a row, at most.
COLUMNS = 3

#: Characters in a line of a label.
LABEL_LENGTH = 34

#: In the first panel, or not along the run.
ELSEWHERE = ("loss", "train_error", "test_error", "A", "C1", "C2", "W1", "W2")


def draw_run(data: xr.Dataset) -> Figure:
    """Draw a run against its iterations or times: errors, and a panel for each observable.

    Parameters
    ----------
    data : xarray.Dataset
        Of ``train``, ``gradient_flow`` or ``closed_form_flow``.
    """
    along = "time" if "time" in data.dims else "iteration"
    if along in data.A.dims:
        values = np.linalg.svd(data.A, compute_uv=False)
        data = data.assign(singular_value=((along, "mode"), values, attributes("singular_value")))
    observed = [x for x in data if along in data[x].dims and x not in ELSEWHERE]
    columns = min(1 + len(observed), COLUMNS)
    rows = math.ceil((1 + len(observed)) / columns)
    figure = PlainFigure(figsize=(max(4.8, 3.6 * columns + 0.2), 3.2 * rows), layout="constrained")
    places = list(figure.subplots(rows, columns, squeeze=False).flat)
    _draw_errors(data, along, places[0])
    for name, axes in zip(observed, places[1:], strict=False):
        _draw_observable(data[name], along, data.attrs["threshold"], axes)
    for axes in places[1 + len(observed) :]:
        axes.set_axis_off()
    a = data.attrs
    figure.suptitle(
        f"{a['dynamics'].replace('_', ' ').capitalize()}, {a['loss']} loss, "
        rf"threshold $c={a['threshold']:.3g}$",
        fontsize=11,
    )
    return figure


def _draw_errors(data: xr.Dataset, along: str, axes: Axes) -> None:
    styles = {"train_error": (COLOURS[0], "-"), "test_error": (COLOURS[1], (0, (5, 1)))}
    for name, (colour, style) in styles.items():
        label = attributes(name)["long_name"]
        axes.plot(data[along], data[name], color=colour, linestyle=style, label=label)
    axes.legend(frameon=False, fontsize=9)
    _finish(axes, data[along], "mean squared error of an entry", "Train and test error")
    axes.set_ylim(0, None)


def _draw_observable(values: xr.DataArray, along: str, threshold: float, axes: Axes) -> None:
    curves = values.transpose(along, ...)
    long_name, units = (values.attrs[x] for x in ("long_name", "units"))
    if curves.ndim == 1:
        axes.plot(values[along], curves, color=COLOURS[0])
    else:
        # The largest over the others, which are many where there is noise.
        for mode in reversed(range(curves.shape[1])):
            first = mode < len(COLOURS)
            axes.plot(
                values[along],
                curves[:, mode],
                color=COLOURS[mode] if first else GREY,
                linewidth=1.4 if first else 0.5,
            )
        count, shown = curves.shape[1], min(curves.shape[1], len(COLOURS))
        entries = {f"1 to {shown}": several_colours(shown)}
        if count > shown:
            entries[f"{shown + 1} to {count}"] = (Line2D([], [], color=GREY, linewidth=0.5),)
        if count > 1:
            axes.legend(
                list(entries.values()),
                list(entries),
                frameon=False,
                fontsize=8,
                handlelength=3,
                handler_map=SEVERAL,
            )
    if values.name == "singular_value":
        draw_threshold(threshold, axes)
    title = long_name[0].upper() + long_name[1:]
    label = long_name if units == "1" else f"{long_name} ({units})"
    _finish(axes, values[along], fill(label, LABEL_LENGTH), title)


def _finish(axes: Axes, positions: xr.DataArray, label: str, title: str) -> None:
    along = {"iteration": "iteration", "time": "time (1/unit of A)"}[str(positions.name)]
    axes.set(xlabel=along, ylabel=label)
    if positions.size > 1:
        axes.set_xlim(float(positions[0]), float(positions[-1]))
    axes.set_title(title, fontsize=10)
