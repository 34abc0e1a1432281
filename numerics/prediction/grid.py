"""The phase diagram of Figure 2 predicted: every cell of a grid of exponents, in about a second.

Two methods: ``closed_form`` runs :mod:`theory.prediction.closed_form_errors` (about 15 microseconds
a cell) and gives the minimal test error, its iteration and the stable rank there; ``second_order``
runs :mod:`numerics.prediction.runs` cell by cell (about 10 milliseconds) with the paper's stopping
rule and adds the largest distance between gradient descent and the self-consistent dynamics.

Every cell has a ``status`` (0 valid, see :data:`numerics.prediction.runs.STATUS`) and an estimated
``truncation``; values outside the range of validity are kept, marked by the status, but for cells
above the stability limit of the learning rate, which have none.
"""

from __future__ import annotations

from itertools import product
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from numerics.kernels.cache import load
from numerics.prediction.mode_spectrum import DEFAULT_NODES, ModeSpectrum
from numerics.prediction.network_scales import RandomNetwork
from numerics.prediction.run_observables import distance, distance_truncation, observe, run
from numerics.prediction.run_settings import PredictedTask, RunOptions, check_range
from numerics.prediction.runs import DISTANCE_LIMIT, STATUS, UNSTABLE, status_of
from numerics.prediction.stability import check_stable, is_stable
from numerics.published_rules import check_cell, learning_rate, variance_of, width_of
from numerics.support.descriptions import describe
from numerics.support.object_validation import check_size
from numerics.support.validation import check_choice, check_dimension, check_positive, check_vector
from theory.kernels.error_grid import grid_module
from theory.published_settings import FIGURE2

__all__ = ["METHODS", "predict_grid"]

METHODS = ("closed_form", "second_order")

#: The closed form looks at the bulk every so many iterations before it searches in between.
STRIDE = 8


def predict_grid(
    gamma_sigma2: ArrayLike,
    gamma_w: ArrayLike,
    d: int,
    *,
    rank: int | None = FIGURE2.rank,
    singular_values: ArrayLike | None = None,
    noise: float = 1.0,
    variance_ratio: float = 1.0,
    learning_rate_divisor: float = FIGURE2.divisor,
    iterations: int = FIGURE2.iterations,
    update: str = "sequential",
    method: str = "closed_form",
    reference: str = "lift",
    nodes: int = DEFAULT_NODES,
    allow_out_of_range: bool = False,
) -> xr.Dataset:
    """Predict the grid of cells behind the panels of the paper's Figure 2.

    Parameters
    ----------
    gamma_sigma2, gamma_w : array_like, one-dimensional
        Exponents of the grid: ``sigma1^2 = d^gamma_sigma2``, width ``int(d^gamma_w)``.
    d : int
        Dimension (d x d matrices).
    rank, singular_values
        Of A*, as for :func:`numerics.prediction.runs.predict_run`; given values win over the rank.
    noise : float
        Standard deviation of the noise entries.
    variance_ratio : float
        ``sigma2^2/sigma1^2``.
    learning_rate_divisor : float
        The paper's rule divides the learning rate by this.
    iterations : int
        Largest number of steps of a cell.
    update : {"simultaneous", "sequential"}
        Order in which the layers move.
    method : {"closed_form", "second_order"}
        Fast, or with the complete second order and the stopping rule.
    reference : {"lift", "euler"}
        What ``max_distance`` is measured from (second order only).
    nodes : int
        Nodes of the bulk.
    allow_out_of_range : bool
        Return a grid whose rank is outside the range, all of it marked, instead of raising.

    Returns
    -------
    xarray.Dataset
        Dimensions ``gamma_sigma2``, ``gamma_w``; variables ``min_test_error``, ``iterations``
        (where it is reached; at the cap where it was still falling), ``stable_rank`` there,
        ``truncation`` (estimate of the first neglected order of the minimal test error) and
        ``status``; with the second order ``max_distance`` and its own
        ``max_distance_truncation`` and ``max_distance_status``.

    Examples
    --------
    >>> grid = predict_grid([-2.5, -0.5], [1.5, 2.5], 200)
    >>> grid.min_test_error.values.round(2)
    array([[0.05, 0.07],
           [0.93, 1.  ]])
    """
    size = check_dimension("d", d)
    task = PredictedTask.square(
        size, rank=rank, singular_values=singular_values, noise=noise, nodes=nodes
    )
    options = RunOptions(
        iterations=iterations,
        update=update,
        reference=reference,
        allow_out_of_range=allow_out_of_range,
    )
    check_choice("method", method, METHODS)
    rows, columns = (
        check_vector(name, x) for name, x in (("gamma_sigma2", gamma_sigma2), ("gamma_w", gamma_w))
    )
    ratio = check_positive("variance_ratio", variance_ratio)
    divisor = check_positive("learning_rate_divisor", learning_rate_divisor)
    check_size("variance_ratio", ratio)
    for corner in product((rows.min(), rows.max()), (columns.min(), columns.max())):
        check_cell(size, *corner)
    check_range(task, options.allow_out_of_range)
    spectrum = task.spectrum()
    variance = np.array([variance_of(size, x) for x in rows])[:, None]
    width = np.array([float(width_of(size, x)) for x in columns])[None, :]
    first = variance * width
    check_size("variance_ratio * d^(gamma_sigma2 + gamma_w)", ratio * first)
    threshold = (1 + ratio) / 2 * first
    rate = learning_rate(rows[:, None], columns, threshold, float(spectrum.signal[0]), divisor)
    cells = np.broadcast_arrays(first, ratio * first, width, rate)
    networks = _Networks(*(np.ascontiguousarray(x.ravel()) for x in cells))
    each = [
        RandomNetwork(float(c1), float(c2), float(units), float(eta), options.update)
        for c1, c2, units, eta in zip(*networks, strict=True)
    ]
    stable = np.array([is_stable(spectrum, network) for network in each])
    if not stable.any():
        check_stable(spectrum, each[0], divisor)
    with np.errstate(over="ignore", invalid="ignore"):  # such cells are outside the range
        if method == "closed_form":
            found = _closed_form(spectrum, networks, options)
        else:
            found = _second_order(spectrum, each, stable, options)
    found["status"] = status_of(
        found["min_test_error"], found["truncation"], networks.width, spectrum
    )
    if "max_distance" in found:
        away = found["max_distance"], found["max_distance_truncation"]
        found["max_distance_status"] = status_of(
            *away, networks.width, spectrum, limit=DISTANCE_LIMIT
        )
    _mark_unstable(found, stable)
    shape = rows.size, columns.size
    names = ("gamma_sigma2", "gamma_w")
    data = xr.Dataset(
        {key: (names, x.reshape(shape)) for key, x in found.items()},
        coords={"gamma_sigma2": rows, "gamma_w": columns},
        attrs={
            "d": size,
            "rank": spectrum.signal.size,
            "singular_values": spectrum.signal,
            "noise": spectrum.noise,
            "variance_ratio": ratio,
            "learning_rate_divisor": divisor,
            "iterations": options.iterations,
            "update": options.update,
            "method": method,
            "reference": options.reference,
            "nodes": task.nodes,
            "status_meaning": "; ".join(f"{k}: {text}" for k, text in enumerate(STATUS)),
        },
    )
    data.stable_rank.attrs["long_name"] = "stable rank at the smallest test error"
    return describe(data, predict_grid)


