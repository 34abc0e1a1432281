r"""Figures of the crossover: kernel change, exponents, fluctuations, test errors.

Datasets are those of :mod:`numerics.crossover.sweep`; fits come from
:mod:`verify.measurements.crossover_exponents`, and nothing else is computed here but positions on
the page.  Widths go from pale to dark, depths have a colour and a marker each, and regimes a line
style; what a sweep is too small to measure is said, not left blank.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from theory.crossover.exponents import predicted_exponents
from verify.figures.style import (
    COLOURS,
    LINES,
    MARKERS,
    PlainFigure,
    number,
    plain_log_ticks,
    shades,
)
from verify.measurements.crossover_exponents import (
    FEATURE,
    LAZY,
    Exponent,
    alpha_star,
    fluctuation,
    geometric_mean,
    sound,
    test_errors,
)
from verify.measurements.power_fits import MINIMUM_SIZES

__all__ = [
    "draw_alpha_star",
    "draw_collapse",
    "draw_crossover",
    "draw_exponents",
    "draw_fluctuation",
    "draw_test_errors",
    "draw_times",
]

SCALED = r"$\sqrt{h}\,\alpha$"


def draw_crossover(
    data: xr.Dataset, exponents: Iterable[Exponent], ensembles: xr.Dataset | None = None
) -> Figure:
    """Draw kernel change, its collapse, alpha*, the exponents, t_1 and delta F of a sweep.

    ``ensembles``, of more seeds, gives delta F if there is one.
    """
    found = list(exponents)
    figure = PlainFigure(figsize=(11.0, 7.4), layout="constrained")
    grid = figure.subplots(2, 3)
    shown = int(data.depth[len(data.depth) // 2])
    draw_kernel_change(data, shown, grid[0, 0])
    draw_collapse(data, grid[0, 1])
    draw_alpha_star(data, found, grid[0, 2])
    draw_exponents(found, grid[1, 0])
    draw_times(data, grid[1, 1])
    draw_fluctuation(data if ensembles is None else ensembles, shown, grid[1, 2])
    figure.suptitle(_heading(data), fontsize=11)
    return figure


def draw_kernel_change(data: xr.Dataset, depth: int, axes: Axes) -> Axes:
    """Draw the relative kernel change against alpha, a line a width."""
    part = sound(data.sel(depth=depth))
    for width, colour in zip(part.width.values, _shades(part), strict=True):
        change = geometric_mean(part.kernel_change.sel(width=width))
        axes.loglog(
            part.scaled_alpha / np.sqrt(width),
            change,
            color=colour,
            marker="o",
            markersize=3,
            label=f"h = {width}",
        )
    axes.axhline(1, color="black", linewidth=0.8, linestyle=":")
    axes.legend(frameon=False, fontsize=8)
    axes.set(xlabel=r"$\alpha$", ylabel="relative kernel change")
    axes.set_title(f"Kernel change, L = {depth}", fontsize=10)
    return axes


def draw_collapse(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw the relative kernel change against sqrt(h) alpha, all widths and depths."""
    for place, depth in enumerate(data.depth.values):
        part = sound(data.sel(depth=depth))
        # Depths a decade apart, or their lines would lie on top of each other.
        factor = 10.0 ** (-place)
        for width, colour in zip(part.width.values, _shades(part), strict=True):
            change = factor * geometric_mean(part.kernel_change.sel(width=width))
            axes.loglog(
                part.scaled_alpha,
                change,
                color=colour,
                marker=MARKERS[place % len(MARKERS)],
                markersize=3,
            )
        guide = part.scaled_alpha.values[part.scaled_alpha.values <= FEATURE * 10]
        if guide.size > 1:
            start = part.kernel_change.isel(width=-1, scaled_alpha=0)
            level = factor * float(geometric_mean(start))
            exponent = float(predicted_exponents(depth)["feature_kernel_change"])
            power = (guide / guide[0]) ** exponent
            axes.loglog(
                guide, 1.6 * level * power, color=COLOURS[1], linewidth=1.0, linestyle=(0, (5, 2))
            )
    handles = [
        Line2D(
            [],
            [],
            color="0.3",
            linestyle="none",
            marker=MARKERS[k % len(MARKERS)],
            label=f"L = {depth}" + (f" (times $10^{{-{k}}}$)" if k else ""),
        )
        for k, depth in enumerate(data.depth.values)
    ]
    handles.append(
        Line2D([], [], color=COLOURS[1], linestyle=(0, (5, 2)), label="slope $-2L/(L+1)$")
    )
    axes.legend(handles=handles, frameon=False, fontsize=8)
    axes.set(xlabel=SCALED, ylabel="relative kernel change")
    axes.set_title("All depths and widths (colours: widths)", fontsize=10)
    return axes


