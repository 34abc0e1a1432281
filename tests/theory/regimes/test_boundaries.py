"""Regimes and their boundaries."""

import random

import mpmath
import pytest
import sympy as sp

from theory.regimes import boundaries as regime_boundaries
from theory.regimes import quantities
from theory.regimes.boundaries import Boundary, boundaries
from theory.regimes.regime import NAMES, regime_name, symbolic_regime
from theory.regimes.scales import (
    EQUAL_LAYERS,
    d,
    gamma_sigma2,
    gamma_w,
    gap,
    k,
    kappa,
    p,
    q,
    sigma1,
    sigma2,
    tau,
    theta,
)
from theory.symbols import w

R = sp.Rational
PLANE = {boundary.name: boundary for boundary in boundaries()}


def exponents(values):
    letters = (gamma_sigma2, gamma_w, p, q, kappa, gap)
    return dict(zip(letters, map(sp.sympify, values), strict=True))


# Boundaries


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("active / lazy", gamma_sigma2 + gamma_w, p - gap / 2),
        ("infinite noise", 2 * gamma_sigma2 + gamma_w, 2 * q),
        ("underparameterised", gamma_w, kappa),
        ("concentration", gamma_w, 1),
        ("threshold / noise", gamma_sigma2 + gamma_w, q + R(1, 2) - gap / 2),
        ("active / lazy, w < d", gamma_sigma2, p - 1 - gap / 2),
        ("threshold / noise, w < d", gamma_sigma2, q - R(1, 2) - gap / 2),
        ("detection", p, q + R(1, 2)),
        ("spike estimation / fitted noise", gamma_sigma2 + gamma_w, p + (kappa - 1) / 2 - gap / 2),
        ("spike estimation / initial matrix", 2 * gamma_sigma2 + gamma_w, kappa - 1 + 2 * q),
        ("initial matrix / fitted noise", gamma_w, 2 * (p - q) - gap),
        (
            "fitted noise / missing signal",
            gamma_sigma2 + gamma_w,
            2 * p - 1 - q + kappa / 2 - gap / 2,
        ),
        ("missing signal / initial matrix", 2 * gamma_sigma2 + gamma_w, 2 * p - 2 + kappa),
        ("initial matrix / noise", gamma_sigma2, q - R(1, 2)),
        ("missing signal / noise", gamma_w, 2 * p - 1 - 2 * q + kappa),
        ("waiting / unlearning", gamma_sigma2, 2 * q - p + gap / 2),
    ],
)
def test_equations(name, left, right):
    equation = PLANE[name].equation
    assert sp.expand(equation.lhs - left) == 0
    assert sp.expand(equation.rhs - right) == 0


def test_the_lines_of_the_paper_are_marked():
    paper = {name for name, x in PLANE.items() if x.source == "paper"}
    assert paper == {"active / lazy", "infinite noise", "underparameterised", "concentration"}
    assert all(x.source in ("paper", "ours") and x.changes for x in boundaries())


@pytest.mark.parametrize("name", PLANE)
def test_each_side_has_the_larger_quantity(name):
    """Evaluate both quantities at d = 10^300, beside the line."""
    boundary = PLANE[name]
    gamma_width = R(2, 3) if boundary.side == "narrow" else R(3, 2)
    values = exponents((R(-4, 5), gamma_width, R(11, 10), R(1, 10), R(1, 5), R(1, 3)))
    unknown = next(x for x in (gamma_sigma2, gamma_w, p) if boundary.equation.lhs.has(x))
    known = {x: y for x, y in values.items() if x != unknown}
    (tie,) = sp.solve(boundary.equation.subs(known), unknown)
    ratio = boundary.first.expression / boundary.second.expression
    slope = sp.diff(boundary.ratio_exponent.subs(known).subs(gamma_w, unknown), unknown)
    for sign in (-1, 1):
        at = known | {unknown: tie + sign * R(1, 20)}
        with mpmath.workdps(400):
            size = mpmath.mpf(10) ** 300
            letters = {
                x: size ** mpmath.mpf(sp.Float(scale.at(at).exponent, 350))
                for x, scale in quantities.BASE.items()
            }
            letters[quantities.L] = mpmath.log(size)
            value = sp.lambdify(list(letters), ratio, "mpmath")(*letters.values())
            grows = sp.sign(boundary.ratio_exponent.subs(at)) if not slope.is_number else sign
            assert (value > 1) == (boundary.ratio_exponent.subs(at) > 0)
            assert grows == sp.sign(boundary.ratio_exponent.subs(at)) or name == "detection"


