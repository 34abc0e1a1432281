"""Panels of Figure 2 over the plane of exponents: what they show, and the boundaries in them.

A panel draws one quantity of a dataset on (gamma_sigma2, gamma_w), trained or predicted: filled
contours, the paper's contour lines, its three boundaries, and cells without a value crossed out.
The boundaries are those of :mod:`verify.figures.figure2_boundaries`.  Nothing is computed here but
positions on the page.

Colours are readable without colour vision and in grey: viridis, and purple to orange for
differences.
Source: Tu, Aranguri and Jacot 2024, figure 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from numerics.support.object_validation import check_dataset, check_instance
from numerics.support.validation import check_vector
from theory.wording import shown
from verify.figures.figure2_boundaries import draw_paper_boundaries

__all__ = ["PANELS", "Panel", "draw_difference", "draw_panel"]

#: Intervals of colour.
LEVELS = 20


@dataclass(frozen=True)
class Panel:
    """What a panel shows.

    Attributes
    ----------
    name : str
        In a few words, for tables.
    title, label : str
        Above the panel, and beside its colour bar.
    contours : tuple of float
        The paper's contour lines.
    limits : tuple of float
        Range of the colours.
    values : callable
        The quantity of a dataset, on the grid and any replicates.
    ticks : tuple of float
        Of the colour bar; chosen by matplotlib where there are none.
    """

    name: str
    title: str
    label: str
    contours: tuple[float, ...]
    limits: tuple[float, float]
    values: Callable[[xr.Dataset], xr.DataArray]
    ticks: tuple[float, ...] = ()


#: Panels of a phase diagram; the distance is squared and per entry, like the paper's contours.
PANELS = (
    Panel(
        "smallest test error",
        "Smallest test error of the run",
        "mean squared error of an entry",
        (0.25, 0.5, 0.75),
        (0.0, 1.0),
        lambda data: data.min_test_error,
        (0.0, 0.25, 0.5, 0.75, 1.0),
    ),
    Panel(
        "stable rank",
        "Stable rank at that moment",
        r"$\|A\|_F^2/\|A\|_{op}^2$",
        (3.0, 5.0, 7.0),
        (1.0, 9.0),
        lambda data: data.stable_rank,
        (1.0, 3.0, 5.0, 7.0, 9.0),
    ),
    Panel(
        "iterations",
        "Iterations until that moment",
        "iterations",
        (100.0, 200.0, 300.0),
        (0.0, 600.0),
        lambda data: data.iterations.astype(float),
        (0.0, 100.0, 200.0, 300.0, 400.0, 500.0, 600.0),
    ),
    Panel(
        "ln distance^2/d^2",
        "Largest distance of gradient descent\nfrom the self-consistent dynamics",
        r"$\ln(\max_t\|A-A_{sc}\|_F^2/d^2)$",
        (-7.0, -4.0, 0.0),
        (-16.0, 4.0),
        lambda data: 2 * np.log(data.max_distance / data.attrs["d"]),
        (-16.0, -12.0, -8.0, -4.0, 0.0, 4.0),
    ),
)


def draw_panel(
    data: xr.Dataset,
    panel: Panel,
    axes: Axes,
    *,
    limits: tuple[float, float] | None = None,
    valid: xr.DataArray | None = None,
) -> Axes:
    """Draw one panel of Figure 2: contours, boundaries, and cells without a value.

    Parameters
    ----------
    data : xarray.Dataset
        On (gamma_sigma2, gamma_w), with ``status`` and any replicates, and the attributes ``d``
        and ``rank``.
    panel : Panel
        Which of its quantities.
    axes : matplotlib Axes
        Where to draw; a colour bar is added beside them.
    limits : (float, float), optional
        Range of the colours; the panel's if left out.
    valid : xarray.DataArray, optional
        Where on the plane the values hold: contours, and arrows of the colour bar, are those of
        these cells alone.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from numerics.prediction.grid import predict_grid
    >>> data = predict_grid([-2.0, -1.5, -1.0], [1.0, 1.5, 2.0], d=100)
    >>> draw_panel(data, PANELS[0], Figure().subplots()).get_title()
    'Smallest test error of the run'
    """
    _check_plane("data", data, ("d", "rank"))
    check_instance("panel", panel, Panel, "PANELS")
    check_instance("axes", axes, Axes)
    ends = panel.limits if limits is None else _checked_limits(limits)
    values = _plane(_quantity(panel, data), data)
    if min(values.shape) < 2:
        raise ValueError(
            "data must have at least 2 x 2 cells, got "
            f"{values.sizes['gamma_sigma2']} x {values.sizes['gamma_w']}"
        )
    if np.isnan(values).all():
        return _no_values(panel, axes)
    seen = _seen(values, valid)
    ticks = panel.ticks if limits is None else ()
    levels = np.linspace(ends[0], ends[1], LEVELS + 1)
    _fill(values, seen, levels, "viridis", panel.label, axes, ticks)
    inside = [x for x in panel.contours if np.nanmin(seen) < x < np.nanmax(seen)]
    if inside:
        lines = axes.contour(
            seen.gamma_sigma2,
            seen.gamma_w,
            seen,
            levels=inside,
            colors="white",
            linewidths=1.0,
            linestyles="solid",
        )
        for text in _apart(axes.clabel(lines, fmt="%g", fontsize=8, inline=False), axes):
            text.set_path_effects([withStroke(linewidth=2, foreground="black")])
    return _finish(values, panel, axes, data)


def draw_difference(
    data: xr.Dataset,
    prediction: xr.Dataset,
    panel: Panel,
    axes: Axes,
    *,
    valid: xr.DataArray | None = None,
) -> Axes:
    """Draw the difference of two datasets in one panel's quantity, zero in the middle.

    The range of the colours is that of the cells that are ``valid``, of all if left out.
    """
    values = _plane(panel.values(data), data)
    values = values - _plane(panel.values(prediction), prediction)
    if np.isnan(values).all():
        return _no_values(panel, axes)
    seen = _seen(values, valid)
    # The range of nearly all cells; a few far out, where a prediction ends, would hide the rest.
    spread = _rounded_up(float(np.nanquantile(np.abs(seen), 0.95)) or 1.0)
    # An odd number of colours, the middle one around zero.
    levels = np.linspace(-spread, spread, LEVELS + 2)
    ticks = (-spread, -spread / 2, 0.0, spread / 2, spread)
    _fill(values, seen, levels, "PuOr", panel.label, axes, ticks)
    return _finish(values, panel, axes, data)


def _check_plane(name: str, data: xr.Dataset, settings: tuple[str, ...] = ()) -> None:
    plane = ("gamma_sigma2", "gamma_w")
    check_dataset(name, data, "a sweep of SweepPlan or predict_grid", {"status": plane}, settings)


def _quantity(panel: Panel, data: xr.Dataset) -> xr.DataArray:
    try:
        return panel.values(data)
    except AttributeError as error:
        raise ValueError(f"data must have what {panel.name} needs, got {error}") from None


def _checked_limits(limits: ArrayLike) -> NDArray[np.float64]:
    found = check_vector("limits", limits)
    if found.size != 2 or found[0] >= found[1]:
        raise ValueError(f"limits must be two increasing numbers, got {found.tolist()[:3]}")
    return found


def _seen(values: xr.DataArray, valid: xr.DataArray | None) -> xr.DataArray:
    """Return the values of the valid cells; all of them where none is valid."""
    if valid is None:
        return values
    plane = {"gamma_w", "gamma_sigma2"}
    if not isinstance(valid, xr.DataArray) or {*valid.dims} != plane or valid.dtype != bool:
        raise TypeError(
            f"valid must be a boolean DataArray over {', '.join(sorted(plane))}, got {shown(valid)}"
        )
    kept = values.where(valid.transpose("gamma_w", "gamma_sigma2").values)
    return values if np.isnan(kept).all() else kept


def _fill(
    values: xr.DataArray,
    seen: xr.DataArray,
    levels: NDArray[np.float64],
    colours: str,
    label: str,
    axes: Axes,
    ticks: tuple[float, ...] = (),
) -> None:
    """Fill the plane, and draw its colour bar with arrows for what is seen beyond its ends."""
    low, high = np.nanmin(seen) < levels[0], np.nanmax(seen) > levels[-1]
    names = {(False, False): "neither", (True, False): "min", (False, True): "max"}
    extend = names.get((bool(low), bool(high)), "both")
    # Values beyond the ends that are not valid take the colour of the end.
    within = values.clip(None if low else levels[0], None if high else levels[-1])
    filled = axes.contourf(
        values.gamma_sigma2, values.gamma_w, within, levels=levels, cmap=colours, extend=extend
    )
    bar = axes.figure.colorbar(filled, ax=axes, label=label)
    bar.set_ticks(list(ticks) if ticks else MaxNLocator(5))
    bar.ax.tick_params(labelsize=8)


def _apart(texts: Sequence[Text], axes: Axes) -> list[Text]:
    """Remove labels that overlap an earlier one or leave the axes, and return the others."""
    kept: list[Text] = []
    frame = axes.get_window_extent()
    for text in texts:
        # The final layout may be a little tighter.
        box = text.get_window_extent().expanded(1.2, 1.4)
        inside = frame.x0 <= box.x0 and box.x1 <= frame.x1
        inside &= bool(frame.y0 <= box.y0 and box.y1 <= frame.y1)
        if not inside or any(box.overlaps(x.get_window_extent()) for x in kept):
            text.remove()
        else:
            kept.append(text)
    return kept


def _rounded_up(spread: float) -> float:
    """Return a number not below another whose half has one digit, for short ticks."""
    unit = 10.0 ** np.floor(np.log10(spread / 2))
    return float(2 * unit * np.ceil(spread / 2 / unit))


def _finish(values: xr.DataArray, panel: Panel, axes: Axes, data: xr.Dataset) -> Axes:
    x, y = values.gamma_sigma2.values, values.gamma_w.values
    absent = np.argwhere(np.isnan(values.values))
    axes.plot(x[absent[:, 1]], y[absent[:, 0]], "x", color="black", markersize=4)
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    axes.set(xlabel=r"$\gamma_{\sigma^2}=\log_d\sigma^2$", ylabel=r"$\gamma_w=\log_d w$")
    axes.set_title(panel.title, fontsize=10)
    return draw_paper_boundaries(axes, int(data.attrs["d"]), int(data.attrs["rank"]))


def _no_values(panel: Panel, axes: Axes) -> Axes:
    axes.set_title(f"{panel.title}: no values", fontsize=10)
    axes.set_axis_off()
    return axes


def _plane(values: xr.DataArray, data: xr.Dataset) -> xr.DataArray:
    """Return finite values of sound cells, rows along gamma_w, replicates averaged."""
    if "replicate" in values.dims:
        values = values.where(data.status == 0).mean("replicate")
    return values.where(np.isfinite(values)).transpose("gamma_w", "gamma_sigma2")
