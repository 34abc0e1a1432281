"""Scalar functions as sympy expressions: what losses, margin losses and activations share.

A function is an expression of one or two variables and of parameters that have values.  sympy
differentiates it in its first variable, with ``log(1 + exp(u))`` and ``1/(1 + exp(-u))`` kept in
one piece: simplified with ``exp``, their slopes may become quotients of overflows.

Holds for any expression that is differentiable in the first variable almost everywhere; at a
corner the derivative is the one of the branch that the expression takes there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, TypeVar

import sympy as sp

from theory.algebra.stable_form import is_softplus, softplus_argument
from theory.algebra.typesetting import latex
from theory.arguments import check_expression, check_parameters, check_positive, check_text
from theory.functions.grammar import parse_formula
from theory.wording import shown

__all__ = ["ScalarFunction", "check_bounded_below", "chosen", "parse"]

F = TypeVar("F", bound="ScalarFunction")


@dataclass(frozen=True, eq=False)
class ScalarFunction:
    """A function of the variables of its class.

    Attributes
    ----------
    name : str
        How it is called in results.
    expression : sympy.Expr
        In the variables and the parameters.
    parameters : mapping of str to float
        Values of the parameters, positive; a new value needs no new kernel.
    """

    #: What it is of; derivatives are in the first.
    VARIABLES: ClassVar[tuple[sp.Symbol, ...]] = ()
    #: What it is called in messages.
    KIND: ClassVar[str] = "function"

    name: str
    expression: sp.Expr
    parameters: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse symbols that nothing gives a value to, and values that sympy did not assume."""
        check_text("name", self.name)
        check_expression(self.KIND, self.expression)
        curvature = getattr(self, "curvature", None)
        if curvature is not None:
            check_positive("curvature", curvature)
        for name in check_parameters("parameters", self.parameters):
            if name in {x.name for x in self.VARIABLES}:
                article = "an" if self.KIND[0] in "aeiou" else "a"
                raise ValueError(
                    f"a parameter must not be called {name!r}, which {article} {self.KIND} is of"
                )
        known = {*self.VARIABLES, *self.parameter_symbols}
        unknown = sorted(str(x) for x in self.expression.free_symbols - known)
        if unknown:
            allowed = ", ".join(sorted(str(x) for x in known))
            raise ValueError(
                f"{self.KIND} {self.name!r} may contain the symbols {allowed}, "
                f"got {', '.join(unknown)}"
            )
        if self.VARIABLES[0] not in self.expression.free_symbols:
            raise ValueError(
                f"{self.KIND} must depend on {self.VARIABLES[0]}, got {self.expression}"
            )

    @property
    def parameter_symbols(self) -> tuple[sp.Symbol, ...]:
        """The parameters as symbols, in the order in which kernels take them."""
        return tuple(sp.Symbol(name, positive=True) for name in self.parameters)

    @cached_property
    def derivative(self) -> sp.Expr:
        """The derivative in the first variable."""
        return _derivative(self.expression, self.VARIABLES[0])

    @cached_property
    def second_derivative(self) -> sp.Expr:
        """The second derivative in the first variable; corners have no share in it."""
        return _derivative(self.derivative, self.VARIABLES[0])

    def with_values(self, expression: sp.Expr) -> sp.Expr:
        """Return an expression with the parameters replaced by their values, as exact numbers."""
        values = map(sp.Rational, self.parameters.values())
        return check_expression("expression", expression).subs(
            dict(zip(self.parameter_symbols, values, strict=True))
        )

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {latex(self.expression)}$"


