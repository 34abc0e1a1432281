"""Spread and repulsion of spikes: proofs that can fail, and limits known otherwise."""

import pytest
import sympy as sp

from theory.algebra.derivation import ProofError
from theory.random_matrices import spike_repulsion as sr
from theory.random_matrices import spiked_matrix as spectra


def test_every_step_is_proved_and_prints():
    result = sr.spike_repulsion()
    marks = [step.mark for step in result]
    assert marks.count("proved") + marks.count("derived") >= 9
    assert "\\section" in result.latex()
    assert "ours" in result.source


@pytest.mark.parametrize(
    ("module", "steps", "name", "fault"),
    [
        (sr, "_gain_steps", "noise_gain", lambda: sp.S.One),
        (sr, "_gain_steps", "noise_gain", lambda: 1 / (1 - sr.tau**2 * sr.n / sr.theta**2)),
        (sr, "_gain_steps", "bulk_traces", lambda: (0, 0, 0)),
        (spectra, "_gain_steps", "noise_resolvents", lambda z, P: (z / P, z / P)),
        (spectra, "_gain_steps", "spike_overlap", lambda: 1 - sr.tau**2 * sr.n / sr.theta**2),
        (sr, "_position_steps", "noise_gain", lambda: sp.S.One),
        (spectra, "_position_steps", "spike_overlap", lambda: sr.theta),
    ],
)
def test_a_wrong_formula_is_not_proved(monkeypatch, module, steps, name, fault):
    monkeypatch.setattr(module, name, fault)
    with pytest.raises(ProofError):
        getattr(sr, steps)()


def test_a_pairing_left_out_is_not_proved(monkeypatch):
    """Without the fluctuation of the coupling between the sides V would be another one."""
    oo, ii, _ = sr.bulk_traces()
    monkeypatch.setattr(sr, "bulk_traces", lambda: (oo, ii, sp.S.Zero))
    with pytest.raises(ProofError):
        sr._gain_steps()


def test_square_unit_noise():
    x = sp.Symbol("x", positive=True)
    values = {sr.theta: 1 / sp.sqrt(x), sr.tau: 1, sr.m: 1, sr.n: 1}
    assert sp.simplify(sr.noise_gain().subs(values) - 1 / (1 - x)) == 0
    assert sp.simplify(sr.spike_variance().subs(values) - (1 - x)) == 0


def test_far_from_the_noise_it_is_the_noise_and_at_the_threshold_it_vanishes():
    values = {sr.tau: 2, sr.m: 30, sr.n: 50}
    threshold = spectra.detection_threshold().subs(values)
    assert sr.spike_variance().subs(values).subs(sr.theta, threshold).equals(0)
    assert sp.limit(sr.spike_variance().subs(values), sr.theta, sp.oo) == 1
    assert sp.limit(sr.noise_gain().subs(values), sr.theta, sp.oo) == 1
    assert sp.limit(sr.noise_gain().subs(values), sr.theta, threshold, "+") == sp.oo


def test_transposition():
    swapped = {sr.m: sr.n, sr.n: sr.m}
    for quantity in (sr.noise_gain(), sr.spike_variance()):
        assert sp.simplify(quantity.subs(swapped, simultaneous=True) - quantity) == 0


def test_slopes_are_those_of_the_values():
    form = sr.repulsion_form()
    for name in ("gain", "variance"):
        gap = form.outputs[name].diff(sr.theta) - form.outputs[f"{name}_slope"]
        assert sp.simplify(gap) == 0
