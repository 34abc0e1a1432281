"""Explicit Euler steps of gradient flow, by the published rule.

``w' = w + dt dw/dt`` is accepted if, with g and g' the gradients before and after it,

    max |dF| < output_change    and    |g - g'|^2/(|g| |g'|) < gradient_change;

else dt shrinks by 10.  It grows by 1.1 after a step that stayed below half of both bounds: near a
bound it stays, and no step is wasted on trying a longer one.  The gradient after a step is that of
the next one, so a step costs one pass forward and back; one whose outputs move too far is refused
before its way back.

Holds for networks with and without kinks; with kinks, see the floor of
:mod:`numerics.networks.flow_problem`.
Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034); when dt grows, their public code.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from numerics.networks.flow_problem import HALF_LOSS, FlowProblem, Stepper, inner_product
from numerics.networks.network_interface import Linearisation, Weights

__all__ = ["EulerStepper"]

#: Factors of dt after a step and after a refusal, as published.
GROWTH, SHRINKAGE = 1.1, 0.1
#: dt grows below this share of each bound, as in the public code.
GROWTH_SHARE = 0.5
#: Steps at the floor after which it is computed anew: the kernel that it is made of has changed.
FLOOR_STEPS = 10


class EulerStepper(Stepper):
    """A point on the flow that moves by explicit Euler steps."""

    def __init__(self, problem: FlowProblem) -> None:
        super().__init__(problem)
        self._rate, self._new_rate = self._buffers(), self._buffers()
        self._new_forces = np.empty_like(self._forces)
        self._fill_rate(self._here, self._forces, self._rate)
        self._dt = self._time_of_weights(self._rate)
        self._lowest, self._steps_at_floor = 0.0, 0

    def step(self) -> bool:
        """Move on; False if no step longer than the round-off of time was accepted."""
        rule = self.problem.rule
        # Where every gradient is 0, no step would ever be refused, and none would move anything.
        if not any(W.any() for W in self._rate):
            return False
        while self._can_advance(self._dt):
            forced = self._dt <= self._lowest
            self._set_new(self._dt, self._rate)
            outputs = self._predictor(self._ahead.move_to(self._new))
            moved = np.abs(outputs - self.outputs).max() / rule.output_change
            if forced or moved < 1:
                loss, margin = self._evaluate(outputs, self._new_forces)
                self._fill_rate(self._ahead, self._new_forces, self._new_rate)
                turned = _turn(self._rate, self._new_rate) / rule.gradient_change
                if forced or turned < 1:
                    self._accept(outputs, loss, margin)
                    self._plan(max(moved, turned))
                    return True
            self.refused += 1
            self._lowest, self._steps_at_floor = self._new_floor(), 0
            self._dt = max(SHRINKAGE * self._dt, min(self._lowest, self._dt))
        return False

    def _accept(self, outputs: NDArray[np.float64], loss: float, margin: float) -> None:
        if math.isnan(self.half_loss_time) and loss < HALF_LOSS:
            share = (self.mean_loss - HALF_LOSS) / (self.mean_loss - loss)
            self.half_loss_time = self.time + self._dt * share
        self._take_new()
        self._rate, self._new_rate = self._new_rate, self._rate
        self.outputs, self.mean_loss, self.smallest_margin = outputs, loss, margin
        self.time += self._dt

    def _plan(self, share: float) -> None:
        """Choose the next step from the larger share of its bounds that the last one took."""
        if share < GROWTH_SHARE:
            self._dt *= GROWTH
        if share < 1:
            return
        # Only a step at the floor is accepted beyond a bound.
        self._steps_at_floor += 1
        if self._steps_at_floor == FLOOR_STEPS:
            self._lowest = 0.0

    def _new_floor(self) -> float:
        # Without kinks there is none, and no Gram matrix to pay for.
        return self._floor(self._here.gram(), self._rate) if self.problem.has_kinks else 0.0

    def _fill_rate(self, place: Linearisation, forces: NDArray[np.float64], rate: Weights) -> None:
        place.gradient(forces / self._scale, rate)


def _turn(first: Weights, second: Weights) -> float:
    """Return ``|g - g'|^2/(|g| |g'|)`` of two gradients."""
    a, b, both = (inner_product(*x) for x in ((first, first), (second, second), (first, second)))
    size = math.sqrt(a) * math.sqrt(b)
    return (a + b - 2 * both) / size if size > 0 else 0.0
