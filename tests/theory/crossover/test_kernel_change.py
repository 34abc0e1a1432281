"""The kernel's change in closed form against trained networks, random starts and its limits."""

import itertools
import math

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from theory.algebra.derivation import ProofError
from theory.crossover import kernel_change as lk
from theory.crossover import kernel_change_derivation as derivation
from theory.kernels.emission import printed
from theory.symbols import c, d_in, d_out, s, w

ROWS, COLUMNS = 3, 4
SINGULAR_VALUES = (3.0, 1.0)


def kernel(gram):
    """Return the operator C1 (x) I + I (x) C2 of a Gram matrix, from its definition."""
    first, second = gram[:COLUMNS, :COLUMNS], gram[COLUMNS:, COLUMNS:]
    return np.kron(first, np.eye(ROWS)) + np.kron(np.eye(COLUMNS), second)


def trained(start, target, horizon):
    """Integrate the Gram matrix under the squared loss of A - A(0)."""
    size = ROWS + COLUMNS

    def rate(_, flat):
        gram, signed = flat.reshape(size, size), np.zeros((size, size))
        G = gram[COLUMNS:, :COLUMNS] - start[COLUMNS:, :COLUMNS] - target
        signed[COLUMNS:, :COLUMNS], signed[:COLUMNS, COLUMNS:] = G, G.T
        return -(signed @ gram + gram @ signed).ravel()

    solution = solve_ivp(rate, (0, horizon), start.ravel(), method="LSODA", rtol=1e-9, atol=1e-11)
    return solution.y[:, -1].reshape(size, size)


@pytest.fixture(scope="module")
def target():
    draw = np.random.default_rng(2)
    left, right = (np.linalg.qr(draw.standard_normal((k, k)))[0] for k in (ROWS, COLUMNS))
    return left[:, :2] * SINGULAR_VALUES @ right[:, :2].T


@pytest.mark.parametrize("threshold", [0.3, 1.0, 3.0, 20.0])
def test_infinite_width_agrees_with_the_integrated_flow(target, threshold):
    start = threshold * np.eye(ROWS + COLUMNS)
    # The slowest direction of the target has the rate 2 sqrt(1 + c^2).
    end = trained(start, target, 20 / math.sqrt(1 + threshold**2))
    change = np.linalg.norm(kernel(end) - kernel(start)) / np.linalg.norm(kernel(start))
    expected = float(
        lk.relative_kernel_change(SINGULAR_VALUES, threshold, d_out=ROWS, d_in=COLUMNS)
    )
    # The integrator's tolerance, 1e-9 a step.
    assert change == pytest.approx(expected, rel=1e-6)


def fluctuating(draw, threshold, width, count):
    """Return starts of finite width."""
    size = ROWS + COLUMNS
    for _ in range(count):
        weights = draw.standard_normal((size, width)) * math.sqrt(threshold / width)
        yield weights @ weights.T


def test_finite_width_agrees_with_trained_random_starts(target):
    """Where both parts count: c = 40, w = 400, 300 starts."""
    draw, threshold, width, count = np.random.default_rng(7), 40.0, 400, 300
    squares = []
    for start in fluctuating(draw, threshold, width, count):
        end = trained(start, target, 20 / threshold)
        norms = [np.linalg.norm(x) for x in (kernel(end) - kernel(start), kernel(start))]
        squares.append((norms[0] / norms[1]) ** 2)
    even = lk.relative_kernel_change(SINGULAR_VALUES, threshold, d_out=ROWS, d_in=COLUMNS)
    both = lk.linear_kernel_change(
        SINGULAR_VALUES, threshold, d_out=ROWS, d_in=COLUMNS, width=width
    )
    # Four standard errors of the mean, and corrections of relative order (d_in + d_out)/w.
    band = 4 * np.std(squares) / math.sqrt(count) + float(both**2) * (ROWS + COLUMNS) / width
    assert abs(np.mean(squares) - float(both**2)) < band
    assert abs(np.mean(squares) - float(even**2)) > 2 * band


