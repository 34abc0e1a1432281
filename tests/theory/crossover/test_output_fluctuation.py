"""The spread of the learned function and the motion of a layer against trained networks."""

import math

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from theory.algebra.derivation import ProofError
from theory.algebra.stable_form import StableForm
from theory.crossover import output_fluctuation as ff
from theory.kernels.emission import printed
from theory.symbols import c, s, w

#: One output, one trained input direction, DIRECTIONS - 1 held out.
DIRECTIONS = 12
VALUE = 3.0


def ends(threshold, width, draw):
    """Train explicit weights on one direction to the singular value VALUE; return both ends."""
    sigma = math.sqrt(threshold / width)
    W1, W2 = sigma * draw.standard_normal((width, DIRECTIONS)), sigma * draw.standard_normal(width)
    start = W2 @ W1[:, 0]

    def rate(_, flat):
        moved, last = flat[:width], flat[width:]
        pull = last @ moved - start - VALUE
        return np.concatenate([-pull * last, -pull * moved])

    flat = np.concatenate([W1[:, 0], W2])
    horizon = 20 / math.hypot(threshold, VALUE) * max(1, math.log(VALUE / threshold))
    end = solve_ivp(rate, (0, horizon), flat, rtol=1e-8, atol=1e-12).y[:, -1]
    return W1, W2, end[:width], end[width:]


@pytest.mark.parametrize("threshold", [0.03, 3.0, 300.0])
def test_both_agree_with_trained_weights(threshold):
    draw, width, runs = np.random.default_rng(4), 3000, 30
    spread, layer = [], []
    for _ in range(runs):
        W1, W2, _, last = ends(threshold, width, draw)
        spread += list((last - W2) @ W1[:, 1:])
        layer.append(np.sum((last - W2) ** 2) / np.sum(W2**2))
    at = {s: VALUE, c: threshold, w: width}
    expected = float(ff.function_fluctuation().subs(at))
    # The spread of a standard deviation from N samples is 1/sqrt(2N); four of them.
    assert np.std(spread) == pytest.approx(expected, rel=4 / math.sqrt(2 * len(spread)))
    square = float((ff.layer_change([s], 1) ** 2).subs(at))
    # Starts scatter by sqrt(2/w) in c, which the mean over runs keeps by 1/w.
    error = 4 * np.std(layer) / math.sqrt(runs) + square * DIRECTIONS / width
    assert abs(np.mean(layer) - square) < error


def test_a_layer_of_many_rows_moves_by_those_that_learn():
    """Rows of W2 start orthogonal and of norm^2 c; a mode turns one by the angle of its own."""
    c_value, values, rows = 0.8, (3.0, 0.4), 5
    moved = 0.0
    for value in values:
        angle = math.asinh(value / c_value) / 2
        # The row goes to cosh(angle) times itself and sinh(angle) of the other layer's column.
        moved += c_value * ((math.cosh(angle) - 1) ** 2 + math.sinh(angle) ** 2)
    found = ff.layer_change([sp.Float(x) for x in values], rows).subs(c, c_value)
    assert float(found) == pytest.approx(math.sqrt(moved / (rows * c_value)))


def test_the_function_moves_less_where_it_is_not_trained():
    """At a fixed alpha = c/sqrt(w) the lazy spread does not know alpha; the active one does."""
    alpha = sp.Symbol("alpha", positive=True)
    at_alpha = ff.function_fluctuation().subs(c, alpha * sp.sqrt(w)).subs(s, 1)
    value = lambda a, h: float(at_alpha.subs({alpha: a, w: h}).evalf(30))  # noqa: E731
    lazy = math.log(value(1e3, 1e6) / value(1e3, 1e4)) / math.log(100)
    active = math.log(value(1e-7, 1e6) / value(1e-7, 1e4)) / math.log(100)
    # Corrections of relative order c/s = 1e-4 and s/c = 1e-5.
    assert lazy == pytest.approx(-1 / 2, abs=1e-3)
    assert active == pytest.approx(-1 / 4, abs=1e-2)


FORM = ff.fluctuation_form()
NAMES = [(str(name), printed(value)) for name, value in FORM.definitions]
OUTPUTS = {name: printed(value) for name, value in FORM.outputs.items()}
SQUARE = sp.lambdify((s, c), ff.motion_square(), "mpmath")


@settings(deadline=None)
@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.floats(1, 1e9))
def test_the_form_agrees_with_the_closed_form(value, threshold, width):
    at = {"s": value, "c": threshold, "w": width, "math": math}
    for name, text in NAMES:
        at[name] = eval(text, {}, at)
    got = {name: eval(text, {}, at) for name, text in OUTPUTS.items()}
    with mpmath.workdps(80):
        motion = float(mpmath.sqrt(SQUARE(mpmath.mpf(value), mpmath.mpf(threshold))))
    # Sums, products and roots of positive numbers: some ten roundings.
    assert got["layer"] == pytest.approx(motion, rel=1e-14, abs=0)
    spread = motion * threshold / math.sqrt(width)
    assert got["function"] == pytest.approx(spread, rel=1e-14, abs=0)


def test_modes_add_in_square():
    both = ff.layer_change([sp.Integer(1), sp.Integer(2)], 3)
    single = [ff.layer_change([sp.Integer(k)], 3) for k in (1, 2)]
    assert sp.simplify(both**2 - single[0] ** 2 - single[1] ** 2) == 0


def wrong_form():
    return StableForm(
        FORM.arguments, FORM.definitions, {**FORM.outputs, "layer": 2 * FORM.outputs["layer"]}
    )


FAULTS = {
    "half the angle": ("turning_angle", lambda: sp.asinh(s / c)),
    "a rotation for a hyperbolic turn": (
        "_turned",
        lambda a, b: a * sp.cos(ff.angle) + b * sp.sin(ff.angle),
    ),
    "the motion without the other layer": (
        "motion_square",
        lambda: (sp.sqrt(1 + ff.excess() / (2 * c)) - 1) ** 2,
    ),
    "a form twice too large": ("fluctuation_form", wrong_form),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(fault, monkeypatch):
    name, value = FAULTS[fault]
    monkeypatch.setattr(ff, name, value)
    with pytest.raises(ProofError):
        ff.fluctuation_steps()
