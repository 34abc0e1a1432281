"""Sequential gradient descent written on the Gram blocks A, C1, C2: four products a step, not six.

W1 changes first and W2 sees the new W1.  With ``U = C2 G`` and ``P = A - eta U/2``

    C1 <- C1 - eta (X + X^T),  X = G^T P;        A <- A - eta U,

and then, with ``U = G C1`` and ``P = A - eta U/2`` of the new C1 and A,

    C2 <- C2 - eta (X + X^T),  X = P G^T;        A <- A - eta U.

For d x d matrices these are 8 d^3 flops a step; descent on a factor of width 2d takes 12 d^3.

Holds for every differentiable loss of A, every width and every start.  Round-off is that of the
Gram matrix, so singular values of Q below eps ||Q|| are lost where a factor keeps those below
eps^2 ||Q||.
Source: derived here from :func:`theory.dynamics.gram_flow.descent_stages`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra.derivation import Derivation, Step, define, derive, prove
from theory.algebra.noncommuting_matrices import normal_form, order_of
from theory.dynamics.gram_flow import descent_stages
from theory.symbols import C1, C2, W1, W2, A, G, eta
from theory.symbols.dynamics import X_C1, X_C2, A_next, C1_next, C2_next, P_halfway, U_rate

__all__ = ["HALFWAY", "RATE", "HalfStep", "gram_descent", "half_steps"]

#: U: minus the rate of A while one layer moves.
RATE = U_rate
#: P: the matrix half-way through the move of one layer.
HALFWAY = P_halfway

#: What a move of each block is written in: half its change, and what it becomes.
_SHOWN = {C1: (X_C1, C1_next), C2: (X_C2, C2_next)}

#: The Gram blocks by the products of the weights that they are.
_GRAM = {W2 * W1: A, W1.T * W2.T: A.T, W1.T * W1: C1, W2 * W2.T: C2}


@dataclass(frozen=True)
class HalfStep:
    """The move of one layer, seen on the Gram blocks.

    Attributes
    ----------
    block : MatrixSymbol
        C1 or C2, the block of the layer that moves.
    rate : MatrixExpr
        U, a product of two matrices: ``A <- A - eta U``.
    overlap : MatrixExpr
        X, a product with :data:`HALFWAY`: ``block <- block - eta (X + X^T)``.
    """

    block: sp.MatrixSymbol
    rate: MatrixExpr
    overlap: MatrixExpr

    @property
    def halfway(self) -> MatrixExpr:
        """P in terms of A and U."""
        return A - eta * RATE / 2

    def proof(self) -> Step:
        """Prove that this is what the move of the layer does to the block."""
        _, block = _moved(self.block)
        half, after = _SHOWN[self.block]
        return prove(
            f"While its layer moves, {self.block.name} changes by one product and its transpose.",
            sp.Eq(after, self.block - eta * (half + half.T), evaluate=False),
            where={after: block, half: self.overlap.subs(HALFWAY, A - eta * self.rate / 2)},
            given={C1.T: C1, C2.T: C2},
        )


@cache
def half_steps() -> tuple[HalfStep, HalfStep]:
    """Return the moves of W1 and of W2; the rates are derived, the block updates proved."""
    return _half_step(C1, G.T * HALFWAY), _half_step(C2, HALFWAY * G.T)


def _half_step(block: sp.MatrixSymbol, overlap: MatrixExpr) -> HalfStep:
    matrix, _ = _moved(block)
    move = HalfStep(block, normal_form(-order_of(matrix, eta, 1)), overlap)
    move.proof()
    return move


def gram_descent() -> Derivation:
    """Derive the four-product step from the descent of the two layers."""
    steps = []
    for move, layer in zip(half_steps(), ("W1", "W2"), strict=True):
        matrix, _ = _moved(move.block)
        steps += [
            define(f"While {layer} moves, let U be", sp.Eq(RATE, move.rate, evaluate=False)),
            derive(
                "Then A moves by -eta U, to all orders.",
                A_next,
                normal_form(matrix, {move.rate: RATE}),
                stated=A - eta * RATE,
            ),
            define("Let P be half-way.", sp.Eq(HALFWAY, move.halfway, evaluate=False)),
            define("Let X be", sp.Eq(_SHOWN[move.block][0], move.overlap, evaluate=False)),
            move.proof(),
        ]
    return Derivation(
        topic="gram-descent",
        title="Sequential descent in four products",
        holds="for every differentiable loss of A, every width and every start; G and the blocks "
        "of each move are those at its beginning",
        source="derived here",
        steps=tuple(steps),
    )


def _moved(block: sp.MatrixSymbol) -> tuple[MatrixExpr, MatrixExpr]:
    """Return A and the block after the layer of that block has moved."""
    first, second = descent_stages("sequential")
    ((_, new_W1),), ((_, new_W2),) = first, second
    if block == C1:
        products = (W2 * new_W1, sp.Transpose(new_W1) * new_W1)
    else:
        products = (new_W2 * W1, new_W2 * sp.Transpose(new_W2))
    return tuple(normal_form(x, _GRAM) for x in products)
