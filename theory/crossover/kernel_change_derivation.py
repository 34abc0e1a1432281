"""Derivation of the kernel's change: its norm, its closed form, its fluctuation, its limits.

Prints and proves what :mod:`theory.crossover.kernel_change` states, with its range and its source.
"""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import hypot
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra.derivation import Derivation, Step, define, derive, equal, prove
from theory.algebra.gaussian_traces import canonical_trace, mean_trace, mean_trace_product
from theory.algebra.noncommuting_matrices import TimeDerivative, differentiate
from theory.crossover.alpha_plane import log_slope
from theory.crossover.kernel_change import (
    change_on_inputs,
    even_change_square,
    excess,
    fluctuation_square,
    initial_variance,
    kernel_change_form,
    overtaking_threshold,
    relative_kernel_change,
)
from theory.crossover.output_scaling import crossover_mapping
from theory.dynamics.gram_flow import gram_blocks_flow, ntk_norm
from theory.symbols import C1, C2, A, G, X, c, d_in, d_out, s, w
from theory.symbols import crossover as letters
from theory.symbols.crossover import A0, K0, Delta, M, alpha, change, change_1, dK, h
from theory.symbols.dynamics import NTK
from theory.symbols.notation import mean, norm2, s_positive
from theory.symbols.regimes import v

__all__ = ["kernel_change", "lazy_kernel_blocks", "mean_kernel_square"]

#: v^T M v, v^T M^2 v, tr M^2 and tr M, v the direction of A.
_LETTERS = (letters.m_v, letters.m_vv, letters.m_2, letters.m_1)
_RATIO = norm2(dK) / norm2(K0)
_MEAN_RATIO = mean(norm2(dK)) / norm2(K0)


def lazy_kernel_blocks() -> tuple[MatrixExpr, MatrixExpr]:
    """Return dC1 and dC2 while ``C1 = C2 = c I`` to leading order, for ``A = A0 + Delta``."""
    first = (A0.T * Delta + Delta.T * A0 + Delta.T * Delta) / (2 * c)
    second = (A0 * Delta.T + Delta * A0.T + Delta * Delta.T) / (2 * c)
    return first, second


def mean_kernel_square(first: MatrixExpr, second: MatrixExpr, inputs: MatrixExpr) -> sp.Expr:
    """Return the mean of ``||K||^2`` on inputs of second moment M over the entries of A0.

    ``d_out tr(C1 M C1 M) + tr(M^2) tr(C2^2) + 2 tr(C1 M^2) tr(C2)``, in traces of M and Delta.
    """
    symmetric = {M}
    return sp.expand(
        d_out * mean_trace(first * inputs * first * inputs, A0, v, symmetric)
        + canonical_trace(inputs * inputs, symmetric) * mean_trace(second * second, A0, v)
        + 2 * mean_trace_product(first * inputs * inputs, second, A0, v, symmetric)
    )


def kernel_change() -> Derivation:
    """Derive the change of the tangent kernel of a two-layer linear network."""
    return Derivation(
        topic="kernel-change",
        title="How far the tangent kernel of a linear network moves",
        holds="for gradient flow of any loss and w >> d_in + d_out; the fluctuation for c >> s to "
        "leading order in 1/w",
        source="kernel changes of Geiger, Spigler, Jacot and Wyart 2020; closed forms ours",
        steps=(
            *_norm_steps(),
            *_even_steps(),
            *_first_order_steps(),
            *_limit_steps(),
            *_form_steps(),
        ),
    )


def _norm_steps() -> list[Step]:
    """Prove the norm of the Gram matrix on general inputs on small symbolic matrices."""
    inputs, first, second = _entries("x", 2, 2), _symmetric("p", 2), _symmetric("r", 3)
    kron = sp.kronecker_product
    gram = kron(inputs.T * first * inputs, sp.eye(3)) + kron(inputs.T * inputs, second)
    moment = inputs * inputs.T
    small = {
        norm2(NTK): sp.trace(gram.T * gram),
        _trace(C1 * M * C1 * M): sp.trace((first * moment) ** 2),
        _trace(M * M): sp.trace(moment**2),
        _trace(C2 * C2): sp.trace(second**2),
        _trace(C1 * M * M): sp.trace(first * moment**2),
        _trace(C2): sp.trace(second),
        d_out: sp.Integer(3),
    }
    return [
        ntk_norm(),
        define(
            "On inputs X the sums over inputs enter through one matrix, the identity for "
            "white inputs.",
            equal(M, X * X.T),
        ),
        prove(
            "The norm of the kernel's Gram matrix on them.",
            equal(norm2(NTK), mean_kernel_square(C1, C2, M)),
            where=small,
            at="d_out, d_in = 3, 2 and two inputs",
        ),
    ]


