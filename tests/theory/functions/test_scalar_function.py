"""What losses, margin losses and activations share: derivatives in stable form, and refusals."""

import mpmath as mp
import pytest
import sympy as sp

from theory.functions.activations import PREACTIVATION, Activation, activation
from theory.functions.losses import Loss
from theory.functions.margin_losses import MARGIN, MarginLoss, margin_loss
from theory.functions.scalar_function import ScalarFunction, parse

EXPRESSIONS = [
    "log(1 + exp(beta*margin))/beta",
    "margin/(1 + exp(-beta*margin))",
    "1/(1 + exp(2 - margin))",
    "log(1 + exp(-margin))*sin(margin)",
    "Max(margin - beta, 0)**2",
    "Max(margin, beta)",
    "Piecewise((margin**3, margin > 1), (margin**2, True))",
    "exp(-margin**2)",
]
POINTS = ["-31.3", "-1.7", "-0.4", "0.3", "1.1", "29.1"]


@pytest.mark.parametrize("text", EXPRESSIONS)
@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_against_differences(text, order):
    made = margin_loss(text, parameters={"beta": 0.7})
    found = {1: made.derivative, 2: made.second_derivative}[order]
    with mp.workdps(60):
        value, slope = (
            sp.lambdify(MARGIN, made.with_values(x), "mpmath") for x in (made.expression, found)
        )
        for point in map(mp.mpf, POINTS):
            h = mp.mpf(10) ** -15
            ahead, here, behind = value(point + h), value(point), value(point - h)
            difference = (ahead - behind) / (2 * h)
            if order == 2:
                difference = (ahead - 2 * here + behind) / h**2
            # Truncation h^2 = 1e-30 times derivatives below 1e4; with_values has 15 digits.
            error = abs(slope(point) - difference)
            assert error < mp.mpf(10) ** -13 * max(1, abs(difference))


def test_slopes_of_sigmoids_are_no_quotients_of_overflows():
    slope = activation("preactivation/(1 + exp(-preactivation))").derivative
    for place, limit in ((-800.0, 0.0), (800.0, 1.0)):
        assert float(slope.subs(PREACTIVATION, place)) == pytest.approx(limit, abs=1e-300)
    # In float64, without sympy's wide exponents.
    compiled = sp.lambdify(PREACTIVATION, slope, "numpy")
    import numpy as np

    with np.errstate(over="ignore"):
        assert compiled(np.float64(-800.0)) == 0.0
        assert compiled(np.float64(800.0)) == 1.0


def test_no_derivative_has_functions_that_kernels_do_not_know():
    for text in EXPRESSIONS:
        made = margin_loss(text, parameters={"beta": 0.7})
        for expression in (made.derivative, made.second_derivative):
            foreign = [x for x in expression.atoms(sp.Function) if x.__class__.__name__[0] == "_"]
            assert not foreign
            assert not expression.has(sp.Heaviside, sp.Derivative)


@pytest.mark.parametrize(
    ("kind", "article"),
    [(Loss, "a loss"), (MarginLoss, "a margin loss"), (Activation, "an activation")],
)
def test_a_parameter_is_not_called_like_a_variable(kind, article):
    variable = kind.VARIABLES[0]
    with pytest.raises(ValueError, match=f"not be called '{variable}', which {article} is of"):
        kind("mine", variable**2, {variable.name: 1.0})


@pytest.mark.parametrize("kind", [Loss, MarginLoss, Activation])
def test_messages_name_the_kind(kind):
    with pytest.raises(ValueError, match=f"{kind.KIND} 'mine' may contain .*, got other$"):
        kind("mine", sp.Symbol("other") + kind.VARIABLES[0])
    with pytest.raises(ValueError, match=f"{kind.KIND} '1 \\+': it must be one formula"):
        parse(kind, "1 +", None)


def test_values_replace_parameters():
    made = margin_loss("gamma*margin**2 + S", parameters={"gamma": 2.0, "S": 3.0})
    assert made.with_values(made.expression) == 2 * MARGIN**2 + 3
    assert isinstance(made, ScalarFunction)
    assert "gamma" in made._repr_latex_()
