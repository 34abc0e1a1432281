"""What all figures share: colours, markers, the figure itself, and the line of the threshold.

Colours are those of Okabe and Ito (2008), told apart by colour-blind readers, and each line has a
style of its own for print in grey.  Figures are drawn from datasets: nothing is computed here.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from matplotlib import colormaps, rcParams
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter, NullLocator
from matplotlib.typing import LineStyleType

__all__ = [
    "CIRCLES",
    "COLOURS",
    "GREY",
    "LINES",
    "MARKERS",
    "RESOLUTION",
    "SEVERAL",
    "PlainFigure",
    "draw_threshold",
    "lay_out",
    "lay_out_once",
    "number",
    "plain_log_ticks",
    "several_colours",
    "shades",
]

#: Colours that everyone can tell apart, of Okabe and Ito (2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY = "#9A9A9A"

#: Of curves that colour alone would tell apart.
MARKERS = ("o", "s", "^", "D", "v", "P")

LINES: tuple[LineStyleType, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))

#: Handler of a legend's entries that are several lines side by side.
SEVERAL = {tuple: HandlerTuple(ndivide=None, pad=0)}

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


def lay_out(figure: Figure) -> None:
    """Lay a figure out by its engine, if it has one, without drawing it."""
    engine = figure.get_layout_engine()
    # An engine warns of a figure in which there is nothing to lay out.
    if engine is not None and figure.axes:
        engine.execute(figure)


def lay_out_once(figure: Figure) -> None:
    """Lay a figure out for good, so that it is not laid out anew, and drawn for it, in each file.

    Examples
    --------
    >>> figure = PlainFigure(layout="constrained")
    >>> lay_out_once(figure)
    >>> figure.get_layout_engine() is None
    True
    """
    if figure.get_layout_engine() is not None:
        # Texts that are measured at the resolution of the file need not be set again for it.
        figure.set_dpi(RESOLUTION)
        lay_out(figure)
        # "none" would leave a place holder, for whose sake every file is drawn twice.
        figure.set_layout_engine(None)


def number(value: float) -> str:
    r"""Return a number as mathematics: all digits of a whole one, else four and a power of ten.

    Examples
    --------
    >>> number(1182177), number(0.25), number(1e-5), number(3.16227766e20)
    ('1{,}182{,}177', '0.25', '10^{-5}', '3.162\\times 10^{20}')
    """
    power = np.log10(value) if value > 0 else 0.0
    if abs(power - round(power)) < 1e-9 and not -3 < power < 4:
        return f"10^{{{round(power)}}}"
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}".replace(",", "{,}")
    mantissa, _, exponent = f"{value:.4g}".partition("e")
    if not exponent:
        return mantissa
    return rf"{mantissa}\times 10^{{{int(exponent)}}}"


def several_colours(count: int) -> tuple[Line2D, ...]:
    """Return one entry of a legend for curves in the first colours, drawn with ``SEVERAL``."""
    return tuple(Line2D([], [], color=colour) for colour in COLOURS[:count])


def shades(count: int) -> list[tuple[float, ...]]:
    """Return colours of an ordered series, from pale to dark in even steps of brightness.

    Told apart by colour-blind readers and in grey.

    Examples
    --------
    >>> len(shades(4)), shades(1) == shades(4)[-1:]
    (4, True)
    """
    return [colormaps["viridis"](x) for x in np.linspace(0.0, 0.85, count)[::-1]]


def plain_log_ticks(axis: Axis) -> None:
    """Tick a logarithmic axis over less than two decades at round and plain numbers.

    Over more it keeps its decades.
    """
    low, high = np.sort(axis.get_view_interval())
    if low < 1e-3 or high > 1e5 or high >= 100 * low:
        return
    if high < 3 * low:
        axis.set_major_locator(MaxNLocator(5))
    else:
        decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        digits = (1, 2, 3, 4, 6, 8) if high < 10 * low else (1, 2, 5)
        ticks = np.outer(decades, digits).ravel()
        axis.set_major_locator(FixedLocator(ticks[(ticks >= low) & (ticks <= high)].tolist()))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


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
