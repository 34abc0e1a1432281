"""Initial states: their Gram matrices, and the law of the Wishart factor."""

import numpy as np
import pytest
import scipy.linalg
from scipy import stats

from numerics.linear.initial_states import (
    balanced_factor,
    explicit_weights,
    lambda_balanced,
    random_state,
    self_consistent_lift,
    wishart_factor,
)

#: Probability that the whole comparison of laws below rejects equal laws (Bonferroni over the
#: statistics); the draws are fixed by seeds, so the outcome does not change from run to run.
FALSE_ALARM = 1e-3
DRAWS = 3000
D_IN, D_OUT, WIDTH = 3, 5, 11


def statistics(state):
    """Return numbers that see both layers, their scales and the degrees of freedom."""
    gram = state.gram
    return {
        "largest eigenvalue of C1": np.linalg.eigvalsh(state.C1)[-1],
        "smallest eigenvalue of C1": np.linalg.eigvalsh(state.C1)[0],
        "largest eigenvalue of C2": np.linalg.eigvalsh(state.C2)[-1],
        "smallest eigenvalue of C2": np.linalg.eigvalsh(state.C2)[0],
        "trace of C2": np.trace(state.C2),
        "norm of A": np.linalg.norm(state.A),
        "one entry of A": state.A[-1, 0],
        "log det of Q": np.linalg.slogdet(gram)[1],
        "smallest eigenvalue of Q": np.linalg.eigvalsh(gram)[0],
    }


def samples(draw, seed):
    rng = np.random.default_rng(seed)
    rows = [statistics(draw(rng)) for _ in range(DRAWS)]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def rejected(first, second):
    """Return the statistics whose laws differ, at FALSE_ALARM for all of them together."""
    level = FALSE_ALARM / len(first)
    return [x for x in first if stats.ks_2samp(first[x], second[x]).pvalue < level]


def explicit(rng):
    return explicit_weights(D_IN, D_OUT, WIDTH, init_variance=0.3, init_variance2=0.7, rng=rng)


def test_wishart_factor_has_the_law_of_explicit_weights():
    drawn = samples(
        lambda rng: wishart_factor(
            D_IN, D_OUT, WIDTH, init_variance=0.3, init_variance2=0.7, rng=rng
        ),
        1,
    )
    assert rejected(samples(explicit, 2), drawn) == []


@pytest.mark.parametrize(
    "fault",
    [
        lambda rng: wishart_factor(
            D_IN, D_OUT, WIDTH + 1, init_variance=0.3, init_variance2=0.7, rng=rng
        ),
        lambda rng: wishart_factor(
            D_IN, D_OUT, WIDTH, init_variance=0.7, init_variance2=0.3, rng=rng
        ),
        lambda rng: wishart_factor(
            D_IN, D_OUT, WIDTH, init_variance=0.3, init_variance2=0.7**0.5, rng=rng
        ),
    ],
    ids=["one degree of freedom more", "layers exchanged", "sigma in place of its square"],
)
def test_the_comparison_of_laws_can_fail(fault):
    assert rejected(samples(explicit, 2), samples(fault, 3))


@pytest.mark.parametrize("width", [8.5, 1e3, 1e15])
def test_moments_at_any_width(width):
    draws = 400
    rng = np.random.default_rng(4)
    states = [
        wishart_factor(3, 5, width, init_variance=2 / width, init_variance2=6 / width, rng=rng)
        for _ in range(draws)
    ]
    mean = np.mean([x.C1 for x in states], axis=0)
    # Entries of C1 have variance c1^2/w, twice that on the diagonal; five standard errors.
    np.testing.assert_allclose(mean, 2 * np.eye(3), atol=5 * 2 * np.sqrt(2 / width / draws))
    second = np.mean([x.A**2 for x in states])
    # A has entry variance sigma1^2 sigma2^2 w; 15 * 400 entries, fourth moments below 9.
    assert second == pytest.approx(12 / width, rel=5 * 3 / np.sqrt(15 * draws))
    assert states[0].threshold == 4.0
    assert states[0].imbalance == -4.0


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 5), (1, 6)])
@pytest.mark.parametrize(("c1", "c2"), [(2, 0.5), (0.5, 2), (1, 1), (1e-12, 1), (0, 1), (1, 0)])
def test_lift_satisfies_the_unified_formula(shape, c1, c2):
    A0 = np.random.default_rng(0).standard_normal(shape)
    state = self_consistent_lift(A0, c1, c2)
    c, half = (c1 + c2) / 2, (c1 - c2) / 2
    first = half * np.eye(shape[1]) + scipy.linalg.sqrtm(A0.T @ A0 + c**2 * np.eye(shape[1]))
    second = -half * np.eye(shape[0]) + scipy.linalg.sqrtm(A0 @ A0.T + c**2 * np.eye(shape[0]))
    # Round-off of matrices of norm about 5; sqrtm itself errs as much.
    np.testing.assert_allclose(state.A, A0, atol=1e-14)
    np.testing.assert_allclose(state.C1, first, atol=3e-14)
    np.testing.assert_allclose(state.C2, second, atol=3e-14)


def test_lift_of_zero_is_infinite_width():
    state = self_consistent_lift(np.zeros((3, 5)), 2.0, 0.5)
    np.testing.assert_allclose(state.C1, 2.0 * np.eye(5), atol=1e-15)
    np.testing.assert_allclose(state.C2, 0.5 * np.eye(3), atol=1e-15)
    np.testing.assert_array_equal(state.A, 0.0)


