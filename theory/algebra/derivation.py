"""Derivations: sequences of steps, each a formula that sympy has checked.

A step is *defined* (it introduces a name or an assumption), *derived* (its right side is what the
code computed with sympy, or a stated form of it that sympy found equal) or *proved* (sympy reduced
the difference of its two sides to zero before the step came to exist); *checked* is proved for one
size of the matrices.  A false identity raises :class:`ProofError`, and so does an equation whose
sides are the same as soon as its names are replaced: nothing would be proved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra.noncommuting_matrices import Relations, blocks, is_zero, normal_form
from theory.algebra.reductions import reduced
from theory.algebra.typesetting import latex, pretty

__all__ = ["Derivation", "ProofError", "Step", "define", "derive", "equal", "prove"]


class ProofError(ArithmeticError):
    """Raised when sympy cannot reduce the difference of two sides to zero."""


@dataclass(frozen=True)
class Step:
    """One line of a derivation.

    Attributes
    ----------
    text : str
        What the formula says, in one sentence.
    formula : sympy.Basic
        The formula, usually an equation.
    mark : {"defined", "derived", "proved", "checked"}
        Whether the formula introduces a name or an assumption, was computed by sympy, was stated
        and then checked by reducing the difference of its sides to zero, or was checked so for
        one size of the matrices, which the text names.
    where : mapping
        What the names in the formula stand for in that check; what was computed, where it is
        shown in a stated form.
    """

    text: str
    formula: sp.Basic
    mark: str
    where: Mapping[sp.Basic, sp.Basic] = field(default_factory=dict, compare=False)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {latex(self.formula)}$"


@dataclass(frozen=True)
class Derivation:
    """A titled sequence of steps with its range and its source.

    Prints as text (``str``), as the body of a LaTeX document (:meth:`latex`) and as formulas in
    a notebook.

    Examples
    --------
    >>> x, y = sp.symbols("x y")
    >>> step = prove("A square is", equal((x + y) ** 2, x**2 + 2 * x * y + y**2))
    >>> shown = Derivation("squares", "Squares", "for all x and y", "school", (step,))
    >>> len(shown), [step.mark for step in shown]
    (1, ['proved'])
    """

    topic: str
    title: str
    holds: str
    source: str
    steps: tuple[Step, ...]

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __str__(self) -> str:
        lines = [self.title, "=" * len(self.title), f"Holds: {self.holds}", ""]
        for number, step in enumerate(self.steps, start=1):
            lines.append(f"({number}) [{step.mark}] {step.text}")
            lines += [
                "",
                *(f"    {line}".rstrip() for line in pretty(step.formula).splitlines()),
                "",
            ]
        lines.append(f"Source: {self.source}")
        return "\n".join(lines)

    def latex(self) -> str:
        """Return the derivation as a LaTeX section (amsmath and graphicx are needed)."""
        lines = [rf"\section{{{_escape(self.title)}}}", rf"\emph{{Holds:}} {_escape(self.holds)}"]
        for number, step in enumerate(self.steps, start=1):
            lines.append("")
            lines.append(rf"\paragraph{{({number}) {step.mark}.}} {_escape(step.text)}")
            formula = latex(step.formula)
            lines.append(
                rf"\[\setbox0=\hbox{{$\displaystyle {formula}$}}"
                r"\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\box0}\else\box0\fi\]"
            )
        lines += ["", rf"\emph{{Source:}} {_escape(self.source)}"]
        return "\n".join(lines)

    def _repr_markdown_(self) -> str:
        lines = [f"### {self.title}", f"*Holds:* {self.holds}"]
        for number, step in enumerate(self.steps, start=1):
            lines.append(f"**({number}) {step.mark}.** {step.text}")
            lines.append(f"$$ {latex(step.formula)} $$")
        lines.append(f"*Source:* {self.source}")
        return "\n\n".join(lines)


def define(text: str, formula: sp.Basic) -> Step:
    """Return a step that introduces a name or states an assumption."""
    return Step(text, formula, "defined")


def derive(
    text: str,
    name: sp.Basic,
    result: sp.Basic,
    *,
    stated: sp.Basic | None = None,
    reduce: str = "expand",
) -> Step:
    """Return a step whose right side was computed with sympy from what stands before it.

    Parameters
    ----------
    text : str
        What the equation says.
    name : sympy.Basic
        The left side.
    result : sympy.Basic
        What was computed.
    stated : sympy.Basic, optional
        The form in which the result is shown, where it is known beforehand.
    reduce : str, optional
        As in :func:`prove`, to compare the two.

    Raises
    ------
    ProofError
        If the result is not equal to the stated form.
    """
    if stated is None:
        return Step(text, equal(name, result), "derived")
    for one, other in _pairs(text, sp.sympify(result), sp.sympify(stated)):
        _check(text, one, other, None, reduce)
    return Step(text, equal(name, stated), "derived", {name: result})


def equal(left: sp.Basic, right: sp.Basic) -> sp.Eq:
    """Return an equation that sympy leaves as it is written."""
    return sp.Eq(left, right, evaluate=False)


def prove(
    text: str,
    equation: sp.Eq,
    *,
    where: Mapping[sp.Basic, sp.Basic] | None = None,
    given: Relations | None = None,
    reduce: str = "expand",
    at: str = "",
) -> Step:
    """Return a step that shows an equation which sympy has found to hold.

    The equation that is shown is the one that is checked: names in it are replaced by what they
    stand for, limits, derivatives and integrals are carried out, and the difference of the two
    sides is reduced to zero.

    Parameters
    ----------
    text : str
        What the equation says.
    equation : sympy.Eq
        Unevaluated (``evaluate=False``), between scalars, matrices or block matrices, or between
        tuples of them, which must be equal item by item.
    where : mapping, optional
        What names in the equation stand for: symbols, matrix symbols, time derivatives, applied
        functions.  Replaced at once, on both sides.
    given : mapping, optional
        Relations between matrices, used as rewriting rules.
    reduce : str, optional
        The name of a method of :mod:`theory.algebra.reductions` that rewrites the difference of
        two scalars before it is simplified.
    at : str, optional
        For which size it is checked ("d_out, d_in = 2, 3"), where it is not for all; the step is
        then marked "checked", and its text says so.

    Raises
    ------
    ProofError
        If the difference does not reduce to zero, a name of ``where`` is not in the equation, or
        both sides are the same, as they are written, after the names are replaced.
    TypeError
        If it is no equation, as sympy makes of ``Eq(x, x)`` when it evaluates it.
    """
    if not isinstance(equation, sp.Eq):
        raise TypeError(f"{text}: a proof takes an unevaluated equation, got {equation}")
    names = dict(where or {})
    absent = [name for name in names if not equation.has(name)]
    if absent:
        raise ProofError(f"{text}: the equation does not contain {absent}")
    if _as_written(equation.lhs, names) == _as_written(equation.rhs, names):
        raise ProofError(
            f"{text}: nothing to prove: both sides are the same after the names are replaced"
        )
    left, right = (side.xreplace(names).doit() for side in equation.args)
    for one, other in _pairs(text, left, right):
        _check(text, one, other, given, reduce)
    if at:
        return Step(f"{text} (Checked for {at}.)", equation, "checked", names)
    return Step(text, equation, "proved", names)


def _as_written(x: sp.Basic, names: Mapping[sp.Basic, sp.Basic]) -> tuple[Any, ...] | str:
    """Return an expression as it is written with its names replaced, before sympy computes.

    Brackets in sums and products do not count, nor does the order where it does not matter.
    """
    if x in names:
        return _as_written(sp.sympify(names[x]), {})
    if not x.args:
        return sp.srepr(x)
    kind, items = x.func.__name__, [_as_written(item, names) for item in x.args]
    if x.func in (sp.Add, sp.Mul, sp.MatAdd, sp.MatMul):
        parts = (item[1:] if item[0] == kind else (item,) for item in items)
        items = [part for several in parts for part in several]
    if x.func in (sp.Add, sp.Mul, sp.MatAdd):
        items.sort(key=str)
    return (kind, *items)


def _pairs(text: str, left: sp.Basic, right: sp.Basic) -> Iterator[tuple[sp.Basic, sp.Basic]]:
    """Yield what must be equal: the sides, or the items of tuples and of explicit matrices."""
    if isinstance(left, sp.Tuple) and isinstance(right, sp.Tuple) and len(left) == len(right):
        for one, other in zip(left, right, strict=True):
            yield from _pairs(text, one, other)
        return
    explicit = [isinstance(side, sp.MatrixBase) for side in (left, right)]
    if any(explicit):
        if left.shape != right.shape:
            raise ProofError(f"{text}: shapes differ, {left.shape} against {right.shape}")
        yield from zip(left.as_explicit(), right.as_explicit(), strict=True)
        return
    yield left, right


def _check(
    text: str, left: sp.Basic, right: sp.Basic, given: Relations | None, reduce: str = "expand"
) -> None:
    """Raise ProofError if the difference of two sides does not reduce to zero."""
    if isinstance(left, MatrixExpr) or isinstance(right, MatrixExpr):
        if getattr(left, "shape", None) != getattr(right, "shape", None):
            raise ProofError(f"{text}: shapes differ, those of {left} and {right}")
        rest = left - right
        holds = is_zero(rest, given)
        remainder = [[normal_form(x, given) for x in row] for row in blocks(rest)]
    else:
        remainder = sp.simplify(reduced(left - right, reduce))
        holds = remainder == 0
    if not holds:
        raise ProofError(f"{text}: the difference of the two sides is {remainder}")


def _escape(text: str) -> str:
    for plain, escaped in (("\\", r"\textbackslash "), ("_", r"\_"), ("^", r"\^{}"), ("&", r"\&")):
        text = text.replace(plain, escaped)
    return text
