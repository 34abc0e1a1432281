"""Margin losses: values by their definition, curvature bounds, and what is refused."""

import mpmath as mp
import pytest
import sympy as sp

from theory.functions.margin_losses import (
    MARGIN,
    get_margin_loss,
    hinge,
    logistic,
    margin_loss,
    softplus_hinge,
    squared_hinge,
    squared_margin,
)

LOSSES = {
    "softplus_hinge": softplus_hinge(),
    "hinge": hinge(),
    "squared_hinge": squared_hinge(),
    "logistic": logistic(),
    "squared_margin": squared_margin(),
}
DEFINITIONS = {
    "softplus_hinge": lambda u: mp.log(1 + mp.exp(20 * (1 - u))) / 20,
    "hinge": lambda u: max(1 - u, 0),
    "squared_hinge": lambda u: max(1 - u, 0) ** 2 / 2,
    "logistic": lambda u: mp.log(1 + mp.exp(-u)),
    "squared_margin": lambda u: (1 - u) ** 2 / 2,
}
POINTS = ["-30", "-1", "0", "0.5", "0.9", "1.1", "3", "40"]


def function_of(made, expression):
    return sp.lambdify(MARGIN, made.with_values(expression), "mpmath")


@pytest.mark.parametrize("name", LOSSES)
def test_values_and_slopes_by_their_definition(name):
    made, definition = LOSSES[name], DEFINITIONS[name]
    with mp.workdps(50):
        for u in map(mp.mpf, POINTS):
            h = mp.mpf(10) ** -15
            # Sums of numbers up to exp(800) lose digits of 50.
            assert abs(function_of(made, made.expression)(u) - definition(u)) < mp.mpf(10) ** -30
            slope = (definition(u + h) - definition(u - h)) / (2 * h)
            found = function_of(made, made.derivative)(u)
            # Truncation h^2 = 1e-30 times a third derivative below 1e3.
            assert abs(found - slope) < mp.mpf(10) ** -24


@pytest.mark.parametrize("name", LOSSES)
def test_losses_fall_and_are_convex(name):
    made = LOSSES[name]
    slope, curvature = (function_of(made, x) for x in (made.derivative, made.second_derivative))
    for u in map(mp.mpf, POINTS[:5]):
        assert slope(u) < 0
    assert all(curvature(mp.mpf(u)) >= 0 for u in POINTS)


@pytest.mark.parametrize("name", ["softplus_hinge", "squared_hinge", "logistic", "squared_margin"])
def test_the_curvature_bounds_the_second_derivative_and_is_reached(name):
    made = LOSSES[name]
    curvature = function_of(made, made.second_derivative)
    # Margins in steps of 1/40, among them 0, 1 and the points nearest to 1 from below.
    found = [curvature(mp.mpf(k) / 40) for k in range(-200, 200)]
    assert max(found) <= made.curvature
    assert max(found) == pytest.approx(made.curvature, rel=1e-12)


def test_curvatures_follow_beta_and_are_unknown_where_they_are():
    assert softplus_hinge(8.0).curvature == 2.0
    assert hinge().curvature is None
    assert margin_loss("exp(-margin)").curvature is None
    assert margin_loss("exp(-margin)", curvature=3.0).curvature == 3.0


def test_the_smooth_hinge_becomes_the_hinge():
    gaps = []
    for beta in (10.0, 100.0):
        smooth = function_of(softplus_hinge(beta), softplus_hinge(beta).expression)
        places = [mp.mpf(u) for u in ("0.5", "1", "1.5")]
        gaps.append(max(abs(smooth(u) - DEFINITIONS["hinge"](u)) for u in places))
    # log(2)/beta, at u = 1
    assert gaps[0] / gaps[1] == pytest.approx(10, rel=1e-12)


def test_names_give_the_losses():
    for name, made in LOSSES.items():
        assert get_margin_loss(name) is made
    assert get_margin_loss("exp(-2*margin)").derivative == -2 * sp.exp(-2 * MARGIN)
    assert get_margin_loss(LOSSES["hinge"]) is LOSSES["hinge"]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            "margin + other",
            "margin loss 'margin . other': it may contain the names margin, pi and numbers",
        ),
        ("3", "must depend on margin, got 3"),
        ("margin +", "must be one formula"),
        ("squared", "margin loss must be softplus_hinge, .* or a formula of margin, got 'squared'"),
    ],
)
def test_what_is_no_margin_loss_is_refused(expression, message):
    with pytest.raises(ValueError, match=message):
        get_margin_loss(expression)


def test_beta_must_be_positive():
    with pytest.raises(ValueError, match="beta must be positive and finite, got 0"):
        softplus_hinge(0)
