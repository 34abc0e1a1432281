"""Closed form of the unified evolution for the squared loss: a matrix Riccati equation.

With ``G = A - Y``, ``F = [[0, Y^T], [Y, 0]]``, ``Ft = F + (lam/2) J`` and
``D = sqrt(F^2 + c^2 I)`` the Gram matrix obeys ``dQ/dt = Ft Q + Q Ft - Q^2 + c1 c2 I``, solved by
``Q = V U^-1`` with ``U = cosh(Dt) + D^-1 sinh(Dt) (Q0 - Ft)``.  Measured from its unstable fixed
point ``Ft - D`` the solution needs no growing exponential and no difference of large numbers:
``Q(t) = Ft - D + [e^{-Dt} (Q0 - Ft + D)^{-1} e^{-Dt} + (1 - e^{-2Dt})/(2D)]^{-1}``.

Holds for the loss ``1/2 ||A - Y||_F^2`` under gradient flow from any start that satisfies
``(QJ)^2 = lam QJ + c1 c2 I``, with c > 0 (for kappa times that loss, rescale time by kappa).
Source: ours; balanced Riccati solutions: Fukumizu 1998, Braun et al. 2022, Domine et al. 2024.
"""

from __future__ import annotations

from functools import cache

import sympy as sp
from sympy.codegen.cfunctions import expm1, hypot
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra.derivation import Derivation, Step, define, derive, prove
from theory.algebra.noncommuting_matrices import TimeDerivative, differentiate, normal_form
from theory.algebra.stable_form import StableForm
from theory.dynamics.gram_flow import reflection_blocks
from theory.dynamics.unified_evolution import IMBALANCE, THRESHOLD
from theory.symbols import C1, C2, A, G, Ghat, J, Q, Y, c, c1, c2, d_in, d_out, lam, t, y

__all__ = ["closed_form", "mode_eigenvalues", "riccati_rate", "solution_from_unstable_point"]

_size = d_in + d_out
_identity = sp.Identity(_size)


def _square(name: str) -> sp.MatrixSymbol:
    return sp.MatrixSymbol(name, _size, _size)


F, Ft, D, Q0, U, V = (_square(name) for name in ("F", "Ftilde", "D", "Q0", "U", "V"))
Cosh, Sinh = _square("cosh(Dt)"), _square("D^-1sinh(Dt)")
Decay, Gain, Bracket = _square("E"), _square("H"), _square("N")

#: D^2 = Ft^2 + c1 c2 I; D commutes with Ft, as does every function of D.
_D_RULES = {D * D: Ft * Ft + c1 * c2 * _identity, D * Ft: Ft * D}


def riccati_rate(gram: MatrixExpr = Q) -> MatrixExpr:
    """Return ``Ft Q + Q Ft - Q^2 + c1 c2 I``."""
    return Ft * gram + gram * Ft - gram * gram + c1 * c2 * _identity


def solution_from_unstable_point() -> MatrixExpr:
    """Return ``Ft - D + [E (Q0 - Ft + D)^-1 E + H]^-1``, E = e^{-Dt}, H = (1 - E^2)/(2D)."""
    return Ft - D + sp.Inverse(Decay * sp.Inverse(Q0 - Ft + D) * Decay + Gain)


@cache
def mode_eigenvalues() -> StableForm:
    """Return what the kernel needs of each eigenvalue f of Ft, without cancellation.

    ``offset`` = D - f (as ``c1 c2/(D + f)`` where f > 0), ``decay`` = e^{-Dt} and ``gain`` =
    (1 - e^{-2Dt})/(2D), with D = sqrt(f^2 + c1 c2).  f stands under the symbol y.
    """
    rate = sp.Symbol("rate", positive=True)
    return StableForm(
        (y, c1, c2, t),
        ((rate, hypot(sp.sqrt(c1) * sp.sqrt(c2), y)),),
        {
            "offset": sp.Piecewise((c1 * c2 / (rate + y), y > 0), (rate - y, True)),
            "decay": sp.exp(-rate * t),
            "gain": -expm1(-2 * rate * t) / (2 * rate),
        },
    )


def closed_form() -> Derivation:
    """Prove the matrix Riccati equation, its solutions, its limits and its response."""
    return Derivation(
        topic="closed-form",
        title="Closed form for the squared loss",
        holds="for the loss 1/2 ||A - Y||_F^2, gradient flow, starts on the invariant, c > 0",
        source="ours; balanced case: Fukumizu 1998, Braun et al. 2022, Domine et al. 2024",
        steps=(
            *_equation_steps(),
            *_hyperbolic_steps(),
            *_stable_steps(),
            *_limit_steps(),
            *_response_steps(),
        ),
    )


