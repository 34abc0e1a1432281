"""Every formula of the crossover that is shown, evaluated; letters change their meaning there."""

import numpy as np
import pytest
import sympy as sp

from theory.symbols import C1, C2, c, d_in, d_out, s, w
from theory.symbols import crossover as sc


def aligned(_):
    """One mode of the gradient, a direction e that it leaves alone, an activation."""
    rng = np.random.default_rng(7)
    unit = lambda x: x / np.linalg.norm(x)  # noqa: E731
    square = lambda size: rng.normal(size=(size, size))  # noqa: E731
    first, second = square(3), square(2)
    root = sp.sqrt(s**2 + c**2)
    turned = sp.sqrt((root + c) / (2 * c))
    return {
        c: 1.3,
        s: 0.9,
        C1: first @ first.T,
        C2: second @ second.T,
        sc.v_mode: np.array([[0.6], [0.8], [0.0]]),
        sc.e_free: np.array([[0.8], [-0.6], [0.0]]),
        sc.u_mode: unit(rng.normal(size=(2, 1))),
        sc.u_in.shape[0]: 4,
        sc.u_in: unit(rng.normal(size=(4, 1))),
        sc.phi: sp.tanh,
        sc.excess: root - c,
        # From the angle of the turn: cosh = sqrt((1 + cosh(2 angle))/2), cosh(2 angle) = root/c.
        sc.delta_F: c * sp.sqrt(((turned - 1) ** 2 + turned**2 - 1) / w),
        sc.layer_move: sp.sqrt((turned - 1) ** 2 + turned**2 - 1),
    }


def kernels(_):
    """Tangent kernels at the start and after one mode was learned, as matrices."""
    scale, mode = 1.3, 0.9
    excess = np.sqrt(scale**2 + mode**2) - scale
    right, left = np.array([[0.6, 0.8, 0.0]]).T, np.array([[0.8, -0.6]]).T
    grown = np.kron(right @ right.T, np.eye(2)) + np.kron(np.eye(3), left @ left.T)
    symbolic = sp.sqrt(c**2 + s**2) - c
    sides = d_in + d_out + 2
    return {
        c: scale,
        s: mode,
        sc.K0: 2 * scale * np.eye(6),
        sc.dK: excess * grown,
        sc.excess: symbolic,
        sc.change: sp.sqrt(sides * symbolic**2 / (4 * c**2 * d_in * d_out)),
    }


WORLDS = {"crossover": aligned, "kernel-change": kernels}

#: The empty beginning: the topics have sections, in which c, t and others are units anew.
SPECIAL = {"crossover": [""], "kernel-change": [""]}

#: Steps that cannot be evaluated, with the reason.
UNKNOWN: dict[str, dict[str, str]] = {
    "crossover": {"Let the angle tau run with g.": "an equation for the angle, which has no start"}
}


@pytest.mark.parametrize("topic", WORLDS)
def test_every_shown_formula_holds_in_numbers(topic, shown, derivations):
    lists = SPECIAL.get(topic, []), UNKNOWN.get(topic, {})
    shown.check(derivations(topic), WORLDS[topic], *lists)
