"""Valid calls of :mod:`numerics`: linear networks, and what is measured of them."""

import numpy as np
from kinds import Call
from valid_objects import layers, run_of, state, task

import numerics

_RUN = {
    "state": "object",
    "task": "object",
    "learning_rate": "positive",
    "dynamics": "word",
    "update": "word",
    "loss": "expression",
    "dtype": "word",
}
_DIMENSIONS = {"d_in": "count", "d_out": "count"}
_START = {
    **_DIMENSIONS,
    "width": "width",
    "init_variance": "positive",
    "init_variance2": "positive?",
    "rng": "rng",
}


def _trainer():
    return numerics.Trainer(state(), task(), learning_rate=0.01)


def _draw(width):
    return lambda: {"d_in": 4, "d_out": 3, "width": width, "init_variance": 0.1, "rng": 0}


def _layers():
    W1, W2 = layers()
    return {"W1": W1, "W2": W2}


def _matrices():
    W1, W2 = layers()
    return {"C1": W1.T @ W1, "C2": W2 @ W2.T}


def _closed_form():
    return {"A0": np.zeros((2, 3)), "target": np.ones((2, 3)), "c1": 0.1}


def _lift():
    return numerics.self_consistent_lift(np.zeros((4, 6)), 0.1)


def _on_task():
    return {"state": state(), "task": task(), "times": [0.0, 0.1]}


