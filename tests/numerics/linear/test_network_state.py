"""Network states: what weights alone determine, what contradicts them, and smaller factors."""

import attrs
import numpy as np
import pytest

from numerics.linear.initial_states import balanced_factor, explicit_weights, self_consistent_lift
from numerics.linear.network_state import NetworkState

EPS = np.finfo(float).eps


def test_weights_alone_determine_width_and_scales():
    drawn = explicit_weights(30, 20, 5000, init_variance=1e-3, init_variance2=4e-3, rng=0)
    state = NetworkState(drawn.W1, drawn.W2)
    assert (state.width, state.kind) == (5000.0, "explicit")
    # Means of 150,000 and 100,000 squares: four standard deviations.
    assert state.c1 == pytest.approx(drawn.c1, rel=4 * np.sqrt(2 / 150_000))
    assert state.c2 == pytest.approx(drawn.c2, rel=4 * np.sqrt(2 / 100_000))
    given = NetworkState(drawn.W1, drawn.W2, c1=5.0, width=1e6)
    assert (given.c1, given.c2, given.width) == (5.0, state.c2, 1e6)


@pytest.mark.parametrize("factor", [0.0, 1e-3, 1e3])
@pytest.mark.parametrize("scale", ["c1", "c2"])
def test_scales_that_contradict_the_weights_are_refused(scale, factor):
    state = explicit_weights(5, 3, 40, init_variance=1e-2, rng=0)
    with pytest.raises(
        ValueError, match=f"{scale} must be within a factor 100 of .*, got"
    ) as caught:
        NetworkState(state.W1, state.W2, **{scale: factor * state.c1})
    assert "\n" not in str(caught.value)
    # Weights that have moved keep the scales of their start.
    moved = NetworkState(state.W1, state.W2, **{scale: factor * state.c1}, kind="trained")
    assert getattr(moved, scale) == factor * state.c1


def test_states_that_are_no_random_weights_keep_their_scales():
    A0 = 1e3 * np.outer(np.arange(1.0, 7.0), np.arange(1.0, 5.0))
    assert self_consistent_lift(A0, 0.1).threshold == 0.1
    assert balanced_factor(A0).threshold == 0.0
    # Few numbers say little: no draw of a small network is refused.
    for seed in range(2000):
        explicit_weights(2, 1, 1, init_variance=0.1, rng=seed)


def test_a_factor_of_the_same_gram_matrix():
    state = explicit_weights(6, 4, 3000, init_variance=1e-3, init_variance2=1e-1, rng=0)
    small = state.compressed()
    assert (small.W1.shape, small.W2.shape) == ((10, 6), (4, 10))
    assert np.abs(small.gram - state.gram).max() <= 100 * EPS * np.abs(state.gram).max()
    assert (small.c1, small.c2, small.width) == (state.c1, state.c2, state.width)
    assert small.compressed() is small
    narrow = explicit_weights(6, 4, 10, init_variance=1e-3, rng=0)
    assert narrow.compressed() is narrow
    back = small.expanded(state)
    assert np.abs(back.W1 - state.W1).max() <= 100 * EPS * np.abs(state.W1).max()
    assert narrow.expanded(narrow) is narrow


def test_singular_gram_matrices_have_factors_too():
    rng = np.random.default_rng(0)
    W1, unit = np.outer(rng.standard_normal(50), np.ones(4)), rng.standard_normal((1, 50))
    state = NetworkState(W1, np.vstack([unit, unit, 0 * unit]))
    small = state.compressed()
    assert small.W1.shape == (7, 4)
    assert np.abs(small.gram - state.gram).max() <= 100 * EPS * np.abs(state.gram).max()


def test_a_state_expands_to_its_own_start_only():
    start = explicit_weights(6, 4, 30, init_variance=1e-3, rng=0)
    with pytest.raises(ValueError, match=r"start must compress to \(d_in, d_out\) = \(6, 4\)"):
        start.compressed().expanded(explicit_weights(4, 6, 30, init_variance=1e-3, rng=0))
    with pytest.raises(ValueError, match="width 10, got .* and 8"):
        start.compressed().expanded(explicit_weights(6, 4, 8, init_variance=1e-3, rng=0))


def test_layers_must_fit_and_states_do_not_change():
    with pytest.raises(ValueError, match=r"W2 must have shape \(any, 3\), got \(2, 4\)"):
        NetworkState(np.ones((3, 2)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="c2 must be >= 0, got -1"):
        NetworkState(np.ones((3, 2)), np.ones((2, 3)), c2=-1)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        NetworkState(np.ones((3, 2)), np.ones((2, 3))).width = 4.0
