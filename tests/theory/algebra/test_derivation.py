"""A derivation that exists holds: false statements raise, planted faults are found."""

import pytest
import sympy as sp
from sympy.matrices.exceptions import ShapeError

from theory.algebra.derivation import Derivation, ProofError, Step, define, derive, equal, prove
from theory.algebra.reductions import REDUCTIONS
from theory.algebra.stable_form import StableForm
from theory.dynamics import closed_form, single_mode, single_mode_derivation, unified_evolution
from theory.dynamics import gram_flow as gram_dynamics
from theory.symbols import C1, C2, W1, W2, A, G, Q, Y, c, c1, c2, d_in, d_out, eta, s, s0, t, y
from theory.symbols.notation import s_of

DERIVATIONS = {
    "gram_dynamics": gram_dynamics.gram_dynamics,
    "unified_evolution": unified_evolution.unified_evolution,
    "closed_form": closed_form.closed_form,
    "single_mode": single_mode_derivation.single_mode,
}
CACHED = ("layer_gradients", "prediction_gradient", "flow_rates", "descent_stages")


@pytest.fixture(scope="module")
def derivations():
    return {name: make() for name, make in DERIVATIONS.items()}


@pytest.fixture
def fresh_caches():
    """The cached formulas are computed anew inside the test and forgotten after it."""
    for name in CACHED:
        getattr(gram_dynamics, name).cache_clear()
    originals = [getattr(gram_dynamics, name) for name in CACHED]
    yield
    for original in originals:
        original.cache_clear()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((s + y) ** 2, s**2 + y**2),
        (sp.cosh(t) ** 2, sp.sinh(t) ** 2),
        (sp.sqrt(s**2), s),
        (A.T * A, C1),
        ((W2 * W1).T, W2.T * W1.T),
        (C2 * G + G * C1, G * C1 + C2 * G + G),
    ],
)
def test_a_false_identity_raises(left, right):
    with pytest.raises((ProofError, ShapeError)):
        prove("false", equal(left, right))


def test_the_error_says_what_was_claimed_and_what_is_left():
    with pytest.raises(ProofError, match=r"a wrong square: the difference of the two sides is 2"):
        prove("a wrong square", equal((s + y) ** 2, s**2 + y**2))


def test_sides_of_different_shapes_raise():
    with pytest.raises(ProofError, match="shapes differ"):
        prove("mixed up", equal(A.T * A, A * A.T))


