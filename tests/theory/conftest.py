"""Numbers for shown formulas: an evaluator that knows nothing of how the formulas were proved.

A *world* is a function of a time shift h that gives values to names: numbers and arrays for
symbols and matrices, expressions for functions of time.  Names that the steps of a derivation
define are bound to their definitions; other free symbols get random values that satisfy their
assumptions.  Products, inverses and roots are those of NumPy, time derivatives are differences,
limits are values close to the limit.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory import derive
from theory.algebra.noncommuting_matrices import TimeDerivative
from theory.symbols import d_in, d_out, n, w
from theory.symbols.notation import inner, norm2

SIZES = {d_in: 3, d_out: 2, w: 4, n: 5}
#: Step of the central differences, whose error is of its square.
STEP = 1e-5
#: Distance of a limit from its point, and digits in which it is evaluated.
NEAR, FAR, DIGITS = sp.Rational(1, 10**16), sp.Integer(10) ** 10, 60
TOLERANCE = 1e-6


class UnknownName(LookupError):
    """A name has no value in a world."""


@dataclass
class Numbers:
    """Values of formulas in a world."""

    world: Callable[[float], dict]
    seed: int = 0
    bindings: dict = field(default_factory=dict)
    where: dict = field(default_factory=dict)
    drawn: dict = field(default_factory=dict)
    worlds: dict = field(default_factory=dict)

    def knows(self, name: sp.Basic) -> bool:
        return name in self.bindings or name in self._base(0.0)

    def of(self, expression: sp.Basic, shift: float = 0.0) -> np.ndarray:
        """Return the value of a scalar, a matrix or a tuple of them, as one array."""
        if isinstance(expression, sp.Tuple):
            return np.concatenate([np.ravel(self.of(item, shift)) for item in expression])
        if isinstance(expression, MatrixExpr | sp.MatrixBase):
            return self._matrix(expression, shift)
        return np.array(self._scalar(expression, shift))

    def _base(self, shift: float) -> dict:
        if shift not in self.worlds:
            self.worlds[shift] = SIZES | self.world(shift)
        return self.worlds[shift]

    def _matrix(self, x: sp.Basic, shift: float) -> np.ndarray:
        if x in self.where:
            return self._without_where().of(self.where[x], shift)
        base = self._base(shift)
        if x in base:
            return np.array(base[x])
        if x in self.bindings:
            return self._matrix(self.bindings[x], shift)
        value = lambda item: self._matrix(item, shift)  # noqa: E731
        if isinstance(x, sp.MatrixBase):
            entries = [[self._scalar(x[i, j], shift) for j in range(x.cols)] for i in range(x.rows)]
            return np.array(entries)
        if isinstance(x, sp.MatAdd):
            return sum(value(item) for item in x.args)
        if isinstance(x, sp.MatMul):
            factor, matrices = x.as_coeff_matrices()
            return self._scalar(factor, shift) * np.linalg.multi_dot(
                [value(item) for item in matrices] + [np.eye(self._size(x.shape[1]))]
            )
        if isinstance(x, sp.Inverse):
            return np.linalg.inv(value(x.arg))
        if isinstance(x, sp.MatPow):
            return _power(value(x.base), x.exp)
        if isinstance(x, sp.Transpose):
            return value(x.arg).T
        if isinstance(x, sp.Identity):
            return np.eye(self._size(x.shape[0]))
        if isinstance(x, sp.ZeroMatrix):
            return np.zeros([self._size(side) for side in x.shape])
        if isinstance(x, sp.BlockDiagMatrix | sp.BlockMatrix):
            rows, columns = x.blockshape
            return np.block([[value(x.blocks[i, j]) for j in range(columns)] for i in range(rows)])
        if isinstance(x, TimeDerivative):
            change = self._matrix(x.args[0], shift + STEP) - self._matrix(x.args[0], shift - STEP)
            return change / (2 * STEP)
        if isinstance(x, sp.MatrixSymbol):
            if x not in self.drawn:
                sides = [self._size(side) for side in x.shape]
                self.drawn[x] = np.random.default_rng((self.seed, len(self.drawn))).normal(
                    size=sides
                )
            return self.drawn[x]
        raise UnknownName(f"{type(x).__name__} {x}")

    def _scalar(self, expression: sp.Basic, shift: float) -> complex:
        x = self._named(sp.sympify(expression).xreplace(self.where), shift)
        if x.atoms(sp.Trace, AppliedUndef):
            x = x.replace(
                lambda item: isinstance(item, sp.Trace) or item.func in (norm2, inner),
                lambda *arguments: self._of_matrices(*arguments, shift=shift),
            )
        limits = {item: self._limit(item, shift) for item in x.atoms(sp.Limit)}
        # Integrals are left to quadrature; a derivative's variable is a name like others after it.
        x = self._named(x.xreplace(limits).doit(integrals=False), shift)
        areas = {item: self._area(item, shift) for item in x.atoms(sp.Integral)}
        return _number(self._numbers(x.xreplace(areas), shift))

    def _area(self, item: sp.Integral, shift: float) -> sp.Expr:
        variable, *ends = item.limits[0]
        low, high = (float(self._scalar(end, shift)) for end in ends)
        inside = sp.lambdify(variable, self._numbers(item.function, shift, {variable}), "mpmath")
        return sp.Float(mpmath.quad(inside, [low, high]))

    def _named(self, x: sp.Basic, shift: float) -> sp.Basic:
        """Replace what names stand for: functions, their derivatives, defined symbols."""
        known = {**self.bindings, **self._base(shift)}
        for function, value in known.items():
            if callable(value):
                x = x.replace(function, value)
        for _ in range(20):
            bound = set().union(*(_variables(item) for item in x.atoms(*_BINDERS)))
            free = x.free_symbols - bound
            names = (*x.atoms(sp.Derivative), *x.atoms(AppliedUndef), *free)
            found = {name: known[name] for name in names if name in known}
            found = {
                name: _exact(value)
                for name, value in found.items()
                if not isinstance(name, sp.Symbol | sp.MatrixSymbol)
                or (isinstance(value, sp.Expr) and not value.is_number)
            }
            for item in x.atoms(sp.Derivative):
                numbers = [y for y in item.atoms(AppliedUndef) if y in found and found[y].is_number]
                if numbers and item not in found:
                    raise UnknownName(item)
            if not found:
                return x
            x = x.xreplace(found)
        return x

    def _of_matrices(self, item: sp.Expr, *, shift: float) -> sp.Expr:
        values = [self.of(argument, shift) for argument in item.args]
        if isinstance(item, sp.Trace):
            return sp.Float(np.trace(values[0]))
        return sp.Float(np.sum(values[0] * values[-1]))

    def _limit(self, item: sp.Limit, shift: float) -> sp.Expr:
        expression, variable, point, side = item.args
        place = FAR if point is sp.oo else point + (-NEAR if str(side) == "-" else NEAR)
        return self._numbers(expression.doit().xreplace({variable: place}), shift)

    def _numbers(self, x: sp.Expr, shift: float, kept: Collection = ()) -> sp.Expr:
        unknown = x.atoms(AppliedUndef)
        if unknown:
            raise UnknownName(", ".join(map(str, unknown)))
        base = self._base(shift)
        values = {}
        for symbol in (
            x.free_symbols
            - set(kept)
            - {y for y in x.free_symbols if isinstance(y, sp.MatrixSymbol)}
        ):
            value = base[symbol] if symbol in base else self._draw(symbol)
            values[symbol] = _exact(value)
        return x.xreplace(values)

    def _draw(self, symbol: sp.Symbol) -> sp.Expr:
        if symbol not in self.drawn:
            rng = np.random.default_rng((self.seed, 1, len(self.drawn)))
            value = rng.integers(2, 6) if symbol.is_integer else rng.uniform(0.5, 1.5)
            if symbol.is_nonnegative is None and symbol.is_real and rng.random() < 0.5:
                value = -value
            self.drawn[symbol] = _exact(float(value))
        return self.drawn[symbol]

    def _size(self, side: sp.Expr) -> int:
        return int(self._scalar(side, 0.0).real)

    def _without_where(self) -> "Numbers":
        other = Numbers(self.world, self.seed, self.bindings)
        other.drawn, other.worlds = self.drawn, self.worlds
        return other


def _power(base: np.ndarray, exponent: sp.Expr) -> np.ndarray:
    if exponent.is_Integer:
        return np.linalg.matrix_power(base, int(exponent))
    values, vectors = np.linalg.eigh(base)
    return vectors * values ** float(exponent) @ vectors.T


_BINDERS = sp.Derivative, sp.Limit, sp.Integral, sp.Subs


def _variables(item: sp.Expr) -> set[sp.Symbol]:
    """Return the variables of a derivative, a limit, an integral or a substitution."""
    if isinstance(item, sp.Limit):
        return {item.args[1]}
    return set(item.variables)


def _exact(value: object) -> sp.Expr:
    """Return a number as a rational, so that it does not limit the precision of what follows."""
    if isinstance(value, sp.Expr):
        return value
    parts = complex(value)
    return sp.Rational(parts.real) + sp.I * sp.Rational(parts.imag)


def _number(x: sp.Expr) -> complex:
    value = complex(sp.N(x, DIGITS, maxn=400))
    return value.real if value.imag == 0 else value


def outcomes(derivation, world, special=(), seed=0):
    """Evaluate every formula of a derivation; return what became of each step, in their order.

    "equal": both sides were evaluated and agree.  "name": the step gives a name its meaning.
    "unknown ...": a name has no value.  Sides that disagree raise AssertionError, and so does a
    name of ``step.where`` that stands for something else than in the world, except in the steps
    whose texts begin as in ``special``: there names have special values, or a new meaning.
    """
    numbers = Numbers(world, seed)
    return [
        (step, _outcome(step, numbers, f"({place}) {step.text}", _begins(step, special)))
        for place, step in enumerate(derivation, start=1)
    ]


def check(derivation, world, special=(), unknown=()):
    """Evaluate a derivation; all formulas must have values but those of the list ``unknown``.

    ``unknown`` gives the beginnings of texts, with the reason of each.  Entries of both lists that
    no step needs raise AssertionError too.
    """
    found = outcomes(derivation, world, special)
    for step, outcome in found:
        expected = _begins(step, unknown)
        assert outcome.startswith("unknown") == expected, f"{step.text}: {outcome}"
    texts = [step.text for step, _ in found]
    for beginning in (*special, *unknown):
        assert any(text.startswith(beginning) for text in texts), f"no step: {beginning}"


def _begins(step, beginnings):
    return step.text.startswith(tuple(beginnings))


def _outcome(step, numbers, key, special):
    left, right = step.formula.args if isinstance(step.formula, sp.Eq) else (step.formula, None)
    if right is None:
        return f"unknown {type(step.formula).__name__}"
    if isinstance(left, sp.Tuple) and step.mark in ("defined", "derived"):
        solved = [_solved(*pair) for pair in zip(left, right, strict=True)]
        if special or all(x is not None and x not in numbers._base(0.0) for x, _ in solved):
            numbers.bindings |= dict(solved)
            return "name"
    named = step.mark in ("defined", "derived") and (special or not _known(left, numbers))
    if named:
        name, meaning = _solved(left, right)
        if name is not None:
            numbers.bindings[name] = meaning
            numbers.drawn.pop(name, None)
            if not step.where:
                return "name"
    try:
        if not special:
            for name, value in step.where.items():
                if not (named and name == left) and _comparable(name, numbers):
                    agree(numbers.of(name), numbers.of(value), f"{key}: {name}")
        local = numbers._without_where()
        local.where = dict(step.where)
        agree(local.of(left), local.of(right), key)
    except UnknownName as error:
        return f"unknown {error}"
    return "equal"


def _comparable(name, numbers):
    """Tell whether a name has a value of its own in the world, besides what it stands for."""
    if isinstance(name, TimeDerivative):
        return all(numbers.knows(x) for x in name.atoms(sp.MatrixSymbol))
    return numbers.knows(name)


def _known(left, numbers):
    """Tell whether a world gives a value to the name that a definition is of."""
    name, _ = _solved(left, left)
    return name in numbers._base(0.0)


def _solved(left, right):
    """Return the name that an equation defines, and its meaning; None if it defines none."""
    if isinstance(left, sp.Symbol | sp.MatrixSymbol | AppliedUndef):
        return left, right
    if isinstance(left, sp.Inverse) and isinstance(left.arg, sp.MatrixSymbol):
        return left.arg, sp.Inverse(right)
    if isinstance(left, sp.Pow) and isinstance(left.base, sp.Symbol | AppliedUndef):
        return left.base, right ** (1 / left.exp)
    return None, None


def agree(left, right, what):
    size = max(np.max(np.abs(left)), np.max(np.abs(right)), 1e-3)
    gap = np.max(np.abs(left - right))
    assert gap <= TOLERANCE * size, f"{what}: {left} against {right}"


@pytest.fixture(scope="session")
def derivations():
    """Every topic's derivation, proved once a session."""
    return cache(derive)


@pytest.fixture(scope="session")
def shown():
    """The evaluator of shown formulas."""
    return SimpleNamespace(check=check, outcomes=outcomes)
