"""Every formula that is shown of deep networks, evaluated on two layers among others that move."""

import numpy as np
import pytest

from theory.symbols import A, G, c, d_in, d_out
from theory.symbols import depth as of

WIDTHS = {of.w_below: 4, of.w_between: 5, of.w_above: 3}
DEPTH, SCALE = 5, 1.7


def layers(shift):
    """Two neighbours that follow a constant gradient for a moment, between layers that rest."""
    rng = np.random.default_rng(8)
    below, above = rng.normal(size=(4, 3)), rng.normal(size=(2, 3))
    lower, upper, gradient = (rng.normal(size=size) for size in ((5, 4), (3, 5), (2, 3)))
    lower_gradient = (above @ upper).T @ gradient @ below.T
    upper_gradient = above.T @ gradient @ (lower @ below).T
    # The rates are constant to first order, and differences from both sides see no squares.
    lower, upper = lower - shift * lower_gradient, upper - shift * upper_gradient
    return WIDTHS | {
        d_in: 3,
        d_out: 2,
        A: above @ upper @ lower @ below,
        G: gradient,
        of.P_below: below,
        of.P_above: above,
        of.W_layer: lower,
        of.W_next: upper,
        of.grad_l: (above @ upper).T @ gradient @ below.T,
        of.grad_next: above.T @ gradient @ (lower @ below).T,
        of.O_turn: np.linalg.qr(rng.normal(size=(5, 5)))[0],
        of.B_l: upper.T @ upper - lower @ lower.T,
        of.depth: DEPTH,
        of.scale_squared: SCALE,
        c: SCALE ** (DEPTH / 2),
    }


WORLDS = {"depth": layers}

#: Steps that cannot be evaluated, with the reason.
UNKNOWN = {"Between the limits": "rho is known as a series alone; its values are in test_rate"}


@pytest.mark.parametrize("topic", WORLDS)
def test_every_shown_formula_holds_in_numbers(topic, shown, derivations):
    shown.check(derivations(topic), WORLDS[topic], unknown=UNKNOWN)
