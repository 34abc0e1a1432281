"""Closed form of the unified evolution for the squared loss: a matrix Riccati equation.

With ``G = A - Y``, ``F = [[0, Y^T], [Y, 0]]``, ``Ft = F + (lam/2) J`` and
``D = sqrt(F^2 + c^2 I)`` the Gram matrix obeys ``dQ/dt = Ft Q + Q Ft - Q^2 + c1 c2 I``, solved by
``Q = V U^-1`` with ``U = cosh(Dt) + D^-1 sinh(Dt) (Q0 - Ft)``.  Measured from its unstable fixed
point ``Ft - D`` the solution needs no growing exponential and no difference of large numbers:
``Q(t) = Ft - D + [e^{-Dt} (Q0 - Ft + D)^{-1} e^{-Dt} + (1 - e^{-2Dt})/(2D)]^{-1}``.

Holds for the loss ``1/2 ||A - Y||_F^2`` under gradient flow from any start that satisfies
``(QJ)^2 = lam QJ + c1 c2 I``, with c1, c2 > 0; where one is 0 (lambda-balanced weights),
:mod:`theory.dynamics.low_rank_solution`, which covers both (for kappa times that loss, rescale
time by kappa).
Source: ours; balanced Riccati solutions: Fukumizu 1998, Braun et al. 2022, Domine et al. 2024.
"""

from __future__ import annotations

from functools import cache

import sympy as sp
from sympy.codegen.cfunctions import expm1, hypot
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra.derivation import Derivation, Step, define, derive, prove
from theory.algebra.noncommuting_matrices import TimeDerivative, differentiate
from theory.algebra.stable_form import StableForm
from theory.dynamics.gram_flow import reflection_blocks
from theory.dynamics.unified_evolution import IMBALANCE, THRESHOLD
from theory.symbols import C1, C2, A, G, Ghat, J, Q, Y, c, c1, c2, d_in, d_out, lam, s0, t, y
from theory.symbols.dynamics import (
    Q0,
    Cosh,
    Decay,
    Delta_0,
    Delta_start,
    F,
    Gain,
    N_bracket,
    Q_a,
    Q_b,
    Q_end,
    Sinh,
    U_a,
    U_b,
    dQ,
    dQ0,
    rate_d,
)
from theory.symbols.dynamics import D_matrix as D
from theory.symbols.dynamics import F_shifted as Ft
from theory.symbols.dynamics import U_riccati as U
from theory.symbols.dynamics import V_riccati as V
from theory.symbols.notation import q_minus, q_plus, s0_positive, s_of, y_positive
from theory.symbols.table import intermediates

__all__ = ["closed_form", "mode_eigenvalues", "riccati_rate", "solution_from_unstable_point"]

_size = d_in + d_out
_identity = sp.Identity(_size)

#: D^2 = Ft^2 + c1 c2 I; D commutes with Ft, as does every function of D.
_D_RULES = {D * D: Ft * Ft + c1 * c2 * _identity, D * Ft: Ft * D}


def riccati_rate(gram: MatrixExpr = Q) -> MatrixExpr:
    """Return ``Ft Q + Q Ft - Q^2 + c1 c2 I``."""
    return Ft * gram + gram * Ft - gram * gram + c1 * c2 * _identity


def solution_from_unstable_point() -> MatrixExpr:
    """Return ``Ft - D + [E (Q0 - Ft + D)^-1 E + H]^-1``, E = e^{-Dt}, H = (1 - E^2)/(2D)."""
    return Ft - D + sp.Inverse(_bracket(Q0 - Ft + D))


def _bracket(start: MatrixExpr) -> MatrixExpr:
    """Return the inverse of N, the distance from the unstable fixed point, from its start."""
    return Decay * sp.Inverse(start) * Decay + Gain


