"""The single mode against integration to many digits, its limits and its descent."""

import itertools

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from sympy.codegen.cfunctions import expm1, hypot

from theory.dynamics import single_mode as sm
from theory.symbols import c, eta, s, s0, t, y

DIGITS = mp.mpf(10) ** -20  # odefun works to the working precision of 25 digits, less a few

#: y, s0, c: both signs, starts on both sides, thresholds on both sides of the target.
CASES = [
    ("1.3", "0", "0.2"),
    ("1.3", "0.4", "2.0"),
    ("1.3", "2.5", "0.2"),
    ("1.3", "-0.5", "0.2"),
    ("-0.9", "0.3", "0.5"),
    ("0", "0.7", "0.1"),
]


@pytest.fixture(autouse=True)
def twenty_five_digits():
    with mp.workdps(25):
        yield


def number(expression, **values):
    """Evaluate an expression in y, s0, c, t (D and p0 by their definitions) with mpmath."""
    symbols = {"y": y, "s0": s0, "c": c, "t": t, "s": s, "eta": eta}
    plain = expression.subs(sm.DEFINITIONS)
    names = [name for name in values if symbols[name] in plain.free_symbols]
    function = sp.lambdify([symbols[name] for name in names], plain, "mpmath")
    return mp.mpf(function(*(mp.mpf(values[name]) for name in names)))


def integrated(target, start, threshold, time):
    target, start, threshold = mp.mpf(target), mp.mpf(start), mp.mpf(threshold)

    def rate(_, value):
        return 2 * mp.sqrt(value**2 + threshold**2) * (target - value)

    return mp.odefun(rate, 0, start)(mp.mpf(time))


@pytest.mark.parametrize(("target", "start", "threshold"), CASES)
def test_the_solution_is_the_equation_integrated(target, start, threshold):
    expected = integrated(target, start, threshold, "0.6")
    values = {"y": target, "s0": start, "c": threshold, "t": "0.6"}
    assert abs(number(sm.mode_solution(), **values) - expected) < DIGITS
    assert abs(number(sm.remaining_distance(), **values) - (mp.mpf(target) - expected)) < DIGITS
    # a threshold off by 2 % would be seen
    off = number(sm.mode_solution(), **(values | {"c": mp.mpf(threshold) * mp.mpf("1.02")}))
    assert abs(off - expected) > mp.mpf("1e-5")


@pytest.mark.parametrize(("first", "second"), [("0.5", "0.1"), ("0.1", "0.5"), ("0.6", "0")])
def test_a_network_of_one_mode_follows_it_whatever_the_imbalance(first, second):
    """Two weights a layer, started on the invariant; the mean of c1 and c2 alone matters."""
    first, second, target = mp.mpf(first), mp.mpf(second), mp.mpf("1.3")
    start, threshold = mp.mpf("0.2"), (first + second) / 2
    p, half = mp.sqrt(start**2 + threshold**2), (first - second) / 2
    u = [mp.sqrt(p + half), mp.mpf(0)]
    v = [start / u[0], mp.sqrt(p - half - (start / u[0]) ** 2)]

    def rate(_, weights):
        a, b = weights[:2], weights[2:]
        residual = target - mp.fdot(a, b)
        return [residual * x for x in b] + [residual * x for x in a]

    end = mp.odefun(rate, 0, u + v)(mp.mpf("0.6"))
    expected = number(sm.mode_solution(), y=target, s0=start, c=threshold, t="0.6")
    assert abs(mp.fdot(end[:2], end[2:]) - expected) < DIGITS


def test_the_lazy_limit_is_approached_at_second_order():
    sizes = [10.0**-k for k in range(2, 6)]
    errors = []
    for size in sizes:
        values = {"y": 2 * size, "s0": size / 2, "c": 1, "t": "0.4"}
        exact, limit = (number(x, **values) for x in (sm.mode_solution(), sm.lazy_mode()))
        errors.append(float(abs(exact - limit) / size))
    # the next order is relatively 1e-4 at the largest size
    assert abs(np.polyfit(np.log(sizes), np.log(errors), 1)[0] - 2) < 1e-3


@pytest.mark.parametrize("sign", [1, -1])
def test_the_balanced_limit_is_approached_at_second_order(sign):
    sizes = [10.0**-k for k in range(2, 6)]
    errors = []
    for size in sizes:
        values = {"y": sign * 1.3, "s0": sign * 0.2, "c": size, "t": "0.4"}
        exact, limit = (number(x, **values) for x in (sm.mode_solution(), sm.balanced_mode()))
        errors.append(float(abs(exact - limit)))
    # the next order is relatively (c/s0)^2 = 2.5e-3 at the largest size
    assert abs(np.polyfit(np.log(sizes), np.log(errors), 1)[0] - 2) < 1e-3


