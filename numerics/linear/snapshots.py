"""What is observed along a run of a linear network: by name, or by a function of one's own.

An observable is a function of a :class:`Snapshot`, the run at one iteration beside its start;
``OBSERVABLES`` are those that :func:`numerics.linear.training.train` knows by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.linear import observables
from numerics.linear.tasks import Task
from numerics.support.validation import check_choice

__all__ = ["OBSERVABLES", "Observable", "Snapshot", "chosen_observables", "variables"]


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
    A: NDArray
    task: Task
    _weights: tuple[NDArray, ...]
    _frozen: tuple[NDArray, ...]
    _start: Snapshot | None = None

    @property
    def start(self) -> Snapshot:
        """The run before its first step."""
        return self if self._start is None else self._start

    @property
    def W1(self) -> NDArray:
        """First layer, shape (r, d_in), of the factor that is trained."""
        return self._layers[0]

    @property
    def W2(self) -> NDArray:
        """Second layer, shape (d_out, r), of the factor that is trained."""
        return self._layers[1]

    @property
    def C1(self) -> NDArray:
        """``W1^T W1``, which lazy dynamics leave as it is."""
        return self._frozen[0] if self._frozen else self.W1.T @ self.W1

    @property
    def C2(self) -> NDArray:
        """``W2 W2^T``, which lazy dynamics leave as it is."""
        return self._frozen[1] if self._frozen else self.W2 @ self.W2.T

    @property
    def _layers(self) -> tuple[NDArray, ...]:
        if self._frozen:
            raise ValueError("W1 and W2 need dynamics of two layers, got 'lazy'")
        return self._weights


Observable = Callable[[Snapshot], ArrayLike]


def _balancedness_drift(run: Snapshot) -> float:
    start = run.start
    return observables.balancedness_drift(run.W1, run.W2, W1_0=start.W1, W2_0=start.W2)


def _mode_overlap(run: Snapshot) -> NDArray:
    # A low-rank truth has fewer modes than A has singular values.
    truth = run.task.truth
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


def chosen_observables(
    observe: Iterable[str | Observable] | Mapping[str, Observable],
) -> dict[str, Observable]:
    """Return the functions that are asked for, by the names of their variables.

    Raises
    ------
    ValueError, TypeError
        If a name is not one of ``OBSERVABLES``, or a function has none.
    """
    if isinstance(observe, str):
        raise TypeError(f"observe must be a list of names and functions, got the str {observe!r}")
    if isinstance(observe, Mapping):
        chosen = dict(observe)
    else:
        chosen = dict(_named(each) for each in observe)
    for name, function in chosen.items():
        if not callable(function):
            raise TypeError(f"observe[{name!r}] must be a function, got {type(function).__name__}")
    return chosen


def variables(
    values: Mapping[str, list[ArrayLike]], along: str
) -> dict[str, tuple[tuple[str, ...], NDArray]]:
    """Return observed values as variables of a dataset, stacked along a dimension."""
    stacked = {name: np.array(rows) for name, rows in values.items()}
    return {
        name: (
            (along, *DIMENSIONS.get(name, tuple(f"{name}_{k}" for k in range(array.ndim - 1)))),
            array,
        )
        for name, array in stacked.items()
    }


def _named(each: str | Observable) -> tuple[str, Observable]:
    if not callable(each):
        return each, OBSERVABLES[check_choice("observe", each, tuple(OBSERVABLES))]
    name = getattr(each, "__name__", "")
    if not name.isidentifier():
        raise ValueError(f"observe must name its functions, as {{'mine': ...}}, got {name or each}")
    return name, each