def test_balanced_factor():
    A0 = np.random.default_rng(0).standard_normal((4, 6))
    state = balanced_factor(A0)
    np.testing.assert_allclose(state.A, A0, atol=1e-14)
    np.testing.assert_allclose(state.W1 @ state.W1.T, state.W2.T @ state.W2, atol=1e-14)
    assert state.threshold == 0.0


def test_random_state_takes_the_cheaper_form():
    assert random_state(3, 4, 7, init_variance=0.1, rng=0).kind == "wishart"
    assert random_state(3, 4, 6, init_variance=0.1, rng=0).kind == "explicit"


def test_a_seed_gives_the_same_bits():
    first, second = (wishart_factor(3, 4, 50.5, init_variance=0.1, rng=7) for _ in range(2))
    np.testing.assert_array_equal(first.W1, second.W1)
    np.testing.assert_array_equal(first.W2, second.W2)


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (
            lambda: wishart_factor(3, 4, 6.9, init_variance=0.1, rng=0),
            r"width must be at least .* = 7, got 6.9",
        ),
        (lambda: wishart_factor(3, 4, np.inf, init_variance=0.1, rng=0), "width must be"),
        (lambda: wishart_factor(0, 4, 50, init_variance=0.1, rng=0), "d_in must be"),
        (lambda: explicit_weights(3, -1, 50, init_variance=0.1, rng=0), "d_out must be"),
        (lambda: random_state(3, 4, 0.5, init_variance=0.1, rng=0), "width must be"),
        (lambda: random_state(3, 4, 50, init_variance=-0.1, rng=0), "init_variance must be"),
        (
            lambda: random_state(3, 4, 50, init_variance=0.1, init_variance2=np.nan, rng=0),
            "init_variance2 must be",
        ),
        (lambda: self_consistent_lift(np.zeros((2, 2)), 0.0, 0.0), "c1 . c2 must be"),
        (lambda: self_consistent_lift(np.full((2, 2), np.nan), 1.0), "A0 must be"),
    ],
)
def test_bad_input(call, rule):
    with pytest.raises(ValueError, match=rule):
        call()


def test_complex_matrices_are_refused():
    with pytest.raises(TypeError, match="A0 must be"):
        self_consistent_lift(np.ones((2, 2)) * 1j, 1.0)


def test_what_a_matrix_lacks_its_balanced_factor_lacks():
    """Rounding of a zero singular value, 1e-17, would have a root of 3e-9."""
    A0 = np.outer(np.linspace(1, 2, 6), np.linspace(-1, 1, 5))
    state = balanced_factor(A0)
    assert np.linalg.matrix_rank(np.vstack([state.W1.T, state.W2]), tol=1e-30) == 1
    np.testing.assert_allclose(state.A, A0, atol=1e-14)


@pytest.mark.parametrize("imbalance", [0.0, 1.0, -1.0, 50.0, -1e-9])
@pytest.mark.parametrize("dims", [(1, 1, 1), (4, 6, 4), (6, 4, 4), (5, 5, 2), (3, 7, 3)])
def test_lambda_balanced_weights(dims, imbalance):
    d_in, d_out, width = dims
    values = np.linspace(1, 0.1, min(dims))
    target = np.random.default_rng(0).standard_normal((d_out, d_in))
    left, _, right_T = np.linalg.svd(target)
    for aligned in (None, target):
        state = lambda_balanced(
            *dims, imbalance=imbalance, singular_values=values, target=aligned, rng=1
        )
        balance = state.W1 @ state.W1.T - state.W2.T @ state.W2
        bound = 1e-14 * max(1, abs(imbalance))
        np.testing.assert_allclose(balance, imbalance * np.eye(width), atol=bound)
        found = np.linalg.svd(state.A, compute_uv=False)[: min(dims)]
        np.testing.assert_allclose(found, values, atol=bound)
        assert state.imbalance == imbalance and min(state.c1, state.c2) == 0
        if aligned is not None:
            best = (left[:, : min(dims)] * values) @ right_T[: min(dims)]
            np.testing.assert_allclose(state.A, best, atol=1e-13)


def test_lambda_balanced_weights_of_any_width_without_imbalance():
    state = lambda_balanced(4, 3, 9, imbalance=0.0, singular_values=0.2, rng=0)
    np.testing.assert_allclose(state.W1 @ state.W1.T, state.W2.T @ state.W2, atol=1e-15)
    assert np.linalg.matrix_rank(state.W1) == 3


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"width": 4}, "width must be at most d_in = 3 where the imbalance is positive, got 4"),
        ({"imbalance": -1.0, "width": 3}, "width must be at most d_out = 2 .* negative, got 3"),
        ({"singular_values": [1.0, 2.0, 3.0]}, "singular_values must be one or 2 nonnegative"),
        ({"singular_values": -1.0}, "singular_values must be one or 2 nonnegative"),
        ({"target": np.ones((3, 2))}, r"target must have shape \(2, 3\), got \(3, 2\)"),
    ],
)
def test_lambda_balanced_weights_that_cannot_be(changes, rule):
    given = {"d_in": 3, "d_out": 2, "width": 2, "imbalance": 1.0, "singular_values": 0.1, "rng": 0}
    with pytest.raises(ValueError, match=rule):
        lambda_balanced(**given | changes)
