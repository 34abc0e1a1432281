"""Evaluates a margin loss, and integrates gradient flow of outputs under a frozen kernel Theta.

    d(impulse)/ds = -l'(y F) y,    F = F(0) + Theta impulse / n,

by the Runge-Kutta-Chebyshev method of second order: Theta makes the equation stiff, its spectrum
is real, and s stages are stable over ``2 (s^2 - 1)/3`` times what one Euler step is.  The impulses,
one an input, say how far the weights move: ``dw = J^T impulse/(alpha n)``.

Source of the method: Sommeijer, Shampine and Verwer 1998 (J. Comput. Appl. Math. 88, 315).
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from numerics.kernels.loops.arithmetic import constants_of, margin_terms

compiled = njit(cache=True, nogil=True, error_model="numpy")

Floats = NDArray[np.float64]

#: Steps of more stages are cut: round-off grows like the square of their number.
MOST_STAGES = 200

#: The interval of stability of s stages, times the spectral radius: ``(s^2 - 1)/STABILITY``.
STABILITY = 1.54

#: Damping of the stages, ``w0 = 1 + 2/(DAMPING s^2)``, and weights of the estimate of the error.
DAMPING = 13.0
OF_CHANGE, OF_RATES = 0.8, 0.4

#: A step that the error allows to grow or makes shrink: safety, order, bounds of the factor.
SAFETY, ORDER = 0.8, -1.0 / 3.0
LEAST_FACTOR, LARGEST_FACTOR = 0.1, 5.0


class Flow(NamedTuple):
    """What flows: a kernel, outputs at the start, labels and the parameters of the loss."""

    gram: Floats
    start: Floats
    labels: Floats
    parameters: Floats


class Limits(NamedTuple):
    """Where the flow ends; whichever comes first."""

    duration: float
    #: Largest change of an output, exceeded by a tenth at most.
    reach: float
    #: Smallest margin, exceeded by ``overshoot`` at most.
    margin: float
    overshoot: float
    evaluations: int


class Accuracy(NamedTuple):
    """Error of the outputs allowed in a step, and a bound of the equation's spectral radius."""

    tolerance: float
    radius: float


class Buffers(NamedTuple):
    """Impulses and outputs, which a flow moves, and rows to work in, (8, n)."""

    impulse: Floats
    outputs: Floats
    work: Floats


class Margins(NamedTuple):
    """Mean loss, smallest margin and largest curvature."""

    loss: float
    smallest: float
    curvature: float


class Advance(NamedTuple):
    """Time reached, first time with a mean loss below the level (or nan), evaluations made."""

    time: float
    crossed: float
    evaluations: int


@compiled
def evaluate(outputs: Floats, labels: Floats, parameters: Floats, forces: Floats) -> Margins:
    """Fill the forces ``-l'(y F) y`` and return the margins."""
    constants = constants_of(parameters)
    total, smallest, largest = 0.0, np.inf, 0.0
    for k in range(outputs.size):
        margin = labels[k] * outputs[k]
        value, slope, curvature = margin_terms(margin, *constants)
        forces[k] = -slope * labels[k]
        total += value
        smallest = min(smallest, margin)
        largest = max(largest, curvature)
    return Margins(total / outputs.size, smallest, largest)


@compiled
def rates(flow: Flow, impulse: Floats, outputs: Floats, forces: Floats) -> Margins:
    """Fill outputs and forces at an impulse and return the margins."""
    np.dot(flow.gram, impulse, outputs)
    for k in range(outputs.size):
        outputs[k] = flow.start[k] + outputs[k] / outputs.size
    return evaluate(outputs, flow.labels, flow.parameters, forces)


@compiled
def chebyshev(
    w0: float, last: tuple[float, ...], before: tuple[float, ...]
) -> tuple[float, float, float]:
    """Return the next Chebyshev polynomial at w0 and its first two derivatives, from two others."""
    return (
        2 * w0 * last[0] - before[0],
        2 * last[0] + 2 * w0 * last[1] - before[1],
        4 * last[1] + 2 * w0 * last[2] - before[2],
    )


