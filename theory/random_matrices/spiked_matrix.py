"""Singular values of a low-rank matrix seen through noise: bulk, spikes and their alignment.

``Y = A* + noise``, m x n, noise entries of standard deviation tau, A* of rank k << m, n with
singular values theta.  With ``H = [[0, Y], [Y^T, 0]]`` the resolvent ``(z - H)^-1`` of the noise
alone is ``diag(g_o I, g_i I)``, and ``P = 1/(g_o g_i)`` solves ``(P + tau^2 m)(P + tau^2 n) =
z^2 P``.  The signal adds a pole where ``P = theta^2``; residue and imaginary part of the 2 x 2
resolvent between its singular vectors give overlaps and correlations.

Holds to leading order in m, n -> infinity at fixed ratio, for noise entries of finite fourth
moment and fixed k, any aspect ratio and any tau >= 0.
Source: the two equations for g_o, g_i: Marchenko and Pastur 1967 (Schur complement and
concentration of quadratic forms); spikes: Benaych-Georges and Nadakuditi 2012, derived here;
correlation of the bulk with the signal: ours; mean edge: Tracy and Widom 1996, Johnstone 2001.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from theory.algebra.derivation import Derivation, Step, define, derive, prove
from theory.algebra.stable_form import StableForm
from theory.symbols.random_matrices import (
    P_imaginary,
    R_oi,
    R_signal,
    corr_bulk,
    density,
    g_i,
    g_o,
    h_tail,
    omega,
    phi,
    sum_bulk,
    y_edge,
    y_hat,
)
from theory.symbols.random_matrices import P_value as P
from theory.symbols.random_matrices import m as rows
from theory.symbols.random_matrices import n as columns
from theory.symbols.random_matrices import y_bulk as y
from theory.symbols.random_matrices import z_place as z
from theory.symbols.task import tau, theta

__all__ = [
    "NOISE",
    "SIGNAL",
    "SIZES",
    "bulk_correlation",
    "bulk_edge",
    "detection_threshold",
    "jacobi_matrix",
    "mean_edge",
    "noise_resolvents",
    "spectra",
    "spike_form",
    "spike_overlap",
    "spike_value",
]

#: Rows and columns (d_out and d_in, less the rows and columns that spikes take).
SIZES = rows, columns

#: Standard deviation of a noise entry, and a singular value of A*.
NOISE, SIGNAL = tau, theta

#: Mean of the Tracy-Widom law for real matrices (beta = 1).
TRACY_WIDOM_MEAN = sp.Float("-1.2065335745820")


def squared_position(value: sp.Expr = P) -> sp.Expr:
    """Return z^2 as a function of P, ``(P + tau^2 m)(P + tau^2 n)/P``."""
    return (value + tau**2 * rows) * (value + tau**2 * columns) / value


def noise_resolvents(position: sp.Expr = z, value: sp.Expr = P) -> tuple[sp.Expr, sp.Expr]:
    """Return g_o and g_i of the noise at a position z with its P."""
    return tuple(position / (value + tau**2 * size) for size in SIZES)


def spike_value(signal: sp.Expr = theta, variance: sp.Expr = tau**2) -> sp.Expr:
    """Return the singular value of Y that a singular value of A* makes, above the threshold."""
    product = (signal**2 + variance * rows) * (signal**2 + variance * columns)
    return sp.sqrt(product) / signal


def detection_threshold() -> sp.Expr:
    """Return the theta below which no singular value of Y leaves the bulk, tau (mn)^(1/4)."""
    return tau * (rows * columns) ** sp.Rational(1, 4)


def spike_overlap() -> sp.Expr:
    """Return the product of the left and right overlaps of a spike with its signal.

    It is the residue of the 2 x 2 resolvent: ``2 theta/P'(z)`` at ``P = theta^2``.
    """
    slope = 2 * spike_value() / squared_position().diff(P).subs(P, theta**2)
    return sp.factor(2 * theta / slope)


def bulk_correlation() -> sp.Expr:
    """Return ``u^T A* v`` for a bulk pair of singular vectors, per spike (sum over spikes)."""
    return tau**2 * y / (y_hat**2 - y**2)


def bulk_edge() -> sp.Expr:
    """Return the largest singular value of the noise, tau (sqrt m + sqrt n)."""
    return tau * (sp.sqrt(rows) + sp.sqrt(columns))


def mean_edge() -> sp.Expr:
    """Return the root of the mean largest eigenvalue, with the Tracy-Widom correction."""
    total = sp.sqrt(rows) + sp.sqrt(columns)
    scale = total * (1 / sp.sqrt(rows) + 1 / sp.sqrt(columns)) ** sp.Rational(1, 3)
    return tau * sp.sqrt(total**2 + TRACY_WIDOM_MEAN * scale)


def jacobi_matrix() -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Return first and further diagonal entries and the off-diagonal one of the bulk's law.

    The squared nonzero singular values of the noise have the law of this infinite tridiagonal
    matrix at its first vector, whose truncations give Gauss nodes and weights.
    """
    return (
        tau**2 * sp.Max(rows, columns),
        tau**2 * (rows + columns),
        tau**2 * sp.sqrt(rows * columns),
    )