@cache
def mode_eigenvalues() -> StableForm:
    """Return what the kernel needs of each eigenvalue f of Ft, without cancellation.

    ``offset`` = D - f (as ``c1 c2/(D + f)`` where f > 0), ``decay`` = e^{-Dt} and ``gain`` =
    (1 - e^{-2Dt})/(2D), with D = sqrt(f^2 + c1 c2).  f stands under the symbol y.
    """
    (rate,) = intermediates("rate", positive=True)
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
        holds="for the loss 1/2 ||A - Y||_F^2, gradient flow, starts on the invariant, c1, c2 > 0",
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
    zero_in, zero_out = sp.ZeroMatrix(d_in, d_in), sp.ZeroMatrix(d_out, d_out)
    residual = sp.BlockMatrix([[zero_in, (A - Y).T], [A - Y, zero_out]])
    target = sp.BlockMatrix([[zero_in, Y.T], [Y, zero_out]])
    gram = sp.BlockMatrix([[C1, A.T], [A, C2]])
    signed = (Q - J * Q * J) / 2 - F
    law = {Q * J * Q * J: IMBALANCE * Q * J + c1 * c2 * _identity}
    # The same law with J on the other side, by conjugation with J (J^2 = I).
    mirrored = {J * Q * J * Q: J * (IMBALANCE * Q * J + c1 * c2 * _identity) * J}
    full = F + IMBALANCE / 2 * J
    squares = {J * J: _identity, F * J: -J * F}
    return [
        define("The gradient of the squared loss.", sp.Eq(G, A - Y, evaluate=False)),
        define("Put the target off the diagonal.", sp.Eq(F, target, evaluate=False)),
        prove(
            "The off-diagonal part of Q is the part that J reverses.",
            sp.Eq(Ghat, signed, evaluate=False),
            where={Ghat: residual, Q: gram, J: reflection_blocks(), F: target},
        ),
        define("Shift the target by the imbalance.", sp.Eq(Ft, F + lam / 2 * J, evaluate=False)),
        prove(
            "With the invariant the flow of Q is a matrix Riccati equation.",
            _riccati(),
            where={TimeDerivative(Q): -(signed * Q + Q * signed), Ft: full},
            given=law | mirrored | {J * J: _identity},
        ),
        prove(
            "F anticommutes with J, so the square of Ft is that of F plus lam^2/4.",
            sp.Eq(Ft**2 + c1 * c2 * _identity, F**2 + c**2 * _identity, evaluate=False),
            where={Ft: full, c: THRESHOLD},
            given=squares,
        ),
        define("Let D > 0 be its root.", sp.Eq(D**2, F**2 + c**2 * _identity, evaluate=False)),
        prove(
            "D^2 commutes with Ft, and so does D.",
            sp.Eq(D**2 * Ft, Ft * D**2, evaluate=False),
            where={D**2: F * F + THRESHOLD**2 * _identity, Ft: full},
            given=squares,
        ),
    ]


def _riccati() -> sp.Eq:
    return sp.Eq(TimeDerivative(Q), riccati_rate(), evaluate=False)


def _hyperbolic_steps() -> list[Step]:
    square = Ft * Ft + c1 * c2 * _identity
    rates = {Cosh: square * Sinh, Sinh: Cosh}
    commute = {Cosh * Ft: Ft * Cosh, Sinh * Ft: Ft * Sinh}
    numerator = Cosh * Q0 + Sinh * (c1 * c2 * _identity + Ft * Q0)
    denominator = Cosh + Sinh * (Q0 - Ft)
    linear = {U: -Ft * U + V, V: Ft * V + c1 * c2 * U}
    start = {Cosh: _identity, Sinh: sp.ZeroMatrix(_size, _size)}
    return [
        define("The candidate's denominator,", sp.Eq(U, denominator, evaluate=False)),
        define("and numerator.", sp.Eq(V, numerator, evaluate=False)),
        prove(
            "Together they solve a linear system, whose first line is",
            sp.Eq(TimeDerivative(U), linear[U], evaluate=False),
            where={TimeDerivative(U): differentiate(denominator, rates)}
            | {U: denominator, V: numerator},
            given=commute,
        ),
        prove(
            "and whose second line is",
            sp.Eq(TimeDerivative(V), linear[V], evaluate=False),
            where={TimeDerivative(V): differentiate(numerator, rates)}
            | {U: denominator, V: numerator},
            given=commute,
        ),
        define("So the solution is", sp.Eq(Q, V * sp.Inverse(U), evaluate=False)),
        prove(
            "It obeys the Riccati equation,",
            _riccati(),
            where={
                TimeDerivative(Q): differentiate(V * sp.Inverse(U), linear),
                Q: V * sp.Inverse(U),
            },
        ),
        prove(
            "and starts at Q0, where cosh = I and sinh = 0.",
            sp.Eq(V * sp.Inverse(U), Q0, evaluate=False),
            where={V: numerator.xreplace(start).doit(), U: denominator.xreplace(start).doit()},
        ),
    ]


