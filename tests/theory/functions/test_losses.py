"""Losses of one entry: their values, their derivatives, and what they refuse."""

import mpmath as mp
import pytest
import sympy as sp

from theory.functions.losses import (
    PREDICTION,
    TARGET,
    Loss,
    get_loss,
    huber,
    log_cosh,
    loss,
    squared,
)

POINTS = [-40.0, -1.7, -0.7, -0.3, 0.0, 1e-9, 0.4, 0.7, 3.0, 40.0]

SOFTPLUS = "log(1 + exp(prediction - target))"
LOSSES = {
    "squared": squared(),
    "huber": huber(0.7),
    "log_cosh": log_cosh(),
    "quartic": loss("(prediction - target)**4 / 4", name="quartic"),
    "softplus": loss(SOFTPLUS, name="softplus"),
    "own": loss(
        "sqrt(a**2 + (prediction - target)**2) + exp(-prediction**2)",
        name="own",
        parameters={"a": 0.3},
    ),
}


def function_of(chosen, expression):
    names = [PREDICTION, TARGET, *chosen.parameter_symbols]
    function = sp.lambdify(names, expression, "mpmath")
    return lambda p, y: function(p, y, *map(mp.mpf, chosen.parameters.values()))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("residual", POINTS)
def test_the_derivative_is_that_of_the_value(name, residual):
    chosen = LOSSES[name]
    value, slope = (function_of(chosen, x) for x in (chosen.expression, chosen.derivative))
    with mp.workdps(50):
        target = mp.mpf("0.25")
        prediction = target + mp.mpf(residual)
        h = mp.mpf(10) ** -14
        difference = (value(prediction + h, target) - value(prediction - h, target)) / (2 * h)
        # truncation h^2 = 1e-28 times a third derivative below 1e3; at the corner of the
        # Huber loss, whose second derivative jumps, h / 4
        corner = name == "huber" and abs(residual) == 0.7
        assert abs(slope(prediction, target) - difference) < (h if corner else mp.mpf(10) ** -24)


def huber_by_hand(r):
    delta = mp.mpf(0.7)
    return r**2 / 2 if abs(r) <= delta else delta * (abs(r) - delta / 2)


@pytest.mark.parametrize(
    ("name", "definition"),
    [
        ("squared", lambda r: r**2 / 2),
        ("huber", huber_by_hand),
        ("log_cosh", lambda r: mp.log(mp.cosh(r))),
        ("softplus", lambda r: mp.log(1 + mp.exp(r))),
    ],
)
@pytest.mark.parametrize("residual", POINTS)
def test_values_by_their_definition(name, definition, residual):
    with mp.workdps(40):
        found = function_of(LOSSES[name], LOSSES[name].expression)(1 + mp.mpf(residual), mp.mpf(1))
        # 40 digits, twenty of which cosh(40) may take
        assert abs(found - definition(mp.mpf(residual))) < mp.mpf(10) ** -18


@pytest.mark.parametrize("name", ["squared", "huber", "log_cosh"])
def test_the_curvature_bounds_the_second_derivative_and_is_reached(name):
    chosen = LOSSES[name]
    slope = function_of(chosen, chosen.derivative)
    with mp.workdps(40):
        h = mp.mpf(10) ** -10
        curvatures = [
            (slope(mp.mpf(x) + h, mp.mpf(0)) - slope(mp.mpf(x) - h, mp.mpf(0))) / (2 * h)
            for x in POINTS
        ]
        # truncation of order h^2
        assert max(curvatures) <= chosen.curvature + mp.mpf(10) ** -18
        assert max(curvatures) > chosen.curvature - mp.mpf(10) ** -8


def test_names_give_the_losses():
    assert get_loss("squared").expression == squared().expression
    assert get_loss("huber").parameters == {"delta": 1.0}
    assert get_loss("log_cosh").name == "log_cosh"
    assert get_loss(LOSSES["own"]) is LOSSES["own"]
    assert get_loss((PREDICTION - TARGET) ** 6).derivative == 6 * (PREDICTION - TARGET) ** 5


def test_a_loss_of_your_own_from_text_and_from_symbols():
    text = loss("beta*(prediction - target)**2", parameters={"beta": 2})
    prediction, target, beta = sp.symbols("prediction target beta")  # without assumptions
    symbols = loss(beta * (prediction - target) ** 2, parameters={"beta": 2})
    assert text.expression == symbols.expression
    assert text.parameters == {"beta": 2.0}
    assert [str(x) for x in text.parameter_symbols] == ["beta"]
    assert text.curvature is None


def test_names_of_sympy_functions_may_be_parameters():
    """'beta', 'gamma' and 'S' mean something else to sympy's parser."""
    for name in ("beta", "gamma", "S", "zeta", "Q"):
        made = loss(f"{name}*(prediction - target)**2", parameters={name: 3.0})
        assert made.derivative == 2 * sp.Symbol(name, positive=True) * (PREDICTION - TARGET)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            "prediction*unknown + other",
            "may contain the names pi, prediction, target and numbers, got 'unknown'",
        ),
        ("delta*(prediction - target)**2", "got 'delta'"),
        ("target**2", "must depend on prediction, got target"),
        ("3", "must depend on prediction, got 3"),
        ("prediction +", "must be one formula"),
        ("gamma*prediction", "got 'gamma'"),
        ("prediction.value", "got 'prediction.value'"),
        (
            "nosuchloss",
            "must be squared, huber, log_cosh or a formula of prediction, target, got 'nosuchloss'",
        ),
    ],
)
def test_what_is_no_loss_is_refused(expression, message):
    with pytest.raises(ValueError, match=message):
        get_loss(expression)


def test_symbols_that_nothing_gives_a_value_to_are_refused_in_every_form():
    with pytest.raises(ValueError, match="'mine' may contain the symbols a, prediction, target"):
        Loss("mine", sp.Symbol("a") * PREDICTION + sp.Symbol("b"), {"a": 1.0})


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_parameters_must_be_positive_which_their_symbols_assume(value):
    with pytest.raises(ValueError, match=r"parameters\['shift'\] must be positive and finite"):
        loss("Abs(prediction - target - shift)", parameters={"shift": value})
    with pytest.raises(ValueError, match=r"delta'? must be positive"):
        huber(value)


@pytest.mark.parametrize("name", ["prediction", "target"])
def test_a_parameter_must_not_be_called_like_a_variable(name):
    with pytest.raises(ValueError, match=f"must not be called '{name}'"):
        Loss("mine", (PREDICTION - TARGET) ** 2, {name: 1.0})


def test_the_slope_of_softplus_is_no_quotient_of_exponentials():
    """exp(p)/(exp(p) + exp(y)) is nan from p = 710 on."""
    slope = loss(SOFTPLUS).derivative
    assert float(slope.subs({PREDICTION: 10**4, TARGET: 0})) == 1
    assert slope.atoms(sp.exp) == {sp.exp(TARGET - PREDICTION)}


def test_a_loss_shows_its_formula_in_a_notebook():
    assert squared()._repr_latex_().startswith("$\\displaystyle")
    assert "delta" in huber()._repr_latex_()
