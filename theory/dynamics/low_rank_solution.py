"""The closed form from a factor of the start, of any rank: lambda-balanced weights among others.

Weights with ``W1 W1^T - W2^T W2 = lam I`` satisfy ``(QJ)^2 = lam QJ``: the invariant with
``c1 c2 = 0``, whose Riccati equation has the fixed point 0.  From a fixed point P that commutes
with Ft (0, or Ft - D) and any factor ``L L^T = Q0 - P`` it is solved by

    Q(t) = P + B L (I + L^T Gamma L)^-1 L^T B,  B = e^{(Ft - P)t},  Gamma = int_0^t B^2,

which for a square L is the form of :mod:`theory.dynamics.closed_form`.  B grows; with
``L^T Gamma^(1/2) = O S T``, O orthogonal and S diagonal, S takes the growth and cancels.

Holds as :mod:`theory.dynamics.closed_form` does, for every rank and c1, c2 >= 0.
Source: ours; balanced factors: Fukumizu 1998, Braun et al. 2022, Domine et al. 2024, whose lambda
is minus the imbalance here.
"""

from __future__ import annotations

from functools import cache

import sympy as sp
from sympy.codegen.cfunctions import expm1, hypot
from sympy.matrices.expressions.matexpr import MatrixExpr

from theory.algebra.derivation import Derivation, Step, define, equal, prove
from theory.algebra.noncommuting_matrices import TimeDerivative, differentiate
from theory.algebra.stable_form import StableForm
from theory.dynamics.closed_form import riccati_rate
from theory.symbols import A, G, J, Q, Theta, X, Y, c1, c2, d_in, d_out, lam, t, w, y
from theory.symbols.dynamics import (
    Q0,
    Decay,
    Delta_start,
    Gain,
    Growth,
    Growth_root,
    Growth_sum,
    K_inner,
    K_square,
    L_square,
    L_start,
    M_inner,
    M_square,
    N_bracket,
    O_units,
    P_fixed,
    Rho,
    S_large,
    T_rows,
    T_square,
    Y_samples,
    kappa_inputs,
    rate_excess,
    rate_f,
    rate_up,
    rho_square,
)
from theory.symbols.dynamics import F_shifted as Ft
from theory.symbols.table import intermediates

__all__ = ["balanced_closed_form", "balanced_rate", "factor_modes", "factor_solution"]

_size = d_in + d_out
_identity, _units = sp.Identity(_size), sp.Identity(w)


def factor_solution(
    factor: MatrixExpr = L_start, inner: MatrixExpr = M_inner, growth: MatrixExpr = Growth
) -> MatrixExpr:
    """Return ``N = B L M^-1 L^T B``, the distance of Q from the fixed point."""
    return growth * factor * sp.Inverse(inner) * factor.T * growth


@cache
def balanced_rate() -> StableForm:
    """Return a pair's eigenvalue of Ft and what it exceeds ``|lam|/2`` by, without cancellation.

    ``rate = sqrt(y^2 + lam^2/4)``, ``excess = y^2/(rate + |lam|/2)``, ``lam = c1 - c2``; y >= 0
    is a singular value of the target.
    """
    (root,) = intermediates("root", nonnegative=True)
    quotient = y**2 / (root + sp.Abs(c1 - c2) / 2)
    return StableForm(
        (y, c1, c2),
        ((root, hypot(y, (c1 - c2) / 2)),),
        {"rate": root, "excess": sp.Piecewise((quotient, root > 0), (root, True))},
    )


@cache
def factor_modes() -> StableForm:
    """Return what the solution from a factor needs of each eigenvalue f of Ft - P.

    ``gain`` = (1 - e^{-2|f|t})/(2|f|), which is Gamma without its growth e^{2ft} where f > 0, and
    ``fade`` = min(1, e^{ft}); rho is fade/sqrt(gain).
    """
    (size,) = intermediates("size", nonnegative=True)
    return StableForm(
        (rate_f, t),
        ((size, sp.Abs(rate_f)),),
        {
            "gain": sp.Piecewise((-expm1(-2 * size * t) / (2 * size), size > 0), (t, True)),
            "fade": sp.Piecewise((sp.exp(rate_f * t), rate_f < 0), (sp.S.One, True)),
        },
    )


