"""The Riccati solution against integration to many digits, with imbalance."""

import math

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from theory.algebra.noncommuting_matrices import is_zero
from theory.dynamics import closed_form as cf
from theory.kernels.emission import printed
from theory.symbols import Q, c1, c2, t, y

EPS = np.finfo(float).eps
DIGITS = mp.mpf(10) ** -18  # odefun works to the working precision of 25 digits, less a few
TARGET, START = mp.matrix([["1.3", "-0.4"]]), mp.matrix([["-0.2", "0.5"]])
SCALES = [("0.3", "0.3"), ("0.5", "0.1"), ("0.1", "0.6")]
SIZE = 3


@pytest.fixture(autouse=True)
def twenty_five_digits():
    with mp.workdps(25):
        yield


def function_of(matrix, function):
    values, vectors = mp.eigsy(matrix)
    return vectors * mp.diag([function(x) for x in values]) * vectors.T


def evaluate(expression, numbers):
    """Return the value of a matrix expression in numeric matrices, by its structure."""
    if isinstance(expression, sp.MatAdd):
        return sum((evaluate(x, numbers) for x in expression.args), mp.zeros(SIZE))
    if isinstance(expression, sp.MatMul):
        scalar, factors = expression.as_coeff_matrices()
        result = mp.eye(SIZE) * mp.mpmathify(scalar.subs(numbers))
        for factor in factors:
            result = result * evaluate(factor, numbers)
        return result
    if isinstance(expression, sp.Transpose):
        return evaluate(expression.arg, numbers).T
    if isinstance(expression, sp.MatPow):
        return evaluate(expression.base, numbers) ** int(expression.exp)
    if isinstance(expression, sp.Identity):
        return mp.eye(SIZE)
    return numbers[expression]


def problem(first, second):
    """Ft, D and Q0 from their definitions, for A of shape (1, 2)."""
    first, second = mp.mpf(first), mp.mpf(second)
    threshold, imbalance = (first + second) / 2, first - second
    shifted = mp.diag([imbalance / 2, imbalance / 2, -imbalance / 2])
    plain = mp.zeros(SIZE)
    plain[2:, :2], plain[:2, 2:] = TARGET, TARGET.T
    shifted += plain
    D = function_of(plain * plain + threshold**2 * mp.eye(SIZE), mp.sqrt)
    gram = mp.zeros(SIZE)
    gram[:2, :2] = function_of(START.T * START + threshold**2 * mp.eye(2), mp.sqrt)
    gram[2:, 2:] = function_of(START * START.T + threshold**2 * mp.eye(1), mp.sqrt)
    gram[2:, :2], gram[:2, 2:] = START, START.T
    gram += mp.diag([imbalance / 2, imbalance / 2, -imbalance / 2])
    return {cf.Ft: shifted, cf.D: D, cf.Q0: gram, c1: first, c2: second}


def at_time(numbers, time):
    """The numbers of a problem and the exponentials of its D at one time."""
    D, size = numbers[cf.D], mp.eye(SIZE)
    decay = function_of(D, lambda x: mp.exp(-x * time))
    return numbers | {cf.Decay: decay, cf.Gain: (2 * D) ** -1 * (size - decay * decay)}


def integrated(numbers, time):
    """A(t) of the unified evolution formula itself, with its roots."""
    threshold = (numbers[c1] + numbers[c2]) / 2

    def rate(_, flat):
        A = mp.matrix([flat])
        G = A - TARGET
        norm = mp.sqrt(A[0] ** 2 + A[1] ** 2)
        p = mp.sqrt(norm**2 + threshold**2)
        # the roots of a single row: along A the eigenvalue p, across it the threshold
        along = (G * A.T)[0] / norm**2 * A
        return list(-(p * G + threshold * (G - along) + p * along))

    return mp.matrix([mp.odefun(rate, 0, list(START))(time)])


@pytest.mark.parametrize(("first", "second"), SCALES)
def test_the_solution_is_the_unified_evolution_integrated(first, second):
    numbers = problem(first, second)
    for time in (mp.mpf("0.2"), mp.mpf(1)):
        found = evaluate(cf.solution_from_unstable_point(), at_time(numbers, time))
        assert mp.mnorm(found[2:, :2] - integrated(numbers, time)) < DIGITS
        assert mp.mnorm(found - found.T) < DIGITS


def test_the_comparison_would_see_a_threshold_off_by_two_percent():
    numbers, wrong = problem("0.5", "0.1"), problem("0.51", "0.102")
    found = evaluate(cf.solution_from_unstable_point(), at_time(wrong, mp.mpf("0.2")))
    assert mp.mnorm(found[2:, :2] - integrated(numbers, mp.mpf("0.2"))) > mp.mpf("1e-4")


