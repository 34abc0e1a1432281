"""The first-order response of a pair of modes to C1 and C2, in closed form for the flow.

With ``p = sqrt(s^2 + c^2)``, ``r = y - s`` and u, rho the sums (v, tau the differences) of the two
A entries and of the two C entries of a pair,

``u' = (r_i + r_j) rho - (p_i + p_j) u``, ``rho' = -(m_i + m_j) u``, ``m = s - r``,

is solved by ``u = sinh(sig) + zeta cosh(sig)``, ``rho = cosh(sig) + zeta sinh(sig)`` with ``sig =
(asinh(s_i/c) + asinh(s_j/c))/2`` and ``zeta' = -(p_i + p_j) zeta - (s_i + s_j)``: one quadrature,
elementary for i = j.  The differences obey the same with ``y_j -> -y_j``.

Holds for the flow of the squared loss around ``A0 = 0``, ``C1 = C2 = c I`` (c1 = c2; by the shift
of :mod:`theory.prediction.fluctuations` for any imbalance with starts shifted likewise).  Source:
ours.
"""

from __future__ import annotations

import sympy as sp

from theory.algebra.derivation import Derivation, Step, define, equal, prove
from theory.prediction.fluctuations import pair_stages
from theory.symbols import c, eta, s, t, y
from theory.symbols.notation import D, s_of
from theory.symbols.prediction import (
    BLOCK_I,
    BLOCK_J,
    DRIVE,
    GAINS,
    PAIR,
    E_i_of,
    E_j_of,
    E_of,
    alpha_i,
    alpha_j,
    p_i,
    p_j,
    p_of,
    r_i,
    r_j,
    rho,
    rho_of,
    s_i,
    s_i_of,
    s_j,
    s_j_of,
    sigma_pair,
    t_before,
    u,
    u_of,
    zeta,
    zeta_ii_of,
    zeta_of,
)
from theory.symbols.prediction import tau_pair as tau
from theory.symbols.prediction import tau_pair_of as tau_of
from theory.symbols.prediction import v_pair as v
from theory.symbols.prediction import v_pair_of as v_of

__all__ = ["diagonal_response", "pair_flow", "pair_rates"]


def pair_rates() -> dict[sp.Symbol, sp.Expr]:
    """Return the flow of u, rho, v and tau, from the recursion's first order in eta."""
    on_flow = {
        GAINS[0]: eta * r_i,
        GAINS[1]: eta * r_j,
        **dict(zip(BLOCK_I, (p_i, s_i, p_i), strict=True)),
        **dict(zip(BLOCK_J, (p_j, s_j, p_j), strict=True)),
        DRIVE[0]: PAIR[2],
        DRIVE[1]: PAIR[1],
    }
    (values,) = pair_stages("simultaneous")
    rates = [value.subs(on_flow).diff(eta).subs(eta, 0) for value in values]
    x00, x01, x10, x11 = PAIR
    in_sums = {x10: (u + v) / 2, x01: (u - v) / 2, x00: (rho + tau) / 2, x11: (rho - tau) / 2}
    combined = {
        u: rates[2] + rates[1],
        rho: rates[0] + rates[3],
        v: rates[2] - rates[1],
        tau: rates[0] - rates[3],
    }
    return {key: sp.expand(rate.subs(in_sums)) for key, rate in combined.items()}


def diagonal_response() -> sp.Expr:
    """Return zeta of a mode with itself, elementary."""
    sinh, cosh = sp.sinh(D * t), sp.cosh(D * t)
    square = ((D * cosh + c * sinh) ** 2 - y**2 * sinh**2) / D**2
    integral = sinh**2 / 2 + c / D * (sp.sinh(2 * D * t) / 4 - D * t / 2)
    return -4 * c * y / D**2 * integral / square


def pair_flow() -> Derivation:
    """Prove the closed form of the pair equations."""
    return Derivation(
        topic="pair-flow",
        title="Response of a pair of modes in closed form",
        holds="for the flow of the squared loss around A0 = 0, C1 = C2 = c I",
        source="ours",
        steps=(*_equation_steps(), *_solution_steps(), *_quadrature_steps()),
    )


def _stated() -> dict[sp.Symbol, sp.Expr]:
    """Return the rates of the sums and differences as the equations of this module have them."""
    m_i, m_j = s_i - r_i, s_j - r_j
    return {
        u: (r_i + r_j) * rho - (p_i + p_j) * u,
        rho: -(m_i + m_j) * u,
        v: (r_i - r_j) * tau - (p_i + p_j) * v,
        tau: -(m_i - m_j) * v,
    }


def _equation_steps() -> list[Step]:
    rates = pair_rates()
    names = {
        u: (u_of, "Flow, c1 = c2: the sum of the two A entries of a pair,"),
        rho: (rho_of, "with the sum of its C entries (m = s - r);"),
        v: (v_of, "their differences obey"),
        tau: (tau_of, "the same with the sign of mode j turned."),
    }
    return [
        prove(
            text,
            equal(sp.Derivative(of(t), t), _stated()[key]),
            where={sp.Derivative(of(t), t): rates[key]},
        )
        for key, (of, text) in names.items()
    ]


