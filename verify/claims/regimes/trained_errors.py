"""The smallest test error by training, on the two sides of the boundaries that decide it.

Networks of a few dozen to a few hundred rows are trained from drawn starts; the exponents are
those of :mod:`theory.regimes.boundaries`.  Over less than a decade of sizes the terms of the error
are seen one by one (:mod:`verify.problems.smallest_trained_errors`); over five decades their sum
is compared with the prediction instead (:mod:`verify.claims.regimes.boundaries`).
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from numerics.regimes.exponent_plane import regime
from verify.framework.claim import Claim, Counterexample, Fault, Problem
from verify.framework.laws import PowerLaws
from verify.framework.replicates import remembered, replicated
from verify.problems.smallest_trained_errors import (
    RandomStart,
    added_cost,
    cost_of_error,
    recovery_task,
    smallest_error,
    waiting_logarithm,
)
from verify.problems.strategies import seeds

__all__ = ["CLAIMS"]

FAMILY = "trained errors"
SIZES = (32.0, 54.0, 90.0, 150.0)
TERMS = ("spike estimation", "fitted noise", "initial matrix", "missing signal", "noise")
#: Draws: intervals are about half of what they may be.
REPLICATES = 12

#: Width and threshold, as powers of d, without fluctuations, and without noise fitted in waiting.
VAST, VANISHING = 6.0, -0.5

#: Constants of c over its power of d: small where c lies below something, large above it.
LOW, HIGH = 0.1, 4.0

#: What the initial matrix adds at the smallest size, below infinite noise.
FAINT = 0.05

#: Rank at which the noise of spikes is averaged: it scatters by (d k)^(-1/2).
SPIKES = 3

#: Learning rate of lazy runs, whose smallest error comes at a time of order 1/c.
LAZY_RATE = 0.05


def _error_exponent(threshold: float, width: float) -> float:
    """Return the exponent of the smallest error at exponents of c and w."""
    return float(regime(threshold - width, width).min_test_error.exponent)


def _terms(problem: Problem) -> dict[str, tuple[float, float]]:
    """Return a point (exponent of c, exponent of w) for each term, where that term leads."""
    active, lazy = 1 - problem["gap"], 1 + problem["gap"]
    points = (
        (VANISHING, VAST),
        (active, VAST),
        (active, problem["gamma_w"]),
        (lazy, VAST),
        (lazy, 2 * lazy - problem["start"]),
    )
    return dict(zip(TERMS, points, strict=True))


def _term_exponents(problem: Problem) -> list[float]:
    return [_error_exponent(*point) for point in _terms(problem).values()]


def _mistaken_terms(problem: Problem, threshold: float = 2.0, start: float = 2.0) -> list[float]:
    """Return the largest exponents with other powers of c and of sigma in the initial matrix."""
    found = []
    for c, width in _terms(problem).values():
        matrix = start * (c - width) + width
        found.append(min(0.0, max(-1.0, threshold * (c - 1), matrix)))
    return found


@remembered
@replicated(REPLICATES)
def _term_costs(problem: Problem, size: float, rng: np.random.Generator) -> list[float]:
    """Return what each term adds to the error."""
    d, points = int(size), _terms(problem)
    loud, quiet = problem["ratio"] * d, problem["ratio"] * d / 8
    task, faint = recovery_task(d, loud, rng), recovery_task(d, quiet, rng)
    starts = {
        name: RandomStart.of_threshold(
            (LOW * problem["ratio"] if name in TERMS[:3] else HIGH) * size**c, size**width
        )
        for name, (c, width) in points.items()
    }
    runs = ((recovery_task(d, loud, rng, SPIKES), TERMS[0]), *((task, x) for x in TERMS[:3]))
    spikes, *errors = (
        smallest_error(goal, starts[x], loud, starts[x].learned_by(loud, d), rng)
        for goal, x in runs
    )
    spike, fitted, matrix = map(cost_of_error, errors)
    logarithm = waiting_logarithm(d, 1, loud, starts["fitted noise"])
    missing, noise = (
        smallest_error(faint, x, quiet, 1 / x.edge(d) + x.unlearned_by(d), rng, rate=LAZY_RATE)
        for x in (starts[name] for name in TERMS[3:])
    )
    return [
        spikes,
        (fitted - spike) / (logarithm**2 + logarithm / 2),
        matrix - fitted,
        cost_of_error(missing),
        noise,
    ]


def _infinite_exponents(problem: Problem) -> list[float]:
    return [
        _error_exponent((v + problem["gamma_w"]) / 2, problem["gamma_w"])
        for v in (problem["below"], problem["above"])
    ]


@remembered
@replicated(REPLICATES)
def _infinite_noise(problem: Problem, size: float, rng: np.random.Generator) -> list[float]:
    """Return what the initial matrix adds to the error below the line, the error above it."""
    d, width = int(size), float(round(size ** problem["gamma_w"]))
    signal = problem["ratio"] * d
    added = FAINT * (size / SIZES[0]) ** problem["below"]
    below = RandomStart(np.sqrt(added / width), width)
    above = RandomStart(HIGH * size ** ((problem["above"] - problem["gamma_w"]) / 2), width)
    vast = RandomStart.of_threshold(below.variance * width, size**VAST)
    matrix = added_cost(recovery_task(d, signal, rng), below, vast, signal, rng)
    loud = recovery_task(d, 2 * signal, rng)
    time = above.learned_by(2 * signal, d) + above.unlearned_by(d)
    return [matrix, smallest_error(loud, above, 2 * signal, time, rng)]


_TERMS = st.fixed_dictionaries(
    {
        "gap": st.floats(0.35, 0.45),
        "gamma_w": st.floats(1.6, 1.8),
        "start": st.floats(0.3, 0.6),
        "ratio": st.floats(4.0, 8.0),
        "seed": seeds(),
    }
)
_INFINITE = st.fixed_dictionaries(
    {
        "below": st.floats(-0.9, -0.6),
        "above": st.floats(0.3, 0.45),
        "gamma_w": st.floats(1.3, 1.5),
        "ratio": st.floats(4.0, 8.0),
        "seed": seeds(),
    }
)

CLAIMS = (
    Claim(
        name="trained-error",
        family=FAMILY,
        statement="In training each term of the smallest test error scales with the exponent that "
        "theory gives it where it leads: noise in the learned signal, noise fitted in waiting, the "
        "initial matrix, the missing signal, and the noise itself.",
        holds="signals of 4 to 8 d where active, of d/2 to d where lazy, rank 1 (3 for its own "
        "noise), widths from d^1.6, sizes from 32 to 150; terms isolated by second runs",
        source="theory.regimes.boundaries, theory.regimes.minimal_error; by training",
        problems=_TERMS,
        predict=_term_exponents,
        measure=_term_costs,
        law=PowerLaws("d", SIZES, "trained_bias", parts=TERMS, apart=False),
        faults=(
            Fault("first power of c", predict=lambda x: _mistaken_terms(x, threshold=1.0)),
            Fault(
                "sigma^2 w in place of sigma^4 w", predict=lambda x: _mistaken_terms(x, start=1.0)
            ),
            Fault(
                "no unlearning of the initial matrix",
                predict=lambda x: [*_term_exponents(x)[:-1], x["start"]],
            ),
        ),
        cost="long",
    ),
    Claim(
        name="infinite-noise",
        family=FAMILY,
        statement="On the active side the initial matrix adds its variance sigma^4 w to the "
        "smallest error below infinite noise; above, the error is that of the noise, however "
        "large the initial matrix.",
        holds="c below the signal, gamma_w from 1.3 to 1.5, 2 gamma_sigma2 + gamma_w from -0.9 to "
        "-0.6 and from 0.3 to 0.45, signals of 4 to 16 d, sizes from 32 to 150; by training",
        source="Tu, Aranguri and Jacot 2024, figure 2; theory.regimes.boundaries",
        problems=_INFINITE,
        predict=_infinite_exponents,
        measure=_infinite_noise,
        law=PowerLaws("d", SIZES, "trained_bias"),
        faults=(
            Fault(
                "sigma^2 w in place of sigma^4 w",
                predict=lambda x: [
                    min(0.0, (y + x["gamma_w"]) / 2) for y in (x["below"], x["above"])
                ],
            ),
            Fault(
                "the initial matrix stays above the line",
                predict=lambda x: [x["below"], x["above"]],
            ),
        ),
        cost="expensive",
        counterexamples=(
            Counterexample(
                looked_true="Twice the unlearning time is enough at any width above d.",
                problem={"below": -0.9, "above": 0.8, "gamma_w": 1.1, "ratio": 4.0, "seed": 0},
                learnt="the least eigenvalues of C1 are c (1 - sqrt(d/w))^2: near w = d what they "
                "reach is unlearned later, and at w = d^1.1 the error exceeds the noise by a fifth "
                "to a half, exponent 0.2 in place of 0; the claim starts at d^1.3",
            ),
        ),
    ),
)
