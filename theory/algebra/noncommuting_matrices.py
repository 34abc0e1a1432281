"""Polynomials in noncommuting matrices, the algebra in which theory/ proves its identities.

Every matrix expression built from symbols, sums, products, integer powers, transposes and
inverses is a sum of *words*, products of atoms such as ``A``, ``A.T`` or ``U**-1``, with
commuting coefficients.  Two expressions are equal in every dimension exactly when their words
and coefficients agree, after the relations that the matrices are known to satisfy (for instance
``Ghat*J = -J*Ghat``) have been used as rewriting rules.  Shapes are carried by sympy, so that
``A.T*A`` and ``A*A.T`` cannot be confused where ``d_in`` and ``d_out`` differ.

Holds for any symbolic or numeric shapes.  The rules given must terminate: orient each of them
towards the order in which you want the products to stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

__all__ = [
    "MAX_REWRITES",
    "TimeDerivative",
    "blocks",
    "differentiate",
    "first_order",
    "is_zero",
    "normal_form",
    "order_of",
    "trace_gradient",
    "words",
]

#: A set of rules that needs more passes than this does not terminate on the given expression.
MAX_REWRITES = 200

Word = tuple[MatrixExpr, ...]
Words = dict[Word, sp.Expr]
Relations = Mapping[MatrixExpr, MatrixExpr]


class TimeDerivative(MatrixExpr):
    """The time derivative of a matrix symbol, as a symbol of its own (for display)."""

    def __new__(cls, matrix: MatrixExpr) -> TimeDerivative:
        """Return the derivative's symbol."""
        return super().__new__(cls, matrix)

    @property
    def shape(self) -> tuple[sp.Expr, sp.Expr]:
        """Rows and columns of the matrix."""
        return self.args[0].shape

    def _sympystr(self, printer: sp.printing.printer.Printer) -> str:
        return f"d{printer._print(self.args[0])}/dt"

    def _latex(self, printer: sp.printing.printer.Printer) -> str:
        shown = printer._print(self.args[0])
        if isinstance(self.args[0], sp.MatrixSymbol):
            return rf"\frac{{d {shown}}}{{dt}}"
        return rf"\frac{{d}}{{dt}} \left({shown}\right)"

    def _pretty(self, printer: sp.printing.printer.Printer) -> object:
        from sympy.printing.pretty.stringpict import prettyForm

        shown = printer._print(self.args[0])
        if isinstance(self.args[0], sp.MatrixSymbol):
            return prettyForm(*shown.left("d")) / prettyForm("dt")
        bracketed = prettyForm(*shown.parens())
        return prettyForm(*(prettyForm("d") / prettyForm("dt")).right(bracketed))


def words(expression: MatrixExpr, relations: Relations | None = None) -> Words:
    """Expand a matrix expression into its words.

    Parameters
    ----------
    expression : MatrixExpr
        Built from symbols, sums, products, integer powers, transposes and inverses; anything
        else counts as an atom.
    relations : mapping, optional
        Rewriting rules: a product of atoms (left side) and what it equals (right side).

    Returns
    -------
    dict
        ``{(atom, atom, ...): coefficient}``; the empty word is the identity, the empty
        dictionary is zero.

    Raises
    ------
    ValueError
        If the relations do not terminate.
    """
    rules = _rules(relations or {})
    result = _expand(sp.sympify(expression))
    for _ in range(MAX_REWRITES):
        result, changed = _rewrite_once(result, rules)
        if not changed:
            return {word: value for word, value in _simplified(result) if value != 0}
    raise ValueError(f"the relations must terminate, but {MAX_REWRITES} passes did not suffice")


def normal_form(expression: MatrixExpr, relations: Relations | None = None) -> MatrixExpr:
    """Return the expression as the sum of its words, after the relations were used."""
    terms = [
        sp.MatMul(value, *word) if word else value * sp.Identity(expression.shape[0])
        for word, value in words(expression, relations).items()
    ]
    if not terms:
        return sp.ZeroMatrix(*expression.shape)
    return sp.MatAdd(*terms).doit() if len(terms) > 1 else sp.sympify(terms[0]).doit()