CALLS = {
    # What is learned.
    "numerics.Task": Call(
        lambda: numerics.Task,
        lambda: {"target": np.ones((4, 6)), "truth": np.ones((4, 6))},
        {
            "target": "matrix",
            "truth": "matrix",
            "inputs": "matrix?",
            "mask": "object?",
            "test_mask": "object?",
            "name": "text",
        },
    ),
    **{
        f"numerics.Task.{name}": Call(
            lambda name=name: getattr(task(), name), lambda: {"A": np.ones((4, 6))}, {"A": "matrix"}
        )
        for name in ("predictions", "train_error", "test_error")
    },
    "numerics.low_rank_recovery": Call(
        lambda: numerics.low_rank_recovery,
        lambda: {"d_in": 6, "rank": 2, "rng": 0},
        {"d_in": "count", "d_out": "count?", "rank": "count", "noise": "nonnegative", "rng": "rng"},
    ),
    "numerics.low_rank_from_spectrum": Call(
        lambda: numerics.low_rank_from_spectrum,
        lambda: {"singular_values": [2.0, 1.0], "d_in": 6, "d_out": 4, "noise": 1.0, "rng": 0},
        {"singular_values": "vector", **_DIMENSIONS, "noise": "nonnegative", "rng": "rng"},
    ),
    "numerics.matrix_completion": Call(
        lambda: numerics.matrix_completion,
        lambda: {
            "d_in": 6,
            "d_out": 4,
            "rank": 2,
            "fraction_observed": 0.5,
            "noise": 0.1,
            "rng": 0,
        },
        {
            **_DIMENSIONS,
            "rank": "count",
            "fraction_observed": "share",
            "noise": "nonnegative",
            "rng": "rng",
        },
    ),
    "numerics.linear_regression": Call(
        lambda: numerics.linear_regression,
        lambda: {"truth": np.ones((2, 3)), "covariance": np.eye(3), "n_samples": 5, "rng": 0},
        {
            "truth": "matrix",
            "covariance": "matrix",
            "noise": "nonnegative",
            "n_samples": "count?",
            "rng": "rng?",
        },
    ),
    # Where a network starts.
    "numerics.NetworkState": Call(
        lambda: numerics.NetworkState,
        lambda: {**_layers(), "c1": 1.0, "c2": 1.0, "width": 5},
        {
            "W1": "matrix",
            "W2": "matrix",
            "c1": "nonnegative?",
            "c2": "nonnegative?",
            "width": "width or inf?",
            "kind": "text",
        },
    ),
    "numerics.NetworkState.from_run": Call(
        lambda: numerics.NetworkState.from_run, lambda: {"run": run_of()}, {"run": "object"}
    ),
    "numerics.NetworkState.compressed": Call(lambda: state().compressed, dict, {}),
    "numerics.NetworkState.expanded": Call(
        lambda: state().expanded, lambda: {"start": state()}, {"start": "object"}
    ),
    "numerics.random_state": Call(lambda: numerics.random_state, _draw(12), _START),
    "numerics.explicit_weights": Call(
        lambda: numerics.explicit_weights, _draw(5), _START | {"width": "count"}
    ),
    "numerics.wishart_factor": Call(lambda: numerics.wishart_factor, _draw(12), _START),
    "numerics.self_consistent_lift": Call(
        lambda: numerics.self_consistent_lift,
        lambda: {"A0": np.ones((2, 3)), "c1": 1.0},
        {"A0": "matrix", "c1": "nonnegative", "c2": "nonnegative?"},
    ),
    "numerics.balanced_factor": Call(
        lambda: numerics.balanced_factor, lambda: {"A0": np.ones((2, 3))}, {"A0": "matrix"}
    ),
    "numerics.lambda_balanced": Call(
        lambda: numerics.lambda_balanced,
        lambda: {
            "d_in": 3,
            "d_out": 2,
            "width": 2,
            "imbalance": 0.5,
            "singular_values": 0.1,
            "target": np.ones((2, 3)),
            "rng": 0,
        },
        {
            "d_in": "count",
            "d_out": "count",
            "width": "count",
            "imbalance": "real",
            "singular_values": "numbers",
            "target": "matrix?",
            "rng": "rng",
        },
    ),
    # Training it.
    "numerics.train": Call(
        lambda: numerics.train,
        lambda: {"state": state(), "task": task(), "learning_rate": 0.01, "iterations": 2},
        _RUN | {"iterations": "count", "observe": "words", "every": "count", "compress": "flag"},
    ),
    "numerics.Trainer": Call(
        lambda: numerics.Trainer,
        lambda: {"state": state(), "task": task(), "learning_rate": 0.01},
        _RUN,
    ),
    "numerics.Trainer.advance": Call(
        lambda: _trainer().advance, lambda: {"steps": 2}, {"steps": "count"}
    ),
    "numerics.Trainer.place": Call(
        lambda: _trainer().place,
        lambda: {"matrices": list(_trainer().weights)},
        {"matrices": "many"},
    ),
    "numerics.Trainer.rates": Call(
        lambda: _trainer().rates,
        lambda: {"out": tuple(np.empty_like(x) for x in _trainer().weights)},
        {"out": "many"},
    ),
    "numerics.Trainer.snapshot": Call(lambda: _trainer().snapshot, dict, {"copy": "flag"}),
    "numerics.stability_limit": Call(
        lambda: numerics.stability_limit,
        lambda: {"task": task(), "threshold": 0.1},
        {"task": "object", "threshold": "nonnegative", "loss": "expression?"},
    ),
    "numerics.gradient_flow": Call(
        lambda: numerics.gradient_flow,
        _on_task,
        {
            "state": "object",
            "task": "object",
            "times": "times",
            "dynamics": "word",
            "loss": "expression",
            "rtol": "share",
            "atol": "positive",
            "keep_weights": "flag",
        },
    ),
    "numerics.ClosedForm": Call(
        lambda: numerics.ClosedForm,
        _closed_form,
        {"A0": "matrix", "target": "matrix", "c1": "nonnegative", "c2": "nonnegative?"},
    ),
    "numerics.ClosedForm.__call__": Call(
        lambda: numerics.ClosedForm(**_closed_form()), lambda: {"time": 1.0}, {"time": "time"}
    ),
    "numerics.ClosedForm.core": Call(
        lambda: numerics.ClosedForm(**_closed_form()).core, lambda: {"time": 1.0}, {"time": "time"}
    ),
    "numerics.ClosedForm.from_state": Call(
        lambda: numerics.ClosedForm.from_state,
        lambda: {"state": _lift(), "task": task()},
        {"state": "object", "task": "object"},
    ),
    "numerics.ClosedForm.blocks": Call(
        lambda: numerics.ClosedForm(**_closed_form()).blocks,
        lambda: {"time": 1.0},
        {"time": "time"},
    ),
    "numerics.closed_form": Call(
        lambda: numerics.closed_form,
        lambda: {**_closed_form(), "times": [0.5, 1.0]},
        {
            "A0": "matrix",
            "target": "matrix",
            "times": "times",
            "c1": "nonnegative",
            "c2": "nonnegative?",
        },
    ),
    "numerics.closed_form_flow": Call(
        lambda: numerics.closed_form_flow,
        lambda: _on_task() | {"state": _lift(), "dynamics": "balanced", "keep_blocks": True},
        {
            "state": "object",
            "task": "object",
            "times": "times",
            "dynamics": "word",
            "keep_blocks": "flag",
        },
    ),
    "numerics.single_mode": Call(
        lambda: numerics.single_mode,
        lambda: {"target": 2.0, "start": 0.0, "threshold": 0.1, "time": [0.5, 1.0]},
        dict.fromkeys(("target", "start", "threshold"), "numbers") | {"time": "numbers or inf"},
    ),
    "numerics.figure1": Call(
        lambda: numerics.figure1,
        lambda: {"d": 12, "rank": 2, "iterations": 2},
        {
            "d": "count",
            "rank": "count",
            "gamma_sigma2": "real",
            "gamma_w": "real",
            "iterations": "count",
            "seed": "seed",
            "update": "word",
            "scheme": "word",
            "learning_rate": "positive?",
            "progress": "callable",
            "timings": "object?",
        },
    ),
    # What is measured of it.
    "numerics.singular_values": Call(
        lambda: numerics.singular_values, lambda: {"A": np.ones((2, 3))}, {"A": "matrix"}
    ),
    "numerics.stable_rank": Call(
        lambda: numerics.stable_rank, lambda: {"A": np.ones((2, 3))}, {"A": "matrix"}
    ),
    **{
        f"numerics.{name}": Call(
            lambda name=name: getattr(numerics, name),
            lambda: {"A": layers()[0], "target": layers()[0] + 1, "rank": 2},
            {"A": "matrix", "target": "matrix", "rank": "count"},
        )
        for name in ("subspace_alignment", "mode_overlap")
    },
    "numerics.ntk_norm": Call(
        lambda: numerics.ntk_norm, _matrices, {"C1": "matrix", "C2": "matrix"}
    ),
    "numerics.ntk_change": Call(
        lambda: numerics.ntk_change,
        lambda: {**_matrices(), "C1_0": np.eye(6), "C2_0": np.eye(4)},
        dict.fromkeys(("C1", "C2", "C1_0", "C2_0"), "matrix"),
    ),
    "numerics.balancedness": Call(
        lambda: numerics.balancedness, _layers, {"W1": "matrix", "W2": "matrix"}
    ),
    "numerics.balancedness_drift": Call(
        lambda: numerics.balancedness_drift,
        lambda: {**_layers(), "W1_0": np.ones((5, 6)), "W2_0": np.ones((4, 5))},
        dict.fromkeys(("W1", "W2", "W1_0", "W2_0"), "matrix"),
    ),
}