def draw_alpha_star(data: xr.Dataset, exponents: list[Exponent], axes: Axes) -> Axes:
    """Draw alpha*, where the kernel change passes 1, against the width, with its fits."""
    handles, labels = [], []
    for place, depth in enumerate(data.depth.values):
        values = alpha_star(sound(data.sel(depth=depth)))
        colour, dashes = COLOURS[place % len(COLOURS)], LINES[place % len(LINES)]
        mean = geometric_mean(values, skipna=False)
        axes.loglog(
            data.width,
            mean,
            color=colour,
            linestyle="none",
            markersize=5,
            marker=MARKERS[place % len(MARKERS)],
        )
        label = f"L = {depth}"
        found = next((x for x in exponents if (x.name, x.depth) == ("alpha*, in h", depth)), None)
        if found is not None and found.fit is not None:
            fit = found.fit
            label += rf": $h^{{{fit.exponent:.2f} \pm {fit.halfwidth:.2f}}}$"
            if found.verdict != "in band":
                label += f", {found.verdict}"
            line = fit.prefactor * data.width.astype(float) ** fit.exponent
            axes.loglog(data.width, line, color=colour, linewidth=1, linestyle=dashes)
        marker = MARKERS[place % len(MARKERS)]
        handles.append(Line2D([], [], color=colour, linewidth=1, linestyle=dashes, marker=marker))
        labels.append(label)
    axes.legend(handles, labels, frameon=False, fontsize=8)
    axes.set(xlabel="width h", ylabel=r"$\alpha^*$, where the kernel change is 1")
    _width_ticks(data, axes)
    axes.set_title(r"Lazy above, feature below: $\alpha^*\sim h^{-1/2}$", fontsize=10)
    return axes


def draw_exponents(exponents: list[Exponent], axes: Axes) -> Axes:
    """Draw the feature exponents a and of the last layer against the depth, beside the derived."""
    names = {
        "kernel change, feature": r"$a$: kernel change $\sim A^{-a}$",
        "last layer, feature": "last layer, the same sign",
    }
    for k, (name, label) in enumerate(names.items()):
        chosen = [x for x in exponents if x.name == name]
        depth = [x.depth for x in chosen]
        axes.plot(
            depth,
            [abs(x.derived) for x in chosen],
            color="black",
            marker="_",
            markersize=22,
            linestyle="none",
        )
        measured = [(x.depth, x.fit) for x in chosen if x.fit is not None]
        if not measured:
            continue
        axes.errorbar(
            [at for at, _ in measured],
            [abs(fit.exponent) for _, fit in measured],
            yerr=[fit.halfwidth for _, fit in measured],
            color=COLOURS[k],
            marker=MARKERS[k],
            linestyle="none",
            capsize=3,
            label=label,
        )
    axes.plot([], [], color="black", marker="_", markersize=14, linestyle="none", label="derived")
    if not any(x.fit for x in exponents if x.name in names):
        axes.text(
            0.5,
            0.92,
            f"not measured: needs {MINIMUM_SIZES} scales {SCALED} up to ${number(FEATURE)}$",
            transform=axes.transAxes,
            ha="center",
            fontsize=8,
        )
    axes.legend(frameon=False, fontsize=8, loc="center right")
    depths = sorted({x.depth for x in exponents})
    axes.set(xlabel="hidden layers L", ylabel="exponent", ylim=(0, 2.1))
    axes.set_xticks(depths)
    # Room for the marks of the derived values, and for the legend.
    axes.set_xlim(depths[0] - 0.4, depths[-1] + 0.4 + 0.6 * (len(depths) < 3))
    axes.set_title(r"Feature regime: $a=2L/(L+1)$, last layer $1/(L+1)$", fontsize=10)
    return axes


