"""The rewriting is exact, softplus is recognised, and a form refuses unknown symbols."""

import pytest
import sympy as sp

from theory.algebra import stable_form as sf
from theory.algebra.stable_form import StableForm

X, Y = sp.symbols("x y", real=True)


def test_the_rewriting_is_exact():
    """Both sides agree in sympy, branch by branch, and in 60 digits."""
    for plain, stable in sf.stable_identities():
        assert plain != stable
        (x,) = plain.free_symbols
        for place in ("0.3", "0.99", "1", "2.5", "60"):
            difference = (plain - stable).subs(x, sp.Rational(place)).evalf(60)
            # 60 digits; log(1 + exp(-60)) of 1e-26 loses that many
            assert abs(difference) < sp.Float("1e-33")


def test_every_branch_of_the_rewriting_is_the_same_function():
    x = sp.Symbol("x", positive=True)
    stable = sf.stabilise(sp.log(sp.cosh(x)))
    assert isinstance(stable, sp.Piecewise)
    for branch, _ in stable.args:
        rest = (sp.exp(branch) - sp.cosh(x)).replace(sf.log1p, lambda z: sp.log(1 + z))
        assert sp.simplify(rest.rewrite(sp.exp)) == 0


def test_softplus_is_recognised_and_nothing_else():
    assert sf.is_softplus(sp.log(1 + sp.exp(X - Y)))
    assert sf.softplus_argument(sp.log(1 + sp.exp(X - Y))) == X - Y
    others = (sp.log(2 + sp.exp(X)), sp.log(1 + X), sp.log(1 + 2 * sp.exp(X)), sp.exp(X))
    assert not any(sf.is_softplus(x) for x in others)


@pytest.mark.parametrize(
    ("definitions", "outputs"),
    [
        (((sp.Symbol("m"), sp.Symbol("z")),), {"out": X}),
        (((sp.Symbol("m"), sp.Symbol("k")), (sp.Symbol("k"), X)), {"out": X}),
        ((), {"out": sp.Symbol("m")}),
        ((), {"out": sp.Symbol("x")}),  # x without its assumption is another symbol
    ],
)
def test_a_form_refuses_what_nothing_gives_a_value_to(definitions, outputs):
    with pytest.raises(ValueError, match="may contain what stands before it"):
        StableForm((X,), definitions, outputs)