def spike_form() -> StableForm:
    """Return target and overlap of a spike, its threshold and the edge of the bulk."""
    return StableForm(
        (theta, tau, *SIZES),
        (),
        {
            "value": spike_value(),
            "overlap": spike_overlap(),
            "threshold": detection_threshold(),
            "edge": mean_edge(),
        },
    )


def spectra() -> Derivation:
    """Derive bulk, spikes, overlaps and the correlation of the bulk with the signal."""
    return Derivation(
        topic="spectra",
        title="A low-rank matrix seen through noise",
        holds="to leading order for m, n -> infinity at fixed ratio and fixed rank",
        source="equations of g_o and g_i: Marchenko and Pastur 1967; spikes: Benaych-Georges and "
        "Nadakuditi 2012, derived here; correlation of the bulk: ours; mean edge (stated): Tracy "
        "and Widom 1996, Johnstone 2001",
        steps=(*_resolvent_steps(), *_bulk_steps(), *_spike_steps(), *_correlation_steps()),
    )


def _resolvent_steps() -> list[Step]:
    inverse = 1 / (g_o * g_i)
    output, inner = noise_resolvents()
    square = sp.Dummy("square")
    (position,) = sp.solve(sp.Eq(square * output * inner / z**2, 1 / P), square)
    return [
        define(
            "Stated: resolvents of the noise at large size,",
            sp.Eq(g_o, 1 / (z - tau**2 * columns * g_i), evaluate=False),
        ),
        define(
            "on the output and on the input side.",
            sp.Eq(g_i, 1 / (z - tau**2 * rows * g_o), evaluate=False),
        ),
        define("Let P be", sp.Eq(P, inverse, evaluate=False)),
        prove(
            "The first equation gives g_i,",
            sp.Eq(g_i, inner, evaluate=False),
            where={z: 1 / g_o + tau**2 * columns * g_i, P: inverse},
        ),
        prove(
            "the second g_o,",
            sp.Eq(g_o, output, evaluate=False),
            where={z: 1 / g_i + tau**2 * rows * g_o, P: inverse},
        ),
        prove(
            "and g_o g_i = 1/P the position as a function of P.",
            sp.Eq(z**2, squared_position(), evaluate=False),
            where={z**2: position},
        ),
    ]


def _bulk_steps() -> list[Step]:
    on_circle = tau**2 * sp.sqrt(rows * columns) * sp.exp(sp.I * phi)
    real = tau**2 * (rows + columns + 2 * sp.sqrt(rows * columns) * sp.cos(phi))
    shifted = sp.Abs(P + tau**2 * rows) ** 2
    modulus = _bulk_modulus()
    law = 2 * sp.im(P) / (sp.pi * tau**2 * z)
    radius = 2 * tau * sp.sqrt(rows) * sp.cos(phi / 2)
    quarter = law.subs(sp.im(P), tau**2 * rows * sp.sin(phi)).subs(z, radius)
    steps = [
        define(
            "On a circle of P, with an angle phi from 0 to pi,", sp.Eq(P, on_circle, evaluate=False)
        ),
        prove(
            "the position is real: the bulk, from tau |sqrt m - sqrt n| to tau (sqrt m + sqrt n).",
            sp.Eq(z**2, real, evaluate=False),
            where={z**2: squared_position().subs(P, on_circle)},
            reduce="complex cosines",
        ),
        prove(
            "There",
            sp.Eq(sp.re(P), (z**2 - tau**2 * (rows + columns)) / 2, evaluate=False),
            where={sp.re(P): tau**2 * sp.sqrt(rows * columns) * sp.cos(phi), z**2: real},
        ),
        prove(
            "and",
            sp.Eq(shifted, tau**2 * rows * z**2, evaluate=False),
            where={shifted: modulus(tau**2 * rows)},
        ),
        prove(
            "so that the density of singular values, (2m/pi) |Im g_o|, is",
            sp.Eq(density(z), law, evaluate=False),
            where={density(z): 2 * rows / sp.pi * z * sp.im(P) / modulus(tau**2 * rows)},
        ),
        prove(
            "For m = n it is the quarter-circle law, z = 2 tau sqrt(m) cos(phi/2).",
            sp.Eq(
                density(z) ** 2, (4 * tau**2 * rows - z**2) / (sp.pi**2 * tau**4), evaluate=False
            ),
            where={density(z): quarter, z: radius},
            reduce="exponentials",
        ),
    ]
    return steps + _jacobi_steps()


