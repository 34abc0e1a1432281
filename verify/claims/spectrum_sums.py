"""What the singular values of signal and noise add up to, and what the bulk loses to spikes.

Signals are multiples of the threshold of detection, tau (mn)^(1/4).
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from numerics.prediction.mode_spectrum import ModeSpectrum, mode_spectrum
from verify.framework.claim import Array, Claim, Fault, Problem
from verify.framework.laws import RoundOff, Sampling
from verify.problems.strategies import seeds

__all__ = ["CLAIMS"]

FAMILY = "sums"
DRAWS = 800


def _signal(problem: Problem, taken: int) -> float:
    """Return the signals of a problem, beside a bulk that lacks so many rows and columns."""
    sides = (problem[name] - taken for name in ("d_out", "d_in"))
    return problem["ratio"] * problem["noise"] * float(np.prod(list(sides))) ** 0.25


def _bulk_loss(problem: Problem) -> Array:
    """Return how much less the sum of y^2 over the bulk is than that of so much noise, a draw each.

    Each draw is corrected by how far the sum of its noise is off, whose mean is known.
    """
    shape, count, noise = (problem["d_out"], problem["d_in"]), problem["rank"], problem["noise"]
    spikes = count if problem["ratio"] > 1 else 0
    rng, found = np.random.default_rng(problem["seed"]), np.empty(DRAWS)
    for draw in range(DRAWS):
        Y = noise * rng.standard_normal(shape)
        excess = np.sum(Y**2) - noise**2 * Y.size
        Y[range(count), range(count)] += _signal(problem, spikes)
        bulk = np.linalg.svd(Y, compute_uv=False)[spikes:]
        found[draw] = _noise_of_bulk(problem, spikes) - (np.sum(bulk**2) - excess)
    return found


def _noise_of_bulk(problem: Problem, spikes: int) -> float:
    return problem["noise"] ** 2 * (problem["d_out"] - spikes) * (problem["d_in"] - spikes)


def _predicted_loss(problem: Problem) -> float:
    spikes = problem["rank"] if problem["ratio"] > 1 else 0
    spectrum = _spectrum(problem, [_signal(problem, spikes)] * problem["rank"])
    bulk = slice(spikes, None)
    kept = spectrum.counts[bulk] @ spectrum.targets[bulk] ** 2
    return _noise_of_bulk(problem, spikes) - float(kept)


def _spectrum(problem: Problem, signal: list[float]) -> ModeSpectrum:
    return mode_spectrum(problem["d_in"], problem["d_out"], signal, noise=problem["noise"])


def _sums(problem: Problem) -> Array:
    """Return the sums of y^2 and y corr over all modes, and how many there are on either side."""
    spectrum = _spectrum(problem, _signals(problem))
    values, counts = spectrum.targets, spectrum.counts
    sides = [float(np.sum(counts[side])) for side in spectrum.sides]
    return np.array([counts @ values**2, counts @ (values * spectrum.correlations), *sides])


def _signals(problem: Problem) -> list[float]:
    size = problem["noise"] * (problem["d_out"] * problem["d_in"]) ** 0.25
    count = max(1, int(problem["share"] * min(problem["d_out"], problem["d_in"])))
    return [size * ratio for ratio in (problem["ratios"] * count)[:count]]


def _exact_sums(problem: Problem, entries: float | None = None) -> Array:
    d_out, d_in = problem["d_out"], problem["d_in"]
    square = sum(x**2 for x in _signals(problem))
    noise = problem["noise"] ** 2 * (d_out * d_in if entries is None else entries)
    return np.array([square + noise, square, d_in, d_out])


def _sums_of_leading_orders(problem: Problem) -> Array:
    """Return the exact sums with what the leading orders of spikes and bulk give for y^2."""
    exact, signal = _exact_sums(problem), np.array(_signals(problem))
    sides = problem["d_out"], problem["d_in"]
    above = signal[signal > problem["noise"] * (sides[0] * sides[1]) ** 0.25]
    noise = problem["noise"] ** 2
    first, second = (above**2 + noise * (side - above.size) for side in sides)
    exact[0] = np.sum(first * second / above**2) + _noise_of_bulk(problem, above.size)
    return exact


_SHAPES = {
    "d_out": st.integers(60, 140),
    "d_in": st.integers(60, 140),
    "noise": st.floats(0.2, 5.0),
    "seed": seeds(),
}
_LOSING = st.fixed_dictionaries(
    _SHAPES
    | {"rank": st.integers(1, 4), "ratio": st.one_of(st.floats(1.5, 2.2), st.floats(0.5, 0.8))}
)
_ADDED = st.fixed_dictionaries(
    _SHAPES
    | {
        "d_out": st.integers(1, 140),
        "d_in": st.integers(1, 140),
        "share": st.floats(0.0, 0.15),
        "ratios": st.lists(st.floats(0.1, 10.0), min_size=1, max_size=6),
    }
)

CLAIMS = (
    Claim(
        name="bulk-loss",
        family=FAMILY,
        statement="A spike lowers the sum of y^2 over the bulk by tau^4 mn/theta^2 besides taking "
        "a row and a column from it; a signal below the threshold raises it by theta^2.",
        holds="1 to 4 equal signals of 1.5 to 2.2 or 0.5 to 0.8 times the threshold of detection, "
        "sides of 60 to 140, Gaussian noise of any size",
        source="theory.random_matrices.spectrum_sums, ours",
        problems=_LOSING,
        predict=_predicted_loss,
        measure=_bulk_loss,
        law=Sampling("spike_bias"),
        faults=(
            Fault("the bulk is that of the noise alone", predict=lambda problem: 0.0),
            Fault("the sign of the loss", predict=lambda problem: -_predicted_loss(problem)),
        ),
        cost="expensive",
    ),
    Claim(
        name="spectrum-sums",
        family=FAMILY,
        statement="Over all modes y^2 adds up to sum theta^2 + tau^2 d_in d_out, y corr to sum "
        "theta^2, and the modes to d_in and d_out.",
        holds="ranks to 0.15 of the dimension, signals of 0.1 to 10 times the threshold of "
        "detection, sides to 140, noise of any size",
        source="theory.random_matrices.spectrum_sums: E E = 0",
        problems=_ADDED,
        predict=_exact_sums,
        measure=_sums,
        law=RoundOff("sum_rule", in_eps=False, entrywise=True),
        faults=(
            Fault("spikes and bulk by leading orders alone", predict=_sums_of_leading_orders),
            Fault(
                "noise of d_out^2 entries",
                predict=lambda problem: _exact_sums(problem, problem["d_out"] ** 2),
            ),
        ),
    ),
)
