"""Gradient flow of a deep linear network: what it conserves, and its lazy and balanced limits.

``A = W_L ... W_1``.  Layer l moves by ``dW_l/dt = -(W_L ... W_{l+1})^T G (W_{l-1} ... W_1)^T``, and
``W_{l+1}^T W_{l+1} - W_l W_l^T`` is conserved for every l.  At infinite width a lazy A moves
at ``L (sigma^2 w)^(L-1) = L c^(2-2/L)`` with the threshold ``c = (sigma^2 w)^(L/2)``; a balanced
singular value at ``L s^(2-2/L)``.  Between them it moves at ``c^(2-2/L) rho_L(s/c)``
(:mod:`theory.depth.rate`).

Holds for every differentiable loss of A and all widths.
Source: conservation and the balanced limit are Arora, Cohen and Hazan 2018; for two layers see
:mod:`theory.dynamics.gram_flow`.
"""

from __future__ import annotations

from functools import cache

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra.derivation import Derivation, Step, define, derive, equal, prove
from theory.algebra.noncommuting_matrices import TimeDerivative, trace_gradient
from theory.depth.rate import depth_rate_coefficients
from theory.symbols import A, G, c, t
from theory.symbols import depth as of
from theory.symbols.dynamics import g
from theory.symbols.notation import s_of

__all__ = ["deep_flow", "threshold"]

#: The series that are shown: their depths and numbers of terms.
SHOWN_DEPTHS, SHOWN_TERMS = (2, 3, 4, 5), 4


def threshold() -> sp.Expr:
    """Return ``c = (sigma^2 w)^(L/2)``, below which singular values move lazily."""
    return of.scale_squared ** (of.depth / 2)


@cache
def _gradients() -> dict[sp.MatrixSymbol, MatrixExpr]:
    """Return the gradients in two neighbouring layers, from the variation of A with each."""
    varied = {of.W_layer: of.V_l, of.W_next: of.V_next}
    product = of.P_above * of.W_next * of.W_layer * of.P_below
    return {
        layer: trace_gradient(G.T * product.xreplace({layer: direction}), direction)
        for layer, direction in varied.items()
    }


def deep_flow() -> Derivation:
    """Derive the flow of two neighbouring layers, what it conserves, and the limits of its rate."""
    return Derivation(
        topic="depth",
        title="Deep linear networks",
        holds="for gradient flow of every differentiable loss of A; the rates for equal layers of "
        "infinite width and a mode that starts at 0",
        source="Arora, Cohen and Hazan 2018 for what is conserved; the rate between the limits is "
        "ours",
        steps=(*_layer_steps(), *_conservation_steps(), *_limit_steps(), *_rate_steps()),
    )


def _layer_steps() -> list[Step]:
    product = of.P_above * of.W_next * of.W_layer * of.P_below
    turned = of.W_next * of.O_turn.T * of.O_turn * of.W_layer
    return [
        define(
            "Of the layers, look at two neighbours, W_l and W_{l+1}, between the products of all "
            "others.",
            equal(A, product),
        ),
        *(
            derive(f"The gradient of the loss in {text} is", name, _gradients()[layer])
            for layer, name, text in (
                (of.W_layer, of.grad_l, "W_l"),
                (of.W_next, of.grad_next, "W_{l+1}"),
            )
        ),
        prove(
            "Rotating the hidden space between them changes nothing.",
            equal(
                of.P_above * turned * of.P_below, of.P_above * of.W_next * of.W_layer * of.P_below
            ),
            given={of.O_turn.T * of.O_turn: sp.Identity(of.w_between)},
        ),
    ]


def _conservation_steps() -> list[Step]:
    rates = {TimeDerivative(layer): -value for layer, value in _gradients().items()}
    lower, upper = TimeDerivative(of.W_layer), TimeDerivative(of.W_next)
    balancedness = of.W_next.T * of.W_next - of.W_layer * of.W_layer.T
    return [
        define("The balancedness of two neighbours is", equal(of.B_l, balancedness)),
        prove(
            "Flow conserves it, whatever the other layers are: both parts move alike.",
            equal(
                upper.T * of.W_next + of.W_next.T * upper,
                lower * of.W_layer.T + of.W_layer * lower.T,
            ),
            where=rates,
        ),
        prove(
            "Where it vanishes a product of two layers has the square of the upper one's Gram "
            "matrix; so A A^T is the L-th power of that of the last layer, layer by layer.",
            equal(
                (of.W_next * of.W_layer) * (of.W_next * of.W_layer).T,
                (of.W_next * of.W_next.T) ** 2 - of.W_next * of.B_l * of.W_next.T,
            ),
            where={of.B_l: balancedness},
        ),
    ]


def _limit_steps() -> list[Step]:
    """Prove the two limits of the rate, sums over the layers of what is above and below each."""
    scale, s, L, one = of.scale_squared, of.singular_value, of.depth, of.layer
    lazy = sp.Sum(scale ** (L - one) * scale ** (one - 1), (one, 1, L))
    balanced = sp.Sum(s ** (2 * (L - one) / L) * s ** (2 * (one - 1) / L), (one, 1, L))
    return [
        define("The threshold is", sp.Eq(c, threshold())),
        prove(
            "While lazy each layer contributes the scales of all others: with W W^T = sigma^2 w I "
            "for each product of whole layers at infinite width, -dA/dt is G times",
            equal(lazy, L * c ** (2 - 2 / L)),
            where={c: threshold()},
            reduce="positive powers",
        ),
        prove(
            "A balanced mode has the singular value s^(1/L) in every layer: its rate is",
            equal(balanced, L * s ** (2 - 2 / L)),
            reduce="positive powers",
        ),
        prove(
            "The two limits are equal at the threshold.",
            equal(sp.Limit(L * s ** (2 - 2 / L) / c ** (2 - 2 / L), s, c), L),
        ),
    ]


def _rate_steps() -> list[Step]:
    x, moved = of.ratio, s_of(t)
    steps = [
        define(
            "Between the limits, a mode that starts at 0 moves at a rate that is one function of "
            "s/c for every loss, whose gradient g only sets the speed:",
            equal(
                sp.Derivative(moved, t),
                -(c ** (2 - 2 / of.depth)) * of.rho(of.depth, moved / c) * g,
            ),
        )
    ]
    for depth in SHOWN_DEPTHS:
        terms = enumerate(depth_rate_coefficients(depth, SHOWN_TERMS))
        series = sum((value * x ** (2 * k) for k, value in terms), sp.O(x ** (2 * SHOWN_TERMS)))
        text = f"At depth {depth} its Taylor series is, from exact integers,"
        steps.append(derive(text, of.rho(depth, x), series))
    return steps