def _bulk_modulus() -> Callable[[sp.Expr], sp.Expr]:
    """Return |P + shift|^2 in the bulk, where |P| and Re P are known, as a function of shift."""
    real = (z**2 - tau**2 * (rows + columns)) / 2

    def modulus(shift: sp.Expr) -> sp.Expr:
        return tau**4 * rows * columns + 2 * shift * real + shift**2

    return modulus


def _jacobi_steps() -> list[Step]:
    # m <= n here: the transposed case is the same with m and n exchanged.
    first, later, off = tau**2 * columns, *jacobi_matrix()[1:]
    bulk = {z**2: squared_position(), h_tail: 1 / P}
    return [
        prove(
            "The tail of the Jacobi matrix repeats: its continued fraction h is 1/P.",
            sp.Eq(h_tail, 1 / (z**2 - later - off**2 * h_tail), evaluate=False),
            where=bulk,
        ),
        prove(
            "So the mean resolvent of the squared singular values (m <= n), g_o/z, is that of "
            "the Jacobi matrix at its first vector: Gauss quadrature of the bulk.",
            sp.Eq(g_o / z, 1 / (z**2 - first - off**2 * h_tail), evaluate=False),
            where=bulk | {g_o: noise_resolvents()[0]},
        ),
    ]


def _spike_steps() -> list[Step]:
    noise = sp.ImmutableMatrix([[g_o, 0], [0, g_i]])
    signal = sp.ImmutableMatrix([[0, theta], [theta, 0]])
    resolvent = (noise.inv() - signal).inv().applyfunc(sp.simplify)
    threshold = detection_threshold()
    overlap = (theta**4 - tau**4 * rows * columns) / (
        theta**2 * sp.sqrt((theta**2 + tau**2 * rows) * (theta**2 + tau**2 * columns))
    )
    return [
        derive(
            "Between the singular vectors of one signal theta the resolvent is, with the mean "
            "g = diag(g_o, g_i) of the noise,",
            R_signal,
            resolvent,
        ),
        prove(
            "which solves R = g + g Theta R.",
            sp.Eq(R_signal, noise + sp.MatMul(noise, signal, R_signal), evaluate=False),
            where={R_signal: resolvent},
        ),
        prove(
            "Its off-diagonal entry has a pole where P = theta^2,",
            sp.Eq(R_oi, theta / (P - theta**2), evaluate=False),
            where={R_oi: resolvent[0, 1], P: 1 / (g_o * g_i)},
        ),
        prove(
            "which is at the position of the spike.",
            sp.Eq(y_hat**2, sp.Subs(squared_position(), P, theta**2), evaluate=False),
            where={y_hat: spike_value()},
        ),
        prove(
            "Its residue theta/P' is half the product of the two overlaps.",
            sp.Eq(omega, overlap, evaluate=False),
            where={omega: spike_overlap()},
        ),
        prove(
            "It vanishes at the threshold of detection,",
            sp.Eq(sp.Subs(spike_overlap(), theta, threshold), sp.S.Zero, evaluate=False),
        ),
        prove(
            "where the spike enters the bulk at its edge tau (sqrt m + sqrt n).",
            sp.Eq(sp.Subs(spike_value() ** 2, theta, threshold), bulk_edge() ** 2, evaluate=False),
        ),
    ]


def _correlation_steps() -> list[Step]:
    modulus = _bulk_modulus()
    distance = sp.Abs(P - theta**2) ** 2
    measure = 2 * theta * P_imaginary / (sp.pi * modulus(-(theta**2)))
    law = 2 * P_imaginary / (sp.pi * tau**2 * z)
    outside = rows * (squared_position() / (P + tau**2 * rows)) - rows
    bulk = tau**2 * sp.Subs(outside, P, theta**2)
    return [
        prove(
            "In the bulk",
            sp.Eq(distance, theta**2 * (y_hat**2 - z**2), evaluate=False),
            where={distance: modulus(-(theta**2)), y_hat: spike_value()},
        ),
        prove(
            "The spectral measure between the signal's vectors, (2/pi)|Im R_oi|, over the "
            "density of singular values: what a bulk pair u, v still knows of the signal.",
            sp.Eq(corr_bulk, bulk_correlation(), evaluate=False),
            where={corr_bulk: (theta * measure / law).subs(z, y), y_hat: spike_value()},
        ),
        prove(
            "Summed over the bulk with weight y, through the resolvent at the spike,",
            sp.Eq(sum_bulk, tau**4 * rows * columns / theta**2, evaluate=False),
            where={sum_bulk: bulk},
        ),
        prove(
            "it completes the spike's share to theta^2: nothing of the signal is lost.",
            sp.Eq(y_hat * theta * omega + sum_bulk, theta**2, evaluate=False),
            where={y_hat: spike_value(), omega: spike_overlap(), sum_bulk: bulk},
        ),
        define(
            "Stated: the mean of the largest singular value lies below the edge,",
            sp.Eq(y_edge, mean_edge(), evaluate=False),
        ),
    ]
