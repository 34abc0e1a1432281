"""A run of descent that is advanced by any number of steps: what all of them share.

A run has matrices that move and a generated kernel that moves them: ``evaluate`` returns (loss,
train error, test error) where they stand, ``advance`` makes one step a row of ``records``, and
fewer where the loss is no longer a number or above a ceiling,

    loss <= DIVERGENCE_FACTOR max(loss at the start, loss of zero matrices),

beyond which the run has diverged: a lucky start cannot make the ceiling low.
:class:`numerics.linear.training.Trainer` runs on a factor of the Gram matrix,
:class:`numerics.linear.gram_training.GramTrainer` on its blocks.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from numerics.kernels.evaluate import evaluate
from numerics.linear.network_state import NetworkState
from numerics.linear.tasks import Task
from numerics.support.errors import DivergedError, OutOfRangeError
from numerics.support.object_validation import check_instance, check_many
from numerics.support.validation import (
    check_choice,
    check_dimension,
    check_matrix,
    check_nonnegative,
    check_positive,
)
from theory.algebra.stable_form import StableForm
from theory.dynamics.single_mode import stability_limit as stability_limit_of_a_mode
from theory.functions.losses import Loss, get_loss
from theory.symbols import c, y

__all__ = ["DIVERGENCE_FACTOR", "Descent", "Motion", "mode_stability_limit", "stability_limit"]

#: A run has diverged when its loss exceeds the largest of its first values by this factor.
DIVERGENCE_FACTOR = 1e6

#: Its square is not yet zero as a float.
SMALLEST_THRESHOLD = 1e-150


@attrs.frozen(eq=False)
class Motion:
    """A generated kernel with the arrays that its functions take, in their order.

    Attributes
    ----------
    kernel : module
        With the functions ``evaluate`` and ``advance``, some with ``rates``.
    moving : tuple of ndarray
        What a step moves.
    evaluated : tuple of ndarray
        Arguments of ``evaluate``: what moves and the arrays that it fills or reads.
    stepped : tuple of ndarray
        Arguments of ``advance`` and ``rates`` before those of their own.
    """

    kernel: ModuleType
    moving: tuple[NDArray[Any], ...]
    evaluated: tuple[NDArray[Any], ...]
    stepped: tuple[NDArray[Any], ...]

    def evaluate(self) -> tuple[float, float, float]:
        """Return loss, train error and test error where the matrices stand."""
        return tuple(self.kernel.evaluate(*self.evaluated))

    def advance(self, rate: np.floating, ceiling: float, records: NDArray[np.float64]) -> int:
        """Make a step a row of ``records`` and return how many were made."""
        return self.kernel.advance(*self.stepped, rate, ceiling, records)


class Descent:
    """A training run that is advanced by any number of steps at a time.

    Attributes
    ----------
    A : ndarray, shape (d_out, d_in)
        The matrix learned so far.
    iteration : int
        Steps made.
    errors : tuple of float
        Loss, train error and test error now.
    """

    A: NDArray[Any]
    _motion: Motion
    errors: tuple[float, float, float]

    def __init__(
        self,
        state: NetworkState,
        task: Task,
        learning_rate: float,
        loss: str | Loss | sp.Expr,
        dtype: str,
    ) -> None:
        check_state(state)
        check_instance("task", task, Task, "low_rank_recovery")
        self.learning_rate = check_positive("learning_rate", learning_rate)
        self.dtype = np.dtype(check_choice("dtype", dtype, ("float64", "float32")))
        self._loss, self._task, self.threshold = get_loss(loss), task, state.threshold
        self.iteration = 0
        if (state.d_out, state.d_in) != task.shape:
            raise ValueError(
                f"state and task must have one shape (d_out, d_in), got "
                f"{(state.d_out, state.d_in)} and {task.shape}"
            )
        self._parameters = np.array(list(self.loss.parameters.values()), dtype=np.float64)

    def advance(self, steps: int) -> NDArray[np.float64]:
        """Make steps of descent and return their (loss, train error, test error), a row a step.

        Raises
        ------
        DivergedError
            When the loss is no longer a number or exceeds its start by ``DIVERGENCE_FACTOR``.
        """
        records = np.empty((check_dimension("steps", steps), 3))
        rate = self.dtype.type(self.learning_rate)
        made = self._motion.advance(rate, self._ceiling, records)
        self.iteration += made
        self.errors = tuple(records[made - 1])
        if not self.errors[0] <= self._ceiling:
            raise DivergedError(self.iteration, self.learning_rate, self.limit)
        return records

    def place(self, matrices: Iterable[ArrayLike]) -> tuple[float, float, float]:
        """Move the run to other matrices of the same shapes and return the errors there."""
        moving = self._motion.moving
        given: tuple[Any, ...] = check_many("matrices", matrices, object)
        if len(given) != len(moving):
            raise ValueError(f"matrices must be {len(moving)} of them, got {len(given)}")
        for own, new in zip(moving, given, strict=True):
            own[...] = check_matrix("matrices", new, own.shape)
        self.errors = self._motion.evaluate()
        return self.errors

    @property
    def task(self) -> Task:
        """What is learned, fixed when the run was made."""
        return self._task

    @property
    def loss(self) -> Loss:
        """The loss of one entry, fixed when the run was made."""
        return self._loss

    @cached_property
    def limit(self) -> float:
        """The learning rate above which the run is unstable at the target."""
        return stability_limit(self.task, self.threshold, self.loss)

    def _begin(self, motion: Motion, start: Iterable[ArrayLike]) -> None:
        """Go to the start."""
        self._motion, start = motion, tuple(start)
        if self.dtype == np.float32:
            self._check_held("the target", self.task.target)
            for matrix in start:
                self._check_held("the start", np.asarray(matrix))
        zero = self.place(np.zeros(x.shape) for x in motion.moving)[0]
        scale = max(self.place(start)[0], zero, np.finfo(np.float64).tiny)
        self._ceiling = DIVERGENCE_FACTOR * scale

    def _check_held(self, name: str, values: NDArray[Any]) -> None:
        """Refuse what the precision of the run cannot hold in full."""
        limits = np.finfo(self.dtype)
        largest = float(np.abs(values).max(initial=0.0))
        if largest and not limits.tiny / limits.eps <= largest <= limits.max * limits.eps:
            raise OutOfRangeError(
                f"dtype must hold {name} in full, got {self.dtype} for entries of {largest:.2g}"
            )

    def _array(self, values: ArrayLike) -> NDArray[Any]:
        return np.array(values, dtype=self.dtype, order="C")


def check_state(state: NetworkState) -> None:
    """Refuse what is no network state."""
    if not isinstance(state, NetworkState):
        raise TypeError(f"state must be a NetworkState, got {type(state).__name__}")


def stability_limit(task: Task, threshold: float, loss: Loss | None = None) -> float:
    """Return the learning rate above which gradient descent is unstable at the target.

    ``1/(kappa sqrt(||Y||^2 + c^2))`` with the loss's curvature bound kappa
    (:func:`theory.dynamics.single_mode.stability_limit`; proved for the squared loss); with inputs,
    kappa is multiplied by ``||X||^2`` and Y is the truth, an estimate.  With a mask Y is what is
    observed, and 0 elsewhere: an estimate, within 10 % of the limit where training ends in tasks of
    random masks, and never above what is certain, the limit with the norm of the largest block
    that is observed in full (:mod:`theory.dynamics.masked_stability`).  NaN where the loss's
    curvature is not known.

    Examples
    --------
    >>> from numerics.linear.tasks import Task
    >>> stability_limit(Task(3 * np.eye(2), np.eye(2)), threshold=4.0)
    0.2
    >>> hidden = Task([[3.0, -999.0]], [[3.0, 0.0]], mask=np.array([[True, False]]))
    >>> stability_limit(hidden, threshold=4.0)
    0.2
    """
    check_instance("task", task, Task, "low_rank_recovery")
    threshold = check_nonnegative("threshold", threshold)
    chosen = get_loss("squared" if loss is None else loss)
    if chosen.curvature is None:
        return float("nan")
    curvature, matrix = chosen.curvature, task.target
    if task.inputs is not None:
        curvature, matrix = curvature * float(np.linalg.norm(task.inputs, 2)) ** 2, task.truth
    largest = np.linalg.norm(matrix, 2)
    return mode_stability_limit(float(largest), threshold) / curvature


def mode_stability_limit(target: float, threshold: float) -> float:
    """Return the largest stable learning rate of one mode, ``1/sqrt(target^2 + threshold^2)``.

    Examples
    --------
    >>> mode_stability_limit(3.0, 4.0)
    0.2
    """
    return float(evaluate(_limit_form, target, max(threshold, SMALLEST_THRESHOLD))["limit"])


def _limit_form() -> StableForm:
    return StableForm((y, c), (), {"limit": stability_limit_of_a_mode()})
