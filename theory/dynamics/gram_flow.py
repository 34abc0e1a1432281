"""Gradient flow and gradient descent of a two-layer linear network close on its Gram matrix.

``dTheta/dt = -Ghat Theta`` and ``Theta <- (I - eta Ghat) Theta`` with ``Theta = [W1^T ; W2]``,
hence ``dQ/dt = -(Ghat Q + Q Ghat)`` for ``Q = Theta Theta^T``: the width disappears.
Conserved under flow: the balancedness ``Theta^T J Theta = W1 W1^T - W2^T W2``.

Holds for every differentiable loss of ``A = W2 W1``, every width and every start.
Source: derived here; the conservation law is Arora, Cohen and Hazan 2018, the formula for A is
used by Tu, Aranguri and Jacot 2024, section 3.
"""

from __future__ import annotations

from functools import cache

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra.derivation import Derivation, Step, define, derive, prove
from theory.algebra.noncommuting_matrices import (
    TimeDerivative,
    blocks,
    differentiate,
    first_order,
    normal_form,
    trace_gradient,
)
from theory.symbols import C1, C2, W1, W2, A, G, Ghat, J, Q, Theta, X, d_in, d_out, eta, w
from theory.symbols.dynamics import (
    NTK,
    V1,
    V2,
    Delta_B,
    Q_next,
    R,
    Theta_next,
    delta_A,
    grad_W1,
    grad_W2,
)
from theory.symbols.notation import norm2

__all__ = [
    "ANTICOMMUTE",
    "balancedness_descent",
    "balancedness_flow",
    "descent_stages",
    "flow_rates",
    "gram_blocks_flow",
    "gram_dynamics",
    "layer_gradients",
    "ntk_norm",
    "prediction_gradient",
    "reflection_blocks",
    "signed_gradient_blocks",
    "stacked_factor",
]

#: A stage of an update: symbols that change at the same moment, each with its new value.
Stage = tuple[tuple[sp.MatrixSymbol, MatrixExpr], ...]

#: J anticommutes with every matrix whose diagonal blocks vanish, and J^2 = I.
ANTICOMMUTE = {Ghat * J: -J * Ghat, J * J: sp.Identity(d_in + d_out)}


def stacked_factor() -> sp.BlockMatrix:
    """Return ``Theta = [W1^T ; W2]`` in blocks, shape (d_in + d_out, w)."""
    return sp.BlockMatrix([[W1.T], [W2]])


def signed_gradient_blocks() -> sp.BlockMatrix:
    """Return ``Ghat = [[0, G^T], [G, 0]]`` in blocks."""
    return sp.BlockMatrix([[sp.ZeroMatrix(d_in, d_in), G.T], [G, sp.ZeroMatrix(d_out, d_out)]])


def reflection_blocks() -> sp.BlockMatrix:
    """Return ``J = diag(I, -I)`` in blocks."""
    return sp.BlockDiagMatrix(sp.Identity(d_in), -sp.Identity(d_out))


@cache
def layer_gradients() -> dict[sp.MatrixSymbol, MatrixExpr]:
    """Return the gradients of the loss in W1 and W2, found from the first variation of A.

    The loss changes by ``tr(G^T deltaA)``; the part linear in the direction of one layer is
    the inner product of that direction with the layer's gradient.
    """
    variation = _first_variation()
    frozen = {W1: sp.ZeroMatrix(*V2.shape), W2: sp.ZeroMatrix(*V1.shape)}
    return {
        W1: trace_gradient(G.T * variation.subs(V2, frozen[W1]).doit(), V1),
        W2: trace_gradient(G.T * variation.subs(V1, frozen[W2]).doit(), V2),
    }


@cache
def prediction_gradient() -> MatrixExpr:
    """Return G for a loss of the predictions ``A X`` whose derivative in them is R."""
    return trace_gradient(R.T * delta_A * X, delta_A)


@cache
def flow_rates() -> Stage:
    """Return ``dW1/dt = -W2^T G`` and ``dW2/dt = -G W1^T``."""
    return tuple((layer, normal_form(-value)) for layer, value in layer_gradients().items())


@cache
def descent_stages(update: str = "simultaneous") -> tuple[Stage, ...]:
    """Return one step of gradient descent as the stages in which the layers change.

    Parameters
    ----------
    update : {"simultaneous", "sequential"}
        Both layers at once, ``(I - eta Ghat) Theta``; or W1 first and W2 with the new W1 and
        the same G, ``(I - eta [[0, 0], [G, 0]]) (I - eta [[0, G^T], [0, 0]]) Theta``.

    Raises
    ------
    ValueError
        For any other update.
    """
    identity = sp.BlockDiagMatrix(sp.Identity(d_in), sp.Identity(d_out))
    upper, lower = _triangular_gradients()
    factors: tuple[MatrixExpr, ...]
    if update == "simultaneous":
        factors = (signed_gradient_blocks(),)
    elif update == "sequential":
        factors = (upper, lower)
    else:
        raise ValueError(f"update must be 'simultaneous' or 'sequential', got {update!r}")
    stages = []
    for factor in factors:
        (first,), (second,) = blocks((identity - eta * factor) * stacked_factor())
        pairs = ((W1, normal_form(sp.Transpose(first))), (W2, normal_form(second)))
        stages.append(tuple((symbol, value) for symbol, value in pairs if value != symbol))
    return tuple(stages)