def test_one_output_on_any_inputs_agrees_with_random_starts():
    """First order in A, from the definition of dC1 and dC2, averaged over A(0)."""
    draw = np.random.default_rng(11)
    inputs = draw.standard_normal((COLUMNS, 6)) * np.array([[2.0], [1.0], [0.5], [0.1]])
    direction = draw.standard_normal(COLUMNS)
    direction /= np.linalg.norm(direction)
    moment, value, threshold, width = inputs @ inputs.T, 0.7, 30.0, 500
    delta = value * direction[None, :]
    samples = []
    for _ in range(4000):
        A0 = draw.standard_normal((1, COLUMNS)) * threshold / math.sqrt(width)
        dC1 = (A0.T @ delta + delta.T @ A0 + delta.T @ delta) / (2 * threshold)
        dC2 = (2 * A0 @ delta.T + delta @ delta.T) / (2 * threshold)
        change = inputs.T @ dC1 @ inputs + inputs.T @ inputs * dC2
        samples.append(np.sum(change**2) / np.sum((2 * threshold * inputs.T @ inputs) ** 2))
    letters = (
        direction @ moment @ direction,
        direction @ moment @ moment @ direction,
        np.trace(moment @ moment),
        np.trace(moment),
    )
    even, moved = (float(x) for x in lk.change_on_inputs(value, threshold, width, *letters))
    error = np.std(samples) / math.sqrt(len(samples))
    # even is exact at c >> s only up to relative order (s/c)^2, far below the standard error.
    assert abs(np.mean(samples) - even - moved) < 4 * error
    assert moved > 20 * error
    white, _ = lk.change_on_inputs(value, threshold, width, 1, 1, COLUMNS, COLUMNS)
    assert abs(float(white) / even - 1) > 0.1


