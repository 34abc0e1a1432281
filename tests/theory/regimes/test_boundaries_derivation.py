"""The derivation of regimes and boundaries, and faults that break it."""

import pytest
import sympy as sp

from theory.algebra.derivation import ProofError
from theory.regimes import boundaries_derivation as derivation
from theory.regimes import crossing_times as finite_time
from theory.regimes import minimal_error, quantities
from theory.regimes.boundaries import Boundary
from theory.regimes.boundaries_derivation import boundaries_derivation
from theory.regimes.crossing_derivation import crossing_steps
from theory.regimes.minimal_error import stops
from theory.regimes.scales import (
    Quantity,
    d,
    gamma_sigma2,
    gamma_w,
    k,
    p,
    sigma1,
    sigma2,
    tau,
    theta,
)
from theory.symbols import c, w
from theory.symbols.regimes import S


def test_derivation_prints():
    found = boundaries_derivation()
    assert found.topic == "boundaries"
    assert len(found) > 100
    assert {step.mark for step in found} == {"defined", "derived", "proved"}
    assert "Infinite noise (paper)" in str(found)
    assert r"\gamma_{\sigma^2}" in found.latex()


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("kernel_square", lambda: (sigma1**2 + sigma2**2) ** 2 * w**2),
        ("kernel_square", lambda: 4 * (sigma1**4 + sigma2**4) * w**2),
        ("initial_matrix", lambda: Quantity("initial matrix", S, sigma1**2 * w, "")),
        ("spike_estimation", lambda: Quantity("spike estimation", S, k * tau**2, "")),
        ("held_noise", lambda: Quantity("noise", S, tau**2, "")),
        (
            "fitted_noise",
            lambda: Quantity("fitted noise", S, tau**2 * quantities.kernel_square() / theta, ""),
        ),
        ("missing_signal", lambda: Quantity("missing signal", S, k * theta / d, "")),
    ],
)
def test_a_wrong_quantity_breaks_a_proof(monkeypatch, name, fault):
    monkeypatch.setattr(quantities, name, fault)
    with pytest.raises(ProofError):
        derivation._waiting_steps() + derivation._cell_steps()


def test_a_wrong_equation_breaks_the_proof_of_its_tie(monkeypatch):
    monkeypatch.setattr(
        Boundary, "equation", property(lambda self: sp.Eq(gamma_sigma2 + gamma_w, 1 + p))
    )
    with pytest.raises(ProofError):
        derivation._boundary_steps()


def test_a_region_that_forgets_the_sweet_spot_breaks_a_proof(monkeypatch):
    monkeypatch.setattr(minimal_error, "stops", lambda: stops()[1:])
    with pytest.raises(ProofError):
        derivation._cell_steps()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("crossing_time", sp.sqrt(2), 1),
        ("convergence_time", c, 2 * c),
        ("alignment_time", w, w + d),
        ("early_growth", c, 2 * c),
    ],
)
def test_a_wrong_time_breaks_a_proof(monkeypatch, name, old, new):
    wrong = getattr(finite_time, name)().subs(old, new)
    monkeypatch.setattr(finite_time, name, lambda: wrong)
    with pytest.raises(ProofError):
        crossing_steps()
