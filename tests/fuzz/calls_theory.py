"""Valid calls of :mod:`theory`."""

import sympy as sp
from kinds import Call
from valid_objects import derivation

import theory

_FUNCTION = {"expression": "expression", "name": "text", "parameters": "mapping?"}
_LOSS = _FUNCTION | {"curvature": "positive?"}
_PREDICTION = sp.Symbol("prediction", real=True)

CALLS = {
    "theory.derive": Call(
        lambda: theory.derive, lambda: {"topic": "closed-form"}, {"topic": "word"}, slow=True
    ),
    "theory.latex_document": Call(
        lambda: theory.latex_document,
        lambda: {"derivations": [derivation()]},
        {"derivations": "many"},
        slow=True,
    ),
    "theory.Derivation.latex": Call(lambda: derivation().latex, dict, {}),
    "theory.boundaries": Call(lambda: theory.boundaries, dict, {}),
    "theory.crossing_time": Call(lambda: theory.crossing_time, dict, {}),
    "theory.Boundary.finite": Call(
        lambda: theory.boundaries()[0].finite, lambda: {"level": 2}, {"level": "exponent"}
    ),
    "theory.symbolic_regime": Call(
        lambda: theory.symbolic_regime,
        lambda: {"gamma_sigma2": -1.5, "gamma_w": 2},
        dict.fromkeys(("gamma_sigma2", "gamma_w", "p", "q", "kappa", "gap"), "exponent"),
    ),
    "theory.relative_kernel_change": Call(
        lambda: theory.relative_kernel_change,
        lambda: {"singular_values": [1, 2], "threshold": 1},
        {
            "singular_values": "exponents",
            "threshold": "exponent",
            "d_in": "exponent",
            "d_out": "exponent",
        },
    ),
    "theory.depth_rate": Call(
        lambda: theory.depth_rate,
        lambda: {"depth": 3, "s": 1},
        {"depth": "whole", "s": "real", "digits": "whole"},
    ),
    "theory.depth_rate_coefficients": Call(
        lambda: theory.depth_rate_coefficients,
        lambda: {"depth": 3, "count": 2},
        {"depth": "whole", "count": "whole"},
    ),
    "theory.predicted_exponents": Call(
        lambda: theory.predicted_exponents, lambda: {"depth": 2}, {"depth": "exponent"}
    ),
    "theory.crossover_mapping": Call(
        lambda: theory.crossover_mapping,
        lambda: {"input_divisor": 1},
        {"input_divisor": "exponent?", "loss_divisor": "exponent?"},
    ),
    "theory.CrossoverMapping.inverse": Call(
        lambda: theory.crossover_mapping().inverse,
        lambda: {"init_variance": 1, "width": 2},
        {"init_variance": "exponent", "width": "exponent"},
    ),
    "theory.loss": Call(
        lambda: theory.loss,
        lambda: {"expression": "(prediction - target)**2"},
        _LOSS,
        {"expression": "loss"},
    ),
    "theory.Loss": Call(
        lambda: theory.Loss,
        lambda: {"name": "mine", "expression": _PREDICTION**2},
        _LOSS,
        {"expression": "loss"},
    ),
    "theory.Loss.with_values": Call(
        lambda: theory.huber().with_values,
        lambda: {"expression": _PREDICTION},
        {"expression": "exponent"},
    ),
    "theory.huber": Call(lambda: theory.huber, lambda: {"delta": 2.0}, {"delta": "positive"}),
    "theory.squared": Call(lambda: theory.squared, dict, {}),
    "theory.log_cosh": Call(lambda: theory.log_cosh, dict, {}),
    "theory.margin_loss": Call(
        lambda: theory.margin_loss,
        lambda: {"expression": "exp(-margin)"},
        _LOSS,
        {"expression": "loss"},
    ),
    "theory.MarginLoss": Call(
        lambda: theory.MarginLoss,
        lambda: {"name": "mine", "expression": sp.exp(-sp.Symbol("margin", real=True))},
        _LOSS,
        {"expression": "loss"},
    ),
    "theory.activation": Call(
        lambda: theory.activation,
        lambda: {"expression": "tanh(preactivation)"},
        _FUNCTION,
        {"expression": "activation"},
    ),
    "theory.Activation": Call(
        lambda: theory.Activation,
        lambda: {"name": "mine", "expression": sp.tanh(sp.Symbol("preactivation", real=True))},
        _FUNCTION,
        {"expression": "activation"},
    ),
}
