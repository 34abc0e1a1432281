"""Width-free training: one kernel for every dynamics, which differ in the state they start from.

``Theta <- (I - eta Ghat) Theta`` on any factor of the Gram matrix
(:mod:`theory.dynamics.gram_flow`):

- ``gradient_descent`` starts from the network itself (weights or Wishart factor);
- ``self_consistent`` from the lift of its A0, so that it follows equation (1) of Tu, Aranguri and
  Jacot 2024 with an O(eta^2) difference a step from its Euler scheme;
- ``balanced`` from the balanced factor of its A0 (threshold 0);
- ``lazy`` freezes C1 and C2 at their initial values.

Holds for any loss of :mod:`theory.functions.losses`, with or without mask and inputs.  A step costs
``12 d^3`` flops for d x d matrices at any width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import sympy as sp
import xarray as xr
from numpy.typing import NDArray

from numerics.kernels.cache import load
from numerics.linear import observables
from numerics.linear.descent import Descent, stability_limit
from numerics.linear.initial_states import NetworkState, balanced_factor, self_consistent_lift
from numerics.linear.tasks import Task
from numerics.support.descriptions import describe
from numerics.support.validation import check_choice, check_dimension, check_update
from theory.functions.losses import Loss
from theory.kernels.descent_loop import training_module

__all__ = ["DYNAMICS", "OBSERVABLES", "Trainer", "stability_limit", "train"]

DYNAMICS = ("gradient_descent", "self_consistent", "lazy", "balanced")


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What an observable sees: the state of a run and that of its start."""

    A: NDArray
    C1: Callable[[], NDArray]
    C2: Callable[[], NDArray]
    weights: tuple[NDArray, ...]
    start: Snapshot | None
    task: Task


def _ntk_change(x: Snapshot) -> float:
    return observables.ntk_change(x.C1(), x.C2(), C1_0=x.start.C1(), C2_0=x.start.C2())


def _balancedness_drift(x: Snapshot) -> float:
    if len(x.weights) != 2:
        raise ValueError("balancedness_drift needs dynamics of two layers, got 'lazy'")
    W1_0, W2_0 = x.start.weights
    return observables.balancedness_drift(*x.weights, W1_0=W1_0, W2_0=W2_0)


def _mode_overlap(x: Snapshot) -> NDArray:
    # A low-rank truth has fewer modes than A has singular values.
    return observables.mode_overlap(x.A, x.task.truth, np.linalg.matrix_rank(x.task.truth))


#: Observables by name: dimensions beyond the iteration, and a function of a snapshot.
OBSERVABLES: dict[str, tuple[tuple[str, ...], Callable[[Snapshot], object]]] = {
    "singular_value": (("mode",), lambda x: observables.singular_values(x.A)),
    "stable_rank": ((), lambda x: observables.stable_rank(x.A)),
    "mode_overlap": (("truth_mode",), _mode_overlap),
    "ntk_change": ((), _ntk_change),
    "balancedness_drift": ((), _balancedness_drift),
}


class Trainer(Descent):
    """A training run that is advanced by any number of steps at a time.

    Parameters
    ----------
    state : NetworkState
        Where the network starts; the dynamics choose their own start from it.
    task : Task
        What is learned.
    learning_rate : float
        Step size (inverse unit of A for the squared loss).
    dynamics : str
        One of ``DYNAMICS``.
    update : {"simultaneous", "sequential"}
        Both layers at once, or W1 first and W2 with the new W1 (as in the published
        experiments).
    loss : str, Loss or sympy expression
        Loss of one entry.
    dtype : {"float64", "float32"}
        Precision of the weights.

    Examples
    --------
    >>> from numerics.linear.initial_states import random_state
    >>> from numerics.linear.tasks import low_rank_recovery

    >>> state = random_state(20, 20, 1e6, init_variance=1e-6, rng=1)
    >>> task = low_rank_recovery(20, rank=2, rng=0)
    >>> trainer = Trainer(state, task, learning_rate=0.01)
    >>> trainer.advance(10).shape, trainer.iteration  # loss, train and test error of each step
    ((10, 3), 10)
    """

    def __init__(
        self,
        state: NetworkState,
        task: Task,
        *,
        learning_rate: float,
        dynamics: str = "gradient_descent",
        update: str = "simultaneous",
        loss: str | Loss | sp.Expr = "squared",
        dtype: str = "float64",
    ) -> None:
        super().__init__(state, task, learning_rate, loss, dtype)
        self.dynamics = check_choice("dynamics", dynamics, DYNAMICS)
        self.update = check_update(update)
        system, start, constants = _start(state, self.dynamics, self.update)
        kernel = training_module(
            system, self.loss, masked=task.mask is not None, with_inputs=task.inputs is not None
        )
        weights = tuple(np.empty(x.shape, self.dtype) for x in start)
        lazy = self.dynamics == "lazy"
        self.A = weights[0] if lazy else np.empty(task.shape, self.dtype)
        self._constants = tuple(self._array(x) for x in constants)
        evaluated = (*weights, *(() if lazy else (self.A,)), *self._work())
        self._begin(load(kernel), start, weights, evaluated, (*evaluated, *self._constants))
        self._start = self.snapshot(copy=True)

    @property
    def weights(self) -> tuple[NDArray, ...]:
        """The moving matrices: (W1, W2), or (A,) for lazy dynamics."""
        return self._moving

    def rates(self, out: tuple[NDArray, ...]) -> None:
        """Fill ``out`` with the time derivative of the weights under gradient flow."""
        self._kernel.rates(*self._stepped, *out)

    def snapshot(self, *, copy: bool = False) -> Snapshot:
        """Return what observables see now (a view; it moves with the run unless copied)."""
        weights = tuple(x.copy() for x in self.weights) if copy else self.weights
        if self.dynamics == "lazy":
            first, second = (lambda k=k: self._constants[k] for k in (0, 1))
        else:
            first = lambda: weights[0].T @ weights[0]  # noqa: E731
            second = lambda: weights[1] @ weights[1].T  # noqa: E731
        matrix = self.A.copy() if copy else self.A
        return Snapshot(matrix, first, second, weights, getattr(self, "_start", None), self.task)

    def _work(self) -> tuple[NDArray, ...]:
        task, absent = self.task, np.empty((0, 0))
        target = self._array(task.target)
        noiseless = self._array(task.predictions(task.truth))
        inputs = self._array(absent if task.inputs is None else task.inputs)
        mask = np.array(absent if task.mask is None else task.mask, dtype=np.bool_)
        gradient = np.empty(task.shape, self.dtype)
        # Without inputs the predictions are A itself, and their residual is the gradient.
        same = task.inputs is None
        predictions = self.A if same else np.empty_like(target)
        residual = gradient if same else np.empty_like(target)
        return (predictions, residual, gradient, inputs, target, noiseless, mask, self._parameters)


