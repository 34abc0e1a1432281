"""Figures from datasets: nothing is computed here but positions on the page.

Every function takes and returns matplotlib axes; colours are those of Okabe and Ito (2008),
told apart by colour-blind readers, and each line has a style of its own for print in grey.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

__all__ = [
    "COLOURS",
    "PlainFigure",
    "draw_errors",
    "draw_figure1",
    "draw_singular_values",
    "draw_threshold",
]

#: Colours that everyone can tell apart, of Okabe and Ito (2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY = "#9A9A9A"

#: Line of each dynamics: self-consistent solid, gradient descent dashed, as in the paper; the
#: solid one is broad and pale, so that the dashes on top of it can be seen.
STYLES: dict[str, dict[str, object]] = {
    "self_consistent": {"linestyle": "-", "linewidth": 3.2, "alpha": 0.45},
    "gradient_descent": {"linestyle": (0, (4, 2)), "linewidth": 1.3},
}
LABELS = {"self_consistent": "self-consistent", "gradient_descent": "gradient descent"}

#: At most this many of the modes beyond the rank are drawn, evenly chosen and named as such.
BULK_LINES = 60


class PlainFigure(Figure):
    """A figure that a notebook shows without pyplot, and that pyplot does not show once more."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)
        # Texts are measured before the figure is written, whatever it is written to.
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        image = BytesIO()
        self.savefig(image, format="png")
        return image.getvalue()


def draw_figure1(data: xr.Dataset) -> Figure:
    """Draw Figure 1 of Tu, Aranguri and Jacot 2024 from a dataset of ``experiments.figure1``."""
    figure = PlainFigure(figsize=(10.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_errors(data, left)
    draw_singular_values(data, right)
    exponents = (
        rf"$d={data.attrs['d']}$, rank ${data.attrs['rank']}$, "
        rf"$\sigma^2=d^{{{data.attrs['gamma_sigma2']:g}}}$, "
        rf"$w=d^{{{data.attrs['gamma_w']:g}}}={data.attrs['width']:,}$".replace(",", "{,}")
    )
    figure.suptitle(exponents.replace("{,} ", ", "), fontsize=11)
    return figure


def draw_errors(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw train and test error against the iteration.

    Examples
    --------
    >>> from numerics.phase_diagram.figure1 import figure1
    >>> axes = draw_errors(figure1(d=20, rank=2, iterations=10), Figure().subplots())
    >>> axes.get_title()
    'Train and test error'
    """
    for variable, colour in (("train_error", COLOURS[0]), ("test_error", COLOURS[1])):
        for dynamics, style in STYLES.items():
            axes.plot(data.iteration, data[variable].sel(dynamics=dynamics), color=colour, **style)
        closed = data[f"closed_form_{variable}"]
        marks = slice(None, None, max(1, data.sizes["iteration"] // 20))
        axes.plot(
            data.iteration[marks],
            closed[marks],
            color=colour,
            linestyle="none",
            marker="o",
            markersize=4,
            fillstyle="none",
        )
    handles = [
        Line2D([], [], color=COLOURS[0], label="train error"),
        Line2D([], [], color=COLOURS[1], label="test error"),
        *(Line2D([], [], color="black", label=LABELS[x], **style) for x, style in STYLES.items()),
        Line2D(
            [],
            [],
            color="black",
            linestyle="none",
            marker="o",
            markersize=4,
            fillstyle="none",
            label="closed form",
        ),
    ]
    axes.legend(handles=handles, frameon=False, fontsize=9)
    axes.set(xlabel="iteration", ylabel="mean squared error (unit: noise variance)", ylim=(0, None))
    axes.set_xlim(0, float(data.iteration[-1]))
    axes.set_title("Train and test error", fontsize=10)
    return axes


def draw_singular_values(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw the singular values of A(t), those of the signal in colour, and the threshold.

    Examples
    --------
    >>> from numerics.phase_diagram.figure1 import figure1
    >>> axes = draw_singular_values(figure1(d=20, rank=2, iterations=10), Figure().subplots())
    >>> axes.get_title()
    'Singular values'
    """
    rank = int(data.attrs["rank"])
    count = data.sizes["mode"]
    bulk = np.unique(np.linspace(rank, count - 1, min(BULK_LINES, count - rank)).astype(int))
    for dynamics, style in STYLES.items():
        values = data.singular_value.sel(dynamics=dynamics)
        axes.plot(
            data.iteration,
            values.isel(mode=bulk),
            color=GREY,
            linestyle=style["linestyle"],
            linewidth=0.5,
            alpha=0.6,
        )
        for mode in range(rank):
            axes.plot(
                data.iteration, values.isel(mode=mode), color=COLOURS[mode % len(COLOURS)], **style
            )
    marks = slice(None, None, max(1, data.sizes["iteration"] // 20))
    for mode in range(rank):
        axes.plot(
            data.iteration[marks],
            data.closed_form_singular_value[marks].isel(mode=mode),
            color=COLOURS[mode % len(COLOURS)],
            linestyle="none",
            marker="o",
            markersize=4,
            fillstyle="none",
        )
    draw_threshold(data.attrs["threshold"], axes)
    handles = [
        Line2D([], [], color=COLOURS[0], label=f"the {rank} largest"),
        Line2D([], [], color=GREY, linewidth=0.8, label=f"{bulk.size} of the other {count - rank}"),
        *(Line2D([], [], color="black", label=LABELS[x], **style) for x, style in STYLES.items()),
        Line2D(
            [],
            [],
            color="black",
            linestyle="none",
            marker="o",
            markersize=4,
            fillstyle="none",
            label="closed form",
        ),
    ]
    axes.legend(handles=handles, frameon=False, fontsize=9, loc="center right")
    axes.set(xlabel="iteration", ylabel=r"singular value of $A$ (unit: noise entry)")
    axes.set_xlim(0, float(data.iteration[-1]))
    axes.set_title("Singular values", fontsize=10)
    return axes


def draw_threshold(threshold: float, axes: Axes) -> None:
    """Draw the threshold as a line across singular values, and its value above it."""
    axes.axhline(threshold, color="black", linewidth=1.2, linestyle=":")
    axes.annotate(
        rf"threshold $\sigma^2 w={threshold:.3g}$",
        (1, threshold),
        xycoords=("axes fraction", "data"),
        xytext=(-4, 3),
        textcoords="offset points",
        ha="right",
        fontsize=9,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )
