r"""The crossover of two-layer linear networks: kernel change over the plane (threshold, width).

Each run starts with entries of variance ``sigma^2 = c/w`` in both layers, at the matrix A0, and
learns ``A - A0 = Y`` by small steps of gradient descent, where Y has rank k and singular values
``theta = 1``; the predictor starts from zero, as in the second paper.  It ends when the train
error has fallen by ``FITTED``.  The relative change of its NTK says how lazily it trained:

    ||K_end - K_0||_F/||K_0||_F,    K = C1 (x) I + I (x) C2.

For c << theta it grows like ``theta/c``; for c >> theta it falls as ``(theta/c)^2``, and as
``(theta/c) w^(-1/2)`` from the start's fluctuations where those are larger.  The limit of
infinite width is that of :mod:`theory.crossover.kernel_change`.

Holds at any width, at the same cost.
Source: the tasks of Tu, Aranguri and Jacot 2024, the question of Geiger, Spigler, Jacot and Wyart
2020.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from numerics.linear.initial_states import check_drawn_width, random_state
from numerics.linear.observables import ntk_change
from numerics.linear.tasks import Task, low_rank_from_spectrum
from numerics.linear.training import Trainer
from numerics.support.descriptions import describe
from numerics.support.object_validation import check_size
from numerics.support.validation import (
    check_dimension,
    check_positive,
    check_rank,
    check_seed,
    check_vector,
)

__all__ = ["linear_crossover"]

#: A run ends when its train error has fallen to this share: singular values within 0.1 %.
FITTED = 1e-6
#: Steps a unit of the largest rate; 1.5 % of the kernel change is far below a contour's width.
DIVISOR = 20.0
CHUNK, CHUNKS = 50, 400


def linear_crossover(
    thresholds: Sequence[float],
    widths: Sequence[float],
    *,
    d: int = 20,
    rank: int = 5,
    replicates: int = 3,
    seed: int = 0,
    learning_rate_divisor: float = DIVISOR,
) -> xr.Dataset:
    """Train linear networks over thresholds and widths and return their kernel change.

    Parameters
    ----------
    thresholds : sequence of float
        ``c = sigma^2 w`` in units of the target's singular values.
    widths : sequence of float
        Widths, at least ``rank`` each.
    d, rank : int
        Size of the d x d target and its rank.
    replicates : int
        Independent draws of target and network.
    seed : int
        Root of all randomness.
    learning_rate_divisor : float
        Learning rate: 1 over this times the largest rate.  The balance of the layers drifts, and
        with it the kernel change, by about 0.3 over it.

    Returns
    -------
    xarray.Dataset
        ``kernel_change`` and ``steps`` over ``threshold``, ``width`` and ``seed``; NaN where a
        run did not fit the target.

    Raises
    ------
    ValueError, TypeError
        If a threshold or width is not positive, or the rank exceeds d or a width.

    Examples
    --------
    >>> data = linear_crossover([1e-2, 1e2], [1e4], d=6, rank=2, replicates=1)
    >>> change = data.kernel_change.squeeze()
    >>> bool(change[0] > 10), bool(change[1] < 0.1)
    (True, True)
    """
    dimension = check_dimension("d", d)
    k, count = check_rank(rank, d, d), check_dimension("replicates", replicates)
    scales, sizes = (
        check_vector(name, x) for name, x in (("thresholds", thresholds), ("widths", widths))
    )
    for name, values in (("thresholds", scales), ("widths", sizes)):
        check_size(name, values)
        if values.min() <= 0:
            raise ValueError(f"{name} must be > 0, got {values.min()}")
    root = check_seed("seed", seed)
    divisor = check_positive("learning_rate_divisor", learning_rate_divisor)
    if divisor < 1:
        raise ValueError(
            f"learning_rate_divisor must be at least 1, where the learning rate is at its "
            f"stability limit, got {divisor:g}"
        )
    if sizes.min() < k:
        raise ValueError(f"widths must be at least rank = {k} to fit the target, got {sizes.min()}")
    for width in sizes:
        check_drawn_width("widths", width, 2 * dimension)
    change = np.full((len(scales), len(sizes), count), np.nan)
    steps = np.full(change.shape, -1)
    for index in np.ndindex(change.shape):
        stream = np.random.SeedSequence(root, spawn_key=index)
        change[index], steps[index] = _run(
            float(scales[index[0]]),
            float(sizes[index[1]]),
            dimension,
            k,
            np.random.default_rng(stream),
            divisor,
        )
    axes = ("threshold", "width", "seed")
    data = xr.Dataset(
        {"kernel_change": (axes, change), "steps": (axes, steps)},
        coords={"threshold": scales, "width": sizes, "seed": np.arange(count)},
        attrs={"d": dimension, "rank": k, "root_seed": root},
    )
    return describe(data, linear_crossover)


def _run(
    threshold: float,
    width: float,
    d: int,
    rank: int,
    rng: np.random.Generator,
    learning_rate_divisor: float,
) -> tuple[float, int]:
    """Return the kernel change of one run and its steps; NaN if it did not fit."""
    signal = low_rank_from_spectrum(np.ones(rank), d, d, noise=0.0, rng=rng).truth
    state = random_state(d, d, width, init_variance=threshold / width, rng=rng)
    task = Task(state.A + signal, state.A + signal, name="shifted low rank")
    scale = np.hypot(np.linalg.norm(task.target, 2), threshold)
    trainer = Trainer(state, task, learning_rate=1 / (learning_rate_divisor * scale))
    target = FITTED * trainer.errors[1]
    for _ in range(CHUNKS):
        if trainer.advance(CHUNK)[-1, 1] <= target:
            now, start = trainer.snapshot(), trainer.snapshot().start
            change = ntk_change(now.C1, now.C2, C1_0=start.C1, C2_0=start.C2)
            return change, trainer.iteration
    return np.nan, trainer.iteration
