"""Replicates: which draws they see, and how they are put together."""

import numpy as np
import pytest

from verify.claims.registry import get_claim
from verify.framework.replicates import (
    geometric_mean,
    over_draws,
    random_source,
    remembered,
    replicated,
    root_mean_square,
)

PROBLEM = {"x": 3, "seed": 5}


def test_replicates_draw_anew_at_every_size():
    measure = replicated(3)(lambda problem, size, rng: rng.random())
    first, other = measure(PROBLEM, 10.0), measure(PROBLEM, 20.0)
    assert first.shape == (3,)
    assert np.unique([first, other]).size == 6
    assert np.array_equal(first, [random_source(PROBLEM, 10, k).random() for k in range(3)])
    assert not np.isin(first, measure(PROBLEM | {"seed": 6}, 10.0)).any()


def test_parts_are_rows():
    measure = replicated(4)(lambda problem, size, rng: [size, rng.random()])
    assert measure(PROBLEM, 10.0).shape == (2, 4)
    assert (measure(PROBLEM, 10.0)[0] == 10).all()


def test_options_reach_the_measurement():
    assert (replicated(2)(lambda p, s, rng, by=1: by * s)(PROBLEM, 2.0, by=3) == 6).all()
    assert over_draws(2, max)(lambda p, s, by=1: by * s)(PROBLEM, 2.0, by=3) == 6


def test_the_same_seeds_at_every_size():
    seen = []

    @over_draws(3, np.array)
    def measure(problem, size):
        seen.append((problem["seed"], size))
        return float(problem["x"])

    assert measure(PROBLEM, 1.0).tolist() == [3.0] * 3
    measure(PROBLEM, 2.0)
    assert seen == [(5, 1.0), (6, 1.0), (7, 1.0), (5, 2.0), (6, 2.0), (7, 2.0)]


def test_means():
    assert root_mean_square([3.0, 4.0, 0.0, 0.0]) == pytest.approx(2.5)
    assert geometric_mean([1.0, 100.0]) == pytest.approx(10.0)


def test_problems_are_measured_once():
    calls = []

    @remembered
    def measure(problem, size, by=1):
        calls.append((problem["x"], size, by))
        return size * by

    for _ in range(2):
        for x in (1, 2):
            assert measure({"x": x, "seed": 0}, 3.0) == 3.0
    assert measure({"seed": 0, "x": 1}, 3.0, by=2) == 6.0
    assert calls == [(1, 3.0, 1), (2, 3.0, 1), (1, 3.0, 2)]


def test_a_leading_term_that_cancels_in_one_draw():
    """In this draw the first order in 1/steps is 1/400 of its usual size; four draws decide."""
    problem = {
        "seed": 1795036398,
        "spectrum": [0.40197888580494345, 1.0, 1.0],
        "c1": 1.0,
        "c2": 2.9603245098287374,
        "d_in": 2,
        "d_out": 1,
    }
    claim = get_claim("euler-lift")
    alone = claim.measure.__wrapped__(problem, 100.0)
    assert alone < claim.measure(problem, 100.0) / 20
    assert claim.examine(problem).holds