def balanced_closed_form() -> Derivation:
    """Prove the solution from a factor of any rank, and what makes it stable."""
    rate = riccati_rate()
    return Derivation(
        topic="balanced-closed-form",
        title="Closed form from lambda-balanced weights",
        holds="for the loss 1/2 ||A - Y||_F^2, gradient flow, starts on the invariant, c1, c2 >= 0",
        source="ours; balanced case: Fukumizu 1998, Braun et al. 2022, Domine et al. 2024",
        steps=(
            *_balanced_steps(rate),
            *_factor_steps(rate),
            *_full_rank_steps(),
            *_bounded_steps(),
            *_mode_steps(),
            *_whitened_steps(),
        ),
    )


def _balanced_steps(rate: MatrixExpr) -> list[Step]:
    zero = sp.ZeroMatrix(_size, _size)
    balanced = Theta.T * J * Theta
    return [
        define(
            "Lambda-balanced weights, W1 W1^T - W2^T W2 = lam I:", equal(balanced, lam * _units)
        ),
        prove(
            "They satisfy the invariant with c1 c2 = 0 (c1 = lam, c2 = 0, or c1 = 0, c2 = -lam).",
            equal(Q * J * Q * J, lam * Q * J),
            where={Q: Theta * Theta.T},
            given={balanced: lam * _units},
        ),
        prove(
            "The Riccati equation has then the fixed point 0.",
            equal(rate, zero),
            where={Q: zero, c2: sp.S.Zero},
        ),
    ]


def _factor_steps(rate: MatrixExpr) -> list[Step]:
    fixed, N = P_fixed, N_bracket
    at_fixed = rate.xreplace({Q: fixed})
    given = {fixed * fixed: Ft * fixed + fixed * Ft + c1 * c2 * _identity}
    logistic = (Ft - fixed) * N + N * (Ft - fixed) - N * N
    inner = _units + L_start.T * Growth_sum * L_start
    solution = factor_solution()
    rates = {
        Growth: (Ft - fixed) * Growth,
        Growth_sum: Growth * Growth,
        M_inner: differentiate(inner, {Growth_sum: Growth * Growth}),
    }
    return [
        define(
            "Let P be a fixed point, 0 or Ft - D,", equal(at_fixed, sp.ZeroMatrix(_size, _size))
        ),
        prove(
            "The distance N = Q - P from it obeys a logistic equation with the rates Ft - P.",
            equal(TimeDerivative(N), logistic),
            where={TimeDerivative(N): rate.xreplace({Q: fixed + N})},
            given=given,
        ),
        define("Let B = exp((Ft - P)t),", equal(TimeDerivative(Growth), (Ft - fixed) * Growth)),
        define("Gamma its sum of squares,", equal(TimeDerivative(Growth_sum), Growth**2)),
        define("L any factor of the start's distance,", equal(L_start * L_start.T, Q0 - fixed)),
        define("M as wide as L,", equal(M_inner, inner)),
        define("and let the distance be", equal(N, solution)),
        prove(
            "It solves the logistic equation,",
            equal(TimeDerivative(N), logistic),
            where={TimeDerivative(N): differentiate(solution, rates), N: solution},
            given={Growth * Ft: Ft * Growth, Growth * fixed: fixed * Growth},
        ),
        prove(
            "and starts at Q0, where B = I and Gamma = 0.",
            equal(fixed + solution, Q0),
            where={
                Growth: _identity,
                M_inner: inner.xreplace({Growth_sum: sp.ZeroMatrix(_size, _size)}).doit(),
            },
            given={L_start * L_start.T: Q0 - fixed},
        ),
    ]


def _full_rank_steps() -> list[Step]:
    L, M = L_square, M_square
    bracket = Decay * sp.Inverse(Delta_start) * Decay + Gain
    solution = factor_solution(L, M)
    return [
        prove(
            "From a factor of full rank it is the bracketed inverse above, with E = B^-1, "
            "H = E Gamma E and Delta = L L^T.",
            equal(bracket * solution, _identity),
            where={
                Decay: sp.Inverse(Growth),
                Gain: sp.Inverse(Growth) * Growth_sum * sp.Inverse(Growth),
                sp.Inverse(Delta_start): sp.Inverse(L.T) * sp.Inverse(L),
            },
            given={Growth_sum * L: sp.Inverse(L.T) * (M - _identity)},
        )
    ]