def _even_steps() -> list[Step]:
    q, q1, q2 = letters.excess, letters.excess_1, letters.excess_2
    grown = {size: sp.diag(q1, q2, *[0] * (size - 2)) for size in (2, 3)}
    kernel = sp.kronecker_product(grown[3], sp.eye(2)) + sp.kronecker_product(sp.eye(3), grown[2])
    sizes = {d_in: sp.Integer(3), d_out: sp.Integer(2)}
    return [
        derive(
            "By the unified formula C1 and C2 have both grown along a singular value s by",
            q,
            excess(),
        ),
        prove(
            "so at infinite width, for white inputs and two modes,",
            equal(_RATIO, even_change_square([q1, q2])),
            where={norm2(dK): sum(x**2 for x in kernel), norm2(K0): 4 * c**2 * 6} | sizes,
            at="d_out, d_in = 2, 3",
        ),
        derive("for one mode", _RATIO, sp.factor(even_change_square([q]))),
        _even_on_inputs(),
    ]


def _even_on_inputs() -> Step:
    """Prove the change on any inputs, one output, at infinite width."""
    moment, direction, grown = _symmetric("m", 2), _entries("v", 2, 1), excess()
    D1 = grown * direction * direction.T
    square = sp.trace(moment**2)
    change = sp.trace((D1 * moment) ** 2) + grown**2 * square + 2 * grown * sp.trace(D1 * moment**2)
    along, along_square = ((direction.T * moment**k * direction)[0] for k in (1, 2))
    even, _ = change_on_inputs(s, c, w, *_LETTERS)
    return prove(
        "and for one output and any inputs, v the direction of A,",
        equal(_RATIO, even),
        where={
            norm2(dK): change,
            norm2(K0): 4 * c**2 * square,
            letters.m_v: along,
            letters.m_vv: along_square,
            letters.m_2: square,
        },
        at="d_in = 2",
    )


def _first_order_steps() -> list[Step]:
    first, second = lazy_kernel_blocks()
    lazy = {Delta: -2 * c * G}
    flow = {key: rate.subs(A, A0 + Delta) for key, rate in gram_blocks_flow().items()}
    at_start = flow[A].subs({C1: c * sp.Identity(d_in), C2: c * sp.Identity(d_out)}).doit()
    square = _trace(Delta * Delta.T)
    fourth = _trace(Delta.T * Delta * Delta.T * Delta)
    whole = mean_kernel_square(first, second, sp.Identity(d_in)).subs(v, initial_variance())
    start = 4 * c**2 * d_in * d_out
    even = ((d_in + d_out) * fourth + 2 * square**2) / (4 * c**2)
    return [
        define(
            "At finite width A starts at A(0); call Delta what is learned.", equal(A, A0 + Delta)
        ),
        derive(
            "While C1 = C2 = c I to leading order,",
            TimeDerivative(Delta),
            at_start,
            stated=lazy[Delta],
        ),
        *(
            prove(
                text,
                equal(TimeDerivative(key), TimeDerivative(block)),
                where={
                    TimeDerivative(key): flow[key],
                    TimeDerivative(block): differentiate(block, lazy),
                },
            )
            for key, block, text in (
                (C1, first, "C1 grows by the term on the right, which is 0 at the start,"),
                (C2, second, "and so does C2."),
            )
        ),
        derive("The entries of A(0) are uncorrelated, of variance", v, initial_variance()),
        prove(
            "Over starts, the terms of first and of second order add in square:",
            equal(
                _MEAN_RATIO, sp.Add(fluctuation_square(norm2(Delta)), even / start, evaluate=False)
            ),
            where={mean(norm2(dK)): whole, norm2(K0): start, norm2(Delta): square},
        ),
        prove(
            "Where c >> s the excess is s^2/(2c),",
            equal(sp.Limit(letters.excess / s**2, s, 0), 1 / (2 * c)),
            where={letters.excess: excess()},
        ),
        prove(
            "and the second of the two is, for one mode, the closed form.",
            equal(_RATIO, even_change_square([s**2 / (2 * c)])),
            where={norm2(dK): even.subs({square: s**2, fourth: s**4}), norm2(K0): start},
        ),
        _first_order_on_inputs(first, second),
    ]