def _equation_steps() -> list[Step]:
    half = sp.Rational(1, 2)
    residual = sp.BlockMatrix(
        [[sp.ZeroMatrix(d_in, d_in), (A - Y).T], [A - Y, sp.ZeroMatrix(d_out, d_out)]]
    )
    target = sp.BlockMatrix([[sp.ZeroMatrix(d_in, d_in), Y.T], [Y, sp.ZeroMatrix(d_out, d_out)]])
    gram, reflect = sp.BlockMatrix([[C1, A.T], [A, C2]]), reflection_blocks()
    signed = (Q - J * Q * J) / 2 - F
    law = {Q * J * Q * J: IMBALANCE * Q * J + c1 * c2 * _identity}
    # The same law with J on the other side, by conjugation with J (J^2 = I).
    mirrored = {J * Q * J * Q: J * (IMBALANCE * Q * J + c1 * c2 * _identity) * J}
    full = Ft.subs(Ft, F + IMBALANCE / 2 * J)
    squares = {J * J: _identity, F * J: -J * F}
    return [
        define("The gradient of the squared loss.", sp.Eq(G, A - Y, evaluate=False)),
        define("Put the target off the diagonal.", sp.Eq(F, target, evaluate=False)),
        prove(
            "The off-diagonal part of Q is the part that J reverses.",
            half * gram - half * (reflect * gram * reflect) - target,
            residual,
            show=sp.Eq(Ghat, signed, evaluate=False),
        ),
        define("Shift the target by the imbalance.", sp.Eq(Ft, F + lam / 2 * J, evaluate=False)),
        prove(
            "With the invariant the flow of Q is a matrix Riccati equation.",
            -(signed * Q + Q * signed),
            full * Q + Q * full - Q * Q + c1 * c2 * _identity,
            given=law | mirrored | {J * J: _identity},
            show=sp.Eq(TimeDerivative(Q), riccati_rate(), evaluate=False),
        ),
        prove(
            "F anticommutes with J, so the square of Ft is that of F plus lam^2/4.",
            full * full + c1 * c2 * _identity,
            F * F + THRESHOLD**2 * _identity,
            given=squares,
            show=sp.Eq(D**2, F * F + c**2 * _identity, evaluate=False),
        ),
        prove(
            "Hence D^2 = Ft^2 + c1 c2 I, and D commutes with Ft.",
            (F * F + THRESHOLD**2 * _identity) * full,
            full * (F * F + THRESHOLD**2 * _identity),
            given=squares,
            show=sp.Eq(D * Ft, Ft * D, evaluate=False),
        ),
    ]


def _hyperbolic_steps() -> list[Step]:
    square = Ft * Ft + c1 * c2 * _identity
    rates = {Cosh: square * Sinh, Sinh: Cosh}
    commute = {Cosh * Ft: Ft * Cosh, Sinh * Ft: Ft * Sinh}
    numerator = Cosh * Q0 + Sinh * (c1 * c2 * _identity + Ft * Q0)
    denominator = Cosh + Sinh * (Q0 - Ft)
    return [
        define("The candidate's denominator,", sp.Eq(U, denominator, evaluate=False)),
        define("and numerator.", sp.Eq(V, numerator, evaluate=False)),
        prove(
            "Together they solve a linear system, whose first line is",
            differentiate(denominator, rates),
            -Ft * denominator + numerator,
            given=commute,
            show=sp.Eq(TimeDerivative(U), -Ft * U + V, evaluate=False),
        ),
        prove(
            "and whose second line is",
            differentiate(numerator, rates),
            Ft * numerator + c1 * c2 * denominator,
            given=commute,
            show=sp.Eq(TimeDerivative(V), Ft * V + c1 * c2 * U, evaluate=False),
        ),
        prove(
            "So V U^-1, which is Q0 at t = 0, solves the Riccati equation.",
            differentiate(V * sp.Inverse(U), {U: -Ft * U + V, V: Ft * V + c1 * c2 * U}),
            riccati_rate(V * sp.Inverse(U)),
            show=sp.Eq(Q, V * sp.Inverse(U), evaluate=False),
        ),
    ]


def _stable_steps() -> list[Step]:
    rates = {Decay: -D * Decay, Gain: Decay * Decay}
    start = sp.MatrixSymbol("Delta", _size, _size)
    bracket = Decay * sp.Inverse(start) * Decay + Gain
    inverse_rate = differentiate(bracket, rates)
    # D commutes with E, so it can stand outside of E Delta^-1 E = N^-1 - H; D H is known.
    core = Decay * sp.Inverse(start) * Decay
    known = {
        sp.Inverse(start) * D * Decay: sp.Inverse(start) * Decay * D,
        core: sp.Inverse(Bracket) - Gain,
        Gain * D: D * Gain,
        D * Gain: (_identity - Decay * Decay) / 2,
    }
    fixed = Ft - D
    return [
        define(
            "Let E = exp(-Dt), H = (1 - E^2)/(2D).",
            sp.Eq(D * Gain, (_identity - Decay * Decay) / 2, evaluate=False),
        ),
        prove(
            "Ft - D is a fixed point of the Riccati equation (an unstable one).",
            riccati_rate(fixed),
            sp.ZeroMatrix(_size, _size),
            given=_D_RULES,
            show=sp.Eq(riccati_rate(fixed), sp.ZeroMatrix(_size, _size), evaluate=False),
        ),
        define(
            "Let Delta be the distance of the start from it, N the inverse of",
            sp.Eq(sp.Inverse(Bracket), bracket, evaluate=False),
        ),
        prove(
            "N solves a logistic equation.",
            -Bracket * inverse_rate * Bracket,
            D * Bracket + Bracket * D - Bracket * Bracket,
            given=known,
            show=sp.Eq(
                TimeDerivative(Bracket),
                D * Bracket + Bracket * D - Bracket * Bracket,
                evaluate=False,
            ),
        ),
        prove(
            "So Ft - D + N solves the Riccati equation from Q0: the form without overflow.",
            D * Bracket + Bracket * D - Bracket * Bracket,
            riccati_rate(fixed + Bracket),
            given=_D_RULES,
            show=sp.Eq(Q, solution_from_unstable_point(), evaluate=False),
        ),
    ]


