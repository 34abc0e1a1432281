"""A point on the gradient flow of a network, which steppers move.

The weights follow ``dw/dt = -dL/dw`` of ``L = (1/(alpha^2 n)) sum_i l(y_i F_i)`` with
``F = alpha (f - f_0)``:

    dw/dt = (1/(alpha n)) sum_i force_i df(x_i)/dw,    force_i = -l'(y_i F_i) y_i.

:mod:`numerics.networks.euler_steps` and :mod:`numerics.networks.linearised_steps` have the two
methods of :mod:`numerics.networks.step_rule`.  A stepper owns its weights and buffers; a refused
step costs what was evaluated until it was refused, and leaves the point it started from as it is.

Where gradients jump, at kinks of the activation, no step is cut below

    min(share 2 n/(l''max lambda_max(Theta)), share' |w_last|/|dw_last/dt|).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numerics.kernels.cache import load
from numerics.networks.network_interface import Network, Weights, linearisation
from numerics.networks.step_rule import StepRule
from theory.functions.margin_losses import MarginLoss
from theory.kernels.network_functions import frozen_flow_module

__all__ = ["HALF_LOSS", "FlowProblem", "Stepper", "inner_product"]

#: The mean loss whose first crossing is reported; that of zero outputs is about 1.
HALF_LOSS = 0.5


@dataclass(frozen=True, eq=False)
class FlowProblem:
    """A run to be made: a network from given weights, on a data set, with a loss and a scale."""

    network: Network
    weights: tuple[NDArray[np.float64], ...]
    X: NDArray[np.float64]
    y: NDArray[np.float64]
    alpha: float
    loss: MarginLoss
    margin: float
    rule: StepRule

    @property
    def curvature(self) -> float:
        """Largest second derivative of the loss."""
        bound = self.loss.curvature
        assert bound is not None, "train_network refuses a loss without one"
        return bound

    @property
    def has_kinks(self) -> bool:
        """Whether gradients jump; a network that does not say is taken to be smooth."""
        return bool(getattr(getattr(self.network, "activation", None), "kinks", ()))


class Stepper:
    """A point on the flow; it plans the length ``_dt`` of its next step itself.

    Attributes
    ----------
    weights : list of ndarray
        Where the flow is, in buffers that steps move.
    outputs : ndarray, shape (n,)
        F of the training inputs.
    time, mean_loss, smallest_margin, half_loss_time : float
        Of this point; ``half_loss_time`` is nan until the mean loss has crossed 1/2.
    refused : int
        Steps that were not accepted.
    """

    _dt: float

    def __init__(self, problem: FlowProblem) -> None:
        self.problem, self.time, self.refused, self.half_loss_time = problem, 0.0, 0, math.nan
        self._kernel = load(frozen_flow_module(problem.loss), loops="frozen_flow")
        self._parameters = np.array(list(problem.loss.parameters.values()), dtype=np.float64)
        self.weights = [W.copy() for W in problem.weights]
        self._new = self._buffers()
        self._here, self._ahead = (linearisation(problem.network, problem.X) for _ in range(2))
        self._start = self._here.move_to(self.weights).copy()
        self.outputs, self._forces = np.zeros_like(self._start), np.empty_like(self._start)
        self.mean_loss, self.smallest_margin = self._evaluate(self.outputs, self._forces)
        # One alpha of the loss is that of F.
        self._scale = problem.alpha * len(problem.y)

    @property
    def is_finite(self) -> bool:
        """Whether the point still consists of numbers."""
        numbers = (self.mean_loss, self._start, self.outputs)
        return all(bool(np.isfinite(x).all()) for x in numbers)

    def step(self) -> bool:
        """Move on; False at rest, or if no step longer than the round-off of time was accepted."""
        raise NotImplementedError

    def step_until(self, end: float) -> bool:
        """Move on, at most to a time; see :meth:`step`."""
        planned, refused = self._dt, self.refused
        if planned == math.inf or not planned > end - self.time:
            return self.step()
        self._dt = end - self.time
        moved = self.step()
        if moved and self.refused == refused:
            # The step was short for the sake of its end, not of its error.
            self._dt = max(self._dt, planned)
        return moved

    def has_reached(self, moment: float) -> bool:
        """Tell whether the flow is at a time, up to the rounding of its sum of steps, or beyond."""
        return bool(self.time >= moment * (1 - 8 * np.finfo(float).eps))

    def _evaluate(
        self, outputs: NDArray[np.float64], forces: NDArray[np.float64]
    ) -> tuple[float, float]:
        """Fill the forces; return mean loss and smallest margin."""
        found = self._kernel.evaluate(outputs, self.problem.y, self._parameters, forces)
        return found.loss, found.smallest

    def _buffers(self) -> list[NDArray[np.float64]]:
        return [np.empty_like(W) for W in self.weights]

    def _predictor(self, f: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.problem.alpha * (f - self._start)

    def _set_new(self, share: float, change: Weights) -> None:
        """Fill ``_new`` with the weights after a share of a change."""
        for new, old, step in zip(self._new, self.weights, change, strict=True):
            np.multiply(step, share, out=new)
            new += old

    def _take_new(self) -> None:
        """Move to the weights ``_new``, at which ``_ahead`` stands."""
        self.weights, self._new = self._new, self.weights
        self._here, self._ahead = self._ahead, self._here

    def _can_advance(self, dt: float) -> bool:
        return float(np.finfo(float).eps) * self.time < dt < math.inf

    def _time_of_weights(self, rate: Weights) -> float:
        """Return the time in which the last layer changes by the rule's share of its norm.

        Where that layer is zero or does not move, all layers together; infinite where nothing
        moves: no unit sees an input then, and the run stays where it is.
        """
        size, speed = (float(np.linalg.norm(x[-1])) for x in (self.weights, rate))
        if not (size > 0 and speed > 0):
            size, speed = (math.sqrt(inner_product(x, x)) for x in (self.weights, rate))
        return self.problem.rule.weight_share * size / speed if speed > 0 else math.inf

    def _floor(self, gram: NDArray[np.float64], rate: Weights) -> float:
        """Return the step below which none is cut; 0 without kinks."""
        if not self.problem.has_kinks:
            return 0.0
        largest = float(np.linalg.eigvalsh(gram)[-1])
        if not largest > 0:
            return 0.0
        limit = 2 * len(gram) / (self.problem.curvature * largest)
        return min(self.problem.rule.stability_share * limit, self._time_of_weights(rate))


def inner_product(first: Weights, second: Weights) -> float:
    """Return the sum of the products of all entries."""
    return sum(float(np.vdot(a, b)) for a, b in zip(first, second, strict=True))
