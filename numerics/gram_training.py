"""Sequential descent on the Gram blocks A, C1, C2: the fast kernel of a sweep.

The same run as ``Trainer(..., update="sequential")`` up to round-off, at ``8 d^3`` flops a step
in place of ``12 d^3`` for d x d matrices (:mod:`theory.gram_descent`).  Round-off relative to
``||Q||`` eats the modes of Q below ``eps ||Q||``, so the threshold c must stay well above eps
times the target's scale: :func:`fits` says when.

Holds for identity inputs and every entry observed; any loss of :mod:`theory.losses`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from numerics.errors import DivergedError
from numerics.initialization import NetworkState
from numerics.kernel_cache import load
from numerics.tasks import Task
from numerics.training import DIVERGENCE_FACTOR, stability_limit
from numerics.validation import check_choice, check_dimension, check_positive
from theory.gram_source import gram_module
from theory.losses import Loss, get_loss

__all__ = ["GramTrainer", "fits", "saves_products"]

#: Smallest threshold, in units of eps times the largest singular value of the target.  Measured
#: at d = 100 over 4000 steps: at 50 a float32 run agrees with that of a factor to 3e-5, at 270 a
#: float64 run to 5e-8; below 1e-2 float32 runs diverge once the bulk has grown.
MARGIN = 100.0


class GramTrainer:
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
        loss: str | Loss = "squared",
        dtype: str = "float64",
    ) -> None:
        if task.mask is not None or task.inputs is not None:
            raise ValueError("task must have identity inputs and no mask, got another")
        if (state.d_out, state.d_in) != task.shape:
            raise ValueError(
                f"state and task must have one shape (d_out, d_in), got "
                f"{(state.d_out, state.d_in)} and {task.shape}"
            )
        self.learning_rate = check_positive("learning_rate", learning_rate)
        kind = np.dtype(check_choice("dtype", dtype, ("float64", "float32")))
        self.task, self.threshold, self.iteration = task, state.threshold, 0
        self.loss = get_loss(loss)
        self._kernel = load(gram_module(self.loss))
        self.A = np.array(state.A, dtype=kind, order="C")
        self._blocks = tuple(np.array(x, dtype=kind, order="C") for x in (state.C1, state.C2))
        self._gradient = np.empty(task.shape, kind)
        sides = ((task.d_in,) * 2, (task.d_out,) * 2)
        self._buffers = tuple(np.empty(x, kind) for x in (task.shape, task.shape, *sides))
        fixed = (np.array(x, dtype=kind, order="C") for x in (task.target, task.truth))
        sums = np.empty((3, task.d_in))
        parameters = np.array(list(self.loss.parameters.values()), dtype=np.float64)
        self._fixed = (*fixed, sums, parameters)
        zero = self._kernel.evaluate(np.zeros_like(self.A), self._gradient, *self._fixed)[0]
        self.errors = tuple(self._kernel.evaluate(self.A, self._gradient, *self._fixed))
        tiny = np.finfo(np.float64).tiny
        self._ceiling = DIVERGENCE_FACTOR * max(self.errors[0], zero, tiny)

    def advance(self, steps: int) -> NDArray[np.float64]:
        """Make steps of descent and return their (loss, train error, test error), a row a step.

        Raises
        ------
        DivergedError
            When the loss is no longer a number or exceeds its start by ``DIVERGENCE_FACTOR``.
        """
        records = np.empty((check_dimension("steps", steps), 3))
        made = self._kernel.advance(
            self.A, *self._blocks, self._gradient, *self._buffers, *self._fixed,
            self.A.dtype.type(self.learning_rate), self._ceiling, records,
        )  # fmt: skip
        self.iteration += made
        self.errors = tuple(records[made - 1])
        if not self.errors[0] <= self._ceiling:
            limit = stability_limit(self.task, self.threshold, self.loss)
            raise DivergedError(self.iteration, self.learning_rate, limit)
        return records


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
