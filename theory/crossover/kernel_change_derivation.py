"""Derivation of the kernel's change: its norm, its closed form, its fluctuation, its limits.

Prints and proves what :mod:`theory.crossover.kernel_change` states.

Holds and source: as there.
"""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import hypot
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra.derivation import Derivation, Step, define, derive, prove
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
from theory.crossover.output_scaling import alpha, crossover_mapping, h
from theory.dynamics.gram_flow import gram_blocks_flow, ntk_norm
from theory.symbols import C1, C2, A, G, X, c, d_in, d_out, s, w

__all__ = ["kernel_change", "lazy_kernel_blocks", "mean_kernel_square"]

A0, Delta = sp.MatrixSymbol("A0", d_out, d_in), sp.MatrixSymbol("Delta", d_out, d_in)
#: Sum of ``x x^T`` over the inputs of the Gram matrix.
M = sp.MatrixSymbol("M", d_in, d_in)
#: A learned matrix of one mode, a positive singular value.
_s = sp.Symbol("s", positive=True)
_v = sp.Symbol("v", positive=True)
#: v^T M v, v^T M^2 v, tr M^2 and tr M.
_LETTERS = sp.symbols("m_v m_vv m_2 m_1", positive=True)


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
        d_out * mean_trace(first * inputs * first * inputs, A0, _v, symmetric)
        + canonical_trace(inputs * inputs, symmetric) * mean_trace(second * second, A0, _v)
        + 2 * mean_trace_product(first * inputs * inputs, second, A0, _v, symmetric)
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
    general = mean_kernel_square(C1, C2, M)
    small = {
        _trace(C1 * M * C1 * M): sp.trace((first * moment) ** 2),
        _trace(M * M): sp.trace(moment**2),
        _trace(C2 * C2): sp.trace(second**2),
        _trace(C1 * M * M): sp.trace(first * moment**2),
        _trace(C2): sp.trace(second),
        d_out: 3,
    }
    return [
        ntk_norm(),
        define(
            "On inputs X the sums over inputs enter through one matrix, the identity for "
            "white inputs.",
            sp.Eq(M, X * X.T, evaluate=False),
        ),
        prove(
            "The norm of the kernel's Gram matrix on them.",
            sp.trace(gram.T * gram),
            general.subs(small),
            show=sp.Eq(_norm2("K"), general, evaluate=False),
        ),
    ]


def _even_steps() -> list[Step]:
    q1, q2 = sp.symbols("q1 q2", nonnegative=True)
    grown = {size: sp.diag(q1, q2, *[0] * (size - 2)) for size in (2, 3)}
    kernel = sp.kronecker_product(grown[3], sp.eye(2)) + sp.kronecker_product(sp.eye(3), grown[2])
    explicit = sum(x**2 for x in kernel) / (4 * c**2 * 2 * 3)
    moment, direction, q = _symmetric("m", 2), _entries("v", 2, 1), sp.Symbol("q")
    D1 = q * direction * direction.T
    on_inputs = (
        sp.trace((D1 * moment) ** 2) + sp.trace(moment**2) * q**2 + 2 * sp.trace(D1 * moment**2) * q
    )
    values = [(direction.T * moment**k * direction)[0] for k in (1, 2)]
    even, _ = change_on_inputs(_s, c, w, *values, sp.trace(moment**2), sp.trace(moment))
    in_q = even.subs(excess().subs(s, _s), q) * 4 * c**2 * sp.trace(moment**2)
    ratio = _norm2("dK") / _norm2("K0")
    return [
        derive(
            "By the unified formula C1 and C2 have both grown along a singular value s by",
            sp.Symbol("q"),
            excess(),
        ),
        prove(
            "so at infinite width, for white inputs (here q1, q2 and a 2 x 3 matrix),",
            explicit,
            even_change_square([q1, q2], c, 2, 3),
            show=sp.Eq(ratio, even_change_square([q1, q2]), evaluate=False),
        ),
        derive("for one mode", ratio, sp.factor(even_change_square([q]))),
        prove(
            "and for one output and any inputs, v the direction of A,",
            on_inputs,
            in_q,
            show=sp.Eq(ratio, _named_inputs()[0], evaluate=False),
        ),
    ]


def _first_order_steps() -> list[Step]:
    first, second = lazy_kernel_blocks()
    lazy = {Delta: -2 * c * G}
    flow = {key: rate.subs(A, A0 + Delta) for key, rate in gram_blocks_flow().items()}
    identity = sp.Identity(d_in)
    square = _trace(Delta * Delta.T)
    fourth = _trace(Delta.T * Delta * Delta.T * Delta)
    whole = mean_kernel_square(first, second, identity).subs(_v, initial_variance())
    start = 4 * c**2 * d_in * d_out
    even = ((d_in + d_out) * fourth + 2 * square**2) / (4 * c**2)
    leading = even_change_square([_s**2 / (2 * c)])
    ratio = _norm2("dK") / _norm2("K0")
    return [
        define(
            "At finite width A starts at A(0); call Delta what is learned.",
            sp.Eq(A, A0 + Delta, evaluate=False),
        ),
        prove(
            "While C1 = C2 = c I to leading order,",
            flow[A].subs({C1: c * identity, C2: c * sp.Identity(d_out)}).doit(),
            lazy[Delta],
            show=sp.Eq(TimeDerivative(Delta), lazy[Delta], evaluate=False),
        ),
        *(
            prove(
                text,
                differentiate(block, lazy),
                flow[key],
                show=sp.Eq(sp.MatrixSymbol(f"d{key.name}", *key.shape), block, evaluate=False),
            )
            for key, block, text in (
                (C1, first, "the flow of C1 integrates to"),
                (C2, second, "and that of C2 to"),
            )
        ),
        derive("The entries of A(0) are uncorrelated, of variance", _v, initial_variance()),
        prove(
            "Over starts, the terms of first and of second order add in square:",
            whole,
            start * fluctuation_square(square) + even,
            show=sp.Eq(
                sp.Function("E")(_norm2("dK")) / _norm2("K0"),
                sp.Add(fluctuation_square(_norm2("Delta")), even / start, evaluate=False),
                evaluate=False,
            ),
        ),
        prove(
            "Where c >> s the excess is",
            sp.limit(excess() / s**2, s, 0) * s**2,
            s**2 / (2 * c),
            show=sp.Eq(sp.Symbol("q"), s**2 / (2 * c), evaluate=False),
        ),
        prove(
            "and the second of the two is the closed form (here one mode).",
            (even / start).subs({square: _s**2, fourth: _s**4}),
            leading,
            show=sp.Eq(ratio, leading, evaluate=False),
        ),
        _first_order_on_inputs(first, second),
    ]


