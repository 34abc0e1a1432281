"""How the noise spreads the spikes of a low-rank matrix, and how close ones repel one another.

Between the singular vectors of the k signals of :mod:`theory.random_matrices.spiked_matrix` the
resolvent of Y is the inverse of a 2k x 2k matrix: its mean, and fluctuations of order tau from the
noise between these vectors and from their coupling to the bulk.  To first order the fluctuations
turn and move the signals as Gaussian noise of standard deviation tau sqrt(V) between them would,

    Theta + tau sqrt(V) G,    V = (1 + (a + b)/2)/(1 - a b),    a, b = tau^2 (m, n)/theta^2,

V taken at the signal that alone would give the spike.  An isolated spike has the standard
deviation tau S, ``S = dyhat/dtheta sqrt(V)``; V grows without bound at the threshold of
detection, where S vanishes.

Holds to leading order for m, n -> infinity at fixed ratio and fixed rank, above the threshold of
detection; noise entries Gaussian.
Source: fluctuations of spikes: Benaych-Georges and Nadakuditi 2012 (isolated ones); the closed
form of V and the repulsion: ours.
"""

from __future__ import annotations

import sympy as sp

from theory.algebra.derivation import Derivation, Step, define, derive, prove
from theory.algebra.stable_form import StableForm
from theory.random_matrices import spiked_matrix as spectra
from theory.random_matrices.spiked_matrix import NOISE, SIGNAL, SIZES
from theory.symbols.random_matrices import (
    Delta_ii,
    Delta_oi,
    Delta_oo,
    R_ii_of,
    R_io_of,
    R_spikes,
    S_spread,
    Theta_signal,
    V_gain,
    V_of,
    corr_spike,
    delta_ii,
    delta_oi,
    delta_oo,
    eta_of,
    eta_place,
    g_i,
    g_i_of,
    g_o,
    g_o_of,
    omega,
    rho_noise,
    s_size,
    shift,
    u_noise,
    v_ii,
    v_oi,
    v_oo,
    xi,
    y_hat,
    y_hat_of,
)
from theory.symbols.random_matrices import y_bulk as y
from theory.symbols.random_matrices import z_place as z
from theory.symbols.task import k

__all__ = [
    "at_spike",
    "bulk_traces",
    "noise_gain",
    "repulsion_form",
    "signal_move",
    "spike_repulsion",
    "spike_variance",
]

m, n = SIZES
tau, theta = NOISE, SIGNAL


def noise_gain() -> sp.Expr:
    """Return V, the variance of what acts between signals over that of the noise."""
    a, b = (tau**2 * size / theta**2 for size in SIZES)
    return (1 + (a + b) / 2) / (1 - a * b)


def spike_variance() -> sp.Expr:
    """Return S^2, the variance of an isolated spike over that of a noise entry."""
    return sp.factor(spectra.spike_overlap() ** 2 * noise_gain())


def repulsion_form() -> StableForm:
    """Return V and S^2 with their derivatives in theta."""
    gain, variance = noise_gain(), spike_variance()
    return StableForm(
        (theta, tau, *SIZES),
        (),
        {
            "gain": gain,
            "gain_slope": sp.factor(gain.diff(theta)),
            "variance": variance,
            "variance_slope": sp.factor(variance.diff(theta)),
        },
    )


def spike_repulsion() -> Derivation:
    """Derive the spread of spikes, the noise between signals, and what moves the spikes."""
    return Derivation(
        topic="spike-repulsion",
        title="Spikes spread and repel one another",
        holds="to leading order for m, n -> infinity at fixed ratio and fixed rank, above the "
        "threshold of detection, Gaussian noise",
        source="theory.random_matrices.spiked_matrix; isolated spikes: Benaych-Georges and "
        "Nadakuditi 2012; closed form of V and the repulsion: ours",
        steps=(*_fluctuation_steps(), *_gain_steps(), *_position_steps()),
    )


def signal_move() -> sp.Expr:
    """Return epsilon, the move of a signal by the noise, to first order."""
    return (delta_oo / g_i + delta_ii / g_o) / (2 * theta) + delta_oi