def is_zero(expression: MatrixExpr, relations: Relations | None = None) -> bool:
    """Tell whether every word of the expression (every block of a block matrix) cancels."""
    return all(not words(block, relations) for row in blocks(expression) for block in row)


def blocks(expression: MatrixExpr) -> list[list[MatrixExpr]]:
    """Return the blocks of a product or sum of block matrices; one block if it has none."""
    collapsed = sp.block_collapse(sp.sympify(expression))
    if isinstance(collapsed, sp.BlockMatrix):
        rows, columns = collapsed.blockshape
        return [[collapsed.blocks[i, j] for j in range(columns)] for i in range(rows)]
    return [[collapsed]]


def differentiate(
    expression: MatrixExpr,
    rates: Mapping[MatrixExpr, MatrixExpr],
    variable: sp.Symbol | None = None,
) -> MatrixExpr:
    """Differentiate by the product rule, given the derivative of each symbol.

    Symbols without a rate are constant; ``(X.T)' = (X').T``; ``(X**-1)' = -X**-1 X' X**-1``.
    Scalar coefficients are differentiated with respect to ``variable`` where it is given.

    Raises
    ------
    ValueError
        If something moves inside a function of a matrix, such as a square root.
    """
    terms: list[MatrixExpr] = []
    for word, value in _expand(sp.sympify(expression)).items():
        for position, atom in enumerate(word):
            rate = _rate_of_atom(atom, rates, variable)
            if rate is not None:
                terms.append(sp.MatMul(value, *word[:position], rate, *word[position + 1 :]))
        if variable is not None and value.diff(variable) != 0:
            factors = word or (sp.Identity(expression.shape[0]),)
            terms.append(sp.MatMul(value.diff(variable), *factors))
    return sp.MatAdd(*terms).doit() if terms else sp.ZeroMatrix(*expression.shape)


def first_order(expression: MatrixExpr, small: sp.Symbol) -> MatrixExpr:
    """Return the coefficient of the first power of a scalar symbol."""
    return order_of(expression, small, 1)


def order_of(expression: MatrixExpr, small: sp.Symbol, power: int) -> MatrixExpr:
    """Return the coefficient of a power of a scalar symbol, which no matrix may contain."""
    terms: list[MatrixExpr] = []
    for word, value in words(expression).items():
        if any(atom.has(small) for atom in word):
            raise ValueError(f"{small} must stand in coefficients only, got {expression}")
        # Of the Taylor series: Expr.coeff reads (1 + x)^2 as having no x.
        taylor = value.diff(small, power).subs(small, 0) / sp.factorial(power)
        if taylor != 0:
            terms.append(sp.MatMul(taylor, *(word or (sp.Identity(expression.shape[0]),))))
    return sp.MatAdd(*terms).doit() if terms else sp.ZeroMatrix(*expression.shape)


def trace_gradient(expression: MatrixExpr, direction: sp.MatrixSymbol) -> MatrixExpr:
    """Return the matrix ``K`` with ``tr(expression) = tr(K^T direction)``.

    The expression must be linear in ``direction``: each word holds it, or its transpose, once.
    """
    terms: list[MatrixExpr] = []
    for word, value in words(expression).items():
        if direction not in word:
            word = _transposed(word)
        if sum(atom.has(direction) for atom in word) != 1 or direction not in word:
            raise ValueError(f"tr({expression}) must be linear in {direction}")
        turn = word.index(direction)
        rest = word[turn + 1 :] + word[:turn]
        terms.append(sp.MatMul(value, *_transposed(rest)))
    return sp.MatAdd(*terms).doit() if terms else sp.ZeroMatrix(*direction.shape)