class _Networks(NamedTuple):
    """Networks and their learning rates, as :class:`RandomNetwork`, one entry a cell."""

    c1: NDArray[np.float64]
    c2: NDArray[np.float64]
    width: NDArray[np.float64]
    learning_rate: NDArray[np.float64]


def _mark_unstable(found: dict[str, NDArray[Any]], stable: NDArray[np.bool_]) -> None:
    """Put in the place of cells above the stability limit that they have no results."""
    for name, values in found.items():
        marks = {"status": UNSTABLE, "max_distance_status": UNSTABLE, "iterations": -1}
        absent = marks.get(name, np.nan)
        values[~stable] = absent


def _closed_form(
    spectrum: ModeSpectrum, networks: _Networks, options: RunOptions
) -> dict[str, NDArray[Any]]:
    """Run the generated kernel over all cells."""
    kernel = load(grid_module(options.update), loops="error_grid")
    found = kernel.Found(*(np.empty(networks.width.size) for _ in kernel.Found._fields))
    kernel.grid(
        _target(kernel, spectrum),
        kernel.Cells(*networks),
        kernel.Limits(options.iterations, STRIDE),
        found,
    )
    return {
        "min_test_error": found.minimum,
        "iterations": found.iteration.astype(np.int64),
        "stable_rank": found.stable_rank,
        "truncation": found.truncation,
    }


def _target(kernel: ModuleType, spectrum: ModeSpectrum) -> Any:
    """Return a spectrum as the kernel takes it."""
    spikes, bulk = slice(spectrum.spikes), spectrum.bulk
    return kernel.Target(
        signal=spectrum.signal,
        spikes=spectrum.targets[spikes],
        spike_correlations=spectrum.correlations[spikes],
        nodes=spectrum.targets[bulk],
        counts=spectrum.counts[bulk],
        node_correlations=spectrum.correlations[bulk],
        edge=spectrum.edge,
        d_out=float(spectrum.shape[0]),
        d_in=float(spectrum.shape[1]),
        paired=float(spectrum.counts[bulk].sum()),
    )


def _second_order(
    spectrum: ModeSpectrum,
    networks: list[RandomNetwork],
    stable: NDArray[np.bool_],
    options: RunOptions,
) -> dict[str, NDArray[Any]]:
    """Run cell after cell to where the paper stops."""
    names = (
        "min_test_error",
        "iterations",
        "stable_rank",
        "truncation",
        "max_distance",
        "max_distance_truncation",
    )
    found = {name: np.full(len(networks), np.nan) for name in names}
    for place in np.flatnonzero(stable):
        network = networks[place]
        trajectory = run(spectrum, network, options.iterations, True)
        seen = observe(spectrum, network, trajectory)
        best = int(np.argmin(seen["test_error"]))
        found["iterations"][place] = best
        for name, key in (("min_test_error", "test_error"), *((x, x) for x in names[2:4])):
            found[name][place] = seen[key][best]
        away = distance(spectrum, network, trajectory, options.reference)
        far = int(np.argmax(away))
        found["max_distance"][place] = away[far]
        order = distance_truncation(spectrum, network, away)
        found["max_distance_truncation"][place] = order[far]
    found["iterations"] = np.where(stable, found["iterations"], -1).astype(np.int64)
    return found