@pytest.mark.parametrize("ratio", ["1.5", "10", "1e6"])
def test_the_threshold_is_crossed_when_it_says(ratio):
    target, threshold = mp.mpf("1.3"), mp.mpf("1.3") / mp.mpf(ratio)
    time = number(sm.threshold_crossing_time(), y=target, c=threshold)
    value = number(sm.mode_solution(), y=target, s0=0, c=threshold, t=time)
    assert abs(value / threshold - 1) < DIGITS * 100  # log(1 + 1/ratio) costs two digits


def test_far_below_the_target_it_is_crossed_at_the_inverse_sinh_of_one():
    time = number(sm.threshold_crossing_time(), y=2, c="1e-9")
    assert abs(time - mp.asinh(1) / 4) < mp.mpf("1e-9")  # the correction is of order c/y


def test_descent_multiplies_the_gram_matrix_of_the_mode():
    value, threshold, target, rate = (mp.mpf(x) for x in ("0.4", "0.3", "1.1", "0.17"))
    p = mp.sqrt(value**2 + threshold**2)
    gram, gain = mp.matrix([[p, value], [value, p]]), rate * (target - value)
    step = mp.matrix([[1, gain], [gain, 1]])
    after = step * gram * step
    plus, minus = (number(x, s=value, c=threshold, y=target, eta=rate) for x in sm.descent_map())
    assert abs(plus - (after[0, 0] + after[0, 1])) < DIGITS
    assert abs(minus - (after[0, 0] - after[0, 1])) < DIGITS


@pytest.mark.parametrize(("target", "threshold"), [("1.3", "0.2"), ("0.1", "5"), ("-2", "1")])
def test_descent_is_stable_below_the_limit_and_not_above(target, threshold):
    target, threshold = mp.mpf(target), mp.mpf(threshold)
    limit = number(sm.stability_limit(), y=target, c=threshold)
    p = mp.sqrt(target**2 + threshold**2)
    assert abs(limit * p - 1) < DIGITS
    small = mp.mpf(10) ** -9
    for factor, grows in (("0.98", False), ("1.02", True)):
        plus, minus = p + target + small, p - target - small  # q+ and q- just off the target
        for _ in range(3):
            gain = mp.mpf(factor) * limit * (target - (plus - minus) / 2)
            plus, minus = plus * (1 + gain) ** 2, minus * (1 - gain) ** 2
        distance = abs((plus - minus) / 2 - target)
        # three steps multiply the distance by 0.96^3 or 1.04^3
        assert (distance > small * mp.mpf("1.1")) == grows
        assert (distance < small * mp.mpf("0.9")) != grows


#: y, s0, c and Dt.
GRID = list(
    itertools.product(
        ["1.3", "-1.3"],
        ["0", "0.4", "-0.4", "3", "-3", "1e-30", "-1e-30"],
        ["1e-40", "0.2", "1e9"],
        ["0", "0.01", "1", "40", "95", "300"],
    )
)


def test_every_branch_of_the_stable_form_is_the_solution():
    """Through all pieces of the kernel's formula, in 400 digits so that nothing cancels."""
    form = sm.stable_mode()

    def plain(expression):
        return expression.replace(hypot, lambda a, b: sp.sqrt(a**2 + b**2)).replace(
            expm1, lambda x: sp.exp(x) - 1
        )

    names = [str(x) for x in form.arguments]
    steps = [(str(name), plain(value)) for name, value in form.definitions]
    steps += [(name, plain(value)) for name, value in form.outputs.items()]
    functions = []
    for name, expression in steps:
        needed = sorted(str(x) for x in expression.free_symbols)
        functions.append((name, needed, sp.lambdify(needed, expression, "mpmath")))
    exact, left = (
        sp.lambdify(names, x.subs(sm.DEFINITIONS), "mpmath")
        for x in (sm.mode_solution(), sm.remaining_distance())
    )
    with mp.workdps(400):
        branches = set()
        for case in GRID:
            target, start, threshold, turns = map(mp.mpf, case)
            time = turns / mp.hypot(target, threshold)
            arguments = [target, start, threshold, time]
            numbers = dict(zip(names, arguments, strict=True))
            for name, needed, function in functions:
                numbers[name] = function(*(numbers[x] for x in needed))
            for found, expected in (("value", exact), ("distance", left)):
                difference = abs(numbers[found] - expected(*arguments))
                # exp(2Dt) up to 1e260 and (y/c)^2 up to 1e80 take their digits away
                assert difference < mp.mpf(10) ** -50 * mp.hypot(start, threshold)
            # in the kernel's unit D: does the mode pass the saddle at 0, is it past half its way
            opposite = numbers["start"] < 0
            passes = opposite and numbers["threshold"] < numbers["target"] - numbers["start"]
            branches.add((passes, numbers["remaining"] > 0.5))
        assert len(branches) == 4