def _stable_steps() -> list[Step]:
    rates = {Decay: -D * Decay, Gain: Decay * Decay}
    fixed, N = Ft - D, N_bracket
    zero = sp.ZeroMatrix(_size, _size)
    logistic = D * N + N * D - N * N
    solution = solution_from_unstable_point()
    named = {sp.Inverse(_bracket(Q0 - fixed)): N}
    return [
        define(
            "Let E = exp(-Dt), H = (1 - E^2)/(2D).",
            sp.Eq(D * Gain, (_identity - Decay * Decay) / 2, evaluate=False),
        ),
        prove(
            "Ft - D is a fixed point of the Riccati equation.",
            sp.Eq(riccati_rate(fixed), zero, evaluate=False),
            given=_D_RULES,
        ),
        prove(
            "The distance N = Q - (Ft - D) from it obeys a logistic equation: as D > 0, a small "
            "one grows, and the fixed point is unstable.",
            sp.Eq(TimeDerivative(N), logistic, evaluate=False),
            where={TimeDerivative(N): riccati_rate(fixed + N)},
            given=_D_RULES,
        ),
        define(
            "Let Delta be the distance of the start from it, N the inverse of",
            sp.Eq(sp.Inverse(N), _bracket(Delta_start), evaluate=False),
        ),
        prove(
            "This N solves the logistic equation.",
            sp.Eq(TimeDerivative(N), logistic, evaluate=False),
            where={TimeDerivative(N): -N * differentiate(_bracket(Delta_start), rates) * N},
            given=_bracket_rules(Delta_start),
        ),
        define("So there is a form without overflow.", sp.Eq(Q, solution, evaluate=False)),
        prove(
            "It solves the Riccati equation,",
            _riccati(),
            where={
                TimeDerivative(Q): differentiate(solution, rates).xreplace(named),
                Q: solution.xreplace(named),
            },
            given=_D_RULES | _bracket_rules(Q0 - fixed),
        ),
        prove(
            "and starts at Q0, where E = I and H = 0.",
            sp.Eq(solution, Q0, evaluate=False),
            where={Decay: _identity, Gain: zero},
        ),
    ]


def _bracket_rules(start: MatrixExpr) -> dict[MatrixExpr, MatrixExpr]:
    """Return what is known of E, H and N: D commutes with E, and D H = (1 - E^2)/2."""
    # So D can stand outside of E Delta^-1 E = N^-1 - H.
    core = Decay * sp.Inverse(start) * Decay
    return {
        sp.Inverse(start) * D * Decay: sp.Inverse(start) * Decay * D,
        core: sp.Inverse(N_bracket) - Gain,
        Gain * D: D * Gain,
        D * Gain: (_identity - Decay * Decay) / 2,
    }


