"""One singular mode of the target: the 2 x 2 Gram block that descent moves.

Where A and Y share singular vectors, a mode has its own network of one input and one output, with
Gram block ``Q = [[x, a], [a, z]]``, started at ``diag(c1, c2)``.  A stage of descent multiplies
it by ``N = [[1, first h], [second h, 1]]`` on both sides, ``h = eta (y - a)`` taken at the start
of the step: (first, second) = (1, 1) for both layers at once; (1, 0), then (0, 1), in turns.

Holds exactly for descent on the squared loss with ``A0 = 0``, ``C1 = c1 I``, ``C2 = c2 I``.
Source: ours, from :mod:`theory.dynamics.gram_flow`.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from theory.algebra.derivation import Step, define, derive, prove
from theory.dynamics.gram_flow import descent_stages
from theory.dynamics.unified_evolution import mode_rate
from theory.symbols import W1, W2, G, c, c1, c2, d_in, d_out, eta, s, t, w, y

__all__ = [
    "BLOCK",
    "GAIN",
    "euler_step",
    "gram_block",
    "mode_gain",
    "mode_stages",
    "mode_steps",
    "stage_factors",
    "step_mode",
]

#: Entries of the Gram block: v^T C1 v, u^T A v and u^T C2 u.
BLOCK = x, a, z = sp.symbols("x a z", real=True)

#: The scaled residual ``h = eta (y - a)``, frozen during a step.
GAIN = sp.Symbol("h", real=True)


def mode_gain() -> sp.Expr:
    """Return ``h = eta (y - a)``."""
    return eta * (y - a)


def gram_block() -> sp.Matrix:
    """Return ``[[x, a], [a, z]]``."""
    return sp.Matrix([[x, a], [a, z]])


@cache
def stage_factors(update: str = "simultaneous") -> tuple[sp.ImmutableMatrix, ...]:
    """Return the matrices N of one step, from the descent of a network of one weight a layer.

    Parameters
    ----------
    update : {"simultaneous", "sequential"}
        Both layers at once; or W1 first and W2 with the new W1.
    """
    one = {d_in: 1, d_out: 1, w: 1}
    first, second, gradient = (X.subs(one)[0, 0] for X in (W1, W2, G))
    factors = []
    for stage in descent_stages(update):
        moved = {layer: value.subs(one).as_explicit()[0, 0] for layer, value in stage}
        stacked = sp.Matrix([moved.get(W1, first), moved.get(W2, second)])
        # G = a - y in the mode, so that eta G = -h.
        factor = stacked.jacobian([first, second]).subs(gradient, -GAIN / eta)
        factors.append(sp.ImmutableMatrix(factor))
    return tuple(factors)


@cache
def mode_stages(update: str = "simultaneous") -> tuple[tuple[sp.Expr, sp.Expr, sp.Expr], ...]:
    """Return what each stage makes of x, a and z, in x, a, z and h."""
    stages = []
    for factor in stage_factors(update):
        after = factor * gram_block() * factor.T
        stages.append(tuple(sp.expand(value) for value in (after[0, 0], after[1, 0], after[1, 1])))
    return tuple(stages)


@cache
def step_mode(update: str = "simultaneous") -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Return x, a and z after one whole step, in x, a, z and h."""
    values: tuple[sp.Expr, ...] = BLOCK
    for stage in mode_stages(update):
        values = tuple(
            e.subs(dict(zip(BLOCK, values, strict=True)), simultaneous=True) for e in stage
        )
    return values


def euler_step() -> sp.Expr:
    """Return s after one Euler step of equation (1) of the paper, the published reference."""
    return s + eta * mode_rate() * (y - s)


def mode_steps() -> list[Step]:
    """Prove what the recursion keeps and how it relates to the flow."""
    both, turns = step_mode("simultaneous"), step_mode("sequential")
    q_plus, q_minus = x + a, x - a
    balanced = {z: x}
    determinant = x * z - a**2
    block = dict(zip(("xx", "aa", "zz"), both, strict=True))
    total, difference = x + z, x - z
    stages = [sp.MatMul(*reversed(stage_factors(u))) for u in ("simultaneous", "sequential")]
    steps = [
        define(
            "A mode of the target has the Gram block",
            sp.Eq(sp.MatrixSymbol("Q", 2, 2), gram_block(), evaluate=False),
        ),
        define("and the scaled residual", sp.Eq(GAIN, mode_gain(), evaluate=False)),
        *(
            derive(
                f"One step of {name} descent multiplies it on both sides by",
                sp.MatrixSymbol("N", 2, 2),
                value,
            )
            for name, value in zip(("simultaneous", "sequential"), stages, strict=True)
        ),
        *(
            derive(f"so that ({name}) a becomes", sp.Symbol("a'"), values[1])
            for name, values in (("simultaneous", both), ("sequential", turns))
        ),
        prove(
            "Both layers at once, from c1 = c2: q+ = x + a and q- = x - a are multiplied by "
            "(1 + h)^2 and (1 - h)^2.",
            (block["xx"] + block["aa"]).subs(balanced),
            q_plus * (1 + GAIN) ** 2,
        ),
        prove(
            "and the mirror,", (block["xx"] - block["aa"]).subs(balanced), q_minus * (1 - GAIN) ** 2
        ),
        prove(
            "Both layers at once, any imbalance: the pair (x + z, a) closes without x - z;",
            block["xx"] + block["zz"],
            total * (1 + GAIN**2) + 4 * GAIN * a,
        ),
        prove("a sees the sum only,", block["aa"], a * (1 + GAIN**2) + GAIN * total),
        prove(
            "and the imbalance x - z decays by itself.",
            block["xx"] - block["zz"],
            difference * (1 - GAIN**2),
        ),
        prove(
            "One layer after the other: shears of determinant one, so that xz - a^2 = c1 c2 "
            "is kept exactly.",
            turns[0] * turns[2] - turns[1] ** 2,
            determinant,
        ),
    ]
    root = sp.sqrt(s**2 + c**2)
    for name, values in (("simultaneous", both), ("sequential", turns)):
        rate = values[1].subs(GAIN, mode_gain()).diff(eta).subs(eta, 0)
        kept = {a: s, x: root + (c1 - c2) / 2, z: root - (c1 - c2) / 2}
        steps.append(
            prove(
                f"Its flow limit ({name}) is the evolution formula, whatever the imbalance.",
                rate.subs(kept),
                mode_rate() * (y - s),
                show=sp.Eq(sp.Derivative(sp.Function("a")(t), t), rate, evaluate=False),
            )
        )
    return steps