@pytest.mark.parametrize(("first", "second"), SCALES)
def test_the_riccati_rate_is_the_flow_of_the_gram_matrix(first, second):
    numbers = problem(first, second)
    gram = numbers[cf.Q0]
    G = gram[2:, :2] - TARGET
    signed = mp.zeros(SIZE)
    signed[2:, :2], signed[:2, 2:] = G, G.T
    found = evaluate(cf.riccati_rate(cf.Q0), numbers)
    assert mp.mnorm(found + signed * gram + gram * signed) < DIGITS


@pytest.mark.parametrize(("first", "second"), SCALES)
def test_both_forms_of_the_solution_agree(first, second):
    numbers, time = problem(first, second), mp.mpf("0.7")
    D, F, Q0 = numbers[cf.D], numbers[cf.Ft], numbers[cf.Q0]
    cosh = function_of(D, lambda x: mp.cosh(x * time))
    sinh = D**-1 * function_of(D, lambda x: mp.sinh(x * time))
    U = cosh + sinh * (Q0 - F)
    V = cosh * Q0 + sinh * (numbers[c1] * numbers[c2] * mp.eye(SIZE) + F * Q0)
    found = evaluate(cf.solution_from_unstable_point(), at_time(numbers, time))
    assert mp.mnorm(found - V * U**-1) < DIGITS


def test_the_ends_are_the_start_and_the_target():
    numbers = problem("0.5", "0.1")
    form = cf.solution_from_unstable_point()
    assert mp.mnorm(evaluate(form, at_time(numbers, 0)) - numbers[cf.Q0]) < DIGITS
    # e^{-2Dt} is below 1e-50 at t = 50, where D is above 1.3
    assert mp.mnorm(evaluate(form, at_time(numbers, 50))[2:, :2] - TARGET) < DIGITS


def test_the_response_to_the_start_is_first_order_exact():
    """dQ(t) = U^-T dQ0 U^-1 against the difference of two solutions."""
    numbers, time = problem("0.5", "0.1"), mp.mpf("0.4")
    D, F, Q0 = numbers[cf.D], numbers[cf.Ft], numbers[cf.Q0]
    change = mp.matrix([["0.3", "-0.1", "0.2"], ["-0.1", "0.4", "0.5"], ["0.2", "0.5", "-0.6"]])
    small = mp.mpf(10) ** -8
    form = cf.solution_from_unstable_point()
    ends = [
        evaluate(form, at_time(numbers | {cf.Q0: Q0 + sign * small * change}, time))
        for sign in (1, -1)
    ]
    cosh = function_of(D, lambda x: mp.cosh(x * time))
    sinh = D**-1 * function_of(D, lambda x: mp.sinh(x * time))
    U = cosh + sinh * (Q0 - F)
    expected = (ends[0] - ends[1]) / (2 * small)
    # central difference: truncation small^2 = 1e-16, rounding 1e-25 / 1e-8
    assert mp.mnorm(U.T**-1 * change * U**-1 - expected) < mp.mpf(10) ** -14


def test_riccati_rate_names_its_matrix():
    assert is_zero(cf.riccati_rate() - cf.riccati_rate(Q))
    assert not is_zero(cf.riccati_rate(cf.Q0) - cf.riccati_rate(Q))


EIGENVALUES = [0.0, 1.0, -1.0, 1e-9, -1e-9, 1e9, -1e9]
TIMES = [0.0, 1e-9, 0.3, 20.0]


@pytest.mark.parametrize("eigenvalue", EIGENVALUES)
@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize(("first", "second"), [(1.0, 1.0), (2.0, 1e-6), (1e-12, 3e-12), (1e6, 1.0)])
def test_mode_eigenvalues_lose_no_digits(eigenvalue, time, first, second):
    form = cf.mode_eigenvalues()
    assert form.arguments == (y, c1, c2, t)
    scope = {"math": math, "y": eigenvalue, "c1": first, "c2": second, "t": time}
    for symbol, expression in form.definitions:
        scope[str(symbol)] = eval(printed(expression), scope)
    found = {key: eval(printed(expression), scope) for key, expression in form.outputs.items()}
    with mp.workdps(80):
        f, product = mp.mpf(eigenvalue), mp.mpf(first) * mp.mpf(second)
        D = mp.sqrt(f**2 + product)
        exact = {
            "offset": D - f,
            "decay": mp.exp(-D * time),
            "gain": (1 - mp.exp(-2 * D * time)) / (2 * D),
        }
        for key, expected in exact.items():
            # a handful of roundings; the argument of an exponential amplifies its own
            bound = 6 * EPS * (1 + float(D) * time) * abs(expected)
            # exp(-2e10) is beyond the range of floating point: zero is right
            assert abs(found[key] - expected) <= max(bound, mp.mpf(2) ** -1074)
