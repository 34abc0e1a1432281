r"""Exponents of the crossover from feature to lazy training, measured and set beside the derived.

With ``A = sqrt(h) alpha`` (h the width), a fit takes one of three windows: feature
``A <= FEATURE``, lazy ``A >= LAZY``, and all of A where a crossing is sought.  Replicates are
seeds, and widths too where the law does not name them; intervals are Student's at 95 %, of the
seeds' own exponents.

- kernel change ``||Theta_end - Theta_0||/||Theta_0||``: ``A^-a`` (feature), ``A^-1`` (lazy), and
  the lazy prefactor ``A * change ~ h^-1/2``, which is where the collapse in A fails;
- relative change of the last layer, feature: ``A^(-1/(L+1))``;
- time to a kernel change of 1/2, feature: ``alpha`` at fixed h, ``h^(1/2)`` at fixed alpha;
- ``alpha*``, where the kernel change passes 1: ``h^(-1/2)``;
- fluctuation ``delta F`` of the outputs over seeds: ``h^(-1/2)`` in both regimes.

A band says how far a network of a few hundred units may be from the limit.  A verdict needs an
interval that tells the derived exponent from the whole powers next to it: an expansion in 1/A or in
1/h has whole powers, no dependence at all among them (1/2 against 0 and 1, 4/3 against 1 and 2).
Where an interval around the band would meet one of the same width around such a power, both would
be found whatever was measured, and the exponent is not decided.
Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034); exponents from
:mod:`theory.crossover.exponents`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from numerics.support.object_validation import check_dataset
from theory.crossover.exponents import predicted_exponents
from verify.measurements.power_fits import MINIMUM_SIZES, Fit, fit_exponent

__all__ = [
    "FEATURE",
    "LAZY",
    "Exponent",
    "alpha_star",
    "check_crossover",
    "crossover_exponents",
    "fluctuation",
    "geometric_mean",
    "sound",
    "test_errors",
    "windows",
]

#: Ends of the windows in A = sqrt(h) alpha: two decades on either side of the crossover at 1,
#: three on the lazy side, where the even second-order term A^-2 must be small beside h^(-1/2) A^-1.
FEATURE, LAZY = 1e-2, 1e3
#: Rounding of the grid's own values.
ROUNDING = 1 + 1e-9
LEVEL = 0.05


@dataclass(frozen=True)
class Exponent:
    """One exponent: derived, measured, and how far the two may lie apart at finite width.

    Attributes
    ----------
    name : str
        What is a power of what.
    depth : int
        Hidden layers L.
    derived : float
        From :mod:`theory.crossover.exponents`.
    band : tuple of float
        Where a measurement at widths of 64 to 512 should lie.
    fit : Fit or None
        The measurement; None where the sweep has not the cells for it.

    Examples
    --------
    >>> wide, narrow = (Fit(-0.5, 1.0, halfwidth) for halfwidth in (0.4, 0.05))
    >>> [Exponent("alpha*", 1, -0.5, (-0.6, -0.4), fit).verdict for fit in (wide, narrow)]
    ['not decided', 'in band']
    """

    name: str
    depth: int
    derived: float
    band: tuple[float, float]
    fit: Fit | None

    @property
    def alternatives(self) -> tuple[float, float]:
        """The whole powers below and above the derived one.

        Examples
        --------
        >>> [Exponent("", 1, x, (x, x), None).alternatives for x in (-0.5, -1.0, 4 / 3)]
        [(-1.0, 0.0), (-2.0, 0.0), (1.0, 2.0)]
        """
        return float(math.ceil(self.derived) - 1), float(math.floor(self.derived) + 1)

    @property
    def widest_decisive(self) -> float:
        """Half the width of an interval from which on nothing is decided."""
        below, above = self.alternatives
        return min(self.band[0] - below, above - self.band[1]) / 2

    @property
    def verdict(self) -> str:
        """``in band``, ``outside`` (the whole interval is), ``not decided`` or ``not measured``."""
        if self.fit is None:
            return "not measured"
        low, high = (self.fit.exponent + sign * self.fit.halfwidth for sign in (-1, 1))
        if high < self.band[0] or low > self.band[1]:
            return "outside"
        inside = self.band[0] <= self.fit.exponent <= self.band[1]
        return "in band" if inside and self.fit.halfwidth < self.widest_decisive else "not decided"


#: Band around the centre that networks of this size were found at when the study was planned
#: (digits, n = 200, widths 32 to 512), or around the derived value where they agree.
BANDS: dict[str, Callable[[int], tuple[float, float]]] = {
    "kernel change, feature": lambda L: {1: (0.95, 1.05), 2: (1.30, 1.42), 3: (1.47, 1.63)}.get(
        L, (2 * L / (L + 1) - 0.1, 2.0)
    ),
    "last layer, feature": lambda L: (-1 / (L + 1) - 0.05, -1 / (L + 1) + 0.05),
    "kernel change, lazy": lambda L: (-1.03, -0.97),
    "lazy prefactor, in h": lambda L: (-0.57, -0.33),
    "time to change 1/2, in alpha": lambda L: (0.97, 1.03),
    "time to change 1/2, in h": lambda L: (0.35, 0.65),
    "alpha*, in h": lambda L: (-0.66, -0.34),
    "delta F, feature, in h": lambda L: (-0.6, -0.4),
    "delta F, lazy, in h": lambda L: (-0.6, -0.4),
}

#: Names in :func:`theory.crossover.exponents.predicted_exponents`; a is minus the power of A.
DERIVED: dict[str, tuple[str, int]] = {
    "kernel change, feature": ("feature_kernel_change", -1),
    "last layer, feature": ("feature_last_layer", 1),
    "kernel change, lazy": ("lazy_kernel_change", 1),
    "lazy prefactor, in h": ("lazy_prefactor", 1),
    "time to change 1/2, in alpha": ("time_in_alpha", 1),
    "time to change 1/2, in h": ("time_in_h", 1),
    "alpha*, in h": ("boundary", 1),
    "delta F, feature, in h": ("fluctuation", 1),
    "delta F, lazy, in h": ("fluctuation", 1),
}

#: A network without nonlinearity is closer to its limit.
LINEAR_BANDS = {"alpha*, in h": (-0.55, -0.45)}


def crossover_exponents(data: xr.Dataset, ensembles: xr.Dataset | None = None) -> list[Exponent]:
    """Return every exponent that a crossover sweep allows to measure.

    Parameters
    ----------
    data : xarray.Dataset
        Dimensions ``depth``, ``width``, ``scaled_alpha``, ``seed``.
    ensembles : xarray.Dataset or None
        The same with more seeds and fewer ``scaled_alpha``, for the fluctuations over seeds.
    """
    check_crossover("data", data)
    if ensembles is not None:
        check_crossover("ensembles", ensembles)
    many = data if ensembles is None else ensembles
    linear = data.attrs["activation"] == "identity"
    found = []
    for depth in (int(x) for x in data.depth):
        derived = predicted_exponents(depth)
        part, starts = (sound(x.sel(depth=depth)) for x in (data, many))
        for name, fit in (*_fits(part, depth), *_fluctuation_fits(starts)):
            band = BANDS[name](depth)
            if linear:
                band = LINEAR_BANDS.get(name, band)
            key, sign = DERIVED[name]
            found.append(Exponent(name, depth, sign * float(derived[key]), band, fit))
    return found


def check_crossover(name: str, data: xr.Dataset) -> xr.Dataset:
    """Return a dataset that has what a sweep of CrossoverSweep has; ValueError otherwise."""
    grid = ("depth", "width", "scaled_alpha", "seed")
    variables: dict[str, tuple[str, ...]] = dict.fromkeys(
        ("kernel_change", "time_to_kernel_change", "status"), grid
    )
    variables |= {"layer_change": (*grid, "layer"), "test_outputs": (*grid, "test_point")}
    variables |= {x: (x,) for x in grid}
    return check_dataset(name, data, "a sweep of CrossoverSweep", variables, ("activation", "data"))


def sound(data: xr.Dataset) -> xr.Dataset:
    """Return a sweep with the numbers of runs that did not fit their data left out (NaN)."""
    ok = data.status == 0
    return data.map(lambda x: x.where(ok) if set(ok.dims) <= set(x.dims) else x)


def windows(scaled_alpha: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which values of A lie in the feature window, and which in the lazy one.

    Examples
    --------
    >>> [window.tolist() for window in windows([1e-3, 1.0, 1e3])]
    [[True, False, False], [False, False, True]]
    """
    A = np.asarray(scaled_alpha)
    return A <= FEATURE * ROUNDING, A >= LAZY / ROUNDING