def _first_order_on_inputs(first: MatrixExpr, second: MatrixExpr) -> Step:
    """Prove the change on any inputs, one output, where c >> s."""
    whole = mean_kernel_square(first, second, M).subs(v, initial_variance())
    along, along_square, square, trace = _LETTERS
    one = {
        d_out: 1,
        _trace(M): trace,
        _trace(M * M): square,
        _trace(Delta * Delta.T): s**2,
        _trace(Delta * M * Delta.T): s**2 * along,
        _trace(Delta * M * M * Delta.T): s**2 * along_square,
        _trace(Delta.T * Delta * Delta.T * Delta): s**4,
        _trace(Delta.T * Delta * M * Delta.T * Delta * M): s**4 * along**2,
        _trace(Delta.T * Delta * M * M): s**2 * along_square,
    }
    even, moved = change_on_inputs(s, c, w, *_LETTERS)
    leading = even.subs(excess(), s**2 / (2 * c))
    return prove(
        "For one output and any inputs, where c >> s, the two terms are",
        equal(_MEAN_RATIO, sp.Add(moved, leading, evaluate=False)),
        where={mean(norm2(dK)): whole.subs(one), norm2(K0): 4 * c**2 * square},
    )


def _limit_steps() -> list[Step]:
    closed, one = relative_kernel_change([s]), relative_kernel_change([s_positive])
    first = sp.sqrt(fluctuation_square(s_positive**2))
    plain = lambda x: x.subs(s_positive, s)  # noqa: E731
    scaled = crossover_mapping().threshold - overtaking_threshold().subs({w: h, s: s_positive})
    (crossing,) = sp.solve(scaled, alpha)
    slopes = (letters.slope_feature, letters.slope_second, letters.slope_first)
    return [
        derive(
            "Active (c -> 0) the change of one mode s > 0 is, times c,",
            sp.Limit(c * change, c, 0),
            plain(sp.limit(one * c, c, 0)),
        ),
        derive(
            "and lazy (c -> oo), at infinite width, times c^2,",
            sp.Limit(c**2 * change, c, sp.oo),
            plain(sp.limit(one * c**2, c, sp.oo)),
        ),
        derive("Its fluctuation is", change_1, plain(first)),
        prove(
            "The closed form is even in A.",
            equal(letters.change_of(-s), letters.change_of(s)),
            where={letters.change_of(-s): sp.Subs(closed, s, -s), letters.change_of(s): closed},
        ),
        derive("The slope in c is, active,", slopes[0], log_slope(one, c, 0)),
        derive("lazy,", slopes[1], log_slope(one, c, sp.oo)),
        derive("and the fluctuation of slope", slopes[2], log_slope(first, c, sp.oo)),
        derive(
            "with the width, at fixed c, as the power",
            letters.power_first,
            log_slope(first, w, sp.oo),
        ),
        derive("The fluctuation overtakes at", c, overtaking_threshold()),
        derive(
            "that is at an alpha without h: lazy slopes are -2 for h^(-1/2) < alpha/s < 1 and "
            "-1 beyond.",
            alpha,
            plain(sp.simplify(crossing)),
        ),
    ]


def _form_steps() -> list[Step]:
    """Prove the kernel's form on two modes: its names, then its outputs in the names."""
    form = kernel_change_form(2)
    values = form.arguments[:2]
    scaled, quotients = dict(form.definitions[:2]), form.definitions[2:]
    # Written in the names q, the form is that of the closed form with excesses c q.
    even = even_change_square([c * name for name, _ in quotients])
    moved = fluctuation_square(sum(x**2 for x in values))
    squares = {
        "even": (letters.change_even, even),
        "fluctuation": (change_1, moved),
        "total": (letters.change_total, even + moved),
    }
    plain = lambda x: x.replace(hypot, lambda a, b: sp.sqrt(a**2 + b**2))  # noqa: E731
    return [
        *(define("A kernel scales by c", equal(name, value)) for name, value in scaled.items()),
        *(
            prove(
                "and takes the excess over c as a quotient, without a difference of close numbers.",
                equal(name, plain(value)),
                where={name: excess().subs(s, old) / c, ratio: old / c},
            )
            for (name, value), (ratio, _), old in zip(
                quotients, form.definitions[:2], values, strict=True
            )
        ),
        *(
            prove(
                f"The square of its output '{name}', which is positive, is the closed form's.",
                equal(letter**2, value**2),
                where={letter**2: exact} | {x: y for x, y in scaled.items() if value.has(x)},
            )
            for name, value in form.outputs.items()
            for letter, exact in (squares[name],)
        ),
    ]


def _trace(expression: MatrixExpr) -> sp.Expr:
    return canonical_trace(expression, {M})


def _entries(name: str, rows: int, columns: int) -> sp.Matrix:
    return sp.Matrix(rows, columns, lambda i, j: sp.Dummy(f"{name}{i}{j}", real=True))


def _symmetric(name: str, size: int) -> sp.Matrix:
    entries = _entries(name, size, size)
    return sp.Matrix(size, size, lambda i, j: entries[min(i, j), max(i, j)])
