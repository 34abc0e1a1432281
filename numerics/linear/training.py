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

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import sympy as sp
import xarray as xr
from numpy.typing import NDArray

from numerics.kernels.cache import load
from numerics.linear.descent import Descent, Motion, check_state, stability_limit
from numerics.linear.initial_states import start_of
from numerics.linear.network_state import NetworkState
from numerics.linear.snapshots import DIMENSIONS, OBSERVABLES, Observable, Snapshot
from numerics.linear.tasks import Task
from numerics.support.descriptions import describe
from numerics.support.observing import chosen_functions, variables
from numerics.support.validation import check_choice, check_dimension, check_switch, check_update
from theory.functions.losses import Loss
from theory.kernels.descent_loop import training_module
from theory.wording import shown

__all__ = ["DYNAMICS", "Trainer", "stability_limit", "train"]

DYNAMICS = ("gradient_descent", "self_consistent", "lazy", "balanced")


class Work(NamedTuple):
    """Arrays that a kernel fills or reads beside those that move, in its order."""

    predictions: NDArray[Any]
    residual: NDArray[Any]
    gradient: NDArray[Any]
    inputs: NDArray[Any]
    target: NDArray[Any]
    noiseless: NDArray[Any]
    mask: NDArray[Any]
    parameters: NDArray[Any]