def draw_times(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw the time to a kernel change of 1/2, and the end of training, against sqrt(h) alpha."""
    handles = []
    for place, depth in enumerate(data.depth.values):
        part = sound(data.sel(depth=depth))
        colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        for width in part.width.values:
            axes.loglog(
                part.scaled_alpha,
                geometric_mean(part.time_to_kernel_change.sel(width=width)),
                color=colour,
                markersize=4,
                linestyle="none",
                marker=marker,
                fillstyle="none",
                markeredgewidth=0.8,
            )
        dashes = LINES[place % len(LINES)]
        axes.loglog(
            part.scaled_alpha,
            geometric_mean(part.isel(width=-1).time),
            color=colour,
            linewidth=1.2,
            linestyle=dashes,
        )
        style: dict[str, Any] = {
            "color": colour,
            "linestyle": dashes,
            "marker": marker,
            "fillstyle": "none",
            "markersize": 4,
        }
        handles.append(Line2D([], [], label=f"L = {depth}", **style))
    axes.legend(handles=handles, frameon=False, fontsize=8)
    axes.set(xlabel=SCALED, ylabel=r"time $t_G$ of the gradient flow")
    axes.set_title(
        "To a kernel change of 1/2 (marks,\nall widths), to the end (lines)", fontsize=10
    )
    return axes


def draw_fluctuation(data: xr.Dataset, depth: int, axes: Axes) -> Axes:
    """Draw delta F against the width in both regimes, with the slope -1/2."""
    part = sound(data.sel(depth=depth))
    ends = {"feature": part.scaled_alpha.values[0], "lazy": part.scaled_alpha.values[-1]}
    for k, (name, place) in enumerate(ends.items()):
        values = fluctuation(part.sel(scaled_alpha=place))
        axes.loglog(
            part.width,
            values,
            color=COLOURS[k],
            marker=MARKERS[k],
            linestyle=("-", (0, (4, 2)))[k],
            label=rf"{name}, {SCALED} = ${number(float(place))}$",
        )
    first = float(values[0])
    axes.loglog(
        part.width,
        0.8 * first * np.sqrt(float(part.width[0]) / part.width),
        color="black",
        linewidth=0.8,
        linestyle=":",
        label="slope $-1/2$",
    )
    axes.legend(frameon=False, fontsize=8)
    axes.set(xlabel="width h", ylabel=rf"$\delta F$, deviation over {part.sizes['seed']} starts")
    _width_ticks(data, axes)
    axes.set_title(f"Fluctuation of the outputs, L = {depth}", fontsize=10)
    return axes


def draw_test_errors(data: xr.Dataset) -> Figure:
    """Draw test errors against sqrt(h) alpha: single networks above, ensembles below."""
    count, rows = data.sizes["depth"], ("single", "ensemble")
    figure = PlainFigure(figsize=(1.4 + 3.2 * count, 6.6), layout="constrained")
    grid = figure.subplots(len(rows), count, sharex=True, sharey=True, squeeze=False)
    # Side by side where they would hide each other.
    shifts = 1.13 ** (np.arange(data.sizes["width"]) - (data.sizes["width"] - 1) / 2)
    for column, depth in zip(grid.T, data.depth.values, strict=True):
        part = sound(data.sel(depth=depth))
        errors = 100 * test_errors(part)
        for name, axes in zip(rows, column, strict=True):
            for k, (width, colour) in enumerate(zip(part.width.values, _shades(part), strict=True)):
                chosen = errors.sel(width=width)
                axes.errorbar(
                    part.scaled_alpha * shifts[k],
                    chosen[name],
                    yerr=chosen.standard_error if name == "single" else None,
                    color=colour,
                    marker=MARKERS[k % len(MARKERS)],
                    markersize=4,
                    linewidth=1.0,
                    elinewidth=0.7,
                    label=f"h = {width}",
                )
            frozen = 100 * part.frozen_test_error.isel(width=-1, scaled_alpha=-1).mean("seed")
            axes.axhline(
                float(frozen),
                color=COLOURS[1],
                linewidth=1.2,
                linestyle=":",
                label=f"frozen kernel, h = {int(part.width[-1])}",
            )
            axes.axvspan(float(data.scaled_alpha[0]), FEATURE, color="0.93", zorder=0)
            axes.axvspan(LAZY, max(float(data.scaled_alpha[-1]), LAZY), color="0.93", zorder=0)
            axes.set(xscale="log")
        column[0].set_title(f"L = {depth}", fontsize=10)
        column[-1].set_xlabel(f"{SCALED} (grey: feature and lazy windows)", fontsize=9)
    grid[0, 0].set_ylabel("test error of one network, %\n(mean and standard error)")
    grid[1, 0].set_ylabel(f"test error of an ensemble\nof {data.sizes['seed']}, %")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=9
    )
    figure.suptitle(_heading(data), fontsize=11)
    return figure


def _width_ticks(data: xr.Dataset, axes: Axes) -> None:
    """Put a tick at every width of the sweep, and plain numbers on the other axis."""
    axes.set_xticks(data.width.values, labels=[str(x) for x in data.width.values])
    axes.set_xticks([], minor=True)
    plain_log_ticks(axes.yaxis)


def _shades(data: xr.Dataset) -> list[tuple[float, ...]]:
    """Return the colours of the widths: pale for narrow, dark for wide."""
    return shades(data.sizes["width"])


def _heading(data: xr.Dataset) -> str:
    a, seeds = data.attrs, data.sizes["seed"]
    return (
        f"{a['activation']}, {a['data']}: {a['n_train']} training inputs, {a['n_test']} test "
        f"inputs, {seeds} seeds"
    )
