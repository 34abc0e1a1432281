"""Smallest test errors of small trained networks, for claims that hold theory against training.

Descent on ``Y = A* + noise``, noise entries of variance 1, from a random network of any width,
and the smallest test error E on the way.  E is the parallel sum of the noise and of what start
and waiting cost, x: ``1/E = 1/x + 1``
(:func:`theory.regimes.minimal_error.minimal_error_amplitude`). Terms add up in x, which
:func:`cost_of_error` returns.

At trainable sizes a term leads by less than the constants of the others.  It is isolated by a
second run on the same task that lacks what causes the term.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.kernels.evaluate import evaluate
from numerics.linear.initial_states import random_state
from numerics.linear.tasks import Task, low_rank_from_spectrum
from numerics.linear.training import Trainer
from theory.algebra.stable_form import StableForm
from theory.regimes.minimal_error import sweet_spot_logarithm
from theory.regimes.scales import d, k, sigma1, sigma2, tau, theta
from theory.symbols import w

__all__ = [
    "RandomStart",
    "added_cost",
    "cost_of_error",
    "recovery_task",
    "smallest_error",
    "waiting_logarithm",
]

#: Learning rate in units of 1/(theta + edge of the kernel).
RATE = 0.2

#: An active run ends by ``log(1 + theta/edge)/theta`` and so many 1/theta: its smallest error is
#: at L/theta, where L exceeds log(theta/c) by terms of order log log.
PATIENCE = 4.0


@dataclass(frozen=True)
class RandomStart:
    """A random network at its start: entries of one variance in both layers, and a width.

    Attributes
    ----------
    variance : float
        sigma^2, of both layers.
    width : float
        Number of hidden units.
    """

    variance: float
    width: float

    @classmethod
    def of_threshold(cls, threshold: float, width: float) -> RandomStart:
        """Return the start of a given ``c = sigma^2 w``."""
        return cls(threshold / width, width)

    @property
    def initial(self) -> float:
        """v, the variance of an entry of the initial matrix."""
        return self.variance**2 * self.width

    def edge(self, size: int) -> float:
        """Return the largest eigenvalue of C1 and C2, that of Marchenko and Pastur."""
        return self.variance * (np.sqrt(self.width) + np.sqrt(size)) ** 2

    def learned_by(self, signal: float, size: int) -> float:
        """Return a time by which an active network has learned the signal."""
        return (np.log1p(signal / self.edge(size)) + PATIENCE) / signal

    def unlearned_by(self, size: int) -> float:
        """Return twice the time in which the kernel brings v down to the noise."""
        reach = 1 + size / self.width
        return np.log1p(self.initial * reach) / (self.variance * self.width * reach)


def recovery_task(size: int, signal: float, rng: np.random.Generator, rank: int = 1) -> Task:
    """Return a task of equal singular values, in noise of unit entries."""
    return low_rank_from_spectrum([signal] * rank, size, size, noise=1.0, rng=rng)


def smallest_error(
    task: Task,
    start: RandomStart,
    signal: float,
    time: float,
    rng: np.random.Generator,
    *,
    rate: float = RATE,
) -> float:
    """Train a network and return its smallest test error.

    Parameters
    ----------
    task : Task
        Square, everything observed.
    start : RandomStart
        Of the network.
    signal : float
        Largest singular value of the signal (unit of A).
    time : float
        When to stop (inverse unit of A).
    rng : Generator
        Of the start.
    rate : float
        Learning rate in units of 1/(signal + edge).
    """
    size = task.d_in
    state = random_state(size, size, start.width, init_variance=start.variance, rng=rng)
    step = rate / (signal + start.edge(size))
    trainer = Trainer(state, task, learning_rate=step)
    first = trainer.errors[2]
    return float(min(first, trainer.advance(int(np.ceil(time / step)))[:, 2].min()))


def cost_of_error(error: float) -> float:
    """Return x of an error E below the noise, ``1/x = 1/E - 1``.

    Examples
    --------
    >>> cost_of_error(0.5), round(cost_of_error(0.01), 6)
    (1.0, 0.010101)
    """
    if not 0 < error < 1:
        raise ValueError(f"error must lie between 0 and the noise, 1, got {error:.3g}")
    return error / (1 - error)


def waiting_logarithm(size: float, rank: int, signal: float, start: RandomStart) -> float:
    """Return L, the time of the sweet spot over 1/signal, of theory.regimes.minimal_error."""
    deviation = float(np.sqrt(start.variance))
    values = (size, rank, signal, 1.0, deviation, deviation, start.width)
    return float(evaluate(_waiting_form, *values, compiled=False)["logarithm"])


def added_cost(
    task: Task, start: RandomStart, bare: RandomStart, signal: float, rng: np.random.Generator
) -> float:
    """Return what an active start costs more than one that lacks the cause of a term."""
    whole, rest = (
        cost_of_error(smallest_error(task, x, signal, x.learned_by(signal, task.d_in), rng))
        for x in (start, bare)
    )
    return whole - rest


def _waiting_form() -> StableForm:
    letters = (d, k, theta, tau, sigma1, sigma2, w)
    return StableForm(letters, (), {"logarithm": sweet_spot_logarithm()})
