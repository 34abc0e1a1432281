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
from theory.algebra.noncommuting_matrices import TimeDerivative, blocks, differentiate
from theory.algebra.stable_form import StableForm
from theory.dynamics.gram_flow import ANTICOMMUTE, reflection_blocks
from theory.symbols import C1, C2, A, G, Ghat, J, Q, c, c1, c2, d_in, d_out, lam, s, t
from theory.symbols.dynamics import (
    P1,
    P2,
    P_11,
    P_21,
    P_22,
    R1,
    R2,
    L_mode,
    M_signed,
    P_defect,
    S_values,
    U_left,
    V_right,
    g,
    rate_balanced,
    rate_lazy,
)
from theory.symbols.notation import s_of, s_positive
from theory.symbols.table import intermediates

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

_identity = sp.Identity(d_in + d_out)


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
    return _leading_terms(mode_rate().subs(s, s_positive), c)


@cache
def lift_form() -> StableForm:
    """Return the entries of a 2 x 2 factor ``L = [[pivot, 0], [below, corner]]`` of one mode.

    ``L L^T = [[lam/2 + p, s], [s, -lam/2 + p]]`` with ``p = sqrt(s^2 + c^2)``, one mode of the
    invariant Gram matrix.  Written for ``c1 >= c2``, where no close numbers are subtracted; swap
    the layers otherwise.
    """
    (pivot,) = intermediates("pivot_", positive=True)
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
            define("The threshold is the mean of the two scales.", sp.Eq(c, THRESHOLD)),
            define("The imbalance is their difference.", sp.Eq(lam, IMBALANCE)),
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
    flow = {Q: -(Ghat * Q + Q * Ghat)}
    block_identity = sp.BlockDiagMatrix(sp.Identity(d_in), sp.Identity(d_out))
    start = sp.BlockDiagMatrix(c1 * sp.Identity(d_in), c2 * sp.Identity(d_out))
    law = invariant()
    shown = law.xreplace({IMBALANCE: lam, -IMBALANCE: -lam})
    return [
        define("Write M for the signed Gram matrix.", sp.Eq(M_signed, Q * J, evaluate=False)),
        prove(
            "Under flow M moves by a commutator, so it keeps its eigenvalues.",
            _commutator(M_signed),
            where={TimeDerivative(M_signed): differentiate(Q * J, flow), M_signed: Q * J},
            given=ANTICOMMUTE,
        ),
        define("Measure the defect of the quadratic law.", sp.Eq(P_defect, shown, evaluate=False)),
        prove(
            "The defect moves by the same commutator: it stays zero if it is zero.",
            _commutator(P_defect),
            where={TimeDerivative(P_defect): differentiate(law, flow), P_defect: law},
            given=ANTICOMMUTE,
        ),
        prove(
            "It is zero at infinite width, where W1^T W1 = c1 I, W2 W2^T = c2 I and A = 0.",
            sp.Eq(shown, sp.ZeroMatrix(d_in + d_out, d_in + d_out), evaluate=False),
            where={Q: start, J: reflection_blocks(), _identity: block_identity, lam: IMBALANCE},
        ),
    ]


def _commutator(matrix: sp.MatrixSymbol) -> sp.Eq:
    return sp.Eq(TimeDerivative(matrix), matrix * Ghat - Ghat * matrix, evaluate=False)


