"""Activations: their normalisation, corners and homogeneity, and what is refused."""

import math

import pytest
import sympy as sp
from scipy.integrate import quad

from theory.functions.activations import (
    PREACTIVATION,
    Activation,
    activation,
    get_activation,
    identity,
    relu,
    silu,
    softplus,
    tanh,
)

LEAKY = "Piecewise((preactivation, preactivation > 0), (0.1*preactivation, True))"

ACTIVATIONS = {
    "softplus": softplus(),
    "sharp softplus": softplus(40.0),
    "relu": relu(),
    "tanh": tanh(),
    "silu": silu(),
    "identity": identity(),
    "leaky": activation(LEAKY),
    "square": activation("preactivation**2"),
    "sine": activation("sin(a*preactivation)", parameters={"a": 3.0}),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_second_moment_is_one(name):
    phi = sp.lambdify(PREACTIVATION, ACTIVATIONS[name].normalised, "math")

    def weighted(z):
        return phi(z) ** 2 * math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)

    halves = [quad(weighted, *ends, epsabs=1e-13, limit=200) for ends in ((-12, 0), (0, 12))]
    # The quadrature's own estimates of its error, and the round-off of a sum of order 1.
    assert sum(x for x, _ in halves) == pytest.approx(1, abs=1e-12 + sum(e for _, e in halves))


PLAIN = {
    "softplus": lambda z: math.log1p(math.exp(5 * z)) / 5,
    "sharp softplus": lambda z: math.log1p(math.exp(40 * z)) / 40,
    "relu": lambda z: max(z, 0.0),
    "tanh": lambda z: (math.exp(2 * z) - 1) / (math.exp(2 * z) + 1),
    "silu": lambda z: z / (1 + math.exp(-z)),
    "identity": lambda z: z,
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_built_in_activation_is_the_function_of_its_name(name):
    phi, step = ACTIVATIONS[name], 1e-6
    value, slope = (
        sp.lambdify(PREACTIVATION, phi.with_values(x), "math")
        for x in (phi.expression, phi.derivative)
    )
    for z in (-1.3, -0.2, 0.4, 2.0):
        assert value(z) == pytest.approx(PLAIN[name](z), rel=1e-12)
        difference = (PLAIN[name](z + step) - PLAIN[name](z - step)) / (2 * step)
        # The rounding of values of order 1 over the step.
        assert slope(z) == pytest.approx(difference, abs=1e-8)


def test_constants_that_sympy_knows_are_exact():
    assert relu().normalisation == sp.sqrt(2)
    assert identity().normalisation == 1
    assert activation("preactivation**2").normalisation == 1 / sp.sqrt(3)
    assert activation("Abs(preactivation)").normalisation == 1
    assert activation("Max(preactivation, 0)").normalisation == sp.sqrt(2)


def test_sine_in_closed_form():
    """E[sin(a z)^2] = (1 - exp(-2 a^2))/2."""
    found = ACTIVATIONS["sine"].normalisation
    assert float(found) == pytest.approx(math.sqrt(2 / (1 - math.exp(-18))), rel=1e-15)


def test_softplus_becomes_relu():
    constants = [float(softplus(beta).normalisation) for beta in (10.0, 100.0, 1000.0)]
    gaps = [math.sqrt(2) - c for c in constants]
    # The second moments differ by int (softplus^2 - max(z, 0)^2) over |z| ~ 1/beta, so ~ beta^-3;
    # the next order is 1/beta^2 of it, with a constant of about 2.
    assert gaps[0] / gaps[1] == pytest.approx(1000, rel=0.05)
    assert gaps[1] / gaps[2] == pytest.approx(1000, rel=1e-3)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_normalised_derivative_is_that_of_the_normalised_value(name):
    made = ACTIVATIONS[name]
    for place in (-2.3, -0.4, 0.7, 3.1):
        slope = sp.diff(made.normalised, PREACTIVATION).subs(PREACTIVATION, place)
        found = made.normalised_derivative.subs(PREACTIVATION, place)
        assert float(found) == pytest.approx(float(slope), rel=1e-12)


def test_which_are_homogeneous():
    found = {name for name, made in ACTIVATIONS.items() if made.is_homogeneous}
    assert found == {"relu", "identity", "leaky"}
    assert activation("Abs(preactivation)").is_homogeneous


def test_where_slopes_jump():
    assert {name for name, made in ACTIVATIONS.items() if made.kinks} == {"relu", "leaky"}
    assert relu().kinks == (0.0,)
    assert activation("Max(preactivation, 0)").kinks == (0.0,)
    assert activation("Abs(preactivation - 2)").kinks == (2.0,)
    hard = "Piecewise((-1, preactivation < -1), (1, preactivation > 1), (preactivation, True))"
    assert activation(hard).kinks == (-1.0, 1.0)
    # A branch without a jump in the slope is no kink.
    assert activation("Piecewise((preactivation**2, preactivation > 0), (0, True))").kinks == ()


def test_names_give_the_activations():
    for name in ("softplus", "relu", "tanh", "silu", "identity"):
        assert get_activation(name).name == name
    assert get_activation("softplus").parameters == {"beta": 5.0}
    assert get_activation(ACTIVATIONS["leaky"]) is ACTIVATIONS["leaky"]
    assert get_activation(PREACTIVATION**3).derivative == 3 * PREACTIVATION**2


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            "preactivation + other",
            "may contain the names pi, preactivation and numbers, got 'other'",
        ),
        ("3", "must depend on preactivation, got 3"),
        ("preactivation +", "must be one formula"),
        ("nosuch", "must be softplus, relu, tanh, silu, identity or a formula of preactivation"),
    ],
)
def test_what_is_no_activation_is_refused(expression, message):
    with pytest.raises(ValueError, match=message):
        get_activation(expression)


@pytest.mark.parametrize("text", ["exp(preactivation**2/4)", "1/preactivation"])
def test_without_a_second_moment_there_is_no_constant(text):
    with pytest.raises(ValueError, match="second moment"):
        _ = activation(text).normalisation


def test_zero_has_no_constant():
    with pytest.raises(ValueError, match="activation must depend on preactivation, got 0"):
        Activation("zero", PREACTIVATION - PREACTIVATION)


@pytest.mark.parametrize("beta", [0.0, -1.0, float("nan")])
def test_beta_must_be_positive(beta):
    with pytest.raises(ValueError, match="beta must be positive"):
        softplus(beta)
