"""What is observed along a run of a linear network: by name, or by a function of one's own.

An observable is a function of a :class:`Snapshot`, the run at one iteration beside its start;
``OBSERVABLES`` are those that :func:`numerics.linear.training.train` knows by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.linear import observables
from numerics.linear.tasks import Task
from numerics.support.validation import check_matrix

__all__ = ["DIMENSIONS", "OBSERVABLES", "Observable", "Snapshot"]


@attrs.frozen(eq=False, kw_only=True)
class Snapshot:
    """A run at one iteration, as an observable sees it.

    Arrays move on with the run: an observable that keeps one copies it.

    Attributes
    ----------
    iteration : int
        Steps made.
    A : ndarray, shape (d_out, d_in)
        The learned matrix.
    task : Task
        What is learned.

    Examples
    --------
    >>> from numerics.linear.initial_states import random_state
    >>> from numerics.linear.tasks import low_rank_recovery
    >>> from numerics.linear.training import train
    >>> def trace(run: Snapshot) -> float:
    ...     return np.trace(run.C1 - run.start.C1)
    >>> state = random_state(20, 20, 1e6, init_variance=1e-6, rng=1)
    >>> task = low_rank_recovery(20, rank=2, rng=0)
    >>> run = train(state, task, learning_rate=0.01, iterations=50, observe=[trace])
    >>> run.trace.dims, float(run.trace[0])
    (('iteration',), 0.0)
    """

    iteration: int
    A: NDArray[Any]
    task: Task
    _weights: tuple[NDArray[Any], ...]
    _frozen: tuple[NDArray[Any], ...]
    _start: Snapshot | None = None

    @property
    def start(self) -> Snapshot:
        """The run before its first step."""
        return self if self._start is None else self._start

    @property
    def W1(self) -> NDArray[Any]:
        """First layer, shape (r, d_in), of the factor that is trained."""
        return self._layers[0]

    @property
    def W2(self) -> NDArray[Any]:
        """Second layer, shape (d_out, r), of the factor that is trained."""
        return self._layers[1]

    @property
    def C1(self) -> NDArray[Any]:
        """``W1^T W1``, which lazy dynamics leave as it is."""
        return self._frozen[0] if self._frozen else self.W1.T @ self.W1

    @property
    def C2(self) -> NDArray[Any]:
        """``W2 W2^T``, which lazy dynamics leave as it is."""
        return self._frozen[1] if self._frozen else self.W2 @ self.W2.T

    @property
    def _layers(self) -> tuple[NDArray[Any], ...]:
        if self._frozen:
            raise ValueError("W1 and W2 need dynamics of two layers, got 'lazy'")
        return self._weights


Observable = Callable[[Snapshot], ArrayLike]


def _balancedness_drift(run: Snapshot) -> float:
    start = run.start
    return observables.balancedness_drift(run.W1, run.W2, W1_0=start.W1, W2_0=start.W2)


def _mode_overlap(run: Snapshot) -> NDArray[Any]:
    # A low-rank truth has fewer modes than A has singular values.
    truth = check_matrix("truth of the task", run.task.truth)
    return observables.mode_overlap(run.A, truth, int(np.linalg.matrix_rank(truth)))


#: Observables by name: functions of a snapshot.
OBSERVABLES: dict[str, Observable] = {
    "singular_value": lambda run: observables.singular_values(run.A),
    "stable_rank": lambda run: observables.stable_rank(run.A),
    "mode_overlap": _mode_overlap,
    "ntk_change": lambda run: observables.ntk_change(
        run.C1, run.C2, C1_0=run.start.C1, C2_0=run.start.C2
    ),
    "balancedness_drift": _balancedness_drift,
}

#: Dimensions of the values of those that return arrays.
DIMENSIONS = {"singular_value": ("mode",), "mode_overlap": ("truth_mode",)}
