"""Runs the mode recursion and the second order in the fluctuations of the start.

Builds the list of pairs of modes and their independent excitations (Wishart moments, all
multiplicities) for the generated kernel of :mod:`theory.kernels.mode_recursion`.

Holds as :mod:`theory.prediction.fluctuations` does: to second order in 1/sqrt(width).  Cost: about
4 modes^2 block updates an iteration.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from numerics.kernels.cache import load
from numerics.kernels.evaluate import evaluate, output_names
from numerics.prediction.mode_spectrum import ModeSpectrum
from numerics.prediction.network_scales import RandomNetwork
from theory.kernels.mode_recursion import second_order_module
from theory.random_matrices.wishart import excitation_form

__all__ = ["Recursion", "Trajectory", "euler_modes"]


#: Which entries (C1_ij, A_ji, A_ij, C2_ij) of a pair an excitation moves.
_C1, _C2 = (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)
_OTHER, _OWN, _SYMMETRIC = (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 1.0, 1.0, 0.0)


@dataclass(frozen=True, eq=False)
class Trajectory:
    """What the recursion recorded, a row an iteration.

    Attributes
    ----------
    mode : ndarray, shape (iterations, modes)
        Mean singular value of A in each mode at infinite width.
    shift : ndarray, shape (iterations, modes)
        Its mean second-order shift.
    power : ndarray, shape (iterations,)
        ``E||A_1||_F^2``, the power of the first order.
    bulk_power : ndarray, shape (iterations,)
        Its part between bulk modes.
    own_square : ndarray, shape (iterations, modes)
        Mean square of an entry of A_1 between a mode and itself.
    signal_power : ndarray, shape (iterations,)
        Variance of ``<A*, A_1>`` between different modes.
    power_variance : ndarray, shape (iterations,)
        Variance of ``||A_1||_F^2``.
    """

    mode: NDArray[np.float64]
    shift: NDArray[np.float64]
    power: NDArray[np.float64]
    bulk_power: NDArray[np.float64]
    own_square: NDArray[np.float64]
    signal_power: NDArray[np.float64]
    power_variance: NDArray[np.float64]

    def __len__(self) -> int:
        return self.power.size

    def joined(self, other: Trajectory) -> Trajectory:
        """Return this trajectory followed by another."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Trajectory(*(np.concatenate(pair) for pair in pairs))