def gram_blocks_flow() -> dict[sp.MatrixSymbol, MatrixExpr]:
    """Return ``dA/dt``, ``dC1/dt`` and ``dC2/dt`` in terms of A, C1, C2 and G alone."""
    gram = sp.BlockMatrix([[C1, A.T], [A, C2]])
    signed = signed_gradient_blocks()
    rates = blocks(-(signed * gram) - gram * signed)
    symmetric = {C1.T: C1, C2.T: C2}
    return {
        C1: normal_form(rates[0][0], symmetric),
        A: normal_form(rates[1][0], symmetric),
        C2: normal_form(rates[1][1], symmetric),
    }


def balancedness_flow() -> MatrixExpr:
    """Return the time derivative of ``Theta^T J Theta`` under flow, before it is simplified."""
    return differentiate(Theta.T * J * Theta, {Theta: -Ghat * Theta})


def balancedness_descent() -> MatrixExpr:
    """Return the change of ``Theta^T J Theta`` in one simultaneous descent step."""
    new = (sp.Identity(d_in + d_out) - eta * Ghat) * Theta
    rules = ANTICOMMUTE | {Ghat.T: Ghat}
    return normal_form(new.T * J * new - Theta.T * J * Theta, rules)


def ntk_norm(rows: int = 2, columns: int = 3) -> Step:
    """Prove the O(d^2) norm of the NTK ``K = C1 (x) I + I (x) C2`` on small symbolic matrices.

    ``||K||_F^2 = d_out ||C1||^2 + d_in ||C2||^2 + 2 tr C1 tr C2`` for (d_out, d_in) =
    (rows, columns); entries are independent symbols, so the pattern is that of every size.
    """
    first, second = (_symmetric(size, name) for name, size in (("p", columns), ("r", rows)))
    kernel = sp.kronecker_product(first, sp.eye(rows)) + sp.kronecker_product(
        sp.eye(columns), second
    )
    norm = lambda matrix: sum(x**2 for x in matrix)  # noqa: E731
    traces = 2 * sp.Trace(C1) * sp.Trace(C2)
    return prove(
        "The norm of the NTK K = C1 (x) I + I (x) C2 costs O(d^2).",
        sp.Eq(norm2(NTK), d_out * norm2(C1) + d_in * norm2(C2) + traces, evaluate=False),
        where={
            norm2(NTK): norm(kernel),
            norm2(C1): norm(first),
            norm2(C2): norm(second),
            sp.Trace(C1): sp.trace(first),
            sp.Trace(C2): sp.trace(second),
            d_in: sp.Integer(columns),
            d_out: sp.Integer(rows),
        },
        at=f"(d_out, d_in) = ({rows}, {columns})",
    )


def _symmetric(size: int, letter: str) -> sp.Matrix:
    """Return a symmetric matrix of independent entries."""
    entries = {
        (i, j): sp.Dummy(f"{letter}{i}{j}", real=True) for i in range(size) for j in range(i, size)
    }
    return sp.Matrix(size, size, lambda i, j: entries[min(i, j), max(i, j)])


def gram_dynamics() -> Derivation:
    """Derive the closed dynamics of the Gram matrix and what they conserve."""
    factor, signed, reflection = stacked_factor(), signed_gradient_blocks(), reflection_blocks()
    gram = sp.BlockMatrix([[C1, A.T], [A, C2]])
    rates = {TimeDerivative(symbol): rate for symbol, rate in gram_blocks_flow().items()}
    A_rate, C1_rate, C2_rate = (TimeDerivative(symbol) for symbol in (A, C1, C2))
    steps = [
        define("The network computes A.", sp.Eq(A, W2 * W1, evaluate=False)),
        *_gradient_steps(),
        define("Stack both layers.", sp.Eq(Theta, factor, evaluate=False)),
        define("Put the gradient off the diagonal.", sp.Eq(Ghat, signed, evaluate=False)),
        prove(
            "Gradient flow of both layers is linear in Theta, with the matrix -Ghat.",
            sp.Eq(TimeDerivative(Theta), -Ghat * Theta, evaluate=False),
            where={
                TimeDerivative(Theta): sp.BlockMatrix(
                    [[sp.Transpose(flow_rates()[0][1])], [flow_rates()[1][1]]]
                ),
                Ghat: signed,
                Theta: factor,
            },
        ),
        define("The Gram matrix of the two layers.", sp.Eq(Q, Theta * Theta.T, evaluate=False)),
        prove(
            "The blocks of Theta Theta^T are C1 = W1^T W1, A and C2 = W2 W2^T.",
            sp.Eq(Theta * Theta.T, gram, evaluate=False),
            where={Theta: factor, C1: W1.T * W1, A: W2 * W1, C2: W2 * W2.T},
        ),
        prove(
            "Its flow contains no weights: the width has disappeared.",
            sp.Eq(TimeDerivative(Q), -(Ghat * Q + Q * Ghat), evaluate=False),
            where={TimeDerivative(Q): differentiate(Theta * Theta.T, {Theta: -Ghat * Theta})},
            given={Theta * Theta.T: Q, Ghat.T: Ghat},
        ),
        *(
            derive(
                f"From the flow of the layers, {symbol} moves at",
                TimeDerivative(symbol),
                gram_blocks_flow()[symbol],
                stated=value,
            )
            for symbol, value in (
                (A, -(C2 * G + G * C1)),
                (C1, -(A.T * G + G.T * A)),
                (C2, -(A * G.T + G * A.T)),
            )
        ),
        prove(
            "These are the blocks of the flow of Q.",
            sp.Eq(
                sp.BlockMatrix([[C1_rate, A_rate.T], [A_rate, C2_rate]]),
                -(Ghat * Q + Q * Ghat),
                evaluate=False,
            ),
            where={Q: gram, Ghat: signed} | rates,
            given={C1.T: C1, C2.T: C2},
        ),
        *_descent_steps(),
        *_conservation_steps(reflection, signed),
        ntk_norm(),
    ]
    return Derivation(
        topic="gram-dynamics",
        title="Gradient descent closes on the Gram matrix",
        holds="for every differentiable loss of A, every width and every start",
        source="derived here; conservation law: Arora, Cohen and Hazan 2018",
        steps=tuple(steps),
    )


