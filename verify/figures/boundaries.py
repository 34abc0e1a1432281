"""The exponent plane as a figure: regimes named, boundaries labelled, test error as colour.

Nothing is computed here but positions on the page; the dataset is
:func:`numerics.regimes.exponent_plane.exponent_plane`.  Colours are those of Okabe and Ito (2008);
the colour of the plane darkens steadily as the test error falls, and each kind of line has a style
of its own, so that the figure reads in grey.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.typing import LineStyleType
from numpy.typing import NDArray

from numerics.support.object_validation import check_dataset, check_instance
from verify.figures.label_placement import Page
from verify.figures.style import RESOLUTION, PlainFigure

__all__ = ["draw_boundaries", "draw_boundary_lines", "draw_exponent_plane"]

#: From a light sky blue, where the error falls fastest with d, to white.
COLOUR_MAP = LinearSegmentedColormap.from_list("error", ("#8ECDF1", "#FFFFFF"))

#: Colour, line style and width: boundaries of regimes, the paper's and ours, and of error or time.
LIMIT_STYLES: dict[str, tuple[str, LineStyleType, float]] = {
    "paper": ("#000000", "-", 1.8),
    "ours": ("#D55E00", (0, (6, 2)), 1.6),
    "error": ("#0072B2", (0, (1, 1.5)), 1.6),
    "time": ("#000000", (0, (7, 2, 1, 2, 1, 2)), 1.0),
}
FINITE_STYLE: tuple[str, LineStyleType, float] = ("#009E73", (0, (4, 1.5, 1, 1.5)), 1.0)
KINDS = {
    "paper": "boundary of the paper",
    "ours": "boundary of regimes, ours",
    "error": "another term limits the error",
    "time": "another term sets the time to it",
}

#: What the second line of a region says, of the terms of theory.regimes.quantities.
TERMS = {
    "spike estimation": "noise in the learned singular vectors of the signal",
    "fitted noise": "noise learned by the time the signal is",
    "initial matrix": "what is left of A(0)",
    "signal beyond width": "signal that fewer than k units cannot hold",
    "missing signal": "signal not learned (A = 0)",
    "noise": "all the noise, learned in the end (A = Y)",
    "undetected signal": "signal lost under the noise",
}

LABEL_SIZE = 8.5

#: Share of the axes below which a boundary at finite d is its limit; it may be too short as well.
APART, SHORT = 0.02, 0.05


def draw_boundaries(data: xr.Dataset) -> Figure:
    """Draw the exponent plane of a dataset of ``exponent_plane`` as a figure of its own."""
    # Texts that are measured at the resolution of the file need not be set again for it.
    figure = PlainFigure(figsize=(9.6, 8.2), layout="constrained", dpi=RESOLUTION)
    draw_exponent_plane(data, figure.subplots())
    # Labels were placed in this layout.
    figure.set_layout_engine(None)
    return figure


def draw_exponent_plane(data: xr.Dataset, axes: Axes) -> Axes:
    """Draw the boundaries of the exponent plane, its regimes and the exponent of the test error.

    Parameters
    ----------
    data : xarray.Dataset
        From :func:`numerics.regimes.exponent_plane.exponent_plane`.
    axes : matplotlib Axes
        Where to draw; a colourbar is added beside them.

    Examples
    --------
    >>> from numerics.regimes.exponent_plane import exponent_plane
    >>> axes = draw_exponent_plane(exponent_plane(points=29), PlainFigure().subplots())
    >>> axes.get_title().split(",")[0]
    'Signal $d^p$'
    """
    needed: dict[str, tuple[str, ...]] = {
        **dict.fromkeys(("min_test_error", "region_number"), ("gamma_sigma2", "gamma_w")),
        **dict.fromkeys(("boundary_gamma_sigma2", "boundary_gamma_w"), ("boundary",)),
        "region_regime": ("region",),
    }
    if isinstance(data, xr.Dataset) and "finite_boundary" in data.dims:
        finite = ("finite_boundary_gamma_sigma2", "finite_boundary_gamma_w")
        needed |= dict.fromkeys(finite, ("finite_boundary",))
    check_dataset("data", data, "exponent_plane", needed, ("p", "q"))
    check_instance("axes", axes, Axes)
    error = data.min_test_error
    image = axes.pcolormesh(
        data.gamma_sigma2,
        data.gamma_w,
        error.transpose("gamma_w", "gamma_sigma2"),
        cmap=COLOUR_MAP,
        shading="nearest",
        rasterized=True,
        vmin=float(error.min()),
        vmax=max(0.0, float(error.max())),
    )
    bar = axes.figure.colorbar(image, ax=axes, pad=0.02, fraction=0.05)
    bar.set_label(r"$E$, smallest test error per entry $\sim d^{\,E}$")
    axes.set(
        xlabel=r"$\gamma_{\sigma^2}$  (initial variance $\sigma^2=d^{\gamma_{\sigma^2}}$)",
        ylabel=r"$\gamma_w$  (width $w=d^{\gamma_w}$)",
        xlim=(float(data.gamma_sigma2[0]), float(data.gamma_sigma2[-1])),
        ylim=(float(data.gamma_w[0]), float(data.gamma_w[-1])),
        title=_title(data),
    )
    return draw_boundary_lines(data, axes, labels=True)


def draw_boundary_lines(data: xr.Dataset, axes: Axes, *, labels: bool = False) -> Axes:
    """Draw the boundaries alone, in the limit and, where the data have it, at finite d.

    Parameters
    ----------
    data : xarray.Dataset
        From :func:`numerics.regimes.exponent_plane.exponent_plane`.
    axes : matplotlib Axes
        With the exponents as coordinates.
    labels : bool
        Whether to name the regions, to write each equation along its line, and a legend.
    """
    handles = {}
    lines = []
    for index in range(data.sizes["boundary"]):
        one = data.isel(boundary=index)
        kind = one.boundary_sets.item() or one.boundary_source.item()
        colour, style, width = LIMIT_STYLES[kind]
        line = np.array([one.boundary_gamma_sigma2, one.boundary_gamma_w])
        if not np.isfinite(line).all(axis=0).any():
            continue
        axes.plot(*line, color=colour, linestyle=style, linewidth=width, zorder=3)
        handles[KINDS[kind]] = Line2D([], [], color=colour, linestyle=style, linewidth=width)
        lines.append((line, str(one.boundary_equation.item())))
    finite: list[tuple[NDArray[np.float64], str]] = []
    if "finite_boundary" in data.dims:
        colour, style, width = FINITE_STYLE
        finite = _visible_finite_lines(data)
        for line, _ in finite:
            axes.plot(*line, color=colour, linestyle=style, linewidth=width, zorder=2.5)
        name = (
            rf"named boundary at $d={data.attrs['d']:g}$, $k={data.attrs['k']:g}$, "
            "if apart from its limit"
        )
        handles[name] = Line2D([], [], color=colour, linestyle=style, linewidth=width)
    if labels:
        axes.figure.legend(
            handles.values(),
            handles.keys(),
            loc="outside lower center",
            ncols=2,
            frameon=False,
            fontsize=9,
            title=_terms(data),
            title_fontsize=9,
        )
        page = Page(axes)
        for line, _ in lines:
            page.add_line(line)
        for line, _ in finite:
            page.add_line(line, may_cross=True)
        _name_regions(data, page)
        for line, equation in sorted(lines, key=lambda x: np.isfinite(x[0][0]).sum()):
            page.label_line(line, f"${equation}$", fontsize=LABEL_SIZE)
        for line, name in finite:
            page.label_line(line, name, fontsize=LABEL_SIZE - 1, color=FINITE_STYLE[0])
    return axes


def _visible_finite_lines(data: xr.Dataset) -> list[tuple[NDArray[np.float64], str]]:
    """Return the boundaries at finite d, with names, that are seen beside their limits."""
    span = np.array([np.ptp(data.gamma_sigma2.values), np.ptp(data.gamma_w.values)])[:, None]
    limits = {
        str(one.boundary.item()): np.array([one.boundary_gamma_sigma2, one.boundary_gamma_w]) / span
        for one in (data.isel(boundary=k) for k in range(data.sizes["boundary"]))
    }
    found = []
    for index in range(data.sizes["finite_boundary"]):
        one = data.isel(finite_boundary=index)
        name = str(one.finite_boundary.item())
        line = np.array([one.finite_boundary_gamma_sigma2, one.finite_boundary_gamma_w])
        seen = (line / span)[:, np.isfinite(line).all(axis=0)]
        if seen.size == 0 or np.hypot(*np.ptp(seen, axis=1)) < SHORT:
            continue
        limit = limits.get(name, np.full((2, 1), np.nan))
        limit = limit[:, np.isfinite(limit).all(axis=0)]
        if limit.size:
            # Every tenth point of a smooth line is enough to tell whether it is elsewhere.
            gaps = np.hypot(*(seen[:, ::10, None] - limit[:, None, :])).min(axis=1)
            if gaps.max() < APART:
                continue
        found.append((line, name))
    return found


def _terms(data: xr.Dataset) -> str:
    """Say what the terms mean that set the smallest test error in the regions of the plane."""
    there = dict.fromkeys(str(x) for x in data.region_limited_by.values)
    told = [f"{name}: {TERMS[name]}" for name in TERMS if name in there]
    rows = ["; ".join(told[k : k + 2]) for k in range(0, len(told), 2)]
    return "\n".join(
        ["In each region: regime, the term that sets the smallest test error, exponent E.", *rows]
    )


def _name_regions(data: xr.Dataset, page: Page) -> None:
    """Write regime, limiting term and exponent into each region that has room for them."""
    x, y = np.meshgrid(data.gamma_sigma2, data.gamma_w, indexing="ij")
    for index in range(data.sizes["region"]):
        one = data.isel(region=index)
        inside = data.region_number.values == index
        name, term = one.region_regime.item(), one.region_limited_by.item()
        exponent = rf"$E={one.region_exponent.item()}$"
        full = (f"{name}\n{term}\n{exponent}", f"{name}: {term}\n{exponent}")
        short = (f"{name}\n{term}", f"{name}\n{exponent}", name)
        texts = [(text, size) for size in (9.5, 8.5, 7.5) for text in full]
        texts += [(text, size) for text in short for size in (8.5, 7.5)]
        page.write_inside(x[inside], y[inside], texts)


def _title(data: xr.Dataset) -> str:
    values = {"p": "p", "q": "q", "kappa": r"\kappa", "gap": r"\Delta\gamma"}
    given = [
        rf"${symbol}={data.attrs[name]:g}$"
        for name, symbol in values.items()
        if name != "gap" or data.attrs[name]
    ]
    return "Signal $d^p$, noise entries $d^q$, rank $d^{\\kappa}$: " + ", ".join(given)
