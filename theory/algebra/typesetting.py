r"""Formulas as LaTeX: sympy's printer, with names set as a paper would set them.

The names of theory are written to be typed: ``Qnext``, ``Astar``, ``trC1``, ``cosh(Dt)``.  Here a
word is set upright (``\mathrm{truncation}``), a known beginning or end of a name becomes its sign
(``Astar`` is ``A^{*}``), and a name that is itself a small formula is set word by word.

Holds for every formula of :data:`theory.topics.TOPICS`: no word is left to be read as a product
of letters.
"""

from __future__ import annotations

import re

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter

__all__ = ["latex"]

#: Functions of theory that have a notation of their own.
NOTATION = {
    "normF2": r"\left\| %s \right\|_{F}^{2}",
    "inner": r"\left\langle %s \right\rangle",
    "E": r"\operatorname{E}\left[%s\right]",
}

#: Beginnings of names that stand for an operation on what follows.
PREFIXES = {
    "Delta": r"\Delta %s",
    "delta": r"\delta %s",
    "grad": r"\nabla_{%s}",
    "tr": r"\operatorname{tr} %s",
    "d": "d%s",
}

#: Ends of names that are an index above (*) or below.
SUFFIXES = {"next": ("", "next"), "star": ("*", "")}

#: Parts of names with a sign of their own; ge and go are the parts of a response even and odd in
#: the target, ov a product of overlaps.
SIGNS = {
    "infty": r"\infty",
    "plus": "+",
    "minus": "-",
    "ge": r"g^{\mathrm{even}}",
    "go": r"g^{\mathrm{odd}}",
    "ov": r"\omega",
    "Qt": r"\tilde{Q}",
    "sigma2": r"\sigma^2",
}

#: What LaTeX knows as an operator.
OPERATORS = ("sinh", "cosh", "exp", "log", "lim", "max", "min")

#: A word inside a name that is a formula: letters, then a number or an index.
WORD = re.compile(r"[A-Za-z]+[0-9]*(?:_[A-Za-z0-9]+)?")

#: What only a name that is a formula contains.
FORMULA = re.compile(r"[ ()/+]")

#: An upright word with its indices before another factor, and after one.
UPRIGHT_AFTER = re.compile(r"(\\mathrm\{\w+\}(?:[_^]\{[^{}]*\})*) (?=[\\A-Za-z])")
UPRIGHT_BEFORE = re.compile(r"(?<=[\w}]) \\mathrm")

#: Pairs of letters that are no word: two indices, a differential, a rate times time.
PAIRS = re.compile(r"[ij]{2}|([a-z])\1|oi|d[a-z]|Dt")


def latex(formula: sp.Basic) -> str:
    r"""Return a formula as LaTeX for a mathematics environment.

    Parameters
    ----------
    formula : sympy.Basic
        Any expression, equation or condition.

    Examples
    --------
    >>> print(latex(sp.Symbol("Astar") + sp.Symbol("start_variance")))
    A^{*} + \mathrm{start}_{\mathrm{variance}}
    """
    # Sums of matrices print the sign of a negative term after their own.
    text = _Printer().doprint(formula).replace("+ - ", "- ")
    # A product of words needs a space that is seen.
    return UPRIGHT_BEFORE.sub(r"\, \\mathrm", UPRIGHT_AFTER.sub(r"\1 \, ", text))


class _Printer(LatexPrinter):
    """Sympy's printer with the names and the notation of this module."""

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return _name(expr.name)

    def _print_Identity(self, expr: sp.Identity) -> str:
        return "I"

    def _print_MatPow(self, expr: sp.MatPow) -> str:
        if expr.exp == sp.Rational(1, 2):
            return rf"\sqrt{{{self._print(expr.base)}}}"
        return super()._print_MatPow(expr)

    def _hprint_Function(self, func: str) -> str:
        of = func.removeprefix("grad")
        gradient = of != func and of[:1].isupper()
        return rf"\nabla {_word(of)}" if gradient else super()._hprint_Function(func)

    def _print_Function(self, expr: sp.Function, exp: str | None = None) -> str:
        name = expr.func.__name__
        if not isinstance(expr, AppliedUndef) or name not in NOTATION:
            return super()._print_Function(expr, exp)
        text = NOTATION[name] % ", ".join(self._print(argument) for argument in expr.args)
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def _name(text: str) -> str:
    """Set a name: one word, or a formula of several."""
    if "\\" in text or not FORMULA.search(text):
        return _word(text)
    text = re.sub(r"\^(-?\d+)", r"^{\1}", text)
    words = WORD.sub(lambda word: _word(word.group()), text)
    words = re.sub(r"(?<=[\w}]) (?=[\\A-Za-z])", r"\\ ", words)
    return rf"\left({words}\right)" if " + " in text or " - " in text else words


def _word(text: str) -> str:
    """Set one word with its indices."""
    if text in OPERATORS:
        return rf"\{text}"
    for prefix, operation in PREFIXES.items():
        rest = text.removeprefix(prefix)
        if rest != text and rest[:1].isupper():
            return operation % _word(rest)
    last: tuple[str, str] = ("", "")
    for suffix, indices in SUFFIXES.items():
        stem, found, rest = text.partition(suffix)
        if stem and found and not stem.endswith("_"):
            text, last = stem + rest, indices
    base, above, below = LatexPrinter()._split_super_sub(text)
    upper, lower = (
        r"\,".join(_part(x) for x in (*row, index) if x)
        for row, index in zip((above, below), last, strict=True)
    )
    return _part(base) + f"^{{{upper}}}" * bool(upper) + f"_{{{lower}}}" * bool(lower)


def _part(name: str) -> str:
    """Set a part of a word upright, unless it is a letter, a number, a sign or a pair."""
    if name in SIGNS:
        return SIGNS[name]
    if re.fullmatch(r"[A-Za-z]{2,}", name) and not PAIRS.fullmatch(name):
        return rf"\mathrm{{{name}}}"
    return name
