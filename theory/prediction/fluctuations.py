"""The random start of a wide network, to second order around infinite width.

``Q(0) = diag(c1, c2) + X`` with the Wishart fluctuation X of relative size ``1/sqrt(w)``.  One
stage of descent, ``Q <- K Q K^T`` with ``K = N - eta L - eta M``, where L and M put the first
and second order of A in the place of the gradient, gives in the singular bases of the target

first order, the block ``[[dC1_ij, dA_ji], [dA_ij, dC2_ij]]`` of a pair of modes:
``X_ij <- N_i X_ij N_j^T - eta (L_ij Q_j N_j^T + N_i Q_i L_ji^T)``;
second order, the mean shift of a mode:
``S_i <- N_i S_i N_i^T - eta (M_i Q_i N_i^T + h.c.) + sum_j E[eta^2 L_ij Q_j L_ij^T
- eta (L_ij X_ij^T N_i^T + h.c.)]``.

Holds for descent of any stable step size on the squared loss, any aspect ratio, unequal layers;
what is left out is of third order in A and, by the symmetry of the start, of fourth in means.
Source: ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra.derivation import Derivation, Step, define, derive, prove
from theory.algebra.noncommuting_matrices import (
    TimeDerivative,
    blocks,
    differentiate,
    order_of,
    words,
)
from theory.dynamics.gram_flow import ANTICOMMUTE
from theory.dynamics.mode_descent import GAIN, stage_factors
from theory.symbols import Ghat, J, Q, eta, lam
from theory.symbols import prediction as letters
from theory.symbols.prediction import (
    BLOCK_I,
    BLOCK_J,
    BLOCKS,
    DRIVE,
    GAINS,
    PAIR,
    SHIFT,
    SHIFT_DRIVE,
)
from theory.symbols.prediction import L_order as L
from theory.symbols.prediction import M_order as M
from theory.symbols.prediction import N_order as N
from theory.symbols.prediction import Q_balanced as Qt
from theory.symbols.prediction import Q_order as Q0
from theory.symbols.prediction import S_order as S
from theory.symbols.prediction import X_order as X

__all__ = [
    "BLOCK_I",
    "BLOCK_J",
    "DRIVE",
    "GAINS",
    "PAIR",
    "SHIFT",
    "SHIFT_DRIVE",
    "fluctuations",
    "gram_step_order",
    "mode_blocks",
    "pair_stages",
    "partner_stages",
    "shift_stages",
]


def gram_step_order(power: int) -> MatrixExpr:
    """Return the part of one stage of descent that is of a given order in the fluctuation.

    ``K (Q0 + epsilon X + epsilon^2 S) K^T`` with ``K = N - eta (epsilon L + epsilon^2 M)``:
    the gradient is ``A - Y``, so its first and second orders are those of A.
    """
    small = sp.Dummy("epsilon", positive=True)
    factor, gram = _expanded(small)
    return order_of(factor * gram * factor.T, small, power)


def _expanded(small: sp.Expr) -> tuple[MatrixExpr, MatrixExpr]:
    """Return K and Q in powers of the fluctuation's size."""
    return N - eta * small * L - eta * small**2 * M, Q0 + small * X + small**2 * S


@cache
def mode_blocks(power: int) -> tuple[tuple[MatrixExpr, ...], ...]:
    """Return the 2 x 2 blocks of two modes i and j of :func:`gram_step_order`.

    N and Q0 are diagonal in modes (the singular bases of the target); X and S are symmetric.
    """
    return tuple(map(tuple, blocks(gram_step_order(power).xreplace(_two_modes()))))


@cache
def pair_stages(update: str = "simultaneous") -> tuple[tuple[sp.Expr, ...], ...]:
    """Return what each stage makes of the entries ``PAIR`` of a pair of modes."""
    return tuple(tuple(_explicit(mode_blocks(1)[0][1], stage)) for stage in _stages(update))


