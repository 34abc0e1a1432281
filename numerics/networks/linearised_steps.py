r"""Steps of gradient flow that solve the linearised network exactly.

With the kernel Theta of the linearisation at some point, the outputs obey a closed equation,

    dF/dt = Theta force(F)/n,

stiff, but of n unknowns only; its solution gives the impulses ``c = int force dt`` of the inputs,
and they move the weights by ``J^T c/(alpha n)``, J being the gradients at that point.  A step
is the midpoint rule for J:

1. the linearisation at w gives impulses and a first change of the weights;
2. the linearisation at w plus half of that change gives the impulses and the change of the step.

It ends where the first linearisation has changed an output by ``output_change``: later forces see
earlier changes of the kernel, which one linearisation for the whole run would not.  It is accepted
if the outputs are as predicted, ``max |F - F_linearised| < output_error``, and if the two changes
g and g' agree: ``|g - g'|^2`` below ``gradient_change |g| |g'|`` or below
``(path_share |w' - w_0|)^2``.  The second bound matters when the outputs hold each other: then
the weights move by what little is left of large impulses, and the first says nothing on w.

The error a step is of third order where J is smooth, and of second order for each kink that it
crosses.  Neither stability nor the relaxation of the outputs limits a step.

Holds for networks with and without kinks; with kinks, see the floor of
:mod:`numerics.networks.flow_problem`.  A run that comes to rest short of its margins is stalled.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from numerics.networks.flow_problem import HALF_LOSS, FlowProblem, Stepper, inner_product

__all__ = ["LinearisedStepper"]

#: Steps change by factors in this range, and aim at a share of what is allowed.
LARGEST_GROWTH, LARGEST_SHRINKAGE, SAFETY = 2.0, 0.2, 0.8
#: A stop before this share of a step moves its middle, and the step is made anew.
SHORTENED = 0.9
#: A prediction that is wrong by this much (margins train to 1) says nothing on the next step.
LOST = 1.0
#: Error of an output allowed in a step of the closed equation, well below ``output_error``.
TOLERANCE = 1e-5
#: Training stops with the smallest predicted margin at most this far beyond the one asked for.
OVERSHOOT = 1e-3
#: Evaluations of the forces in a step at most; the step ends where they do.
EVALUATIONS = 200_000
#: They last for 1e7 times of the fastest relaxation.  Where no output short of its margin has
#: moved by this much then, the run is at rest: it does not fit its data, and never will.
REST = 1e-5


class LinearisedStepper(Stepper):
    """A point on the flow that moves by steps of the linearised network."""

    def __init__(self, problem: FlowProblem) -> None:
        super().__init__(problem)
        self._gram = self._here.gram()
        self._first, self._change = self._buffers(), self._buffers()
        self._impulse, self._predicted = np.empty_like(self.outputs), np.empty_like(self.outputs)
        self._work = np.empty((8, len(self.outputs)))
        self._reached, self._crossed = self.outputs, math.nan
        self._exhausted = self._at_rest = False
        self._here.gradient(self._forces / self._scale, self._first)
        self._dt = self._time_of_weights(self._first)

    def step(self) -> bool:
        """Move on; False at rest, or if no step longer than the round-off of time was accepted."""
        if self._at_rest:
            return False
        floor = None
        while self._can_advance(self._dt):
            factor, accepted = self._attempt(floor or 0.0)
            if accepted:
                self._accept()
                # A step at the floor, accepted in any case, is no reason for a shorter one.
                self._dt = max(self._dt * factor, floor or 0.0)
                return True
            self.refused += 1
            if factor == 0.0:
                self._dt *= LARGEST_SHRINKAGE
                continue
            if floor is None:
                self._here.gradient(self._forces / self._scale, self._change)
                floor = self._floor(self._gram, self._change)
            self._dt = max(self._dt * min(factor, SAFETY), min(floor, self._dt))
        return False

    def _attempt(self, floor: float) -> tuple[float, bool]:
        """Try a step; return the factor of the next one, 0 if it led nowhere, and whether."""
        rule, self._exhausted = self.problem.rule, False
        while True:
            # No step is longer than the linearisation needs for the change or the margins.
            self._dt, _ = self._solve(self._gram, rule.output_change)
            self._here.gradient(self._impulse / self._scale, self._first)
            self._set_new(0.5, self._first)
            halfway = self._predictor(self._ahead.move_to(self._new))
            if not np.abs(halfway - 0.5 * (self.outputs + self._predicted)).max() < LOST:
                return 0.0, False
            made, self._crossed = self._solve(self._ahead.gram(), math.inf)
            before, self._dt = self._dt, made
            if made >= SHORTENED * before:
                break
        self._ahead.gradient(self._impulse / self._scale, self._change)
        self._set_new(1.0, self._change)
        gap, forced = self._gap(), made <= floor
        if gap > 1.0 and not forced:
            return _factor(gap, 0.0), False
        self._reached = self._predictor(self._ahead.move_to(self._new))
        error = float(np.abs(self._reached - self._predicted).max())
        if not error < LOST:
            return 0.0, False
        miss = error / rule.output_error
        return _factor(gap, miss), miss <= 1.0 or forced

    def _solve(self, gram: NDArray[np.float64], reach: float) -> tuple[float, float]:
        """Flow from here over dt with a kernel; return the duration and the half-loss time."""
        # The largest row sum bounds the spectral radius.
        radius = self.problem.curvature * float(np.abs(gram).sum(axis=0).max()) / len(gram)
        kernel, margin = self._kernel, self.problem.margin
        made = kernel.advance(
            kernel.Flow(gram, self.outputs, self.problem.y, self._parameters),
            kernel.Limits(self._dt, reach, margin, OVERSHOOT, EVALUATIONS),
            kernel.Accuracy(TOLERANCE, radius),
            HALF_LOSS,
            kernel.Buffers(self._impulse, self._predicted, self._work),
        )
        self._exhausted |= made.evaluations >= EVALUATIONS
        return made.time, made.crossed

    def _gap(self) -> float:
        """Return the squared distance of the two changes in units of what is allowed."""
        rule, first, change = self.problem.rule, self._first, self._change
        a, b = inner_product(first, first), inner_product(change, change)
        gap = max(a + b - 2 * inner_product(first, change), 0.0)
        allowed = rule.gradient_change * math.sqrt(a) * math.sqrt(b)
        if gap > allowed:
            path = [new - old for new, old in zip(self._new, self.problem.weights, strict=True)]
            allowed = max(allowed, rule.path_share**2 * inner_product(path, path))
        return gap / allowed if allowed > 0 else 0.0

    def _accept(self) -> None:
        if math.isnan(self.half_loss_time) and not math.isnan(self._crossed):
            self.half_loss_time = self.time + self._crossed
        self._take_new()
        # The others go on rising, like the logarithm of time.
        unfitted = self.problem.y * self._reached < self.problem.margin
        moved = float(np.abs(self._reached - self.outputs).max(where=unfitted, initial=0.0))
        self._at_rest = self._exhausted and bool(unfitted.any()) and moved < REST
        self.outputs = self._reached
        self.mean_loss, self.smallest_margin = self._evaluate(self.outputs, self._forces)
        self._gram = self._here.gram()
        self.time += self._dt


def _factor(gap: float, miss: float) -> float:
    """Return the factor of the next step; arguments in units of what is allowed.

    ``gap``, a square, grows like the square of a step, ``miss`` like its cube.
    """
    wanted = SAFETY * min(max(gap, 1e-12) ** (-1 / 2), max(miss, 1e-12) ** (-1 / 3))
    return min(LARGEST_GROWTH, max(LARGEST_SHRINKAGE, wanted))