def alpha_star(data: xr.Dataset) -> xr.DataArray:
    """Return alpha* of every width and seed: where the kernel change passes 1.

    Interpolated between neighbouring cells in the logarithms; NaN where it does not pass.
    """
    logs = np.log(data.kernel_change.transpose("width", "seed", "scaled_alpha").values)
    places = np.log(data.scaled_alpha.values)
    found = np.full(logs.shape[:2], np.nan)
    for index in np.ndindex(found.shape):
        row = logs[index]
        falls = np.flatnonzero((row[:-1] >= 0) & (row[1:] < 0))
        if falls.size:
            k = falls[0]
            share = row[k] / (row[k] - row[k + 1])
            found[index] = math.exp(places[k] + share * (places[k + 1] - places[k]))
    scaled = xr.DataArray(
        found, dims=("width", "seed"), coords={"width": data.width, "seed": data.seed}
    )
    return scaled / np.sqrt(data.width)


def fluctuation(data: xr.Dataset, outputs: str = "test_outputs") -> xr.DataArray:
    """Return delta F, the root of the mean over test points of the unbiased variance over seeds.

    NaN where a seed is missing: a variance over fewer seeds would not be comparable; and of one
    seed.
    """
    if data.sizes["seed"] < 2:
        return np.nan * data[outputs].isel(seed=0).mean("test_point", skipna=False)
    variance = data[outputs].var("seed", ddof=1, skipna=False)
    return xr.apply_ufunc(np.sqrt, variance.mean("test_point", skipna=False))