def _first_order_on_inputs(first: MatrixExpr, second: MatrixExpr) -> Step:
    """Prove the change on any inputs, one output, where c >> s."""
    whole = mean_kernel_square(first, second, M).subs(_v, initial_variance())
    along, along_square, square, trace = _LETTERS
    one = {
        d_out: 1,
        _trace(M): trace,
        _trace(M * M): square,
        _trace(Delta * Delta.T): _s**2,
        _trace(Delta * M * Delta.T): _s**2 * along,
        _trace(Delta * M * M * Delta.T): _s**2 * along_square,
        _trace(Delta.T * Delta * Delta.T * Delta): _s**4,
        _trace(Delta.T * Delta * M * Delta.T * Delta * M): _s**4 * along**2,
        _trace(Delta.T * Delta * M * M): _s**2 * along_square,
    }
    even, moved = change_on_inputs(_s, c, w, *_LETTERS)
    leading = even.subs(excess().subs(s, _s), _s**2 / (2 * c))
    return prove(
        "For one output and any inputs the term of first order is",
        whole.subs(one) / (4 * c**2 * square),
        leading + moved,
        show=sp.Eq(
            sp.Function("E")(_norm2("dK1")) / _norm2("K0"), _named_inputs()[1], evaluate=False
        ),
    )


def _limit_steps() -> list[Step]:
    one = relative_kernel_change([_s])
    scaled = {c: crossover_mapping().threshold, w: h}
    first = sp.sqrt(fluctuation_square(_s**2))
    (crossing,) = sp.solve(scaled[c] - overtaking_threshold().subs({w: h, _s: _s}), alpha)
    slope = lambda of: sp.Symbol(f"slope_{of}")  # noqa: E731
    return [
        derive(
            "Active (c -> 0) the change of one mode is",
            sp.Symbol("active"),
            sp.limit(one * c, c, 0) / c,
        ),
        derive(
            "lazy (c -> oo), at infinite width,",
            sp.Symbol("lazy"),
            sp.limit(one * c**2, c, sp.oo) / c**2,
        ),
        derive("and its fluctuation is", sp.Symbol("fluctuation"), first),
        prove(
            "The closed form is even in A.",
            relative_kernel_change([-s]),
            relative_kernel_change([s]),
            show=sp.Eq(sp.Function("change")(-s), sp.Function("change")(s), evaluate=False),
        ),
        derive("The slope in c is, active,", slope("active"), log_slope(one, c, 0)),
        derive("lazy,", slope("lazy"), log_slope(one, c, sp.oo)),
        derive("and the fluctuation of slope", slope("fluctuation"), log_slope(first, c, sp.oo)),
        derive(
            "with the width, at fixed c, as the power",
            sp.Symbol("power_w"),
            log_slope(first, w, sp.oo),
        ),
        derive("The fluctuation overtakes at", c, overtaking_threshold()),
        derive(
            "that is at an alpha without h: lazy slopes are -2 for h^(-1/2) < alpha/s < 1 and "
            "-1 beyond.",
            alpha,
            sp.simplify(crossing),
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
    exact = {"even": even, "fluctuation": moved, "total": even + moved}
    plain = lambda x: x.replace(hypot, lambda a, b: sp.sqrt(a**2 + b**2)).subs(scaled)  # noqa: E731
    return [
        *(
            define("A kernel scales by c", sp.Eq(name, value, evaluate=False))
            for name, value in scaled.items()
        ),
        *(
            prove(
                "and takes the excess as a quotient, without a difference of close numbers.",
                c * plain(value),
                excess().subs(s, old),
                show=sp.Eq(name, value, evaluate=False),
            )
            for (name, value), old in zip(quotients, values, strict=True)
        ),
        *(
            prove(
                f"Its output '{name}' is the closed form's.",
                value.subs(scaled) ** 2,
                exact[name],
                show=sp.Eq(sp.Symbol(name), value, evaluate=False),
            )
            for name, value in form.outputs.items()
        ),
    ]


def _named_inputs() -> tuple[sp.Expr, sp.Expr]:
    """Return the two parts of the change on any inputs in letters."""
    return change_on_inputs(_s, c, w, *_LETTERS)


def _norm2(name: str) -> sp.Expr:
    """Return a squared norm, for display."""
    return sp.Function("normF2")(sp.Symbol(name))


def _trace(expression: MatrixExpr) -> sp.Expr:
    return canonical_trace(expression, {M})


def _entries(name: str, rows: int, columns: int) -> sp.Matrix:
    return sp.Matrix(rows, columns, lambda i, j: sp.Symbol(f"{name}{i}{j}", real=True))


def _symmetric(name: str, size: int) -> sp.Matrix:
    return sp.Matrix(size, size, lambda i, j: sp.Symbol(f"{name}{min(i, j)}{max(i, j)}", real=True))
