"""Euler steps of equation (1) of Tu, Aranguri and Jacot 2024: self-consistent, as published.

    A <- A - eta (C2 G + G C1),    C1 = sqrt(A^T A + c^2 I),    C2 = sqrt(A A^T + c^2 I),

one step of :func:`theory.dynamics.unified_evolution.evolution_rate` with both roots at A
(:mod:`numerics.linear.followed_root`).  The lift (:mod:`numerics.linear.training`) follows the same
flow; both differ by the error of Euler's method, of order eta at a fixed time.

Holds for identity inputs and every entry observed; fast where A is nearly diagonal, as in the
singular bases of the target (:func:`numerics.phase_diagram.scheme.in_target_bases`).
:mod:`numerics.reference.euler_scheme` is the reference.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.kernels.cache import load
from numerics.linear.descent import Descent, Motion
from numerics.linear.followed_root import FollowedRoot
from numerics.linear.network_state import NetworkState
from numerics.linear.tasks import Task
from numerics.support.validation import check_positive
from theory.functions.losses import Loss
from theory.kernels.descent_loop import training_module

__all__ = ["EulerTrainer"]


@attrs.frozen(eq=False)
class _RootMotion(Motion):
    """A step of A with C1 and C2 held, after they were brought to where A stands."""

    roots: FollowedRoot

    def advance(self, rate: np.floating, ceiling: float, records: NDArray[np.float64]) -> int:
        """Make a step a row of ``records`` and return how many were made."""
        for made in range(len(records)):
            self.roots.follow(self.moving[0])
            Motion.advance(self, rate, ceiling, records[made : made + 1])
            if not records[made, 0] <= ceiling:
                return made + 1
        return len(records)


class EulerTrainer(Descent):
    """A run of Euler steps of equation (1), advanced by any number of steps at a time.

    Parameters
    ----------
    state : NetworkState
        Gives the A to start from and the threshold c > 0.
    task : Task
        With identity inputs and every entry observed.
    learning_rate : float
        Step size (inverse unit of A for the squared loss).
    loss : str or Loss
        Loss of one entry.

    Examples
    --------
    >>> from numerics.linear.initial_states import random_state
    >>> from numerics.linear.tasks import low_rank_recovery
    >>> state = random_state(20, 20, 1e6, init_variance=1e-6, rng=1)
    >>> run = EulerTrainer(state, low_rank_recovery(20, rank=2, rng=0), learning_rate=0.01)
    >>> run.advance(10).shape, run.iteration
    ((10, 3), 10)
    """

    def __init__(
        self, state: NetworkState, task: Task, *, learning_rate: float, loss: str | Loss = "squared"
    ) -> None:
        super().__init__(state, task, learning_rate, loss, "float64")
        if task.is_partial:
            raise ValueError("task must have identity inputs and no mask, got another")
        check_positive("threshold of the state", state.threshold)
        self.roots = FollowedRoot(task.shape, state.threshold)
        self.A, gradient, absent = np.empty(task.shape), np.empty(task.shape), np.empty((0, 0))
        data = (absent, self._array(task.target), self._array(task.truth))
        # Without inputs the predictions are A itself, and their residual is the gradient.
        work = (self.A, gradient, gradient, *data, absent.astype(np.bool_), self._parameters)
        motion = _RootMotion(
            load(training_module("frozen", self.loss)),
            moving=(self.A,),
            evaluated=(self.A, *work),
            stepped=(self.A, *work, self.roots.C1, self.roots.C2),
            roots=self.roots,
        )
        self._begin(motion, (state.A,))

    def place(self, matrices: Iterable[ArrayLike]) -> tuple[float, float, float]:
        """Move the run to another matrix and return the errors there."""
        self.roots.forget()
        return super().place(matrices)
