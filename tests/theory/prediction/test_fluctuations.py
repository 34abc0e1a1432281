"""Orders of the Gram step, checked against the exact step of small explicit matrices."""

import random

import pytest
import sympy as sp

from theory.algebra.derivation import ProofError
from theory.dynamics.mode_descent import stage_factors
from theory.prediction import fluctuations as fl
from theory.prediction import pair_response as pf
from theory.symbols import c, eta, t, y
from theory.symbols.notation import D


@pytest.mark.parametrize("derivation", [fl.fluctuations, pf.pair_flow])
def test_every_step_holds_and_prints(derivation):
    result = derivation()
    assert len(result) >= 10
    assert "\\section" in result.latex()


def exact_orders(update):
    """Return a two-mode step, expanded by brute force, and the numbers that went in.

    Rows v_i, u_i, v_j, u_j; every quantity a random rational.
    """
    draw = random.Random(3)
    number = lambda: sp.Rational(draw.randint(-9, 9), draw.randint(2, 7))  # noqa: E731
    small = sp.Symbol("epsilon")
    values = {symbol: number() for symbol in (*fl.PAIR, *fl.SHIFT, *fl.GAINS, eta)}
    values |= {symbol: number() for symbol in (*fl.BLOCK_I, *fl.BLOCK_J)}
    x00, x01, x10, x11 = fl.PAIR
    block = lambda b: sp.Matrix([[b[0], b[1]], [b[1], b[2]]])  # noqa: E731
    gram = sp.diag(block(fl.BLOCK_I), block(fl.BLOCK_J)).subs(values)
    pair = sp.Matrix([[x00, x01], [x10, x11]]).subs(values)
    first = sp.zeros(4, 4)
    first[:2, 2:], first[2:, :2] = pair, pair.T
    second = sp.diag(block(fl.SHIFT), sp.zeros(2, 2)).subs(values)
    gram = gram + small * first + small**2 * second
    # A in these rows: entry (u_a, v_b) of the Gram matrix; eta (Y - A) = h - eta (A - A_0).
    position = [(2 * a, 2 * a + 1) for a in (0, 1)]
    change = {(a, b): gram[position[a][1], position[b][0]] for a in (0, 1) for b in (0, 1)}
    change = {key: value - value.subs(small, 0) for key, value in change.items()}
    drive = {
        (a, b): (values[fl.GAINS[a]] if a == b else 0) - values[eta] * change[a, b]
        for a in (0, 1)
        for b in (0, 1)
    }
    for factor in stage_factors(update):
        moves_input, moves_output = factor[0, 1] != 0, factor[1, 0] != 0
        step = sp.eye(4)
        for a in (0, 1):
            for b in (0, 1):
                if moves_output:
                    step[position[a][1], position[b][0]] += drive[a, b]
                if moves_input:
                    step[position[a][0], position[b][1]] += drive[b, a]
        gram = (step * gram * step.T).applyfunc(sp.expand)
    return gram, values, small


def recursion(update, values):
    """Return pair block and shift of mode i after one step by the derived stages."""
    state = dict(values)
    drive = {
        fl.DRIVE[0]: state[fl.PAIR[2]],
        fl.DRIVE[1]: state[fl.PAIR[1]],
        fl.SHIFT_DRIVE: state[fl.SHIFT[1]],
    }
    from theory.dynamics.mode_descent import BLOCK, GAIN, mode_stages

    for number, stage in enumerate(mode_stages(update)):
        at = state | drive
        pair = [x.subs(at) for x in fl.pair_stages(update)[number]]
        shift = [
            x.subs(at) + extra.subs(at)
            for x, extra in zip(
                fl.shift_stages(update)[number], fl.partner_stages(update)[number], strict=False
            )
        ]
        blocks = {}
        for names, gain in ((fl.BLOCK_I, fl.GAINS[0]), (fl.BLOCK_J, fl.GAINS[1])):
            own = dict(zip(BLOCK, (state[x] for x in names), strict=True)) | {GAIN: state[gain]}
            blocks |= {n: e.subs(own) for n, e in zip(names, stage, strict=True)}
        state |= blocks | dict(zip(fl.PAIR, pair, strict=True))
        state |= dict(zip(fl.SHIFT, shift, strict=True))
    return state


@pytest.mark.parametrize("update", ["simultaneous", "sequential"])
def test_both_orders_are_those_of_the_exact_step(update):
    gram, values, small = exact_orders(update)
    state = recursion(update, values)
    pair = [gram[0, 2], gram[0, 3], gram[1, 2], gram[1, 3]]
    assert [x.coeff(small, 1) for x in pair] == [state[x] for x in fl.PAIR]
    shift = [gram[0, 0], gram[1, 0], gram[1, 1]]
    assert [x.coeff(small, 2) for x in shift] == [state[x] for x in fl.SHIFT]
    # a learning rate off by a seventh would be seen
    off = recursion(update, values | {eta: values[eta] * sp.Rational(8, 7)})
    assert [x.coeff(small, 1) for x in pair] != [off[x] for x in fl.PAIR]


def test_order_zero_is_the_mode_recursion():
    assert fl.gram_step_order(0) == fl.N * fl.Q0 * fl.N.T


def test_a_wrong_diagonal_response_is_not_proved(monkeypatch):
    right = pf.diagonal_response()
    monkeypatch.setattr(pf, "diagonal_response", lambda: right * sp.Rational(11, 10))
    with pytest.raises(ProofError):
        pf.pair_flow()


def test_the_diagonal_response_starts_at_minus_two_s():
    # zeta' = -2 s - 2 p zeta and s = 2 c y t + ..., so zeta = -2 c y t^2 + ...
    start = pf.diagonal_response().subs(D, sp.sqrt(y**2 + c**2))
    values = {y: sp.Rational(3, 4), c: sp.Rational(1, 3)}
    series = sp.series(start.subs(values), t, 0, 3).removeO()
    assert sp.nsimplify(series.coeff(t, 2)) == -2 * values[c] * values[y]