def _solution_steps() -> list[Step]:
    """Prove the ansatz, with s = c sinh(alpha), p = c cosh(alpha), alpha' = 2 r."""
    solution = {
        u: sp.sinh(sigma_pair) + zeta * sp.cosh(sigma_pair),
        rho: sp.cosh(sigma_pair) + zeta * sp.sinh(sigma_pair),
    }
    mean_angle, rate_zeta = (alpha_i + alpha_j) / 2, -(p_i + p_j) * zeta - (s_i + s_j)
    on_modes = {
        s_i: c * sp.sinh(alpha_i),
        s_j: c * sp.sinh(alpha_j),
        p_i: c * sp.cosh(alpha_i),
        p_j: c * sp.cosh(alpha_j),
    }
    inside = lambda x: x.subs(on_modes).subs(sigma_pair, mean_angle)  # noqa: E731
    steps = [
        define(
            "Let s = c sinh(alpha) and sigma be the mean of alpha_i and alpha_j; alpha' = 2 r.",
            equal(sigma_pair, mean_angle),
        ),
        define("Let zeta solve, from 0,", equal(sp.Derivative(zeta_of(t), t), rate_zeta)),
        define("Then u and rho are, at the start 0 and 1,", equal(u, solution[u])),
        define("and", equal(rho, solution[rho])),
    ]
    for key, of in ((u, u_of), (rho, rho_of)):
        moved = solution[key]
        rate = moved.diff(sigma_pair) * (r_i + r_j) + moved.diff(zeta) * rate_zeta
        names = {u: inside(solution[u]), rho: inside(solution[rho])} | on_modes
        stated = _stated()[key]
        steps.append(
            prove(
                "as these solve" if key is u else "and",
                equal(sp.Derivative(of(t), t), stated),
                where={sp.Derivative(of(t), t): inside(rate)}
                | {name: value for name, value in names.items() if stated.has(name)},
                reduce="exponential powers",
            )
        )
    return steps


def _quadrature_steps() -> list[Step]:
    return [*_factor_steps(), *_integral_steps(), *_diagonal_steps()]


def _responses() -> tuple[sp.Expr, sp.Expr]:
    """Return U(y) and U(-y), the denominators of the mode's two responses."""
    sinh, cosh = sp.sinh(D * t), sp.cosh(D * t)
    return D * cosh + (c - y) * sinh, D * cosh + (c + y) * sinh


def _mode() -> tuple[sp.Expr, sp.Expr]:
    """Return s and sqrt(s^2 + c^2) of a mode that starts at 0."""
    plus, minus = _responses()
    sinh, cosh = sp.sinh(D * t), sp.cosh(D * t)
    value = 2 * c * y * sinh * (D * cosh + c * sinh) / (plus * minus)
    return value, (minus / plus + plus / minus) * c / 2


def _factor_steps() -> list[Step]:
    plus, minus = _responses()
    mode, root = _mode()
    square = plus * minus / D**2
    growing = sp.Derivative(E_of(t) ** 2, t)
    return [
        define("The integrating factor E of a mode is", equal(E_of(t) ** 2, square)),
        prove(
            "as (ln E)' = p, p = sqrt(s^2 + c^2);",
            equal(growing, 2 * p_of(t) * E_of(t) ** 2),
            where={growing: square.diff(t), E_of(t) ** 2: square, p_of(t): root},
            reduce="half-angle",
        ),
        prove(
            "with the exact mode E^2 s is half of c (U(-y)^2 - U(y)^2)/D^2.",
            equal(E_of(t) ** 2 * s, c / 2 * (minus**2 - plus**2) / D**2),
            where={E_of(t) ** 2: square, s: mode},
            reduce="half-angle",
        ),
    ]


def _integral_steps() -> list[Step]:
    E_i, E_j = E_i_of(t), E_j_of(t)
    drive = (s_i_of(t) + s_j_of(t)) * E_i * E_j
    integral = sp.Integral(drive.subs(t, t_before), (t_before, 0, t))
    quotient = -integral / (E_i * E_j)
    total = sp.Dummy("total")  # the integral, which sympy need not try to evaluate
    moves = {E_i.diff(t): p_i * E_i, E_j.diff(t): p_j * E_j, integral: total}
    rate = sp.Derivative(zeta_of(t), t)
    return [
        define("So zeta is one quadrature over time,", equal(zeta_of(t), quotient)),
        prove(
            "since it solves, with E' = p E,",
            equal(rate, -(p_i + p_j) * zeta_of(t) - (s_i_of(t) + s_j_of(t))),
            where={rate: quotient.diff(t).subs(moves), zeta_of(t): quotient.subs(moves)},
        ),
    ]


def _diagonal_steps() -> list[Step]:
    closed = diagonal_response()
    mode, root = _mode()
    rate = sp.Derivative(zeta_ii_of(t), t)
    return [
        define("It is elementary for a mode with itself,", equal(zeta_ii_of(t), closed)),
        prove(
            "since this solves the same equation",
            equal(rate, -2 * p_of(t) * zeta_ii_of(t) - 2 * s_of(t)),
            where={rate: closed.diff(t), zeta_ii_of(t): closed, p_of(t): root, s_of(t): mode},
            reduce="half-angle",
        ),
        prove(
            "and starts from 0.",
            equal(zeta_ii_of(0), 0),
            where={zeta_ii_of(0): sp.Subs(closed, t, 0)},
        ),
    ]
