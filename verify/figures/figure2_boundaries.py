"""The paper's three boundaries in the panels of Figure 2: their lines at finite d, and a legend.

Those of :func:`theory.regimes.boundaries.boundaries` with the paper's exponents and
``k = d^kappa``; each has a line style of its own, black on white, that reads on any ground.
Source: Tu, Aranguri and Jacot 2024, figure 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.typing import LineStyleType
from numpy.typing import ArrayLike, NDArray

from numerics.kernels.derived import stored
from numerics.kernels.evaluate import evaluate
from numerics.regimes.plane_formulas import paper_equation, paper_height_form
from numerics.support.validation import check_switch

__all__ = [
    "LINE_STYLES",
    "BoundaryLine",
    "boundary_lines",
    "draw_boundary_legend",
    "draw_paper_boundaries",
    "legend_handles",
]

#: The boundaries of the paper's figure, by their names in theory.regimes.boundaries.
LINE_STYLES: dict[str, LineStyleType] = {
    "active / lazy": "-",
    "infinite noise": (0, (5, 2)),
    "underparameterised": (0, (1, 1.2)),
}

#: Points along a boundary.
POINTS = 201


@dataclass(frozen=True)
class BoundaryLine:
    """A boundary as a line of the plane at finite d and rank.

    Attributes
    ----------
    name : str
        As in theory.regimes.boundaries.
    equation, latex : str
        In gamma_sigma2, gamma_w, d and k.
    """

    name: str
    equation: str
    latex: str

    @property
    def label(self) -> str:
        """Name and equation, as LaTeX."""
        return f"{self.name}: ${self.latex}$"

    def height(self, variance: ArrayLike, dimension: int, rank: int) -> NDArray[np.float64]:
        """Return gamma_w on the line at values of gamma_sigma2."""
        at = (np.asarray(variance, dtype=float), float(dimension), float(rank))
        return evaluate(paper_height_form, *at, settings=(self.name,), compiled=False)["height"]


@cache
def boundary_lines() -> dict[str, BoundaryLine]:
    """Return the boundaries of the paper's figure by name.

    Examples
    --------
    >>> line = boundary_lines()["active / lazy"]
    >>> line.equation, line.height([-1.0, 0.0], 200, 5)
    ('gamma_sigma2 + gamma_w = 1', array([2., 1.]))
    """
    return {name: BoundaryLine(name, *stored(paper_equation, name)) for name in LINE_STYLES}


def draw_paper_boundaries(axes: Axes, dimension: int, rank: int) -> Axes:
    """Draw the paper's boundaries inside the axes' limits."""
    x = np.linspace(*axes.get_xlim(), POINTS)
    low, high = axes.get_ylim()
    for name, line in boundary_lines().items():
        y = line.height(x, dimension, rank)
        y = np.where((y >= low) & (y <= high), y, np.nan)
        # White around black shows on dark and on light ground.
        axes.plot(
            x,
            y,
            color="black",
            linestyle=LINE_STYLES[name],
            linewidth=1.8,
            path_effects=[withStroke(linewidth=3.6, foreground="white", alpha=0.8)],
        )
    return axes


def legend_handles(*, hatched: bool = False) -> list[Line2D | Patch]:
    """Return the entries of the panels' legend: boundaries with their equations, and hatching.

    Examples
    --------
    >>> [handle.get_label().split(":")[0] for handle in legend_handles()]
    ['active / lazy', 'infinite noise', 'underparameterised']
    """
    check_switch("hatched", hatched)
    handles: list[Line2D | Patch] = [
        Line2D([], [], color="black", linestyle=LINE_STYLES[name], linewidth=1.8, label=line.label)
        for name, line in boundary_lines().items()
    ]
    if hatched:
        handles.append(
            Patch(
                facecolor="none",
                edgecolor="0.35",
                hatch="////",
                label="prediction outside its range of validity",
            )
        )
    return handles


def draw_boundary_legend(figure: Figure, *, hatched: bool) -> None:
    """Draw the legend of the boundaries, and of the hatching, below a figure's panels."""
    figure.legend(
        handles=legend_handles(hatched=hatched),
        loc="outside lower center",
        ncols=2 if hatched else 3,
        frameon=False,
        fontsize=10,
    )
