"""One point of the phase diagram, ready to be trained: its task, its network, its learning rate.

Low-rank recovery in the scaling ``sigma^2 = d^gamma_sigma2``, ``w = int(d^gamma_w)``, with the
paper's learning rate (:mod:`numerics.published_rules`).

Holds for any d, rank <= d and exponents that give a finite width >= 1.
Source: the published experiments of Tu, Aranguri and Jacot 2024 (arXiv 2405.17580).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.linear.initial_states import random_state
from numerics.linear.network_state import NetworkState
from numerics.linear.tasks import Task, low_rank_recovery
from numerics.published_rules import check_cell, variance_of, width_of
from numerics.published_rules import learning_rate as published_learning_rate
from numerics.support.validation import check_dimension, check_positive, check_rank, check_seed
from theory.published_settings import FIGURE1

__all__ = ["Cell", "prepare_cell", "prepare_on_task"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One point of the phase diagram, ready to be trained.

    Attributes
    ----------
    task : Task
        Low-rank recovery with unit noise.
    state : NetworkState
        The random network at the start.
    width : int
        ``int(d^gamma_w)``.
    init_variance : float
        ``d^gamma_sigma2``, sigma^2.
    learning_rate : float
        By the paper's rule, or as given.
    """

    task: Task
    state: NetworkState
    width: int
    init_variance: float
    learning_rate: float

    @property
    def threshold(self) -> float:
        """Return ``c = sigma^2 w``."""
        return self.init_variance * self.width


def prepare_cell(
    gamma_sigma2: float,
    gamma_w: float,
    d: int,
    *,
    rank: int = FIGURE1.rank,
    seed: int = 0,
    learning_rate_divisor: float = FIGURE1.divisor,
    learning_rate: float | None = None,
) -> Cell:
    """Prepare a cell of the phase diagram: draw its task and its network.

    Parameters
    ----------
    gamma_sigma2, gamma_w : float
        Exponents of the initial variance and of the width.
    d, rank : int
        Dimension (d x d matrices) and rank of A*.
    seed : int
        Root of the random streams of task and network.
    learning_rate_divisor : float
        The paper's rule divides by this (5 in Figure 1, 50 in Figure 2).
    learning_rate : float, optional
        In place of the paper's rule.

    Raises
    ------
    ValueError
        If a size is below 1, rank > d, or a power of d overflows or underflows.

    Examples
    --------
    >>> cell = prepare_cell(-1.5, 2.0, 100)
    >>> cell.width, round(cell.threshold, 6)
    (10000, 10.0)
    """
    size = check_dimension("d", d)
    k = check_rank(rank, size, size)
    check_cell(size, gamma_sigma2, gamma_w)
    check_positive("learning_rate_divisor", learning_rate_divisor)
    if learning_rate is not None:
        check_positive("learning_rate", learning_rate)
    streams = np.random.SeedSequence(check_seed("seed", seed)).spawn(2)
    task_rng, state_rng = (np.random.default_rng(stream) for stream in streams)
    task = low_rank_recovery(size, rank=k, rng=task_rng)
    return prepare_on_task(
        task,
        gamma_sigma2,
        gamma_w,
        state_rng,
        learning_rate_divisor=learning_rate_divisor,
        learning_rate=learning_rate,
    )


def prepare_on_task(
    task: Task,
    gamma_sigma2: float,
    gamma_w: float,
    rng: np.random.Generator | int,
    *,
    learning_rate_divisor: float = FIGURE1.divisor,
    learning_rate: float | None = None,
    truth_norm: float | None = None,
) -> Cell:
    """Draw the network of one point of the exponent plane for a given square task.

    Parameters
    ----------
    task : Task
        What is learned; its dimension is the base of the powers.
    gamma_sigma2, gamma_w, learning_rate_divisor, learning_rate
        As for :func:`prepare_cell`.
    rng : Generator or int
        Source of the network, or its seed.
    truth_norm : float, optional
        ``||A*||`` where it is known already (unit of A).
    """
    size = task.d_in
    variance, width = variance_of(size, gamma_sigma2), width_of(size, gamma_w)
    if learning_rate is None:
        check_positive("learning_rate_divisor", learning_rate_divisor)
        norm = float(np.linalg.norm(task.truth, 2)) if truth_norm is None else truth_norm
        threshold = variance * width
        learning_rate = float(
            published_learning_rate(gamma_sigma2, gamma_w, threshold, norm, learning_rate_divisor)
        )
    state = random_state(size, size, width, init_variance=variance, rng=rng)
    return Cell(
        task=task,
        state=state,
        width=width,
        init_variance=variance,
        learning_rate=check_positive("learning_rate", learning_rate),
    )
