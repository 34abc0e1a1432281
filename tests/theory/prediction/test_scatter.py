"""The scatter of one run: proofs that can fail, and variances known otherwise."""

import pytest
import sympy as sp

from theory.algebra.derivation import ProofError
from theory.prediction import scatter as sc
from theory.symbols.prediction import PAIR_SQUARES
from theory.symbols.random_matrices import shift


@pytest.mark.parametrize(
    ("steps", "name", "fault"),
    [
        ("_spike_steps", "noise_gain", lambda: sp.S.One),
        ("_spike_steps", "bulk_traces", lambda: (0, 0, 0)),
        ("_spike_steps", "_changes", lambda: {"test": shift, "train": shift}),
        ("_bulk_steps", "jacobi_matrix", lambda: (0, 0, sc.tau**2 * sc.m)),
        ("_start_steps", "pair_variance", lambda: sum(PAIR_SQUARES)),
    ],
)
def test_a_wrong_formula_is_not_proved(monkeypatch, steps, name, fault):
    monkeypatch.setattr(sc, name, fault)
    with pytest.raises(ProofError):
        getattr(sc, steps)()


def test_a_strong_spike_that_is_learned_keeps_the_chi_square_of_its_noise():
    """Then s = yhat, and the share is tau^2 times a chi-square of m + n degrees of freedom."""
    form = sc.move_form()
    learned = {sc.a: sc.y_hat, sc.s_slope: sp.S.One}
    place = {sc.y_hat: sc.spectra.spike_value()}
    weights = sc.coupling_form().outputs
    for side in ("output", "input"):
        move, turn = (
            form.expand(form.outputs[f"test_{which}"]).subs(learned).subs(place)
            for which in ("move", "turn")
        )
        factor = move * weights[side] + turn * weights[f"{side}_slope"]
        values = {sc.tau: 1, sc.m: 3, sc.n: 5, sc.y: 2}
        assert sp.limit(sp.simplify(factor.subs(values)), sc.theta, sp.oo) == 1