def parse(
    kind: type[ScalarFunction], expression: str | sp.Expr, parameters: Mapping[str, float] | None
) -> tuple[sp.Expr, dict[str, float]]:
    """Return a user's expression in the variables of a kind, and its parameters as floats.

    Parameters
    ----------
    kind : type
        A subclass of :class:`ScalarFunction`.
    expression : str or sympy.Expr
        Text, or an expression whose symbols may lack the assumptions of the variables.
    parameters : mapping of str to float, optional
        Names that may stand for something else in sympy, such as ``beta``, mean the parameter.

    Raises
    ------
    ValueError
        If the text is not of the grammar of :mod:`theory.functions.grammar`.
    TypeError
        If it is neither text nor an expression.
    """
    values = {} if parameters is None else check_parameters("parameters", parameters)
    names: dict[str, sp.Symbol] = {x.name: x for x in kind.VARIABLES}
    names |= {key: sp.Symbol(key, positive=True) for key in values}
    if isinstance(expression, str):
        try:
            return parse_formula(expression, names), values
        except ValueError as error:
            raise ValueError(f"{kind.KIND} {shown(expression)}: {error}") from None
    if not isinstance(expression, sp.Expr):
        raise TypeError(
            f"{kind.KIND} must be text or a sympy expression, got {type(expression).__name__}"
        )
    parsed = expression
    return parsed.subs({x: names[x.name] for x in parsed.free_symbols if x.name in names}), values


def check_bounded_below(
    kind: type[ScalarFunction], expression: sp.Expr, values: Mapping[str, float]
) -> None:
    """Refuse a loss that falls without bound in its first variable, as descent would find out.

    Looked at 10, 100 and 1000 on both sides: one that falls in each step by about as much as in
    the one before, or by more, has no bound.  What has no value there is let pass.
    """
    variable, *others = kind.VARIABLES
    own = {sp.Symbol(key, positive=True): sp.Float(value) for key, value in values.items()}
    for side in (-1, 1):
        for rest in (-1, 1) if others else (0,):
            at = own | dict.fromkeys(others, sp.Integer(rest))
            near, far, farthest = (
                sp.N(expression.xreplace(at | {variable: sp.Integer(side * size)}))
                for size in (10, 100, 1000)
            )
            if not all(x.is_extended_real for x in (near, far, farthest)):
                continue
            if far < near and far - farthest > sp.Rational(9, 10) * (near - far):
                raise ValueError(
                    f"{kind.KIND} must be bounded below, got {shown(str(expression))}, which is "
                    f"{float(farthest):.3g} at {variable} = {1000 * side}"
                )


def chosen(
    kind: type[F],
    value: str | sp.Expr | F,
    named: Mapping[str, Callable[[], F]],
    make: Callable[[str | sp.Expr], F],
) -> F:
    """Return a function that is given as such, by the name of a built-in one, or as a formula."""
    if isinstance(value, kind):
        return value
    if isinstance(value, str) and value in named:
        return named[value]()
    variables = [x.name for x in kind.VARIABLES]
    if isinstance(value, str) and value.isidentifier() and value not in variables:
        known, of = ", ".join(named), ", ".join(variables)
        raise ValueError(f"{kind.KIND} must be {known} or a formula of {of}, got {shown(value)}")
    return make(value)


class _Logistic(sp.Function):
    """``1/(1 + exp(-u))``, kept in one piece."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        # 1 - logistic(u) would lose its digits at large u.
        return _Logistic(self.args[0]) * _Logistic(-self.args[0])


class _Softplus(sp.Function):
    """``log(1 + exp(u))``, kept in one piece."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return _Logistic(self.args[0])


def _derivative(expression: sp.Expr, variable: sp.Symbol) -> sp.Expr:
    opaque = expression.replace(is_softplus, lambda x: _Softplus(softplus_argument(x)))
    opaque = opaque.replace(_is_logistic, lambda x: _Logistic(_logistic_argument(x)))
    slope = sp.simplify(sp.diff(opaque, variable))
    # The slope of Max(x, 0); a kernel knows no Heaviside function.
    slope = slope.replace(sp.Heaviside, lambda x, *_: sp.Piecewise((1, x > 0), (0, True)))
    plain = slope.replace(_Softplus, lambda u: sp.log(1 + sp.exp(u)))
    return plain.replace(_Logistic, lambda u: 1 / (1 + sp.exp(-u)))


def _is_logistic(expression: sp.Basic) -> bool:
    """Tell whether an expression is ``1/(1 + exp(-u))``."""
    return (
        isinstance(expression, sp.Pow)
        and expression.exp == -1
        and isinstance(expression.base, sp.Add)
        and is_softplus(sp.log(expression.base, evaluate=False))
    )


def _logistic_argument(expression: sp.Expr) -> sp.Expr:
    return -softplus_argument(sp.log(expression.base, evaluate=False))
