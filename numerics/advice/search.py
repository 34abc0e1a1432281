"""Predicted runs of many starts: which are trustworthy, which are best, and how narrow they may be.

A start is a threshold ``c = (c1 + c2)/2``, a ratio ``sigma2^2/sigma1^2`` of the layers, a width and
a share f of the stability limit, so that

    sigma1^2 = 2 c / (w (1 + ratio)),    eta = f / sqrt(||Y||^2 + c_w^2),

``c_w`` the mean of the largest eigenvalues of C1 and C2 at this width (c for infinite width).  Each
start is followed by :mod:`numerics.prediction.mode_recursion` until its smallest test error lies
behind it.

Holds where the prediction does, with a margin: a start counts as sound where twice the estimated
truncation is within its limit, since the estimate can be low by a factor of two.
Source: ours; the stability limit is that of :mod:`theory.dynamics.single_mode`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from numerics.kernels.evaluate import evaluate
from numerics.prediction.mode_recursion import Recursion
from numerics.prediction.mode_spectrum import ModeSpectrum
from numerics.prediction.network_scales import RandomNetwork
from numerics.prediction.run_observables import sums_of_errors
from numerics.prediction.run_settings import WIDTHS_PER_RANK
from numerics.prediction.runs import STATUS as PREDICTION_STATUS
from numerics.prediction.runs import status_of
from numerics.prediction.stability import stable_rate
from theory.prediction.errors import estimate_form

__all__ = [
    "BEYOND_BUDGET",
    "SAME_ERROR",
    "STATUS",
    "TRUNCATION_MARGIN",
    "PredictedMinimum",
    "Start",
    "make_network",
    "predicted_minimum",
    "smallest_width",
    "weakest_signal",
    "width_ladder",
]

#: The estimated truncation can be low by this factor (measured, see the README).
TRUNCATION_MARGIN = 2.0

#: Meaning of a status: that of a prediction, and of a run too long for the budget.
STATUS = (*PREDICTION_STATUS, "smallest test error beyond the budget")
BEYOND_BUDGET = len(PREDICTION_STATUS)

#: Errors within this factor count as the same: the accuracy of the prediction.
SAME_ERROR = 1.01

#: A signal mode counts as learned at this share of its target.
LEARNED = 0.99

#: Iterations of the first piece of a run; each later piece doubles the run.
FIRST_PIECE = 32

#: A run is followed to this multiple of the budget, to see whether its minimum lies within.
BEYOND = 2

#: Widths looked at in a factor of two.
WIDTHS_PER_OCTAVE = 2


@dataclass(frozen=True)
class Start:
    """A candidate: threshold (unit of A), sigma2^2/sigma1^2, share of the stable rate, width."""

    threshold: float
    variance_ratio: float
    learning_rate_share: float
    width: float


@dataclass(frozen=True)
class PredictedMinimum:
    """The smallest test error that a start is predicted to reach.

    Attributes
    ----------
    min_test_error : float
        Smallest test error of the run, mean square of an entry.
    iterations : int
        The first iteration whose test error is within ``SAME_ERROR`` of it.
    status : int
        Index into ``STATUS``.
    """

    min_test_error: float
    iterations: int
    status: int


def make_network(spectrum: ModeSpectrum, start: Start, update: str) -> RandomNetwork:
    """Return the network of a start, with its learning rate."""
    first = 2 * start.threshold / (1 + start.variance_ratio)
    network = RandomNetwork(first, start.variance_ratio * first, start.width, 1.0, update)
    return replace(
        network, learning_rate=start.learning_rate_share * stable_rate(spectrum, network)
    )


def predicted_minimum(
    spectrum: ModeSpectrum, network: RandomNetwork, budget: int
) -> PredictedMinimum:
    """Follow a network until its smallest test error lies behind it.

    That is when the weakest spike of Y is learned and the last quarter of the run brought no
    smaller error; at ``BEYOND`` times the budget at the latest.
    """
    recursion, last = Recursion(spectrum, network), spectrum.spikes - 1
    most = max(FIRST_PIECE, BEYOND * budget)
    trajectory = recursion.advance(FIRST_PIECE)
    entries = float(np.prod(spectrum.shape))
    # Far outside the range the second order may overflow; such a start is not sound.
    with np.errstate(over="ignore", invalid="ignore"):
        while True:
            sums = sums_of_errors(spectrum, trajectory)
            test = sums["test_shifted"] / entries
            best, done = int(np.argmin(test)), len(trajectory) - 1
            learned = last < 0 or trajectory.mode[-1, last] >= LEARNED * spectrum.targets[last]
            if done >= most or (learned and 4 * best <= 3 * done):
                break
            trajectory = trajectory.joined(recursion.advance(min(done, most - done)))
        smallest, power = test[best], trajectory.power[best] / entries
        estimate = evaluate(
            estimate_form,
            power,
            smallest - sums["test"][best] / entries - power,
            spectrum.signal[0],
            network.threshold,
            network.width,
            *spectrum.shape[::-1],
            network.learning_rate * best,
        )["truncation"]
        status = int(status_of(smallest, TRUNCATION_MARGIN * estimate, network.width, spectrum))
        first = int(np.argmax(test <= SAME_ERROR * smallest)) if status == 0 else best
    if status == 0 and (best == done or first > budget):
        status = BEYOND_BUDGET
    return PredictedMinimum(float(smallest), first, status)


def width_ladder(spectrum: ModeSpectrum, widest: float) -> list[float]:
    """Return whole widths from the widest down to the smallest valid one."""
    smallest = float(WIDTHS_PER_RANK * spectrum.signal.size)
    octaves = max(0.0, np.log2(widest / smallest))
    steps = np.arange(int(octaves * WIDTHS_PER_OCTAVE) + 1) / WIDTHS_PER_OCTAVE
    return [float(np.ceil(widest * 2.0**-step)) for step in steps]


def smallest_width(
    spectrum: ModeSpectrum, start: Start, update: str, *, error: float, iterations: int, budget: int
) -> float:
    """Return the least width from which on a start keeps to an error and to iterations.

    Looks from ``start.width`` down the ladder until one fails; inf if that one does.
    """
    kept = float("inf")
    for width in width_ladder(spectrum, start.width):
        narrower = Start(start.threshold, start.variance_ratio, start.learning_rate_share, width)
        here = predicted_minimum(spectrum, make_network(spectrum, narrower, update), budget)
        if here.status != 0 or here.min_test_error > error or here.iterations > iterations:
            break
        kept = width
    return kept


def weakest_signal(spectrum: ModeSpectrum) -> float:
    """Return the smallest singular value of A* that stands out of the noise, else the largest."""
    return float(spectrum.signal[max(spectrum.spikes, 1) - 1])
