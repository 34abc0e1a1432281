"""The algebra of words: sound, complete for polynomials, and silent about nothing."""

import operator

import mpmath as mp
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.algebra.noncommuting_matrices import (
    TimeDerivative,
    blocks,
    differentiate,
    first_order,
    is_zero,
    normal_form,
    trace_gradient,
    words,
)
from theory.symbols import W1, W2, A, G, Ghat, J, Q, d_in, d_out, eta

SETTINGS = settings(max_examples=40, deadline=None, derandomize=True)
TIGHT = mp.mpf(10) ** -30  # 60 digits, a few products of 2 x 2 matrices with entries of order 10

M, N, R = (sp.MatrixSymbol(name, d_in, d_in) for name in "MNR")
NUMBERS = {
    M: mp.matrix([[2, -1], [3, 5]]),
    N: mp.matrix([[1, 4], [-2, 7]]),
    R: mp.matrix([[-3, 2], [1, 6]]),
}


@pytest.fixture(autouse=True)
def sixty_digits():
    with mp.workdps(60):
        yield


def product(left, right):
    return lambda x: left(x) * right(x)


def trees(leaves):
    """Pairs of an expression and of the function of numeric matrices that it stands for."""
    pairs = [(symbol, lambda x, symbol=symbol: x[symbol]) for symbol in leaves]
    pairs.append((sp.Identity(d_in), lambda x: mp.eye(2)))

    def grow(inner):
        return st.one_of(
            st.tuples(inner, inner).map(
                lambda p: (p[0][0] + p[1][0], lambda x: p[0][1](x) + p[1][1](x))
            ),
            st.tuples(inner, inner).map(lambda p: (p[0][0] * p[1][0], product(p[0][1], p[1][1]))),
            st.tuples(inner, st.integers(-3, 3)).map(
                lambda p: (p[1] * p[0][0], lambda x: p[1] * p[0][1](x))
            ),
            inner.map(lambda p: (sp.Transpose(p[0]), lambda x: p[1](x).T)),
            inner.map(lambda p: (p[0] ** 2, product(p[1], p[1]))),
        )

    return st.recursive(st.sampled_from(pairs), grow, max_leaves=6)


def evaluate(expression, numbers):
    """Evaluate what normal_form and differentiate return, by structure."""
    if isinstance(expression, sp.MatAdd):
        return sum((evaluate(x, numbers) for x in expression.args), mp.zeros(2))
    if isinstance(expression, sp.MatMul):
        scalar, factors = expression.as_coeff_matrices()
        result = mp.eye(2) * mp.mpmathify(scalar)
        for factor in factors:
            result = result * evaluate(factor, numbers)
        return result
    if isinstance(expression, sp.Transpose):
        return evaluate(expression.arg, numbers).T
    if isinstance(expression, sp.MatPow):
        return evaluate(expression.base, numbers) ** int(expression.exp)
    if isinstance(expression, sp.Identity):
        return mp.eye(2)
    if isinstance(expression, sp.ZeroMatrix):
        return mp.zeros(2)
    return numbers[expression]


@SETTINGS
@given(trees([M, N]))
def test_normal_form_keeps_the_value(pair):
    expression, function = pair
    expected = function(NUMBERS)
    scale = 1 + mp.mnorm(expected)
    assert mp.mnorm(evaluate(normal_form(expression), NUMBERS) - expected) < TIGHT * scale


@SETTINGS
@given(trees([M, N]), trees([M, N]), trees([M, N]))
def test_polynomial_identities_are_recognised(first, second, third):
    a, b, c = first[0], second[0], third[0]
    assert is_zero((a + b) * c - a * c - b * c)
    assert is_zero(sp.Transpose(a * b) - sp.Transpose(b) * sp.Transpose(a))
    assert is_zero((a + b) ** 2 - a * a - a * b - b * a - b * b)


@SETTINGS
@given(trees([M, N]), trees([M, N]))
def test_what_is_called_zero_is_zero_in_numbers(first, second):
    difference = first[1](NUMBERS) - second[1](NUMBERS)
    assert is_zero(first[0] - second[0]) <= (mp.mnorm(difference) < TIGHT)


def test_matrices_do_not_commute():
    assert not is_zero(M * N - N * M)
    assert not is_zero((M + N) ** 2 - M**2 - 2 * M * N - N**2)


def test_a_transpose_is_not_the_matrix():
    assert not is_zero(M.T - M)
    assert not is_zero(A.T * A - A * A.T)


def test_words_carry_coefficients_and_the_identity():
    assert words(2 * M * N - eta * M * N + sp.Identity(d_in)) == {(M, N): 2 - eta, (): 1}
    assert words(M * (N + sp.Identity(d_in)) - M - M * N) == {}


@pytest.mark.parametrize(
    "expression",
    [
        M * M**-1 - sp.Identity(d_in),
        M**-1 * M - sp.Identity(d_in),
        M**-2 * M * M - sp.Identity(d_in),
        M * N * N**-1 * M**-1 - sp.Identity(d_in),
    ],
)
def test_inverses_cancel(expression):
    assert is_zero(expression)


def test_relations_rewrite_and_are_needed():
    rules = {Ghat * J: -J * Ghat, J * J: sp.Identity(d_in + d_out)}
    assert is_zero(J * Ghat * J + Ghat, rules)
    assert not is_zero(J * Ghat * J + Ghat)
    assert normal_form(J * Ghat * Ghat * J, rules) == Ghat * Ghat


