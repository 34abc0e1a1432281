"""Expressions in torch: the values that NumPy gives, and no overflow where there need be none."""

import sys

import numpy as np
import pytest
import sympy as sp

from numerics.networks.torch_functions import import_torch, torch_function, torch_threads

torch = pytest.importorskip("torch")

z = sp.Symbol("z", real=True)
POINTS = np.concatenate([np.linspace(-4, 4, 41), [-0.5, 0.5, 1e-9]])


def evaluate(expression, points=POINTS):
    found = torch_function(sp.sympify(expression), z)(torch.from_numpy(np.array(points)))
    assert found.dtype == torch.float64
    return found.numpy()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (sp.tanh(z) * sp.sqrt(2) / sp.pi, lambda x: np.tanh(x) * np.sqrt(2) / np.pi),
        (z / (1 + sp.exp(-3 * z)), lambda x: x / (1 + np.exp(-3 * x))),
        (sp.log(1 + sp.exp(5 * z)) / 5, lambda x: np.logaddexp(0, 5 * x) / 5),
        (sp.Max(z, 0, -2 - z), lambda x: np.maximum(np.maximum(x, 0), -2 - x)),
        (sp.Min(1, z), lambda x: np.minimum(1, x)),
        (sp.sqrt(1 + z**2) - 1 / (2 + sp.Abs(z)), lambda x: np.sqrt(1 + x**2) - 1 / (2 + abs(x))),
        (
            sp.Piecewise((z**3, sp.And(z > -1, z < 1)), (sp.sign(z), True)),
            lambda x: np.where((x > -1) & (x < 1), x**3, np.sign(x)),
        ),
        (
            sp.Piecewise((z, z > 1), (-z, sp.Or(z < -1, sp.Eq(z, 0))), (2, True)),
            lambda x: np.where(x > 1, x, np.where((x < -1) | (x == 0), -x, 2.0)),
        ),
        (sp.sin(z) * sp.cosh(z) + sp.atan(z), lambda x: np.sin(x) * np.cosh(x) + np.arctan(x)),
        (
            sp.sqrt(2) * sp.Piecewise((1, z > 0), (0, True)),
            lambda x: np.where(x > 0, np.sqrt(2), 0.0),
        ),
        (sp.sqrt(3), lambda x: np.full_like(x, np.sqrt(3))),
        (z, lambda x: x),
    ],
)
def test_values(expression, expected):
    # Two libraries round each elementary function; a handful of them a value.
    np.testing.assert_allclose(evaluate(expression), expected(POINTS), rtol=1e-14, atol=1e-14)


def test_erf_at_a_known_value():
    # Abramowitz and Stegun, table 7.1
    assert evaluate(sp.erf(z), [1.0])[0] == pytest.approx(0.8427007929, abs=5e-11)


def test_softplus_and_its_slope_neither_overflow_nor_lose_digits():
    softplus = sp.log(1 + sp.exp(5 * z))
    far = [-100.0, -20.0, 7.9, 8.1, 200.0]
    with np.errstate(over="raise"):
        np.testing.assert_allclose(
            evaluate(softplus, far), np.logaddexp(0, 5 * np.array(far)), rtol=1e-15
        )
        slope = evaluate(1 / (1 + sp.exp(-5 * z)), far)
    np.testing.assert_allclose(slope, [np.exp(-500), np.exp(-100), 1, 1, 1], rtol=1e-14)


def test_what_torch_cannot_evaluate_is_named():
    other = sp.Symbol("beta", positive=True)
    with pytest.raises(ValueError, match="expression may contain z alone, got beta"):
        torch_function(other * z, z)
    with pytest.raises(ValueError, match="functions that torch has, got besselj"):
        torch_function(sp.besselj(0, z), z)


def test_threads_are_given_back():
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="inside"), torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise RuntimeError("inside")
    assert torch.get_num_threads() == before


def test_a_missing_torch_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'mixed-dynamics\[torch\]'"):
        import_torch()
