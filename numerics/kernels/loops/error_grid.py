"""Evaluates a grid of cells, each to its minimal test error.

A cell runs its spikes by descent and looks at the bulk, whose flow is known in closed form, every
``stride`` iterations until the test error has risen twice or the stopping rule is met; then it
searches the iterations around the smallest value seen.  The arithmetic is that of
:mod:`theory.prediction.closed_form_errors`, :mod:`theory.dynamics.mode_descent` (spikes) and
:mod:`theory.prediction.errors` (estimates).
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from numerics.kernels.loops.arithmetic import (
    bulk_mode,
    error_shares,
    flow_time,
    kernel_variance,
    may_have_stopped,
    mode_gain,
    mode_step,
    norm_shares,
    outlier_values,
    rises_needed,
    start_power,
    stops_by_train,
    train_sum,
    truncation,
)

compiled = njit(cache=True, nogil=True, error_model="numpy")

Floats = NDArray[np.float64]

#: Sums over spikes at an iteration: test, power, drift, norm and norm_drift.
SUMS = 5


class Target(NamedTuple):
    """Modes of Y: singular values, correlations with A*, and how many each node stands for."""

    #: Singular values of A*, decreasing.
    signal: Floats
    spikes: Floats
    spike_correlations: Floats
    nodes: Floats
    counts: Floats
    node_correlations: Floats
    #: Largest singular value of the bulk.
    edge: float
    d_out: float
    d_in: float
    #: Number of singular values in the bulk.
    paired: float


class Cells(NamedTuple):
    """The networks of the grid and their learning rates, one entry a cell."""

    c1: Floats
    c2: Floats
    width: Floats
    learning_rate: Floats


class Limits(NamedTuple):
    """How far a cell runs, and how often it looks."""

    iterations: int
    stride: int


class Found(NamedTuple):
    """What is filled, one entry a cell; the smallest test error stands at ``iteration``."""

    minimum: Floats
    iteration: Floats
    stable_rank: Floats
    truncation: Floats


class Start(NamedTuple):
    """A cell in the mean field: c, width, variance of A0 and of the kernel, time of a step."""

    c: float
    width: float
    variance: float
    kernel_variance: float
    flow: float


class Spikes(NamedTuple):
    """The spikes of a cell: where descent is, and what it passed."""

    #: Gram blocks (x, a, z), (spikes, 3).
    block: Floats
    #: (iterations + 1, SUMS), and the first spike's a, a row an iteration.
    sums: Floats
    first: Floats


class Bulk(NamedTuple):
    """Sums over the bulk, and what A0 adds, at one iteration."""

    test: float
    power: float
    drift: float
    even: float
    odd: float
    from_start: float


@compiled
def grid(target: Target, cells: Cells, limits: Limits, found: Found) -> None:
    """Evaluate every cell."""
    rows = limits.iterations + 1
    spikes = Spikes(np.empty((target.spikes.size, 3)), np.zeros((rows, SUMS)), np.zeros(rows))
    entries, signal = target.d_out * target.d_in, 0.0
    for i in range(target.signal.size):
        signal += target.signal[i] ** 2
    for k in range(cells.c1.size):
        c1, c2, width, eta = cells.c1[k], cells.c2[k], cells.width[k], cells.learning_rate[k]
        c = 0.5 * (c1 + c2)
        # Beyond 2 eta c = 1 a lazy mode oscillates, and no flow decays like it.
        flow = flow_time(1.0, eta, c) if 2.0 * eta * c < 1.0 else eta
        variance = kernel_variance(c1, c2, width, target.d_in, target.d_out)
        start = Start(c, width, c1 * c2 / width, variance, flow)
        for i in range(target.spikes.size):
            spikes.block[i, 0], spikes.block[i, 1], spikes.block[i, 2] = c1, 0.0, c2
        best, minimum = search(target, start, eta, limits, spikes)
        rank, estimate = at_minimum(target, start, spikes, best)
        found.minimum[k] = (minimum + signal) / entries
        found.iteration[k], found.stable_rank[k], found.truncation[k] = best, rank, estimate


@compiled
def search(
    target: Target, start: Start, eta: float, limits: Limits, spikes: Spikes
) -> tuple[int, float]:
    """Return the iteration of the smallest test error and its sum over modes."""
    stride = limits.stride
    best, smallest, last, done = coarse_search(target, start, eta, limits, spikes)
    low, high = max(0, best - stride + 1), min(last, best + stride - 1)
    move_spikes(high + 1, done, target, eta, spikes)
    # One minimum lies between neighbours of the smallest value seen.
    while high - low > 2:
        left = low + (high - low) // 3
        right = max(left + 1, high - (high - low) // 3)
        if errors(target, start, spikes, left)[0] < errors(target, start, spikes, right)[0]:
            high = right
        else:
            low = left
    for step in range(low, high + 1):
        test = errors(target, start, spikes, step)[0]
        if test < smallest:
            smallest, best = test, step
    return best, smallest


@compiled
def coarse_search(
    target: Target, start: Start, eta: float, limits: Limits, spikes: Spikes
) -> tuple[int, float, int, int]:
    """Look at every ``stride``-th iteration until the run is over.

    Returns the iteration of the smallest test error seen, that sum, the last iteration of the run
    and the number of iterations that the spikes have made.
    """
    entries, stride = target.d_out * target.d_in, limits.stride
    done, best, smallest, last = 0, 0, math.inf, limits.iterations
    rises, test_before, train_before, train_start = 0, math.inf, math.inf, math.inf
    step = 0
    while step <= limits.iterations:
        done = move_spikes(step + 1, done, target, eta, spikes)
        test, train = errors(target, start, spikes, step)
        train /= entries
        if step == 0:
            train_start = train
        elif may_have_stopped(step, train, train_before, train_start, stride):
            end = first_stop(target, start, spikes, train_start, step - stride + 1, step)
            if end <= step:
                test = errors(target, start, spikes, end)[0]
                if test < smallest:
                    smallest, best = test, end
                last = end
                break
        if test < smallest:
            smallest, best = test, step
        rises = rises + 1 if test > test_before else 0
        test_before, train_before = test, train
        if rises == rises_needed():
            last = step
            break
        step += stride
    return best, smallest, last, done


@compiled
def first_stop(
    target: Target, start: Start, spikes: Spikes, train_start: float, low: int, high: int
) -> int:
    """Return the first iteration from low to high that meets the rule of the train error."""
    entries = target.d_out * target.d_in
    for step in range(low, high + 1):
        train = errors(target, start, spikes, step)[1] / entries
        train_1 = errors(target, start, spikes, step - 1)[1] / entries
        if stops_by_train(step, train, train_1, train_start):
            return step
    return high + 1


@compiled
def move_spikes(stop: int, done: int, target: Target, eta: float, spikes: Spikes) -> int:
    """Record the sums over spikes at the iterations from ``done`` to ``stop``, making the steps."""
    block = spikes.block
    for step in range(done, stop):
        test, power, drift, norm, norm_drift = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(target.spikes.size):
            y, corr = target.spikes[i], target.spike_correlations[i]
            x, a, z = block[i, 0], block[i, 1], block[i, 2]
            r = y - a
            of_test, of_power, of_drift = error_shares(1.0, a, r, corr)
            of_norm, of_norm_drift = norm_shares(1.0, a, r)
            test, power, drift = test + of_test, power + of_power, drift + of_drift
            norm, norm_drift = norm + of_norm, norm_drift + of_norm_drift
            if i == 0:
                spikes.first[step] = a
            x, a, z = mode_step(x, a, z, mode_gain(y, a, eta))
            block[i, 0], block[i, 1], block[i, 2] = x, a, z
        sums = spikes.sums[step]
        sums[0], sums[1], sums[2], sums[3], sums[4] = test, power, drift, norm, norm_drift
    return stop


@compiled
def bulk_at(target: Target, start: Start, t: float) -> Bulk:
    """Return the sums over the bulk after flow of duration t."""
    test, power, drift, even, odd = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(target.nodes.size):
        count = target.counts[i]
        a, r, g_plus, g_minus = bulk_mode(target.nodes[i], start.c, t)
        of_test, of_power, of_drift = error_shares(count, a, r, target.node_correlations[i])
        test, power, drift = test + of_test, power + of_power, drift + of_drift
        of_even, of_odd = 0.5 * (g_plus + g_minus), 0.5 * (g_plus - g_minus)
        even += count * of_even * of_even
        odd += count * of_odd * of_odd
    from_start = start_power(
        start.variance, even, odd, target.paired, target.d_in, target.d_out, start.c, t
    )
    return Bulk(test, power, drift, even, odd, from_start)


@compiled
def errors(target: Target, start: Start, spikes: Spikes, step: int) -> tuple[float, float]:
    """Return the test error, less that of A = 0, and the train error, sums over entries."""
    t = start.flow * step
    sums, bulk = spikes.sums[step], bulk_at(target, start, t)
    growth = start.kernel_variance * t**2
    square = sums[1] + bulk.power
    fluctuation = growth * (square + sums[2] + bulk.drift)
    test = bulk.test + (sums[0] + fluctuation + bulk.from_start)
    return test, train_sum(square, growth) + bulk.from_start


@compiled
def at_minimum(target: Target, start: Start, spikes: Spikes, best: int) -> tuple[float, float]:
    """Return the stable rank of A and the truncation of the test error at an iteration."""
    t, d_out, d_in = start.flow * best, target.d_out, target.d_in
    sums, bulk = spikes.sums[best], bulk_at(target, start, t)
    growth = start.kernel_variance * t**2
    norm, norm_drift = sums[3], sums[4]
    for i in range(target.nodes.size):
        a, r, _, _ = bulk_mode(target.nodes[i], start.c, t)
        of_norm, of_norm_drift = norm_shares(target.counts[i], a, r)
        norm, norm_drift = norm + of_norm, norm_drift + of_norm_drift
    norm += growth * (sums[1] + bulk.power + norm_drift) + bulk.from_start
    # The bulk of A: its learned edge, spread by the first order of all entries.
    m, n = d_out - target.spikes.size, d_in - target.spikes.size
    of_start = start_power(start.variance, bulk.even, bulk.odd, target.paired, n, m, start.c, t)
    v = (growth * bulk.power + of_start) / (m * n)
    edge = bulk_mode(target.edge, start.c, t)[0]
    _, _, largest = outlier_values(edge, v, m, n)
    if target.spikes.size > 0:
        first = spikes.first[best]
        first -= 0.5 * growth * (target.spikes[0] - first)
        outlier, threshold, _ = outlier_values(first, v, m, n)
        if first > threshold:
            largest = max(largest, outlier)
    entries = d_out * d_in
    power = (growth * (sums[1] + bulk.power) + bulk.from_start) / entries
    shift_share = growth * (sums[2] + bulk.drift) / entries
    estimate = truncation(
        power, shift_share, target.signal[0], start.c, start.width, d_in, d_out, t
    )
    return norm / largest**2, estimate
