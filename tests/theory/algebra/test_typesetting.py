"""Formulas as LaTeX and as text: names as the table of symbols sets them."""

import re

import pytest
import sympy as sp

from theory.algebra.typesetting import latex, pretty
from theory.symbols import TABLE, Ghat, d_in, s, y
from theory.symbols.dynamics import X_C1, Cosh, Q_next, delta_A
from theory.symbols.notation import inner, mean, norm2, s_of
from theory.topics import TOPICS


@pytest.mark.parametrize(
    ("symbol", "in_latex", "in_text"),
    [
        (Q_next, r"Q_{\mathrm{next}}", "Qnext"),
        (Ghat, r"\hat{G}", sp.pretty(Ghat, use_unicode=True)),
        (delta_A, r"\delta A", "deltaA"),
        (d_in, r"d_{\mathrm{in}}", "dᵢₙ"),
        (Cosh, r"\cosh(D t)", "cosh(D⋅t)"),
        (X_C1, "X", "X"),
        (s_of(y), r"s\left(y\right)", "s(y)"),
        (sp.Symbol("a_name_of_a_user"), r"a_{name of a user}", "a_name_of_a_user"),
    ],
)
def test_a_name_is_set_by_its_entry(symbol, in_latex, in_text):
    assert latex(symbol) == in_latex
    assert pretty(symbol) == in_text


def test_the_same_name_with_other_assumptions_has_no_entry():
    assert latex(sp.Symbol("d_in")) == "d_{in}"


def test_norms_products_and_means_have_their_signs():
    assert latex(norm2(s)) == r"\left\| s \right\|_{F}^{2}"
    assert latex(inner(s, y)) == r"\left\langle s, y \right\rangle"
    assert latex(mean(s) ** 2) == r"\left(\operatorname{E}\left[s\right]\right)^{2}"
    assert latex(s_of(y) ** 2) == r"s^{2}\left(y\right)"


def test_matrices_have_roots_and_an_identity():
    A, one = sp.MatrixSymbol("A", 2, 2), sp.Identity(2)
    assert latex(sp.MatPow(A.T * A + one, sp.Rational(1, 2))) == r"\sqrt{I + A^{T} A}"
    assert latex(A**3) == "A^{3}"


def test_factors_stay_apart():
    assert latex(2 * s * y) == r"2 \, s \, y"


def test_every_entry_of_the_table_can_be_set():
    for name, entry in TABLE.items():
        plain = entry.latex.replace(r"\{", "").replace(r"\}", "")
        assert plain.count("{") == plain.count("}"), name
        assert entry.meaning, name
        assert entry.unit, name


#: Two letters side by side that are meant: differentials and double indices.
MEANT = re.compile(r"d[a-zA-Z]|[ijo]{2}")


@pytest.mark.parametrize("topic", TOPICS)
def test_no_word_is_left_in_italics(topic, derivations):
    for step in derivations(topic):
        text = re.sub(
            r"\\(mathrm|operatorname|text|begin|end|mathbb)\{[^}]*\}|\\[a-z]+",
            " ",
            latex(step.formula),
            flags=re.IGNORECASE,
        )
        words = re.findall(r"[A-Za-z]{2,}", text)
        assert not [word for word in words if not MEANT.fullmatch(word)], latex(step.formula)
