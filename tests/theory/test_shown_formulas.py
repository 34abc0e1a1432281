"""The check of shown formulas: it covers every topic, and it notices what is wrong.

The worlds in which formulas are evaluated stand beside the tests of each subject, in files of
the name of this one.
"""

import ast
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra.derivation import Derivation, ProofError, Step, define, prove
from theory.symbols import C1, C2, A, G, c, s, t, y
from theory.symbols.notation import s_of
from theory.topics import TOPICS

FOLDERS = ("dynamics", "depth", "random_matrices", "prediction", "regimes", "crossover")


def worlds(folder):
    """Return the topics that have a world in a folder."""
    file = Path(__file__).parent / folder / "test_shown_formulas.py"
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "WORLDS":
            return [key.value for key in node.value.keys]
    raise AssertionError(f"{file} must have WORLDS")


def test_every_topic_has_a_world():
    assert sorted(topic for folder in FOLDERS for topic in worlds(folder)) == sorted(TOPICS)


def derivation(*steps):
    return Derivation("t", "Title", "always", "here", steps)


def plain(_):
    return {}


def mode(_):
    return {s: 0.4, c: 0.7, y: 1.1, s_of(t): sp.exp(t)}


def shown_as(left, right, mark="proved", **where):
    return Step("a step", sp.Eq(left, right, evaluate=False), mark, **where)


@pytest.mark.parametrize(
    "step",
    [
        shown_as((s + y) ** 2, s**2 + y**2),
        shown_as(sp.sqrt(s**2 + c**2), s + c),
        shown_as(A.T * A, C1),
        shown_as((C2 * G).T, C2.T * G.T.T.T),
        shown_as(sp.Tuple(s, y), sp.Tuple(s, y + 1)),
        shown_as(sp.Derivative(s_of(t), t), s_of(t) + 1),
        shown_as(sp.Limit(sp.sin(y * t) / t, t, 0), 1),
        shown_as(s, c),
        # The equation is true where its name stands for something else than in the world.
        shown_as(s, 3 * c, where={s: 3 * c}),
    ],
)
def test_a_wrong_formula_is_noticed(step, shown):
    with pytest.raises((AssertionError, ValueError)):
        shown.check(derivation(step), mode)


@pytest.mark.parametrize(
    "step",
    [
        shown_as((s + y) ** 2, s**2 + 2 * s * y + y**2),
        shown_as((C2 * G).T, G.T * C2.T),
        shown_as(sp.Derivative(s_of(t), t), s_of(t)),
        shown_as(sp.Limit(sp.sin(y * t) / t, t, 0), y),
        shown_as(sp.Trace(A * A.T), sp.Trace(A.T * A)),
    ],
)
def test_a_right_formula_is_not(step, shown):
    ((_, outcome),) = shown.outcomes(derivation(step), mode)
    assert outcome == "equal"


def test_a_definition_gives_its_name_a_meaning(shown):
    q = sp.Symbol("q")
    right = define("q is", sp.Eq(q, s + y)), shown_as(q - y, s)
    wrong = define("q is", sp.Eq(q, s + 2 * y)), shown_as(q - y, s)
    shown.check(derivation(*right), mode)
    with pytest.raises(AssertionError):
        shown.check(derivation(*wrong), mode)


def test_the_list_of_what_has_no_value_is_exact(shown):
    step = shown_as(sp.Function("f")(t), s)
    shown.check(derivation(step), plain, unknown={"a step": "f is not known"})
    with pytest.raises(AssertionError, match="unknown f"):
        shown.check(derivation(step), plain)
    with pytest.raises(AssertionError, match="equal"):
        shown.check(derivation(shown_as(s, s)), plain, unknown={"a step": "not needed"})
    with pytest.raises(AssertionError, match="no step: gone"):
        shown.check(derivation(shown_as(s, s)), plain, special=["gone"])


def test_a_formula_cannot_be_shown_in_place_of_what_was_checked():
    """A proof of 0 = 0 once printed whatever it was given to show."""
    with pytest.raises(TypeError):
        prove("false", sp.Eq(s, s, evaluate=False), show=sp.Eq(s, s + 1))
    with pytest.raises(ProofError, match="the difference of the two sides is -1"):
        prove("false", sp.Eq(s, s + 1, evaluate=False))


@pytest.mark.parametrize("topic", ["gram-descent", "wishart"])
def test_each_formula_of_a_topic_is_noticed_if_doubled(topic, shown, derivations):
    steps = tuple(derivations(topic))
    checked = [
        place
        for place, step in enumerate(steps)
        if step.mark in ("proved", "checked") or (step.mark == "derived" and step.where)
    ]
    assert len(checked) > 3
    for place in checked:
        left, right = steps[place].formula.args
        other = 2 * right if right != 0 else right + 1
        assert not isinstance(right, MatrixExpr) or other.shape == right.shape
        fault = replace(steps[place], formula=sp.Eq(left, other, evaluate=False))
        planted = derivation(*steps[:place], fault, *steps[place + 1 :])
        with pytest.raises(AssertionError):
            shown.outcomes(planted, plain)
