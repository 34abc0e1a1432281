"""From the recursion of modes to what is observed: errors, singular values, distances.

Sums over modes by the formulas of :mod:`theory.prediction.errors`, whose arithmetic runs in
generated kernels; see :mod:`numerics.prediction.runs` for the range in which they hold.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from numerics.kernels.evaluate import evaluate
from numerics.prediction.mode_recursion import Recursion, Trajectory, euler_modes
from numerics.prediction.mode_spectrum import ModeSpectrum, bulk_nodes, mode_spectrum
from numerics.prediction.network_scales import RandomNetwork
from numerics.prediction.scatter import error_scatter, modes_alone
from numerics.published_rules import stop_of_errors
from theory.prediction.errors import (
    distance_form,
    error_form,
    estimate_form,
    excess_form,
    outlier_form,
)

__all__ = ["distance", "distance_truncation", "observe", "run"]

#: Iterations run before the stopping rule is asked again.
_CHUNK = 64


def run(spectrum: ModeSpectrum, network: RandomNetwork, iterations: int, stop: bool) -> Trajectory:
    """Run the recursion, in pieces where it may stop early."""
    recursion = Recursion(spectrum, network)
    if not stop:
        return recursion.advance(iterations)
    whole = recursion.advance(min(_CHUNK, iterations))
    entries = math.prod(spectrum.shape)
    while True:
        sums = sums_of_errors(spectrum, whole)
        end = stop_of_errors(sums["train_shifted"] / entries, sums["test_shifted"] / entries)
        done = len(whole) - 1
        if end <= done:
            return Trajectory(*(x[: end + 1] for x in vars(whole).values()))
        if done >= iterations:
            return whole
        whole = whole.joined(recursion.advance(min(_CHUNK, iterations - done)))


def observe(
    spectrum: ModeSpectrum, network: RandomNetwork, trajectory: Trajectory
) -> dict[str, NDArray[np.float64]]:
    """Return what a trajectory shows, each with one row an iteration.

    Keys: train_error, test_error, leading_test_error, truncation (means over entries), outlier
    (iterations, rank), edge, stable_rank; test_error_deviation, train_error_deviation (standard
    deviations of one run).
    """
    d_out, d_in = spectrum.shape
    entries, steps = d_out * d_in, len(trajectory)
    sums = {key: value / entries for key, value in sums_of_errors(spectrum, trajectory).items()}
    power = trajectory.power / entries
    estimates = evaluate(
        estimate_form,
        power,
        sums["test_shifted"] - sums["test"] - power,
        spectrum.signal[0],
        network.threshold,
        network.width,
        d_in,
        d_out,
        network.learning_rate * np.arange(steps),
    )
    scatter = error_scatter(spectrum, network, trajectory)
    outlier, edge = singular_values(spectrum, network, trajectory)
    return {
        "train_error": sums["train_shifted"],
        "test_error": sums["test_shifted"],
        "leading_test_error": sums["test"],
        "truncation": estimates["truncation"],
        "outlier": outlier,
        "edge": edge,
        "stable_rank": entries * sums["norm_shifted"] / np.maximum(outlier[:, 0], edge) ** 2,
        "test_error_deviation": scatter["test_error"],
        "train_error_deviation": scatter["train_error"],
    }


def sums_of_errors(
    spectrum: ModeSpectrum, trajectory: Trajectory
) -> dict[str, NDArray[np.float64]]:
    """Return test and train error and ``||A||_F^2``, sums over entries, to orders 0 and 2.

    The test error is summed from its value at A = 0 or at A = Y, whichever is smaller and so is not
    lost in rounding.
    """
    shares = evaluate(
        error_form, trajectory.mode, trajectory.shift, spectrum.targets, spectrum.correlations
    )
    signal = np.sum(spectrum.signal**2)
    noise = math.prod(spectrum.shape) * spectrum.noise**2
    for order in ("", "_shifted"):
        from_target = shares.pop(f"test_left{order}")
        if noise < signal:
            shares[f"test{order}"] = from_target
    sums = {key: value @ spectrum.counts for key, value in shares.items()}
    for key in sums:
        if key.startswith("test"):
            sums[key] += min(signal, noise)
        if key.endswith("_shifted"):
            sums[key] += trajectory.power
    return sums


def singular_values(
    spectrum: ModeSpectrum, network: RandomNetwork, trajectory: Trajectory
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return outliers, shape (iterations, rank), and the edge of the bulk of A."""
    steps, rank = len(trajectory), spectrum.signal.size
    size = spectrum.bulk_shape
    if min(size) == 0:
        return trajectory.mode[:, :rank] + trajectory.shift[:, :rank], np.zeros(steps)
    variance = trajectory.bulk_power / math.prod(size)
    last = modes_alone(np.array([spectrum.edge]), network, steps)[:, 0]
    edge = evaluate(outlier_form, last, variance, *map(float, size))["edge"]
    outlier = np.repeat(edge[:, None], rank, axis=1)
    spikes = spectrum.spikes
    mode = trajectory.mode[:, :spikes] + trajectory.shift[:, :spikes]
    found = evaluate(outlier_form, mode, variance[:, None], *map(float, size))
    apart = mode > np.maximum(found["threshold"], 0.0)
    out = np.where(apart, found["outlier"], 0.0)
    outlier[:, :spikes] = np.maximum(out, edge[:, None])
    return -np.sort(-outlier, axis=1), edge


def distance(
    spectrum: ModeSpectrum, network: RandomNetwork, trajectory: Trajectory, reference: str
) -> NDArray[np.float64]:
    """Return the root mean square distance of descent from the self-consistent dynamics.

    Both start from the same A0; C1 and C2 fluctuate in one of them only.  The first order sees
    A0 as further noise in the residual; the means differ by their second-order shifts.
    """
    steps, variance = len(trajectory) - 1, network.start_variance
    if steps == 0:
        return np.zeros(1)
    d_out, d_in = spectrum.shape
    nodes = spectrum.nodes
    noise = math.hypot(spectrum.noise, math.sqrt(variance))
    noisy = mode_spectrum(d_in, d_out, spectrum.signal, noise=noise, nodes=nodes)
    power = Recursion(noisy, network, matrix=False).advance(steps).power
    value, count = bulk_nodes(d_out, d_in, math.sqrt(variance), nodes)
    excess = evaluate(excess_form, value, network.threshold)["excess"] @ count
    mean_shift = float(excess) / d_in, float(excess) / d_out
    consistent = Recursion(spectrum, network, scales=False, mean_shift=mean_shift).advance(steps)
    gap = trajectory.shift - consistent.shift
    if reference == "euler":
        gap = gap + trajectory.mode - euler_modes(spectrum, network, steps)
    return np.sqrt(power + gap**2 @ spectrum.counts)


def distance_truncation(
    spectrum: ModeSpectrum, network: RandomNetwork, away: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the estimated size of the first neglected order of a distance, an iteration each."""
    time = network.learning_rate * np.arange(away.size)
    sizes = map(float, spectrum.shape[::-1])
    share = evaluate(distance_form, network.threshold, network.width, *sizes, time)["share"]
    return away * share