@pytest.mark.parametrize("block", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_one_wrong_block_is_enough(block):
    right = [[W1.T * W1, (W2 * W1).T], [W2 * W1, W2 * W2.T]]
    factor = sp.BlockMatrix([[W1.T], [W2]])
    prove("right", equal(factor * factor.T, sp.BlockMatrix(right)))
    i, j = block
    right[i][j] = 2 * right[i][j]
    with pytest.raises(ProofError):
        prove("wrong", equal(factor * factor.T, sp.BlockMatrix(right)))


def test_an_assumption_is_used_only_where_it_is_given():
    prove("given", equal(C1 * C1.T, C1 * C1), given={C1.T: C1})
    with pytest.raises(ProofError):
        prove("not given", equal(C1 * C1.T, C1 * C1))


def test_the_equation_that_is_shown_is_the_one_that_is_checked():
    shown = equal(s, y**2)
    step = prove("by name", shown, where={s: (y + 1) ** 2 - 2 * y - 1, y: y})
    assert step.formula == shown
    with pytest.raises(ProofError):
        prove("by a wrong name", shown, where={s: y**3})
    with pytest.raises(ProofError, match="does not contain"):
        prove("by a name that is not there", shown, where={t: y})


def test_an_equation_that_sympy_evaluated_is_refused():
    with pytest.raises(TypeError, match="an unevaluated equation, got True"):
        prove("evaluated", sp.Eq(y, y))


@pytest.mark.parametrize(
    ("left", "right", "wrong"),
    [
        (sp.Limit(sp.sin(y * t) / t, t, 0), y, 2 * y),
        (sp.Derivative(t**2 * y, t), 2 * t * y, t * y),
        (sp.Integral(t, (t, 0, y)), y**2 / 2, y**2),
        (sp.Tuple(s * (s + 1), y), sp.Tuple(s**2 + s, y), sp.Tuple(s**2 + s, s)),
        (
            sp.ImmutableMatrix([[s * (s + 1), y]]),
            sp.ImmutableMatrix([[s**2 + s, y]]),
            sp.ImmutableMatrix([[s**2 + s, s]]),
        ),
    ],
)
def test_limits_derivatives_integrals_and_items_are_checked(left, right, wrong):
    assert prove("right", equal(left, right)).mark == "proved"
    with pytest.raises(ProofError):
        prove("wrong", equal(left, wrong))


@pytest.mark.parametrize(
    ("left", "right", "where"),
    [
        (G, A - Y, {G: A - Y}),
        (2 * s * y, 2 * s * (c * t), {y: c * t}),
        (A - eta * G, A - eta * C2 * A, {G: C2 * A}),
        (s_of(0), 0, {s_of(0): sp.S.Zero}),
        (sp.Limit(s, c, 0), sp.Limit(y, c, 0), {s: y}),
        (s + y, y + s, {}),
    ],
)
def test_a_proof_with_nothing_in_it_is_refused(left, right, where):
    with pytest.raises(ProofError, match="nothing to prove: both sides are the same"):
        prove("empty", equal(left, right), where=where)


@pytest.mark.parametrize(
    ("left", "right", "where"),
    [
        (s_of(0), y, {s_of(0): sp.Subs(y * sp.exp(t), t, 0)}),
        (s / c, t * c, {s: t * c**2}),
        (sp.Limit(s, c, 0), y, {s: y + c}),
    ],
)
def test_a_short_proof_is_a_proof(left, right, where):
    assert prove("short", equal(left, right), where=where).mark == "proved"


@pytest.mark.parametrize("method", [lambda x: 0, sp.expand, "0", None, ["expand"]])
def test_a_difference_is_reduced_by_known_methods_only(method):
    with pytest.raises(ValueError, match="reduce must be one of expand, exponentials"):
        prove("reduced", equal(s**2, s), reduce=method)


@pytest.mark.parametrize("method", REDUCTIONS)
def test_no_method_makes_a_false_identity_true(method):
    for left, right in ((s, -s), (sp.exp(t), sp.exp(-t)), (c, 2 * c), (sp.gamma(s), s), (y, c)):
        # A change of variables refuses, with a ValueError, what it cannot write in its letters.
        with pytest.raises((ProofError, ValueError)):
            prove("false", equal(left, right), reduce=method)


def test_a_derived_result_may_be_shown_in_a_stated_form():
    step = derive("a square", c, (s + y) ** 2, stated=s**2 + 2 * s * y + y**2)
    assert (step.mark, step.formula.rhs) == ("derived", s**2 + 2 * s * y + y**2)
    with pytest.raises(ProofError, match="a square: the difference of the two sides is 2"):
        derive("a square", c, (s + y) ** 2, stated=s**2 + y**2)


def test_what_is_checked_at_one_size_says_so():
    step = prove("a square", equal((s + 1) ** 2, s**2 + 2 * s + 1), at="d = 2")
    assert (step.mark, step.text) == ("checked", "a square (Checked for d = 2.)")


def test_steps_say_how_they_came_about():
    assert define("a", sp.Eq(s, y)).mark == "defined"
    assert derive("b", s, y + 1) == Step("b", sp.Eq(s, y + 1, evaluate=False), "derived")
    step = prove("c", equal(s * (s + 1), s**2 + s))
    assert (step.mark, step.text) == ("proved", "c")
    assert "$" in step._repr_latex_()


@pytest.mark.parametrize("name", DERIVATIONS)
def test_every_derivation_yields_checked_steps(derivations, name):
    made = derivations[name]
    assert isinstance(made, Derivation)
    steps = list(made)
    assert len(made) == len(steps) > 10
    assert {step.mark for step in steps} <= {"defined", "derived", "proved", "checked"}
    assert sum(step.mark == "proved" for step in steps) > len(steps) / 3
    assert all(step.text and isinstance(step.formula, sp.Basic) for step in steps)
    # an equation that sympy evaluated to True would print as nothing but "True"
    assert all(step.formula not in (sp.true, sp.false) for step in steps)


@pytest.mark.parametrize("name", DERIVATIONS)
def test_every_derivation_prints_as_text(derivations, name):
    made = derivations[name]
    text = str(made)
    assert text.startswith(made.title)
    assert made.holds in text
    assert made.source in text
    for number, step in enumerate(made, start=1):
        assert f"({number}) [{step.mark}] {step.text}" in text
    # symbols that print as their Python representation
    assert "MatrixSymbol" not in text
    assert "TimeDerivative" not in text


@pytest.mark.parametrize("name", DERIVATIONS)
def test_every_derivation_prints_as_latex_and_markdown(derivations, name):
    made = derivations[name]
    latex, markdown = made.latex(), made._repr_markdown_()
    assert latex.count(r"\paragraph{") == len(made)
    assert latex.count(r"\[") == latex.count(r"\]") == len(made)
    for text in (latex, markdown):
        plain = text.replace(r"\{", "").replace(r"\}", "")
        assert plain.count("{") == plain.count("}")
        assert text.count(r"\left") == text.count(r"\right")
        assert "TimeDerivative" not in text
    assert markdown.count("$$") == 2 * len(made)
    assert markdown.startswith(f"### {made.title}")


def test_latex_escapes_the_prose():
    made = Derivation("t", "50 % of a_b & c^2", "x_1", "s", (define("a_b^c", sp.Eq(s, y)),))
    text = made.latex()
    for escaped in (r"a\_b", r"\&", r"x\_1", r"\^{}c"):
        assert escaped in text


def fails(make, *names_and_values, module, monkeypatch):
    """Check that a derivation no longer comes to exist once formulas are replaced."""
    for name, value in names_and_values:
        monkeypatch.setattr(module, name, value)
    with pytest.raises((ProofError, ShapeError)):
        make()


def swapped_signed_gradient():
    return sp.BlockMatrix([[sp.ZeroMatrix(d_in, d_in), -G.T], [G, sp.ZeroMatrix(d_out, d_out)]])


GRAM_FAULTS = {
    "a wrong sign of one gradient block": ("signed_gradient_blocks", swapped_signed_gradient),
    "no reflection": (
        "reflection_blocks",
        lambda: sp.BlockDiagMatrix(sp.Identity(d_in), sp.Identity(d_out)),
    ),
    "layers stacked with a factor": ("stacked_factor", lambda: sp.BlockMatrix([[W1.T], [2 * W2]])),
    "a layer's gradient doubled": ("flow_rates", lambda: ((W1, -2 * W2.T * G), (W2, -G * W1.T))),
    "C2 and C1 exchanged with their transposed gradients": (
        "gram_blocks_flow",
        lambda: {A: -(C2 * G + G * C1), C1: -(A.T * G - G.T * A), C2: -(A * G.T + G * A.T)},
    ),
    "a factor 2 missing": (
        "gram_blocks_flow",
        lambda: {A: -(C2 * G + G * C1) / 2, C1: -(A.T * G + G.T * A), C2: -(A * G.T + G * A.T)},
    ),
    "the drift of a step at the wrong order": ("balancedness_descent", lambda: 0 * W1 * W1.T),
}


@pytest.mark.parametrize("fault", GRAM_FAULTS)
def test_faults_in_the_gram_dynamics_are_found(fault, monkeypatch, fresh_caches):
    fails(
        gram_dynamics.gram_dynamics,
        GRAM_FAULTS[fault],
        module=gram_dynamics,
        monkeypatch=monkeypatch,
    )


def test_a_transposed_gradient_does_not_fit(monkeypatch, fresh_caches):
    transposed = {W1: W2.T * G.T, W2: G.T * W1.T}
    monkeypatch.setattr(gram_dynamics, "layer_gradients", lambda: transposed)
    with pytest.raises((ProofError, ShapeError, ValueError)):
        gram_dynamics.gram_dynamics()


EXACT_LIFT = unified_evolution.lift_form()


def lift_with(name, value):
    outputs = {**EXACT_LIFT.outputs, name: value}
    return lambda: StableForm(EXACT_LIFT.arguments, EXACT_LIFT.definitions, outputs)


EVOLUTION_FAULTS = {
    "the threshold off by 2 %": ("THRESHOLD", (c1 + c2) / 2 * sp.Rational(51, 50)),
    "the geometric mean for the threshold": ("THRESHOLD", sp.sqrt(c1 * c2)),
    "the imbalance reversed": ("IMBALANCE", c2 - c1),
    "the invariant without its constant": (
        "invariant",
        lambda gram=Q, reflection=gram_dynamics.J, identity=None: (
            (gram * reflection) * (gram * reflection) - (c1 - c2) * (gram * reflection)
        ),
    ),
    "C1 and C2 exchanged": (
        "evolution_rate",
        lambda second=C2, first=C1: -(first * G + G * second),
    ),
    "one side of the evolution missing": (
        "evolution_rate",
        lambda second=C2, first=C1: -second * G,
    ),
    "the lift's corner without c2": ("lift_form", lift_with("corner", sp.sqrt(c1))),
    "the lift's coupling doubled": (
        "lift_form",
        lift_with("below", 2 * EXACT_LIFT.outputs["below"]),
    ),
}


@pytest.mark.parametrize("fault", EVOLUTION_FAULTS)
def test_faults_in_the_unified_evolution_are_found(fault, monkeypatch):
    fails(
        unified_evolution.unified_evolution,
        EVOLUTION_FAULTS[fault],
        module=unified_evolution,
        monkeypatch=monkeypatch,
    )


F = closed_form.Ft
CLOSED_FAULTS = {
    "the wrong sign of the square": (
        "riccati_rate",
        lambda gram=Q: F * gram + gram * F + gram * gram + c1 * c2 * sp.Identity(d_in + d_out),
    ),
    "a factor missing in the constant": (
        "riccati_rate",
        lambda gram=Q: F * gram + gram * F - gram * gram + 2 * c1 * c2 * sp.Identity(d_in + d_out),
    ),
    "the target on one side only": (
        "riccati_rate",
        lambda gram=Q: 2 * F * gram - gram * gram + c1 * c2 * sp.Identity(d_in + d_out),
    ),
    "the threshold off by 2 %": ("THRESHOLD", (c1 + c2) / 2 * sp.Rational(51, 50)),
    "the imbalance doubled": ("IMBALANCE", 2 * (c1 - c2)),
}


@pytest.mark.parametrize("fault", CLOSED_FAULTS)
def test_faults_in_the_closed_form_are_found(fault, monkeypatch):
    fails(
        closed_form.closed_form, CLOSED_FAULTS[fault], module=closed_form, monkeypatch=monkeypatch
    )


def stable_mode_with(name, change):
    """The kernel's form with one intermediate value changed."""
    form = single_mode.stable_mode()
    assert name in {str(symbol) for symbol, _ in form.definitions}
    definitions = tuple(
        (symbol, change(value) if str(symbol) == name else value)
        for symbol, value in form.definitions
    )
    return StableForm(form.arguments, definitions, form.outputs)


MODE_FAULTS = {
    "the solution without its half": ("mode_solution", 2 * single_mode.mode_solution()),
    "the wrong start": ("mode_solution", single_mode.mode_solution().subs(s0, 2 * s0)),
    "the distance without D^2": (
        "remaining_distance",
        single_mode.remaining_distance() / single_mode.D**2,
    ),
    "the lazy limit without its factor 2": ("lazy_mode", y + (s0 - y) * sp.exp(-c * t)),
    "the logistic curve at the lazy rate": (
        "balanced_mode",
        y * s0 / (s0 + (y - s0) * sp.exp(-sp.Abs(y) * t)),
    ),
    "the threshold off by 2 %": ("DEFINITIONS", None),
    "the kernel with M and N of one sign": (
        "stable_mode",
        stable_mode_with("N_", lambda value: value + 1),
    ),
    "the kernel with a wrong way": ("stable_mode", stable_mode_with("way", lambda value: -value)),
    "the kernel with the wrong q_minus": (
        "stable_mode",
        stable_mode_with("q_minus", lambda value: 1 / value),
    ),
}


@pytest.mark.parametrize("fault", MODE_FAULTS)
def test_faults_in_the_single_mode_are_found(fault, monkeypatch):
    name, value = MODE_FAULTS[fault]
    if name == "DEFINITIONS":
        off = {single_mode.D: sp.sqrt(y**2 + (sp.Rational(51, 50) * c) ** 2)}
        replacement = {**single_mode.DEFINITIONS, **off}
    else:
        replacement = lambda: value  # noqa: E731
    fails(
        single_mode_derivation.single_mode,
        (name, replacement),
        module=single_mode,
        monkeypatch=monkeypatch,
    )
