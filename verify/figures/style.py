"""What all figures share: colours, markers, the figure itself, and the line of the threshold.

Colours are those of Okabe and Ito (2008), told apart by colour-blind readers, and each line has a
style of its own for print in grey.  Figures are drawn from datasets: nothing is computed here.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = [
    "CIRCLES",
    "COLOURS",
    "GREY",
    "RESOLUTION",
    "PlainFigure",
    "draw_threshold",
    "lay_out_once",
]

#: Colours that everyone can tell apart, of Okabe and Ito (2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY = "#9A9A9A"

#: Pixels to the inch of a written figure.
RESOLUTION = 160

#: Open circles without a line.
CIRCLES: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 4, "fillstyle": "none"}


class PlainFigure(Figure):
    """A figure that a notebook shows without pyplot, and that pyplot does not show once more."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # Texts are measured before the figure is written, whatever it is written to.
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        image = BytesIO()
        self.savefig(image, format="png", dpi=rcParams["figure.dpi"])
        return image.getvalue()


def lay_out_once(figure: Figure) -> None:
    """Lay a figure out for good, so that it is not laid out anew, and drawn for it, in each file.

    Examples
    --------
    >>> figure = PlainFigure(layout="constrained")
    >>> lay_out_once(figure)
    >>> figure.get_layout_engine() is None
    True
    """
    engine = figure.get_layout_engine()
    if engine is not None:
        # Texts that are measured at the resolution of the file need not be set again for it.
        figure.set_dpi(RESOLUTION)
        if figure.axes:
            engine.execute(figure)
        # "none" would leave a place holder, for whose sake every file is drawn twice.
        figure.set_layout_engine(None)


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
