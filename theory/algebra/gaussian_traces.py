"""Mean traces of products that hold a Gaussian matrix twice.

For Z with independent centred entries of variance v, ``E[Z X Z^T] = v tr(X) I`` and
``E[Z X Z] = v X^T``, so that with any other matrices X, Y, P, R

``E tr(Z X Z^T Y) = v tr(X) tr(Y)``, ``E tr(Z X Z Y) = v tr(X^T Y)``,
``E tr(Z P) tr(Z R) = v tr(P^T R)``.

Holds for any shapes and for every distribution with uncorrelated entries; a word with Z an odd
number of times has mean zero where Z and -Z are alike.
Source: second moments, as in :mod:`theory.random_matrices.wishart`; the bookkeeping is ours.
"""

from __future__ import annotations

from collections.abc import Collection

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra.noncommuting_matrices import words
from theory.symbols.table import TABLE

__all__ = ["canonical_trace", "mean_trace", "mean_trace_product"]

Word = tuple[MatrixExpr, ...]
Symmetric = Collection[sp.MatrixSymbol]


class _TraceSymbol(sp.Symbol):
    """A trace as a scalar of its own: sympy's Trace is slow where scalars are simplified."""

    __slots__ = ()

    def _latex(self, printer: sp.printing.printer.Printer) -> str:
        atoms = self.name.removeprefix("tr(").removesuffix(")").split()
        turned = (x.removesuffix("'") for x in atoms)
        letters = [TABLE[x].latex if x in TABLE else x for x in turned]
        marks = [r"^{\top}" if x.endswith("'") else "" for x in atoms]
        return rf"\operatorname{{tr}}({' '.join(map(''.join, zip(letters, marks, strict=True)))})"


def canonical_trace(expression: MatrixExpr, symmetric: Symmetric = ()) -> sp.Expr:
    """Return ``tr(expression)`` as a sum in which equal traces look alike.

    Parameters
    ----------
    expression : MatrixExpr
        Square.
    symmetric : collection of MatrixSymbol
        The symbols that equal their transposes.

    Examples
    --------
    >>> from theory.symbols import A, C1
    >>> canonical_trace(A * C1 * A.T - C1.T * A.T * A, {C1})
    0
    """
    size = expression.shape[0]
    return sp.Add(
        *(value * _trace(word, size, symmetric) for word, value in words(expression).items())
    )


def mean_trace(
    expression: MatrixExpr, gaussian: sp.MatrixSymbol, variance: sp.Expr, symmetric: Symmetric = ()
) -> sp.Expr:
    """Return ``E tr(expression)`` over the entries of ``gaussian``.

    Raises
    ------
    ValueError
        If a word holds the Gaussian matrix four times or more.

    Examples
    --------
    >>> from theory.symbols import A, c
    >>> mean_trace(A * A.T, A, c)
    c*d_in*d_out
    """
    size = expression.shape[0]
    return sp.Add(
        *(
            value * _mean([(word, size)], gaussian, variance, symmetric)
            for word, value in words(expression).items()
        )
    )


def mean_trace_product(
    first: MatrixExpr,
    second: MatrixExpr,
    gaussian: sp.MatrixSymbol,
    variance: sp.Expr,
    symmetric: Symmetric = (),
) -> sp.Expr:
    """Return ``E tr(first) tr(second)``, the Gaussian matrix at most twice in both together."""
    sizes = first.shape[0], second.shape[0]
    return sp.Add(
        *(
            x * y * _mean([(a, sizes[0]), (b, sizes[1])], gaussian, variance, symmetric)
            for a, x in words(first).items()
            for b, y in words(second).items()
        )
    )


def _mean(
    traces: list[tuple[Word, sp.Expr]],
    gaussian: sp.MatrixSymbol,
    variance: sp.Expr,
    symmetric: Symmetric,
) -> sp.Expr:
    """Return the mean of a product of traces of words."""
    kinds = (gaussian, gaussian.T)
    places = [
        (k, i) for k, (word, _) in enumerate(traces) for i, atom in enumerate(word) if atom in kinds
    ]
    if len(places) % 2:
        return sp.S.Zero
    if len(places) > 2:
        raise ValueError(f"{gaussian} must stand at most twice in a word, got {traces}")
    if not places:
        return sp.Mul(*(_trace(word, size, symmetric) for word, size in traces))
    (k, i), (m, j) = places
    rest = [_trace(*x, symmetric) for n, x in enumerate(traces) if n not in (k, m)]
    first, second = traces[k][0], traces[m][0]
    if k != m:
        # tr(Z^T P) = tr(Z P^T): write both with Z in front.
        left, right = (_after(word, at, gaussian) for word, at in ((first, i), (second, j)))
        pair = _trace(_transposed(left) + right, gaussian.shape[0], symmetric)
    else:
        inner, outer = first[i + 1 : j], first[j + 1 :] + first[:i]
        rows, columns = first[i].shape
        if first[i] == first[j]:
            pair = _trace(_transposed(inner) + outer, rows, symmetric)
        else:
            pair = _trace(inner, columns, symmetric) * _trace(outer, rows, symmetric)
    return variance * pair * sp.Mul(*rest)


def _after(word: Word, place: int, gaussian: sp.MatrixSymbol) -> Word:
    """Return P of a trace written as tr(Z P)."""
    rest = word[place + 1 :] + word[:place]
    return rest if word[place] == gaussian else _transposed(rest)


def _trace(word: Word, size: sp.Expr, symmetric: Symmetric) -> sp.Expr:
    """Return the trace of a word, the same for its rotations and its transpose."""
    if not word:
        return size
    plain = lambda atom: atom.T if atom.T in symmetric else atom  # noqa: E731
    alike = []
    for turned in (word, _transposed(word)):
        atoms = tuple(plain(atom) for atom in turned)
        alike += [atoms[i:] + atoms[:i] for i in range(len(atoms))]
    names = min([str(atom).replace(".T", "'") for atom in atoms] for atoms in alike)
    return _TraceSymbol(f"tr({' '.join(names)})", real=True)


def _transposed(word: Word) -> Word:
    return tuple(sp.Transpose(atom).doit() for atom in reversed(word))