def bulk_traces() -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Return the traces of R_oo^2, R_ii^2 and R_oi R_io of the bulk, by g_o(z) and g_i(z)."""
    o, i = g_o_of(z), g_i_of(z)
    return m * (o / z - o.diff(z)) / 2, n * (i / z - i.diff(z)) / 2, -n * (i / z + i.diff(z)) / 2


def at_spike(*expressions: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    """Return what z, g_o(z), g_i(z) and their slopes in expressions are at P = theta^2."""
    position = spectra.spike_value()
    slope = position.diff(theta)
    values = {z: position}
    resolvents = spectra.noise_resolvents(position, theta**2)
    for function, resolvent in zip((g_o_of, g_i_of), resolvents, strict=True):
        values[function(z)] = resolvent
        values[function(z).diff(z)] = resolvent.diff(theta) / slope
    return {name: x for name, x in values.items() if any(e.has(name) for e in expressions)}


def _fluctuation_steps() -> list[Step]:
    diagonal, cross = z / (z**2 - y**2), y / (z**2 - y**2)
    inside, across = R_ii_of(z), R_io_of(z)
    slope = inside.diff(z)
    oo, ii, oi = bulk_traces()
    other_side = -m * (g_o_of(z) / z + g_o_of(z).diff(z)) / 2
    return [
        define(
            "Between the singular vectors of the signals the inverse resolvent is its mean "
            "less fluctuations: of the noise's quadratic forms in the resolvent R of the bulk, "
            "symmetric, and of the noise itself.",
            _inverse(),
        ),
        prove(
            "Each singular value y of the bulk gives",
            sp.Eq(inside**2, (inside / z - slope) / 2, evaluate=False),
            where={inside: diagonal},
        ),
        prove(
            "and",
            sp.Eq(across**2, -(inside / z + slope) / 2, evaluate=False),
            where={inside: diagonal, across: cross},
        ),
        define(
            "so that, off the diagonal, pairings of Gaussian entries give the variances",
            sp.Eq(v_oo, tau**4 * ii, evaluate=False),
        ),
        define("on the output side,", sp.Eq(v_ii, tau**4 * oo, evaluate=False)),
        define(
            "on the input side, and between the two sides",
            sp.Eq(v_oi, tau**2 + tau**4 * oi, evaluate=False),
        ),
        prove(
            "(the same from either side, at the place of a spike).",
            sp.Eq(oi, other_side, evaluate=False),
            where=at_spike(oi, other_side),
        ),
    ]


def _inverse() -> sp.Eq:
    one, signal = sp.Identity(k), Theta_signal
    blocks = sp.BlockMatrix(
        [[one / g_o - Delta_oo, -signal - Delta_oi], [-signal.T - Delta_oi.T, one / g_i - Delta_ii]]
    )
    return sp.Eq(R_spikes**-1, blocks, evaluate=False)


def _gain_steps() -> list[Step]:
    size = sp.Dummy("epsilon")
    determinant = (1 / g_o - size * delta_oo) * (1 / g_i - size * delta_ii) - (
        theta + size * delta_oi
    ) ** 2
    first = determinant.diff(size).subs(size, 0)
    move = signal_move()
    oo, ii, oi = bulk_traces()
    o, i = g_o_of(z), g_i_of(z)
    total = tau**4 * (ii / i**2 + oo / o**2) / (4 * theta**2) + (tau**2 + tau**4 * oi) / 2
    spread = 2 * total / tau**2
    return [
        prove(
            "To first order its determinant vanishes where P = theta^2 + 2 theta epsilon, with",
            sp.Eq(shift, move, evaluate=False),
            where={shift: -first / (2 * theta)},
        ),
        prove(
            "of which, between two signals, the symmetric part counts.  Its variance is tau^2 "
            "V/2, that of the symmetric part of noise of variance tau^2 V, with",
            sp.Eq(V_gain, noise_gain(), evaluate=False),
            where={V_gain: sp.simplify(spread.xreplace(at_spike(spread)))},
        ),
        prove(
            "For m = n it is",
            sp.Eq(V_gain, 1 / (1 - tau**2 * n / theta**2), evaluate=False),
            where={V_gain: noise_gain().subs(m, n)},
        ),
        prove(
            "A signal's overlap is the slope of its position: d yhat = u^T dA* v.",
            sp.Eq(omega, sp.Derivative(y_hat_of(theta), theta), evaluate=False),
            where={omega: spectra.spike_overlap(), y_hat_of(theta): spectra.spike_value()},
        ),
        derive("So an isolated spike has the variance tau^2 S^2,", S_spread**2, spike_variance()),
    ]


def _position_steps() -> list[Step]:
    V, w = V_of, y_hat_of
    equation = eta_place - s_size * xi - tau * rho_noise * sp.sqrt(V(eta_place))
    moved = -w(eta_place).diff(eta_place) * equation.diff(s_size) / equation.diff(eta_place)
    root = sp.sqrt(V(eta_place))
    correlation = xi * w(eta_place).diff(eta_place) / (1 - tau * rho_noise * root.diff(eta_place))
    # Each time the equation is put into itself, one more order of its solution is right.
    place = xi
    for _ in range(2):
        place = xi + u_noise * sp.sqrt(V(place))
    second = sp.Derivative(w(eta_of(u_noise)), (u_noise, 2))
    slope = sp.Derivative(w(xi), xi)
    square = {slope: spectra.spike_overlap(), V(xi): noise_gain()}
    return [
        define(
            "Singular values of Theta + s G are xi + s rho, where xi = p^T Theta q of its "
            "singular vectors is the signal along them.  The spike is where the noise "
            "is that of its own place,",
            sp.Eq(eta_place, xi + tau * root * rho_noise, evaluate=False),
        ),
        define("at", sp.Eq(y_hat, w(eta_place), evaluate=False)),
        derive(
            "and knows of A* how it moves with the size of the signal, where xi does alone.",
            corr_spike,
            moved,
            stated=correlation,
        ),
        prove(
            "The second order of its place in u = tau rho has the factor",
            sp.Eq(
                sp.Subs(second, u_noise, 0) / 2,
                sp.Derivative(slope * V(xi), xi) / 2,
                evaluate=False,
            ),
            where={eta_of(u_noise): place},
        ),
        prove(
            "and vanishes for m = n, where",
            sp.Eq(slope * V(xi), sp.S.One, evaluate=False),
            where={name: value.subs(m, n).subs(theta, xi) for name, value in square.items()},
        ),
        define(
            "Where the spike lies below its signal, and the equation may have no root, the "
            "first order is taken.",
            sp.Eq(y_hat, w(xi) + tau * rho_noise * S_spread, evaluate=False),
        ),
    ]