@compiled
def chebyshev_step(
    flow: Flow, step: float, stages: int, impulse: Floats, forces: Floats, new: Floats, work: Floats
) -> None:
    """Fill ``new`` with the impulse after a step from ``impulse``, where the forces are known."""
    before, last, outputs, slopes = work[0], work[1], work[2], work[3]
    w0 = 1.0 + 2.0 / (DAMPING * stages * stages)
    p1, p2 = (w0, 1.0, 0.0), (1.0, 0.0, 0.0)
    for _ in range(2, stages + 1):
        p1, p2 = chebyshev(w0, p1, p2), p1
    w1 = p1[1] / p1[2]
    b1 = 1.0 / (4.0 * w0 * w0)
    b2, a1 = b1, 1.0 - b1 * w0
    for k in range(impulse.size):
        before[k] = impulse[k]
        last[k] = impulse[k] + b1 * w1 * step * forces[k]
    p1, p2 = (w0, 1.0, 0.0), (1.0, 0.0, 0.0)
    for _ in range(2, stages + 1):
        p1, p2 = chebyshev(w0, p1, p2), p1
        b = p1[2] / (p1[1] * p1[1])
        mu, nu, own = 2 * b * w0 / b1, -b / b2, 2 * b * w1 / b1 * step
        first = -a1 * own
        rates(flow, last, outputs, slopes)
        for k in range(impulse.size):
            value = (1.0 - mu - nu) * impulse[k] + mu * last[k] + nu * before[k]
            value += own * slopes[k] + first * forces[k]
            before[k] = last[k]
            last[k] = value
        b2, b1, a1 = b1, b, 1.0 - b * p1[0]
    for k in range(impulse.size):
        new[k] = last[k]


@compiled
def error_of_step(
    flow: Flow,
    step: float,
    change: tuple[Floats, Floats],
    forces: tuple[Floats, Floats],
    tolerance: float,
    work: Floats,
) -> float:
    """Return the largest error of an output over the tolerance, by the method's own estimate.

    ``change`` has the impulses before and after the step, ``forces`` those at both.
    """
    (old, new), (early, late) = change, forces
    for k in range(old.size):
        work[0, k] = OF_CHANGE * (old[k] - new[k]) + OF_RATES * step * (early[k] + late[k])
    np.dot(flow.gram, work[0], work[1])
    error = 0.0
    for k in range(old.size):
        error = max(error, abs(work[1, k]) / (old.size * tolerance))
    return error


@compiled
def advance(
    flow: Flow, limits: Limits, accuracy: Accuracy, level: float, buffers: Buffers
) -> Advance:
    """Integrate from impulse 0 until a limit is met."""
    impulse, outputs, work = buffers.impulse, buffers.outputs, buffers.work
    forces, new, ahead, later = work[4], work[5], work[6], work[7]
    duration, radius, reach = limits.duration, accuracy.radius, limits.reach
    impulse[:] = 0.0
    here = rates(flow, impulse, outputs, forces)
    time, made, moved = 0.0, 1, 0.0
    crossed = 0.0 if here.loss < level else np.nan
    evaluations = limits.evaluations if 0.0 < radius < np.inf else 0
    step = min(1.0 / radius, duration)
    while (
        time < duration and here.smallest < limits.margin and moved < reach and made < evaluations
    ):
        is_last = step >= duration - time
        if is_last:
            step = duration - time
        stages = 2 + int(math.sqrt(1.0 + STABILITY * step * radius))
        if stages > MOST_STAGES:
            stages, is_last = MOST_STAGES, False
            step = (float(MOST_STAGES) ** 2 - 1.0) / (STABILITY * radius)
        chebyshev_step(flow, step, stages, impulse, forces, new, work)
        found = rates(flow, new, ahead, later)
        made += stages
        change = impulse, new
        error = error_of_step(flow, step, change, (forces, later), accuracy.tolerance, work)
        if not error <= 1.0:
            grown = SAFETY * error**ORDER if error < np.inf else 0.0
            step *= max(LEAST_FACTOR, grown)
            continue
        if found.smallest > limits.margin + limits.overshoot:
            aim = limits.margin + 0.5 * limits.overshoot
            step *= (aim - here.smallest) / (found.smallest - here.smallest)
            continue
        travel = 0.0
        for k in range(impulse.size):
            travel = max(travel, abs(ahead[k] - flow.start[k]))
        if travel > 1.1 * reach:
            step *= (1.05 * reach - moved) / (travel - moved)
            continue
        if found.loss < level and not crossed <= time:
            crossed = time + step * (here.loss - level) / (here.loss - found.loss)
        time = duration if is_last else time + step
        here, moved = found, travel
        for k in range(impulse.size):
            impulse[k], outputs[k], forces[k] = new[k], ahead[k], later[k]
        step *= min(LARGEST_FACTOR, max(LEAST_FACTOR, SAFETY * max(error, 1e-12) ** ORDER))
    return Advance(time, crossed, made)
