r"""Formulas as LaTeX and as text: sympy's printers, with each name as the table of symbols sets it.

A symbol, matrix or function of :data:`theory.symbols.TABLE` is printed by its entry (``Astar`` is
``A^{*}``, the function ``normF2`` a norm); any other name as sympy prints it.
"""

from __future__ import annotations

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.pretty.pretty import PrettyPrinter
from sympy.printing.pretty.pretty_symbology import pretty_use_unicode
from sympy.printing.pretty.stringpict import prettyForm

from theory.symbols.table import TABLE

__all__ = ["latex", "pretty"]


def latex(formula: sp.Basic) -> str:
    r"""Return a formula as LaTeX for a mathematics environment.

    Parameters
    ----------
    formula : sympy.Basic
        Any expression, equation or condition.

    Examples
    --------
    >>> from theory.symbols import Ghat, d_in
    >>> print(latex(d_in * Ghat))
    d_{\mathrm{in}} \hat{G}
    """
    names = {entry.symbol: entry.latex for entry in TABLE.values()}
    # A product of words needs a space that is seen.
    printer = _Latex({"symbol_names": names, "mul_symbol": r" \, "})
    # Sums of matrices print the sign of a negative term after their own.
    return printer.doprint(formula).replace("+ - ", "- ")


def pretty(formula: sp.Basic) -> str:
    """Return a formula as lines of characters for a terminal.

    Examples
    --------
    >>> from theory.symbols import s, y
    >>> print(pretty(y - s))
    -s + y
    """
    names = {entry.symbol: entry.text for entry in TABLE.values() if entry.text}
    printer = _Text({"use_unicode": True, "wrap_line": False})
    printer.names = names
    # Sympy keeps a flag of its own, which it takes from the terminal.
    before = pretty_use_unicode(True)
    try:
        return printer.doprint(formula)
    finally:
        pretty_use_unicode(before)


class _Latex(LatexPrinter):
    """Sympy's printer with the functions of the table, roots of matrices and a plain identity."""

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        shown = super()._print_Symbol(expr, style)
        word = expr.name.rstrip("_")
        # What a kernel or a user names by a word is not a product of letters.
        is_word = len(word) > 1 and word.isalpha() and shown.rstrip("_{}") == word
        return rf"\mathrm{{{word}}}" if is_word else shown.removesuffix("_{}")

    def _print_Identity(self, expr: sp.Identity) -> str:
        return "I"

    def _print_Subs(self, subs: sp.Subs) -> str:
        # sympy's own form is a \substack, which no MathML converter knows.
        expression, names, values = subs.args
        pairs = zip(names.args, values.args, strict=True)
        at = ", ".join(f"{self._print(x)}={self._print(value)}" for x, value in pairs)
        return rf"\left. {self._print(expression)} \right|_{{{at}}}"

    def _print_MatPow(self, expr: sp.MatPow) -> str:
        if expr.exp == sp.Rational(1, 2):
            return rf"\sqrt{{{self._print(expr.base)}}}"
        return super()._print_MatPow(expr)

    def _print_Function(self, expr: sp.Function, exp: str | None = None) -> str:
        notation = self._settings["symbol_names"].get(expr.func)
        if notation is None:
            return super()._print_Function(expr, exp)
        arguments = ", ".join(self._print(argument) for argument in expr.args)
        if "%s" not in notation:
            return notation + (f"^{{{exp}}}" if exp else "") + rf"\left({arguments}\right)"
        shown = notation % arguments
        return shown if exp is None else rf"\left({shown}\right)^{{{exp}}}"


class _Text(PrettyPrinter):
    """Sympy's printer with the texts of the table."""

    names: dict[sp.Basic, str]

    def _print_Symbol(self, expr: sp.Symbol, bold_name: bool = False) -> prettyForm:
        if expr in self.names:
            return prettyForm(self.names[expr])
        return super()._print_Symbol(expr, bold_name)

    _print_MatrixSymbol = _print_Symbol

    def _print_Function(self, expr: sp.Function, **options: object) -> prettyForm:
        if expr.func in self.names:
            options["func_name"] = self.names[expr.func]
        return super()._print_Function(expr, **options)
