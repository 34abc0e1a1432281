"""Names of theory as LaTeX: no word is left to be read as a product of letters."""

import re

import pytest
import sympy as sp

from theory import derive
from theory.algebra.typesetting import latex

#: Two letters side by side that are meant: differentials and double indices.
MEANT = re.compile(r"d[a-zA-Z]|[ijo]{2}|Dt")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Qnext", r"Q_{\mathrm{next}}"),
        ("C1next", r"C_{1\,\mathrm{next}}"),
        ("Xnext_ij", r"X_{ij\,\mathrm{next}}"),
        ("Astar", "A^{*}"),
        ("Ghat", r"\hat{G}"),
        ("gradW1", r"\nabla_{W_{1}}"),
        ("dQ0", "dQ_{0}"),
        ("dt_G", "dt_{G}"),
        ("trC1", r"\operatorname{tr} C_{1}"),
        ("d_in", r"d_{\mathrm{in}}"),
        ("gamma_sigma2", r"\gamma_{\sigma^2}"),
        ("D^-1sinh(Dt)", r"D^{-1}\sinh(Dt)"),
        ("s_i + s_j", r"\left(s_{i} + s_{j}\right)"),
        ("infinite noise", r"\mathrm{infinite}\ \mathrm{noise}"),
        ("q_+", "q_+"),
    ],
)
def test_a_name_is_set_as_in_a_paper(name, expected):
    assert latex(sp.Symbol(name)) == expected
    assert latex(sp.MatrixSymbol(name, 2, 2)) == expected


def test_norms_products_and_means_have_their_signs():
    norm, inner, mean = (sp.Function(name) for name in ("normF2", "inner", "E"))
    x, y = sp.symbols("x y")
    assert latex(norm(x)) == r"\left\| x \right\|_{F}^{2}"
    assert latex(sp.Function("gradC")(x)) == r"\nabla C{\left(x \right)}"
    assert latex(inner(x, y)) == r"\left\langle x, y \right\rangle"
    assert latex(mean(x) ** 2) == r"\left(\operatorname{E}\left[x\right]\right)^{2}"


def test_matrices_have_roots_and_an_identity():
    A, one = sp.MatrixSymbol("A", 2, 2), sp.Identity(2)
    assert latex(sp.MatPow(A.T * A + one, sp.Rational(1, 2))) == r"\sqrt{I + A^{T} A}"
    assert latex(A**3) == "A^{3}"


def test_words_in_a_product_stay_apart():
    gain, rate, y = sp.symbols("gain rate y")
    assert latex(gain * rate * y) == r"\mathrm{gain} \, \mathrm{rate} \, y"
    assert latex(y * sp.Symbol("zoom")) == r"y\, \mathrm{zoom}"


@pytest.mark.parametrize(
    "topic", ["gram-dynamics", "gram-descent", "prediction", "fast-prediction"]
)
def test_no_word_is_left_in_italics(topic):
    for step in derive(topic):
        text = re.sub(
            r"\\(mathrm|operatorname|text|begin|end|mathbb)\{[^}]*\}|\\[a-z]+",
            " ",
            latex(step.formula),
            flags=re.IGNORECASE,
        )
        words = re.findall(r"[A-Za-z]{2,}", text)
        assert not [word for word in words if not MEANT.fullmatch(word)], latex(step.formula)
