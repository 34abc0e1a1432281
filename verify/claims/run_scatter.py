"""How far one trained run lies from the mean of many, beside the predicted deviation.

Sample variances of batches of trained runs are compared by their cube roots, which are nearly
normal: of a batch of n runs the mean is ``sigma^(2/3) E (chi^2/f)^(1/3)``, f = n - 1 (Wilson and
Hilferty 1931).
"""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from numerics.linear.initial_states import random_state
from numerics.linear.tasks import low_rank_from_spectrum
from numerics.linear.training import Trainer
from numerics.prediction.runs import predict_run
from verify.framework.claim import Array, Claim, Fault, Problem
from verify.framework.laws import Sampling
from verify.framework.replicates import remembered
from verify.problems.strategies import seeds

__all__ = ["CLAIMS"]

FAMILY = "run scatter"
DIMENSION = 60
BATCHES, BATCH = 20, 8
#: Learning rate in units of 1/(theta + c).
RATE = 0.15


def _run(problem: Problem) -> tuple[list[float], float, float, float, int]:
    """Return singular values of A*, width, threshold, learning rate and number of steps."""
    theta = problem["ratio"] * DIMENSION
    threshold = theta * DIMENSION ** -problem["gap"]
    steps = int(1.3 * (np.log1p(theta / threshold) / 2 + 2) / RATE)
    width = float(int(DIMENSION ** problem["gamma_w"]))
    return [theta] * problem["rank"], width, threshold, RATE / (theta + threshold), steps


def _predicted(problem: Problem, noise: float = 1.0) -> float:
    values, width, threshold, rate, steps = _run(problem)
    run = predict_run(
        DIMENSION,
        DIMENSION,
        width=width,
        init_variance=threshold / width,
        learning_rate=rate,
        iterations=steps,
        singular_values=values,
        noise=noise,
        allow_out_of_range=True,
    )
    return _cube_root(float(run.min_test_error_deviation))


def _spikes_alone(problem: Problem) -> float:
    """Return what the chi-square of the spikes' noise gives, without bulk and start."""
    return _cube_root(math.sqrt(4 * problem["rank"] * DIMENSION) / DIMENSION**2)


def _cube_root(deviation: float) -> float:
    free = (BATCH - 1) / 2
    chance = math.exp(math.lgamma(free + 1 / 3) - math.lgamma(free)) / free ** (1 / 3)
    return deviation ** (2 / 3) * chance


@remembered
def _measured(problem: Problem) -> Array:
    """Return the cube roots of the batches' variances of the smallest test error."""
    values, width, threshold, rate, steps = _run(problem)
    errors = np.empty(BATCHES * BATCH)
    for draw in range(errors.size):
        rng = np.random.default_rng([problem["seed"], draw])
        task = low_rank_from_spectrum(values, DIMENSION, DIMENSION, noise=1.0, rng=rng)
        state = random_state(DIMENSION, DIMENSION, width, init_variance=threshold / width, rng=rng)
        trainer = Trainer(state, task, learning_rate=rate)
        errors[draw] = trainer.advance(steps)[:, 2].min()
    return np.cbrt(errors.reshape(BATCHES, BATCH).var(axis=1, ddof=1))


CLAIMS = (
    Claim(
        name="run-scatter",
        family=FAMILY,
        statement="One run's smallest test error scatters by the predicted standard deviation over "
        "noise, start and rotations of A*.",
        holds=f"d = {DIMENSION}, signals of d to 2d and rank 1 to 3, c from theta d^-0.4 to theta, "
        "widths from d^1.8",
        source="theory.prediction.scatter",
        problems=st.fixed_dictionaries(
            {
                "gap": st.floats(0.0, 0.4),
                "ratio": st.floats(1.0, 2.0),
                "rank": st.integers(1, 3),
                "gamma_w": st.floats(1.8, 3.0),
                "seed": seeds(),
            }
        ),
        predict=_predicted,
        measure=_measured,
        law=Sampling("run_scatter"),
        faults=(
            Fault("the noise of the spikes alone", predict=_spikes_alone),
            Fault(
                "noise entries of 1.5 in place of 1",
                predict=lambda problem: _predicted(problem, noise=1.5),
            ),
        ),
        cost="expensive",
    ),
)
