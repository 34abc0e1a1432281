"""Figure 2 in numbers: the panels across the three boundaries, and the width exponent.

Across a boundary each panel is averaged along the line moved by an offset in gamma_w
(interpolated linearly between cells).  At a fixed threshold ``c = d^tau`` the largest distance
of gradient descent from the self-consistent dynamics is fitted as a power of the width, for
``w >= FROM d``.  The fluctuations of C1 and C2 are of relative size ``sqrt(d/w)``: below the
infinite-noise line they act on a matrix of the size of the target, so the exponent should be
-1/2 (in the scheme ``exact``: Euler steps add a distance that no width takes away); above it on the
initial matrix, of entries ``c/sqrt(w)``, so it should be -1.
"""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from numerics.phase_diagram.scheme import scheme_of
from verify.figures.figure2_boundaries import boundary_lines
from verify.figures.figure2_panels import PANELS
from verify.measurements.power_fits import MINIMUM_SIZES, Fit, fit_exponent

__all__ = ["across_boundary", "figure2_report", "width_exponent"]

OFFSETS = (-0.6, -0.3, 0.0, 0.3, 0.6)

#: Thresholds tau and the side of the infinite-noise line (gamma_w above or below 2 tau).
THRESHOLDS = (
    (-0.5, "below"),
    (0.0, "below"),
    (0.5, "below"),
    (1.0, "below"),
    (1.4, "above"),
    (2.0, "above"),
)
EXPECTED = {"below": -0.5, "above": -1.0}

#: The power law in the width is fitted from this multiple of d on.
FROM = 4.0
POINTS = 61


def across_boundary(data: xr.Dataset, name: str, offset: float) -> list[float]:
    """Return the panels' means along a boundary that is moved by an offset in gamma_w.

    The active/lazy line counts below the infinite-noise line and for gamma_w > 1, the
    infinite-noise line for gamma_w > 1, as in the paper's theorems; NaN where none of the moved
    line is left on the grid.
    """
    x = np.linspace(float(data.gamma_sigma2[0]), float(data.gamma_sigma2[-1]), POINTS)
    height = boundary_lines()[name].height(x, data.attrs["d"], data.attrs["rank"])
    y = height + offset
    kept = (y >= float(data.gamma_w[0])) & (y <= float(data.gamma_w[-1]))
    if name != "underparameterised":
        kept &= height > 1
    if name == "active / lazy":
        kept &= 2 * x + height < 0
    if not kept.any():
        return [math.nan] * len(PANELS)
    points = {"gamma_sigma2": ("point", x[kept]), "gamma_w": ("point", y[kept])}
    moved = (_averaged(panel.values(data), data).interp(points) for panel in PANELS)
    return [float(values.mean()) for values in moved]


def width_exponent(data: xr.Dataset, tau: float, side: str = "below") -> Fit | None:
    """Fit ``max_distance`` as a power of the width along ``gamma_sigma2 + gamma_w = tau``.

    Only on one side of the infinite-noise line, where ``gamma_w`` is above 2 tau ("below" the
    line) or under it ("above").  None where fewer than four widths of the grid lie there and
    above ``FROM d``, or where a distance is missing.
    """
    widths = data.gamma_w.values[data.width.values >= FROM * data.attrs["d"]]
    low, high = float(data.gamma_sigma2[0]), float(data.gamma_sigma2[-1])
    widths = widths[(tau - widths >= low) & (tau - widths <= high)]
    widths = widths[(widths > 2 * tau) == (side == "below")]
    if widths.size < MINIMUM_SIZES:
        return None
    points = {"gamma_sigma2": ("point", tau - widths), "gamma_w": ("point", widths)}
    logarithms = _averaged(np.log(data.max_distance), data).interp(points)
    if not np.isfinite(logarithms).all():
        return None
    return fit_exponent(data.attrs["d"] ** widths, np.exp(logarithms.values), level=0.05)


def figure2_report(data: xr.Dataset, prediction: xr.Dataset | None = None) -> str:
    """Return the tables for the terminal."""
    lines = [_counts(data), scheme_of(data.attrs), ""]
    for name, line in boundary_lines().items():
        lines.append(f"across {name} ({line.equation})")
        lines.append(f"{'offset in gamma_w':>22}" + "".join(f"{x:>10.1f}" for x in OFFSETS))
        table = np.array([across_boundary(data, name, offset) for offset in OFFSETS]).T
        for panel, row in zip(PANELS, table, strict=True):
            lines.append(f"{panel.name:>22}" + "".join(_cell(x) for x in row))
        lines.append("")
    if data.attrs.get("scheme", "exact") == "exact":
        lines += _width_exponents(data)
    else:
        lines.append("max_distance has a share of the step: scheme exact gives its width exponent")
    if prediction is not None:
        lines += ["", *_agreement(data, prediction)]
    return "\n".join(lines)


def _width_exponents(data: xr.Dataset) -> list[str]:
    lines = [f"max_distance ~ w^a at fixed threshold d^tau, w >= {FROM:g} d"]
    for tau, side in THRESHOLDS:
        fit = width_exponent(data, tau, side)
        if fit is not None:
            lines.append(
                f"  tau = {tau:5.2f}, {side} infinite noise:  a = {fit.exponent:.3f} +- "
                f"{fit.halfwidth:.3f}  (expected {EXPECTED[side]:g})"
            )
    return lines


def _counts(data: xr.Dataset) -> str:
    names = data.stop_reason.attrs["flag_meanings"].split()
    counts = np.bincount(data.stop_reason.values.ravel(), minlength=len(names))
    told = ", ".join(f"{count} {name}" for name, count in zip(names, counts, strict=True) if count)
    return f"{data.status.size} cells, ended by: {told}"


def _agreement(data: xr.Dataset, prediction: xr.Dataset) -> list[str]:
    """Return how far the prediction is off, by its own status."""
    lines = ["|trained - predicted|, median and 95 % quantile over the cells"]
    valid = prediction.status == 0
    for panel in PANELS:
        gap = abs(_averaged(panel.values(data), data) - panel.values(prediction))
        for where, name in ((valid, "valid"), (~valid, "outside")):
            found = gap.where(where).values
            found = found[np.isfinite(found)]
            if found.size:
                median, far = np.quantile(found, (0.5, 0.95))
                lines.append(f"{panel.name:>22}  {name:8}{median:10.3g}{far:10.3g}  ({found.size})")
    return lines


def _averaged(values: xr.DataArray, data: xr.Dataset) -> xr.DataArray:
    return values.where(data.status == 0).mean("replicate")


def _cell(value: float) -> str:
    return f"{value:>10.3g}" if np.isfinite(value) else f"{'-':>10}"
