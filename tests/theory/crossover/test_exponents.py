"""Exponents of the crossover: from scales, against closed forms and integrated layers."""

import itertools
import math

import mpmath
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

from theory.algebra.derivation import Derivation, ProofError
from theory.crossover import exponents as co
from theory.crossover import feature_derivation
from theory.crossover import feature_exponents as fe
from theory.crossover import kernel_hierarchy as lazy_contractions
from theory.crossover.alpha_plane import SCALED
from theory.crossover.output_scaling import crossover_mapping, scaled_alpha
from theory.dynamics.single_mode import DEFINITIONS, threshold_crossing_time
from theory.regimes.scales import Scale, scale_of
from theory.symbols import c, y
from theory.symbols.crossover import (
    L,
    alpha,
    gamma_alpha,
    gamma_h,
    h,
    input_product,
    phi,
    preactivation,
    t_G,
    v_last,
)

R = sp.Rational


@pytest.fixture(scope="module")
def derived():
    return co.crossover()


def test_the_derivation_holds_and_prints(derived):
    assert isinstance(derived, Derivation)
    assert {step.mark for step in derived} == {"defined", "derived", "proved", "checked"}
    # Proved, or computed and compared with the stated form.
    assert sum(bool(step.where) for step in derived) > len(derived) / 3
    assert all(step.formula not in (sp.true, sp.false) for step in derived)
    text, latex = str(derived), derived.latex()
    assert "MatrixSymbol" not in text
    assert latex.count(r"\[") == len(derived)


@pytest.mark.parametrize("depth", [1, 2, 3, 7])
def test_exponents_of_integer_depth_are_those_of_the_symbol(depth):
    general = co.predicted_exponents()
    special = co.predicted_exponents(depth)
    assert special.keys() == general.keys()
    for name, value in special.items():
        assert value == sp.sympify(general[name]).subs(L, depth)
        assert value.is_Rational


def kernel_change(depth, scaled, width):
    """Train aligned layers r_l from sqrt(h) each until alpha f - alpha f_0 = 1; return dTheta.

    From the definition ``f = h^(-L/2) r_1 ... r_{L+1}``, by its own flow, without the balance of
    the layers put in: the first starts 10 % larger.
    """
    factor = scaled / math.sqrt(width)
    divisor = width ** (-depth / 2)

    def output(norms):
        return divisor * math.prod(norms)

    def kernel(norms):
        return sum((output(norms) / x) ** 2 for x in norms)

    start = [1.1 * math.sqrt(width)] + [math.sqrt(width)] * depth

    # Time runs at 1/A, so that every A needs about one unit.
    def rate(_, norms):
        return [scaled / factor * output(norms) / x for x in norms]

    def done(_, norms):
        return factor * (output(norms) - output(start)) - 1

    done.terminal = True
    end = solve_ivp(rate, (0, 1e3), start, events=done, rtol=1e-10, atol=1e-10)
    assert end.status == 1
    norms = end.y[:, -1]
    return kernel(norms) / kernel(start) - 1, norms[-1] / start[-1]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_integrated_layers_show_the_feature_exponents(depth):
    predicted = co.predicted_exponents(depth)
    scales = [1e-6, 1e-8, 1e-10, 1e-12]
    logs = []
    for scaled in scales:
        change, layer = kernel_change(depth, scaled, 50)
        other, _ = kernel_change(depth, scaled, 5000)
        # One curve for every width: the flow in units of sqrt(h) does not contain h.
        assert other == pytest.approx(change, rel=1e-6)
        logs.append((math.log(change), math.log(layer)))
    for k, name in enumerate(("feature_kernel_change", "feature_last_layer")):
        slope = (logs[-1][k] - logs[0][k]) / math.log(scales[-1] / scales[0])
        first = (logs[1][k] - logs[0][k]) / math.log(scales[1] / scales[0])
        # The start is A^(1/(L+1)) of the end: 0.03 at most, entering at second order or higher.
        assert slope == pytest.approx(float(predicted[name]), abs=0.02)
        assert abs(slope - float(predicted[name])) <= abs(first - float(predicted[name]))


def test_depth_is_told_apart():
    """The exponents of neighbouring depths differ by more than the band of the test above."""
    values = [float(fe.feature_exponent(n)) for n in (1, 2, 3, 4)]
    assert all(b - a > 0.05 for a, b in itertools.pairwise(values))
    assert max(values) < 2


def test_the_linear_time_agrees_with_the_exact_crossing_of_one_mode():
    """t_1 of a mode of target 1 in t_G over A, for A -> 0."""
    exact = threshold_crossing_time().subs(DEFINITIONS).subs(y, 1)
    clock = crossover_mapping().time / t_G
    ratio = (exact / clock / scaled_alpha).subs({alpha: c, h: 1})
    with mpmath.workdps(40):
        value = ratio.subs(c, R(1, 10**12)).evalf(30)
    assert abs(value - sp.asinh(1) / 2) < 1e-11
    assert fe.in_scaled_alpha(fe.linear_time()) == (1, 0)


