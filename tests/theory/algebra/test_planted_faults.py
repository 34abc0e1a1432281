"""No step of a topic would be proved, or derived in a stated form, if it showed another formula."""

import sys

import pytest
import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra import derivation
from theory.algebra.derivation import ProofError
from theory.topics import TOPICS

#: Topics whose false formulas sympy rejects within seconds.
QUICK = ("gram-dynamics", "gram-descent", "unified-evolution", "wishart")


def steps_of(topic, monkeypatch):
    """Derive a topic and return what it gave to ``prove`` and, in a stated form, to ``derive``."""
    calls = []

    def noted(original):
        def call(*arguments, **options):
            if original is derivation.prove or options.get("stated") is not None:
                calls.append((original, arguments, options))
            return original(*arguments, **options)

        return call

    modules = [module for name, module in sys.modules.items() if name.startswith("theory.")]
    for function in (derivation.prove, derivation.derive):
        for module in modules:
            if vars(module).get(function.__name__) is function and module is not derivation:
                monkeypatch.setattr(module, function.__name__, noted(function))
    TOPICS[topic][1]()
    return calls


def doubled(side):
    """Return twice a side, or what is not 0 if it is 0."""
    if isinstance(side, sp.Tuple):
        return sp.Tuple(*side.args[:-1], doubled(side.args[-1]))
    if isinstance(side, MatrixExpr | sp.MatrixBase):
        zero = isinstance(side, sp.ZeroMatrix)
        return sp.MatrixSymbol("not_zero", *side.shape) if zero else 2 * side
    return side + 1 if side == 0 else 2 * side


def planted(call, fault):
    """Make a step again with a fault in what it shows."""
    make, (text, shown, *rest), options = call
    if make is derivation.derive:
        return make(text, shown, *rest, **{**options, "stated": fault(options["stated"])})
    return make(text, derivation.equal(shown.lhs, fault(shown.rhs)), **options)


@pytest.mark.parametrize("topic", QUICK)
def test_no_step_is_proved_with_a_factor_2(topic, monkeypatch):
    calls = steps_of(topic, monkeypatch)
    assert len(calls) > 5
    for call in calls:
        with pytest.raises(ProofError):
            planted(call, doubled)
