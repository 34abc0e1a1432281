"""Boundaries of the exponent plane as lines: their limit, and their place at finite d.

In the limit the ratio of the two quantities that tie is ``d^ratio_exponent``, which is linear
in gamma_sigma2, so a boundary is solved exactly at each gamma_w.  At finite d the line is where the
logarithm of the ratio changes sign, with the constants of :mod:`theory.regimes.quantities` and with
L of the waiting time.

Holds for equal or unequal layers in the limit; at finite d for layers of one variance, w >> d, and
equal singular values of the signal.
Source: :func:`theory.regimes.boundaries.boundaries`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import scipy.special
import sympy as sp
import xarray as xr
from numpy.typing import NDArray

from theory.regimes import quantities as of
from theory.regimes.boundaries import Boundary, boundaries
from theory.regimes.minimal_error import sweet_spot_logarithm
from theory.regimes.regime import Regime
from theory.regimes.scales import Quantity, d, gamma_sigma2, gamma_w, sigma1, sigma2
from theory.symbols import TABLE, w

__all__ = ["boundary_lines", "finite_lines", "latex"]

#: Exponents that differ by less count as equal.
SAME = 1e-9

#: Distance to either side of a line at which the terms that set the error are compared.
ASIDE = 1e-6

#: Points along a line.
POINTS = 601

Array = NDArray[np.float64]
Point = tuple[Array, Array]
Range = tuple[float, float]


def boundary_lines(
    ranges: tuple[Range, Range],
    task: Mapping[sp.Symbol, sp.Rational],
    regime_at: Callable[[Array, Array], Regime],
) -> xr.Dataset:
    """Return the boundaries in the limit, on (boundary, point).

    A line is nan outside the ranges and where it is no boundary; one that sets the error or its
    time is there where it does so.  What coincides with a boundary of regimes is left out, and
    so is what the ranges do not reach.

    Parameters
    ----------
    ranges : ((float, float), (float, float))
        Of gamma_sigma2 and gamma_w.
    task : mapping
        p, q, kappa and gap as exact numbers.
    regime_at : callable
        Regimes of arrays of points.
    """
    rows: list[tuple[Boundary, sp.Eq, Array]] = []
    drawn: set[sp.Basic] = set()
    for boundary in boundaries():
        equation = boundary.equation.xreplace(task)
        if equation in drawn | {sp.true, sp.false} or not boundary.where.xreplace(task):
            continue
        drawn.add(equation)
        line = _limit_line(boundary, equation, ranges, task)
        there = _inside(line, ranges) & _on_side(boundary, line[1])
        if boundary.sets:
            there &= _counts(boundary, line, task, regime_at)
        if np.count_nonzero(there) > 1:
            rows.append((boundary, equation, np.where(there, line, np.nan)))
    return _dataset("boundary", rows)


def finite_lines(ranges: tuple[Range, Range], at: Mapping[sp.Symbol, float]) -> xr.Dataset:
    """Return the boundaries at finite d, on (finite_boundary, point).

    Those of narrow networks and of the missing signal are left out: their constants are not
    known.

    Parameters
    ----------
    ranges : ((float, float), (float, float))
        Of gamma_sigma2 and gamma_w.
    at : mapping
        d, k, theta and tau.
    """
    rows = []
    terms = (of.spike_estimation(), of.fitted_noise(), of.initial_matrix())
    for boundary in boundaries():
        known = boundary.sets == "error" and {boundary.first.name, boundary.second.name} <= {
            term.name for term in terms
        }
        in_plane = boundary.ratio_exponent.has(gamma_sigma2) or boundary.ratio_exponent.has(gamma_w)
        if boundary.side == "narrow" or not in_plane or not (known or not boundary.sets):
            continue
        along = 1 if boundary.equation.lhs == gamma_w else 0
        line = _zero_line(_log_ratio(boundary.first, boundary.second, at), ranges, along)
        there = _inside(line, ranges) & _on_side(boundary, line[1])
        if boundary.sets:
            there &= (line[1] >= 1) & _largest(boundary, terms, line, at)
        if np.count_nonzero(there) > 1:
            rows.append((boundary, boundary.finite(), np.where(there, line, np.nan)))
    return _dataset("finite_boundary", rows)


def _limit_line(
    boundary: Boundary, equation: sp.Eq, ranges: tuple[Range, Range], task: Mapping
) -> Point:
    """Solve the tie at each gamma_w, or for gamma_w where gamma_sigma2 does not enter."""
    if equation.lhs == gamma_w:
        return np.linspace(*ranges[0], POINTS), np.full(POINTS, float(equation.rhs))
    heights = np.linspace(*ranges[1], POINTS)
    ratio_exponent = _function(boundary.ratio_exponent.xreplace(task))
    at_0, at_1 = (ratio_exponent(np.full(POINTS, x), heights) for x in (0.0, 1.0))
    return at_0 / (at_0 - at_1), heights


def _inside(line: Point, ranges: tuple[Range, Range]) -> NDArray[np.bool_]:
    (left, right), (bottom, top) = ranges
    within = (line[0] >= left - SAME) & (line[0] <= right + SAME)
    return within & (line[1] >= bottom - SAME) & (line[1] <= top + SAME)


def _on_side(boundary: Boundary, heights: Array) -> NDArray[np.bool_]:
    if boundary.side == "wide":
        return heights >= 1
    return heights <= 1 if boundary.side == "narrow" else np.ones(heights.shape, bool)


def _counts(
    boundary: Boundary, line: Point, task: Mapping, regime_at: Callable[[Array, Array], Regime]
) -> NDArray[np.bool_]:
    """Return where the tied terms set the error (or its time), and another one on either side."""
    x, y = line[0], np.maximum(line[1], 0)
    # gamma_sigma2 alone moves a point across every line but a horizontal one.
    steps = (0, ASIDE) if np.ptp(y) == 0 else (ASIDE, 0)
    here, below, above = (
        regime_at(x + sign * steps[0], np.maximum(y + sign * steps[1], 0)) for sign in (0, -1, 1)
    )
    term = _function(boundary.first.scale.exponent.xreplace(task))(x, y)
    if boundary.sets == "time":
        return np.abs(here.time_to_minimum.exponent - term) < SAME
    return (np.abs(here.min_test_error.exponent - term) < SAME) & (
        below.limited_by != above.limited_by
    )


def _log_ratio(
    first: Quantity, second: Quantity, at: Mapping[sp.Symbol, float]
) -> Callable[[Array, Array], Array]:
    """Return log_d of the ratio of two quantities at finite d, layers of one variance."""
    logarithm = sp.log(first.expression) - sp.log(second.expression)
    equal = {sigma1: d ** (gamma_sigma2 / 2), sigma2: d ** (gamma_sigma2 / 2), w: d**gamma_w}
    logarithm = logarithm.subs(of.L, sweet_spot_logarithm()).subs(equal) / sp.log(d)
    return _function(logarithm.subs({x: sp.Float(value) for x, value in at.items()}))


def _function(expression: sp.Expr) -> Callable[[Array, Array], Array]:
    lambert = {"LambertW": lambda x: scipy.special.lambertw(x).real}
    function = sp.lambdify((gamma_sigma2, gamma_w), expression, [lambert, "numpy"])
    return lambda x, y: np.broadcast_to(function(x, y), np.broadcast_shapes(x.shape, y.shape))


def _zero_line(
    function: Callable[[Array, Array], Array], ranges: tuple[Range, Range], along: int
) -> Point:
    """Find the first change of sign along one axis, at each point of the other one."""
    axes = [np.linspace(*limits, POINTS) for limits in ranges]
    values = function(axes[0][:, None], axes[1][None, :])
    values = values if along == 0 else values.T
    moving, fixed = axes[along], axes[1 - along]
    change = np.sign(values[:-1]) * np.sign(values[1:]) <= 0
    index, column = change.argmax(axis=0), np.arange(POINTS)
    low, high = values[index, column], values[index + 1, column]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(low == high, 0.5, low / (low - high))
    crossing = moving[index] + share * (moving[1] - moving[0])
    found = np.where(change.any(axis=0), crossing, np.nan)
    return (found, fixed) if along == 0 else (fixed, found)


def _largest(
    boundary: Boundary, terms: Sequence[Quantity], line: Point, at: Mapping[sp.Symbol, float]
) -> NDArray[np.bool_]:
    """Return where the two terms of a boundary exceed the third, below the noise."""
    names = (boundary.first.name, boundary.second.name)
    (third,) = (term for term in terms if term.name not in names)
    return (
        (_log_ratio(boundary.second, third, at)(*line) > -SAME)
        & (_log_ratio(of.noise_variance(), boundary.second, at)(*line) > 0)
        & (_log_ratio(of.signal(), of.threshold(), at)(*line) > 0)
    )


def latex(expression: sp.Basic) -> str:
    """Return LaTeX fit for a line of a figure, with short fractions."""
    names = {entry.symbol: entry.latex for entry in TABLE.values()}
    return sp.latex(expression, fold_short_frac=True, symbol_names=names)


def _dataset(dimension: str, rows: Sequence[tuple[Boundary, sp.Eq, Array]]) -> xr.Dataset:
    """Return lines as a dataset; names, equations and sources are coordinates."""
    prefix = dimension.removesuffix("boundary")
    lines = np.array([line for *_, line in rows]).reshape(len(rows), 2, POINTS)
    text = {
        "equation": [latex(equation) for _, equation, _ in rows],
        "source": [boundary.source for boundary, *_ in rows],
        "sets": [boundary.sets for boundary, *_ in rows],
        "changes": [boundary.changes for boundary, *_ in rows],
    }
    return xr.Dataset(
        {
            f"{prefix}boundary_gamma_sigma2": ((dimension, "point"), lines[:, 0]),
            f"{prefix}boundary_gamma_w": ((dimension, "point"), lines[:, 1]),
        },
        coords={dimension: [boundary.name for boundary, *_ in rows]}
        | {f"{prefix}boundary_{name}": (dimension, values) for name, values in text.items()},
    )