def geometric_mean(
    values: xr.DataArray, dimension: str = "seed", *, skipna: bool | None = None
) -> xr.DataArray:
    """Return ``exp(mean(log(values)))`` over a dimension, by default of what is not NaN."""
    logarithms = xr.apply_ufunc(np.log, values)
    return xr.apply_ufunc(np.exp, logarithms.mean(dimension, skipna=skipna))


def test_errors(data: xr.Dataset) -> xr.Dataset:
    """Return test errors of single networks (mean and standard error over seeds) and of ensembles.

    The ensemble classifies by the sign of the mean F over seeds.
    """
    label = data.y_test
    single = (label * data.test_outputs <= 0).where(np.isfinite(data.test_outputs))
    per_seed = single.mean("test_point", skipna=False)
    mean = data.test_outputs.mean("seed", skipna=False)
    ensemble = (label * mean <= 0).where(np.isfinite(mean)).mean("test_point", skipna=False)
    count = data.sizes["seed"]
    error = (
        per_seed.std("seed", ddof=1) / math.sqrt(count)
        if count > 1
        else per_seed.max("seed") * np.nan
    )
    return xr.Dataset(
        {
            "single": per_seed.mean("seed", skipna=False),
            "standard_error": error,
            "ensemble": ensemble,
        }
    )


def _fits(data: xr.Dataset, depth: int) -> Iterator[tuple[str, Fit | None]]:
    """Yield the fits of one depth, in the order of the bands."""
    feature, lazy = (data.sel(scaled_alpha=x) for x in windows(data.scaled_alpha))
    yield "kernel change, feature", _power_of_alpha(1 / feature.kernel_change)
    yield "last layer, feature", _power_of_alpha(feature.layer_change.isel(layer=depth))
    yield "kernel change, lazy", _power_of_alpha(lazy.kernel_change)
    prefactor = geometric_mean(lazy.kernel_change * lazy.scaled_alpha, "scaled_alpha")
    yield "lazy prefactor, in h", _power_of_width(prefactor)
    time = feature.time_to_kernel_change
    yield "time to change 1/2, in alpha", _power_of_alpha(time)
    # At fixed A, alpha = A/sqrt(h): time ~ alpha h^x there is A h^(x - 1/2).
    scaled = geometric_mean(time / feature.scaled_alpha, "scaled_alpha")
    yield "time to change 1/2, in h", _power_of_width(scaled, shift=0.5)
    yield "alpha*, in h", _power_of_width(alpha_star(data))


def _fluctuation_fits(data: xr.Dataset) -> Iterator[tuple[str, Fit | None]]:
    """Yield the fits of the fluctuation over seeds, last of the bands."""
    for name, window in zip(("feature", "lazy"), windows(data.scaled_alpha), strict=True):
        part = data.sel(scaled_alpha=window)
        yield f"delta F, {name}, in h", _fluctuation_fit(part)


def _power_of_alpha(values: xr.DataArray) -> Fit | None:
    """Fit a power of A; replicates are widths and seeds."""
    table = values.transpose("scaled_alpha", "width", "seed").values
    count = table.shape[1] * table.shape[2]
    return _fit(values.scaled_alpha.values, table.reshape(len(table), count))


def _power_of_width(values: xr.DataArray, shift: float = 0.0) -> Fit | None:
    """Fit a power of the width; replicates are seeds."""
    fit = _fit(values.width.values, values.transpose("width", "seed").values)
    return fit and Fit(fit.exponent + shift, fit.prefactor, fit.halfwidth)


def _fluctuation_fit(data: xr.Dataset) -> Fit | None:
    """Fit delta F as a power of the width; the interval is that of the jackknife over seeds."""
    count = data.sizes["seed"]
    if count < 3 or data.sizes["scaled_alpha"] == 0:
        return None
    mean = lambda part: geometric_mean(fluctuation(part), "scaled_alpha")  # noqa: E731
    whole = _fit(data.width.values, mean(data).values[:, None])
    if whole is None:
        return None
    left = [mean(data.isel(seed=[k for k in range(count) if k != out])) for out in range(count)]
    slopes = [fit_exponent(data.width.values, x.values, LEVEL).exponent for x in left]
    spread = math.sqrt((count - 1) * np.var(slopes))
    quantile = stats.t.ppf(1 - LEVEL / 2, count - 1)
    return Fit(whole.exponent, whole.prefactor, float(quantile * spread))


def _fit(sizes: np.ndarray, table: np.ndarray) -> Fit | None:
    """Return a fit over the replicates that have a value at every size, or None."""
    if np.unique(sizes).size < MINIMUM_SIZES:
        return None
    kept = table[:, np.isfinite(table).all(axis=0)]
    if kept.size == 0:
        return None
    return fit_exponent(sizes, kept, LEVEL)
