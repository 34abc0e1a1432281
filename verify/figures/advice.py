"""Advice as a figure: the Pareto front, where its starts lie, and the recommended runs.

Datasets come from :mod:`numerics.advice.advise`; nothing is computed here but positions on the
page. Colours are those of Okabe and Ito (2008), and each recommendation has a marker and a line
style of its own, so that the figure reads in grey.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.typing import LineStyleType

from verify.figures.style import COLOURS, PlainFigure, plain_log_ticks

__all__ = ["coinciding", "draw_advice", "draw_front", "draw_places", "draw_runs"]

#: Colour, marker and line style of each recommendation.
STYLES: dict[str, tuple[str, str, LineStyleType]] = {
    "accurate": (COLOURS[0], "o", "-"),
    "knee": (COLOURS[2], "D", (0, (5, 1.5))),
    "fast": (COLOURS[1], "^", (0, (1.2, 1.2))),
}
MARK: dict[str, Any] = {"markeredgecolor": "black", "linestyle": "none", "zorder": 5}

#: Each smaller than the one it is drawn over, so that all are seen where they are close.
SIZES = {"accurate": 11, "knee": 8, "fast": 6}

#: What a recommendation is.
START = ("init_variance", "init_variance2", "width", "learning_rate", "iterations")

#: Points of a trained curve, at most.
TRAINED_POINTS = 25


def coinciding(data: xr.Dataset) -> dict[str, str]:
    """Return the recommendations that differ, each with the names of all that it is.

    Examples
    --------
    >>> one = xr.Dataset({name: ("recommendation", [1.0, 1.0, 2.0]) for name in START})
    >>> coinciding(one.assign_coords(recommendation=["accurate", "knee", "fast"]))
    {'accurate': 'accurate = knee', 'fast': 'fast'}
    """
    found: dict[str, list[str]] = {}
    for name in data.recommendation.values:
        start = tuple(data[key].sel(recommendation=name).item() for key in START)
        found.setdefault(str(start), []).append(str(name))
    return {names[0]: " = ".join(names) for names in found.values()}


def draw_advice(data: xr.Dataset) -> Figure:
    """Draw a dataset of :func:`numerics.advice.advise.advise`, with its check where it has one."""
    figure = PlainFigure(figsize=(11.0, 5.6), layout="constrained")
    front, places, runs = figure.subplots(1, 3)
    draw_front(data, front)
    draw_places(data, places)
    draw_runs(data, runs)
    a = data.attrs
    # Versions before 0.2 called it otherwise.
    share = a.get("learning_rate_share", a.get("fraction"))
    figure.suptitle(
        rf"Predicted for $A:{a['d_out']}\times{a['d_in']}$, rank ${a['rank']}$, noise "
        rf"{a['noise']:g}: learning rate at most {share:g} "
        "of the stability limit",
        fontsize=11,
    )
    return figure


def draw_front(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw smallest test error against the iterations to it, every start and the front."""
    x = np.maximum(data.candidate_iterations.values, 1).ravel()
    y = data.candidate_min_test_error.values.ravel()
    threshold = np.broadcast_to(data.candidate_threshold, data.candidate_iterations.shape).ravel()
    valid = data.candidate_status.values.ravel() == 0
    weakest = float(data.attrs["singular_values"][max(data.attrs["detected"], 1) - 1])
    points = axes.scatter(
        x[valid],
        y[valid],
        c=threshold[valid] / weakest,
        s=13,
        cmap="viridis",
        norm=LogNorm(),
        linewidths=0,
        zorder=2,
    )
    axes.figure.colorbar(points, ax=axes, pad=0.02, label="threshold c / weakest detected signal")
    axes.step(
        np.maximum(data.front_iterations, 1),
        data.front_min_test_error,
        where="post",
        color="black",
        linewidth=1.2,
        zorder=3,
    )
    for name, text in coinciding(data).items():
        colour, marker, _ = STYLES[name]
        one = data.sel(recommendation=name)
        axes.plot(
            max(int(one.iterations), 1),
            float(one.min_test_error),
            marker=marker,
            color=colour,
            label=text,
            markersize=SIZES[name],
            **MARK,
        )
    handles, _ = axes.get_legend_handles_labels()
    handles.append(Line2D([], [], color="black", linewidth=1.2, label="Pareto front"))
    if data.attrs["budget"]:
        axes.axvline(data.attrs["budget"], color="0.4", linestyle="-.", linewidth=1)
        handles.append(Line2D([], [], color="0.4", linestyle="-.", linewidth=1, label="budget"))
    _legend_below(axes, handles)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="iterations to the smallest test error",
        ylabel="smallest test error of an entry (mean square)",
    )
    axes.set_title("Error against iterations", fontsize=10)
    plain_log_ticks(axes.yaxis)
    plain_log_ticks(axes.xaxis)
    return axes


