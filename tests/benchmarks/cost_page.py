"""Figures, tables and the sentence on the machine, from measured panels; nothing is timed here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from measuring import Curve, Panel
from width_cost import PAPER_WIDTH, TOLERANCES
from worker_speedup import RUNNING, STARTED

from verify.cli.output_files import save_figure, save_text
from verify.figures.style import COLOURS

#: Figures: name of the file, and the panels side by side in it.
FIGURES = {
    "width": ("width",),
    "dynamics": ("step", "run"),
    "kernel": ("inputs", "units"),
    "workers": ("workers",),
}

#: Small enough for the documentation.

#: Colour and marker of a method, by the first of these words that is in its name.
STYLES = {
    "width-free": (COLOURS[1], "o"),
    "explicit, NumPy": (COLOURS[0], "s"),
    "explicit, torch": (COLOURS[2], "^"),
    "lift": (COLOURS[1], "o"),
    "SVD": (COLOURS[0], "s"),
    "eigh": (COLOURS[2], "^"),
    "sqrtm": (COLOURS[3], "D"),
    "closed form": ("black", "v"),
    "layer by layer": (COLOURS[1], "o"),
    "NumPy": (COLOURS[0], "s"),
    "torch": (COLOURS[2], "^"),
}

#: Not broken at the end of a line.
SPACE = "\N{NO-BREAK SPACE}"

HEADER = ("method", "theory", "slope", "time", "median", "ratio", "difference", "allowed")
WORKERS_HEADER = ("workers", *(f"{x}: {y}" for x in (RUNNING, STARTED) for y in ("time", "rate")))


def write_page(panels: list[Panel], made: dict[str, object], folder: Path) -> list[Path]:
    """Write every figure and table, and the machine's sentence; return the files."""
    by_name = {panel.name: panel for panel in panels}
    files = [save_text(machine_text(made), folder / "benchmark_machine.txt")]
    for name, members in FIGURES.items():
        shown = [by_name[member] for member in members]
        draw = draw_workers if name == "workers" else draw_costs
        files.append(save_figure(draw(shown), folder / f"benchmark_{name}.png"))
    for panel in panels:
        rows = worker_rows(panel) if panel.name == "workers" else cost_rows(panel)
        files.append(save_text(table(panel, rows), folder / f"benchmark_{panel.name}.txt"))
    return files


def draw_costs(panels: list[Panel]) -> Figure:
    """Draw cost over size on logarithmic axes, with the theoretical slopes."""
    figure = Figure(
        figsize=(4.4 * len(panels) + (2.4 if len(panels) == 1 else 0), 4.4), layout="constrained"
    )
    for panel, axes in zip(panels, np.atleast_1d(figure.subplots(1, len(panels))), strict=True):
        for curve in panel.curves:
            _draw_curve(curve, axes)
        if panel.name == "width":
            _mark_paper_width(panel, axes)
        axes.set(xscale="log", yscale="log", xlabel=panel.size, ylabel=panel.cost)
        axes.set_title(panel.title, fontsize=10)
        # Room for the legend above the curves.
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * (high / low) ** (0.09 * len(panel.curves)))
        if panel.name != "width":
            _name_sizes(axes, panel.curves[0].sizes)
        axes.legend(
            frameon=False,
            fontsize=8,
            loc="upper left",
            title="fitted slope (95 %); dashed: theory",
            title_fontsize=8,
            alignment="left",
        )
    return figure


def draw_workers(panels: list[Panel]) -> Figure:
    """Draw cells a second over workers, relative to one worker."""
    (panel,) = panels
    figure = Figure(figsize=(5.6, 4.2), layout="constrained")
    axes = figure.subplots()
    for curve, colour, marker in zip(panel.curves, COLOURS[1::-1], "os", strict=True):
        speed = panel.curves[0].minimum[0] / np.array(curve.minimum)
        axes.plot(
            curve.sizes,
            speed,
            marker=marker,
            color=colour,
            label=curve.method,
            fillstyle="none" if curve.method == STARTED else "full",
        )
        for size, value in zip(curve.sizes, speed, strict=True):
            axes.annotate(
                f"{value:.2f}",
                (size, value),
                xytext=(7, -10),
                fontsize=8,
                textcoords="offset points",
                color=colour,
            )
    most = max(panel.curves[0].sizes)
    axes.plot([1, most], [1, most], "--", color="black", linewidth=0.9, label="ideal")
    axes.set(
        xlabel="workers",
        ylabel="cells a second, relative to one running worker",
        xlim=(0.8, most * 1.15),
        ylim=(0, most * 1.1),
    )
    axes.xaxis.set_major_locator(FixedLocator(panel.curves[0].sizes))
    axes.set_title(panel.title, fontsize=10)
    axes.legend(frameon=False, fontsize=9, loc="upper left")
    return figure


def cost_rows(panel: Panel) -> list[Sequence[str]]:
    """Return the header and a row for each curve, with the costs at the largest size."""
    reference = panel.curves[0].minimum[-1]
    return [HEADER] + [
        (
            curve.method + (f", {curve.setting}" if curve.setting else ""),
            f"{curve.slope:g}",
            slope_text(curve),
            duration(curve.minimum[-1]),
            duration(curve.median[-1]),
            f"{curve.minimum[-1] / reference:.3g}",
            f"{max(curve.difference):.0e}" if max(curve.difference) else "reference",
            f"{curve.tolerance:.0e}",
        )
        for curve in panel.curves
    ]


