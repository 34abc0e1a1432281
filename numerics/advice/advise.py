"""Which start to train from: the least test error against the iterations to it, predicted.

At infinite width a run depends on ``c = (sigma1^2 + sigma2^2) w/2`` and the learning rate alone: a
small c waits ``log(theta/c)/theta`` for the signal and fits little noise meanwhile, about
``4 c^2`` times the waiting time squared; a large c fits signal and noise at once.  A finite width
adds the initial matrix and the fluctuations of C1 and C2, less the wider it is and the smaller c.
So the trade-off is a curve over c, and the width follows from it: the smallest at which the
prediction for the wide network still holds.

Holds for low-rank recovery with noise, and early stopping at the smallest test error (which takes
held-out data; see ``stop_from`` and ``stop_to``).  Starts outside the prediction's range of
validity are never recommended.
Source: ours; the rule of the knee: Das 1999, Satopaa et al. 2011.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from numerics.advice.choice import (
    NAMES,
    RULES,
    choose,
    entry_variances,
    finite_regime,
    recommended_network,
)
from numerics.advice.front import RATIOS, candidates, front
from numerics.advice.search import BEYOND_BUDGET, STATUS, Start, make_network, predicted_minimum
from numerics.prediction.mode_spectrum import DEFAULT_NODES, ModeSpectrum
from numerics.prediction.network_scales import RandomNetwork
from numerics.prediction.run_settings import PredictedTask, check_range
from numerics.prediction.runs import predict_run
from numerics.prediction.stability import is_stable, stable_rate
from numerics.support.descriptions import describe
from numerics.support.object_validation import check_size
from numerics.support.validation import check_dimension, check_positive, check_switch, check_update

__all__ = ["advise"]

#: Widest network looked at, over the larger dimension, where no limit is given.
WIDE = 1024

#: Most iterations looked at, where no budget is given.
MOST_ITERATIONS = 4096

#: A run may stop where its test error is within this factor of the smallest.
STOP_TOLERANCE = 1.1

#: A variance may be misjudged by this factor, either way.
MISJUDGED = 2.0

#: Curves go on to this multiple of the iterations of the slowest recommendation, and some more.
CURVE, CURVE_MORE = 1.5, 8


def advise(
    d_in: int,
    d_out: int | None = None,
    *,
    rank: int | None = None,
    singular_values: ArrayLike | None = None,
    noise: float = 1.0,
    budget: int | None = None,
    learning_rate_share: float = 0.5,
    max_width: float | None = None,
    unequal_layers: bool = False,
    update: str = "simultaneous",
    nodes: int = DEFAULT_NODES,
) -> xr.Dataset:
    """Recommend initial variances, width and learning rate for a task.

    Parameters
    ----------
    d_in, d_out : int
        Shape of the problem, A: (d_out, d_in); d_out is d_in where left out.
    rank : int, optional
        Rank of ``A* = C D^T`` with entries of variance 1, of typical singular values.
    singular_values : array_like, optional
        Singular values of A* (unit of A); this or the rank.
    noise : float
        Standard deviation of the noise entries, > 0.
    budget : int, optional
        Most iterations to the smallest test error.
    learning_rate_share : float
        Largest share of the stability limit for the learning rate, < 1.  At 1/2 descent near
        the target is fastest: its multiplier is 0, beyond it overshoots.
    max_width : float, optional
        Widest network; default ``WIDE`` times the larger dimension, as good as infinite.
    unequal_layers : bool
        Whether the variances of the layers may differ.
    update : {"simultaneous", "sequential"}
        Both layers at once, or W1 first.
    nodes : int
        Nodes of the bulk.

    Returns
    -------
    xarray.Dataset
        On ``recommendation`` (accurate, knee, fast; see ``RULES``): ``init_variance``,
        ``init_variance2``, ``width``, ``smallest_width``, ``learning_rate``,
        ``learning_rate_share`` (of the stability limit), ``threshold``, ``regime``,
        ``lazy_modes`` (singular values of A* below the threshold), ``min_test_error``,
        ``iterations`` (the first within 1 % of it), ``stop_from`` and ``stop_to`` (where the test
        error stays within 10 % of it), ``min_test_error_deviation`` (of one run),
        ``misjudged_test_error`` (the larger smallest test error if the variances are halved or
        doubled; infinite where the run is then unstable); with ``iteration``, ``train_error`` and
        ``test_error``.  On ``front``: the Pareto front.  On the three ``candidate_...``
        dimensions: every start looked at, with its ``candidate_status``.  In the
        attributes: ``detected`` (singular values of A* that stand out of the noise),
        ``untrained_error`` (of A = 0), ``outside_range`` (candidates outside the range of
        validity), ``budget`` (0: none).

    Raises
    ------
    OutOfRangeError
        If no start looked at is inside the prediction's range of validity.
    ValueError
        If an argument is out of range, or no start reaches its minimum within the budget.

    Examples
    --------
    >>> advice = advise(200, rank=5)
    >>> knee = advice.sel(recommendation="knee")
    >>> str(knee.regime.item()), int(knee.iterations), round(float(knee.min_test_error), 2)
    ('active', 9, 0.07)
    """
    # Without noise the test error falls for ever and there is nothing to trade.
    task = PredictedTask.of(
        d_in=d_in,
        d_out=d_in if d_out is None else d_out,
        rank=rank,
        singular_values=singular_values,
        noise=check_positive("noise", noise),
        nodes=nodes,
    )
    columns, rows = task.d_in, task.d_out
    share = check_positive("learning_rate_share", learning_rate_share)
    if not np.finfo(float).eps <= share < 1:
        rule = (
            "< 1" if share >= 1 else f"at least {np.finfo(float).eps:.2g}, the rounding of a step"
        )
        raise ValueError(f"learning_rate_share must be {rule}, got {share}")
    if max_width is None:
        widest = float(WIDE * max(rows, columns))
    else:
        widest = float(math.floor(check_positive("max_width", max_width)))
        check_size("max_width", widest)
        if widest < 1:
            raise ValueError(f"max_width must be >= 1, got {max_width}")
    limit = MOST_ITERATIONS if budget is None else check_dimension("budget", budget)
    check_update(update)
    ratios = RATIOS if check_switch("unequal_layers", unequal_layers) else (1.0,)
    check_range(task, max_width=widest)
    spectrum = task.spectrum()
    grid = candidates(spectrum, widest, share, ratios, update, limit)
    best = front(grid, spectrum, widest, update, limit)
    status = grid.candidate_status.values
    data = xr.merge([_recommendations(best, spectrum, widest, update, limit), best, grid])
    data = data.assign_attrs(
        d_in=columns,
        d_out=rows,
        rank=spectrum.signal.size,
        noise=spectrum.noise,
        singular_values=spectrum.signal,
        detected=spectrum.spikes,
        budget=budget or 0,
        untrained_error=float(np.sum(spectrum.signal**2)) / (rows * columns),
        learning_rate_share=share,
        widest=widest,
        unequal_layers=int(unequal_layers),
        update=update,
        nodes=spectrum.nodes,
        candidates=status.size,
        outside_range=int(((status > 0) & (status < BEYOND_BUDGET)).sum()),
        status_meaning="; ".join(f"{k}: {text}" for k, text in enumerate(STATUS)),
        rules="; ".join(f"{name}: {text}" for name, text in RULES.items()),
    )
    return describe(data, advise)


def _recommendations(
    best: xr.Dataset, spectrum: ModeSpectrum, widest: float, update: str, budget: int
) -> xr.Dataset:
    """Return the recommended networks with their predicted runs."""
    networks, least, lengths = [], [], []
    for place in choose(best.front_min_test_error.values, best.front_iterations.values):
        point = best.isel(front=place)
        start = Start(
            point.front_threshold.item(),
            point.front_variance_ratio.item(),
            point.front_learning_rate_share.item(),
            widest,
        )
        least.append(point.front_smallest_width.item())
        network = recommended_network(spectrum, start, least[-1], update)
        found = predicted_minimum(spectrum, network, budget)
        if found.status != 0:
            # Its rounding took it over a limit; the start itself is within all of them.
            network = make_network(spectrum, start, update)
            found = predicted_minimum(spectrum, network, budget)
        networks.append(network)
        lengths.append(found.iterations)
    length = math.ceil(CURVE * max(lengths)) + CURVE_MORE
    rows = [
        _row(spectrum, network, iterations, length, budget)
        for network, iterations in zip(networks, lengths, strict=True)
    ]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    data = xr.Dataset(
        {"smallest_width": ("recommendation", least)},
        coords={"recommendation": list(NAMES), "iteration": np.arange(length + 1)},
    )
    for name, values in columns.items():
        dims = ("recommendation", "iteration") if np.ndim(values) > 1 else ("recommendation",)
        data[name] = dims, np.array(values)
    return data


def _row(
    spectrum: ModeSpectrum, network: RandomNetwork, iterations: int, length: int, budget: int
) -> dict[str, Any]:
    """Return what is told of one recommended network."""
    d_out, d_in = spectrum.shape
    variances = entry_variances(network)
    run = predict_run(
        d_in,
        d_out,
        width=network.width,
        init_variance=variances[0],
        init_variance2=variances[1],
        learning_rate=network.learning_rate,
        iterations=length,
        singular_values=spectrum.signal,
        noise=spectrum.noise,
        update=network.update,
        nodes=spectrum.nodes,
    )
    test = run.test_error.values
    beyond = test > STOP_TOLERANCE * run.min_test_error.item()
    before, after = np.flatnonzero(beyond[:iterations]), np.flatnonzero(beyond[iterations:])
    misjudged = [
        _smallest_error(
            spectrum, replace(network, c1=factor * network.c1, c2=factor * network.c2), budget
        )
        for factor in (1 / MISJUDGED, MISJUDGED)
    ]
    return {
        "init_variance": variances[0],
        "init_variance2": variances[1],
        "width": network.width,
        "learning_rate": network.learning_rate,
        "learning_rate_share": network.learning_rate / stable_rate(spectrum, network),
        "threshold": network.threshold,
        "regime": finite_regime(spectrum, network),
        "lazy_modes": int(np.count_nonzero(spectrum.signal < network.threshold)),
        "min_test_error": run.min_test_error.item(),
        "iterations": iterations,
        "stop_from": int(before[-1]) + 1 if before.size else 0,
        "stop_to": iterations + int(after[0]) - 1 if after.size else length,
        "min_test_error_deviation": run.min_test_error_deviation.item(),
        "misjudged_test_error": max(misjudged),
        "train_error": run.train_error.values,
        "test_error": test,
    }


def _smallest_error(spectrum: ModeSpectrum, network: RandomNetwork, budget: int) -> float:
    """Return the smallest test error of a run, infinite where it is not stable."""
    if not is_stable(spectrum, network):
        return math.inf
    return predicted_minimum(spectrum, network, budget).min_test_error
