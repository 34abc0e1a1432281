"""The polynomials of exp(-x) and log(1 + e), run as plain Python on numpy's floats."""

import math

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from sympy.codegen.cfunctions import log1p

from theory.kernels.fast_exponentials import fast_exponentials, with_fast_exponentials

EPS = np.finfo(float).eps


def compiled():
    lines = [line for line in fast_exponentials() if not line.startswith("@")]
    names = {"np": np}
    exec("\n".join(lines), names)
    return names["decay"], names["log_one_plus"]


decay, log_one_plus = compiled()


@given(st.floats(0, 708))
def test_decay_to_round_off(x):
    with mp.workdps(40):
        # The polynomial and its product with a power of 2: 2 roundings.
        assert abs(decay(x) / mp.exp(-mp.mpf(x)) - 1) < 2 * EPS


@given(st.floats(1e-300, 1))
def test_log_one_plus_to_round_off(e):
    with mp.workdps(40):
        exact = mp.log1p(mp.mpf(e))
        # A quotient, three products and the polynomial.
        assert abs(log_one_plus(e) - exact) <= 3 * EPS * exact


def test_ends():
    assert decay(0.0) == 1.0
    assert log_one_plus(0.0) == 0.0
    assert 0 < decay(709.0) == decay(1e300) == decay(math.inf) < 1e-307
    assert math.isnan(decay(math.nan))
    assert math.isnan(log_one_plus(math.nan))


def test_only_arguments_of_known_sign_are_replaced():
    z, beta = sp.Symbol("z", real=True), sp.Symbol("beta", positive=True)
    for expression in (
        sp.exp(z),
        sp.exp(beta),
        log1p(z),
        log1p(sp.exp(z)),
        sp.exp(-sp.Symbol("w")),
    ):
        assert with_fast_exponentials(expression) == expression
    replaced = {sp.exp(-beta): "decay(beta)", sp.exp(-beta * z**2): "decay(beta*z**2)"}
    replaced[log1p(sp.exp(-beta * sp.Abs(z)))] = "log_one_plus(decay(beta*abs(z)))"
    for expression, text in replaced.items():
        assert sp.pycode(with_fast_exponentials(expression)) == text


def test_no_call_of_the_mathematical_library_is_left():
    assert not [line for line in fast_exponentials() if "math." in line]


@pytest.mark.parametrize("name", ["decay", "log_one_plus"])
def test_both_are_defined_once(name):
    assert sum(line.startswith(f"def {name}(") for line in fast_exponentials()) == 1
