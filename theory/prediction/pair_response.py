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
from sympy.polys.fields import field

from theory.algebra.derivation import Derivation, Step, define, prove
from theory.prediction.fluctuations import BLOCK_I, BLOCK_J, DRIVE, GAINS, PAIR, pair_stages
from theory.symbols import c, eta, t, y

__all__ = ["diagonal_response", "pair_flow", "pair_rates"]

s_i, s_j, r_i, r_j = sp.symbols("s_i s_j r_i r_j", real=True)
p_i, p_j = sp.symbols("p_i p_j", positive=True)
u, rho, v, tau = sp.symbols("u rho v tau", real=True)
zeta, sig = sp.symbols("zeta sigma", real=True)
_D = sp.Symbol("D", positive=True)


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
    sinh, cosh = sp.sinh(_D * t), sp.cosh(_D * t)
    square = ((_D * cosh + c * sinh) ** 2 - y**2 * sinh**2) / _D**2
    integral = sinh**2 / 2 + c / _D * (sp.sinh(2 * _D * t) / 4 - _D * t / 2)
    return -4 * c * y / _D**2 * integral / square


def pair_flow() -> Derivation:
    """Prove the closed form of the pair equations."""
    return Derivation(
        topic="pair-flow",
        title="Response of a pair of modes in closed form",
        holds="for the flow of the squared loss around A0 = 0, C1 = C2 = c I",
        source="ours",
        steps=(*_equation_steps(), *_solution_steps(), *_quadrature_steps()),
    )


def _equation_steps() -> list[Step]:
    rates = pair_rates()
    m_i, m_j = s_i - r_i, s_j - r_j
    stated = {
        u: (r_i + r_j) * rho - (p_i + p_j) * u,
        rho: -(m_i + m_j) * u,
        v: (r_i - r_j) * tau - (p_i + p_j) * v,
        tau: -(m_i - m_j) * v,
    }
    names = {
        u: "Flow, c1 = c2: the sum of the two A entries of a pair,",
        rho: "with the sum of its C entries (m = s - r);",
        v: "their differences obey",
        tau: "the same with the sign of mode j turned.",
    }
    return [
        prove(
            text,
            rates[key],
            stated[key],
            show=sp.Eq(sp.Derivative(sp.Function(str(key))(t), t), stated[key], evaluate=False),
        )
        for key, text in names.items()
    ]


def _solution_steps() -> list[Step]:
    """Prove the ansatz, with s = c sinh(alpha), p = c cosh(alpha), alpha' = 2 r."""
    a_i, a_j = sp.symbols("alpha_i alpha_j", real=True)
    solution_u = sp.sinh(sig) + zeta * sp.cosh(sig)
    solution_rho = sp.cosh(sig) + zeta * sp.sinh(sig)
    rate_sig, rate_zeta = r_i + r_j, -(p_i + p_j) * zeta - (s_i + s_j)
    on_modes = {
        s_i: c * sp.sinh(a_i),
        s_j: c * sp.sinh(a_j),
        p_i: c * sp.cosh(a_i),
        p_j: c * sp.cosh(a_j),
        sig: (a_i + a_j) / 2,
    }
    steps = [
        define(
            "Let s = c sinh(alpha) and sigma be the mean of alpha_i and alpha_j; alpha' = 2 r.",
            sp.Eq(sig, (a_i + a_j) / 2, evaluate=False),
        ),
        define(
            "Let zeta solve, from 0,",
            sp.Eq(sp.Derivative(sp.Function("zeta")(t), t), rate_zeta, evaluate=False),
        ),
    ]
    given = {u: solution_u, rho: solution_rho}
    for key, solution in given.items():
        rate = solution.diff(sig) * rate_sig + solution.diff(zeta) * rate_zeta
        rest = sp.expand((rate - pair_rates()[key].subs(given)).subs(on_modes).rewrite(sp.exp))
        steps.append(
            prove(
                f"Then {key} is",
                sp.powsimp(rest, force=True).simplify(),
                sp.S.Zero,
                show=sp.Eq(key, solution, evaluate=False),
            )
        )
    return steps


def _quadrature_steps() -> list[Step]:
    sinh, cosh = sp.sinh(_D * t), sp.cosh(_D * t)
    plus, minus = (_D * cosh + (c - sign * y) * sinh for sign in (1, -1))
    mode = 2 * c * y * sinh * (_D * cosh + c * sinh) / (plus * minus)
    square = plus * minus / _D**2
    root = (minus / plus + plus / minus) * c / 2
    closed = diagonal_response()
    rest = closed.diff(t) + 2 * root * closed + 2 * mode
    E = sp.Symbol("E")
    E_i, E_j, total = (sp.Function(name)(t) for name in ("E_i", "E_j", "I"))
    moves = {E_i.diff(t): p_i * E_i, E_j.diff(t): p_j * E_j, total.diff(t): (s_i + s_j) * E_i * E_j}
    quotient = -total / (E_i * E_j)
    return [
        prove(
            "The integrating factor of a mode is E, E^2 = U(y) U(-y): (ln E)' = p,",
            _reduce(square.diff(t) / (2 * square) - root),
            sp.S.Zero,
            show=sp.Eq(E**2, plus * minus / _D**2, evaluate=False),
        ),
        prove(
            "and E^2 s is half of c (U(-y)^2 - U(y)^2).",
            _reduce(square * mode - c / 2 * (minus**2 - plus**2) / _D**2),
            sp.S.Zero,
            show=sp.Eq(E**2 * sp.Symbol("s"), c / 2 * (minus**2 - plus**2) / _D**2, evaluate=False),
        ),
        prove(
            "So zeta is one quadrature, the integral over time of (s_i + s_j) E_i E_j,",
            quotient.diff(t).subs(moves),
            -(p_i + p_j) * quotient - (s_i + s_j),
            show=sp.Eq(
                zeta,
                -sp.Integral(sp.Symbol("s_i + s_j") * E_i * E_j, (t, 0, t)) / (E_i * E_j),
                evaluate=False,
            ),
        ),
        prove(
            "elementary for a mode with itself.",
            _reduce(rest),
            sp.S.Zero,
            show=sp.Eq(sp.Symbol("zeta_ii"), closed, evaluate=False),
        ),
        prove(
            "It starts from 0.",
            closed.subs(t, 0),
            sp.S.Zero,
            show=sp.Eq(sp.Symbol("zeta_ii(0)"), 0, evaluate=False),
        ),
    ]


def _reduce(expression: sp.Expr) -> sp.Expr:
    """Reduce with ``y = c (1 - k^2)/(2k)``, ``D = c (1 + k^2)/(2k)`` and ``E = exp(Dt)``."""
    growth, k, time = sp.symbols("growth k time", positive=True)
    values = {_D: c * (1 + k**2) / (2 * k), y: c * (1 - k**2) / (2 * k)}
    plain = expression.rewrite([sp.sinh, sp.cosh], sp.exp)
    plain = plain.replace(sp.exp, lambda power: growth ** sp.simplify(power / (_D * t)))
    functions, *_ = field([growth, k, c, time], sp.QQ)
    return functions.from_expr(plain.subs(values).subs(t, time)).as_expr()