def _triangular_gradients() -> tuple[sp.BlockMatrix, sp.BlockMatrix]:
    zero_in, zero_out = sp.ZeroMatrix(d_in, d_in), sp.ZeroMatrix(d_out, d_out)
    upper = sp.BlockMatrix([[zero_in, G.T], [sp.ZeroMatrix(d_out, d_in), zero_out]])
    lower = sp.BlockMatrix([[zero_in, sp.ZeroMatrix(d_in, d_out)], [G, zero_out]])
    return upper, lower


def _first_variation() -> MatrixExpr:
    small = sp.Dummy("epsilon")
    return first_order((W2 + small * V2) * (W1 + small * V1), small)


def _gradient_steps() -> list[Step]:
    return [
        derive("First variation of A in the directions V1 and V2.", delta_A, _first_variation()),
        *(
            derive(
                f"The loss changes by tr(G^T deltaA), so its gradient in {layer.name} is",
                name,
                layer_gradients()[layer],
            )
            for layer, name in ((W1, grad_W1), (W2, grad_W2))
        ),
        derive(
            "Where the loss is of predictions A X, with derivative R in them, the gradient in A is",
            G,
            prediction_gradient(),
        ),
    ]


def _descent_steps() -> list[Step]:
    identity = sp.Identity(d_in + d_out)
    upper, lower = _triangular_gradients()
    block_identity = sp.BlockDiagMatrix(sp.Identity(d_in), sp.Identity(d_out))
    new_W1 = W1 - eta * W2.T * G
    explicit = sp.BlockMatrix([[new_W1.T], [W2 - eta * G * new_W1.T]])
    once = (identity - eta * Ghat) * Theta
    return [
        prove(
            "One step of descent, both layers at once, also closes on Q: any factor L with "
            "L L^T = Q trains identically.",
            sp.Eq(Q_next, (identity - eta * Ghat) * Q * (identity - eta * Ghat), evaluate=False),
            where={Q_next: once * once.T},
            given={Theta * Theta.T: Q, Ghat.T: Ghat},
        ),
        prove(
            "One layer after the other (W2 sees the new W1) is a product of two such steps, "
            "so it closes on Q as well.",
            sp.Eq(
                Theta_next,
                (block_identity - eta * lower) * (block_identity - eta * upper) * Theta,
                evaluate=False,
            ),
            where={Theta_next: explicit, Theta: stacked_factor()},
        ),
    ]


def _conservation_steps(reflection: MatrixExpr, signed: MatrixExpr) -> list[Step]:
    zero = sp.ZeroMatrix(w, w)
    balancedness = Theta.T * J * Theta
    return [
        define("Reflect the second block.", sp.Eq(J, reflection, evaluate=False)),
        prove(
            "J anticommutes with Ghat.",
            sp.Eq(Ghat * J, -J * Ghat, evaluate=False),
            where={Ghat: signed, J: reflection},
        ),
        prove(
            "Theta^T J Theta is the balancedness of the two layers.",
            sp.Eq(balancedness, W1 * W1.T - W2.T * W2, evaluate=False),
            where={Theta: stacked_factor(), J: reflection},
        ),
        prove(
            "Flow conserves it.",
            sp.Eq(TimeDerivative(balancedness), zero, evaluate=False),
            where={TimeDerivative(balancedness): balancedness_flow()},
            given=ANTICOMMUTE | {Ghat.T: Ghat},
        ),
        prove(
            "A descent step changes it at second order only: over a fixed time the drift is "
            "O(eta).",
            sp.Eq(Delta_B, eta**2 * Theta.T * Ghat * J * Ghat * Theta, evaluate=False),
            where={Delta_B: balancedness_descent()},
            given=ANTICOMMUTE,
        ),
    ]
