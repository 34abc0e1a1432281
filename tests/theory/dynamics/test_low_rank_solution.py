"""The solution from a factor of any rank: its proof finds faults, its forms lose no digits."""

import math

import mpmath as mp
import pytest
import sympy as sp

from theory.algebra.derivation import ProofError
from theory.algebra.stable_form import StableForm
from theory.dynamics import low_rank_solution as low_rank
from theory.dynamics.closed_form import riccati_rate
from theory.kernels.emission import printed

EXACT = {"modes": low_rank.factor_modes(), "rate": low_rank.balanced_rate()}
EPS = float.fromhex("0x1p-52")


def changed(form, **outputs):
    return lambda: StableForm(form.arguments, form.definitions, {**form.outputs, **outputs})


def with_factor(change):
    original = low_rank.factor_solution
    return lambda *given: change(original(*given))


FAULTS = {
    "growth on one side": ("factor_solution", with_factor(lambda x: sp.MatMul(*x.args[:-1]))),
    "a factor 2": ("factor_solution", with_factor(lambda x: 2 * x)),
    "gain without its half": (
        "factor_modes",
        changed(EXACT["modes"], gain=2 * EXACT["modes"].outputs["gain"]),
    ),
    "no fading": ("factor_modes", changed(EXACT["modes"], fade=sp.S.One)),
    "the whole imbalance in the excess": (
        "balanced_rate",
        changed(
            EXACT["rate"],
            excess=sp.Piecewise(
                *((2 * x, when) for x, when in EXACT["rate"].outputs["excess"].args)
            ),
        ),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(fault, monkeypatch):
    monkeypatch.setattr(low_rank, *FAULTS[fault])
    with pytest.raises((ProofError, ValueError)):
        low_rank.balanced_closed_form()


def test_a_wrong_riccati_equation_is_found(monkeypatch):
    monkeypatch.setattr(low_rank, "riccati_rate", lambda: 2 * riccati_rate())
    with pytest.raises(ProofError):
        low_rank.balanced_closed_form()


def values(form, *arguments):
    scope = {"math": math} | dict(zip(map(str, form.arguments), arguments, strict=True))
    for symbol, expression in form.definitions:
        scope[str(symbol)] = eval(printed(expression), scope)
    return {key: eval(printed(expression), scope) for key, expression in form.outputs.items()}


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0, 1e-12, -1e-12, 30.0, -30.0])
@pytest.mark.parametrize("time", [1e-12, 0.3, 20.0])
def test_modes_lose_no_digits(rate, time):
    found = values(EXACT["modes"], rate, time)
    with mp.workdps(60):
        f = mp.mpf(rate)
        gain = (1 - mp.exp(-2 * abs(f) * time)) / (2 * abs(f)) if f else mp.mpf(time)
        assert found["gain"] == pytest.approx(float(gain), rel=8 * EPS)
        assert found["fade"] == pytest.approx(float(min(1, mp.exp(f * time))), rel=1e-13)


@pytest.mark.parametrize("value", [0.0, 1e-9, 1.0, 1e9])
@pytest.mark.parametrize(("first", "second"), [(0.0, 0.0), (50.0, 0.0), (0.0, 1e-6)])
def test_the_excess_is_no_difference(value, first, second):
    found = values(EXACT["rate"], value, first, second)
    with mp.workdps(60):
        half = abs(mp.mpf(first) - second) / 2
        exact = mp.sqrt(mp.mpf(value) ** 2 + half**2)
        assert found["rate"] == pytest.approx(float(exact), rel=4 * EPS)
        assert found["excess"] == pytest.approx(float(exact - half), rel=8 * EPS)
