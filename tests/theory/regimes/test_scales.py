"""The calculus of scales against the expressions themselves at enormous d."""

import mpmath
import pytest
import sympy as sp
from sympy.codegen.cfunctions import log1p

from theory.regimes import quantities
from theory.regimes.scales import (
    BASE,
    Scale,
    d,
    gamma_sigma2,
    gamma_w,
    gap,
    k,
    kappa,
    layer_exponents,
    narrow,
    p,
    q,
    scale_of,
    settled,
    sigma1,
    sigma2,
    tau,
    theta,
    wide,
)
from theory.symbols import w

R = sp.Rational
#: Exponents of gamma_sigma2, gamma_w, p, q, kappa, gap: no two quantities tie at any of them.
POINTS = (
    (R(-9, 5), R(11, 5), 1, 0, 0, 0),
    (R(-1, 3), R(7, 5), 1, 0, R(1, 7), R(1, 2)),
    (R(-7, 10), R(3, 5), R(6, 5), R(1, 9), R(1, 5), R(3, 4)),
    (R(1, 4), R(2, 3), R(2, 5), R(-1, 8), R(1, 3), 0),
    (-2, R(1, 10), R(4, 5), R(1, 6), R(2, 5), R(9, 8)),
)
NAMES = [quantity.name for quantity in quantities.all_quantities()]


def values_at(point):
    return dict(zip((gamma_sigma2, gamma_w, p, q, kappa, gap), map(sp.sympify, point), strict=True))


def growth(expression, point, digits):
    """Return the slope in log d of an expression between d = 10^digits and its square."""
    values = values_at(point)
    letters = list(BASE)
    small = lambda x: isinstance(x, sp.log) and sp.S.One in x.args[0].args  # noqa: E731
    expression = expression.replace(small, lambda x: log1p(x.args[0] - 1))
    function = sp.lambdify(letters, expression, "mpmath")
    logs = []
    with mpmath.workdps(50):
        for size in (mpmath.mpf(10) ** digits, mpmath.mpf(10) ** (2 * digits)):
            at = [
                size ** _mp(BASE[x].at(values).exponent)
                * mpmath.log(size) ** _mp(BASE[x].log_power)
                for x in letters
            ]
            logs.append(mpmath.log(function(*at)))
        return (logs[1] - logs[0]) / (digits * mpmath.log(10))


def _mp(number):
    number = sp.Rational(number)
    return mpmath.mpf(int(number.p)) / int(number.q)


def deviation(quantity, point, digits=2000):
    """Return what the slope of a quantity lacks to its scale, the logarithm accounted for."""
    scale = quantity.scale.at(values_at(point))
    logarithm = scale.log_power * sp.log(2) / (digits * sp.log(10))
    slope = growth(quantity.expression, point, digits)
    return abs(float(slope) - float(scale.exponent + logarithm))


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("index", range(len(NAMES)), ids=NAMES)
def test_scales_of_all_quantities(index, point):
    # Lower terms vanish like d^-0.01 or faster; log(1 + x) keeps a constant beside log x.
    assert deviation(quantities.all_quantities()[index], point) < 2e-4


def test_a_sum_that_keeps_the_wrong_term_is_found(monkeypatch):
    monkeypatch.setattr(Scale, "__add__", lambda self, other: self)
    worst = max(deviation(x, y) for x in quantities.all_quantities() for y in POINTS)
    assert worst > 0.1


def test_a_product_that_loses_an_exponent_is_found(monkeypatch):
    monkeypatch.setattr(Scale, "__mul__", lambda self, other: Scale(self.exponent))
    worst = max(deviation(x, y) for x in quantities.all_quantities() for y in POINTS)
    assert worst > 0.1


def test_arithmetic():
    first, second = Scale(p, sp.Integer(1)), Scale(q)
    assert first * second == Scale(p + q, sp.Integer(1))
    assert first / second == Scale(p - q, sp.Integer(1))
    assert first**-2 == Scale(-2 * p, sp.Integer(-2))
    assert (first + second).exponent == sp.Max(p, q)
    assert first.smaller(second).exponent == sp.Min(p, q)
    assert first.expression == d**p * sp.log(d)


def test_sums_commute_and_keep_the_logarithm_of_the_larger_term():
    first, second = Scale(p, sp.Integer(1)), Scale(q, sp.Integer(3))
    for at_p, at_q, larger, smaller in ((2, 1, 1, 3), (1, 2, 3, 1), (1, 1, 3, 1)):
        at = {p: sp.Integer(at_p), q: sp.Integer(at_q)}
        for a, b in ((first, second), (second, first)):
            assert (a + b).at(at).log_power == larger
            assert a.smaller(b).at(at).log_power == smaller


def test_comparison():
    found = scale_of(w).compare(scale_of(k))
    assert found.tie == sp.Eq(gamma_w, kappa)
    assert found.first_larger.subs({gamma_w: 2, kappa: 1}) == sp.true
    assert found.second_larger.subs({gamma_w: 2, kappa: 1}) == sp.false
    assert found.second_larger.subs({gamma_w: 0, kappa: 1}) == sp.true


def test_common_parts_leave_the_maximum():
    assert scale_of(sigma1**2 * w + sigma1**2 * d).exponent == (
        gamma_sigma2 + gap / 2 + sp.Max(1, gamma_w)
    )
    assert scale_of((sigma1**2 + sigma2**2) * w).exponent == gamma_sigma2 + gap / 2 + gamma_w


def test_logarithms():
    assert scale_of(sp.log(theta)) == Scale(sp.S.Zero, sp.S.One)
    for function in (sp.log(1 + theta), sp.asinh(theta)):
        found = scale_of(function)
        assert found.at({p: sp.Integer(-2)}) == Scale(sp.Integer(-2), sp.S.Zero)
        assert found.at({p: sp.Integer(2)}) == Scale(sp.S.Zero, sp.S.One)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (theta - tau, "a scale needs sums of positive terms, got the term"),
        (theta + w - 1, "a scale needs sums of positive terms, got the term -1"),
        (sp.exp(theta), "a scale needs sums, products, powers and logarithms, got exp"),
        (sp.Symbol("x"), "a scale needs sums, products, powers and logarithms, got x"),
        (theta**k, "a scale needs sums, products, powers and logarithms, got"),
    ],
)
def test_what_has_no_scale(expression, message):
    with pytest.raises(ValueError, match=message):
        scale_of(expression)


def test_other_letters_can_be_given():
    x = sp.Symbol("x", positive=True)
    assert scale_of(x**3, {x: Scale(R(1, 3))}) == Scale(sp.S.One)


def test_two_layer_exponents():
    values = layer_exponents(-1, -2)
    sizes = [scale_of(x).at(values).exponent for x in (sigma1**2, sigma2**2)]
    assert sizes == [-1, -2]
    # Transposing A swaps the layers: the larger one counts as the first.
    assert layer_exponents(-2, -1) == values


def test_decisions_by_width_and_by_assumptions():
    exponent = sp.Max(2 * gamma_w, gamma_w + 1)
    assert wide(exponent) == 2 * gamma_w
    assert narrow(exponent) == gamma_w + 1
    a, b = sp.symbols("a b", positive=True)
    assert settled(sp.Min(q, sp.Max(q - a, sp.Min(q - b, p)))) == sp.Max(q - a, sp.Min(q - b, p))
    assert settled(sp.Max(q + sp.Max(-a, -b), q - a - b, p)) == sp.Max(q + sp.Max(-a, -b), p)
