"""Scalar functions are printed as they were written, or with their common parts computed once."""

import math

import pytest
import sympy as sp

from theory.algebra.stable_form import StableForm
from theory.kernels.arithmetic import form_function, stage_function, step_function, tuple_function
from theory.kernels.error_grid import grid_module
from theory.kernels.mode_recursion import second_order_module, stopping_module

X, Y = sp.symbols("x y", real=True)


def made(lines, name):
    scope = {"math": math, "njit": lambda **_: lambda function: function}
    exec("\n".join(lines), scope)
    return scope[name]


def test_a_form_keeps_its_names_apart():
    gap, total = sp.symbols("gap total")
    form = StableForm((X, Y), ((gap, X - Y), (total, X + Y)), {"out": gap * total, "gap": gap})
    function = made(form_function("difference", form), "difference")
    # exact: (2^-50)(2 + 2^-50), rounded once
    assert function(1 + 2**-50, 1.0) == (2**-50 * (2 + 2**-50), 2**-50)


def test_a_step_computes_common_parts_once():
    lines = step_function("both", (X, Y), {"a": sp.sqrt(X**2 + Y) + 1, "b": 1 / sp.sqrt(X**2 + Y)})
    assert sum("sqrt" in line for line in lines) == 1
    assert made(lines, "both")(3.0, 16.0) == (6.0, 0.2)


def test_a_stage_is_chosen_by_its_number_and_zeros_stay_zeros():
    function = made(stage_function("move", (X, Y), [(X + Y, 0), (0, X * Y)]), "move")
    assert function(0, 2.0, 5.0) == (7.0, 0.0)
    assert function(1, 2.0, 5.0) == (0.0, 10.0)


@pytest.mark.parametrize("size", [0, 1, 3])
def test_a_tuple_has_the_first_entries(size):
    assert made(tuple_function("first", "values", size), "first")([4, 5, 6]) == (4, 5, 6)[:size]


@pytest.mark.parametrize("module", [grid_module, second_order_module])
def test_each_order_of_update_has_its_arithmetic(module):
    both, turns = module("simultaneous"), module("sequential")
    assert both.functions == turns.functions
    assert both.fingerprint != turns.fingerprint
    assert stopping_module().fingerprint not in (both.fingerprint, turns.fingerprint)
