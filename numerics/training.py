"""Width-free training: one kernel for every dynamics, which differ in the state they start from.

``Theta <- (I - eta Ghat) Theta`` on any factor of the Gram matrix (:mod:`theory.gram_dynamics`):

- ``gradient_descent`` starts from the network itself (weights or Wishart factor);
- ``self_consistent`` from the lift of its A0, so that it follows equation (1) of Tu, Aranguri and
  Jacot 2024 with an O(eta^2) difference a step from its Euler scheme;
- ``balanced`` from the balanced factor of its A0 (threshold 0);
- ``lazy`` freezes C1 and C2 at their initial values.

Holds for any loss of :mod:`theory.losses`, with or without mask and inputs.  A step costs
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

from numerics import observables
from numerics.errors import DivergedError
from numerics.initialization import NetworkState, balanced_factor, self_consistent_lift
from numerics.kernel_cache import load
from numerics.provenance import versions
from numerics.tasks import Task
from numerics.validation import check_choice, check_dimension, check_positive
from theory.dense_source import descent_system, frozen_system, training_module
from theory.losses import Loss, get_loss
from theory.single_mode import stability_limit as mode_stability_limit
from theory.symbols import c, y

__all__ = ["DYNAMICS", "OBSERVABLES", "UPDATES", "Trainer", "stability_limit", "train"]

DYNAMICS = ("gradient_descent", "self_consistent", "lazy", "balanced")
UPDATES = ("simultaneous", "sequential")

#: A run has diverged when its loss exceeds the largest of its first values by this factor.
DIVERGENCE_FACTOR = 1e6


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
    return observables.ntk_change(x.C1(), x.C2(), x.start.C1(), x.start.C2())


def _balancedness_drift(x: Snapshot) -> float:
    if len(x.weights) != 2:
        raise ValueError("balancedness_drift needs dynamics of two layers, got 'lazy'")
    return observables.balancedness_drift(*x.weights, *x.start.weights)


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
}  # fmt: skip


class Trainer:
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

    Attributes
    ----------
    A : ndarray, shape (d_out, d_in)
        The matrix learned so far.
    iteration : int
        Steps made.
    errors : tuple of float
        Loss, train error and test error now.
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
        self.learning_rate = check_positive("learning_rate", learning_rate)
        self.dynamics = check_choice("dynamics", dynamics, DYNAMICS)
        self.update = check_choice("update", update, UPDATES)
        kind = np.dtype(check_choice("dtype", str(dtype), ("float64", "float32")))
        self.loss, self.task, self.iteration = get_loss(loss), task, 0
        if (state.d_out, state.d_in) != task.shape:
            raise ValueError(
                f"state and task must have one shape (d_out, d_in), got "
                f"{(state.d_out, state.d_in)} and {task.shape}"
            )
        system, moving, constants = _start(state, self.dynamics, self.update)
        self._state = tuple(np.array(x, dtype=kind, order="C") for x in moving)
        self._constants = tuple(np.array(x, dtype=kind, order="C") for x in constants)
        masked, with_inputs = task.mask is not None, task.inputs is not None
        self._kernel = load(
            training_module(system, self.loss, masked=masked, with_inputs=with_inputs)
        )
        self.A = self._state[0] if self.dynamics == "lazy" else np.empty(task.shape, kind)
        self._work = self._arrays(kind)
        self.limit = stability_limit(task, state.threshold, self.loss)
        self.errors = self._evaluate()
        self._ceiling = DIVERGENCE_FACTOR * max(self.errors[0], np.finfo(np.float64).tiny)
        self._ceiling = max(self._ceiling, DIVERGENCE_FACTOR * self._loss_at_zero())
        self._start = self.snapshot(copy=True)

    def advance(self, steps: int) -> NDArray[np.float64]:
        """Make steps of descent and return their (loss, train error, test error), a row a step.

        Raises
        ------
        DivergedError
            When the loss is no longer a number or exceeds its start by ``DIVERGENCE_FACTOR``.
        """
        records = np.empty((check_dimension("steps", steps), 3))
        made = self._kernel.advance(
            *self._state, *self._work, *self._constants,
            self.A.dtype.type(self.learning_rate), self._ceiling, records,
        )  # fmt: skip
        self.iteration += made
        self.errors = tuple(records[made - 1])
        if not self.errors[0] <= self._ceiling:
            raise DivergedError(self.iteration, self.learning_rate, self.limit)
        return records

    @property
    def weights(self) -> tuple[NDArray, ...]:
        """The moving matrices: (W1, W2), or (A,) for lazy dynamics."""
        return self._state

    def place(self, weights: Iterable[NDArray]) -> tuple[float, float, float]:
        """Move the run to other weights of the same shapes and return the errors there."""
        for own, new in zip(self._state, weights, strict=True):
            own[...] = new
        self.errors = self._evaluate()
        return self.errors

    def rates(self, out: tuple[NDArray, ...]) -> None:
        """Fill ``out`` with the time derivative of the weights under gradient flow."""
        self._kernel.rates(*self._state, *self._work, *self._constants, *out)

    def snapshot(self, *, copy: bool = False) -> Snapshot:
        """Return what observables see now (a view; it moves with the run unless copied)."""
        weights = tuple(x.copy() for x in self._state) if copy else self._state
        if self.dynamics == "lazy":
            first, second = (lambda k=k: self._constants[k] for k in (0, 1))
        else:
            first = lambda: weights[0].T @ weights[0]  # noqa: E731
            second = lambda: weights[1] @ weights[1].T  # noqa: E731
        matrix = self.A.copy() if copy else self.A
        return Snapshot(matrix, first, second, weights, getattr(self, "_start", None), self.task)

    def _arrays(self, kind: np.dtype) -> tuple[NDArray, ...]:
        task = self.task
        inputs = np.empty((0, 0), kind) if task.inputs is None else task.inputs.astype(kind)
        mask = np.empty((0, 0), np.bool_) if task.mask is None else np.array(task.mask)
        target = np.array(task.target, dtype=kind, order="C")
        noiseless = np.array(task.predictions(task.truth), dtype=kind, order="C")
        gradient = np.empty(task.shape, kind)
        predictions = self.A if task.inputs is None else np.empty(target.shape, kind)
        residual = gradient if task.inputs is None else np.empty(target.shape, kind)
        parameters = np.array(list(self.loss.parameters.values()), dtype=np.float64)
        work = (predictions, residual, gradient, np.ascontiguousarray(inputs), target, noiseless,
                mask, parameters)  # fmt: skip
        return work if self.dynamics == "lazy" else (self.A, *work)

    def _evaluate(self) -> tuple[float, float, float]:
        return tuple(self._kernel.evaluate(*self._state, *self._work))

    def _loss_at_zero(self) -> float:
        """Return the loss of the zero matrix, a scale that a lucky start cannot make small."""
        kind, mask = self.A.dtype, self._work[-2]
        target, noiseless = self._work[-4:-2]
        zero, residual = np.zeros(target.shape, kind), np.empty(target.shape, kind)
        entries = self._kernel.entries
        return entries(zero, residual, target, noiseless, mask, self._work[-1])[0]


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
    >>> from numerics.initialization import random_state
    >>> from numerics.tasks import low_rank_recovery
    >>> task = low_rank_recovery(20, rank=2, rng=0)
    >>> run = train(random_state(20, 20, 1e6, 1e-6, rng=1), task, learning_rate=0.01,
    ...             iterations=50, observe=["stable_rank"])
    >>> dict(run.sizes)["iteration"]
    51
    """
    trainer = Trainer(
        state, task, learning_rate=learning_rate, dynamics=dynamics, update=update, loss=loss,
        dtype=dtype,
    )  # fmt: skip
    total, stride = check_dimension("iterations", iterations), check_dimension("every", every)
    names = [check_choice("observe", name, tuple(OBSERVABLES)) for name in observe]
    marks = sorted({*range(0, total + 1, stride), total})
    errors, observed = [trainer.errors], [_observe(trainer, names)]
    for before, after in pairwise(marks):
        errors.append(trainer.advance(after - before)[-1])
        observed.append(_observe(trainer, names))
    columns = np.array(errors).T
    data: dict[str, tuple] = {
        name: ("iteration", column, {"units": units})
        for name, column, units in zip(
            ("loss", "train_error", "test_error"), columns,
            ("sum over entries", "mean square", "mean square"), strict=True,
        )
    }  # fmt: skip
    for name in names:
        values = np.array([row[name] for row in observed])
        data[name] = (("iteration", *OBSERVABLES[name][0]), values)
    data["A"] = (("row", "column"), trainer.A.copy())
    return xr.Dataset(
        data,
        coords={"iteration": marks},
        attrs={
            "dynamics": dynamics,
            "update": update,
            "loss": trainer.loss.name,
            "learning_rate": trainer.learning_rate,
            "stability_limit": trainer.limit,
            "width": state.width,
            "threshold": state.threshold,
            "imbalance": state.imbalance,
            "dtype": str(trainer.A.dtype),
            "versions": versions(),
        },
    )