def _expand(expression: MatrixExpr) -> Words:
    if isinstance(expression, sp.MatAdd):
        return _sum(_expand(term) for term in expression.args)
    if isinstance(expression, sp.MatMul):
        scalar, matrices = expression.as_coeff_matrices()
        product: Words = {(): scalar}
        for matrix in matrices:
            product = _product(product, _expand(matrix))
        return product
    if isinstance(expression, sp.MatPow) and expression.exp.is_Integer and expression.exp != -1:
        base = expression.base if expression.exp > 0 else sp.Inverse(expression.base)
        return _expand(sp.MatMul(*[base] * abs(int(expression.exp)), evaluate=False))
    if isinstance(expression, sp.Transpose) and not isinstance(expression.arg, sp.MatrixSymbol):
        inner = _expand(expression.arg)
        if inner != {(expression.arg,): 1}:
            return {_transposed(word): value for word, value in inner.items()}
    if isinstance(expression, sp.Identity):
        return {(): sp.S.One}
    if isinstance(expression, sp.ZeroMatrix):
        return {}
    return {(expression,): sp.S.One}


def _sum(parts: Iterable[Words]) -> Words:
    total: Words = {}
    for part in parts:
        for word, value in part.items():
            total[word] = total.get(word, sp.S.Zero) + value
    return total


def _product(left: Words, right: Words) -> Words:
    return _sum({a + b: x * y} for a, x in left.items() for b, y in right.items())


def _transposed(word: Word) -> Word:
    return tuple(sp.Transpose(atom).doit() for atom in reversed(word))


def _simplified(terms: Words) -> Iterable[tuple[Word, sp.Expr]]:
    return ((word, sp.factor_terms(sp.simplify(value))) for word, value in terms.items())


def _rules(relations: Relations) -> list[tuple[Word, Words]]:
    rules = []
    for left, right in relations.items():
        ((word, value),) = _expand(sp.sympify(left)).items()
        scaled = {other: coefficient / value for other, coefficient in _expand(right).items()}
        rules.append((word, scaled))
    return rules


def _rewrite_once(terms: Words, rules: list[tuple[Word, Words]]) -> tuple[Words, bool]:
    changed = False
    parts: list[Words] = []
    for word, value in terms.items():
        hit = _first_match(word, rules)
        if hit is None:
            parts.append({word: value})
            continue
        changed = True
        start, stop, replacement = hit
        for middle, coefficient in replacement.items():
            parts.append({word[:start] + middle + word[stop:]: value * coefficient})
    collected = {word: value for word, value in _sum(parts).items() if sp.expand(value) != 0}
    return collected, changed


def _first_match(word: Word, rules: list[tuple[Word, Words]]) -> tuple[int, int, Words] | None:
    for position in range(len(word)):
        pair = word[position : position + 2]
        if len(pair) == 2 and _cancel(*pair):
            return position, position + 2, {(): sp.S.One}
        for pattern, replacement in rules:
            if word[position : position + len(pattern)] == pattern:
                return position, position + len(pattern), replacement
    return None


def _cancel(left: MatrixExpr, right: MatrixExpr) -> bool:
    inverse: Callable[[MatrixExpr], bool] = lambda x: isinstance(x, sp.Inverse)  # noqa: E731
    return (inverse(left) and left.arg == right) or (inverse(right) and right.arg == left)


def _rate_of_atom(
    atom: MatrixExpr, rates: Mapping[MatrixExpr, MatrixExpr], variable: sp.Symbol | None
) -> MatrixExpr | None:
    """Return the derivative of an atom, None where it is constant."""
    if atom in rates:
        return rates[atom]
    if isinstance(atom, (sp.Transpose, sp.Inverse)):
        inner = differentiate(atom.arg, rates, variable)
        if is_zero(inner):
            return None
        turned = isinstance(atom, sp.Transpose)
        return sp.Transpose(inner) if turned else sp.MatMul(-1, atom, inner, atom)
    if any(atom.has(x) for x in (*rates, variable) if x is not None):
        raise ValueError(f"the derivative of {atom} must follow from the rates, but it does not")
    return None
