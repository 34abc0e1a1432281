"""The text of network kernels: what is shared, what tells kernels apart, whose names they use."""

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
    text = function_text(activation_module(made), "apply")
    assert text.count("decay(") == 1
    assert "math.exp(" not in text


def test_loss_slope_and_curvature_share_one_exponential():
    text = function_text(frozen_flow_module(softplus_hinge()), "evaluate")
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


def test_parameters_may_be_called_like_the_variables_of_the_loop():
    names = ("k", "values", "slopes", "scale", "value", "slope", "parameters")
    text = "*".join(names) + "*preactivation"
    made = activation(text, parameters=dict.fromkeys(names, 2.0))
    compile(activation_module(made).source, "activation", "exec")
    for name in names[:4]:
        assert f"{name} = parameters[" not in activation_module(made).source
    names = ("outputs", "labels", "total", "smallest", "curvature")
    text = "exp(-margin)*" + "*".join(names)
    made = margin_loss(text, parameters=dict.fromkeys(names, 2.0))
    assert "total = parameters[" not in frozen_flow_module(made).source


def test_odd_names_give_file_names():
    made = activation("preactivation", name="a/b: " + "x" * 300)
    assert activation_module(made).name.isidentifier()
    assert len(activation_module(made).name) <= 50
