"""Smallest errors of trained networks: closed forms in limits, and what the helpers keep."""

import numpy as np
import pytest

from theory.regimes.minimal_error import parallel
from verify.claims.regimes import trained_errors, widths
from verify.framework.replicates import random_source
from verify.problems.smallest_trained_errors import (
    RandomStart,
    added_cost,
    cost_of_error,
    recovery_task,
    smallest_error,
    waiting_logarithm,
)

D = 24


def run(start, *, time=None, signal=4.0 * D, seed=0, **more):
    rng = random_source({"seed": seed}, D, 0)
    task = recovery_task(D, signal, rng)
    time = start.learned_by(signal, D) if time is None else time
    return task, smallest_error(task, start, signal, time, rng, **more)


def test_the_edge_is_that_of_the_kernel():
    rng = np.random.default_rng(0)
    for width in (60, 400, 4000):
        start = RandomStart(0.3, float(width))
        W1 = np.sqrt(start.variance) * rng.standard_normal((width, 200))
        assert np.linalg.norm(W1, 2) ** 2 == pytest.approx(start.edge(200), rel=0.1)


def test_the_variance_of_the_initial_matrix():
    start = RandomStart.of_threshold(2.0, 50.0)
    assert start.variance * start.width == pytest.approx(2.0)
    rng = np.random.default_rng(0)
    W1, W2 = (np.sqrt(start.variance) * rng.standard_normal(s) for s in ((50, 300), (300, 50)))
    assert np.mean((W2 @ W1) ** 2) == pytest.approx(start.initial, rel=0.1)


def test_without_time_to_learn_the_error_is_that_of_the_start():
    start = RandomStart.of_threshold(1e-3, 1e9)
    task, error = run(start, time=1e-12)
    # One step is made at least.
    assert error == pytest.approx(task.test_error(np.zeros(task.shape)), rel=1e-4)


def test_an_active_run_comes_near_the_best_multiple_of_the_leading_spike():
    task, error = run(RandomStart.of_threshold(1e-2, 1e9))
    left, values, right = np.linalg.svd(task.target)
    spike = values[0] * np.outer(left[:, 0], right[0])
    assert error == pytest.approx(task.test_error(spike), rel=0.1)


def test_the_smallest_error_comes_before_the_run_ends():
    start = RandomStart.of_threshold(1e-2, 1e9)
    _, error = run(start)
    _, later = run(start, time=2 * start.learned_by(4.0 * D, D))
    assert later == error


def test_the_cost_is_the_parallel_sum_undone():
    for x in (1e-3, 0.5, 20.0):
        assert cost_of_error(float(parallel(x, 1))) == pytest.approx(x)
    for error in (0.0, 1.0, 1.5):
        with pytest.raises(ValueError, match="between 0 and the noise"):
            cost_of_error(error)


def test_the_waiting_logarithm_solves_its_equation():
    theta, c = 40.0, 0.3
    found = waiting_logarithm(10, 2, theta, RandomStart.of_threshold(c, 1e12))
    ratio = 8 * (2 * theta**2 / 100) * theta**4 / (c**2 * 4 * c**2)
    assert found * np.exp(4 * found) == pytest.approx(ratio, rel=1e-6)


def test_what_a_larger_start_adds_is_its_variance():
    signal, rng = 8.0 * D, random_source({"seed": 0}, D, 0)
    task = recovery_task(D, signal, rng)
    whole, bare = RandomStart(0.03, 4.0 * D), RandomStart(3e-4, 4.0 * D)
    added = np.mean([added_cost(task, whole, bare, signal, rng) for _ in range(10)])
    # Next orders: fluctuations of C1 and C2, d/w; single draws scatter by 9 %.
    assert added == pytest.approx(whole.initial, rel=0.25)
    assert abs(added_cost(task, bare, bare, signal, rng)) < 0.02 * added


TERMS = {"gap": 0.4, "gamma_w": 1.7, "start": 0.4, "ratio": 5.0, "seed": 0}


def test_each_term_leads_at_its_point():
    """The points at which terms are measured lie where theory says that the term leads."""
    from numerics.regimes.exponent_plane import regime

    for term, (threshold, width) in trained_errors._terms(TERMS).items():
        found = str(regime(threshold - width, width).limited_by)
        # Missing signal and noise tie at the paper's exponents; the smaller one is named first.
        assert (
            found == term
            or {found, term} == {"missing signal", "initial matrix"}
            or (term == "noise")
        ), term


def test_mistaken_exponents_without_a_mistake_are_those_of_theory():
    assert trained_errors._mistaken_terms(TERMS) == pytest.approx(
        trained_errors._term_exponents(TERMS)
    )


def test_both_sides_of_the_narrow_boundary_are_visited():
    problem = {"start": -0.9, "layer": -0.2, "gamma_w": 0.7, "ratio": 8.0, "seed": 0}
    below, above = widths._narrow_exponents(problem)
    assert below == pytest.approx(problem["start"] - (problem["gamma_w"] - 1))
    assert above == 0