def test_a_wrong_tie_gives_another_line():
    right = PLANE["active / lazy"]
    wrong = Boundary("wrong", right.first, quantities.noise_edge(), "", "paper", "wide")
    assert wrong.equation != right.equation


def test_finite_dimension():
    finite = {name: PLANE[name].finite() for name in PLANE}
    log_d = sp.log(d)
    assert finite["underparameterised"] == sp.Eq(gamma_w, sp.log(k) / log_d)
    assert finite["active / lazy"] == sp.Eq(gamma_sigma2 + gamma_w, sp.log(theta) / log_d)
    expected = R(1, 2) + (sp.log(2) + sp.log(tau)) / log_d
    assert sp.expand(finite["threshold / noise"].rhs - expected) == 0
    half = PLANE["infinite noise"].finite(R(1, 2))
    assert sp.expand(half.rhs - (2 * sp.log(tau) - sp.log(2)) / log_d) == 0
    assert finite["spike estimation / fitted noise"].has(quantities.L)
    at = {gamma_sigma2: sp.Symbol("x"), gamma_w: sp.Symbol("y")}
    for name, equation in finite.items():
        if equation.lhs.has(d):  # not solved for exponents: both sides are the quantities
            scale = {sigma1: d ** (gamma_sigma2 / 2), sigma2: d ** (gamma_sigma2 / 2)}
            ratio = PLANE[name].first.expression / PLANE[name].second.expression
            rest = ratio.subs(scale).subs(w, d**gamma_w) - equation.lhs / equation.rhs
            assert sp.simplify(rest.subs(at)) == 0


@pytest.mark.parametrize("level", [0, -1, sp.Symbol("x")])
def test_level_must_be_positive(level):
    with pytest.raises(ValueError, match=r"^level must be positive, got "):
        PLANE["infinite noise"].finite(level)


# Regimes


@pytest.mark.parametrize(
    ("point", "name", "limited_by", "error", "time", "iterations"),
    [
        ((-1.85, 2.25), "active", "spike estimation", -1, -1, 0),
        ((-1.5, 2.3), "mixed", "fitted noise", R(-2, 5), -1, 0),
        ((-0.8, 1.5), "mixed", "initial matrix", R(-1, 10), R(-4, 5), R(1, 5)),
        ((-1.2, 1.8), "mixed", "initial matrix", R(-3, 5), -1, 0),
        ((-1.6, 2.9), "lazy", "missing signal", 0, R(-13, 10), 0),
        ((-0.5, 1.2), "infinite noise", "noise", 0, R(-7, 10), R(3, 10)),
        ((-0.5, 2), "infinite noise", "noise", 0, R(-3, 2), 0),
        ((-0.3, 0.5), "mixed", "noise", R(-1, 2), R(-7, 10), R(3, 10)),
        ((-0.7, 0.6), "active", "initial matrix", R(-4, 5), R(-7, 10), R(3, 10)),
    ],
)
def test_the_plane_of_the_paper(point, name, limited_by, error, time, iterations):
    here = symbolic_regime(*point)
    assert (here.name, here.limited_by) == (name, limited_by)
    found = (here.min_test_error, here.time_to_minimum, here.iterations)
    assert tuple(scale.exponent for scale in found) == (error, time, iterations)
    assert here.proven == (point[1] > 1 and 2 * point[0] + point[1] < 0)


