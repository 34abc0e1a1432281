"""Recommended networks trained, beside what was predicted of them.

Several runs each, of tasks with the singular values that the advice was given, rotated and noisy
anew, from random networks of the recommended width, variances and learning rate; each run is as
long as the predicted curve and stopped at its smallest test error.

Holds where the recommendation does; a recommendation is confirmed where the mean of the trained
smallest test errors is within ``AGREEMENT`` of the prediction, give or take ``STANDARD_ERRORS``
standard errors of that mean.
Source: ours.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from numerics.advice.search import SAME_ERROR
from numerics.linear.initial_states import random_state
from numerics.linear.tasks import low_rank_from_spectrum
from numerics.linear.training import Trainer
from numerics.prediction.runs import TRUNCATION_LIMIT
from numerics.support.descriptions import describe
from numerics.support.object_validation import check_dataset
from numerics.support.validation import check_dimension, check_seed

__all__ = ["AGREEMENT", "STANDARD_ERRORS", "check_advice", "check_runs"]

#: What a valid prediction may be off by, relative.
AGREEMENT = TRUNCATION_LIMIT

STANDARD_ERRORS = 2.0


def check_advice(advice: xr.Dataset, runs: int = 8, *, seed: int = 0) -> xr.Dataset:
    """Train the recommendations and compare them with their predictions.

    Parameters
    ----------
    advice : xarray.Dataset
        From :func:`numerics.advice.advise.advise`.
    runs : int
        Trained runs of each recommendation, at least 2; run r has one task for all of them.
    seed : int
        Root of all randomness.

    Returns
    -------
    xarray.Dataset
        On ``recommendation`` and ``run``: ``trained_min_test_error`` and ``trained_iterations``
        (to within 1 % of it, as ``iterations`` of the advice); with ``iteration`` too,
        ``trained_test_error`` and ``trained_train_error``.  On ``recommendation``:
        ``deviation`` (relative, of the mean from the prediction), ``standard_error`` (of that)
        and ``confirmed``.

    Raises
    ------
    TypeError, ValueError
        If there are fewer than 2 runs or the seed is negative.
    DivergedError
        If a run diverges.

    Examples
    --------
    >>> from numerics.advice.advise import advise
    >>> checked = check_advice(advise(60, rank=2), runs=4)
    >>> bool(checked.confirmed.all())
    True
    """
    columns = ("width", "init_variance", "init_variance2", "learning_rate", "min_test_error")
    variables = dict.fromkeys((*columns, "recommendation"), ("recommendation",))
    settings = ("singular_values", "d_in", "d_out", "noise", "update")
    check_dataset("advice", advice, "advise", {**variables, "iteration": ("iteration",)}, settings)
    count, root = check_runs(runs), check_seed("seed", seed)
    names, last = advice.recommendation.values, int(advice.iteration[-1])
    errors = np.empty((2, names.size, count, last + 1))
    for run, stream in enumerate(np.random.SeedSequence(root).spawn(count)):
        task_stream, *states = stream.spawn(1 + names.size)
        task = low_rank_from_spectrum(
            advice.attrs["singular_values"],
            advice.attrs["d_in"],
            advice.attrs["d_out"],
            noise=advice.attrs["noise"],
            rng=np.random.default_rng(task_stream),
        )
        for place, name in enumerate(names):
            one = advice.sel(recommendation=name)
            state = random_state(
                task.d_in,
                task.d_out,
                one.width.item(),
                init_variance=one.init_variance.item(),
                init_variance2=one.init_variance2.item(),
                rng=np.random.default_rng(states[place]),
            )
            trainer = Trainer(
                state, task, learning_rate=one.learning_rate.item(), update=advice.attrs["update"]
            )
            start = trainer.errors
            errors[:, place, run] = np.vstack([start, trainer.advance(last)])[:, 1:].T
    return _compared(advice, errors, root)


def check_runs(runs: int) -> int:
    """Return a number of trained runs, at least 2."""
    count = check_dimension("runs", runs)
    if count < 2:
        raise ValueError(f"runs must be >= 2, for a standard error, got {count}")
    return count


def _compared(advice: xr.Dataset, errors: np.ndarray, seed: int) -> xr.Dataset:
    train, test = errors
    smallest = test.min(axis=-1)
    first = (test <= SAME_ERROR * smallest[..., None]).argmax(axis=-1)
    predicted = advice.min_test_error.values
    deviation = smallest.mean(axis=1) / predicted - 1
    error = smallest.std(axis=1, ddof=1) / np.sqrt(smallest.shape[1]) / predicted
    each, along = ("recommendation", "run"), ("recommendation", "run", "iteration")
    data = xr.Dataset(
        {
            "trained_min_test_error": (each, smallest),
            "trained_iterations": (each, first),
            "trained_test_error": (along, test),
            "trained_train_error": (along, train),
            "deviation": ("recommendation", deviation),
            "standard_error": ("recommendation", error),
            "confirmed": (
                "recommendation",
                np.abs(deviation) <= AGREEMENT + STANDARD_ERRORS * error,
            ),
        },
        coords={"recommendation": advice.recommendation, "iteration": advice.iteration},
        attrs={"seed": seed, "agreement": AGREEMENT},
    )
    return describe(data, check_advice)