def test_a_scaled_relation_keeps_its_scale():
    assert is_zero(M * N * R - sp.Rational(3, 2) * R, {2 * M * N: 3 * sp.Identity(d_in)})


@pytest.mark.parametrize("rule", [{M * N: N * M, N * M: M * N}, {M: M * N}])
def test_relations_that_do_not_terminate_are_refused(rule):
    with pytest.raises(ValueError, match="must terminate"):
        normal_form(M * N, rule)


def test_blocks_of_products_and_sums():
    stacked = sp.BlockMatrix([[W1.T], [W2]])
    (upper_left, upper_right), (lower_left, _) = blocks(stacked * stacked.T)
    assert is_zero(upper_left - W1.T * W1)
    assert is_zero(upper_right - (W2 * W1).T)
    assert is_zero(lower_left - W2 * W1)
    assert blocks(M + N) == [[M + N]]
    assert not is_zero(sp.BlockDiagMatrix(M, sp.ZeroMatrix(d_in, d_in)))


@SETTINGS
@given(trees([M, N]))
def test_derivatives_match_differences(pair):
    expression, function = pair
    rates = {M: R * N, N: M.T - R}
    moved = {M: NUMBERS[R] * NUMBERS[N], N: NUMBERS[M].T - NUMBERS[R]}
    h = mp.mpf(10) ** -18
    ends = [
        function({key: NUMBERS[key] + sign * h * moved[key] for key in (M, N)}) for sign in (1, -1)
    ]
    expected = (ends[0] - ends[1]) / (2 * h)
    found = evaluate(differentiate(expression, rates), NUMBERS)
    # central difference: h^2 = 1e-36 times a third derivative of the polynomial, up to 1e10
    assert mp.mnorm(found - expected) < mp.mpf(10) ** -24 * (1 + mp.mnorm(expected))


@pytest.mark.parametrize(
    ("expression", "function"),
    [
        (sp.Inverse(M), lambda x: x[M] ** -1),
        (sp.Inverse(M.T), lambda x: x[M].T ** -1),
        (sp.Transpose(sp.Inverse(M)), lambda x: (x[M] ** -1).T),
        (sp.Inverse(M + N * M), lambda x: (x[M] + x[N] * x[M]) ** -1),
        (M**-2, lambda x: x[M] ** -1 * x[M] ** -1),
        (N * sp.Inverse(M) * N, lambda x: x[N] * x[M] ** -1 * x[N]),
    ],
)
def test_derivatives_of_inverses_match_differences(expression, function):
    h = mp.mpf(10) ** -18
    ends = [function({**NUMBERS, M: NUMBERS[M] + sign * h * NUMBERS[R]}) for sign in (1, -1)]
    expected = (ends[0] - ends[1]) / (2 * h)
    found = evaluate(differentiate(expression, {M: R}), NUMBERS)
    # central difference: truncation of order h^2 = 1e-36
    assert mp.mnorm(found - expected) < TIGHT


@pytest.mark.parametrize("function", [sp.MatPow(M, sp.Rational(1, 2)), sp.HadamardProduct(M, N)])
def test_a_function_of_what_moves_is_refused_not_taken_as_constant(function):
    assert differentiate(function, {R: N}) == sp.ZeroMatrix(d_in, d_in)
    with pytest.raises(ValueError, match="must follow from the rates"):
        differentiate(N * function, {M: R})


def test_scalar_coefficients_move_with_their_variable():
    assert is_zero(differentiate(eta**2 * M, {M: N}, eta) - 2 * eta * M - eta**2 * N)
    assert is_zero(differentiate(eta * sp.Identity(d_in), {}, eta) - sp.Identity(d_in))
    with pytest.raises(ValueError, match="must follow from the rates"):
        differentiate(sp.MatPow(M + eta * N, sp.Rational(1, 2)), {}, eta)


def test_first_order_is_the_linear_coefficient():
    assert is_zero(first_order((M + eta * N) * (M + eta * N), eta) - M * N - N * M)
    # the coefficient need not be written as a polynomial
    assert is_zero(first_order((1 + eta) ** 2 * M + sp.exp(3 * eta) * N, eta) - 2 * M - 3 * N)
    assert is_zero(first_order(M + eta**2 * N, eta))
    with pytest.raises(ValueError, match="coefficients only"):
        first_order(sp.Inverse(M + eta * N), eta)


@pytest.mark.parametrize(
    ("expression", "direction", "gradient"),
    [
        (G.T * A, A, G),
        (A.T * G, A, G),
        (3 * M * N * R, N, 3 * M.T * R.T),
        (M * N.T * R, N, R * M),
        (M * N + N.T * R, N, M.T + R),
    ],
)
def test_trace_gradient(expression, direction, gradient):
    assert is_zero(trace_gradient(expression, direction) - gradient)


@pytest.mark.parametrize("expression", [N * N, N * N.T, M * R, N * sp.Inverse(N + M)])
def test_trace_gradient_needs_a_linear_expression(expression):
    with pytest.raises(ValueError, match="must be linear in N"):
        trace_gradient(expression, N)


def test_a_time_derivative_is_a_symbol_with_the_shape_of_its_matrix():
    rate = TimeDerivative(A)
    assert rate.shape == A.shape
    assert str(rate) == "dA/dt"
    assert sp.latex(rate) == r"\frac{d A}{dt}"
    assert operator.ne(rate, TimeDerivative(Q))
    assert "dA" in sp.pretty(rate)