def draw_places(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw the front at its smallest widths in the plane of variance and width."""
    a = data.attrs
    theta, tau = np.array(a["singular_values"]), a["noise"]
    detected = max(int(a["detected"]), 1)
    size = np.sqrt(a["d_in"] * a["d_out"])
    width = data.front_smallest_width.values
    variance = data.front_threshold.values / width
    order = np.argsort(data.front_threshold.values)
    axes.plot(variance[order], width[order], color="0.35", linewidth=1, marker=".", markersize=5)
    for name in coinciding(data):
        colour, marker, _ = STYLES[name]
        one = data.sel(recommendation=name)
        w, least, c = (float(one[key]) for key in ("width", "smallest_width", "threshold"))
        axes.plot([c / w, c / least], [w, least], color=colour, linewidth=1)
        axes.plot(c / w, w, marker=marker, color=colour, markersize=SIZES[name], **MARK)
    least, most = axes.get_ylim() if width.min() == width.max() else (width.min(), width.max())
    heights = np.geomspace(min(least, a["rank"]) / 1.6, 3 * max(most, float(data.width.max())), 50)
    lines = (
        (theta[detected - 1] / heights, "-", r"active / lazy: $\sigma^2w=\theta$"),
        (2 * tau * np.sqrt(size) / heights, ":", r"mixed / active: $\sigma^2w=2\tau\sqrt{d}$"),
        (tau / np.sqrt(heights), (0, (6, 2)), r"infinite noise: $\sigma^4w=\tau^2$"),
    )
    for x, style, label in lines:
        axes.plot(x, heights, color="black", linestyle=style, linewidth=1.1, label=label)
    axes.axhline(
        a["rank"],
        color="black",
        linestyle=(0, (1, 3)),
        linewidth=1.1,
        label=r"underparameterised: $w=k$",
    )
    axes.axhline(size, color="0.5", linestyle="-.", linewidth=1, label=r"$w=d$")
    handles = [
        Line2D([], [], color="0.35", marker=".", linewidth=1, label="front at its smallest widths"),
        *axes.get_legend_handles_labels()[0],
    ]
    _legend_below(axes, handles)
    axes.set(
        xscale="log",
        yscale="log",
        ylim=(heights[0], heights[-1]),
        xlim=(variance.min() / 10, tau * 3 / np.sqrt(heights[0])),
        xlabel=r"initial variance $(\sigma_1^2+\sigma_2^2)/2$",
        ylabel="width $w$",
    )
    axes.set_title("Recommended starts, and the front", fontsize=10)
    plain_log_ticks(axes.yaxis)
    return axes


def draw_runs(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw the predicted test errors, where to stop, and trained ones where there are any."""
    for name, text in coinciding(data).items():
        colour, marker, style = STYLES[name]
        one = data.sel(recommendation=name)
        axes.plot(
            data.iteration, one.test_error, color=colour, linestyle=style, linewidth=1.6, label=text
        )
        window = slice(int(one.stop_from), int(one.stop_to) + 1)
        axes.plot(
            data.iteration[window],
            one.test_error[window],
            color=colour,
            linewidth=6,
            alpha=0.3,
            solid_capstyle="round",
        )
        axes.plot(
            int(one.iterations),
            float(one.test_error[int(one.iterations)]),
            marker=marker,
            color=colour,
            markersize=SIZES[name],
            **MARK,
        )
        if "trained_test_error" in data:
            runs = one.trained_test_error
            marks = slice(None, None, max(1, data.sizes["iteration"] // TRAINED_POINTS))
            error = runs.std("run", ddof=1) / np.sqrt(runs.sizes["run"])
            axes.errorbar(
                data.iteration[marks],
                runs.mean("run")[marks],
                yerr=error[marks],
                color=colour,
                linestyle="none",
                marker=".",
                markersize=4,
                capsize=2,
                linewidth=0.9,
            )
    handles, _ = axes.get_legend_handles_labels()
    handles.append(
        Line2D([], [], color="0.4", linewidth=6, alpha=0.4, label="within 10 % of the smallest")
    )
    if "trained_test_error" in data:
        count = data.sizes["run"]
        handles.append(
            Line2D(
                [],
                [],
                color="0.3",
                marker=".",
                linestyle="none",
                label=f"trained: mean of {count} runs, standard error",
            )
        )
    _legend_below(axes, handles)
    axes.set(
        yscale="log",
        xlabel="iteration",
        ylabel="test error of an entry (mean square)",
        xlim=(0, float(data.iteration[-1])),
    )
    axes.set_title("Recommended runs, predicted", fontsize=10)
    plain_log_ticks(axes.yaxis)
    return axes


def _legend_below(axes: Axes, handles: list[Artist]) -> None:
    axes.legend(
        handles=handles, frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(0, -0.14)
    )
