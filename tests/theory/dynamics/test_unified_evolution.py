"""The evolution formula against integrated networks, with imbalance, to many digits."""

import math

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from sympy.codegen.cfunctions import hypot

from theory.algebra.noncommuting_matrices import is_zero
from theory.dynamics import unified_evolution as ue
from theory.kernels.emission import printed
from theory.symbols import C1, C2, A, G, c, c1, c2, s
from theory.symbols.notation import s_positive

EPS = np.finfo(float).eps


def root(matrix):
    """Positive square root of a symmetric matrix."""
    values, vectors = mp.eigsy(matrix)
    return vectors * mp.diag([mp.sqrt(x) for x in values]) * vectors.T


def gram_matrix(start, first, second):
    """Q of the lift of a start with scales c1, c2, from the definition."""
    rows, columns = start.rows, start.cols
    threshold, imbalance = (first + second) / 2, first - second
    C1_ = root(start.T * start + threshold**2 * mp.eye(columns)) + imbalance / 2 * mp.eye(columns)
    C2_ = root(start * start.T + threshold**2 * mp.eye(rows)) - imbalance / 2 * mp.eye(rows)
    size = rows + columns
    gram = mp.zeros(size)
    gram[:columns, :columns], gram[columns:, columns:] = C1_, C2_
    gram[columns:, :columns], gram[:columns, columns:] = start, start.T
    return gram


