"""Mean traces against explicit moments of small Gaussian matrices."""

import itertools

import pytest
import sympy as sp

from theory.algebra.gaussian_traces import canonical_trace, mean_trace, mean_trace_product
from theory.symbols import C1, C2, A, d_in, d_out

v = sp.Symbol("v", positive=True)
SIZES = {d_out: 2, d_in: 3}
D, E = sp.MatrixSymbol("D", d_out, d_in), sp.MatrixSymbol("E", d_out, d_in)


def explicit(matrix):
    """Return a small matrix of its own symbols; C1 and C2 are symmetric."""
    rows, columns = (SIZES[x] for x in matrix.shape)
    order = sorted if matrix in (C1, C2) else list
    return sp.Matrix(rows, columns, lambda i, j: sp.Symbol(f"{matrix.name}{order([i, j])}"))


def value(expression):
    """Return an expression in words of symbols as an explicit matrix."""
    if isinstance(expression, sp.MatMul):
        return sp.prod([value(x) for x in expression.args[1:]], start=value(expression.args[0]))
    if isinstance(expression, sp.MatAdd):
        return sum((value(x) for x in expression.args[1:]), value(expression.args[0]))
    if isinstance(expression, sp.Transpose):
        return value(expression.arg).T
    return explicit(expression) if isinstance(expression, sp.MatrixSymbol) else expression


def mean(polynomial):
    """Return the mean over entries of A, each of variance v, of a polynomial quadratic in them."""
    entries = list(explicit(A))
    inner = sum(sp.expand(polynomial).coeff(x, 2) * v for x in entries)
    return sp.expand(inner.subs(dict.fromkeys(entries, 0)))


def in_entries(traces):
    """Return a sum of trace symbols as a polynomial in the entries."""
    symbols = {x.name: x for x in (A, C1, C2, D, E)}
    found = {}
    for symbol in traces.free_symbols:
        if symbol.name.startswith("tr("):
            atoms = symbol.name[3:-1].split()
            factors = [symbols[x.rstrip("'")].T if "'" in x else symbols[x] for x in atoms]
            product = value(factors[0])
            for factor in factors[1:]:
                product = product * value(factor)
            found[symbol] = sp.trace(product)
    return sp.expand(traces.subs(found).subs(SIZES))


PRODUCTS = [
    A * A.T,
    A.T * D * D.T * A,
    A.T * D * A.T * E,
    A * D.T * A * E.T,
    A * C1 * A.T * C2,
    A.T * C2 * A,
    D.T * A * E.T * A,
    D * C1 * A.T * C2 * A * D.T,
]


@pytest.mark.parametrize("product", PRODUCTS, ids=str)
def test_a_mean_trace_is_the_moment_of_the_entries(product):
    found = in_entries(mean_trace(product, A, v, {C1, C2}))
    assert sp.expand(found - mean(sp.trace(value(product)))) == 0


@pytest.mark.parametrize(
    ("first", "second"),
    list(
        itertools.combinations_with_replacement([A * D.T, D * A.T, A.T * C2 * E, A * C1 * D.T], 2)
    ),
    ids=str,
)
def test_a_mean_product_is_the_moment_of_the_entries(first, second):
    found = in_entries(mean_trace_product(first, second, A, v, {C1, C2}))
    expected = mean(sp.expand(sp.trace(value(first)) * sp.trace(value(second))))
    assert sp.expand(found - expected) == 0
    assert expected != 0


def test_a_pair_beside_a_constant_trace():
    found = mean_trace_product(A * A.T, D * D.T, A, v)
    assert found == d_in * d_out * v * canonical_trace(D * D.T)


@pytest.mark.parametrize("odd", [A * D.T, A * A.T * D * A.T])
def test_odd_powers_have_mean_zero(odd):
    assert mean_trace(odd, A, v) == 0
    assert mean_trace_product(odd, D * D.T, A, v) == 0


def test_four_gaussian_factors_are_refused():
    with pytest.raises(ValueError, match=r"A must stand at most twice in a word, got "):
        mean_trace(A * A.T * A * A.T, A, v)


def test_equal_traces_look_alike():
    assert canonical_trace(A * C1 * A.T) == canonical_trace(A.T * A * C1)
    assert canonical_trace(A * C1 * D.T) == canonical_trace(D * C1 * A.T, {C1})
    assert canonical_trace(A * C1 * D.T) != canonical_trace(D * C1 * A.T)
    assert canonical_trace(sp.Identity(d_in) * 1) == d_in


def test_a_trace_has_latex():
    assert sp.latex(canonical_trace(A * C1 * A.T)) == (r"\operatorname{tr}(A C_{1} A^{\top})")