def worker_rows(panel: Panel) -> list[Sequence[str]]:
    """Return the header and a row for each number of workers."""
    running, started = panel.curves
    reference = running.minimum[0]
    rows = [WORKERS_HEADER]
    for size, *times in zip(running.sizes, running.minimum, started.minimum, strict=True):
        found = (x for time in times for x in (duration(time), f"{reference / time:.2f}"))
        rows.append((f"{size:g}", *found))
    return rows


def table(panel: Panel, rows: list[Sequence[str]]) -> str:
    """Return a table as reStructuredText, with what was compared below it."""
    title = panel.title
    if panel.name != "workers":
        curve = panel.curves[0]
        title += f"; times at {_largest(panel)}"
        fit = curve.fit()
        if fit:
            title += f", slopes fitted from {fit[1]:,g}"
    lines = [f".. csv-table:: {title}", "   :header-rows: 1", ""]
    lines += ["   " + ", ".join(f'"{entry}"' for entry in row) for row in rows]
    return "\n".join([*lines, "", f"Compared: {panel.note}.", ""])


def machine_text(made: dict[str, object]) -> str:
    """Return sentences on where, with what and by which command the numbers were made."""
    machine = made["machine"]
    versions = dict(machine["versions"])
    torch = versions.get("torch", "not installed")
    lines = [
        f"Made on {machine['processor']}, {machine['cores']} cores, with one BLAS thread "
        f"({'; '.join(machine['blas']) or 'BLAS unknown'}), by::",
        "",
        f"   {made['command']}",
        "",
        "Versions: " + ", ".join(f"{name} {value}" for name, value in versions.items()) + ".",
    ]
    if torch == "not installed":
        lines.append("torch is not installed there: its curves are left out.")
    if made["profile"] != "full":
        lines.append(f"The {made['profile']} profile: small sizes, few repeats.")
    if (machine.get("load_before") or 0) > 0.5:
        lines.append(f"Other programs were running (load {machine['load_before']:.1f} before).")
    return "\n".join(lines) + "\n"


def slope_text(curve: Curve) -> str:
    """Return a fitted slope with its interval."""
    fit = curve.fit()
    if fit is None:
        return "too few sizes to fit"
    return f"{round(fit[0].exponent, 2) + 0.0:.2f}{SPACE}±{SPACE}{fit[0].halfwidth:.2f}"


def duration(seconds: float) -> str:
    """Return a time with three digits in a unit that fits."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale or unit == "µs":
            return f"{seconds / scale:.3g}{SPACE}{unit}"
    raise AssertionError("not reached")


def _largest(panel: Panel) -> str:
    word = {"width": "width", "dimension d": "d =", "inputs n": "n ="}.get(panel.size, "h =")
    return f"{word} {panel.curves[0].sizes[-1]:,g}"


def _style(method: str) -> tuple[str, str]:
    return next((style for word, style in STYLES.items() if word in method), ("grey", "o"))


def _draw_curve(curve: Curve, axes: Axes) -> None:
    colour, marker = _style(curve.method)
    hollow = "float32" in curve.method
    axes.plot(
        curve.sizes,
        curve.minimum,
        marker=marker,
        color=colour,
        markersize=5,
        linewidth=1.3,
        fillstyle="none" if hollow else "full",
        label=f"{curve.method}: {slope_text(curve)}",
    )
    sizes = np.array(curve.sizes)
    guide = curve.minimum[-1] * (sizes / sizes[-1]) ** curve.slope
    axes.plot(sizes, guide, linestyle=(0, (4, 3)), color=colour, linewidth=0.9, alpha=0.8)


def _mark_paper_width(panel: Panel, axes: Axes) -> None:
    """Continue the curves to Figure 1's width by their theory, marked as not measured."""
    at_paper = {}
    for curve in panel.curves:
        size, cost = curve.sizes[-1], curve.minimum[-1]
        if size >= PAPER_WIDTH:
            return
        end = cost * (PAPER_WIDTH / size) ** curve.slope
        axes.plot(
            [size, PAPER_WIDTH], [cost, end], ":", color=_style(curve.method)[0], linewidth=1.1
        )
        at_paper[curve.method] = end
    ratios = {}
    for dtype in TOLERANCES:
        own = {name: cost for name, cost in at_paper.items() if name.endswith(dtype)}
        free = own.pop(f"width-free, {dtype}")
        ratios[dtype] = min(own.values()) / free
    axes.axvline(PAPER_WIDTH, color="black", linewidth=0.8, linestyle=":")
    said = "\n".join(f"{ratio:,.0f} width-free ones ({x})" for x, ratio in ratios.items())
    axes.annotate(
        f"dotted: extrapolated, not measured.\nAt Figure 1's width, {PAPER_WIDTH:,}, the\n"
        f"cheapest explicit step costs\n{said}",
        (PAPER_WIDTH, 2 * max(panel.curves[0].minimum)),
        xytext=(-6, 0),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=8,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
    )


def _name_sizes(axes: Axes, sizes: list[float]) -> None:
    """Name the sizes, or every second one where they are many."""
    shown = sizes[:: 2 if len(sizes) > 6 else 1]
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(shown, [f"{size:g}" for size in shown])
