"""One mode of the mixed regime for the squared loss, in closed form from any start.

``ds/dt = 2 sqrt(s^2 + c^2) (y - s)``, ``s(0) = s0``.  The sum and difference of the root and s,
``q+- = sqrt(s^2 + c^2) +- s``, solve scalar Riccati equations, and the remaining distance to the
target has the product form ``y - s = (y - s0) D^2/(M N)`` with ``D = sqrt(y^2 + c^2)``,
``M = D cosh(Dt) + (p0 + s0 - y) sinh(Dt)``, ``N = D cosh(Dt) + (p0 - s0 + y) sinh(Dt)``,
``p0 = sqrt(s0^2 + c^2)``.

Holds for real y and s0, c > 0, t >= 0 (loss 1/2 (s - y)^2; for kappa times that loss, rescale
time by kappa).  Independent of the imbalance.  Source: ours; for s0 = 0 and the limits see Saxe,
McClelland and Ganguli 2014 (balanced) and Tu, Aranguri and Jacot 2024 (threshold).
"""

from __future__ import annotations

from functools import cache

import sympy as sp
from sympy.codegen.cfunctions import expm1, hypot

from theory.algebra.stable_form import StableForm
from theory.symbols import c, eta, s, s0, t, y
from theory.symbols.notation import D
from theory.symbols.notation import p0 as P0
from theory.symbols.table import intermediates

__all__ = [
    "balanced_mode",
    "descent_map",
    "factors",
    "lazy_mode",
    "mode_solution",
    "remaining_distance",
    "stability_limit",
    "stable_mode",
    "threshold_crossing_time",
    "time_at",
]

#: What D and p0 stand for; D^2 and p0^2 are replaced by these in the proofs.
DEFINITIONS = {D: sp.sqrt(y**2 + c**2), P0: sp.sqrt(s0**2 + c**2)}


def factors() -> tuple[sp.Expr, sp.Expr]:
    """Return M and N, the scalar U of the Riccati solution for +y and -y, times D."""
    cosh, sinh = sp.cosh(D * t), sp.sinh(D * t)
    return (D * cosh + (P0 + s0 - y) * sinh, D * cosh + (P0 - s0 + y) * sinh)


def remaining_distance() -> sp.Expr:
    """Return ``y - s(t)`` as a product, without the difference of close numbers."""
    first, second = factors()
    return (y - s0) * D**2 / (first * second)


def mode_solution() -> sp.Expr:
    """Return ``s(t) = (q+ - q-)/2`` with ``q+ = q0 N/M`` and ``q- = r0 M/N``."""
    first, second = factors()
    return ((P0 + s0) * second / first - (P0 - s0) * first / second) / 2


def lazy_mode() -> sp.Expr:
    """Return the limit of small s/c and y/c at fixed ct: exponential relaxation at rate 2c."""
    return y + (s0 - y) * sp.exp(-2 * c * t)


def balanced_mode() -> sp.Expr:
    """Return the limit c -> 0 (s0 and y of one sign): the logistic curve, stable as written."""
    return y * s0 / (s0 + (y - s0) * sp.exp(-2 * sp.Abs(y) * t))


def threshold_crossing_time() -> sp.Expr:
    """Return the time at which a mode started at 0 reaches ``s = c`` (needs 0 < c < y).

    With ``z = q+/c`` the equation is ``dz/dt = 2 y z - c z^2 + c``; s = 0 at z = 1 and s = c at
    ``z = 1 + sqrt(2)``.
    """
    return time_at(1 + sp.sqrt(2)) - time_at(sp.S.One)


def time_at(z: sp.Expr) -> sp.Expr:
    """Return the time at which q+/c reaches z, up to a constant (by partial fractions)."""
    return sp.log((D - y + c * z) / (D + y - c * z)) / (2 * D)


