"""Predicted runs of low-rank recovery against training, in the mean over noise and starts.

The prediction knows dimension, width, threshold and the singular values of A*, and nothing of the
draw: smallest test error, and distance of descent from the self-consistent dynamics.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from numerics.linear.initial_states import random_state
from numerics.linear.tasks import low_rank_from_spectrum
from numerics.linear.training import Trainer
from numerics.prediction.runs import predict_run
from verify.framework.claim import Array, Claim, Counterexample, Fault, Problem
from verify.framework.laws import Sampling
from verify.framework.replicates import remembered
from verify.problems.strategies import seeds

__all__ = ["CLAIMS"]

FAMILY = "prediction"
DIMENSION = 96
DRAWS = 12
#: Learning rate in units of 1/(theta + c).
RATE = 0.1


def _scales(problem: Problem) -> tuple[list[float], float, float, float, int]:
    """Return singular values of A*, width, threshold, learning rate and number of steps."""
    d = problem.get("d", DIMENSION)
    theta = problem["ratio"] * d
    threshold = theta * d ** -problem["gap"]
    steps = int(1.3 * (np.log1p(theta / threshold) / 2 + 2) / RATE)
    width = float(int(d ** problem["gamma_w"]))
    return [theta] * problem["rank"], width, threshold, RATE / (theta + threshold), steps


def _predicted(problem: Problem, noise: float = 1.0, units: float = 1.0) -> tuple[float, float]:
    """Return the smallest test error and the largest distance."""
    values, width, threshold, rate, steps = _scales(problem)
    d = problem.get("d", DIMENSION)
    run = predict_run(
        d,
        d,
        width=units * width,
        init_variance=threshold / (units * width),
        learning_rate=rate,
        iterations=steps,
        singular_values=values,
        noise=noise,
        allow_out_of_range=True,
    )
    return float(run.min_test_error), float(run.max_distance)


@remembered
def _measured(problem: Problem) -> tuple[Array, Array]:
    """Return the same of trained networks, one value a draw of noise and start."""
    values, width, threshold, rate, steps = _scales(problem)
    d = problem.get("d", DIMENSION)
    errors, distances = [], []
    for draw in range(DRAWS):
        rng = np.random.default_rng([problem["seed"], draw])
        task = low_rank_from_spectrum(values, d, d, noise=1.0, rng=rng)
        state = random_state(d, d, width, init_variance=threshold / width, rng=rng)
        descent, reference = (
            Trainer(state, task, learning_rate=rate, dynamics=dynamics)
            for dynamics in ("gradient_descent", "self_consistent")
        )
        smallest, largest = descent.errors[2], 0.0
        for _ in range(steps):
            smallest = min(smallest, descent.advance(1)[0, 2])
            reference.advance(1)
            largest = max(largest, float(np.linalg.norm(descent.A - reference.A)))
        errors.append(smallest)
        distances.append(largest)
    return np.array(errors), np.array(distances)


_PROBLEMS = st.fixed_dictionaries(
    {
        "gap": st.one_of(st.floats(0.4, 0.9), st.floats(-0.5, 0.0)),
        "ratio": st.floats(1.0, 2.0),
        "rank": st.integers(1, 3),
        "gamma_w": st.floats(1.8, 3.0),
        "seed": seeds(),
    }
)
_HOLDS = (
    f"d = {DIMENSION}, signals of d to 2d and rank 1 to 3, c from theta d^-0.9 to "
    "theta d^0.5, widths from d^1.8"
)
_NARROW = {"gap": 0.5, "ratio": 2.0, "rank": 2, "gamma_w": 1.1, "seed": 0}

CLAIMS = (
    Claim(
        name="predicted-error",
        family=FAMILY,
        statement="The predicted smallest test error is the mean over trained networks.",
        holds=_HOLDS,
        source="theory.prediction.errors; Benaych-Georges and Nadakuditi 2012 for the spikes",
        problems=_PROBLEMS,
        predict=lambda problem: _predicted(problem)[0],
        measure=lambda problem: _measured(problem)[0],
        law=Sampling("prediction_bias"),
        faults=(
            Fault(
                "noise entries of 1.2 in place of 1",
                predict=lambda problem: _predicted(problem, noise=1.2)[0],
            ),
            Fault("a missing factor 2", predict=lambda problem: _predicted(problem)[0] / 2),
        ),
        cost="expensive",
    ),
    Claim(
        name="predicted-distance",
        family=FAMILY,
        statement="The predicted largest distance of descent from the self-consistent dynamics "
        "is the mean over trained networks.",
        holds=_HOLDS,
        source="theory.prediction.fluctuations, first order in width^(-1/2)",
        problems=_PROBLEMS,
        predict=lambda problem: _predicted(problem)[1],
        measure=lambda problem: _measured(problem)[1],
        law=Sampling("prediction_bias"),
        faults=(
            Fault(
                "fluctuations of twice the width",
                predict=lambda problem: _predicted(problem, units=2.0)[1],
            ),
            Fault(
                "w^(-1/3) for w^(-1/2)",
                predict=lambda problem: _predicted(problem)[1] * _scales(problem)[1] ** (1 / 6),
            ),
        ),
        cost="expensive",
        counterexamples=(
            Counterexample(
                looked_true="The first order in width^(-1/2) gives the distance for all widths "
                "above the dimension.",
                problem=_NARROW,
                learnt="at d = 96 and w = d^1.1 the fluctuation sqrt(d/w) is 0.8 and the "
                "prediction is off by more than a tenth; the claim starts at w = d^1.8, where "
                "the next order is relative d/w = 0.03",
            ),
        ),
    ),
)