def test_scales_are_written_in_scaled_alpha():
    expression = alpha**3 * h ** R(1, 2)
    assert fe.in_scaled_alpha(scale_of(expression, SCALED)) == (3, -1)
    with pytest.raises(ValueError, match=r"a power of A alone, got A\^\(1\) h\^\(-1/2\)"):
        fe._collapsed(scale_of(alpha, SCALED))


def linear_contraction(order, draw_v, draw_u, inputs):
    """Return K_order of a linear two-layer network from gradients of polynomials in its weights."""
    width = len(draw_v)
    v = sp.symbols(f"v:{width}")
    u = sp.symbols(f"u:{width}")
    f = [sum(a * b * x for a, b in zip(v, u, strict=True)) / sp.sqrt(width) for x in inputs]
    total = f[0]
    for k in range(1, order):
        total = sp.expand(sum(total.diff(x) * f[k].diff(x) for x in (*v, *u)))
    return total.subs(dict(zip(v, draw_v, strict=True)) | dict(zip(u, draw_u, strict=True)))


@pytest.mark.parametrize("order", [2, 3, 4])
def test_contractions_agree_with_gradients_of_a_network(order):
    """Three linear neurons on scalar inputs, random rational weights."""
    v, u = (R(2, 3), R(-5, 4), R(1, 2)), (R(1, 5), R(3, 2), R(-7, 3))
    inputs = [R(2), R(-1, 3), R(3, 4), R(5, 2)][:order]
    term = lazy_contractions.contraction(order).replace(phi, lambda z: z).doit()
    pairs = {
        input_product(i + 1, j + 1): inputs[i] * inputs[j] for j in range(order) for i in range(j)
    }
    total = sp.S.Zero
    for a, b in zip(v, u, strict=True):
        at = {preactivation(k + 1): b * x for k, x in enumerate(inputs)}
        total += term.subs(pairs).subs(at).subs(v_last, a)
    scale = R(1) / sp.sqrt(len(v)) ** order
    assert sp.simplify(total * scale - linear_contraction(order, v, u, inputs)) == 0


def test_a_term_of_no_parity_is_refused():
    with pytest.raises(ValueError, match="a term must be odd or even in v, got"):
        lazy_contractions.is_odd(v_last + v_last**2)
    with pytest.raises(ValueError, match="order must be at least 1, got 0"):
        lazy_contractions.contraction(0)


@pytest.mark.parametrize("depth", [0, -1, True, 1.5, "2", R(3, 2), sp.Symbol("x")])
def test_a_depth_must_be_a_positive_integer(depth):
    for function in (fe.feature_exponent, fe.last_layer_exponent, co.predicted_exponents):
        with pytest.raises((ValueError, TypeError), match="^depth must be"):
            function(depth)


def test_the_order_of_a_lazy_term_is_one_or_two():
    with pytest.raises(ValueError, match="order must be 1 or 2, got 3"):
        fe.lazy_exponent(3)


def shifted(scale, power):
    return lambda *_: scale * Scale(power)


AGREEMENT_FAULTS = {
    "a feature exponent of another depth": (
        co,
        "feature_exponent",
        lambda n=L: fe.feature_exponent(n + 1),
    ),
    "the last layer of another depth": (
        co,
        "last_layer_exponent",
        lambda n=L: fe.last_layer_exponent(n + 1),
    ),
    "a lazy term without its fluctuation": (
        co,
        "lazy_exponent",
        lambda order=1: (fe.lazy_exponent(order)[0], sp.S.Zero),
    ),
    "a lazy term of the wrong order": (
        co,
        "lazy_exponent",
        lambda order=1: fe.lazy_exponent(3 - order),
    ),
    "a boundary at fixed alpha": (co, "feature_boundary_exponent", lambda n=1: sp.S.Zero),
    "a clock without the width": (co, "linear_time", lambda: Scale(gamma_alpha)),
}


@pytest.mark.parametrize("fault", AGREEMENT_FAULTS)
def test_wrong_exponents_disagree_with_the_closed_forms(fault, monkeypatch):
    module, name, value = AGREEMENT_FAULTS[fault]
    monkeypatch.setattr(module, name, value)
    with pytest.raises(ProofError):
        co._agreement_steps()


DEPTH_FAULTS = {
    "an output with one factor of h too many": (
        "coherent_output",
        lambda own, other, depth=L: fe.coherent_output(own, other, depth) / sp.sqrt(h),
    ),
    "a kernel of all layers": (
        "coherent_kernel",
        lambda norm, depth=L: fe.coherent_kernel(norm, depth) * norm**2,
    ),
    "layers that grow too slowly": (
        "weight_growth",
        lambda: Scale(-(gamma_alpha + gamma_h / 2) / (L + 2)),
    ),
    "a time without the width": ("linear_time", lambda: Scale(gamma_alpha)),
    "a kernel that grows beyond depth": (
        "feature_exponent",
        lambda n=L: fe.feature_exponent(n) * R(51, 50),
    ),
}


@pytest.mark.parametrize("fault", DEPTH_FAULTS)
def test_faults_in_the_growth_of_layers_are_found(fault, monkeypatch):
    name, value = DEPTH_FAULTS[fault]
    monkeypatch.setattr(feature_derivation, name, value)
    with pytest.raises(ProofError):
        feature_derivation.depth_steps()
