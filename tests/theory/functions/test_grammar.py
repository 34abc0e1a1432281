"""Formulas given as text are read by a grammar; nothing of them runs."""

import builtins
import os

import pytest
import sympy as sp

from theory.functions.activations import activation
from theory.functions.grammar import FUNCTIONS, MAX_LENGTH, parse_formula
from theory.functions.losses import loss
from theory.functions.margin_losses import margin_loss

P, T = sp.symbols("prediction target", real=True)
NAMES = {"prediction": P, "target": T}

SAID = {
    "prediction**2/2 - 1.5*target": P**2 / 2 - 1.5 * T,
    "-(-prediction)": P,
    "+prediction": P,
    "log(cosh(prediction - target))": sp.log(sp.cosh(P - T)),
    "sqrt(1 + prediction**2)*pi": sp.pi * sp.sqrt(1 + P**2),
    "Max(prediction, 0, target)": sp.Max(P, 0, T),
    "abs(prediction) + Abs(target)": sp.Abs(P) + sp.Abs(T),
    "Piecewise((prediction, prediction >= 1), (0, True))": sp.Piecewise((P, P >= 1), (0, True)),
    "0x10*prediction": 16 * P,
}

MAKERS = {loss: "prediction", activation: "preactivation", margin_loss: "margin"}

CALLS = (
    "__import__('os').system('false')",
    "().__class__.__bases__[0].__subclasses__()",
    "prediction.__class__",
    "prediction.subs(prediction, 1)",
    "open('/etc/passwd')",
    "eval('1')",
    "exec('1')",
    "print(prediction)",
    "S('1')",
    "Symbol('x')",
    "Lambda(x, x)",
    "lambda: prediction",
    "[x for x in (1, 2)]",
    "{prediction}",
    "{1: prediction}",
    "(prediction, target)",
    "[prediction]",
    "prediction[0]",
    "f'{prediction}'",
    "'prediction'",
    "b'prediction'",
    "prediction if True else 1",
    "prediction and target",
    "not prediction",
    "~prediction",
    "prediction == 1",
    "prediction < 1",
    "prediction := 1",
    "prediction = 1",
    "prediction; target",
    "await prediction",
    "yield prediction",
    "exp(*prediction)",
    "exp(x=prediction)",
    "exp",
    "exp(prediction, 2)",
    "exp()",
    "Max(prediction)",
    "Piecewise()",
    "Piecewise((prediction, target > 0))",
    "Piecewise((prediction, target), (0, True))",
    "Piecewise(prediction, True)",
    "prediction % 2",
    "prediction // 2",
    "prediction @ 2",
    "prediction << 2",
    "foo(prediction)",
    "factorial(prediction)",
    "gamma(10**9)",
    "Integral(prediction)",
    "x",
    "I*prediction",
    "E*prediction",
    "1j*prediction",
    "True",
    "None",
    "...",
    "nan",
    "oo",
    "inf",
    "zoo",
    "1/0",
    "log(0)",
    "sqrt(-1)",
    "asin(2)",
    "sqrt(-1 - prediction**2)*0 + sqrt(-prediction**2)",
    "9**9**9**9",
    "9**(9**(9**9))",
    "((2**64)**64)**64",
    "10**99*10**99",
    "1e400*prediction",
    "exp(1000)",
    "exp(exp(exp(10)))",
    "cosh(500)",
    "prediction**1e9",
    "prediction**101",
    "",
    "   ",
    "\0",
    "prediction\ntarget",
    "(" * 300 + "prediction" + ")" * 300,
    "-" * 90 + "prediction",
    "prediction + " * 150 + "1" * 2,
    "prediction + " * 400 + "1",
    "exp(" * 60 + "prediction" + ")" * 60,
    "\u03c0*prediction",
    "pre\u0301diction",
)


@pytest.mark.parametrize("text", SAID)
def test_a_formula_means_what_it_spells(text):
    assert parse_formula(text, NAMES) == SAID[text]


def test_every_function_is_called_with_its_number_of_arguments():
    for name, (made, count) in FUNCTIONS.items():
        arguments = [P, T][: count or 2]
        assert parse_formula(f"{name}({', '.join(map(str, arguments))})", NAMES) == made(*arguments)


def test_a_name_hides_a_function_and_a_constant():
    beta, pi = sp.symbols("beta pi", positive=True)
    assert parse_formula("pi*beta", {"beta": beta, "pi": pi}) == pi * beta
    with pytest.raises(ValueError, match="it may call"):
        parse_formula("exp(1)", {"exp": beta})


#: Every builtin but those that formulas have, called on the variable.
BUILTINS = tuple(f"{name}(prediction)" for name in sorted({*dir(builtins)} - {*FUNCTIONS}))


def test_many_hostile_texts_are_tried():
    assert len({*CALLS, *BUILTINS}) >= 200


@pytest.mark.parametrize("text", [*CALLS, *BUILTINS])
def test_what_is_not_of_the_grammar_is_refused_in_one_line_and_never_runs(text, monkeypatch):
    def ran(*_):
        raise AssertionError("evaluated")

    for module, name in ((os, "system"), (builtins, "eval"), (builtins, "open")):
        monkeypatch.setattr(module, name, ran)
    for make, variable in MAKERS.items():
        with pytest.raises(ValueError) as caught:
            make(text.replace("prediction", variable))
        message = str(caught.value)
        assert "\n" not in message and len(message) < 400


@pytest.mark.parametrize("value", [True, None, 3, 2.5, b"prediction", ["prediction"], sp.true])
def test_what_is_neither_text_nor_an_expression_is_refused(value):
    for make in MAKERS:
        with pytest.raises(TypeError, match="must be text or a sympy expression, got"):
            make(value)


def test_length_is_limited():
    with pytest.raises(ValueError, match=f"at most {MAX_LENGTH} characters"):
        parse_formula("1" * (MAX_LENGTH + 1), NAMES)