def slopes(function, points):
    logs = [(mpmath.log(x), mpmath.log(function(x))) for x in points]
    return [(b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.pairwise(logs)]


@pytest.mark.parametrize(
    ("points", "slope"), [([10**-k for k in (9, 8, 7, 6)], -1), ([10**k for k in (6, 7, 8, 9)], -2)]
)
def test_limits_of_the_closed_form(points, slope):
    with mpmath.workdps(40):
        change = sp.lambdify(c, lk.relative_kernel_change([1], c, d_out=2, d_in=3), "mpmath")
        found = slopes(change, [mpmath.mpf(x) for x in map(sp.Rational, points)])
    # Corrections of relative order c (active) and c^-2 (lazy) at the ends of the range.
    assert all(abs(float(x) - slope) < 1e-5 for x in found)


def test_the_fluctuation_overtakes_at_an_alpha_without_the_width():
    threshold = lk.overtaking_threshold()
    even = lk.even_change_square([s**2 / (2 * threshold)], threshold)
    assert sp.simplify(even / lk.fluctuation_square(s**2, threshold)) == 1
    assert not (threshold / sp.sqrt(w)).has(w)


VALUES = st.floats(1e-3, 1e3)
MODES = sp.symbols("s1:4", positive=True)
EVEN, TOTAL = (
    sp.lambdify((*MODES, c), change, "mpmath")
    for change in (
        lk.relative_kernel_change(MODES, c, d_out=3, d_in=5),
        lk.linear_kernel_change(MODES, c, d_out=3, d_in=5, width=70),
    )
)
FORM = lk.kernel_change_form(3)
NAMES = [(str(name), printed(value)) for name, value in FORM.definitions]
OUTPUTS = {name: printed(value) for name, value in FORM.outputs.items()}


def evaluated(values, threshold):
    """Return the outputs of the kernel's form as its printed text computes them."""
    given = (*values, threshold, 70.0, 3.0, 5.0)
    at = {str(k): v for k, v in zip(FORM.arguments, given, strict=True)} | {"math": math}
    for name, text in NAMES:
        at[name] = eval(text, {}, at)
    return {name: eval(text, {}, at) for name, text in OUTPUTS.items()}


@settings(deadline=None)
@given(st.tuples(VALUES, VALUES, VALUES), VALUES, st.integers(-8, 8))
def test_only_ratios_to_the_threshold_count(values, threshold, power):
    scaled = evaluated([x * 2.0**power for x in values], threshold * 2.0**power)
    # Powers of 2 scale without rounding.
    assert scaled == evaluated(values, threshold)


@settings(deadline=None)
@given(st.tuples(VALUES, VALUES, VALUES), VALUES)
def test_the_kernel_form_agrees_with_the_closed_form(values, threshold):
    got = evaluated(values, threshold)
    with mpmath.workdps(40):
        exact = [mpmath.mpf(x) for x in (*values, threshold)]
        even, total = float(EVEN(*exact)), float(TOTAL(*exact))
    # Sums and products of positive numbers: some ten roundings.
    assert got["even"] == pytest.approx(even, rel=1e-14, abs=0)
    assert got["total"] == pytest.approx(total, rel=1e-14, abs=0)
    assert got["total"] == pytest.approx(math.hypot(got["even"], got["fluctuation"]), rel=1e-14)


def test_the_plain_excess_loses_the_digits_that_the_form_keeps():
    modes = (1.0, 1.0, 1.0)
    plain = sp.lambdify((*MODES, c), lk.relative_kernel_change(MODES, c, d_out=3, d_in=5), "math")(
        *modes, 1e9
    )
    with mpmath.workdps(60):
        exact = float(EVEN(*map(mpmath.mpf, (*modes, 1e9))))
    assert evaluated(modes, 1e9)["even"] == pytest.approx(exact, rel=1e-14, abs=0)
    assert plain != pytest.approx(exact, rel=1e-2, abs=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: lk.relative_kernel_change([1], 0, d_out=2, d_in=2),
            "threshold must be positive, got 0",
        ),
        (
            lambda: lk.relative_kernel_change([1], 1, d_out=0, d_in=2),
            "d_out must be positive, got 0",
        ),
        (
            lambda: lk.relative_kernel_change([1, 1, 1], 1, d_out=2, d_in=5),
            "d_out must be at least the number of singular values 3, got 2",
        ),
        (
            lambda: lk.linear_kernel_change([1], 1, d_out=2, d_in=2, width=-1),
            "width must be positive, got -1",
        ),
        (lambda: lk.kernel_change_form(0), "rank must be a positive integer, got 0"),
        (lambda: lk.kernel_change_form(True), "rank must be a positive integer, got True"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_derivation_holds_and_prints():
    result = derivation.kernel_change()
    assert {step.mark for step in result} == {"defined", "derived", "proved", "checked"}
    assert sum(step.mark == "proved" for step in result) > len(result) / 3
    assert result.latex().count(r"\[") == len(result)
    assert "MatrixSymbol" not in str(result)


PLAIN = {
    name: getattr(derivation, name)
    for name in (
        "excess",
        "even_change_square",
        "fluctuation_square",
        "lazy_kernel_blocks",
        "change_on_inputs",
        "kernel_change_form",
    )
}


def half_kernel(*arguments):
    first, second = PLAIN["lazy_kernel_blocks"](*arguments)
    return first, second / 2


def wrong_inputs(*arguments):
    even, moved = PLAIN["change_on_inputs"](*arguments)
    return even, moved * sp.Rational(51, 50)


def wrong_form(rank):
    form = PLAIN["kernel_change_form"](rank)
    outputs = {**form.outputs, "total": form.outputs["even"] + form.outputs["fluctuation"]}
    return type(form)(form.arguments, form.definitions, outputs)


FAULTS = {
    "an excess of the wrong square": ("excess", lambda: 2 * PLAIN["excess"]()),
    "traces of the kernel's square left out": (
        "even_change_square",
        lambda values, threshold=c, rows=d_out, columns=d_in: (
            (rows + columns) * sum(q**2 for q in values) / (4 * threshold**2 * rows * columns)
        ),
    ),
    "a fluctuation 2 % off": (
        "fluctuation_square",
        lambda *arguments: PLAIN["fluctuation_square"](*arguments) * sp.Rational(51, 50),
    ),
    "a block at half its size": ("lazy_kernel_blocks", half_kernel),
    "one output, 2 % off": ("change_on_inputs", wrong_inputs),
    "parts added without squares": ("kernel_change_form", wrong_form),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(fault, monkeypatch):
    name, value = FAULTS[fault]
    monkeypatch.setattr(derivation, name, value)
    with pytest.raises(ProofError):
        derivation.kernel_change()