def _limit_steps() -> list[Step]:
    zero, N = sp.ZeroMatrix(_size, _size), N_bracket
    late = {Decay: zero, Gain: sp.Inverse(2 * D)}
    decay, gain = sp.exp(-rate_d * t), (1 - sp.exp(-2 * rate_d * t)) / (2 * rate_d)
    return [
        prove(
            "Ft + D is another fixed point.",
            sp.Eq(riccati_rate(Ft + D), zero, evaluate=False),
            given=_D_RULES,
        ),
        prove(
            "The distance N = Q - (Ft + D) from it decays, once it is small: it is stable.",
            sp.Eq(TimeDerivative(N), -D * N - N * D - N * N, evaluate=False),
            where={TimeDerivative(N): riccati_rate(Ft + D + N)},
            given=_D_RULES,
        ),
        prove(
            "With time, at an eigenvalue d of D, E falls to 0,",
            sp.Eq(sp.Limit(decay, t, sp.oo), 0, evaluate=False),
        ),
        prove(
            "and H rises to 1/(2d).",
            sp.Eq(sp.Limit(gain, t, sp.oo), 1 / (2 * rate_d), evaluate=False),
        ),
        prove(
            "So the stable fixed point is where training ends: the form above at E = 0 and "
            "H = 1/(2D).",
            sp.Eq(Q_end, Ft + D, evaluate=False),
            where={Q_end: solution_from_unstable_point().xreplace(late)},
        ),
        *_one_mode_step(),
    ]


def _one_mode_step() -> list[Step]:
    """Prove that the stable form of one 2 x 2 mode is the single-mode solution."""
    from theory.dynamics.single_mode import DEFINITIONS, mode_solution

    root = sp.sqrt(s0_positive**2 + c**2)
    rate = sp.sqrt(y_positive**2 + c**2)
    values = []
    for sign in (1, -1):
        f, q = sign * y_positive, root + sign * s0_positive
        decay = sp.exp(-rate * t)
        values.append(f - rate + 1 / (decay**2 / (q - f + rate) + (1 - decay**2) / (2 * rate)))
    exact = mode_solution().subs(DEFINITIONS).subs({s0: s0_positive, y: y_positive})
    return [
        prove(
            "In the eigenbasis of F (lam = 0) a matrix of one mode is the single-mode formula, "
            "q+- its values at the eigenvalues +-y of F.",
            sp.Eq(s_of(t), (q_plus - q_minus) / 2, evaluate=False),
            where={s_of(t): exact, q_plus: values[0], q_minus: values[1]},
            reduce="exponentials",
        )
    ]


def _response_steps() -> list[Step]:
    rates = {U_a: (Q_a - Ft) * U_a, U_b: (Q_b - Ft) * U_b}
    symmetric = {Q_a.T: Q_a, Q_b.T: Q_b, Ft.T: Ft}
    exact = sp.Inverse(U_a.T) * Delta_0 * sp.Inverse(U_b)
    linear = lambda gap: (Ft - Q_a) * gap + gap * (Ft - Q_b)  # noqa: E731
    return [
        prove(
            "The denominator moves with its own solution (U' = -Ft U + V, V = Q U).",
            sp.Eq(TimeDerivative(U), (Q - Ft) * U, evaluate=False),
            where={TimeDerivative(U): -Ft * U + Q * U},
        ),
        prove(
            "Two solutions differ by a linear equation,",
            sp.Eq(TimeDerivative(Q_b) - TimeDerivative(Q_a), linear(Q_b - Q_a), evaluate=False),
            where={TimeDerivative(Q_b): riccati_rate(Q_b), TimeDerivative(Q_a): riccati_rate(Q_a)},
        ),
        define("solved exactly by the denominators,", sp.Eq(Q_b - Q_a, exact, evaluate=False)),
        prove(
            "as its rate shows,",
            sp.Eq(TimeDerivative(exact), linear(exact), evaluate=False),
            where={TimeDerivative(exact): differentiate(exact, rates)},
            given=symmetric,
        ),
        prove(
            "and its start, where Ua = Ub = I.",
            sp.Eq(exact, Delta_0, evaluate=False),
            where={U_a: _identity, U_b: _identity},
        ),
        derive(
            "To first order Ua = Ub = U: the response to a perturbed start.",
            dQ,
            exact.xreplace({U_a: U, U_b: U, Delta_0: dQ0}),
        ),
    ]
