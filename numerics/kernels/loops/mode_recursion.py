"""Runs the recursion of the modes of a target with the second order of the random start.

An iteration records the modes and freezes the gradient, then makes a step of one stage (both layers
at once) or two (one layer after the other).  A stage moves, by the printed formulas of
:mod:`theory.prediction.fluctuations`, the mean shift of each mode, then the first-order block of
each pair of modes, which adds to the shifts of both, then the Gram block of each mode.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from numerics.kernels.loops.arithmetic import (
    euler_step,
    mode_gain,
    mode_stage,
    pair_stage,
    shift_stage,
    stage_count,
)

compiled = njit(cache=True, nogil=True, error_model="numpy")

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


class Modes(NamedTuple):
    """The modes and where they are; a run moves ``blocks`` and ``shifts``."""

    targets: Floats
    #: Gram blocks (x, a, z) and their mean second-order shifts, (modes, 3).
    blocks: Floats
    shifts: Floats


class Pairs(NamedTuple):
    """Pairs of modes with their excitations, the independent fluctuations of their 2 x 2 block."""

    first: Places
    second: Places
    #: How many such partners the first and the second mode have, (pairs, 2).
    counts: Floats
    #: How many such pairs enter the power of the first order, and the bulk's.
    weight: Floats
    bulk_weight: Floats
    #: Mean square of the entries of A* between its modes.
    signal_square: Floats
    #: Which pair is mode i with itself, in the order of the modes that have both sides.
    itself: Places
    #: Those of pair p are ``entries[start[p]:start[p + 1]]``, (excitations, 4); a run moves them.
    start: Places
    entries: Floats


class Record(NamedTuple):
    """What a run fills, a row an iteration from 0."""

    mode: Floats
    shift: Floats
    power: Floats
    bulk_power: Floats
    #: Mean square of an entry of A_1 between a mode and itself, (iterations, modes).
    own_square: Floats
    #: Sums over pairs: of the entries' mean squares times those of A*, and the variance of power.
    signal_power: Floats
    power_variance: Floats


class Frozen(NamedTuple):
    """What stands still during a step: gains, drives of the shifts, and drives of the pairs."""

    gain: Floats
    shift_drive: Floats
    #: dA_ij and dA_ji of each excitation.
    drive: Floats


@compiled
def second_order(modes: Modes, pairs: Pairs, eta: float, record: Record) -> None:
    """Advance modes and pairs by as many steps as the record has rows, less the first."""
    count = modes.targets.size
    frozen = Frozen(np.empty(count), np.empty(count), np.empty((pairs.entries.shape[0], 2)))
    shifted = np.empty((count, 3))
    last = record.power.size - 1
    for step in range(last + 1):
        observe(step, modes, pairs, eta, frozen, record)
        if step == last:
            break
        for stage in range(stage_count()):
            move_shifts(stage, modes, eta, frozen, shifted)
            move_pairs(stage, modes, pairs, eta, frozen, shifted)
            move_modes(stage, modes, frozen, shifted)


@compiled
def observe(
    step: int, modes: Modes, pairs: Pairs, eta: float, frozen: Frozen, record: Record
) -> None:
    """Record the state and freeze the gradient for the whole step."""
    for i in range(modes.targets.size):
        frozen.gain[i] = mode_gain(modes.targets[i], modes.blocks[i, 1], eta)
        frozen.shift_drive[i] = modes.shifts[i, 1]
        record.mode[step, i] = modes.blocks[i, 1]
        record.shift[step, i] = modes.shifts[i, 1]
    power, bulk_power, signal_power, variance = 0.0, 0.0, 0.0, 0.0
    record.own_square[step] = 0.0
    for p in range(pairs.first.size):
        square, first, both, second = 0.0, 0.0, 0.0, 0.0
        for e in range(pairs.start[p], pairs.start[p + 1]):
            # dA_ij stands below the diagonal of the pair block, dA_ji above it.
            below, above = pairs.entries[e, 2], pairs.entries[e, 1]
            frozen.drive[e, 0] = below
            frozen.drive[e, 1] = above
            square += below**2 + above**2
            first, both, second = first + below**2, both + below * above, second + above**2
        power += pairs.weight[p] * square
        bulk_power += pairs.bulk_weight[p] * square
        signal_power += pairs.weight[p] * pairs.signal_square[p] * square
        variance += pairs.weight[p] * (first**2 + 2 * both**2 + second**2)
    for i in range(pairs.itself.size):
        p = pairs.itself[i]
        # Its two entries are one, of weight 1/2 each.
        square = 0.0
        for e in range(pairs.start[p], pairs.start[p + 1]):
            square += frozen.drive[e, 0] ** 2
        record.own_square[step, i] = square
        variance -= pairs.weight[p] * 2 * square**2
    record.power[step] = power
    record.bulk_power[step] = bulk_power
    record.signal_power[step] = signal_power
    record.power_variance[step] = 2 * variance


@compiled
def move_shifts(stage: int, modes: Modes, eta: float, frozen: Frozen, shifted: Floats) -> None:
    """Fill ``shifted`` with what a stage makes of each shift; partners add theirs later."""
    for i in range(modes.targets.size):
        x, a, z = modes.blocks[i, 0], modes.blocks[i, 1], modes.blocks[i, 2]
        s00, s10, s11 = modes.shifts[i, 0], modes.shifts[i, 1], modes.shifts[i, 2]
        shifted[i, 0], shifted[i, 1], shifted[i, 2] = shift_stage(
            stage, frozen.gain[i], frozen.shift_drive[i], x, a, z, s00, s10, s11, eta
        )


@compiled
def move_pairs(
    stage: int, modes: Modes, pairs: Pairs, eta: float, frozen: Frozen, shifted: Floats
) -> None:
    """Move the excitations of each pair and add what they make of the shifts of both modes."""
    entries = pairs.entries
    for p in range(pairs.first.size):
        i, j = pairs.first[p], pairs.second[p]
        h_i, h_j = frozen.gain[i], frozen.gain[j]
        x_i, a_i, z_i = modes.blocks[i, 0], modes.blocks[i, 1], modes.blocks[i, 2]
        x_j, a_j, z_j = modes.blocks[j, 0], modes.blocks[j, 1], modes.blocks[j, 2]
        i0, i1, i2, j0, j1, j2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for e in range(pairs.start[p], pairs.start[p + 1]):
            x00, x01, x10, x11 = entries[e, 0], entries[e, 1], entries[e, 2], entries[e, 3]
            g_ij, g_ji = frozen.drive[e, 0], frozen.drive[e, 1]
            di0, di1, di2, dj0, dj1, dj2, x00, x01, x10, x11 = pair_stage(
                stage, h_i, h_j, x_i, a_i, z_i, x_j, a_j, z_j, g_ij, g_ji, x00, x01, x10, x11, eta
            )
            i0, i1, i2 = i0 + di0, i1 + di1, i2 + di2
            j0, j1, j2 = j0 + dj0, j1 + dj1, j2 + dj2
            entries[e, 0], entries[e, 1], entries[e, 2], entries[e, 3] = x00, x01, x10, x11
        of_first, of_second = pairs.counts[p, 0], pairs.counts[p, 1]
        shifted[i, 0] += of_first * i0
        shifted[i, 1] += of_first * i1
        shifted[i, 2] += of_first * i2
        shifted[j, 0] += of_second * j0
        shifted[j, 1] += of_second * j1
        shifted[j, 2] += of_second * j2


@compiled
def move_modes(stage: int, modes: Modes, frozen: Frozen, shifted: Floats) -> None:
    """Move the Gram blocks, and put the shifts in the place of the old ones."""
    for i in range(modes.targets.size):
        x, a, z = modes.blocks[i, 0], modes.blocks[i, 1], modes.blocks[i, 2]
        x, a, z = mode_stage(stage, x, a, z, frozen.gain[i])
        modes.blocks[i, 0], modes.blocks[i, 1], modes.blocks[i, 2] = x, a, z
        for k in range(3):
            modes.shifts[i, k] = shifted[i, k]


@compiled
def euler(targets: Floats, threshold: float, eta: float, mode: Floats) -> None:
    """Fill ``mode``, a row an iteration, with Euler steps of equation (1) of the paper from 0."""
    for i in range(targets.size):
        s = 0.0
        mode[0, i] = s
        for step in range(1, mode.shape[0]):
            s = euler_step(targets[i], s, threshold, eta)
            mode[step, i] = s