@cache
def shift_stages(update: str = "simultaneous") -> tuple[tuple[sp.Expr, ...], ...]:
    """Return what each stage makes of ``SHIFT`` of mode i without its partners."""
    alone = _terms(mode_blocks(2)[0][0], (_symbol("L", 0, 0), _symbol("L", 0, 1)), False)
    return tuple(_lower(_explicit(alone, stage)) for stage in _stages(update))


@cache
def partner_stages(update: str = "simultaneous") -> tuple[tuple[sp.Expr, ...], ...]:
    """Return what a pair adds to ``SHIFT`` of i (three entries) and of j (three), a stage."""
    stages = []
    for stage in _stages(update):
        found: list[sp.Expr] = []
        for mode in (0, 1):
            other = (_symbol("L", mode, 1 - mode),)
            shared = _terms(mode_blocks(2)[mode][mode], other, True)
            found += _lower(_explicit(shared, stage))
        stages.append(tuple(found))
    return tuple(stages)


def _symbol(name: str, row: int, column: int) -> sp.MatrixSymbol:
    return BLOCKS[f"{name}_{'ij'[row]}{'ij'[column]}"]


@cache
def _two_modes() -> dict[sp.MatrixSymbol, sp.BlockMatrix]:
    zero = sp.ZeroMatrix(2, 2)
    diagonal = {
        symbol: sp.BlockMatrix([[BLOCKS[f"{name}_i"], zero], [zero, BLOCKS[f"{name}_j"]]])
        for symbol, name in ((N, "N"), (Q0, "Q"), (M, "M"), (S, "S"))
    }
    full = {
        L: sp.BlockMatrix([[_symbol("L", i, j) for j in (0, 1)] for i in (0, 1)]),
        X: sp.BlockMatrix(
            [[_symbol("X", 0, 0), _symbol("X", 0, 1)], [_symbol("X", 0, 1).T, _symbol("X", 1, 1)]]
        ),
    }
    return diagonal | full


def _stages(update: str) -> list[dict[MatrixExpr, sp.ImmutableMatrix]]:
    """Return the explicit 2 x 2 matrices of each stage, by symbol."""
    x00, x01, x10, x11 = PAIR
    s00, s10, s11 = SHIFT
    stages = []
    for factor in stage_factors(update):
        # Where N has h, the exact gradient has eta (Y - A): L and M have A there.
        slot = factor.applyfunc(lambda entry: entry.coeff(GAIN, 1))
        first, second = slot[0, 1], slot[1, 0]
        drive = lambda own, other: sp.Matrix([[0, first * other], [second * own, 0]])  # noqa: B023,E731
        named = {
            "N_i": factor.subs(GAIN, GAINS[0]),
            "N_j": factor.subs(GAIN, GAINS[1]),
            "Q_i": _symmetric(*BLOCK_I),
            "Q_j": _symmetric(*BLOCK_J),
            "L_ij": drive(*DRIVE),
            "L_ji": drive(*reversed(DRIVE)),
            "X_ij": sp.Matrix([[x00, x01], [x10, x11]]),
            "M_i": drive(SHIFT_DRIVE, SHIFT_DRIVE),
            "S_i": _symmetric(s00, s10, s11),
        }
        stages.append({BLOCKS[k]: sp.ImmutableMatrix(v) for k, v in named.items()})
    return stages


def _symmetric(first: sp.Expr, off: sp.Expr, second: sp.Expr) -> sp.Matrix:
    return sp.Matrix([[first, off], [off, second]])


def _explicit(block: MatrixExpr, stage: dict[MatrixExpr, sp.ImmutableMatrix]) -> sp.Matrix:
    """Return a block in symbols: its words with explicit matrices in place of their atoms."""
    total = sp.zeros(2, 2)
    for word, value in words(block).items():
        product = value * sp.eye(2)
        for atom in word:
            turned = isinstance(atom, sp.Transpose)
            product *= stage[atom.arg].T if turned else stage[atom]
        total += product
    return total.applyfunc(sp.expand)


