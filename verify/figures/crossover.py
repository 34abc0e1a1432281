r"""Figures of the crossover: kernel change, exponents, fluctuations, test errors.

Datasets are those of :mod:`numerics.crossover.sweep`; fits come from
:mod:`verify.measurements.crossover_exponents`, and nothing else is computed here but positions on
the page. Widths go from pale to dark, depths have a marker each, and regimes a line style.
"""

from __future__ import annotations

from collections.abc import Iterable

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogFormatter

from theory.crossover.exponents import predicted_exponents
from verify.figures.style import COLOURS, PlainFigure
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
from verify.measurements.power_fits import Fit

__all__ = [
    "draw_alpha_star",
    "draw_collapse",
    "draw_crossover",
    "draw_exponents",
    "draw_fluctuation",
    "draw_test_errors",
    "draw_times",
]

MARKERS = ("o", "s", "^", "D", "v", "P")
SCALED = r"$\sqrt{h}\,\alpha$"


def draw_crossover(
    data: xr.Dataset, exponents: Iterable[Exponent], ensembles: xr.Dataset | None = None
) -> Figure:
    """Draw kernel change, its collapse, alpha*, the exponents, t_1 and delta F of a sweep.

    ``ensembles``, of more seeds, gives delta F if there is one.
    """
    found = list(exponents)
    figure = PlainFigure(figsize=(15.0, 8.6), layout="constrained")
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
    for k, width in enumerate(part.width.values):
        change = geometric_mean(part.kernel_change.sel(width=width))
        axes.loglog(
            part.scaled_alpha / np.sqrt(width),
            change,
            color=_shade(k, part),
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
        for k, width in enumerate(part.width.values):
            change = factor * geometric_mean(part.kernel_change.sel(width=width))
            axes.loglog(
                part.scaled_alpha,
                change,
                color=_shade(k, part),
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
    axes.set_title("Collapse; in the lazy tail widths part", fontsize=10)
    return axes


def draw_alpha_star(data: xr.Dataset, exponents: list[Exponent], axes: Axes) -> Axes:
    """Draw alpha*, where the kernel change passes 1, against the width, with its fits."""
    for place, depth in enumerate(data.depth.values):
        values = alpha_star(sound(data.sel(depth=depth)))
        colour = COLOURS[place % len(COLOURS)]
        mean = geometric_mean(values, skipna=False)
        axes.loglog(
            data.width,
            mean,
            color=colour,
            linestyle="none",
            markersize=5,
            marker=MARKERS[place % len(MARKERS)],
        )
        fit = _fit_of(exponents, "alpha*, in h", int(depth))
        label = f"L = {depth}"
        if fit is not None:
            label += rf": $h^{{{fit.exponent:.2f} \pm {fit.halfwidth:.2f}}}$"
            axes.loglog(
                data.width,
                fit.prefactor * data.width.astype(float) ** fit.exponent,
                color=colour,
                linewidth=1,
                label=label,
            )
        else:
            axes.plot([], [], color=colour, label=label)
    axes.legend(frameon=False, fontsize=8)
    axes.set(xlabel="width h", ylabel=r"$\alpha^*$")
    _width_ticks(data, axes)
    axes.set_title(r"Lazy above, feature below: $\alpha^*\sim h^{-1/2}$", fontsize=10)
    return axes


def draw_exponents(exponents: list[Exponent], axes: Axes) -> Axes:
    """Draw the feature exponents a and of the last layer against the depth, beside the derived."""
    names = {
        "kernel change, feature": r"$a$ (kernel change)",
        "last layer, feature": "minus that of the last layer",
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
    axes.axhline(2, color="black", linewidth=0.8, linestyle=":")
    axes.plot([], [], color="black", marker="_", markersize=14, linestyle="none", label="derived")
    axes.legend(frameon=False, fontsize=8, loc="center right")
    axes.set(xlabel="hidden layers L", ylabel="exponent", ylim=(0, 2.1))
    axes.set_xticks(sorted({x.depth for x in exponents}))
    axes.set_title(r"Feature regime: $a=2L/(L+1)<2$ and $1/(L+1)$", fontsize=10)
    return axes


def draw_times(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw the time to a kernel change of 1/2, and the end of training, against sqrt(h) alpha."""
    for place, depth in enumerate(data.depth.values):
        part = sound(data.sel(depth=depth))
        for k, width in enumerate(part.width.values):
            chosen = part.sel(width=width)
            axes.loglog(
                part.scaled_alpha,
                geometric_mean(chosen.time_to_kernel_change),
                color=_shade(k, part),
                markersize=3,
                linestyle="none",
                marker=MARKERS[place % len(MARKERS)],
            )
        axes.loglog(
            part.scaled_alpha,
            geometric_mean(part.isel(width=-1).time),
            color=COLOURS[place % len(COLOURS)],
            linewidth=1.2,
        )
    handles = [
        Line2D(
            [],
            [],
            color=COLOURS[k % len(COLOURS)],
            marker=MARKERS[k % len(MARKERS)],
            markerfacecolor="0.4",
            markeredgecolor="0.4",
            markersize=4,
            label=f"L = {depth}",
        )
        for k, depth in enumerate(data.depth.values)
    ]
    axes.legend(handles=handles, frameon=False, fontsize=8)
    axes.set(xlabel=SCALED, ylabel="time t")
    axes.set_title(
        r"$t_1\sim\sqrt{h}\,\alpha$ (kernel change 1/2, marks); the end (lines)", fontsize=10
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
            label=rf"{name}, {SCALED} = {place:g}",
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
    axes.set(xlabel="width h", ylabel=rf"$\delta F$ over {part.sizes['seed']} seeds")
    _width_ticks(data, axes)
    axes.set_title(f"Fluctuation of the outputs, L = {depth}", fontsize=10)
    return axes


def draw_test_errors(data: xr.Dataset) -> Figure:
    """Draw test errors against sqrt(h) alpha, single networks and ensembles, a panel a depth."""
    count = data.sizes["depth"]
    figure = PlainFigure(figsize=(1.6 + 4.4 * count, 4.4), layout="constrained")
    for axes, depth in zip(
        np.atleast_1d(figure.subplots(1, count, sharey=True)), data.depth.values, strict=True
    ):
        part = sound(data.sel(depth=depth))
        errors = 100 * test_errors(part)
        for k, width in enumerate(part.width.values):
            chosen, colour = errors.sel(width=width), _shade(k, part)
            axes.errorbar(
                part.scaled_alpha,
                chosen.single,
                yerr=chosen.standard_error,
                color=colour,
                linewidth=1.2,
                elinewidth=0.7,
                label=f"h = {width}",
            )
            axes.plot(
                part.scaled_alpha,
                chosen.ensemble,
                color=colour,
                linestyle=(0, (4, 2)),
                linewidth=1.0,
            )
        frozen = 100 * part.frozen_test_error.isel(width=-1, scaled_alpha=-1).mean("seed")
        axes.axhline(float(frozen), color=COLOURS[1], linewidth=0.9, linestyle=":")
        axes.axvspan(float(data.scaled_alpha[0]), FEATURE, color="0.93", zorder=0)
        axes.axvspan(LAZY, max(float(data.scaled_alpha[-1]), LAZY), color="0.93", zorder=0)
        axes.set(xscale="log", xlabel=SCALED)
        axes.set_title(f"L = {depth}", fontsize=10)
    first = figure.axes[0]
    first.set_ylabel("test error, %")
    handles, labels = first.get_legend_handles_labels()
    handles += [
        Line2D([], [], color="0.3", linestyle=(0, (4, 2))),
        Line2D([], [], color=COLOURS[1], linestyle=":"),
    ]
    labels += [f"ensembles of {data.sizes['seed']}", "frozen kernel, largest h"]
    figure.legend(
        handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=9
    )
    figure.suptitle(_heading(data), fontsize=11)
    return figure


def _fit_of(exponents: list[Exponent], name: str, depth: int) -> Fit | None:
    return next((x.fit for x in exponents if (x.name, x.depth) == (name, depth)), None)


def _width_ticks(data: xr.Dataset, axes: Axes) -> None:
    """Put a tick at every width of the sweep, and plain numbers on the other axis."""
    axes.set_xticks(data.width.values, labels=[str(x) for x in data.width.values])
    axes.set_xticks([], minor=True)
    axes.yaxis.set_minor_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.5)))
    axes.yaxis.set_major_formatter(LogFormatter(labelOnlyBase=False))


def _shade(place: int, data: xr.Dataset) -> tuple[float, ...]:
    """Return the colour of a width: pale for narrow, dark for wide."""
    share = (place + 1) / data.sizes["width"]
    return matplotlib.colormaps["viridis_r"](0.15 + 0.8 * share)


def _heading(data: xr.Dataset) -> str:
    a, seeds = data.attrs, data.sizes["seed"]
    return (
        f"{a['activation']}, {a['data']}: {a['n_train']} training inputs, {a['n_test']} test "
        f"inputs, {seeds} seeds"
    )
