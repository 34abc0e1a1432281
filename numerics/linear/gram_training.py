"""Sequential descent on the Gram blocks A, C1, C2: the fast kernel of a sweep.

The same run as ``Trainer(..., update="sequential")`` up to round-off, at ``8 d^3`` flops a step
in place of ``12 d^3`` for d x d matrices (:mod:`theory.dynamics.gram_descent`).  Round-off relative
to ``||Q||`` eats the modes of Q below ``eps ||Q||``, so the threshold c must stay well above eps
times the target's scale: :func:`fits` says when.

Holds for identity inputs and every entry observed; any loss of :mod:`theory.functions.losses`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numerics.kernels.cache import load
from numerics.linear.descent import Descent, Motion
from numerics.linear.network_state import NetworkState
from numerics.linear.tasks import Task
from theory.functions.losses import Loss
from theory.kernels.gram_descent_loop import gram_module

__all__ = ["GramTrainer", "fits", "saves_products"]

#: Smallest threshold, in units of eps times the largest singular value of the target.  Measured
#: at d = 100 over 4000 steps: at 50 a float32 run agrees with that of a factor to 3e-5, at 270 a
#: float64 run to 5e-8; below 1e-2 float32 runs diverge once the bulk has grown.
MARGIN = 100.0


class Products(NamedTuple):
    """Buffers of a step: the rate of A, A half-way, and the overlaps of the two layers."""

    rate: NDArray[Any]
    halfway: NDArray[Any]
    overlap1: NDArray[Any]
    overlap2: NDArray[Any]


class ErrorData(NamedTuple):
    """What the errors are computed from; ``sums`` has a row for the loss and each error."""

    target: NDArray[Any]
    truth: NDArray[Any]
    sums: NDArray[Any]
    parameters: NDArray[Any]


class GramTrainer(Descent):
    """A run of sequential descent that is advanced by any number of steps at a time.

    Parameters
    ----------
    state : NetworkState
        Where the run starts; for self-consistent dynamics, the lift.
    task : Task
        With identity inputs and every entry observed.
    learning_rate : float
        Step size (inverse unit of A for the squared loss).
    loss : str or Loss
        Loss of one entry.
    dtype : {"float64", "float32"}
        Precision of the matrices.
    """

    def __init__(
        self,
        state: NetworkState,
        task: Task,
        *,
        learning_rate: float,
        loss: str | Loss = "squared",
        dtype: str = "float64",
    ) -> None:
        if task.is_partial:
            raise ValueError("task must have identity inputs and no mask, got another")
        super().__init__(state, task, learning_rate, loss, dtype)
        start = (state.A, state.C1, state.C2)
        blocks = tuple(np.empty(x.shape, self.dtype) for x in start)
        self.A = blocks[0]
        gradient = np.empty_like(self.A)
        products = Products(*(np.empty_like(blocks[k]) for k in (0, 0, 1, 2)))
        data = ErrorData(
            self._array(task.target),
            self._array(task.truth),
            np.empty((3, task.d_in)),
            self._parameters,
        )
        motion = Motion(
            load(gram_module(self.loss)),
            moving=blocks,
            evaluated=(self.A, gradient, *data),
            stepped=(*blocks, gradient, *products, *data),
        )
        self._begin(motion, start)


def fits(threshold: float, scale: float, dtype: str) -> bool:
    """Tell whether the Gram blocks keep enough digits of a run.

    Parameters
    ----------
    threshold : float
        ``c = sigma^2 w`` (unit of A).
    scale : float
        Largest singular value of the target (unit of A).
    dtype : {"float64", "float32"}
        Precision of the matrices.
    """
    return threshold >= MARGIN * float(np.finfo(dtype).eps) * scale


def saves_products(hidden: int, d_in: int, d_out: int) -> bool:
    """Tell whether a step on the Gram blocks costs less than one on a factor of that width.

    Flops: ``4 d_in d_out (d_in + d_out)`` against ``6 d_in d_out hidden``.
    """
    return 2 * (d_in + d_out) <= 3 * hidden
