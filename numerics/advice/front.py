"""A grid of starts and its Pareto front: least test error against the iterations to it.

At infinite width a run depends on ``c = (sigma1^2 + sigma2^2) w/2`` and the learning rate alone, so
the grid is one of thresholds, shares of the stability limit and, for layers of two variances,
their ratio, at the largest width allowed.  On the front the width then follows: the smallest from
which on error and iterations stay what they are at the largest.

A start belongs to the front if it and those of variances off by ``VARIANCE_MARGIN`` either way
are inside the prediction's range of validity, and its smallest test error within the budget.
Holds as :mod:`numerics.advice.search` does.
Source: ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

from numerics.advice.search import (
    BEYOND_BUDGET,
    SAME_ERROR,
    STATUS,
    TRUNCATION_MARGIN,
    Start,
    make_network,
    predicted_minimum,
    smallest_width,
    weakest_signal,
)
from numerics.prediction.mode_spectrum import ModeSpectrum
from numerics.prediction.runs import TRUNCATION_LIMIT
from numerics.support.errors import OutOfRangeError

__all__ = ["RATIOS", "candidates", "front", "pareto_front"]

#: Thresholds looked at: from this share of the edge of the noise (or of the weakest signal, if that
#: is less) to this multiple of the strongest signal.
LOWEST_THRESHOLD, HIGHEST_THRESHOLD = 1e-4, 10.0
THRESHOLDS_PER_DECADE = 8

#: Largest ratio of thresholds; the square of a larger one is no float.
WIDEST_RANGE = 1e150

#: Learning rates looked at: the largest allowed, and down from it by factors of sqrt(2).
SHARES = tuple(2.0 ** (-k / 2) for k in range(5))

#: sigma2^2/sigma1^2 looked at where the layers may differ.
RATIOS = (1e-4, 1e-2, 0.1, 1.0, 10.0, 1e2, 1e4)

#: A variance may be off by this factor and leaves the range of validity nowhere.
VARIANCE_MARGIN = 2.0

#: A narrower network is as good while its error is within ``SAME_ERROR`` of the widest one's and
#: its iterations within this share and one more.
SAME_ITERATIONS = 0.05


def candidates(
    spectrum: ModeSpectrum,
    widest: float,
    learning_rate_share: float,
    ratios: Iterable[float],
    update: str,
    budget: int,
) -> xr.Dataset:
    """Follow every start of the grid; see :func:`numerics.advice.advise.advise` for the names."""
    low = LOWEST_THRESHOLD * min(spectrum.edge or np.inf, weakest_signal(spectrum))
    high = HIGHEST_THRESHOLD * float(spectrum.signal[0])
    if low < high / WIDEST_RANGE:
        raise OutOfRangeError(
            f"noise and singular_values must be within a factor {WIDEST_RANGE:g} of each other, "
            f"got thresholds from {low:g} to {high:g}"
        )
    count = math.ceil(THRESHOLDS_PER_DECADE * math.log10(high / low)) + 1
    axes = {
        "candidate_variance_ratio": np.array(sorted(ratios)),
        "candidate_learning_rate_share": learning_rate_share * np.array(SHARES),
        "candidate_threshold": np.geomspace(low, high, count),
    }
    shape = tuple(axis.size for axis in axes.values())
    error, iterations = np.empty(shape), np.empty(shape, dtype=np.int64)
    status = np.empty(shape, dtype=np.int64)
    for place in np.ndindex(shape):
        ratio, share, threshold = (x[i] for x, i in zip(axes.values(), place, strict=True))
        start = Start(threshold, ratio, share, widest)
        found = predicted_minimum(spectrum, make_network(spectrum, start, update), budget)
        error[place], iterations[place] = found.min_test_error, found.iterations
        status[place] = found.status
    names = tuple(axes)
    return xr.Dataset(
        {
            "candidate_min_test_error": (names, error),
            "candidate_iterations": (names, iterations),
            "candidate_status": (names, status),
        },
        coords=axes,
    )


def front(
    grid: xr.Dataset, spectrum: ModeSpectrum, widest: float, update: str, budget: int
) -> xr.Dataset:
    """Return the Pareto front of a grid, with the smallest width of each point.

    Of the ratios at a point the one that may be narrowest counts, the most equal one of those.

    Raises
    ------
    OutOfRangeError
        If no start is sound.
    ValueError
        If none reaches its smallest test error within the budget.
    """
    status = grid.candidate_status.values
    sound = _sound(status, grid.candidate_threshold.values)
    _refuse(sound, status, budget)
    error = np.where(sound, grid.candidate_min_test_error.values, np.inf)
    iterations = grid.candidate_iterations.values
    best = error.argmin(axis=0)
    flat = np.take_along_axis(error, best[None], 0)[0].ravel()
    steps = np.take_along_axis(iterations, best[None], 0)[0].ravel()
    places = [k for k in pareto_front(flat, steps) if np.isfinite(flat[k])]
    rows = []
    for k in places:
        share, threshold = np.unravel_index(k, best.shape)
        limits = {
            "error": SAME_ERROR * flat[k],
            "iterations": math.floor((1 + SAME_ITERATIONS) * steps[k]) + 1,
            "budget": budget,
        }
        choices = []
        for ratio in grid.candidate_variance_ratio.values[sound[:, share, threshold]]:
            start = Start(
                float(grid.candidate_threshold[threshold]),
                float(ratio),
                float(grid.candidate_learning_rate_share[share]),
                widest,
            )
            least = smallest_width(spectrum, start, update, **limits)
            choices.append((least, abs(math.log(ratio)), float(ratio)))
        least, _, ratio = min(choices)
        rows.append((flat[k], steps[k], start.threshold, start.learning_rate_share, ratio, least))
    names = (
        "min_test_error",
        "iterations",
        "threshold",
        "learning_rate_share",
        "variance_ratio",
        "smallest_width",
    )
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return xr.Dataset({f"front_{name}": ("front", np.array(x)) for name, x in columns.items()})


def pareto_front(error: NDArray[np.float64], iterations: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the places that no other place beats, fewest iterations first.

    Of places with the same number of iterations the one of the smallest error counts; each
    further one has a smaller error than all before it.

    Examples
    --------
    >>> pareto_front(np.array([0.5, 0.1, 0.3, 0.2]), np.array([1, 9, 4, 4]))
    array([0, 3, 1])
    """
    order = np.lexsort((error, iterations))
    lowest = np.minimum.accumulate(error[order])
    return order[np.append(True, lowest[1:] < lowest[:-1])]


def _sound(status: NDArray[np.int64], thresholds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which starts reach their minimum and stay valid if their variances are off."""
    valid = (status == 0) | (status == BEYOND_BUDGET)
    step = thresholds[1] / thresholds[0]
    reach = math.ceil(math.log(VARIANCE_MARGIN) / math.log(step) - 1e-9)
    window = np.ones((1, 1, 2 * reach + 1), dtype=bool)
    return (status == 0) & binary_erosion(valid, window, border_value=1)


def _refuse(sound: NDArray[np.bool_], status: NDArray[np.int64], budget: int) -> None:
    """Raise where there is nothing to recommend."""
    if sound.any():
        return
    if (status == BEYOND_BUDGET).any():
        raise ValueError(
            f"budget must be long enough to reach a smallest test error, got {budget} iterations, "
            "beyond which it lies for every start inside the range of validity (a larger "
            "share of the stability limit is faster)"
        )
    reason = STATUS[np.bincount(status.ravel()).argmax()]
    raise OutOfRangeError(
        f"advice needs a start inside the prediction's range of validity (estimated truncation "
        f"at most {TRUNCATION_LIMIT / TRUNCATION_MARGIN:.1%}), got none of {status.size}: {reason}"
    )