def train(
    state: NetworkState,
    task: Task,
    *,
    learning_rate: float,
    iterations: int,
    dynamics: str = "gradient_descent",
    update: str = "simultaneous",
    loss: str | Loss | sp.Expr = "squared",
    dtype: str = "float64",
    observe: Iterable[str] = (),
    every: int = 1,
) -> xr.Dataset:
    """Train and return the errors, and the observables asked for, along the run.

    Parameters
    ----------
    state, task, learning_rate, dynamics, update, loss, dtype
        As for :class:`Trainer`.
    iterations : int
        Number of steps.
    observe : iterable of str
        Names of ``OBSERVABLES``.
    every : int
        Record each ``every``-th iteration, and the first and the last.

    Returns
    -------
    xarray.Dataset
        Dimension ``iteration`` (0 = initial); variables ``loss`` (sum over observed entries),
        ``train_error``, ``test_error`` (means of squares), the observables, and ``A`` at the end
        (``row``, ``column``).

    Raises
    ------
    DivergedError
        With the iteration and the stability limit.

    Examples
    --------
    >>> from numerics.linear.initial_states import random_state
    >>> from numerics.linear.tasks import low_rank_recovery
    >>> task = low_rank_recovery(20, rank=2, rng=0)
    >>> state = random_state(20, 20, 1e6, init_variance=1e-6, rng=1)
    >>> run = train(state, task, learning_rate=0.01, iterations=50,
    ...             observe=["stable_rank"])
    >>> dict(run.sizes)["iteration"]
    51
    """
    trainer = Trainer(
        state,
        task,
        learning_rate=learning_rate,
        dynamics=dynamics,
        update=update,
        loss=loss,
        dtype=dtype,
    )
    total, stride = check_dimension("iterations", iterations), check_dimension("every", every)
    names = [check_choice("observe", name, tuple(OBSERVABLES)) for name in observe]
    marks = sorted({*range(0, total + 1, stride), total})
    errors, observed = [trainer.errors], [_observe(trainer, names)]
    for before, after in pairwise(marks):
        errors.append(trainer.advance(after - before)[-1])
        observed.append(_observe(trainer, names))
    columns = np.array(errors).T
    data: dict[str, tuple] = {
        name: ("iteration", column)
        for name, column in zip(("loss", "train_error", "test_error"), columns, strict=True)
    }
    for name in names:
        values = np.array([row[name] for row in observed])
        data[name] = (("iteration", *OBSERVABLES[name][0]), values)
    data["A"] = (("row", "column"), trainer.A.copy())
    settings = {
        "dynamics": dynamics,
        "update": update,
        "loss": trainer.loss.name,
        "learning_rate": trainer.learning_rate,
        "stability_limit": trainer.limit,
        "width": state.width,
        "threshold": state.threshold,
        "imbalance": state.imbalance,
        "dtype": str(trainer.A.dtype),
    }
    return describe(xr.Dataset(data, coords={"iteration": marks}, attrs=settings), train)


def _start(state: NetworkState, dynamics: str, update: str) -> tuple:
    if dynamics == "lazy":
        return "frozen", (state.A,), (state.C1, state.C2)
    starts = {
        "gradient_descent": lambda: state,
        "self_consistent": lambda: self_consistent_lift(state.A, state.c1, state.c2),
        "balanced": lambda: balanced_factor(state.A),
    }
    start = starts[dynamics]()
    return update, (start.W1, start.W2), ()


def _observe(trainer: Trainer, names: list[str]) -> dict[str, object]:
    snapshot = trainer.snapshot()
    return {name: OBSERVABLES[name][1](snapshot) for name in names}