def test_other_tasks():
    few = symbolic_regime(-1, 0.1, kappa=0.2)
    assert (few.name, few.limited_by, few.min_test_error.exponent) == (
        "underparameterised",
        "signal beyond width",
        R(1, 5),
    )
    hidden = symbolic_regime(-1.5, 1.5, p=0.4)
    assert (hidden.name, hidden.limited_by) == ("hidden", "missing signal")
    assert symbolic_regime(-1.5, 2.2, gap=1).name == "lazy"
    assert symbolic_regime(-1.5, 2.2).name == "mixed"
    unknown = symbolic_regime(0.1, 0.5, p=0.9)
    assert unknown.name == "infinite noise"
    assert unknown.time_to_minimum.exponent is sp.nan


def test_symbols_in_symbols_out():
    general = symbolic_regime(gamma_sigma2, gamma_w, p=p, q=q, kappa=kappa, gap=gap)
    generator = random.Random(5)
    for _ in range(25):
        point = [
            R(generator.randint(-300, 50), 97),
            R(generator.randint(0, 300), 97),
            R(generator.randint(30, 130), 89),
            R(generator.randint(-20, 20), 83),
            R(generator.randint(0, 60), 79),
            R(generator.randint(0, 60), 73),
        ]
        values = exponents(point)
        here = symbolic_regime(
            *point[:2], **dict(zip(("p", "q", "kappa", "gap"), point[2:], strict=True))
        )
        assert str(general.name.xreplace(values)) == here.name
        assert str(general.limited_by.xreplace(values)) == here.limited_by
        for field in ("threshold", "min_test_error", "time_to_minimum", "iterations"):
            assert getattr(general, field).at(values) == getattr(here, field)


def test_decimals_are_exact():
    assert symbolic_regime(-0.7, 1.7).name != "lazy"  # the floats add to a little more than 1
    assert symbolic_regime(sp.Float(-0.5), 1).min_test_error.exponent == 0
    assert symbolic_regime(R(-1, 3), R(5, 3)).threshold.exponent == R(4, 3)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((float("nan"), 1), {}, ValueError, "gamma_sigma2 must be real and finite, got nan"),
        ((1, float("inf")), {}, ValueError, "gamma_w must be real and finite, got inf"),
        ((sp.I, 1), {}, ValueError, "gamma_sigma2 must be real and finite, got I"),
        (
            (True, 1),
            {},
            TypeError,
            "gamma_sigma2 must be a real number or a sympy expression, got bool",
        ),
        (
            ([1.0], 1),
            {},
            TypeError,
            "gamma_sigma2 must be a real number or a sympy expression, got list",
        ),
        ((1, -0.1), {}, ValueError, "gamma_w must be >= 0, got -1/10"),
        ((1, 1), {"kappa": 1}, ValueError, "kappa must be >= 0 and < 1, got 1"),
        ((1, 1), {"gap": -1}, ValueError, "gap must be >= 0, got -1"),
    ],
)
def test_bad_exponents(arguments, options, error, message):
    with pytest.raises(error) as caught:
        symbolic_regime(*arguments, **options)
    assert str(caught.value) == message


def test_names_of_regimes_are_those_decided():
    found = {str(value) for value, _ in regime_name().xreplace(EQUAL_LAYERS).args}
    assert found == set(NAMES)


def test_a_boundary_shows_as_its_equation():
    assert boundaries()[0]._repr_latex_() == (
        r"$\displaystyle \gamma_{\sigma^2} + \gamma_{w} = - \frac{\Delta\gamma}{2} + p$"
    )


def test_an_equation_begins_with_a_positive_exponent():
    left, right = -4 * gamma_sigma2 + 2 * gamma_w, p
    expected = sp.Eq(2 * gamma_sigma2 - gamma_w, -p / 2)
    assert regime_boundaries._collected(left - right) == expected
    assert regime_boundaries._collected(right - left) == expected
