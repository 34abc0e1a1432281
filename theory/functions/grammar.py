"""A grammar for formulas given as text: nothing in them is ever evaluated as code.

A formula is made of numbers, ``pi``, the names that its caller gives a meaning, ``+ - * / **``,
comparisons, and the functions of :data:`FUNCTIONS`; ``Piecewise((value, condition), ...)`` has
branches, the last of which may have the condition ``True``.  The text is parsed into Python's
syntax tree, which is a data structure, and each of its nodes is translated or refused.

Limits: ``MAX_LENGTH`` characters, ``MAX_NODES`` nodes and ``MAX_DEPTH`` levels; exponents that
are numbers up to ``MAX_EXPONENT``; every part without a symbol must be a number of moderate size,
so that neither parsing nor simplification can be made to run for hours.
"""

from __future__ import annotations

import ast
import cmath
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

__all__ = ["CONSTANTS", "FUNCTIONS", "parse_formula"]

MAX_LENGTH = 2_000
MAX_NODES = 500
MAX_DEPTH = 40
MAX_EXPONENT = 100
#: Parts without a symbol are numbers of at most this magnitude, and at least its inverse.
MAX_NUMBER = 1e100

#: Functions that a formula may call, and the number of their arguments (None: two or more).
FUNCTIONS: dict[str, tuple[Callable[..., sp.Expr], int | None]] = {
    "exp": (sp.exp, 1),
    "log": (sp.log, 1),
    "sqrt": (sp.sqrt, 1),
    "sin": (sp.sin, 1),
    "cos": (sp.cos, 1),
    "tan": (sp.tan, 1),
    "asin": (sp.asin, 1),
    "acos": (sp.acos, 1),
    "atan": (sp.atan, 1),
    "sinh": (sp.sinh, 1),
    "cosh": (sp.cosh, 1),
    "tanh": (sp.tanh, 1),
    "asinh": (sp.asinh, 1),
    "acosh": (sp.acosh, 1),
    "atanh": (sp.atanh, 1),
    "erf": (sp.erf, 1),
    "erfc": (sp.erfc, 1),
    "sign": (sp.sign, 1),
    "Abs": (sp.Abs, 1),
    "abs": (sp.Abs, 1),
    "Max": (sp.Max, None),
    "Min": (sp.Min, None),
}

CONSTANTS = {"pi": sp.pi}

_OPERATORS: dict[type[ast.operator], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[..., Any]] = {
    ast.Lt: sp.Lt,
    ast.LtE: sp.Le,
    ast.Gt: sp.Gt,
    ast.GtE: sp.Ge,
}


