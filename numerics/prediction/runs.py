"""Predicted runs of low-rank recovery: errors, singular values and distances without training.

Gradient descent on ``Y = A* + noise`` from a random network of any width, in the mean over noise
and start, to second order in ``1/sqrt(width)`` (:mod:`theory.prediction.errors`): about 3 ms for
300 iterations at any dimension, where training costs ``12 d^3`` flops an iteration.

A learning rate above its stability limit is refused (:mod:`numerics.prediction.stability`).
Range of validity: the estimated size of the first neglected order at the minimal test error is
at most ``TRUNCATION_LIMIT`` of it, the width at least ``WIDTHS_PER_RANK`` times the rank, and
the rank at most ``RANK_SHARE`` of the dimension (the spectrum is off by its square).
There minimal test errors agree with training to 1 % in the mean over runs where the width is far
above the dimension, and to 5 % at the border (d >= 200).  Outside it,
:class:`numerics.support.errors.OutOfRangeError`, unless asked otherwise.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from numerics.prediction.mode_spectrum import DEFAULT_NODES, ModeSpectrum
from numerics.prediction.network_scales import RandomNetwork
from numerics.prediction.run_observables import distance, distance_truncation, observe, run
from numerics.prediction.run_settings import (
    RANK_SHARE,
    WIDTHS_PER_RANK,
    PredictedTask,
    RunOptions,
    check_network,
    check_range,
)
from numerics.prediction.stability import check_stable
from numerics.prediction.target_draws import check_draws, with_draws
from numerics.published_rules import check_cell, variance_of, width_of
from numerics.published_rules import learning_rate as published_learning_rate
from numerics.support.descriptions import describe
from numerics.support.errors import OutOfRangeError
from numerics.support.validation import check_dimension, check_positive
from theory.published_settings import FIGURE2

__all__ = [
    "DISTANCE_LIMIT",
    "STATUS",
    "TRUNCATION_LIMIT",
    "UNSTABLE",
    "predict_cell",
    "predict_run",
    "status_of",
]


#: Largest estimated truncation of the minimal test error, relative, that counts as valid.
TRUNCATION_LIMIT = 0.03

#: Largest estimated truncation of the largest distance, relative, that counts as valid.
DISTANCE_LIMIT = 0.1

#: Meaning of a status: 0 valid, else why not.
STATUS = (
    "valid",
    "estimated truncation above its limit",
    f"width below {WIDTHS_PER_RANK} times the rank",
    f"rank above {RANK_SHARE:g} of the dimension",
    "learning rate above its stability limit",
)
UNSTABLE = len(STATUS) - 1


def predict_run(
    d_in: int,
    d_out: int,
    *,
    width: float,
    init_variance: float,
    learning_rate: float,
    iterations: int,
    rank: int | None = None,
    singular_values: ArrayLike | None = None,
    noise: float = 1.0,
    init_variance2: float | None = None,
    update: str = "simultaneous",
    reference: str = "lift",
    stop: bool = False,
    draws: int = 0,
    nodes: int = DEFAULT_NODES,
    allow_out_of_range: bool = False,
) -> xr.Dataset:
    """Predict a run of gradient descent, in the mean over noise and random starts.

    Parameters
    ----------
    d_in, d_out : int
        Shape of the problem, A: (d_out, d_in).
    width : float
        Number of hidden units, any real number >= 1.
    init_variance, init_variance2 : float
        sigma1^2 of the first and sigma2^2 of the second layer (default: the same).
    learning_rate : float
        Step size (inverse unit of A); gradient ``A - Y``.
    iterations : int
        Number of steps.
    rank : int, optional
        Rank of ``A* = C D^T`` with entries of variance 1, of typical singular values.
    singular_values : array_like, optional
        Singular values of A* (unit of A); this or the rank.
    noise : float
        Standard deviation of the noise entries.
    update : {"simultaneous", "sequential"}
        Both layers at once, or W1 first (as in the published experiments).
    reference : {"lift", "euler"}
        What ``distance`` is measured from.
    stop : bool
        Whether to stop where the published experiments do.
    draws : int
        Drawn A* of this rank, for the scatter over them; 0 for none.
    nodes : int
        Nodes of the bulk.
    allow_out_of_range : bool
        Return the prediction outside its range, marked in ``status``, instead of raising.

    Returns
    -------
    xarray.Dataset
        Dimensions ``iteration`` (0 = start) and ``mode``; variables ``train_error``,
        ``test_error``, ``truncation`` (estimate of the first neglected order of the test error),
        ``leading_test_error`` (infinite width), ``outlier`` (singular values of A that the
        signal makes; the edge where hidden in the bulk), ``edge`` (largest of the bulk),
        ``stable_rank``, ``distance`` (root mean square over starts), ``train_error_deviation``
        and ``test_error_deviation`` (standard deviations of one run, the singular values of A*
        given), and, without dimension, ``min_test_error``, ``min_iteration``,
        ``min_truncation``, ``min_test_error_deviation`` (of one run, as before),
        ``max_distance``, ``status`` (of the smallest test error, see ``STATUS``),
        ``max_distance_truncation`` and ``max_distance_status``, which the distance has of its own
        (valid to ``DISTANCE_LIMIT``); with draws ``drawn_min_test_error`` and
        ``drawn_min_test_error_deviation``, mean and standard deviation of one run where A* is
        drawn as well.

    Raises
    ------
    OutOfRangeError
        Outside the range of validity, unless ``allow_out_of_range``; for a learning rate above
        its stability limit.

    Examples
    --------
    >>> run = predict_run(200, 200, rank=5, width=1e5, init_variance=1e-4,
    ...                   learning_rate=2e-4, iterations=200)
    >>> int(run.min_iteration), round(float(run.min_test_error), 3)
    (110, 0.22)
    """
    task = PredictedTask.of(
        d_in=d_in, d_out=d_out, rank=rank, singular_values=singular_values, noise=noise, nodes=nodes
    )
    options = RunOptions(
        iterations=iterations,
        update=update,
        reference=reference,
        stop=stop,
        draws=check_draws(draws, task),
        allow_out_of_range=allow_out_of_range,
    )
    network = check_network(width, init_variance, init_variance2, learning_rate, options.update)
    check_range(task, options.allow_out_of_range, width=network.width)
    spectrum = task.spectrum()
    check_stable(spectrum, network)
    data = _predicted(spectrum, network, options)
    if options.draws:
        data = with_draws(data, task, options, lambda _: network)
    return describe(data, predict_run)


def _predicted(spectrum: ModeSpectrum, network: RandomNetwork, options: RunOptions) -> xr.Dataset:
    """Predict a run of a network that is stable."""
    with np.errstate(over="ignore", invalid="ignore"):  # what leaves the floats is refused below
        trajectory = run(spectrum, network, options.iterations, options.stop)
        seen = observe(spectrum, network, trajectory)
        seen["distance"] = distance(spectrum, network, trajectory, options.reference)
        seen["distance_truncation"] = distance_truncation(spectrum, network, seen["distance"])
    if not np.isfinite(seen["test_error"]).all():
        raise OutOfRangeError(
            f"singular_values, noise and init_variance * width must be so small that their "
            f"fourth powers are floats, got {spectrum.targets.max():.3g}, {spectrum.noise:.3g} and "
            f"{max(network.c1, network.c2):.3g}"
        )
    data = _dataset(spectrum, network, seen, options.reference)
    if data.status != 0 and not options.allow_out_of_range:
        raise _out_of_range(data)
    data.attrs["stop"] = int(options.stop)
    return data


def predict_cell(
    gamma_sigma2: float,
    gamma_w: float,
    d: int,
    *,
    rank: int | None = FIGURE2.rank,
    singular_values: ArrayLike | None = None,
    noise: float = 1.0,
    learning_rate_divisor: float = FIGURE2.divisor,
    iterations: int = FIGURE2.iterations,
    update: str = "sequential",
    reference: str = "lift",
    stop: bool = True,
    draws: int = 0,
    nodes: int = DEFAULT_NODES,
    allow_out_of_range: bool = False,
) -> xr.Dataset:
    """Predict one run, that of a cell of the paper's Figure 2, by the published rules.

    Parameters
    ----------
    gamma_sigma2, gamma_w : float
        ``sigma^2 = d^gamma_sigma2``, width ``int(d^gamma_w)``.
    d : int
        Dimension.
    rank, singular_values
        As for :func:`predict_run`; given singular values win over the rank.
    learning_rate_divisor : float
        The rule divides the learning rate by this.
    noise, iterations, update, reference, stop, draws, nodes, allow_out_of_range
        As for :func:`predict_run`.

    Returns
    -------
    xarray.Dataset
        That of :func:`predict_run` up to the iteration where the paper stops.

    Examples
    --------
    >>> cell = predict_cell(-1.85, 2.25, 500, learning_rate_divisor=5)
    >>> int(cell.min_iteration), round(float(cell.min_test_error), 2)
    (14, 0.1)
    """
    size = check_dimension("d", d)
    task = PredictedTask.square(
        size, rank=rank, singular_values=singular_values, noise=noise, nodes=nodes
    )
    options = RunOptions(
        iterations=iterations,
        update=update,
        reference=reference,
        stop=stop,
        draws=check_draws(draws, task),
        allow_out_of_range=allow_out_of_range,
    )
    divisor = check_positive("learning_rate_divisor", learning_rate_divisor)
    width = check_cell(size, gamma_sigma2, gamma_w)
    check_range(task, options.allow_out_of_range, width=width)
    variance, width = variance_of(size, gamma_sigma2), float(width_of(size, gamma_w))
    spectrum, scale = task.spectrum(), variance * width

    def network_of(largest: float) -> RandomNetwork:
        rate = published_learning_rate(gamma_sigma2, gamma_w, scale, largest, divisor)
        return RandomNetwork(scale, scale, width, float(rate), options.update)

    network = network_of(float(spectrum.signal[0]))
    check_stable(spectrum, network, divisor)
    data = _predicted(spectrum, network, options)
    data.attrs |= {
        "gamma_sigma2": float(gamma_sigma2),
        "gamma_w": float(gamma_w),
        "d": size,
        "learning_rate_divisor": divisor,
    }
    if options.draws:
        data = with_draws(data, task, options, network_of)
    return describe(data, predict_run)


def _dataset(
    spectrum: ModeSpectrum,
    network: RandomNetwork,
    seen: dict[str, NDArray[np.float64]],
    reference: str,
) -> xr.Dataset:
    time = "iteration"
    test, truncation = seen["test_error"], seen["truncation"]
    best = int(np.argmin(test))
    status = status_of(test[best], truncation[best], network.width, spectrum)
    far = int(np.argmax(seen["distance"]))
    away = seen["distance"][far], seen["distance_truncation"][far]
    curves = {
        name: (time, seen[name])
        for name in (
            "train_error",
            "test_error",
            "leading_test_error",
            "truncation",
            "train_error_deviation",
            "test_error_deviation",
            "distance_truncation",
        )
    }
    return xr.Dataset(
        curves
        | {
            "outlier": ((time, "mode"), seen["outlier"]),
            "edge": (time, seen["edge"]),
            "stable_rank": (time, seen["stable_rank"]),
            "distance": (time, seen["distance"]),
            "min_test_error": float(test[best]),
            "min_iteration": best,
            "min_truncation": float(truncation[best]),
            "min_test_error_deviation": float(seen["test_error_deviation"][best]),
            "max_distance": float(away[0]),
            "max_distance_truncation": float(away[1]),
            "max_distance_status": int(
                status_of(*away, network.width, spectrum, limit=DISTANCE_LIMIT)
            ),
            "status": int(status),
        },
        coords={time: np.arange(test.size), "mode": np.arange(1, spectrum.signal.size + 1)},
        attrs={
            "d_in": spectrum.shape[1],
            "d_out": spectrum.shape[0],
            "rank": spectrum.signal.size,
            "noise": spectrum.noise,
            "nodes": spectrum.nodes,
            "width": network.width,
            "init_variance": network.c1 / network.width,
            "init_variance2": network.c2 / network.width,
            "threshold": network.threshold,
            "learning_rate": network.learning_rate,
            "update": network.update,
            "reference": reference,
            "status_meaning": "; ".join(f"{k}: {text}" for k, text in enumerate(STATUS)),
        },
    )


def status_of(
    value: ArrayLike,
    truncation: ArrayLike,
    width: ArrayLike,
    spectrum: ModeSpectrum,
    limit: float = TRUNCATION_LIMIT,
) -> NDArray[np.int64]:
    """Return the index into ``STATUS`` of predicted values with their truncations."""
    value, truncation = np.asarray(value), np.asarray(truncation)
    exceeded = ~((value > 0) & (truncation <= limit * value))
    rank = spectrum.signal.size
    if rank > RANK_SHARE * min(spectrum.shape):
        return np.full(exceeded.shape, 3)
    return np.where(np.asarray(width) < WIDTHS_PER_RANK * rank, 2, np.where(exceeded, 1, 0))


def _out_of_range(data: xr.Dataset) -> OutOfRangeError:
    smallest, truncation = float(data.min_test_error), float(data.min_truncation)
    return OutOfRangeError(
        f"the estimated truncation must be at most {TRUNCATION_LIMIT:.0%} of the smallest test "
        f"error for a prediction, got {truncation:.3g} of {smallest:.3g} (allow_out_of_range=True "
        "returns it all the same)"
    )
