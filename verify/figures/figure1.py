"""Figure 1 of Tu, Aranguri and Jacot 2024: errors and singular values along one run.

Lines are the two dynamics, self-consistent and gradient descent; circles the closed form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from numerics.phase_diagram.scheme import scheme_of
from numerics.support.object_validation import check_dataset, check_instance
from verify.figures.style import (
    CIRCLES,
    COLOURS,
    GREY,
    SEVERAL,
    PlainFigure,
    draw_threshold,
    several_colours,
)

__all__ = ["draw_errors", "draw_figure1", "draw_singular_values"]

#: Line of each dynamics: self-consistent solid, gradient descent dashed, as in the paper; the
#: solid one is broad and pale, so that the dashes on top of it can be seen.
STYLES: dict[str, dict[str, Any]] = {
    "self_consistent": {"linestyle": "-", "linewidth": 3.2, "alpha": 0.45},
    "gradient_descent": {"linestyle": (0, (4, 2)), "linewidth": 1.3},
}
LABELS = {"self_consistent": "self-consistent", "gradient_descent": "gradient descent"}

#: At most this many of the modes beyond the rank are drawn, evenly chosen and named as such.
BULK_LINES = 60


def draw_figure1(data: xr.Dataset) -> Figure:
    """Draw Figure 1 of Tu, Aranguri and Jacot 2024 from the dataset of ``numerics.figure1``."""
    figure = PlainFigure(figsize=(10.5, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_errors(data, left)
    draw_singular_values(data, right)
    exponents = (
        rf"$d={data.attrs['d']}$, rank ${data.attrs['rank']}$, "
        rf"$\sigma^2=d^{{{data.attrs['gamma_sigma2']:g}}}$, "
        rf"$w=d^{{{data.attrs['gamma_w']:g}}}={data.attrs['width']:,}$".replace(",", "{,}")
    )
    title = exponents.replace("{,} ", ", ") + "\n" + scheme_of(data.attrs)
    figure.suptitle(title, fontsize=11)
    return figure


def draw_errors(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw the left panel of Figure 1: train and test error against the iteration.

    Examples
    --------
    >>> from numerics.phase_diagram.figure1 import figure1
    >>> axes = draw_errors(figure1(d=20, rank=2, iterations=10), Figure().subplots())
    >>> axes.get_title()
    'Train and test error'
    """
    curves = {x: ("dynamics", "iteration") for x in ("train_error", "test_error")}
    closed_curves = {f"closed_form_{x}": ("iteration",) for x in curves}
    check_dataset("data", data, "figure1", curves | closed_curves | {"iteration": ("iteration",)})
    check_instance("axes", axes, Axes)
    for variable, colour in (("train_error", COLOURS[0]), ("test_error", COLOURS[1])):
        for dynamics, style in STYLES.items():
            axes.plot(data.iteration, data[variable].sel(dynamics=dynamics), color=colour, **style)
        closed = data[f"closed_form_{variable}"]
        marks = _marked(data)
        axes.plot(data.iteration[marks], closed[marks], color=colour, **CIRCLES)
    handles = [
        Line2D([], [], color=COLOURS[0], label="train error"),
        Line2D([], [], color=COLOURS[1], label="test error"),
        *_dynamics_handles(),
    ]
    axes.legend(handles=handles, frameon=False, fontsize=9)
    axes.set(xlabel="iteration", ylabel="mean squared error (unit: noise variance)", ylim=(0, None))
    axes.set_xlim(0, float(data.iteration[-1]))
    axes.set_title("Train and test error", fontsize=10)
    return axes


def draw_singular_values(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw the right panel of Figure 1: the singular values of A(t), and the threshold.

    Examples
    --------
    >>> from numerics.phase_diagram.figure1 import figure1
    >>> axes = draw_singular_values(figure1(d=20, rank=2, iterations=10), Figure().subplots())
    >>> axes.get_title()
    'Singular values'
    """
    curves = {
        "singular_value": ("dynamics", "iteration", "mode"),
        "closed_form_singular_value": ("iteration", "mode"),
        "iteration": ("iteration",),
    }
    check_dataset("data", data, "figure1", curves, ("rank", "threshold"))
    check_instance("axes", axes, Axes)
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
    marks = _marked(data)
    for mode in range(rank):
        axes.plot(
            data.iteration[marks],
            data.closed_form_singular_value[marks].isel(mode=mode),
            color=COLOURS[mode % len(COLOURS)],
            **CIRCLES,
        )
    draw_threshold(data.attrs["threshold"], axes)
    others = Line2D([], [], color=GREY, linewidth=0.8)
    named = list(_dynamics_handles())
    axes.legend(
        [several_colours(rank), others, *named],
        [
            f"the {rank} largest",
            f"{bulk.size} of the other {count - rank}",
            *(str(x.get_label()) for x in named),
        ],
        frameon=False,
        fontsize=9,
        loc="center right",
        handlelength=3,
        handler_map=SEVERAL,
    )
    axes.set(xlabel="iteration", ylabel=r"singular value of $A$ (unit: noise entry)")
    axes.set_xlim(0, float(data.iteration[-1]))
    axes.set_title("Singular values", fontsize=10)
    return axes


def _dynamics_handles() -> Iterator[Line2D]:
    """Yield legend entries of the two dynamics and of the closed form."""
    for name, style in STYLES.items():
        yield Line2D([], [], color="black", label=LABELS[name], **style)
    yield Line2D([], [], color="black", label="closed form", **CIRCLES)


def _marked(data: xr.Dataset) -> slice:
    """Return the iterations that get a circle, about twenty."""
    return slice(None, None, max(1, data.sizes["iteration"] // 20))