@pytest.mark.parametrize(("first", "second"), [("0.3", "0.3"), ("0.5", "0.1"), ("0.1", "0.6")])
def test_a_network_on_the_invariant_stays_on_it(first, second):
    """Flow of all weights, a loss that is not quadratic: C1 and C2 remain functions of A."""
    with mp.workdps(25):
        first, second = mp.mpf(first), mp.mpf(second)
        start = mp.matrix([["0.2", "-0.4"]])
        factor = mp.cholesky(gram_matrix(start, first, second))

        def unpack(flat):
            theta = mp.matrix(3, 3)
            for k, x in enumerate(flat):
                theta[k // 3, k % 3] = x
            return theta

        def rate(_, flat):
            theta = unpack(flat)
            top, bottom = theta[:2, :], theta[2:, :]
            matrix = bottom * top.T
            gradient = mp.matrix([[matrix[0, 0] ** 3 - 1, matrix[0, 1] ** 3 + mp.mpf("0.5")]])
            return list(-gradient.T * bottom) + list(-gradient * top)

        theta = unpack(mp.odefun(rate, 0, list(factor))(mp.mpf("0.7")))
        gram = theta * theta.T
        found = gram[2:, :2]
        # odefun works to the working precision of 25 digits, less a few
        assert mp.mnorm(gram - gram_matrix(found, first, second)) < mp.mpf(10) ** -20
        # it has moved, and a threshold off by 2 % would be seen
        assert mp.mnorm(found - start) > mp.mpf("0.1")
        off = gram_matrix(found, first * mp.mpf("1.02"), second * mp.mpf("1.02"))
        assert mp.mnorm(gram - off) > mp.mpf("1e-3")


def test_the_invariant_vanishes_on_the_lift_and_not_off_it():
    size = 3
    with mp.workdps(30):
        gram = gram_matrix(mp.matrix([["0.2", "-0.4"]]), mp.mpf("0.5"), mp.mpf("0.1"))
        Q_ = sp.ImmutableMatrix(size, size, [sp.Float(str(x), 30) for x in gram])
    J_ = sp.ImmutableMatrix(sp.diag(1, 1, -1))
    expression = ue.invariant(Q_, J_, sp.ImmutableMatrix(sp.eye(size)))
    values = {c1: sp.Rational(1, 2), c2: sp.Rational(1, 10)}
    rest = sp.Matrix(expression).subs(values)
    # sixth digits from the end of 30-digit numbers of order 1
    assert max(abs(x) for x in rest) < 1e-24
    assert max(abs(x) for x in sp.Matrix(expression).subs({c1: 0.5, c2: 0.11})) > 1e-3


def test_threshold_and_imbalance():
    assert ue.THRESHOLD.subs({c1: 3, c2: 1}) == 2
    assert ue.IMBALANCE.subs({c1: 3, c2: 1}) == 2


def test_evolution_rate_is_the_kernel_applied_to_the_gradient():
    assert is_zero(ue.evolution_rate() + C2 * G + G * C1)
    assert ue.evolution_rate().shape == A.shape


def test_mode_rate_is_the_sum_of_both_layers():
    """Of C1 and C2 of one mode, whatever the imbalance."""
    for value, first, second in ((0.3, 2.0, 0.5), (5.0, 0.1, 0.1), (-2.0, 1.0, 0.0)):
        threshold, imbalance = (first + second) / 2, first - second
        layers = (
            imbalance / 2 + math.hypot(value, threshold),
            -imbalance / 2 + math.hypot(value, threshold),
        )
        rate = float(ue.mode_rate().subs({s: value, c: threshold}))
        # a root and two sums
        assert math.isclose(rate, sum(layers), rel_tol=8 * EPS)


@pytest.mark.parametrize("limit", ["lazy", "balanced"])
def test_the_limits_of_the_rate_miss_it_at_fourth_order(limit):
    x = sp.Symbol("x", positive=True)
    if limit == "lazy":
        terms, place = ue.lazy_rate(), {s: x, c: 1}
    else:
        terms, place = ue.balanced_rate(), {s_positive: 1, c: x}
    exact = ue.mode_rate().subs({s_positive: 1, s: x if limit == "lazy" else 1}).subs(place)
    for terms_kept, order in ((1, 2), (2, 4)):
        rest = exact - sum(terms[:terms_kept]).subs(place)
        sizes = [sp.Rational(1, 10) ** k for k in range(2, 6)]
        errors = [float(abs(rest.subs(x, size)).evalf(60)) for size in sizes]
        slope = np.polyfit(np.log([float(z) for z in sizes]), np.log(errors), 1)[0]
        # the next order is relatively 1e-4 at the largest size
        assert abs(slope - order) < 1e-3


LIFT_CASES = [
    (value, first, second)
    for value in (0.0, 1e-12, -0.7, 3.0, 1e9)
    for first, second in ((1.0, 1.0), (2.0, 0.5), (1.0, 0.0), (1e-9, 1e-14), (1e8, 1e-8))
]


@pytest.mark.parametrize(("value", "first", "second"), LIFT_CASES)
def test_the_lift_factor_squares_to_the_gram_matrix_of_a_mode(value, first, second):
    numbers = {s: value, c1: first, c2: second}
    factor = ue.lift_factor().subs({k: sp.Rational(v) for k, v in numbers.items()}).evalf(80)
    product = factor * factor.T
    with mp.workdps(80):
        half, threshold = (mp.mpf(first) - second) / 2, (mp.mpf(first) + second) / 2
        p = mp.sqrt(mp.mpf(value) ** 2 + threshold**2)
        expected = [[half + p, mp.mpf(value)], [mp.mpf(value), -half + p]]
        for i in range(2):
            for j in range(2):
                # 80 digits, less what -half + p cancels: at most 1e16 / 1e-8 squared
                assert abs(mp.mpf(str(product[i, j])) - expected[i][j]) < mp.mpf(10) ** -50 * p


@pytest.mark.parametrize(("value", "first", "second"), LIFT_CASES)
def test_the_lift_form_loses_no_digits_in_floating_point(value, first, second):
    form = ue.lift_form()
    scope = {"math": math, "s": value, "c1": first, "c2": second}
    for symbol, expression in form.definitions:
        scope[str(symbol)] = eval(printed(expression), scope)
    found = {key: eval(printed(expression), scope) for key, expression in form.outputs.items()}
    with mp.workdps(60):
        half, threshold = (mp.mpf(first) - second) / 2, (mp.mpf(first) + second) / 2
        pivot = mp.sqrt(half + mp.sqrt(mp.mpf(value) ** 2 + threshold**2))
        exact = {
            "pivot": pivot,
            "below": value / pivot,
            "corner": mp.sqrt(mp.mpf(first) * second) / pivot,
        }
        for key, expected in exact.items():
            # a handful of roundings, none of them amplified
            assert abs(found[key] - expected) <= 6 * EPS * abs(expected)


def test_the_lift_form_uses_hypot_against_overflow():
    assert any(value.has(hypot) for _, value in ue.lift_form().definitions)
