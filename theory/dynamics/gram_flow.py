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
from theory.symbols import C1, C2, W1, W2, A, G, Ghat, J, Q, Theta, X, d_in, d_out, eta, n, w

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
    variation, (V1, V2) = _first_variation()
    frozen = {W1: sp.ZeroMatrix(*V2.shape), W2: sp.ZeroMatrix(*V1.shape)}
    return {
        W1: trace_gradient(G.T * variation.subs(V2, frozen[W1]).doit(), V1),
        W2: trace_gradient(G.T * variation.subs(V1, frozen[W2]).doit(), V2),
    }


@cache
def prediction_gradient() -> MatrixExpr:
    """Return G for a loss of the predictions ``A X`` whose derivative in them is R."""
    R, V = sp.MatrixSymbol("R", d_out, n), sp.MatrixSymbol("V", d_out, d_in)
    return trace_gradient(R.T * V * X, V)


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
    first, second = (
        sp.Matrix(size, size, lambda i, j, k=name: sp.Symbol(f"{k}{min(i, j)}{max(i, j)}"))
        for name, size in (("p", columns), ("r", rows))
    )
    kernel = sp.kronecker_product(first, sp.eye(rows)) + sp.kronecker_product(
        sp.eye(columns), second
    )
    norm = lambda matrix: sum(x**2 for x in matrix)  # noqa: E731
    closed = rows * norm(first) + columns * norm(second) + 2 * sp.trace(first) * sp.trace(second)
    squared = lambda x: sp.Function("normF2")(sp.Symbol(x))  # noqa: E731
    shown = sp.Eq(
        squared("K"),
        d_out * squared("C1") + d_in * squared("C2") + 2 * sp.Symbol("trC1") * sp.Symbol("trC2"),
        evaluate=False,
    )
    return prove("The norm of the NTK costs O(d^2).", norm(kernel), closed, show=shown)


def gram_dynamics() -> Derivation:
    """Derive the closed dynamics of the Gram matrix and what they conserve."""
    factor, signed, reflection = stacked_factor(), signed_gradient_blocks(), reflection_blocks()
    gram = sp.BlockMatrix([[C1, A.T], [A, C2]])
    steps = [
        define("The network computes A.", sp.Eq(A, W2 * W1, evaluate=False)),
        *_gradient_steps(),
        define("Stack both layers.", sp.Eq(Theta, factor, evaluate=False)),
        define("Put the gradient off the diagonal.", sp.Eq(Ghat, signed, evaluate=False)),
        prove(
            "Gradient flow of both layers is linear in Theta, with the matrix -Ghat.",
            sp.BlockMatrix([[sp.Transpose(flow_rates()[0][1])], [flow_rates()[1][1]]]),
            -signed * factor,
            show=sp.Eq(TimeDerivative(Theta), -Ghat * Theta, evaluate=False),
        ),
        prove(
            "The blocks of Theta Theta^T are C1, A and C2.",
            factor * factor.T,
            sp.BlockMatrix([[W1.T * W1, (W2 * W1).T], [W2 * W1, W2 * W2.T]]),
            show=sp.Eq(Q, gram, evaluate=False),
        ),
        prove(
            "Its flow contains no weights: the width has disappeared.",
            differentiate(Theta * Theta.T, {Theta: -Ghat * Theta}),
            -Ghat * Q - Q * Ghat,
            given={Theta * Theta.T: Q, Ghat.T: Ghat},
            show=sp.Eq(TimeDerivative(Q), -(Ghat * Q + Q * Ghat), evaluate=False),
        ),
        *(
            prove(
                f"The {name} block of that flow.",
                gram_blocks_flow()[symbol],
                value,
                show=sp.Eq(TimeDerivative(symbol), value, evaluate=False),
            )
            for symbol, value, name in (
                (A, -(C2 * G + G * C1), "lower left"),
                (C1, -(A.T * G + G.T * A), "upper left"),
                (C2, -(A * G.T + G * A.T), "lower right"),
            )
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


def _first_variation() -> tuple[MatrixExpr, tuple[sp.MatrixSymbol, sp.MatrixSymbol]]:
    small = sp.Symbol("epsilon")
    V1, V2 = sp.MatrixSymbol("V1", w, d_in), sp.MatrixSymbol("V2", d_out, w)
    return first_order((W2 + small * V2) * (W1 + small * V1), small), (V1, V2)


def _gradient_steps() -> list[Step]:
    variation, _ = _first_variation()
    V = sp.MatrixSymbol("deltaA", d_out, d_in)
    name = lambda layer: sp.MatrixSymbol(f"grad{layer.name}", *layer.shape)  # noqa: E731
    return [
        derive("First variation of A in the directions V1 and V2.", V, variation),
        *(
            derive(
                f"The loss changes by tr(G^T deltaA), so its gradient in {layer.name} is",
                name(layer),
                value,
            )
            for layer, value in layer_gradients().items()
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
    after = sp.MatrixSymbol("Qnext", d_in + d_out, d_in + d_out)
    # The text below speaks of the factor only through Q: any L with L L^T = Q trains identically.
    return [
        prove(
            "One step of descent, both layers at once, also closes on Q.",
            once * once.T,
            (identity - eta * Ghat) * Q * (identity - eta * Ghat),
            given={Theta * Theta.T: Q, Ghat.T: Ghat},
            show=sp.Eq(
                after, (identity - eta * Ghat) * Q * (identity - eta * Ghat), evaluate=False
            ),
        ),
        prove(
            "One layer after the other (W2 sees the new W1) is a product of two such steps, "
            "so it closes on Q as well.",
            (block_identity - eta * lower) * (block_identity - eta * upper) * stacked_factor(),
            explicit,
            show=sp.Eq(
                sp.MatrixSymbol("Thetanext", d_in + d_out, w),
                (block_identity - eta * lower) * (block_identity - eta * upper) * Theta,
                evaluate=False,
            ),
        ),
    ]


def _conservation_steps(reflection: MatrixExpr, signed: MatrixExpr) -> list[Step]:
    zero = sp.ZeroMatrix(w, w)
    drift = balancedness_descent()
    return [
        define("Reflect the second block.", sp.Eq(J, reflection, evaluate=False)),
        prove(
            "J anticommutes with Ghat.",
            signed * reflection + reflection * signed,
            sp.BlockDiagMatrix(sp.ZeroMatrix(d_in, d_in), sp.ZeroMatrix(d_out, d_out)),
            show=sp.Eq(Ghat * J, -J * Ghat, evaluate=False),
        ),
        prove(
            "Theta^T J Theta is the balancedness of the two layers.",
            stacked_factor().T * reflection * stacked_factor(),
            W1 * W1.T - W2.T * W2,
            show=sp.Eq(Theta.T * J * Theta, W1 * W1.T - W2.T * W2, evaluate=False),
        ),
        prove(
            "Flow conserves it.",
            balancedness_flow(),
            zero,
            given=ANTICOMMUTE | {Ghat.T: Ghat},
            show=sp.Eq(TimeDerivative(Theta.T * J * Theta), zero, evaluate=False),
        ),
        prove(
            "A descent step changes it at second order only: over a fixed time the drift is "
            "O(eta).",
            drift,
            -(eta**2) * Theta.T * J * Ghat * Ghat * Theta,
            given=ANTICOMMUTE,
            show=sp.Eq(
                sp.MatrixSymbol("DeltaB", w, w),
                eta**2 * Theta.T * Ghat * J * Ghat * Theta,
                evaluate=False,
            ),
        ),
    ]