class Recursion:
    """The recursion for one spectrum and one start, advanced by any number of steps at a time.

    Parameters
    ----------
    spectrum : ModeSpectrum
        Modes of the target.
    network : RandomNetwork
        Scales and width at the start, step size and order of update.
    scales, matrix : bool
        Whether C1 and C2, and whether A, fluctuate at the start.
    mean_shift : tuple of float
        Mean second-order shift of C1 and of C2 at the start.
    """

    def __init__(
        self,
        spectrum: ModeSpectrum,
        network: RandomNetwork,
        *,
        scales: bool = True,
        matrix: bool = True,
        mean_shift: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        c1, c2 = network.c1, network.c2
        self._kernel = second_order_kernel(network.update)
        self._learning_rate = network.learning_rate
        has_input, has_output = (side.astype(np.float64) for side in spectrum.sides)
        zero = np.zeros(spectrum.targets.size)
        self._modes = self._kernel.Modes(
            spectrum.targets,
            np.column_stack([c1 * has_input, zero, c2 * has_output]),
            np.column_stack([mean_shift[0] * has_input, zero, mean_shift[1] * has_output]),
        )
        found = _pairs(spectrum, scales, matrix)
        sizes = np.array(_excitations(network))
        entries = found.pattern * sizes[found.kind][:, None]
        self._pairs = self._kernel.Pairs(*found.members, entries)
        self._recorded = False

    def advance(self, steps: int) -> Trajectory:
        """Return the next ``steps`` iterations; the first call returns the start as well."""
        modes, rows = self._modes.targets.size, steps + 1
        shapes = (rows, modes), (rows, modes), rows, rows, (rows, modes), rows, rows
        out = [np.empty(shape) for shape in shapes]
        self._kernel.second_order(
            self._modes, self._pairs, self._learning_rate, self._kernel.Record(*out)
        )
        fresh = int(self._recorded)
        self._recorded = True
        return Trajectory(*(array[fresh:] for array in out))


@cache
def second_order_kernel(update: str) -> ModuleType:
    """Return the compiled module of one order of update."""
    return load(second_order_module(update), loops="mode_recursion")


def euler_modes(spectrum: ModeSpectrum, network: RandomNetwork, steps: int) -> NDArray[np.float64]:
    """Return the modes under Euler steps of equation (1) of the paper, shape (steps + 1, modes)."""
    out = np.empty((steps + 1, spectrum.targets.size))
    kernel = second_order_kernel(network.update)
    kernel.euler(spectrum.targets, network.threshold, network.learning_rate, out)
    return out


def _excitations(network: RandomNetwork) -> list[float]:
    """Return the sizes of the independent fluctuations, in the order of their form."""
    return [
        float(x) for x in evaluate(excitation_form, network.c1, network.c2, network.width).values()
    ]


@dataclass(frozen=True, eq=False)
class _Pairs:
    """The pairs of a spectrum, as the recursion takes them, and their excitations of size 1."""

    #: First and second mode, counts, weight, weight in the bulk, mean square of A*, pairs of a
    #: mode with itself, start of the excitations.
    members: tuple[NDArray[np.float64], ...]
    #: (excitations, 4), and the place of each in ``_KINDS``.
    pattern: NDArray[np.float64]
    kind: NDArray[np.int64]


@lru_cache(maxsize=64)
def _pairs(spectrum: ModeSpectrum, scales: bool, matrix: bool) -> _Pairs:
    """Return the pairs of modes that move together, and their independent excitations.

    Only excitations of C1 and C2 (``scales``) and of A (``matrix``) that are asked for.
    """
    count, modes = spectrum.counts, spectrum.targets.size
    has_input, has_output = spectrum.sides
    rows: list[tuple[int, int, float, float, float]] = []
    itself: list[int] = []
    groups: list[list[tuple[str, tuple[float, ...]]]] = []
    for i in range(modes - spectrum.unpaired):
        # Itself: one symmetric block, whose A entry is counted once.
        itself.append(len(rows))
        rows.append((i, i, 1.0, 0.0, count[i] / 2))
        groups.append([("C1_diagonal", _C1), ("C2_diagonal", _C2), ("A", _SYMMETRIC)])
        for j in range(i, modes):
            same = i == j
            if same and i < spectrum.spikes:
                continue
            # Partners in one node: every other singular value that the node stands for.
            partners = (count[i] - 1, 0.0) if same else (count[j], count[i])
            weight = count[i] * (count[i] - 1) / 2 if same else count[i] * count[j]
            rows.append((i, j, *partners, weight))
            possible = (
                ("C1", _C1, has_input[i] and has_input[j]),
                ("C2", _C2, has_output[i] and has_output[j]),
                ("A", _OWN, has_output[i] and has_input[j]),
                ("A", _OTHER, has_input[i] and has_output[j]),
            )
            groups.append([(kind, pattern) for kind, pattern, there in possible if there])
    kinds = output_names(excitation_form)
    wanted = {kind: matrix if kind == "A" else scales for kind in kinds}
    kept = [[item for item in group if wanted[item[0]]] for group in groups]
    first, second, of_first, of_second, weight = (np.array(x) for x in zip(*rows, strict=True))
    bulk = np.where((first >= spectrum.spikes) & (second >= spectrum.spikes), weight, 0.0)
    start = np.concatenate([[0], np.cumsum([len(group) for group in kept])])
    flat = [item for group in kept for item in group]
    pattern = np.array([entries for _, entries in flat]).reshape(-1, 4)
    kind = np.array([kinds.index(name) for name, _ in flat], dtype=np.int64)
    counts = np.column_stack([of_first, of_second])
    signal = np.zeros(modes)
    signal[: spectrum.spikes] = spectrum.noise**2 * spectrum.overlaps
    between = np.where(second >= spectrum.spikes, signal[first], 0.0)
    members = first, second, counts, weight, bulk, between, np.array(itself), start
    return _Pairs(members, pattern, kind)
