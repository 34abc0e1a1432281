"""Printed arithmetic of networks: what is shared, what tells kernels apart, whose names it uses."""

import pytest

from theory.functions.activations import activation, identity, relu, silu, softplus, tanh
from theory.functions.margin_losses import margin_loss, softplus_hinge, squared_hinge
from theory.kernels.network_functions import activation_module, frozen_flow_module


def function_text(module, name):
    start = module.source.index(f"def {name}(")
    end = module.source.find("@njit", start)
    return module.source[start : end if end > 0 else None]


@pytest.mark.parametrize("made", [softplus(), silu()])
def test_value_and_slope_share_one_exponential(made):
    text = function_text(activation_module(made), "activation_with_slope")
    assert text.count("decay(") == 1
    assert "math.exp(" not in text


def test_loss_slope_and_curvature_share_one_exponential():
    text = function_text(frozen_flow_module(softplus_hinge()), "margin_terms")
    assert text.count("decay(") == 1
    assert "math." not in text


def test_a_new_value_of_a_parameter_needs_no_new_kernel():
    assert activation_module(softplus(2.0)).fingerprint == activation_module(softplus()).fingerprint
    assert (
        frozen_flow_module(softplus_hinge(3.0)).fingerprint
        == frozen_flow_module(softplus_hinge()).fingerprint
    )


def test_other_expressions_have_other_kernels():
    marks = [activation_module(x()).fingerprint for x in (softplus, relu, tanh, silu, identity)]
    marks += [frozen_flow_module(x()).fingerprint for x in (softplus_hinge, squared_hinge)]
    assert len(set(marks)) == len(marks)


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (lambda text, values: activation(text, parameters=values), "activation_with_slope"),
        (lambda text, values: margin_loss(text, parameters=values), "margin_terms"),
    ],
)
def test_parameters_may_be_called_like_anything_in_the_printed_text(made, name):
    names = ("value", "slope", "curvature", "common_0", "parameters", "x", "t")
    variable = "preactivation" if name == "activation_with_slope" else "margin"
    module = activation_module if name == "activation_with_slope" else frozen_flow_module
    kernel = module(made("*".join(names) + f"*exp(-{variable})", dict.fromkeys(names, 2.0)))
    scope = {"njit": lambda **_: lambda function: function}
    exec("import math\nimport numpy as np\n" + kernel.source.split("import njit")[1], scope)
    constants = scope["constants_of"]([2.0] * len(names))
    value, slope, *_ = scope[name](0.0, *constants)
    assert (value, slope) == (2.0 ** len(names), -(2.0 ** len(names)))


def test_odd_names_give_file_names():
    made = activation("preactivation", name="a/b: " + "x" * 300)
    assert activation_module(made).name.isidentifier()
    assert len(activation_module(made).name) <= 50
