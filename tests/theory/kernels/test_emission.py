"""Generated scalar code: stable, exact to rounding, and printed alike in every process."""

import dataclasses
import math
import os
import subprocess
import sys

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from theory.algebra.stable_form import StableForm
from theory.functions.losses import PREDICTION, TARGET, huber, log_cosh, loss
from theory.kernels import emission as ks

EPS = np.finfo(float).eps
X, Y = sp.symbols("x y", real=True)


def computed(expression, **values):
    """Evaluate the code printed for an expression in floating point, in plain Python."""
    scope = {"math": math, **values}
    exec("\n".join(ks.scalar_lines({"result": expression})), scope)
    return scope["result"]


def kernel_function(kernel):
    """Return a kernel's functions, interpreted in place of compiled."""
    scope = {"math": math, "np": np, "njit": lambda **_: lambda function: function}
    exec(kernel.source.replace("from numba import njit", ""), scope)
    return scope[kernel.functions[0]]


@pytest.mark.parametrize(
    ("expression", "exact"),
    [
        (sp.log(sp.cosh(X)), lambda x: mp.log(mp.cosh(x))),
        (sp.log(1 + sp.exp(X)), lambda x: mp.log(1 + mp.exp(x))),
        (sp.exp(X) - 1, mp.expm1),
        (sp.log(1 + sp.Abs(X)), lambda x: mp.log1p(abs(x))),
    ],
)
@pytest.mark.parametrize("size", [1e-300, 1e-12, 1e-8, 1e-3, 0.5, 0.999, 1.0, 3.0, 40.0, 700.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_printed_code_is_exact_to_rounding(expression, exact, size, sign):
    x = sign * size
    with mp.workdps(650):  # log cosh(1e-300) is 1e-600
        expected = exact(mp.mpf(x))
        # six elementary operations, none of which cancels; below 1e-308 only the exponent counts
        assert abs(computed(expression, x=x) - expected) <= max(6 * EPS * abs(expected), 1e-320)


@pytest.mark.parametrize("x", [1e4, -1e4, 1e300, -1e300])
def test_nothing_overflows(x):
    # math.exp and math.cosh raise where they overflow
    assert computed(sp.log(sp.cosh(X)), x=x) == abs(x) - (math.log(2) if abs(x) < 1e10 else 0)
    assert computed(sp.log(1 + sp.exp(X)), x=x) == max(x, 0.0)
    assert computed(sp.tanh(X), x=x) == math.copysign(1, x)


def test_losses_at_a_large_residual():
    values = {"prediction": 1e4, "target": 0.0}
    assert computed(log_cosh().expression, **values) == 1e4 - math.log(2)
    assert computed(log_cosh().derivative, **values) == 1.0
    softplus = loss("log(1 + exp(prediction - target))")
    assert computed(softplus.expression, **values) == 1e4
    assert computed(softplus.derivative, **values) == 1.0
    assert computed(huber(0.5).derivative, **values, delta=0.5) == 0.5


def test_the_sign_of_zero_is_zero():
    sign = sp.sign(X)
    assert [computed(sign, x=x) for x in (-2.5, -0.0, 0.0, 1e-300)] == [-1, 0, 0, 1]
    slope = loss("Abs(prediction - target)").derivative
    assert computed(slope, prediction=1.5, target=1.5) == 0


def test_common_parts_are_computed_once():
    lines = ks.scalar_lines({"a": sp.sqrt(X**2 + Y) + 1, "b": 1 / sp.sqrt(X**2 + Y)})
    assert sum("sqrt" in line for line in lines) == 1
    scope = {"math": math, "x": 3.0, "y": 16.0}
    exec("\n".join(lines), scope)
    assert (scope["a"], scope["b"]) == (6.0, 0.2)


FORM = StableForm((X, Y), ((sp.Symbol("m"), X * Y),), {"total": sp.Symbol("m") + X})


def test_a_scalar_kernel_maps_arrays_entry_by_entry():
    kernel = ks.scalar_kernel("demo", FORM)
    assert kernel.functions == ("demo",)
    x, y = np.array([1.0, 2.0, -3.0]), np.array([4.0, 0.5, 2.0])
    out = np.full(3, np.nan)
    kernel_function(kernel)(x, y, out)
    assert out.tolist() == [5.0, 3.0, -9.0]


def test_a_module_carries_its_name_and_compiles():
    kernel = ks.scalar_kernel("demo", FORM)
    assert kernel.source.startswith('"""demo')
    assert "njit(cache=True" in kernel.source
    compile(kernel.source, "demo", "exec")


def test_intermediate_values_stay_as_they_were_written():
    """Multiplied out, (x - y)(x + y) would cancel; a name keeps it apart."""
    gap, total = sp.symbols("gap total")
    form = StableForm((X, Y), ((gap, X - Y), (total, X + Y)), {"out": gap * total})
    out = np.empty(1)
    kernel_function(ks.scalar_kernel("difference", form))(
        np.array([1 + 2**-50]), np.array([1.0]), out
    )
    # exact: (2^-50)(2 + 2^-50), rounded once
    assert out[0] == 2**-50 * (2 + 2**-50)
    assert form.expand(form.outputs["out"]) == (X - Y) * (X + Y)


def test_an_array_module_returns_whole_arrays():
    form = StableForm((X, Y), (), {"root": sp.sqrt(X) + Y, "w": sp.LambertW(X)})
    kernel = ks.array_kernel("demo", form)
    scope = {}
    exec(kernel.source, scope)
    root, w = scope["demo"](np.array([1.0, 4.0]), np.array([[1.0], [2.0]]))
    assert root.tolist() == [[2.0, 3.0], [3.0, 4.0]]
    np.testing.assert_allclose(w * np.exp(w), [1.0, 4.0], rtol=4 * EPS)
    assert w.dtype == float
    assert scope["OUTPUTS"] == ("root", "w")


def test_the_fingerprint_is_that_of_the_text():
    one, same = (ks.scalar_kernel("demo", FORM) for _ in range(2))
    other = ks.scalar_kernel("demo", dataclasses.replace(FORM, outputs={"total": X - Y}))
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert set(one.fingerprint) <= set("0123456789abcdef")
    assert len(one.fingerprint) == 16


def test_a_text_depends_on_arguments_alone():
    """A function made inside another one holds values that no key sees."""
    with pytest.raises(ValueError, match="body must be a function of a module, got .*<lambda>"):
        ks.KernelModule("demo", ("demo",), lambda: "")


PROGRAM = """
from theory.kernels.descent_loop import descent_system, training_module
from theory.kernels.emission import scalar_kernel
from theory.functions.losses import huber
from theory.dynamics.single_mode import stable_mode
kernels = scalar_kernel("single_mode", stable_mode), training_module(descent_system(), huber())
print(*(kernel.fingerprint for kernel in kernels))
print(*(kernel.source for kernel in kernels))
"""


def test_text_and_fingerprint_do_not_depend_on_the_hash_seed():
    """A second process must find what the first one wrote."""
    answers = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert answers[0] == answers[1]
    assert "def single_mode(" in answers[0]


def test_arguments_of_a_printed_expression_keep_their_names():
    assert ks.printed(PREDICTION - TARGET) == "prediction - target"
    assert ks.printed(sp.Max(X, 0)).startswith("max(")