def stability_limit(task: Task, threshold: float, loss: Loss | None = None) -> float:
    """Return the learning rate above which descent is unstable at the target.

    ``1/(kappa sqrt(||Y||^2 + c^2))`` with the loss's curvature bound kappa
    (:func:`theory.single_mode.stability_limit`; proved for the squared loss); with inputs, kappa
    is multiplied by ``||X||^2`` and Y is the truth, an estimate.  NaN where the loss's curvature
    is not known.
    """
    chosen = get_loss("squared" if loss is None else loss)
    if chosen.curvature is None:
        return float("nan")
    curvature, matrix = chosen.curvature, task.target
    if task.inputs is not None:
        curvature, matrix = curvature * np.linalg.norm(task.inputs, 2) ** 2, task.truth
    largest = np.linalg.norm(matrix, 2)
    limit = mode_stability_limit().subs({y: largest, c: max(threshold, np.finfo(float).tiny)})
    return float(limit) / curvature


def _start(state: NetworkState, dynamics: str, update: str) -> tuple:
    if dynamics == "lazy":
        return frozen_system(), (state.A,), (state.C1, state.C2)
    starts = {
        "gradient_descent": lambda: state,
        "self_consistent": lambda: self_consistent_lift(state.A, state.c1, state.c2),
        "balanced": lambda: balanced_factor(state.A),
    }
    start = starts[dynamics]()
    return descent_system(update), (start.W1, start.W2), ()


def _observe(trainer: Trainer, names: list[str]) -> dict[str, object]:
    snapshot = trainer.snapshot()
    return {name: OBSERVABLES[name][1](snapshot) for name in names}
