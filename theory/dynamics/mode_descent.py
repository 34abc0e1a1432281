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
from theory.symbols import W1, W2, G, c, d_in, d_out, eta, lam, s, t, w, y
from theory.symbols.dynamics import N_stage, Q_mode, a, a_next, a_of, h, x, x_next, z, z_next
from theory.symbols.notation import s_of

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
BLOCK = x, a, z

#: The scaled residual ``h = eta (y - a)``, frozen during a step.
GAIN = h


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
    """Prove what a step keeps and how it relates to the flow."""
    both, turns = step_mode("simultaneous"), step_mode("sequential")
    named = dict(zip((x_next, a_next, z_next), both, strict=True))
    in_turns = dict(zip((x_next, a_next, z_next), turns, strict=True))
    balanced = {name: value.subs(z, x) for name, value in named.items()}
    updates = {"simultaneous": both, "sequential": turns}

    def relation(text: str, left: sp.Expr, right: sp.Expr, values: dict[sp.Basic, sp.Expr]) -> Step:
        where = {name: value for name, value in values.items() if left.has(name)}
        return prove(text, sp.Eq(left, right, evaluate=False), where=where)

    steps = [
        define("A mode of the target has the Gram block", sp.Eq(Q_mode, gram_block())),
        define("and the scaled residual", sp.Eq(GAIN, mode_gain(), evaluate=False)),
        *(
            derive(
                f"One step of {update} descent multiplies it on both sides by",
                N_stage,
                sp.MatMul(*reversed(stage_factors(update))),
            )
            for update in updates
        ),
        *(
            derive(f"so that ({update}) a becomes", a_next, values[1])
            for update, values in updates.items()
        ),
        relation(
            "Both layers at once, from c1 = c2, where z = x: q+ = x + a and q- = x - a are "
            "multiplied by (1 + h)^2 and (1 - h)^2.",
            x_next + a_next,
            (x + a) * (1 + h) ** 2,
            balanced,
        ),
        relation("and the mirror,", x_next - a_next, (x - a) * (1 - h) ** 2, balanced),
        relation(
            "Both layers at once, any imbalance: the pair (x + z, a) closes without x - z;",
            x_next + z_next,
            (x + z) * (1 + h**2) + 4 * h * a,
            named,
        ),
        relation("a sees the sum only,", a_next, a * (1 + h**2) + h * (x + z), named),
        relation(
            "and the imbalance x - z decays by itself.",
            x_next - z_next,
            (x - z) * (1 - h**2),
            named,
        ),
        relation(
            "One layer after the other: shears of determinant one, so that xz - a^2 = c1 c2 "
            "is kept exactly.",
            x_next * z_next - a_next**2,
            x * z - a**2,
            in_turns,
        ),
    ]
    return steps + _flow_steps(updates)


def _flow_steps(updates: dict[str, tuple[sp.Expr, ...]]) -> list[Step]:
    """Prove that small steps of both kinds are the flow of the mode."""
    root = sp.sqrt(s**2 + c**2)
    kept = {a: s, x: root + lam / 2, z: root - lam / 2}
    steps = [
        define(
            "On the invariant the block is, with the imbalance lam,",
            sp.Eq(sp.Tuple(x, a, z), sp.Tuple(kept[x], s, kept[z]), evaluate=False),
        )
    ]
    for update, values in updates.items():
        rate = values[1].subs(GAIN, mode_gain()).diff(eta).subs(eta, 0)
        steps += [
            derive(f"For eta -> 0 ({update}) a moves at", sp.Derivative(a_of(t), t), rate),
            prove(
                "which is the evolution formula, whatever the imbalance.",
                sp.Eq(sp.Derivative(s_of(t), t), mode_rate() * (y - s), evaluate=False),
                where={sp.Derivative(s_of(t), t): rate.subs(kept)},
            ),
        ]
    return steps
