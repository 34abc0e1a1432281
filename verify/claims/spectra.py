"""Singular values of signal and noise: how far an isolated spike scatters, how close ones repel.

Spikes are those of drawn matrices, Gaussian noise beside a signal on the diagonal, whose law is
that of any singular bases; signals are multiples of the threshold of detection.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import sympy as sp
from hypothesis import strategies as st
from numpy.typing import NDArray

from numerics.mode_spectrum import mode_spectrum
from theory.spectra import spike_overlap, spike_value
from theory.spike_repulsion import repulsion_form
from verify.claim import Claim, Fault, Problem
from verify.laws import Sampling
from verify.strategies import seeds

__all__ = ["CLAIMS"]

FAMILY = "spectra"
#: Draws of a gap; batches of a variance, and draws of each, so many that it is nearly Gaussian.
GAPS, BATCHES, BATCH = 800, 40, 40


def _signal(problem: Problem) -> float:
    threshold = problem["noise"] * (problem["d_out"] * problem["d_in"]) ** 0.25
    return float(problem["ratio"] * threshold)


def _drawn(problem: Problem, count: int, draws: int) -> NDArray:
    """Return the leading singular values of draws with so many equal signals, a row a draw."""
    rng = np.random.default_rng(problem["seed"])
    found = np.empty((draws, count))
    for values in found:
        Y = problem["noise"] * rng.standard_normal((problem["d_out"], problem["d_in"]))
        Y[range(count), range(count)] += _signal(problem)
        values[:] = np.linalg.svd(Y, compute_uv=False)[:count]
    return found


def _gaps(problem: Problem) -> NDArray:
    values = _drawn(problem, problem["rank"], GAPS)
    return values[:, 0] - values[:, -1]


def _predicted_gap(problem: Problem) -> float:
    spectrum = mode_spectrum(
        problem["d_out"], problem["d_in"], [_signal(problem)] * problem["rank"], problem["noise"]
    )
    return float(spectrum.targets[0] - spectrum.targets[problem["rank"] - 1])


def _gap_of_the_block(problem: Problem, moved: bool = True) -> float:
    """Return the gap without what the bulk adds: of the block, moved as its values would be."""
    rank, noise = problem["rank"], problem["noise"]
    rng = np.random.default_rng(0)
    block = _signal(problem) * np.eye(rank) + noise * rng.standard_normal((4000, rank, rank))
    values = np.linalg.svd(block, compute_uv=False).mean(0)
    if moved:
        sides = problem["d_out"] - rank, problem["d_in"] - rank
        values = np.array([_spike()(x, noise, *sides)[0] for x in values])
    return float(values[0] - values[-1])


def _scatter(problem: Problem) -> NDArray:
    """Return variances of the largest singular value, one a batch."""
    values = _drawn(problem, 1, BATCHES * BATCH).reshape(BATCHES, BATCH)
    return values.var(axis=1, ddof=1)


def _predicted_scatter(problem: Problem, of: int = 2, power: int = 1) -> float:
    sides = problem["d_out"] - 1, problem["d_in"] - 1
    found = _spike()(_signal(problem), problem["noise"], *sides)[of]
    return float(problem["noise"] ** 2 * found**power)


@cache
def _spike():
    """Return position, overlap and S^2 of a spike as a function of theta, tau, m and n."""
    form = repulsion_form()
    quantities = (spike_value(), spike_overlap(), form.outputs["variance"])
    return sp.lambdify(form.arguments, quantities, "math")


_SHAPES = {"d_out": st.integers(60, 140), "d_in": st.integers(60, 140),
           "noise": st.floats(0.2, 5.0), "seed": seeds()}  # fmt: skip
_CLOSE = st.fixed_dictionaries(
    _SHAPES | {"rank": st.integers(2, 6), "ratio": st.floats(1.6, 2.1)}
)
_ISOLATED = st.fixed_dictionaries(_SHAPES | {"ratio": st.floats(1.6, 4.0)})

CLAIMS = (
    Claim(
        name="spike-repulsion",
        family=FAMILY,
        statement="Equal singular values seen through noise part as if noise of standard "
        "deviation tau sqrt(V) stood between them, V = (1 + (a + b)/2)/(1 - ab), a, b = tau^2 (m, "
        "n)/theta^2.",
        holds="2 to 6 equal values of 1.6 to 2.1 times the threshold of detection, sides of 60 to "
        "140, Gaussian noise of any size",
        source="theory.spike_repulsion, ours",
        problems=_CLOSE,
        predict=_predicted_gap,
        measure=_gaps,
        law=Sampling("spike_bias"),
        faults=(
            Fault("the bulk adds nothing to the repulsion", predict=_gap_of_the_block),
            Fault("the gap of the block itself",
                  predict=lambda problem: _gap_of_the_block(problem, moved=False)),
        ),
        cost="dear",
    ),
    Claim(
        name="spike-scatter",
        family=FAMILY,
        statement="An isolated spike scatters by tau S over draws of the noise, S^2 = V times the "
        "square of its overlap, down to nothing at the threshold of detection.",
        holds="signals of 1.6 to 4 times the threshold of detection, sides of 60 to 140",
        source="theory.spike_repulsion; Benaych-Georges and Nadakuditi 2012",
        problems=_ISOLATED,
        predict=_predicted_scatter,
        measure=_scatter,
        law=Sampling("spike_bias"),
        faults=(
            Fault("the variance of a noise entry",
                  predict=lambda problem: problem["noise"] ** 2),
            Fault("the square of the overlap alone",
                  predict=lambda problem: _predicted_scatter(problem, of=1, power=2)),
        ),
        cost="dear",
    ),
)  # fmt: skip
