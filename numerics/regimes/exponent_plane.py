"""The exponent plane on arrays: regimes and exponents of :mod:`theory.regimes.boundaries`.

``sigma^2 = d^gamma_sigma2``, ``w = d^gamma_w``, signal ``theta = d^p``, noise entries ``d^q``, rank
``d^kappa``; layers of exponents ``gamma_sigma2 +- gap/2``.  A thin evaluator: every formula is
generated from theory.

Holds as in :mod:`theory.regimes.boundaries`.
Source: Tu, Aranguri and Jacot 2024 for the plane; see :func:`theory.regimes.boundaries.boundaries`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import label

from numerics.kernels.derived import stored
from numerics.kernels.evaluate import evaluate
from numerics.regimes import plane_formulas as formulas
from numerics.regimes.boundary_lines import boundary_lines, finite_lines
from numerics.support.descriptions import describe
from numerics.support.validation import (
    check_dimension,
    check_finite,
    check_numbers,
    check_positive,
    check_vector,
)
from theory.regimes.regime import NAMES, Regime
from theory.regimes.scales import Scale

__all__ = ["exponent_plane", "regime"]

#: Largest exponent: products of them with logarithms stay far inside the floats.
LARGEST_EXPONENT = 1e6

#: The exponents of the task, with the paper's values.
TASK = {"p": 1.0, "q": 0.0, "kappa": 0.0, "gap": 0.0}

MEANINGS = {
    "min_test_error": "smallest test error per entry",
    "time_to_minimum": "time of the smallest test error",
    "iterations": "iterations to it, with the paper's learning rate",
    "threshold": "threshold c",
}

Array = NDArray[np.float64]
#: p, q, kappa, gap.
Exponents = tuple[float, float, float, float]


def regime(
    gamma_sigma2: ArrayLike,
    gamma_w: ArrayLike,
    *,
    p: float = 1.0,
    q: float = 0.0,
    kappa: float = 0.0,
    gap: float = 0.0,
) -> Regime:
    """Name the regime at every point of the exponent plane, with the exponents it implies.

    Parameters
    ----------
    gamma_sigma2, gamma_w : array_like
        Exponents of the variance and of the width, ``gamma_w >= 0``; broadcast together.
    p, q, kappa, gap : float
        Exponents of the task, as in :func:`theory.regimes.regime.symbolic_regime`.

    Returns
    -------
    Regime
        Its fields, and those of its scales, are arrays.

    Raises
    ------
    ValueError, TypeError
        If an exponent is not a finite real number or out of range.

    Notes
    -----
    Points are floats here: on a boundary, rounding decides the side.

    Examples
    --------
    >>> here = regime([-3.0, -0.2], 2.2)
    >>> here.name.tolist(), here.min_test_error.exponent.tolist()
    (['active', 'infinite noise'], [-1.0, 0.0])
    """
    values = _evaluate(gamma_sigma2, gamma_w, {"p": p, "q": q, "kappa": kappa, "gap": gap})
    scales = {name: Scale(values[name], values[f"{name}_log_power"]) for name in MEANINGS}
    return Regime(
        name=np.array(NAMES)[values["regime"].astype(int)],
        limited_by=np.array(stored(formulas.limiting_terms))[values["limited_by"].astype(int)],
        proven=values["proven"].astype(bool),
        **scales,
    )


def exponent_plane(
    gamma_sigma2: tuple[float, float] = (-3.0, 0.0),
    gamma_w: tuple[float, float] = (0.0, 2.8),
    *,
    p: float = 1.0,
    q: float = 0.0,
    kappa: float = 0.0,
    gap: float = 0.0,
    points: int = 281,
    d: int | None = None,
    rank: float | None = None,
    signal: float | None = None,
    noise: float | None = None,
) -> xr.Dataset:
    """Return the exponent plane: regimes, exponents, boundaries and regions.

    Parameters
    ----------
    gamma_sigma2, gamma_w : (float, float)
        Ranges of the two axes, ``gamma_w >= 0``.
    p, q, kappa, gap : float
        Exponents of the task, as in :func:`theory.regimes.regime.symbolic_regime`.
    points : int
        Points along each axis, at least 2.
    d : int, optional
        Adds the boundaries at this dimension.
    rank, signal, noise : float, optional
        k, theta and tau there.  Left out: ``d^kappa``; ``d^p`` over the square root of
        ``k/d^kappa``, which are unit entries of A* in the paper's task; ``d^q``.

    Returns
    -------
    xarray.Dataset
        On (gamma_sigma2, gamma_w): exponents and powers of log d of ``min_test_error``,
        ``time_to_minimum``, ``iterations`` and ``threshold``, the codes ``regime`` and
        ``limited_by``, and ``proven``.  On (boundary, point): ``boundary_gamma_sigma2`` and
        ``boundary_gamma_w``, nan where the boundary is not there; ``finite_...`` likewise at
        finite d.  ``region_number`` numbers the connected regions of one regime and one limiting
        term, which are described on region.

    Raises
    ------
    ValueError, TypeError
        If a range does not increase, or an exponent or a size is out of range.

    Examples
    --------
    >>> plane = exponent_plane(points=29)
    >>> float(plane.min_test_error.min()), plane.boundary.values[0].item()
    (-1.0, 'active / lazy')
    """
    task = {"p": p, "q": q, "kappa": kappa, "gap": gap}
    ranges = _range("gamma_sigma2", gamma_sigma2), _range("gamma_w", gamma_w)
    if check_dimension("points", points) < 2:
        raise ValueError(f"points must be >= 2, got {points}")
    axes = [np.linspace(*limits, int(points)) for limits in ranges]
    values = _evaluate(axes[0][:, None], axes[1][None, :], task)
    limits = stored(formulas.limiting_terms)
    data = _plane(axes, values).assign_attrs(
        {name: float(value) for name, value in task.items()}
        | {"regimes": ", ".join(NAMES), "limits": ", ".join(limits)}
    )
    exponents = _exponents(task)
    data = data.merge(boundary_lines(ranges, exponents, partial(regime, **task)))
    data = data.merge(_regions(values, axes, exponents))
    for name, value in (("rank", rank), ("signal", signal), ("noise", noise)):
        if value is not None:
            check_positive(name, value)
    if d is not None:
        sizes = _sizes(d, rank, signal, noise, task)
        data = data.merge(finite_lines(ranges, sizes))
        data = data.assign_attrs(zip(("d", "k", "theta", "tau"), sizes, strict=True))
    return describe(data, exponent_plane)


def _evaluate(
    gamma_sigma2: ArrayLike, gamma_w: ArrayLike, task: Mapping[str, float]
) -> dict[str, Array]:
    given = _real("gamma_sigma2", gamma_sigma2), _real("gamma_w", gamma_w)
    try:
        points = np.broadcast_arrays(*given)
    except ValueError:
        raise ValueError(
            f"gamma_sigma2 and gamma_w must broadcast together, got shapes {given[0].shape} and "
            f"{given[1].shape}"
        ) from None
    if points[1].size and points[1].min() < 0:
        raise ValueError(f"gamma_w must be >= 0, got {points[1].min()}")
    return evaluate(formulas.plane_form, *points, settings=_exponents(task), compiled=False)


def _exponents(task: Mapping[str, float]) -> Exponents:
    p, q, kappa, gap = (check_finite(name, task[name]) for name in TASK)
    for name, value in zip(TASK, (p, q, kappa, gap), strict=True):
        _check_exponent(name, value)
    return p, q, kappa, gap


def _real(name: str, value: ArrayLike) -> Array:
    array = check_numbers(name, value, empty=True)
    _check_exponent(name, array)
    return array


def _check_exponent(name: str, value: ArrayLike) -> None:
    largest = float(np.abs(value).max(initial=0.0))
    if largest > LARGEST_EXPONENT:
        raise ValueError(f"{name} must be at most {LARGEST_EXPONENT:g} in size, got {largest:g}")


def _range(name: str, limits: tuple[float, float]) -> tuple[float, float]:
    ends = check_vector(name, limits)
    _check_exponent(name, ends)
    if ends.size != 2:
        raise ValueError(f"{name} range must be two numbers, got {ends.size}")
    if not ends[0] < ends[1]:
        raise ValueError(f"{name} range must increase, got {ends[0]} to {ends[1]}")
    return float(ends[0]), float(ends[1])


def _sizes(
    d: int, rank: float | None, signal: float | None, noise: float | None, task: Mapping[str, float]
) -> tuple[float, float, float, float]:
    """Return d, k, theta and tau at finite d."""
    size = check_dimension("d", d)
    if size < 2:
        raise ValueError(f"d must be >= 2, got {size}")
    typical = float(size) ** task["kappa"]
    k = typical if rank is None else check_positive("rank", rank)
    theta = float(size) ** task["p"] / math.sqrt(k / typical)
    if signal is not None:
        theta = check_positive("signal", signal)
    tau = float(size) ** task["q"] if noise is None else check_positive("noise", noise)
    return float(size), k, theta, tau


def _plane(axes: list[Array], values: Mapping[str, Array]) -> xr.Dataset:
    plane = ("gamma_sigma2", "gamma_w")
    data = xr.Dataset(coords=dict(zip(plane, axes, strict=True)))
    for name, meaning in MEANINGS.items():
        data[name] = plane, values[name], {"long_name": meaning, "units": "power of d"}
        powers = {"long_name": meaning, "units": "power of log d"}
        data[f"{name}_log_power"] = plane, values[f"{name}_log_power"], powers
    for name in ("regime", "limited_by"):
        data[name] = plane, values[name].astype(np.int8)
    data["proven"] = plane, values["proven"].astype(bool)
    return data


def _regions(values: Mapping[str, Array], axes: list[Array], task: Exponents) -> xr.Dataset:
    """Return the connected regions of one regime and one limiting term, numbered."""
    limits = stored(formulas.limiting_terms)
    exponents = stored(formulas.exponents_by_width, *task)
    differs = np.array([below != above for below, above in exponents])
    limit = values["limited_by"].astype(int)
    wide = (axes[1] >= 1)[None, :] & differs[limit]
    codes = (values["regime"].astype(int) * len(limits) + limit) * 2 + wide
    number = np.zeros(codes.shape, dtype=np.int16)
    rows: list[tuple[str, str, str]] = []
    for code in np.unique(codes):
        parts, count = label(codes == code)
        number += np.where(parts > 0, parts + len(rows) - 1, 0).astype(np.int16)
        rest, side = divmod(int(code), 2)
        regime_code, limit_code = divmod(rest, len(limits))
        words = NAMES[regime_code], limits[limit_code], exponents[limit_code][side]
        rows += [words] * count
    names = ("region_regime", "region_limited_by", "region_exponent")
    return xr.Dataset(
        {"region_number": (("gamma_sigma2", "gamma_w"), number)},
        coords={
            name: ("region", list(words))
            for name, words in zip(names, zip(*rows, strict=True), strict=True)
        },
    )