def _terms(block: MatrixExpr, symbols: Sequence[MatrixExpr], present: bool) -> MatrixExpr:
    """Return the words of a block that hold, or do not hold, one of some symbols."""
    chosen = [
        sp.MatMul(value, *word)
        for word, value in words(block).items()
        if any(atom.has(*symbols) for atom in word) == present
    ]
    return sp.MatAdd(*chosen).doit()


def _lower(matrix: sp.Matrix) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    return matrix[0, 0], matrix[1, 0], matrix[1, 1]


def fluctuations() -> Derivation:
    """Derive the recursions of first and second order of a descent step."""
    return Derivation(
        topic="fluctuations",
        title="Fluctuations of the random start, to second order",
        holds="for descent on the squared loss from Q(0) = diag(c1, c2) + X, X small",
        source="ours",
        steps=(*_imbalance_steps(), *_order_steps(), *_mode_block_steps()),
    )


def _imbalance_steps() -> list[Step]:
    flow = lambda gram: -(Ghat * gram + gram * Ghat)  # noqa: E731
    balanced = Q - lam / 2 * J
    return [
        prove(
            "The imbalance drops out of the flow from any start: Qt = Q - (lam/2) J has the "
            "same A and the same equation.",
            sp.Eq(TimeDerivative(Qt), flow(Qt), evaluate=False),
            where={TimeDerivative(Qt): differentiate(balanced, {Q: flow(Q)}), Qt: balanced},
            given=ANTICOMMUTE,
        )
    ]


def _order_steps() -> list[Step]:
    # epsilon is the size of the fluctuation, 1 in what is shown.
    factor, gram = _expanded(sp.S.One)
    texts = (
        "Order 0: the mean dynamics.",
        "Order 1, linear in the fluctuation.",
        "Order 2: its mean drives a shift of the mean.",
    )
    return [
        define(
            "A stage of descent multiplies Q by K on both sides; the gradient A - Y in K has "
            "orders of its own, L with A_1 and M with A_2 in its place.",
            sp.Eq(letters.K_stage, factor, evaluate=False),
        ),
        define(
            "Write, X of order 1 and S of order 2,", sp.Eq(letters.Q_stage, gram, evaluate=False)
        ),
        *(
            derive(text, name, gram_step_order(power))
            for power, (text, name) in enumerate(
                zip(texts, (letters.Q_after, letters.X_after, letters.S_after), strict=True)
            )
        ),
    ]


def _mode_block_steps() -> list[Step]:
    pair, mode = mode_blocks(1)[0][1], mode_blocks(2)[0][0]
    itself, partner = _symbol("L", 0, 0), _symbol("L", 0, 1)
    own = _symbol("X", 0, 0)
    merged = {partner: itself, _symbol("X", 0, 1): own, BLOCKS["Q_j"]: BLOCKS["Q_i"]}
    return [
        derive(
            "In the singular bases of the target N and Q0 are diagonal in modes. A pair of "
            "modes moves by itself:",
            letters.X_ij_after,
            pair,
        ),
        derive("The shift of mode i sums over its partners j:", letters.S_i_after, mode),
        prove(
            "The mode itself is one of the partners: what it adds is a partner's part with i in "
            "the place of j, X_ii being symmetric.",
            sp.Eq(
                _terms(mode, (itself,), True),
                _terms(mode, (partner,), True).subs(merged),
                evaluate=False,
            ),
            given={own.T: own},
        ),
        *(
            derive(
                f"Entries of a pair ({update}, stage {number}); g is A_1 at the start of the step.",
                letters.X_ij_after,
                sp.ImmutableMatrix(2, 2, values),
            )
            for update in ("simultaneous", "sequential")
            for number, values in enumerate(pair_stages(update), start=1)
        ),
    ]