def _bounded_steps() -> list[Step]:
    B, root, rho = Growth, Growth_root, Rho
    O, S, T, K = O_units, S_large, T_rows, K_inner  # noqa: E741
    inverse = O * sp.Inverse(S) * sp.Inverse(K) * sp.Inverse(S) * O.T
    bounded = rho * T.T * sp.Inverse(K) * T * rho
    square = rho * T_square.T * sp.Inverse(K_square) * T_square * rho
    turned = {O.T * O: _units, O * O.T: _units}
    return [
        define(
            "A pivoted QR decomposition takes out what grows: O is orthogonal, S diagonal with the "
            "pivots where they exceed 1.",
            equal(L_start.T * root, O * S * T),
        ),
        define("Let K be what is left,", equal(K, sp.Inverse(S) ** 2 + T * T.T)),
        define("rho be bounded,", equal(rho, B * sp.Inverse(root))),
        prove(
            "so that M is a product,",
            equal(_units + L_start.T * Growth_sum * L_start, O * S * K * S * O.T),
            where={Growth_sum: root * root, K: sp.Inverse(S) ** 2 + T * T.T},
            given=turned | {L_start.T * root: O * S * T, root * L_start: T.T * S * O.T},
        ),
        prove(
            "with the inverse",
            equal(M_inner * inverse, _units),
            where={M_inner: O * S * K * S * O.T},
            given=turned,
        ),
        prove(
            "and the solution has no growing factor.",
            equal(factor_solution(), bounded),
            where={sp.Inverse(M_inner): inverse, rho: B * sp.Inverse(root)},
            given=turned
            | {
                B * L_start: B * sp.Inverse(root) * T.T * S * O.T,
                L_start.T * B: O * S * T * sp.Inverse(root) * B,
                sp.Inverse(root) * B: B * sp.Inverse(root),
            },
        ),
        prove(
            "Late, S^-1 is 0, and the rows that grow fastest, as many as the rank, reach",
            equal(square, rho**2),
            where={sp.Inverse(K_square): sp.Inverse(T_square.T) * sp.Inverse(T_square)},
        ),
    ]


def _mode_steps() -> list[Step]:
    f = rate_up
    gain, fade = factor_modes().outputs["gain"], factor_modes().outputs["fade"]
    plain = lambda x, sign: (  # noqa: E731
        factor_modes().expand(x).subs(rate_f, sign * f).replace(expm1, lambda z: sp.exp(z) - 1)
    )
    steps = []
    for sign, limit in ((1, 2 * f), (-1, sp.S.Zero)):
        value = plain(fade, sign) ** 2 / plain(gain, sign)
        growth = sp.exp(2 * sign * f * t)
        s = sp.Dummy("s")
        total = sp.Integral(sp.exp(2 * sign * f * s), (s, 0, t))
        kind = "positive" if sign > 0 else "negative"
        steps += [
            prove(
                f"At a {kind} eigenvalue rho^2 = B^2/Gamma is",
                equal(growth / total, rho_square),
                where={rho_square: value},
                reduce="exponentials",
            ),
            prove(
                "which tends to twice the eigenvalue." if sign > 0 else "which vanishes with time.",
                equal(sp.Limit(rho_square, t, sp.oo), limit),
                where={rho_square: value},
            ),
        ]
    form = balanced_rate()
    rate, above = (
        form.expand(x).replace(hypot, lambda p, q: sp.sqrt(p**2 + q**2))
        for x in (form.outputs["rate"], form.outputs["excess"].args[0][0])
    )
    return [
        *steps,
        prove(
            "Growing rows are compared by what their eigenvalues exceed |lam|/2 by.",
            equal(rate - sp.Abs(c1 - c2) / 2, rate_excess),
            where={rate_excess: above},
        ),
    ]


def _whitened_steps() -> list[Step]:
    return [
        prove(
            "Inputs with X X^T = kappa I reduce to none: time is kappa times as fast, and the "
            "target is Y X^T/kappa.",
            equal(G, kappa_inputs * (A - Y)),
            where={G: (A * X - Y_samples) * X.T, Y: Y_samples * X.T / kappa_inputs},
            given={X * X.T: kappa_inputs * sp.Identity(d_in)},
        )
    ]