def parse_formula(text: str, names: Mapping[str, sp.Symbol]) -> sp.Expr:
    """Return the sympy expression that a text spells.

    Parameters
    ----------
    text : str
        The formula.
    names : mapping of str to Symbol
        What its names mean; a name here hides a function of the same name.

    Raises
    ------
    ValueError
        If the text is not of the grammar, or is too large; the message says where.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> parse_formula("log(1 + exp(x))/2", {"x": x})
    log(exp(x) + 1)/2
    >>> parse_formula("__import__('os').system('true')", {"x": x})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: it may call exp, log, ...Piecewise, got "__import__('os').system"
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"it must have at most {MAX_LENGTH} characters, got {len(text)}")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError(f"it must be one formula, got {_short(text)!r}") from None
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise ValueError(f"it must have at most {MAX_NODES} parts, got more")
    found = _Translator(text.strip(), {**CONSTANTS, **names}).expression(tree.body, 0)
    if found.has(sp.I, sp.nan, sp.zoo, sp.oo):
        raise ValueError(f"it must be real and finite, got {_short(text)!r}, which is {found}")
    return found


class _Translator:
    """Translates the nodes of one text; everything that is not listed is refused."""

    def __init__(self, text: str, names: Mapping[str, sp.Expr]) -> None:
        self.text, self.names = text, names

    def expression(self, node: ast.expr, depth: int) -> sp.Expr:
        """Return a node as an expression; a part without a symbol must be a moderate number."""
        if depth > MAX_DEPTH:
            raise ValueError(f"it must be nested at most {MAX_DEPTH} deep, got more")
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                found = sp.sympify(value)
            case ast.Name(id=name) if name in self.names:
                return self.names[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                found = -self.expression(operand, depth + 1)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.expression(operand, depth + 1)
            case ast.BinOp(op=ast.Pow(), left=left, right=right):
                found = self._power(node, left, right, depth)
            case ast.BinOp(op=op, left=left, right=right) if type(op) in _OPERATORS:
                sides = (self.expression(side, depth + 1) for side in (left, right))
                found = _OPERATORS[type(op)](*sides)
            case ast.Call(func=function, args=arguments, keywords=[]):
                found = self._call(function, arguments, depth)
            case ast.Name(id=name):
                known = ", ".join(sorted(self.names))
                raise ValueError(f"it may contain the names {known} and numbers, got {name!r}")
            case _:
                raise ValueError(
                    f"it may contain numbers, names, + - * / ** and functions, got {self._of(node)}"
                )
        return self._moderate(node, found)

    def _power(self, node: ast.expr, left: ast.expr, right: ast.expr, depth: int) -> sp.Expr:
        base, exponent = (self.expression(side, depth + 1) for side in (left, right))
        if exponent.is_number and not abs(_number(exponent)) <= MAX_EXPONENT:
            raise ValueError(
                f"exponents must be at most {MAX_EXPONENT} in size, got {self._of(node)}"
            )
        if base.is_number and exponent.is_number:
            size = abs(_number(exponent) * cmath.log(_number(base) or 1))
            if not size <= math.log(MAX_NUMBER):
                self._refuse(node)
        return base**exponent

    def _call(self, function: ast.expr, arguments: list[ast.expr], depth: int) -> sp.Expr:
        name = function.id if isinstance(function, ast.Name) else None
        if name == "Piecewise" and name not in self.names:
            branches = [self._branch(x, depth) for x in arguments]
            if not branches or branches[-1][1] is not sp.true:
                raise ValueError("the last branch of Piecewise must have the condition True")
            return sp.Piecewise(*branches)
        if name not in FUNCTIONS or name in self.names:
            raise ValueError(
                f"it may call {', '.join(FUNCTIONS)} and Piecewise, got {self._of(function)}"
            )
        made, count = FUNCTIONS[name]
        if (count is None and len(arguments) < 2) or count not in (None, len(arguments)):
            wanted = "two or more" if count is None else count
            raise ValueError(f"{name} takes {wanted} arguments, got {len(arguments)}")
        return made(*(self.expression(x, depth + 1) for x in arguments))

    def _branch(self, node: ast.expr, depth: int) -> tuple[sp.Expr, sp.Basic]:
        if not (isinstance(node, ast.Tuple) and len(node.elts) == 2):
            raise ValueError(f"Piecewise takes pairs (value, condition), got {self._of(node)}")
        value, condition = node.elts
        return self.expression(value, depth + 1), self._condition(condition, depth + 1)

    def _condition(self, node: ast.expr, depth: int) -> sp.Basic:
        match node:
            case ast.Constant(value=True):
                return sp.true
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
                sides = (self.expression(side, depth + 1) for side in (left, right))
                return _COMPARISONS[type(op)](*sides)
        raise ValueError(f"a condition must be one of < <= > >= or True, got {self._of(node)}")

    def _moderate(self, node: ast.expr, found: sp.Expr) -> sp.Expr:
        if found.is_number:
            value = _number(found)
            if value.imag or not (value == 0 or 1 / MAX_NUMBER <= abs(value) <= MAX_NUMBER):
                self._refuse(node)
        return found

    def _refuse(self, node: ast.expr) -> None:
        raise ValueError(
            f"numbers must be real and between {1 / MAX_NUMBER:g} and {MAX_NUMBER:g} in size, "
            f"got {self._of(node)}"
        )

    def _of(self, node: ast.expr) -> str:
        """Return the part of the text that a node is, in quotes."""
        return repr(_short(ast.get_source_segment(self.text, node) or self.text))


def _number(expression: sp.Expr) -> complex:
    """Return a number's value; nan where it is none, such as ``log(0)``."""
    try:
        return complex(expression.evalf(15))
    except (TypeError, OverflowError):
        return complex(math.nan)


def _short(text: str) -> str:
    """Return a text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:57] + "..."
