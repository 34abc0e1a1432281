"""How far the errors of one run lie from their mean over noise and start.

Given the singular values of A*, variances add up: of the noise that moves each spike, of the bulk,
of the signals that it hides, and of the random start, by the formulas of
:mod:`theory.prediction.scatter`.  Where A* is drawn: :mod:`numerics.prediction.target_draws`.

Holds as the theory does: signals well above the threshold of detection or well below it, runs
within the prediction's range.  Against 200 trained runs a cell the deviations agree within 10 %
(``examples/scatter_of_a_run.py``); the standard error of such a deviation is 5 %.
Source: ours.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial.chebyshev import chebvander
from numpy.typing import NDArray

from numerics.kernels.evaluate import evaluate
from numerics.prediction.mode_recursion import Recursion, Trajectory
from numerics.prediction.mode_spectrum import ModeSpectrum
from numerics.prediction.network_scales import RandomNetwork
from theory.algebra.stable_form import StableForm
from theory.prediction.scatter import coupling_form, move_form
from theory.random_matrices.spiked_matrix import NOISE, SIZES, jacobi_matrix

__all__ = ["error_scatter", "modes_alone"]

Floats = NDArray[np.float64]

#: Relative step of the numerical slope of a mode in its target; error of its square, 1e-8.
STEP = 1e-4


def error_scatter(
    spectrum: ModeSpectrum, network: RandomNetwork, trajectory: Trajectory
) -> dict[str, Floats]:
    """Return standard deviations of one run's ``test_error`` and ``train_error``, an iteration.

    Over noise, random start and the singular vectors of A*, its singular values given.
    """
    # A unit that is a power of 2 keeps fourth powers within the floats and changes no bit.
    unit = 2.0 ** math.floor(math.log2(max(spectrum.signal[0], spectrum.noise)))
    residuals = {
        "test": trajectory.mode + trajectory.shift - spectrum.correlations,
        "train": trajectory.mode + trajectory.shift - spectrum.targets,
    }
    fresh = _spike_variance(spectrum, network, trajectory, unit)
    known = {"test": trajectory.mode, "train": trajectory.mode - spectrum.targets}
    found = {}
    for name, residual in residuals.items():
        own = 4 * (residual / unit) ** 2 * (trajectory.own_square / unit**2) @ spectrum.counts
        across = 4 * trajectory.signal_power / unit**4 if name == "test" else 0.0
        total = fresh[name] + _bulk_variance(spectrum, known[name] / unit, unit)
        total += own + across + trajectory.power_variance / unit**4
        found[f"{name}_error"] = unit**2 * np.sqrt(total) / math.prod(spectrum.shape)
    return found


def _spike_variance(
    spectrum: ModeSpectrum, network: RandomNetwork, trajectory: Trajectory, unit: float
) -> dict[str, Floats]:
    """Return the variances that the noise makes by moving the spikes, in ``unit^4``."""
    spikes, steps, tau = spectrum.spikes, len(trajectory), spectrum.noise / unit
    if spikes == 0:
        return {"test": np.zeros(steps), "train": np.zeros(steps)}
    target, signal = spectrum.targets[:spikes], spectrum.signal[:spikes] / unit
    above, below = (modes_alone(target * (1 + sign * STEP), network, steps) for sign in (1.0, -1.0))
    size = tuple(map(float, spectrum.bulk_shape))
    moves = evaluate(
        move_form,
        trajectory.mode[:, :spikes] / unit,
        (above - below) / (2 * STEP * target),
        target / unit,
        signal,
        tau,
        *size,
    )
    values = spectrum.targets[spikes:, None] / unit
    weight = evaluate(coupling_form, signal, tau, values, *size)
    count = spectrum.counts[spikes:]
    inside, outside = (side[spikes:] * count for side in spectrum.sides)
    kinds = (
        ("output", 2 * tau**4 * outside),
        ("input", 2 * tau**4 * inside),
        ("product", tau**4 * np.minimum(inside, outside)),
    )
    found = {}
    for name in ("test", "train"):
        move, turn = moves[f"{name}_move"], moves[f"{name}_turn"]
        variance = tau**2 * np.sum(move**2, axis=1)
        for kind, each in kinds:
            first, slope = weight[kind], weight[f"{kind}_slope"]
            variance += (
                move**2 @ (each @ first**2)
                + 2 * (move * turn) @ (each @ (first * slope))
                + turn**2 @ (each @ slope**2)
            )
        found[name] = variance
    return found


def _bulk_variance(spectrum: ModeSpectrum, residual: Floats, unit: float) -> Floats:
    """Return the variance of the bulk's sum of squares, and of the signals that it hides."""
    size, bulk = spectrum.bulk_shape, spectrum.bulk
    tau = spectrum.noise / unit
    if min(size) == 0 or tau == 0:
        return np.zeros(len(residual))
    phi, values = residual[:, bulk] ** 2, (spectrum.targets[bulk] / unit) ** 2
    entries = evaluate(_bulk_form, tau, *map(float, size))
    # The polynomial through the nodes, which are those of the bulk's Gauss quadrature.
    order = np.arange(values.size)
    places = (values - entries["centre"]) / entries["half_width"]
    harmonics = np.linalg.solve(chebvander(places, values.size - 1), phi.T)
    hidden = np.sum((spectrum.signal[spectrum.spikes :] / unit) ** 2)
    squares = phi @ spectrum.counts[bulk]
    return order @ harmonics**2 / 2 + 4 * hidden * squares / math.prod(size)


def _bulk_form() -> StableForm:
    _, centre, off = jacobi_matrix()
    return StableForm((NOISE, *SIZES), (), {"centre": centre, "half_width": 2 * off})


def modes_alone(targets: Floats, network: RandomNetwork, steps: int) -> Floats:
    """Return modes at infinite width, a row an iteration from the start."""
    if steps == 1:
        return np.zeros((1, targets.size))
    alone = ModeSpectrum.of_modes(targets)
    return Recursion(alone, network, scales=False, matrix=False).advance(steps - 1).mode
