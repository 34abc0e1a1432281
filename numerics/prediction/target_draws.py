"""How the smallest test error scatters where A* is drawn as well as noise and start.

``A* = C D^T`` of unit entries has random singular values theta.  They are drawn in their exact law
(two triangular Wishart factors), and the mean smallest test error of each draw is predicted.  Its
variance adds to that of one run with given singular values: the variance of its linear part in
``log theta`` from many more draws, which are cheap, and that of the rest from these.

Holds where the prediction does for all but a few of the draws.
Source: Bartlett 1933 for the triangular factors; the rest ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from numerics.prediction.mode_spectrum import mode_spectrum
from numerics.prediction.network_scales import RandomNetwork
from numerics.prediction.run_observables import run, sums_of_errors
from numerics.prediction.run_settings import PredictedTask, RunOptions
from numerics.support.validation import check_count

__all__ = ["check_draws", "drawn_singular_values", "with_draws"]

Floats = NDArray[np.float64]

SEED = 11

#: Drawn spectra for the covariance of their logarithms, fewer of a higher rank.
SPECTRA = 4000

#: Of A* whose run is predicted, each a hundredth of a second.
MOST_DRAWS = 10_000

#: Iterations of a drawn run, beyond those to the minimum of the typical one.
LONGER, MORE = 2, 32


def drawn_singular_values(d_in: int, d_out: int, rank: int, draws: int, seed: int = 0) -> Floats:
    """Draw the singular values of ``A* = C D^T`` with entries of variance 1, shape (draws, rank).

    ``C^T C = L L^T`` with L lower triangular of standard normal entries and chi-distributed
    diagonal (Bartlett): A* has the singular values of ``L_C^T L_D/sqrt(rank)``.
    """
    rng = np.random.default_rng([SEED, seed])
    places, factors = np.arange(rank), []
    for size in (d_out, d_in):
        factor = np.tril(rng.standard_normal((draws, rank, rank)), -1)
        factor[:, places, places] = np.sqrt(rng.chisquare(size - places, (draws, rank)))
        factors.append(factor)
    product = factors[0].transpose(0, 2, 1) @ factors[1] / math.sqrt(rank)
    return np.linalg.svd(product, compute_uv=False).astype(np.float64, copy=False)


def check_draws(draws: int, task: PredictedTask) -> int:
    """Return the number of drawn A*; ValueError where its singular values are given."""
    count = check_count("draws", draws)
    if count and (not 2 <= count <= MOST_DRAWS or task.singular_values is not None):
        given = " and singular_values" if task.singular_values is not None else ""
        raise ValueError(
            f"draws must be 0, or 2 to {MOST_DRAWS} of an A* of given rank, got {count}{given}"
        )
    return count


def with_draws(
    data: xr.Dataset,
    task: PredictedTask,
    options: RunOptions,
    network_of: Callable[[float], RandomNetwork],
) -> xr.Dataset:
    """Return a predicted run with the smallest test error's mean and deviation over drawn A*.

    ``network_of`` returns the network for the largest singular value of A*.
    """
    steps = min(options.iterations, LONGER * int(data.min_iteration) + MORE)
    entries = task.d_in * task.d_out

    def smallest_error(theta: Floats) -> float:
        spectrum = mode_spectrum(task.d_in, task.d_out, theta, noise=task.noise, nodes=task.nodes)
        trajectory = run(spectrum, network_of(float(theta[0])), steps, options.stop)
        return float(np.nanmin(sums_of_errors(spectrum, trajectory)["test_shifted"])) / entries

    with np.errstate(over="ignore", invalid="ignore"):  # a draw above the stability limit
        mean, variance = _moments(task, options.draws, smallest_error)
    spread = math.hypot(float(data.min_test_error_deviation), math.sqrt(variance))
    drawn = {"drawn_min_test_error": mean, "drawn_min_test_error_deviation": spread}
    return data.assign(drawn).assign_attrs(draws=options.draws)


def _moments(task: PredictedTask, draws: int, of: Callable[[Floats], float]) -> tuple[float, float]:
    """Return mean and variance of a function of the singular values of a drawn A*."""
    rank = task.rank
    values = drawn_singular_values(task.d_in, task.d_out, rank, draws)
    errors = np.array([of(theta) for theta in values])
    free = draws - rank - 1
    if free < draws // 2:
        return float(errors.mean()), float(errors.var(ddof=1))
    many = max(200, SPECTRA * 25 // (rank**2 + 20))
    logs = np.log(drawn_singular_values(task.d_in, task.d_out, rank, many, seed=1))
    centre = logs.mean(axis=0)
    design = np.column_stack([np.ones(draws), np.log(values) - centre])
    fit = np.linalg.lstsq(design, errors)[0]
    rest = errors - design @ fit
    return float(fit[0]), float(np.var((logs - centre) @ fit[1:]) + rest @ rest / free)
