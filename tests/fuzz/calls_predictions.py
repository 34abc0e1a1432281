"""Valid calls of :mod:`numerics`: predictions, the plane of exponents, and advice."""

import numpy as np
from kinds import Call
from valid_objects import advice

import numerics

_DIMENSIONS = {"d_in": "count", "d_out": "count"}
_EXPONENTS = dict.fromkeys(("p", "q", "kappa", "gap"), "real")
_PREDICTED = {
    "rank": "count?",
    "singular_values": "vector?",
    "noise": "nonnegative",
    "update": "word",
    "reference": "word",
    "nodes": "count",
}
_CELL = {"gamma_sigma2": "real", "gamma_w": "real", "d": "count"}

CALLS = {
    "numerics.predict_run": Call(
        lambda: numerics.predict_run,
        lambda: {
            "d_in": 60,
            "d_out": 60,
            "width": 1e6,
            "init_variance": 1e-6,
            "learning_rate": 1e-3,
            "iterations": 5,
            "rank": 2,
        },
        {
            **_DIMENSIONS,
            "width": "width",
            "init_variance": "positive",
            "learning_rate": "positive",
            "iterations": "count",
            "init_variance2": "positive?",
            "stop": "flag",
            "draws": "draws",
            "allow_out_of_range": "flag",
            **_PREDICTED,
        },
    ),
    "numerics.predict_cell": Call(
        lambda: numerics.predict_cell,
        lambda: {"gamma_sigma2": -1.85, "gamma_w": 2.25, "d": 60, "rank": 2, "iterations": 5},
        {
            **_CELL,
            "learning_rate_divisor": "positive",
            "iterations": "count",
            "stop": "flag",
            "draws": "draws",
            "allow_out_of_range": "flag",
            **_PREDICTED,
        },
    ),
    "numerics.predict_grid": Call(
        lambda: numerics.predict_grid,
        lambda: {"gamma_sigma2": [-1.85], "gamma_w": [2.25], "d": 60, "rank": 2, "iterations": 50},
        {
            "gamma_sigma2": "numbers",
            "gamma_w": "numbers",
            "d": "count",
            "variance_ratio": "positive",
            "learning_rate_divisor": "positive",
            "iterations": "count",
            "method": "word",
            "allow_out_of_range": "flag",
            **_PREDICTED,
        },
    ),
    "numerics.paper_stop": Call(
        lambda: numerics.paper_stop,
        lambda: {"train_error": np.ones(5), "test_error": np.ones(5)},
        {"train_error": "vector", "test_error": "vector"},
    ),
    "numerics.typical_singular_values": Call(
        lambda: numerics.typical_singular_values,
        lambda: {"d_in": 6, "d_out": 4, "rank": 2},
        {**_DIMENSIONS, "rank": "count"},
    ),
    "numerics.regime": Call(
        lambda: numerics.regime,
        lambda: {"gamma_sigma2": [-1.5, -1.0], "gamma_w": 2.0},
        {"gamma_sigma2": "numbers", "gamma_w": "numbers", **_EXPONENTS},
    ),
    "numerics.exponent_plane": Call(
        lambda: numerics.exponent_plane,
        lambda: {"points": 5},
        {
            "gamma_sigma2": "pair",
            "gamma_w": "pair",
            **_EXPONENTS,
            "points": "count",
            "d": "count?",
            "rank": "positive?",
            "signal": "positive?",
            "noise": "positive?",
        },
        slow=True,
    ),
    "numerics.advise": Call(
        lambda: numerics.advise,
        lambda: {"d_in": 60, "rank": 2},
        {
            "d_in": "count",
            "d_out": "count?",
            "rank": "count?",
            "singular_values": "vector?",
            "noise": "positive",
            "budget": "count?",
            "learning_rate_share": "share",
            "max_width": "width?",
            "unequal_layers": "flag",
            "update": "word",
            "nodes": "count",
        },
        slow=True,
    ),
    "numerics.check_advice": Call(
        lambda: numerics.check_advice,
        lambda: {"advice": advice(), "runs": 2},
        {"advice": "object", "runs": "count", "seed": "seed"},
        slow=True,
    ),
}
