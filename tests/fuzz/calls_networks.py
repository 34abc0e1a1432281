"""Valid calls of :mod:`numerics`: nonlinear networks, images and sweeps."""

import numpy as np
from kinds import Call, temporary
from valid_objects import data_of_labels, image_pool, network, weights

import numerics

_INPUTS = {"weights": "many", "X": "matrix"}
_IMAGES = {
    "name": "text",
    "classes": "object?",
    "labels": "word",
    "n_train": "count",
    "n_test": "count",
    "split": "word",
    "center": "word",
    "seed": "seed",
}
_RULE = {
    "method": "word",
    **dict.fromkeys(
        (
            "output_change",
            "output_error",
            "gradient_change",
            "path_share",
            "stability_share",
            "weight_share",
        ),
        "positive",
    ),
}
_CELL = {"cell": "object"}
_STREAM = {"purpose": "seed", "cell": "object", "axes": "words"}


def _inputs():
    return {"weights": weights(), "X": data_of_labels()[0]}


def _labelled():
    X, y = data_of_labels()
    return {
        "network": network(),
        "X": X,
        "y": y,
        "start": weights(),
        "alpha": 10.0,
        "max_steps": 200,
    }


def _convolutional():
    return numerics.Convolutional((6, 6), 2, 1)


def _plan():
    return numerics.SweepPlan(
        gamma_sigma2=-1.5, gamma_w="1:2:2", d=8, rank=2, iterations=3, replicates=1
    )


def _crossover():
    return numerics.CrossoverSweep(
        depth=1, width=8, scaled_alpha=1.0, seeds=1, n_train=10, n_test=5
    )


def _of_sweep(prefix, plan, own):
    """Return the calls of what every sweep offers, and of a kind's own."""
    settings = {"settings": "object"}
    calls = {
        "cell": (lambda p: p.cell, lambda p: {"index": 0}, {"index": "whole"}),
        "cells": (lambda p: p.cells, lambda p: {}, {}),
        "check_cell": (
            lambda p: p.check_cell,
            lambda p: {"cell": p.cell(0)},
            {"cell": "object", "axes": "words?"},
        ),
        "cost": (lambda p: p.cost, lambda p: {"cell": p.cell(0)}, _CELL),
        "run": (lambda p: p.run, lambda p: {"cell": p.cell(0)}, _CELL),
        "ingredients": (lambda p: p.ingredients, lambda p: {}, {}),
        "to_json": (lambda p: p.to_json, lambda p: {}, {}),
        "from_json": (
            lambda p: type(p).from_json,
            lambda p: {"text": p.to_json()},
            {"text": "word"},
        ),
        "from_mapping": (
            lambda p: type(p).from_mapping,
            lambda p: {"settings": {"seed": 1}},
            settings,
        ),
        "tail_shape": (
            lambda p: p.tail_shape,
            lambda p: {"name": next(iter(p.variables))},
            {"name": "word"},
        ),
        "stream": (
            lambda p: p.stream,
            lambda p: {"purpose": 0, "cell": p.cell(0), "axes": tuple(p.axes)},
            _STREAM,
        ),
        "from_toml": (lambda p: type(p).from_toml, lambda p: {"path": _toml()}, {"path": "word"}),
        **own,
    }
    return {
        f"numerics.{prefix}.{name}": Call(
            lambda make=make: make(plan()), lambda valid=valid: valid(plan()), kinds
        )
        for name, (make, valid, kinds) in calls.items()
    }


def _toml():
    path = f"{temporary()}/plan.toml"
    with open(path, "w") as file:
        file.write("seed = 1\n")
    return path


