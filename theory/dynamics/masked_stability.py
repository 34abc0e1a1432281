"""How a mask changes the largest stable learning rate: two bounds.

Near a matrix A that fits what is observed, descent multiplies small errors of the observed entries
by ``I - eta P K P``: P hides entries, ``K: X -> C2 X + X C1`` is the tangent kernel.  With unit
vectors a, b of a block that is observed in full, ``P (b a^T) = b a^T``, and along it

    a^T C1 a + b^T C2 b >= 2 sqrt((b^T A a)^2 + c^2),

so that descent is unstable above ``1/sqrt(m^2 + c^2)``, m the largest norm of such a block (a row,
a column); as P K P is at most K, it is stable below ``1/sqrt(||A||^2 + c^2)``.  With nothing hidden
the two are one (:func:`theory.dynamics.single_mode.stability_limit`).

Holds for the squared loss of the entries, C1 and C2 on the invariant, c > 0.  Source: ours.
"""

from __future__ import annotations

import sympy as sp

from theory.algebra.derivation import Derivation, Step, define, equal, prove
from theory.dynamics.gram_flow import reflection_blocks
from theory.dynamics.single_mode import stability_limit
from theory.dynamics.unified_evolution import IMBALANCE, THRESHOLD
from theory.symbols import C1, C2, A, J, Q, c, c1, c2, d_in, d_out, lam, y
from theory.symbols.dynamics import (
    R1,
    R2,
    R_both,
    block_norm,
    curvature_top,
    eta_max,
    unit_both,
    unit_in,
    unit_out,
)

__all__ = ["masked_stability"]

_identity = sp.Identity(d_in + d_out)


def masked_stability() -> Derivation:
    """Prove the bounds of the largest stable learning rate where entries are hidden."""
    return Derivation(
        topic="masked-stability",
        title="Stability of descent where entries are hidden",
        holds="for the squared loss of the observed entries, C1 and C2 on the invariant, c > 0",
        source="ours",
        steps=(*_inverse_steps(), *_block_steps(), *_bound_steps()),
    )


def _inverse_steps() -> list[Step]:
    reflected = {Q * J * Q: IMBALANCE * Q + c1 * c2 * J, J * J: _identity}
    return [
        define("The invariant, multiplied by J.", equal(Q * J * Q, lam * Q + c1 * c2 * J)),
        define("Take out the imbalance.", equal(R_both, Q - lam / 2 * J)),
        prove(
            "What is left has its own mirror image for an inverse:",
            equal(R_both * J * R_both * J, c**2 * _identity),
            where={R_both: Q - IMBALANCE / 2 * J, c: THRESHOLD},
            given=reflected,
        ),
    ]


def _block_steps() -> list[Step]:
    a, b, x = unit_in, unit_out, unit_both
    one = sp.Identity(1)
    stacked = sp.BlockMatrix([[a], [b]])
    gram = sp.BlockMatrix([[R1, A.T], [A, R2]])
    own, cross = a.T * R1 * a + b.T * R2 * b, b.T * A * a + a.T * A.T * b
    step = b * a.T
    blocks = {x: stacked, R_both: gram}
    return [
        define("Let a and b be unit vectors, one above the other,", equal(x, stacked)),
        prove("so that R has the value", equal(x.T * R_both * x, own + cross), where=blocks),
        prove(
            "and its mirror image",
            equal(x.T * J * R_both * J * x, own - cross),
            where=blocks | {J: reflection_blocks()},
        ),
        prove(
            "The curvature of the loss along b a^T, which the mask leaves as it is if the block is "
            "observed in full, is the mean of the two; the imbalance cancels.",
            equal(b.T * (C2 * step + step * C1) * a, own),
            where={R1: C1 - lam / 2 * sp.Identity(d_in), R2: C2 + lam / 2 * sp.Identity(d_out)},
            given={a.T * a: one, b.T * b: one},
        ),
    ]


def _bound_steps() -> list[Step]:
    k, m = curvature_top, block_norm
    limit = stability_limit()
    return [
        define(
            "Cauchy and Schwarz, for R and its inverse, with x^T x = 2 and b^T A a = m:",
            sp.Ge((k + 2 * m) * (k - 2 * m), 4 * c**2, evaluate=False),
        ),
        prove(
            "There the two sides are equal at the curvature 2 sqrt(m^2 + c^2), which is the least.",
            equal((k + 2 * m) * (k - 2 * m), 4 * c**2),
            where={k: 2 * sp.sqrt(m**2 + c**2)},
        ),
        prove(
            "A step multiplies the error by 1 - eta k, which is below -1 above the limit of a mode "
            "m: no larger rate is stable.",
            equal(1 - eta_max * k, -1),
            where={eta_max: limit.subs(y, m), k: 2 * sp.sqrt(m**2 + c**2)},
        ),
        define(
            "A mask can only lessen the largest curvature, which without it is that of the norm of "
            "A: below the limit of ||A|| every rate is stable.",
            sp.Le(k, 2 * sp.sqrt(y**2 + c**2), evaluate=False),
        ),
    ]
