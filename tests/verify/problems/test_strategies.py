"""Problems: every draw becomes arrays of the drawn shape, rank and spectrum; none is rejected."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.claims.registry import all_claims
from verify.problems.linear_tasks import bases, haar, in_bases, network, target_matrix, task
from verify.problems.strategies import problems, scales

DRAWN = problems(observed=st.sampled_from([1.0, 0.5, 0.01]))
quick = settings(max_examples=40, deadline=None, database=None)


@quick
@given(DRAWN)
def test_the_target_has_the_drawn_shape_and_spectrum(problem):
    Y = target_matrix(problem)
    size = min(problem["d_in"], problem["d_out"])
    wanted = np.zeros(size)
    kept = problem["spectrum"][:size]
    wanted[: len(kept)] = kept
    assert Y.shape == (problem["d_out"], problem["d_in"])
    found = np.linalg.svd(Y, compute_uv=False)
    np.testing.assert_allclose(found, np.sort(wanted)[::-1], atol=1e-13 * max(kept))


@quick
@given(DRAWN)
def test_the_task_observes_something_and_the_network_fits(problem):
    drawn, state = task(problem), network(problem)
    assert drawn.n_observed >= 1
    assert (state.d_out, state.d_in) == drawn.shape
    assert (state.c1, state.c2) == pytest.approx((problem["c1"], problem["c2"]))


@quick
@given(DRAWN)
def test_bases_are_those_of_the_target(problem):
    left, right = bases(problem)
    diagonal = left.T @ target_matrix(problem) @ right
    rest = diagonal.copy()
    np.fill_diagonal(rest, 0.0)
    assert np.abs(rest).max() <= 1e-13 * max(problem["spectrum"])
    again = in_bases(problem, np.diag(diagonal))
    np.testing.assert_allclose(again, target_matrix(problem), atol=1e-12)


def test_labels_and_seeds_give_other_matrices():
    problem = {"d_in": 4, "d_out": 3, "spectrum": [1.0], "seed": 5}
    first = target_matrix(problem)
    assert np.array_equal(first, target_matrix(problem))
    assert not np.allclose(first, target_matrix(problem, label=1))
    assert not np.allclose(first, target_matrix(problem | {"seed": 6}))


def test_haar_is_orthogonal_and_has_no_preferred_sign():
    rng = np.random.default_rng(0)
    entries = []
    for _ in range(400):
        U = haar(3, rng)
        np.testing.assert_allclose(U.T @ U, np.eye(3), atol=1e-14)
        entries.append(U[0, 0])
    assert abs(np.mean(entries)) < 5 * np.sqrt(1 / 3 / 400)


@quick
@given(scales(1e-3, 1e5))
def test_scales_stay_inside(value):
    assert 1e-3 * (1 - 1e-12) <= value <= 1e5 * (1 + 1e-12)


@pytest.mark.parametrize("name", list(all_claims()))
def test_nothing_is_filtered_away(name):
    """Every draw of every claim is a plain dictionary that prints and reads back as itself."""
    drawn = []

    @settings(max_examples=25, deadline=None, database=None)
    @given(all_claims()[name].problems)
    def collect(problem):
        drawn.append(problem)
        assert eval(repr(problem), {}) == problem

    collect()
    assert drawn
    # Filters and assumptions would show as strategies of that name.
    assert "filter" not in repr(all_claims()[name].problems)
