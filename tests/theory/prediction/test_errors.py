"""The mode recursion, the error formulas and the fast forms."""

import pytest
import sympy as sp

from theory.algebra.derivation import ProofError
from theory.dynamics import mode_descent as mb
from theory.prediction import closed_form_errors as fast
from theory.prediction import errors as pr
from theory.symbols import A, c, c1, c2, d_in, d_out, eta, t, w, y
from theory.symbols.prediction import RESPONSES, A0_ij


@pytest.mark.parametrize("derivation", [pr.prediction, fast.fast_prediction])
def test_every_step_is_proved_and_prints(derivation):
    result = derivation()
    assert sum(step.mark == "proved" for step in result) >= 8
    assert "\\section" in result.latex()
    assert A is not None


@pytest.mark.parametrize("update", ["simultaneous", "sequential"])
def test_a_step_is_that_of_two_scalar_weights(update):
    # a = w2 w1 with x = w1^2, z = w2^2: descent on (a - y)^2/2, written out.
    w1, w2, rate, target = map(sp.Rational, ("3/7", "-2/5", "1/9", "11/3"))
    gradient = w2 * w1 - target
    new_w1 = w1 - rate * w2 * gradient
    new_w2 = w2 - rate * gradient * (w1 if update == "simultaneous" else new_w1)
    values = dict(zip(mb.BLOCK, (w1**2, w1 * w2, w2**2), strict=True))
    values[mb.GAIN] = mb.mode_gain().subs({eta: rate, y: target, mb.BLOCK[1]: w1 * w2})
    found = [value.subs(values) for value in mb.step_mode(update)]
    assert found == [new_w1**2, new_w1 * new_w2, new_w2**2]


def test_a_wrong_stage_is_not_proved(monkeypatch):
    right = mb.stage_factors

    def wrong(update="simultaneous"):
        return tuple(sp.ImmutableMatrix(f.subs(mb.GAIN, 2 * mb.GAIN)) for f in right(update))

    monkeypatch.setattr(mb, "stage_factors", wrong)
    mb.mode_stages.cache_clear()
    mb.step_mode.cache_clear()
    try:
        with pytest.raises(ProofError):
            mb.mode_steps()
    finally:
        mb.mode_stages.cache_clear()
        mb.step_mode.cache_clear()


def test_a_wrong_excess_is_not_proved(monkeypatch):
    monkeypatch.setattr(pr, "lift_excess", lambda: pr.s**2 / (2 * c))
    with pytest.raises(ProofError):
        pr.prediction()


@pytest.mark.parametrize("name", ["s", "r", "g_plus", "g_minus"])
def test_a_wrong_kernel_form_is_not_proved(monkeypatch, name):
    right = fast.bulk_form()
    wrong = fast.StableForm(
        right.arguments, right.definitions, {**right.outputs, name: right.outputs[name] * 2}
    )
    monkeypatch.setattr(fast, "bulk_form", lambda: wrong)
    with pytest.raises(ProofError):
        fast.fast_prediction()


def test_the_truncation_vanishes_with_infinite_width():
    size = pr.truncation()
    assert sp.limit(size.subs({pr.theta_1: 2, c: 1, t: 3}), w, sp.oo) == 0
    # and is of second order in the fluctuation: order 2 times d/w.
    assert sp.simplify(size.subs(w, 2 * w) / size) == sp.Rational(1, 2)


def test_lazy_variance_counts_both_sides():
    # Rows of X1 have d_in - 1 entries of variance c1^2/w and one of twice that.
    expected = (c1**2 * (d_in + 1) + c2**2 * (d_out + 1)) / w
    assert sp.simplify(fast.lazy_variance() - expected) == 0


def test_the_pair_responses_are_exact_at_time_zero():
    ge_i, go_i, ge_j, go_j = RESPONSES
    start = {ge_i: 1, ge_j: 1, go_i: 0, go_j: 0}
    assert fast.start_response().subs(start) == A0_ij
