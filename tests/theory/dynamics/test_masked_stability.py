"""The bounds with hidden entries: their proof finds planted faults."""

import pytest
import sympy as sp

from theory.algebra.derivation import ProofError
from theory.dynamics import masked_stability as masked
from theory.symbols import c, c1, c2, y

FAULTS = {
    "the limit doubled": ("stability_limit", lambda: 2 / sp.sqrt(y**2 + c**2)),
    "the threshold off by 2 %": ("THRESHOLD", (c1 + c2) / 2 * sp.Rational(51, 50)),
    "the imbalance doubled": ("IMBALANCE", 2 * (c1 - c2)),
    "no reflection": ("reflection_blocks", lambda: sp.BlockDiagMatrix(*masked_blocks())),
}


def masked_blocks():
    return (sp.Identity(size) for size in (masked.d_in, masked.d_out))


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(fault, monkeypatch):
    monkeypatch.setattr(masked, *FAULTS[fault])
    with pytest.raises(ProofError):
        masked.masked_stability()