def _limit_steps() -> list[Step]:
    return [
        prove(
            "Ft + D is the stable fixed point: where training ends.",
            riccati_rate(Ft + D),
            sp.ZeroMatrix(_size, _size),
            given=_D_RULES,
            show=sp.Eq(sp.MatrixSymbol("Q_infty", _size, _size), Ft + D, evaluate=False),
        ),
        prove(
            "It is the late limit of the form above, where E = 0 and H = 1/(2D).",
            Ft - D + sp.Inverse(sp.Inverse(2 * D)),
            Ft + D,
            show=sp.Eq(sp.Limit(sp.Symbol("Q(t)"), t, sp.oo), Ft + D, evaluate=False),
        ),
        prove(
            "At E = I, H = 0 it is the start.",
            Ft - D + (Q0 - Ft + D),
            Q0,
            show=sp.Eq(_square("Q(0)"), Q0, evaluate=False),
        ),
        *_one_mode_step(),
    ]


def _one_mode_step() -> list[Step]:
    """Prove that the stable form of one 2 x 2 mode is the single-mode solution."""
    from theory.dynamics.single_mode import DEFINITIONS, mode_solution
    from theory.symbols import s0

    target, start = sp.symbols("y s0", positive=True)
    root = sp.sqrt(start**2 + c**2)
    rate = sp.sqrt(target**2 + c**2)
    values = []
    for sign in (1, -1):
        f, q = sign * target, root + sign * start
        decay = sp.exp(-rate * t)
        values.append(f - rate + 1 / (decay**2 / (q - f + rate) + (1 - decay**2) / (2 * rate)))
    exact = mode_solution().subs(DEFINITIONS).subs({s0: start, y: target})
    rest = sp.simplify(((values[0] - values[1]) / 2 - exact).rewrite(sp.exp))
    return [
        prove(
            "In the eigenbasis of F (lam = 0) a matrix of one mode is the single-mode formula.",
            rest,
            sp.S.Zero,
            show=sp.Eq(
                sp.Function("s")(t), (sp.Symbol("q_+") - sp.Symbol("q_-")) / 2, evaluate=False
            ),
        )
    ]


def _response_steps() -> list[Step]:
    one, two = _square("Q_a"), _square("Q_b")
    U_one, U_two, difference = _square("U_a"), _square("U_b"), _square("Delta0")
    rates = {U_one: (one - Ft) * U_one, U_two: (two - Ft) * U_two}
    symmetric = {one.T: one, two.T: two, Ft.T: Ft}
    exact = sp.Inverse(U_one.T) * difference * sp.Inverse(U_two)
    inverse_T = _square("UaInvT")
    rate_of_inverse = -inverse_T * differentiate(U_one.T, rates) * inverse_T
    rates_named = {
        inverse_T: normal_form(rate_of_inverse, {inverse_T * U_one.T: _identity} | symmetric),
        U_two: rates[U_two],
    }
    candidate = inverse_T * difference * sp.Inverse(U_two)
    return [
        prove(
            "The denominator moves with its own solution (U' = -Ft U + V, V = Q U).",
            -Ft * U + Q * U,
            (Q - Ft) * U,
            show=sp.Eq(TimeDerivative(U), (Q - Ft) * U, evaluate=False),
        ),
        prove(
            "Two solutions differ by a linear equation,",
            riccati_rate(two) - riccati_rate(one),
            (Ft - one) * (two - one) + (two - one) * (Ft - two),
        ),
        prove(
            "solved exactly by the denominators; to first order Ua = Ub = U, the response to "
            "a perturbed start.",
            differentiate(candidate, rates_named),
            (Ft - one) * candidate + candidate * (Ft - two),
            given=symmetric,
            show=sp.Eq(two - one, exact, evaluate=False),
        ),
        derive(
            "First order in the start.",
            sp.MatrixSymbol("dQ", _size, _size),
            sp.Inverse(U.T) * sp.MatrixSymbol("dQ0", _size, _size) * sp.Inverse(U),
        ),
    ]
