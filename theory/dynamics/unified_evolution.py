"""The unified evolution formula, from an invariant of the Gram flow.

``(Q J)^2 = lam Q J + c1 c2 I`` holds for ever once it holds, and its blocks give
``C1 = lam/2 + sqrt(A^T A + c^2 I)``, ``C2 = -lam/2 + sqrt(A A^T + c^2 I)``, hence
``dA/dt = -(sqrt(A A^T + c^2 I) G + G sqrt(A^T A + c^2 I))`` with ``c = (c1 + c2)/2``.

Holds for gradient flow of any loss from a start of infinite width (``C1 = c1 I``,
``C2 = c2 I``, ``A = 0``), or from any other start that satisfies the invariant.
Source: equation (1) of Tu, Aranguri and Jacot 2024 is ``lam = 0``; unequal layers as in Kunin
et al. 2024 and Domine et al. 2024; the derivation through ``Q J`` is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import sympy as sp
from sympy.codegen.cfunctions import hypot
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra.derivation import Derivation, Step, define, derive, prove
from theory.algebra.noncommuting_matrices import TimeDerivative, blocks, differentiate, normal_form
from theory.algebra.stable_form import StableForm
from theory.dynamics.gram_flow import ANTICOMMUTE, reflection_blocks
from theory.symbols import C1, C2, A, G, Ghat, J, Q, c, c1, c2, d_in, d_out, lam, s, t

__all__ = [
    "IMBALANCE",
    "THRESHOLD",
    "balanced_rate",
    "evolution_rate",
    "invariant",
    "lazy_rate",
    "lift_factor",
    "lift_form",
    "mode_rate",
    "unified_evolution",
]

#: The threshold and the imbalance in terms of the scales of the two layers.
THRESHOLD = (c1 + c2) / 2
IMBALANCE = c1 - c2

#: A singular value that is not zero, for the balanced limit.
POSITIVE_S = sp.Symbol("s", positive=True)

_identity = sp.Identity(d_in + d_out)
R1 = sp.MatrixSymbol("R1", d_in, d_in)
R2 = sp.MatrixSymbol("R2", d_out, d_out)


def invariant(
    gram: MatrixExpr = Q, reflection: MatrixExpr = J, identity: MatrixExpr = _identity
) -> MatrixExpr:
    """Return ``(QJ)^2 - lam QJ - c1 c2 I``, which vanishes at infinite width."""
    signed = gram * reflection
    return signed * signed - IMBALANCE * signed - c1 * c2 * identity


def evolution_rate(second: MatrixExpr = C2, first: MatrixExpr = C1) -> MatrixExpr:
    """Return ``dA/dt = -(C2 G + G C1)`` for given C2 and C1."""
    return -(second * G + G * first)


def mode_rate() -> sp.Expr:
    """Return the rate ``2 sqrt(s^2 + c^2)`` at which a singular value s follows its gradient."""
    first, second = (sign * lam / 2 + sp.sqrt(s**2 + c**2) for sign in (1, -1))
    return sp.simplify(first + second)


def lazy_rate() -> tuple[sp.Expr, sp.Expr]:
    """Return the lazy limit of the rate and its first correction (small s/c)."""
    return _leading_terms(mode_rate(), s)


def balanced_rate() -> tuple[sp.Expr, sp.Expr]:
    """Return the balanced limit of the rate and its first correction (small c/s, s > 0)."""
    return _leading_terms(mode_rate().subs(s, POSITIVE_S), c)


@cache
def lift_form() -> StableForm:
    """Return the entries of a 2 x 2 factor ``L = [[pivot, 0], [below, corner]]`` of one mode.

    ``L L^T = [[lam/2 + p, s], [s, -lam/2 + p]]`` with ``p = sqrt(s^2 + c^2)``, one mode of the
    invariant Gram matrix.  Written for ``c1 >= c2``, where no close numbers are subtracted; swap
    the layers otherwise.
    """
    pivot = sp.Symbol("pivot_", positive=True)
    root = hypot(s, (c1 + c2) / 2)
    return StableForm(
        (s, c1, c2),
        ((pivot, sp.sqrt((c1 - c2) / 2 + root)),),
        {"pivot": pivot, "below": s / pivot, "corner": sp.sqrt(c1) * sp.sqrt(c2) / pivot},
    )


def lift_factor() -> sp.Matrix:
    """Return the factor of :func:`lift_form` as a matrix in s, c1 and c2."""
    form = lift_form()
    pivot, below, corner = (
        form.expand(value).replace(hypot, lambda a, b: sp.sqrt(a**2 + b**2))
        for value in form.outputs.values()
    )
    return sp.Matrix([[pivot, 0], [below, corner]])


def unified_evolution() -> Derivation:
    """Derive the evolution formula with imbalance, and its lazy and balanced limits."""
    return Derivation(
        topic="unified-evolution",
        title="The unified evolution formula",
        holds="for gradient flow of any loss from a start that satisfies the invariant, as at "
        "infinite width",
        source="equation (1) of Tu, Aranguri and Jacot 2024 (lam = 0); the route is ours",
        steps=(
            *_invariance_steps(),
            *_block_steps(),
            *_evolution_steps(),
            *_mode_steps(),
            *_lift_steps(),
        ),
    )


def _leading_terms(expression: sp.Expr, small: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """Return the two lowest powers of a series in ``small``."""
    terms = sp.series(expression, small, 0, 4).removeO().as_ordered_terms()
    first, second = sorted(terms, key=lambda term: sp.degree(term, small))
    return first, second


def _invariance_steps() -> list[Step]:
    signed = sp.MatrixSymbol("M", d_in + d_out, d_in + d_out)
    defect = sp.MatrixSymbol("P", d_in + d_out, d_in + d_out)
    flow = {Q: -(Ghat * Q + Q * Ghat)}
    block_identity = sp.BlockDiagMatrix(sp.Identity(d_in), sp.Identity(d_out))
    start = sp.BlockDiagMatrix(c1 * sp.Identity(d_in), c2 * sp.Identity(d_out))
    law = invariant()
    return [
        define("Write M for the signed Gram matrix.", sp.Eq(signed, Q * J, evaluate=False)),
        prove(
            "Under flow M moves by a commutator, so it keeps its eigenvalues.",
            differentiate(Q * J, flow),
            Q * J * Ghat - Ghat * Q * J,
            given=ANTICOMMUTE,
            show=sp.Eq(TimeDerivative(signed), signed * Ghat - Ghat * signed, evaluate=False),
        ),
        define(
            "Measure the defect of the quadratic law.",
            sp.Eq(defect, (Q * J) ** 2 - lam * Q * J - c1 * c2 * _identity, evaluate=False),
        ),
        prove(
            "The defect moves by the same commutator: it stays zero if it is zero.",
            differentiate(law, flow),
            law * Ghat - Ghat * law,
            given=ANTICOMMUTE,
            show=sp.Eq(TimeDerivative(defect), defect * Ghat - Ghat * defect, evaluate=False),
        ),
        prove(
            "It is zero at infinite width, where W1^T W1 = c1 I, W2 W2^T = c2 I and A = 0.",
            invariant(start, reflection_blocks(), block_identity),
            sp.BlockDiagMatrix(sp.ZeroMatrix(d_in, d_in), sp.ZeroMatrix(d_out, d_out)),
            show=sp.Eq((Q * J) ** 2, lam * Q * J + c1 * c2 * _identity, evaluate=False),
        ),
    ]


def _block_steps() -> list[Step]:
    gram = sp.BlockMatrix([[C1, A.T], [A, C2]])
    signed = sp.block_collapse(gram * reflection_blocks())
    square = blocks(sp.block_collapse(signed * signed))
    linear = blocks(signed)
    upper = square[0][0] - IMBALANCE * linear[0][0] - c1 * c2 * sp.Identity(d_in)
    lower = square[1][1] - IMBALANCE * linear[1][1] - c1 * c2 * sp.Identity(d_out)
    mixed = square[1][0] - IMBALANCE * linear[1][0]
    half = IMBALANCE / 2
    shifted_1, shifted_2 = C1 - half * sp.Identity(d_in), C2 + half * sp.Identity(d_out)
    c_squared = THRESHOLD**2
    return [
        define("The threshold is the mean of the two scales.", sp.Eq(c, THRESHOLD)),
        define("The imbalance is their difference.", sp.Eq(lam, IMBALANCE)),
        prove(
            "Upper left block of the law: a square completes itself.",
            upper,
            shifted_1 * shifted_1 - A.T * A - c_squared * sp.Identity(d_in),
            show=sp.Eq(
                (C1 - lam / 2 * sp.Identity(d_in)) ** 2,
                A.T * A + c**2 * sp.Identity(d_in),
                evaluate=False,
            ),
        ),
        prove(
            "Lower right block.",
            lower,
            shifted_2 * shifted_2 - A * A.T - c_squared * sp.Identity(d_out),
            show=sp.Eq(
                (C2 + lam / 2 * sp.Identity(d_out)) ** 2,
                A * A.T + c**2 * sp.Identity(d_out),
                evaluate=False,
            ),
        ),
        prove(
            "The off-diagonal block asks only that the two roots fit together.",
            mixed,
            A * shifted_1 - shifted_2 * A,
            show=sp.Eq(A * R1, R2 * A, evaluate=False),
        ),
        define(
            "At the start the roots are c I > 0, and A^T A + c^2 I is never singular, so they "
            "stay the positive ones.",
            sp.Eq(
                sp.Tuple(R1, R2),
                sp.Tuple(_root(A.T * A, d_in), _root(A * A.T, d_out)),
                evaluate=False,
            ),
        ),
        *_roots_fit(),
    ]


def _roots_fit() -> list[Step]:
    """Prove ``A R1 = R2 A`` with the singular value decomposition of A."""
    U = sp.MatrixSymbol("U", d_out, d_out)
    V = sp.MatrixSymbol("V", d_in, d_in)
    S = sp.MatrixSymbol("S", d_out, d_in)
    p1, p2 = sp.MatrixSymbol("P1", d_in, d_in), sp.MatrixSymbol("P2", d_out, d_out)
    # S is diagonal with entries s_i; P1 and P2 are diagonal with entries sqrt(s_i^2 + c^2).
    given = {V.T * V: sp.Identity(d_in), U.T * U: sp.Identity(d_out), S * p1: p2 * S}
    return [
        prove(
            "They fit: in the singular bases of A both are diagonal with entries "
            "sqrt(s_i^2 + c^2).",
            (U * S * V.T) * (V * p1 * V.T),
            (U * p2 * U.T) * (U * S * V.T),
            given=given,
            show=sp.Eq(A * _root(A.T * A, d_in), _root(A * A.T, d_out) * A, evaluate=False),
        )
    ]


def _evolution_steps() -> list[Step]:
    with_imbalance: Mapping[sp.MatrixSymbol, MatrixExpr] = {
        C1: lam / 2 * sp.Identity(d_in) + R1,
        C2: -lam / 2 * sp.Identity(d_out) + R2,
    }
    rate = normal_form(evolution_rate(with_imbalance[C2], with_imbalance[C1]))
    roots = {R1: _root(A.T * A, d_in), R2: _root(A * A.T, d_out)}
    return [
        define("So the layers are functions of A,", sp.Eq(C1, with_imbalance[C1].subs(roots))),
        define("and", sp.Eq(C2, with_imbalance[C2].subs(roots))),
        prove(
            "The imbalance cancels from the evolution of A, which is equation (1) of the paper "
            "with the mean threshold c.",
            rate,
            -(R2 * G + G * R1),
            show=sp.Eq(TimeDerivative(A), -(roots[R2] * G + G * roots[R1]), evaluate=False),
        ),
    ]


def _mode_steps() -> list[Step]:
    lazy, lazy_next = lazy_rate()
    balanced, balanced_next = balanced_rate()
    g = sp.Symbol("g", real=True)
    rate = sp.Function("s")(t)
    return [
        derive(
            "Where gradient and A share singular vectors, a singular value follows its gradient "
            "g at the rate",
            sp.Derivative(rate, t),
            -mode_rate() * g,
        ),
        derive(
            "Far below the threshold it is lazy,",
            sp.Symbol("rate_lazy"),
            sp.Add(lazy, lazy_next, evaluate=False),
        ),
        prove("with a relative correction of order 2:", lazy_next / lazy, (s / c) ** 2 / 2),
        derive(
            "Far above it is balanced (s > 0),",
            sp.Symbol("rate_balanced"),
            sp.Add(balanced, balanced_next, evaluate=False),
        ),
        prove(
            "again with a relative correction of order 2:",
            balanced_next / balanced,
            (c / POSITIVE_S) ** 2 / 2,
        ),
        prove(
            "In matrices the lazy correction is A^T A/(2c): its square misses A^T A + c^2 I by "
            "fourth order in A/c only.",
            (c * sp.Identity(d_in) + A.T * A / (2 * c)) ** 2,
            c**2 * sp.Identity(d_in) + A.T * A + (A.T * A * A.T * A) / (4 * c**2),
        ),
    ]


def _lift_steps() -> list[Step]:
    factor = lift_factor()
    root = sp.sqrt(s**2 + THRESHOLD**2)
    gram = sp.Matrix([[IMBALANCE / 2 + root, s], [s, -IMBALANCE / 2 + root]])
    product = factor * factor.T
    worst = sum(sp.simplify(x) ** 2 for x in product - gram)
    return [
        prove(
            "Width-free lift: one mode of the invariant Gram matrix has this factor, so a "
            "network of width d_in + d_out trains by the same formula without a square root "
            "in the loop (c1 >= c2; the layers swap otherwise).",
            worst,
            sp.S.Zero,
            show=sp.Eq(sp.MatrixSymbol("L", 2, 2), factor, evaluate=False),
        )
    ]


def _root(square: MatrixExpr, size: sp.Expr) -> MatrixExpr:
    return sp.MatPow(square + c**2 * sp.Identity(size), sp.Rational(1, 2))