CALLS = {
    # Nonlinear networks.
    "numerics.FullyConnected": Call(
        lambda: numerics.FullyConnected,
        lambda: {"d_in": 3, "width": 4, "depth": 2},
        {"d_in": "count", "width": "count", "depth": "count", "activation": "expression"},
    ),
    **{
        f"numerics.{kind}.{name}": Call(
            lambda make=make, name=name: getattr(make(), name), arguments, kinds
        )
        for kind, make, inputs in (("FullyConnected", network, _inputs),)
        for name, arguments, kinds in (
            ("initial", lambda: {"rng": 0}, {"rng": "rng"}),
            ("outputs", inputs, _INPUTS),
            ("ntk", inputs, _INPUTS | {"Z": "matrix?"}),
            ("gradient", lambda: {**_inputs(), "v": np.ones(6)}, _INPUTS | {"v": "vector"}),
            ("linearisation", lambda: {"X": data_of_labels()[0]}, {"X": "matrix"}),
        )
    },
    "numerics.Convolutional": Call(
        lambda: numerics.Convolutional,
        lambda: {"image_shape": (6, 6), "channels": 2, "depth": 1},
        {
            "image_shape": "listed counts",
            "channels": "count",
            "depth": "count",
            "activation": "expression",
            "kernel_size": "count",
            "padding": "seed",
            "strides": "listed counts?",
            "threads": "count",
        },
    ),
    "numerics.Convolutional.initial": Call(
        lambda: _convolutional().initial, lambda: {"rng": 0}, {"rng": "rng"}
    ),
    "numerics.train_network": Call(
        lambda: numerics.train_network,
        _labelled,
        {
            "network": "object",
            "X": "matrix",
            "y": "vector",
            "start": "many",
            "alpha": "positive",
            "loss": "expression",
            "test": "many",
            "rule": "object",
            "margin": "positive",
            "max_steps": "count",
            "times": "times?",
            "observe": "words",
        },
    ),
    "numerics.frozen_flow": Call(
        lambda: numerics.frozen_flow,
        lambda: {"gram": np.eye(2), "y": np.array([1.0, -1.0])},
        {
            "gram": "matrix",
            "y": "vector",
            "cross": "matrix?",
            "loss": "expression",
            "duration": "positive",
        },
    ),
    "numerics.StepRule": Call(lambda: numerics.StepRule, dict, _RULE),
    "numerics.linear_crossover": Call(
        lambda: numerics.linear_crossover,
        lambda: {
            "thresholds": [1.0, 3.0],
            "widths": [50.0, 100.0],
            "d": 6,
            "rank": 2,
            "replicates": 1,
        },
        {
            "thresholds": "vector",
            "widths": "vector",
            "d": "count",
            "rank": "count",
            "replicates": "count",
            "seed": "seed",
            "learning_rate_divisor": "positive",
        },
    ),
    # Images.
    "numerics.ImagePool": Call(
        lambda: numerics.ImagePool,
        lambda: {"images": image_pool().images, "classes": image_pool().classes},
        {"images": "object", "classes": "object"},
    ),
    "numerics.prepare_images": Call(
        lambda: numerics.prepare_images,
        lambda: {"pool": image_pool(), "name": "mine", "n_train": 10, "n_test": 6},
        {"pool": "object", **_IMAGES},
    ),
    "numerics.load_images": Call(
        lambda: numerics.load_images,
        lambda: {"n_train": 10, "n_test": 6},
        _IMAGES | {"name": "word", "folder": "path?"},
    ),
    "numerics.available_images": Call(lambda: numerics.available_images, dict, {}),
    # Sweeps.
    "numerics.run_sweep": Call(
        lambda: numerics.run_sweep,
        lambda: {"plan": _plan(), "folder": temporary(), "workers": 0},
        {
            "plan": "object",
            "folder": "path",
            "workers": "seed?",
            "scheduler": "word?",
            "resume": "flag",
            "progress": "callable",
        },
    ),
    "numerics.SweepPlan": Call(
        lambda: numerics.SweepPlan,
        dict,
        {
            "gamma_sigma2": "axis",
            "gamma_w": "axis",
            "replicates": "count",
            "d": "count",
            "rank": "count",
            "iterations": "count",
            "learning_rate_divisor": "positive",
            "dynamics": "words",
            "update": "word",
            "scheme": "word",
            "precision": "word",
            "task": "word",
            "curves": "flag",
            "stopping": "object",
            "seed": "seed",
        },
    ),
    "numerics.CrossoverSweep": Call(
        lambda: numerics.CrossoverSweep,
        dict,
        {
            "depth": "counts",
            "width": "counts",
            "scaled_alpha": "axis",
            "seeds": "count",
            "data": "text",
            "folder": "text?",
            "n_train": "count",
            "n_test": "count",
            "data_seed": "seed",
            "architecture": "word",
            "activation": "word",
            "loss": "word",
            "rule": "object",
            "max_steps": "count",
            "seed": "seed",
        },
    ),
    **_of_sweep(
        "SweepPlan",
        _plan,
        {
            "task_stream": (lambda p: p.task_stream, lambda p: {"cell": p.cell(0)}, _CELL),
            "state_stream": (lambda p: p.state_stream, lambda p: {"cell": p.cell(0)}, _CELL),
        },
    ),
    **_of_sweep(
        "CrossoverSweep",
        _crossover,
        {
            "alpha": (lambda p: p.alpha, lambda p: {"cell": p.cell(0)}, _CELL),
            "start": (lambda p: p.start, lambda p: {"cell": p.cell(0)}, _CELL),
            "load": (lambda p: p.load, lambda p: {}, {}),
        },
    ),
    "numerics.Variable": Call(
        lambda: numerics.Variable,
        lambda: {"dtype": "f8", "fill": np.nan, "attrs": {"units": "1"}},
        {"dtype": "word", "fill": "anything", "attrs": "mapping", "tail": "texts"},
    ),
    "numerics.CellPoint": Call(
        lambda: numerics.CellPoint,
        lambda: {"index": 0, "coordinates": {"d": 3}},
        {"index": "whole", "coordinates": "mapping"},
    ),
    "numerics.setting": Call(
        lambda: numerics.setting,
        lambda: {"check": numerics.check_dimension, "default": 3},
        {"check": "callable", "default": "anything"},
    ),
    **{
        f"numerics.check_{name}": Call(
            lambda name=name: getattr(numerics, f"check_{name}"),
            lambda: {"name": "size", "value": 3},
            {"name": "anything", "value": kind},
            {"value": "size"},
        )
        for name, kind in (("dimension", "count"), ("positive", "positive"))
    },
    "numerics.check_choice": Call(
        lambda: numerics.check_choice,
        lambda: {"name": "loss", "value": "huber", "choices": ("squared", "huber")},
        {"name": "anything", "value": "word", "choices": "texts"},
        {"value": "loss"},
    ),
    "numerics.parse_axis": Call(
        lambda: numerics.parse_axis,
        lambda: {"name": "gamma", "value": "0:1:3"},
        {"name": "anything", "value": "axis", "geometric": "flag"},
        {"value": "gamma"},
    ),
    "numerics.parse_counts": Call(
        lambda: numerics.parse_counts,
        lambda: {"name": "width", "value": "1,2"},
        {"name": "anything", "value": "counts"},
        {"value": "width"},
    ),
    "numerics.prepare_cell": Call(
        lambda: numerics.prepare_cell,
        lambda: {"gamma_sigma2": -1.5, "gamma_w": 1.5, "d": 8, "rank": 2},
        {
            "gamma_sigma2": "real",
            "gamma_w": "real",
            "d": "count",
            "rank": "count",
            "seed": "seed",
            "learning_rate_divisor": "positive",
            "learning_rate": "positive?",
        },
    ),
}