class Start(NamedTuple):
    """The matrices that move from the start, those that stay, and the system that moves them."""

    system: str
    moving: tuple[NDArray[Any], ...]
    frozen: tuple[NDArray[Any], ...] = ()


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
        self._dynamics = check_choice("dynamics", dynamics, DYNAMICS)
        self._update = check_update(update)
        system, start, frozen = _start(state, self._dynamics, self._update)
        self._frozen = tuple(self._array(x) for x in frozen)
        kernel = training_module(
            system,
            self.loss,
            masked=task.mask is not None,
            with_inputs=task.inputs is not None,
            held_out=task.test_mask is not None,
        )
        moving = tuple(np.empty(x.shape, self.dtype) for x in start)
        lazy = self._dynamics == "lazy"
        self.A = moving[0] if lazy else np.empty(task.shape, self.dtype)
        evaluated = (*moving, *(() if lazy else (self.A,)), *self._work())
        self._begin(Motion(load(kernel), moving, evaluated, (*evaluated, *self._frozen)), start)
        self._start = self.snapshot(copy=True)

    @property
    def dynamics(self) -> str:
        """One of ``DYNAMICS``, fixed when the run was made."""
        return self._dynamics

    @property
    def update(self) -> str:
        """The order of the layers, fixed when the run was made."""
        return self._update

    @property
    def weights(self) -> tuple[NDArray[Any], ...]:
        """The moving matrices: (W1, W2), or (A,) for lazy dynamics."""
        return self._motion.moving

    def rates(self, out: tuple[NDArray[Any], ...]) -> None:
        """Fill ``out`` with the time derivative of the weights under gradient flow."""
        shapes = [x.shape for x in self.weights]
        if not isinstance(out, tuple | list) or [getattr(x, "shape", None) for x in out] != shapes:
            raise ValueError(f"out must be arrays of shapes {shapes}, got {shown(out)}")
        if any(x.dtype != self.dtype for x in out):
            raise TypeError(f"out must be arrays of {self.dtype}, got {out[0].dtype}")
        self._motion.kernel.rates(*self._motion.stepped, *out)

    def snapshot(self, *, copy: bool = False) -> Snapshot:
        """Return what observables see now (a view; it moves with the run unless copied)."""
        check_switch("copy", copy)
        weights = tuple(x.copy() for x in self.weights) if copy else self.weights
        matrix = self.A.copy() if copy else self.A
        start = getattr(self, "_start", None)
        return Snapshot(
            iteration=self.iteration,
            A=matrix,
            task=self.task,
            weights=weights,
            frozen=self._frozen,
            start=start,
        )

    def _work(self) -> Work:
        task, absent = self.task, np.empty((0, 0))
        target = self._array(task.target)
        noiseless = self._array(task.test_values)
        inputs = self._array(absent if task.inputs is None else task.inputs)
        mask = np.array(absent if task.mask is None else task.mask, dtype=np.bool_)
        gradient = np.empty(task.shape, self.dtype)
        # Without inputs the predictions are A itself, and their residual is the gradient.
        same = task.inputs is None
        predictions = self.A if same else np.empty_like(target)
        residual = gradient if same else np.empty_like(target)
        data = inputs, target, noiseless, mask, self._parameters
        return Work(predictions, residual, gradient, *data)


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
    observe: Sequence[str | Observable] | Mapping[str, Observable] = (),
    every: int = 1,
    compress: bool = True,
) -> xr.Dataset:
    """Train a linear network and return errors, and the observables asked for, along the run.

    Parameters
    ----------
    state, task, learning_rate, dynamics, update, loss, dtype
        As for :class:`Trainer`.
    iterations : int
        Number of steps.
    observe : list of str or callable, or mapping
        Names of :data:`numerics.linear.snapshots.OBSERVABLES` and functions of a
        :class:`numerics.linear.snapshots.Snapshot`, which are called as they are named; or
        functions by the names of their variables.
    every : int
        Record each ``every``-th iteration, and the first and the last.
    compress : bool
        Train a network wider than ``d_in + d_out`` as the factor
        :meth:`numerics.linear.network_state.NetworkState.compressed`, which learns the same A up
        to round-off at a cost that does not depend on the width; False trains its weights.

    Returns
    -------
    xarray.Dataset
        Dimension ``iteration`` (0 = initial); variables ``loss`` (sum over observed entries),
        ``train_error``, ``test_error`` (means of squares), the observables, and at the end ``A``
        (``row``, ``column``) with the weights ``W1`` (``unit``, ``column``) and ``W2`` (``row``,
        ``unit``) that were trained, except for lazy dynamics.  ``NetworkState.from_run`` makes of
        it a state to go on from.

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
    total, stride = check_dimension("iterations", iterations), check_dimension("every", every)
    functions = chosen_functions(observe, OBSERVABLES)
    check_state(state)
    trainer = Trainer(
        state.compressed() if check_switch("compress", compress) else state,
        task,
        learning_rate=learning_rate,
        dynamics=dynamics,
        update=update,
        loss=loss,
        dtype=dtype,
    )
    marks = sorted({*range(0, total + 1, stride), total})
    errors: list[tuple[float, ...]] = []
    values: dict[str, list[Any]] = {name: [] for name in functions}
    for before, mark in pairwise([0, *marks]):
        if mark:
            trainer.advance(mark - before)
        errors.append(trainer.errors)
        for name, function in functions.items():
            values[name].append(function(trainer.snapshot()))
    columns = zip(("loss", "train_error", "test_error"), np.array(errors).T, strict=True)
    data: dict[str, tuple[Any, ...]] = {name: ("iteration", column) for name, column in columns}
    data |= variables(values, "iteration", DIMENSIONS)
    data["A"] = (("row", "column"), trainer.A.copy())
    if dynamics != "lazy":
        W1, W2 = (x.copy() for x in trainer.weights)
        data |= {"W1": (("unit", "column"), W1), "W2": (("row", "unit"), W2)}
    settings = {
        "dynamics": dynamics,
        "update": update,
        "loss": trainer.loss.name,
        "learning_rate": trainer.learning_rate,
        "stability_limit": trainer.limit,
        "width": state.width,
        "c1": state.c1,
        "c2": state.c2,
        "threshold": state.threshold,
        "imbalance": state.imbalance,
        "dtype": str(trainer.A.dtype),
    }
    return describe(xr.Dataset(data, coords={"iteration": marks}, attrs=settings), train)


def _start(state: NetworkState, dynamics: str, update: str) -> Start:
    if dynamics == "lazy":
        return Start("frozen", (state.A,), (state.C1, state.C2))
    state = start_of(state, dynamics)
    return Start(update, (state.W1, state.W2))