@cache
def stable_mode() -> StableForm:
    """Return ``s(t)`` and ``y - s(t)`` in the form that the kernel evaluates.

    Everything is divided by D, hyperbolic functions by ``exp(Dt)/2``, and each difference of
    close numbers is replaced by a quotient: ``D - |y| = c^2/(D + |y|)``,
    ``p0 - |s0| = c^2/(p0 + |s0|)``.  The mirror (s, s0, y) -> -(s, s0, y) makes y positive.
    s is reached from s0 in the first half of the way and from y in the second; where it must
    pass the saddle at 0 (opposite signs, small c), as half the difference of q+ and q-, whose
    error is a rounding of ``sqrt(s^2 + c^2)``.
    """
    rate, root = hypot(c, y), hypot(s0, c)
    one, half = sp.S.One, sp.Rational(1, 2)
    names = intermediates(
        "rate sign target threshold start root larger smaller q0 r0 gap fade decay gain M_ N_"
        " fade_M fade_N remaining way covered q_plus q_minus",
        real=True,
    )
    (
        D_,
        sign,
        eta,
        kappa,
        sigma,
        p0,
        larger,
        smaller,
        q0,
        r0,
        gap,
        fade,
        decay,
        gain,
        M,
        N,
        fade_M,
        fade_N,
        remaining,
        way,
        covered,
        q_plus,
        q_minus,
    ) = names
    definitions = (
        (D_, rate),
        (sign, sp.Piecewise((one, y >= 0), (-one, True))),
        (eta, sp.Abs(y) / D_),
        (kappa, c / D_),
        (sigma, sign * s0 / D_),
        (p0, root / D_),
        (larger, p0 + sp.Abs(sigma)),
        (smaller, kappa**2 / larger),
        (q0, sp.Piecewise((larger, sigma >= 0), (smaller, True))),
        (r0, sp.Piecewise((smaller, sigma >= 0), (larger, True))),
        (gap, kappa**2 / (1 + eta)),
        (fade, sp.exp(-D_ * t)),
        (decay, fade**2),
        (gain, -expm1(-2 * D_ * t)),
        (M, q0 * gain + gap + decay * (1 + eta)),
        (N, r0 * gain + (1 + eta) + decay * gap),
        # Two factors: where c is tiny, so is M, and exp(-2Dt) underflows long before exp(-2Dt)/M.
        (fade_M, fade / M),
        (fade_N, fade / N),
        (remaining, 4 * fade_M * fade_N),
        (
            way,
            sp.Piecewise(
                (gain * (kappa**2 + eta * sigma) + (1 + decay) * p0, sigma >= 0),
                (gain * kappa**2 + decay * (p0 - eta * sigma) + smaller - sigma * gap, True),
            ),
        ),
        (covered, 2 * gain * way / (M * N)),
        # q+ q- = c^2, so that q+ needs no q0, which may underflow.
        (q_minus, r0 * M / N),
        (q_plus, kappa**2 / q_minus),
    )
    distance = (y - s0) * remaining
    value = sp.Piecewise(
        (sign * D_ * half * (q_plus - q_minus), sp.And(sigma < 0, kappa < eta - sigma)),
        (s0 + (y - s0) * covered, remaining > half),
        (y - distance, True),
    )
    return StableForm((y, s0, c, t), definitions, {"value": value, "distance": distance})


@cache
def descent_map() -> tuple[sp.Expr, sp.Expr]:
    """Return what one step of simultaneous descent makes of ``q+`` and ``q-`` (lam = 0).

    The mode's 2 x 2 Gram matrix ``[[p, s], [s, p]]`` becomes ``K Q K`` with
    ``K = I - eta (s - y) [[0, 1], [1, 0]]``; both have the eigenvectors (1, +-1).
    """
    p = sp.sqrt(s**2 + c**2)
    step = sp.eye(2) - eta * (s - y) * sp.Matrix([[0, 1], [1, 0]])
    gram = step * sp.Matrix([[p, s], [s, p]]) * step
    return tuple(sp.factor(sp.expand(gram[0, 0] + sign * gram[0, 1])) for sign in (1, -1))


@cache
def stability_limit() -> sp.Expr:
    """Return the largest stable learning rate of a mode, ``1/sqrt(y^2 + c^2)``.

    Descent multiplies a small distance from the target by the derivative of its map there,
    which must exceed -1.
    """
    plus, minus = descent_map()
    multiplier = sp.simplify(((plus - minus) / 2).diff(s).subs(s, y))
    (limit,) = sp.solve(sp.Eq(multiplier, -1), eta)
    return sp.simplify(limit)
