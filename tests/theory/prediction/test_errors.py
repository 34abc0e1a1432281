"""The mode recursion, the error formulas and the fast forms."""

import pytest
import sympy as sp

from theory.algebra.derivation import ProofError
from theory.dynamics import mode_descent as mb
from theory.prediction import closed_form_errors as fast
from theory.prediction import errors as pr
from theory.symbols import A, c, c1, c2, d_in, d_out, eta, t, w, y
from theory.symbols.dynamics import a
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


def test_estimates_and_shares_in_numbers():
    """A rectangle with unequal scales: no number hides another one."""
    size, fluctuation = 0.3 + 0.2, (30 + 20) / (2 * 400)
    at = {pr.power: 0.3, pr.shift_share: -0.2, pr.theta_1: 2, c: 6, w: 400, d_in: 30, d_out: 20}
    late, early = (float(pr.truncation().subs(at | {t: x})) for x in (0.5, 0.1))
    weight = 0.1 + 2 * 6 / (6 + 2)
    assert late == pytest.approx(size * fluctuation * weight * (6 * 0.5) ** 2)
    assert early == pytest.approx(size * fluctuation * weight)
    form, mean = pr.error_form(), {a: 0.8, pr.mean_shift: 0.05, y: 1.1, pr.corr: 0.9}
    found = {key: float(value.subs(mean)) for key, value in form.outputs.items()}
    # Expanded in the shift: (a + s)^2 - 2 (a + s) corr less s^2, and so on.
    moved = 0.85
    assert found["test"] == pytest.approx(0.8**2 - 2 * 0.8 * 0.9)
    assert found["test_shifted"] == pytest.approx(moved**2 - 2 * moved * 0.9 - 0.05**2)
    assert found["train_shifted"] == pytest.approx((moved - 1.1) ** 2 - 0.05**2)
    assert found["norm_shifted"] == pytest.approx(moved**2 - 0.05**2)
    form = pr.outlier_form()
    given = dict(zip(form.arguments, (1.7, 0.04, 9, 25), strict=True))
    place, threshold, edge = (float(form.outputs[x].subs(given)) for x in form.outputs)
    assert place == pytest.approx(((1.7**2 + 0.36) * (1.7**2 + 1)) ** 0.5 / 1.7)
    assert threshold == pytest.approx(0.2 * 15**0.5)
    top = 8**2 - 1.2065335745820 * 8 * (1 / 3 + 1 / 5) ** (1 / 3)
    assert edge == pytest.approx((1.7**2 + 0.04 * top) ** 0.5)
    # k (d_in + d_out) squares of noise: a chi-square variable of variance 2 n.
    numbers = {pr.tau: 0.7, pr.rank: 3, d_in: 30, d_out: 20}
    spread = float(pr.sampling_deviation().subs(numbers)) * 30 * 20
    assert spread**2 == pytest.approx(2 * 3 * (30 + 20) * 0.7**4)
    gained = float(pr.lift_excess().subs({pr.s: 3, c: 4}))
    assert gained == pytest.approx((3**2 + 4**2) ** 0.5 - 4)


def test_lazy_shares_are_those_of_a_mode_with_a_random_rate():
    """A mode that decays at the rate X, of variance V: A = y - r exp(-X t), to second order."""
    rate, left, V = sp.symbols("X r V", positive=True)
    time = sp.Symbol("t_", positive=True)
    now = fast.a + left - left * sp.exp(-rate * time)
    order = [now.diff(rate, k).subs(rate, 0) / sp.factorial(k) for k in (0, 1, 2)]
    square = {"first": V * order[1] ** 2, "second": V * order[2]}
    expected = {
        "power": square["first"],
        "test": 2 * (order[0] - fast.corr) * square["second"],
        "train": -2 * left * square["second"],
        "norm": 2 * order[0] * square["second"],
    }
    stated = {fast.growth: V * time**2, fast.r: left}
    for name, value in fast.lazy_shares().items():
        assert sp.expand(value.subs(stated) - expected[name]) == 0, name


def test_the_flow_time_of_a_lazy_mode_is_that_of_descent():
    time = fast.flow_time().subs({fast.iteration: 7, eta: 0.02, c: 3})
    assert sp.exp(-2 * 3 * time) == pytest.approx((1 - 2 * 0.02 * 3) ** 7)


def test_the_power_of_the_start_is_summed_over_all_pairs():
    rows, columns, paired, rate, time = 5, 3, 3, 0.4, 0.7
    even, odd = [0.9, 0.7, 0.4], [0.1, 0.3, 0.2]
    alone = float(sp.exp(-rate * time))
    left = [*zip(even, odd, strict=True), *[(alone, 0.0)] * (rows - paired)]
    right = [*zip(even, odd, strict=True), *[(alone, 0.0)] * (columns - paired)]
    # Each entry of A0 responds by itself and through its mirror: independent entries add up.
    total = sum((x[0] * z[0]) ** 2 + (x[1] * z[1]) ** 2 for x in left for z in right)
    values = {
        fast.even: sum(x**2 for x in even),
        fast.odd: sum(x**2 for x in odd),
        fast.paired: paired,
        fast.start_variance: 0.01,
    }
    at = {d_out: rows, d_in: columns, c: rate, t: time}
    assert float(fast.start_power().subs(values | at)) == pytest.approx(0.01 * total)