def _block_steps() -> list[Step]:
    gram = sp.BlockMatrix([[C1, A.T], [A, C2]])
    block_identity = sp.BlockDiagMatrix(sp.Identity(d_in), sp.Identity(d_out))
    defect = blocks(invariant(gram, reflection_blocks(), block_identity))
    one, other = sp.Identity(d_in), sp.Identity(d_out)
    shifted_1, shifted_2 = C1 - lam / 2 * one, C2 + lam / 2 * other
    scales = {lam: IMBALANCE, c: THRESHOLD}
    return [
        prove(
            "Upper left block of the defect: a square completes itself.",
            sp.Eq(P_11, shifted_1**2 - A.T * A - c**2 * one, evaluate=False),
            where={P_11: defect[0][0]} | scales,
        ),
        prove(
            "Lower right block.",
            sp.Eq(P_22, shifted_2**2 - A * A.T - c**2 * other, evaluate=False),
            where={P_22: defect[1][1]} | scales,
        ),
        prove(
            "The off-diagonal block asks only that the two roots fit together.",
            sp.Eq(P_21, A * shifted_1 - shifted_2 * A, evaluate=False),
            where={P_21: defect[1][0], lam: IMBALANCE},
        ),
        define("So C1 - lam/2 I is a root R1,", sp.Eq(R1, shifted_1, evaluate=False)),
        define("and C2 + lam/2 I a root R2.", sp.Eq(R2, shifted_2, evaluate=False)),
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
    U, V, S = U_left, V_right, S_values
    one, other = sp.Identity(d_in), sp.Identity(d_out)
    # S is diagonal with entries s_i; P1 and P2 are diagonal with entries sqrt(s_i^2 + c^2).
    given = {V.T * V: one, V * V.T: one, U.T * U: other, U * U.T: other, S * P1: P2 * S}
    given |= {P1 * P1: S.T * S + c**2 * one, P2 * P2: S * S.T + c**2 * other}
    values = {A: U * S * V.T, R1: V * P1 * V.T, R2: U * P2 * U.T}
    return [
        define("In its singular bases A is diagonal,", sp.Eq(A, U * S * V.T, evaluate=False)),
        prove(
            "and so are the roots, with entries sqrt(s_i^2 + c^2):",
            sp.Eq(R1**2, A.T * A + c**2 * one, evaluate=False),
            where={A: values[A], R1: values[R1]},
            given=given,
        ),
        prove(
            "on the other side,",
            sp.Eq(R2**2, A * A.T + c**2 * other, evaluate=False),
            where={A: values[A], R2: values[R2]},
            given=given,
        ),
        prove(
            "They fit together.", sp.Eq(A * R1, R2 * A, evaluate=False), where=values, given=given
        ),
        _other_root(),
    ]


def _other_root() -> Step:
    """Prove ``R2 = c I + A (R1 + c I)^{-1} A^T``, multiplied by the positive ``R2 + c I``."""
    one, other = sp.Identity(d_in), sp.Identity(d_out)
    inverse = (R1 + c * one).inverse()
    equation = sp.Eq(
        (R2 + c * other) * (R2 - c * other), (R2 + c * other) * A * inverse * A.T, evaluate=False
    )
    return prove(
        "One root gives the other: R2 + c I is positive, and in the following may be divided out.",
        equation,
        given={R2 * R2: A * A.T + c**2 * other, R2 * A: A * R1, R1 * inverse: one - c * inverse},
    )


def _evolution_steps() -> list[Step]:
    roots = {R1: _root(A.T * A, d_in), R2: _root(A * A.T, d_out)}
    layers: Mapping[sp.MatrixSymbol, MatrixExpr] = {
        C1: lam / 2 * sp.Identity(d_in) + roots[R1],
        C2: -lam / 2 * sp.Identity(d_out) + roots[R2],
    }
    return [
        define("So the layers are functions of A,", sp.Eq(C1, layers[C1], evaluate=False)),
        define("and", sp.Eq(C2, layers[C2], evaluate=False)),
        prove(
            "The imbalance cancels from the evolution of A, which is equation (1) of the paper "
            "with the mean threshold c.",
            sp.Eq(TimeDerivative(A), -(roots[R2] * G + G * roots[R1]), evaluate=False),
            where={TimeDerivative(A): evolution_rate(layers[C2], layers[C1])},
        ),
    ]


def _mode_steps() -> list[Step]:
    lazy, lazy_next = lazy_rate()
    balanced, balanced_next = balanced_rate()
    half = sp.Rational(1, 2)
    positive = mode_rate().subs(s, s_positive)
    return [
        derive(
            "Where gradient and A share singular vectors, a singular value follows its gradient "
            "g at the rate",
            sp.Derivative(s_of(t), t),
            -mode_rate() * g,
        ),
        derive(
            "Far below the threshold it is lazy,",
            rate_lazy,
            sp.Add(lazy, lazy_next, evaluate=False),
        ),
        prove(
            "with a relative correction of order 2 in s/c:",
            sp.Eq(sp.Limit((mode_rate() / lazy - 1) * (c / s) ** 2, s, 0), half, evaluate=False),
        ),
        derive(
            "Far above it is balanced (s > 0),",
            rate_balanced,
            sp.Add(balanced, balanced_next, evaluate=False),
        ),
        prove(
            "again with a relative correction of order 2, in c/s:",
            sp.Eq(
                sp.Limit((positive / balanced - 1) * (s_positive / c) ** 2, c, 0),
                half,
                evaluate=False,
            ),
        ),
        prove(
            "In matrices the lazy correction is A^T A/(2c): its square misses A^T A + c^2 I by "
            "fourth order in A/c only.",
            sp.Eq(
                (c * sp.Identity(d_in) + A.T * A / (2 * c)) ** 2,
                c**2 * sp.Identity(d_in) + A.T * A + (A.T * A * A.T * A) / (4 * c**2),
                evaluate=False,
            ),
        ),
    ]


def _lift_steps() -> list[Step]:
    factor, root = lift_factor().as_immutable(), sp.sqrt(s**2 + c**2)
    gram = sp.ImmutableMatrix([[lam / 2 + root, s], [s, -lam / 2 + root]])
    return [
        derive(
            "Width-free lift: one mode of the invariant Gram matrix has this factor, so a "
            "network of width d_in + d_out trains by the same formula without a square root "
            "in the loop (c1 >= c2; the layers swap otherwise).",
            L_mode,
            factor,
        ),
        prove(
            "Its product with its transpose is that mode.",
            sp.Eq(L_mode * L_mode.T, gram, evaluate=False),
            where={L_mode: factor, c: THRESHOLD, lam: IMBALANCE},
        ),
    ]


def _root(square: MatrixExpr, size: sp.Expr) -> MatrixExpr:
    return sp.MatPow(square + c**2 * sp.Identity(size), sp.Rational(1, 2))
