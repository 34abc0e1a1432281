"""The reduction of deep networks: path by path with explicit weights, and in law."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import ks_2samp, kstest

from numerics.depth.gaussian_reduction import draw_reached_layers, reached_layers
from numerics.support.errors import OutOfRangeError


def trained(layers, target, rate, steps):
    """Return A along gradient descent of all layers at once, in plain NumPy."""
    layers, found = list(layers), []
    for _ in range(steps):
        forward, backward = [np.eye(layers[0].shape[1])], [np.eye(layers[-1].shape[0])]
        for layer in layers:
            forward.append(layer @ forward[-1])
        for layer in layers[::-1]:
            backward.append(layer.T @ backward[-1])
        found.append(forward[-1])
        gradient = forward[-1] - target
        pairs = zip(backward[-2::-1], forward, strict=False)
        layers = [
            layer - rate * after @ gradient @ before.T
            for layer, (after, before) in zip(layers, pairs, strict=True)
        ]
    return np.array(found)


def explicit(widths, variance, rng):
    return [
        np.sqrt(variance) * rng.standard_normal((after, before))
        for before, after in pairwise(widths)
    ]


@pytest.mark.parametrize(
    ("widths", "rounds", "bound"),
    [
        ((4, 60, 3), 0, 1e-12),  # two layers are exact without a round
        ((4, 300, 250, 3), 7, 1e-9),
        ((3, 200, 200, 200, 4), 7, 1e-4),  # more is reached from both sides in the middle
        ((3, 9, 8, 7, 4), 9, 1e-12),  # every space is exhausted
    ],
)
def test_reduced_weights_train_alike(widths, rounds, bound):
    rng = np.random.default_rng(0)
    layers = explicit(widths, 1 / widths[1], rng)
    target = 2 * rng.standard_normal((widths[-1], widths[0]))
    small = reached_layers(layers, rounds)
    assert all(x.shape[0] <= y.shape[0] for x, y in zip(small, layers, strict=True))
    runs = [trained(x, target, 0.01, 60) for x in (small, layers)]
    assert np.abs(runs[0] - runs[1]).max() <= bound * np.abs(target).max()


def test_more_rounds_reach_closer():
    rng = np.random.default_rng(1)
    layers = explicit((3, 120, 120, 3), 1 / 120, rng)
    target = 2 * rng.standard_normal((3, 3))
    whole = trained(layers, target, 0.01, 60)
    errors = [
        np.abs(trained(reached_layers(layers, rounds), target, 0.01, 60) - whole).max()
        for rounds in (1, 3, 5)
    ]
    assert errors[1] < 0.05 * errors[0]
    assert errors[2] < 0.05 * errors[1]


def statistics(layers):
    """Numbers that do not see rotations of hidden spaces; the last see several words."""
    products = [np.eye(layers[0].shape[1])]
    for layer in layers:
        products.append(layer @ products[-1])
    A = products[-1]
    back = layers[0].T @ layers[1].T @ layers[1] @ layers[0]
    return [
        A[0, 0],
        np.sum(A**2),
        np.sum((layers[0].T @ layers[0]) ** 2),
        np.trace(back @ back),
        np.linalg.norm(layers[-2].T @ layers[-1].T) * np.linalg.norm(layers[0]),
    ]


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_the_law_is_that_of_explicit_weights(depth):
    """Two-sample tests of 5 numbers at 3 depths: at 1e-4 each a false alarm in 700 runs."""
    widths, draws = (2, *[9] * (depth - 1), 3), 1500
    rng = np.random.default_rng(depth)
    one = [statistics(explicit(widths, 1.0, rng)) for _ in range(draws)]
    drawn = (draw_reached_layers(widths, [1.0] * depth, 1, rng) for _ in range(draws))
    other = [statistics(x) for x in drawn]
    for first, second in zip(np.transpose(one), np.transpose(other), strict=True):
        assert ks_2samp(first, second).pvalue > 1e-4


def test_a_wrong_number_of_degrees_is_noticed():
    """The squared length of the first column has the width as its degrees, not one less."""
    rng = np.random.default_rng(3)
    squares = [
        np.sum(draw_reached_layers((1, 9, 9, 1), [1.0] * 3, 1, rng)[0] ** 2) for _ in range(4000)
    ]
    assert kstest(squares, "chi2", (9,)).pvalue > 1e-4
    assert kstest(squares, "chi2", (8,)).pvalue < 1e-4


def test_infinite_width_is_the_line_of_directions():
    """A middle layer takes each direction to the next one and back, as theory/depth has it."""
    small = draw_reached_layers((1, 1e30, 1e30, 1), [1e-30] * 3, 3, np.random.default_rng(0))
    product = small[1] @ small[0]
    again = small[1] @ (small[1].T @ product)
    assert np.linalg.norm(product) == pytest.approx(1, abs=1e-12)
    # W2 W2^T f_1 = W2 (e_0 + e_2) = 2 f_1 + f_3.
    assert np.linalg.norm(again) == pytest.approx(np.sqrt(5), abs=1e-12)


def test_a_width_between_integers_must_not_be_exhausted():
    rng = np.random.default_rng(0)
    draw_reached_layers((2, 10.5, 10.5, 2), [1.0] * 3, 1, rng)
    with pytest.raises(OutOfRangeError, match="must be an integer, or at least the"):
        draw_reached_layers((2, 5.5, 5.5, 2), [1.0] * 3, 3, rng)
