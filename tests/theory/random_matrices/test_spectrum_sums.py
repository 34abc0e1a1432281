"""What spikes and bulk add up to: proofs that can fail, and an integral over the bulk."""

import mpmath as mp
import pytest
import sympy as sp

from theory.algebra.derivation import ProofError
from theory.random_matrices import spectrum_sums as ss
from theory.random_matrices import spiked_matrix as spectra


def test_every_step_is_proved_and_prints():
    result = ss.spectrum_sums()
    assert [step.mark for step in result].count("proved") >= 9
    assert "\\section" in result.latex()


@pytest.mark.parametrize(
    ("module", "steps", "name", "fault"),
    [
        (ss, "_spike_steps", "bulk_share", lambda: ss.tau**4 * ss.rows**2 / ss.theta**2),
        (ss, "_spike_steps", "bulk_share", lambda: ss.tau**2 * ss.rows * ss.columns),
        (ss, "_spike_steps", "spike_value", lambda: ss.theta + ss.tau**2 * ss.rows / ss.theta),
        (ss, "_hidden_steps", "bulk_share", lambda: ss.tau**2 * ss.rows),
        (ss, "_hidden_steps", "detection_threshold", lambda: ss.tau * sp.sqrt(ss.rows)),
        (ss, "_factor_steps", "squared_position", lambda: ss.P + ss.tau**2 * ss.rows),
    ],
)
def test_a_wrong_formula_is_not_proved(monkeypatch, module, steps, name, fault):
    monkeypatch.setattr(module, name, fault)
    with pytest.raises(ProofError):
        getattr(ss, steps)()


def test_the_share_is_that_of_the_displaced_bulk():
    """Its singular values move by the phase of P/(P - q) over pi places, which lowers sum y^2."""
    m, n, theta = 2.0, 3.0, 2.2
    low, high = mp.sqrt(n) - mp.sqrt(m), mp.sqrt(n) + mp.sqrt(m)

    def places(z):
        real = (z**2 - m - n) / 2
        value = mp.mpc(real, mp.sqrt(abs(m * n - real**2)))
        return abs(mp.arg(value / (value - m * n / theta**2))) / mp.pi

    moved = mp.quad(lambda z: 2 * z * places(z), mp.linspace(low, high, 5))
    values = {ss.SIGNAL: theta, ss.NOISE: 1, ss.rows: m, ss.columns: n}
    assert float(ss.bulk_share().subs(values)) == pytest.approx(float(moved), rel=1e-8)


def test_either_side_of_the_threshold_has_the_same_share():
    threshold = {ss.SIGNAL: spectra.detection_threshold()}
    shares = ss.share_form().outputs
    assert sp.simplify((shares["above"] - shares["below"]).subs(threshold)) == 0
