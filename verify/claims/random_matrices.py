"""Singular values of signal and noise: spikes, how they scatter and repel, and the bulk's edge.

Spikes are those of drawn matrices, Gaussian noise beside a signal on the diagonal, whose law is
that of any singular bases; signals are multiples of the threshold of detection.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from numerics.kernels.evaluate import evaluate, output_names
from numerics.prediction.mode_spectrum import mode_spectrum
from theory.random_matrices.spike_repulsion import repulsion_form
from theory.random_matrices.spiked_matrix import spike_form
from verify.framework.claim import Array, Claim, Fault, Problem
from verify.framework.laws import Sampling
from verify.problems.strategies import seeds

__all__ = ["CLAIMS"]

FAMILY = "spectra"
#: Draws of a gap; batches of a variance, and draws of each, so many that it is nearly Gaussian.
GAPS, BATCHES, BATCH = 800, 40, 40


def _spike(quantity: str, problem: Problem, theta: float, taken: int = 0) -> float:
    """Return a quantity of a spike beside a bulk that lacks so many rows and columns."""
    sides = (problem[name] - taken for name in ("d_out", "d_in"))
    form = repulsion_form if quantity in output_names(repulsion_form) else spike_form
    return float(evaluate(form, theta, problem["noise"], *sides)[quantity])


def _signal(problem: Problem) -> float:
    return problem["ratio"] * _spike("threshold", problem, 1.0)


def _drawn(problem: Problem, count: int, draws: int) -> Array:
    """Return the leading singular values of draws with so many equal signals, a row a draw."""
    rng = np.random.default_rng(problem["seed"])
    found = np.empty((draws, count))
    for values in found:
        Y = problem["noise"] * rng.standard_normal((problem["d_out"], problem["d_in"]))
        Y[range(count), range(count)] += _signal(problem)
        values[:] = np.linalg.svd(Y, compute_uv=False)[:count]
    return found


def _gaps(problem: Problem) -> Array:
    values = _drawn(problem, problem["rank"], GAPS)
    return values[:, 0] - values[:, -1]


def _predicted_gap(problem: Problem) -> float:
    spectrum = mode_spectrum(
        problem["d_in"],
        problem["d_out"],
        [_signal(problem)] * problem["rank"],
        noise=problem["noise"],
    )
    return float(spectrum.targets[0] - spectrum.targets[problem["rank"] - 1])


def _gap_of_the_block(problem: Problem, moved: bool = True) -> float:
    """Return the gap without what the bulk adds: of the block, moved as its values would be."""
    rank, noise = problem["rank"], problem["noise"]
    rng = np.random.default_rng(0)
    block = _signal(problem) * np.eye(rank) + noise * rng.standard_normal((4000, rank, rank))
    values = np.linalg.svd(block, compute_uv=False).mean(0)
    if moved:
        values = np.array([_spike("value", problem, x, rank) for x in values])
    return float(values[0] - values[-1])


def _scatter(problem: Problem) -> Array:
    """Return variances of the largest singular value, one a batch."""
    values = _drawn(problem, 1, BATCHES * BATCH).reshape(BATCHES, BATCH)
    return values.var(axis=1, ddof=1)


def _predicted_scatter(problem: Problem) -> float:
    return problem["noise"] ** 2 * _spike("variance", problem, _signal(problem), 1)


def _scatter_of_the_slope(problem: Problem) -> float:
    """Return the scatter without V, by which the position changes with the signal alone."""
    return problem["noise"] ** 2 * _spike("overlap", problem, _signal(problem), 1) ** 2


_SHAPES = {
    "d_out": st.integers(60, 140),
    "d_in": st.integers(60, 140),
    "noise": st.floats(0.2, 5.0),
    "seed": seeds(),
}
_CLOSE = st.fixed_dictionaries(_SHAPES | {"rank": st.integers(2, 6), "ratio": st.floats(1.6, 2.1)})
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
        source="theory.random_matrices.spike_repulsion, ours",
        problems=_CLOSE,
        predict=_predicted_gap,
        measure=_gaps,
        law=Sampling("spike_bias"),
        faults=(
            Fault("the bulk adds nothing to the repulsion", predict=_gap_of_the_block),
            Fault(
                "the gap of the block itself",
                predict=lambda problem: _gap_of_the_block(problem, moved=False),
            ),
        ),
        cost="expensive",
    ),
    Claim(
        name="spike-scatter",
        family=FAMILY,
        statement="An isolated spike scatters by tau S over draws of the noise, S^2 = V times the "
        "square of its overlap, down to nothing at the threshold of detection.",
        holds="signals of 1.6 to 4 times the threshold of detection, sides of 60 to 140",
        source="theory.random_matrices.spike_repulsion; Benaych-Georges and Nadakuditi 2012",
        problems=_ISOLATED,
        predict=_predicted_scatter,
        measure=_scatter,
        law=Sampling("spike_bias"),
        faults=(
            Fault("the variance of a noise entry", predict=lambda problem: problem["noise"] ** 2),
            Fault("the square of the overlap alone", predict=_scatter_of_the_slope),
        ),
        cost="expensive",
    ),
)
