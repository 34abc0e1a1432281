"""Singular values of a low-rank matrix seen through noise: bulk, spikes and what they know of it.

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

from theory.algebra.derivation import Derivation, Step, define, prove
from theory.algebra.stable_form import StableForm

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
SIZES = rows, columns = sp.symbols("m n", positive=True)

#: Standard deviation of a noise entry, and a singular value of A*.
NOISE = tau = sp.Symbol("tau", positive=True)
SIGNAL = theta = sp.Symbol("theta", positive=True)

z = sp.Symbol("z", positive=True)
P = sp.Symbol("P")
g_o, g_i = sp.symbols("g_o g_i")
y_hat, y = sp.symbols("yhat y", positive=True)

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
    first = 1 / g_o + tau**2 * columns * g_i
    second = 1 / g_i + tau**2 * rows * g_o
    inverse, square = 1 / (g_o * g_i), sp.Symbol("z2")
    output, inner = noise_resolvents()
    product = square * output * inner / z**2
    (position,) = sp.solve(sp.Eq(product, 1 / P), square)
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
            (first / g_i).subs(g_o, 1 / (P * g_i)),
            z / inner,
            show=sp.Eq(g_i, inner, evaluate=False),
        ),
        prove(
            "the second g_o,",
            (second / g_o).subs(g_i, 1 / (P * g_o)),
            z / output,
            show=sp.Eq(g_o, output, evaluate=False),
        ),
        prove(
            "and g_o g_i = 1/P the position as a function of P.",
            position,
            squared_position(),
            show=sp.Eq(z**2, squared_position(), evaluate=False),
        ),
    ]


def _bulk_steps() -> list[Step]:
    phi, z_edge = sp.symbols("phi zeta", positive=True)
    on_circle = tau**2 * sp.sqrt(rows * columns) * sp.exp(sp.I * phi)
    position = squared_position().subs(P, on_circle)
    real = tau**2 * (rows + columns + 2 * sp.sqrt(rows * columns) * sp.cos(phi))
    modulus = _bulk_modulus()
    density = 2 * sp.im(P) / (sp.pi * tau**2 * z)
    quarter = tau**2 * rows * sp.sin(phi)
    radius = 2 * tau * sp.sqrt(rows) * sp.cos(phi / 2)
    steps = [
        prove(
            "On the circle |P| = tau^2 sqrt(mn) the position is real: the bulk, from "
            "tau |sqrt m - sqrt n| to tau (sqrt m + sqrt n).",
            sp.expand(position.rewrite(sp.cos), complex=True),
            sp.expand(real),
            show=sp.Eq(z**2, real, evaluate=False),
        ),
        prove(
            "There, with Re P = (z^2 - tau^2 (m + n))/2,",
            modulus(tau**2 * rows),
            tau**2 * rows * z**2,
            show=sp.Eq(sp.Abs(P + tau**2 * rows) ** 2, tau**2 * rows * z**2, evaluate=False),
        ),
        prove(
            "so that the density of singular values, (2m/pi) |Im g_o|, is",
            2 * rows / sp.pi * z * sp.Symbol("b") / modulus(tau**2 * rows),
            density.subs(sp.im(P), sp.Symbol("b")),
            show=sp.Eq(sp.Function("rho")(z), density, evaluate=False),
        ),
        prove(
            "For m = n it is the quarter-circle law.",
            (density.subs(sp.im(P), quarter).subs(z, radius) ** 2).rewrite(sp.exp).expand(),
            ((4 * tau**2 * rows - z_edge**2) / (sp.pi**2 * tau**4))
            .subs(z_edge, radius)
            .rewrite(sp.exp)
            .expand(),
            show=sp.Eq(
                sp.Function("rho")(z),
                sp.sqrt(4 * tau**2 * rows - z**2) / (sp.pi * tau**2),
                evaluate=False,
            ),
        ),
    ]
    return steps + _jacobi_steps()


def _bulk_modulus() -> Callable[[sp.Expr], sp.Expr]:
    """Return |P + shift|^2 in the bulk, where |P| and Re P are known, as a function of shift."""
    real = (z**2 - tau**2 * (rows + columns)) / 2

    def modulus(shift: sp.Expr) -> sp.Expr:
        return sp.factor(sp.expand(tau**4 * rows * columns + 2 * shift * real + shift**2))

    return modulus


def _jacobi_steps() -> list[Step]:
    zeta = squared_position()
    # m <= n here: the transposed case is the same with m and n exchanged.
    first, later, off = tau**2 * columns, *jacobi_matrix()[1:]
    return [
        prove(
            "The tail of the Jacobi matrix repeats: its continued fraction h is 1/P.",
            1 / (zeta - later - off**2 / P),
            1 / P,
            show=sp.Eq(
                sp.Symbol("h"), 1 / (z**2 - later - off**2 * sp.Symbol("h")), evaluate=False
            ),
        ),
        prove(
            "So the mean resolvent of the squared singular values (m <= n), g_o/z, is that of "
            "the Jacobi matrix at its first vector: Gauss quadrature of the bulk.",
            1 / (zeta - first - off**2 / P),
            1 / (P + tau**2 * rows),
            show=sp.Eq(g_o / z, 1 / (z**2 - first - off**2 * sp.Symbol("h")), evaluate=False),
        ),
    ]


def _spike_steps() -> list[Step]:
    noise = sp.diag(g_o, g_i)
    signal = sp.Matrix([[0, theta], [theta, 0]])
    resolvent = (noise.inv() - signal).inv().applyfunc(sp.simplify)
    dyson = noise + noise * signal * resolvent
    cross = resolvent[0, 1]
    width = sum(sp.simplify(x) ** 2 for x in dyson - resolvent)
    shown = sp.MatrixSymbol("R", 2, 2)
    overlap = (theta**4 - tau**4 * rows * columns) / (
        theta**2 * sp.sqrt((theta**2 + tau**2 * rows) * (theta**2 + tau**2 * columns))
    )
    return [
        prove(
            "Between the singular vectors of one signal theta the resolvent solves "
            "R = g + g Theta R.",
            width,
            sp.S.Zero,
            show=sp.Eq(
                shown, sp.Matrix([[1 / g_o, -theta], [-theta, 1 / g_i]]) ** -1, evaluate=False
            ),
        ),
        prove(
            "Its off-diagonal entry has a pole where P = theta^2,",
            cross,
            theta / (1 / (g_o * g_i) - theta**2),
            show=sp.Eq(sp.Symbol("R_oi"), theta / (P - theta**2), evaluate=False),
        ),
        prove(
            "which is at the position of the spike.",
            squared_position(theta**2),
            spike_value() ** 2,
            show=sp.Eq(y_hat, spike_value(), evaluate=False),
        ),
        prove(
            "Its residue theta/P' is half the product of the two overlaps.",
            spike_overlap(),
            overlap,
            show=sp.Eq(sp.Symbol("omega"), overlap, evaluate=False),
        ),
        prove(
            "It vanishes at the threshold of detection,",
            spike_overlap().subs(theta, detection_threshold()),
            sp.S.Zero,
            show=sp.Eq(theta, detection_threshold(), evaluate=False),
        ),
        prove(
            "where the spike enters the bulk at its edge.",
            sp.simplify(spike_value().subs(theta, detection_threshold()) ** 2),
            sp.expand(bulk_edge() ** 2),
            show=sp.Eq(y_hat, bulk_edge(), evaluate=False),
        ),
    ]


def _correlation_steps() -> list[Step]:
    modulus = _bulk_modulus()
    b = sp.Symbol("b", positive=True)
    measure = 2 * theta * b / (sp.pi * modulus(-(theta**2)))
    density = 2 * b / (sp.pi * tau**2 * z)
    correlation = bulk_correlation().subs({y: z, y_hat: spike_value()})
    outside = rows * (squared_position() / (P + tau**2 * rows)) - rows
    bulk_sum = tau**2 * sp.simplify(outside.subs(P, theta**2))
    return [
        prove(
            "In the bulk",
            modulus(-(theta**2)),
            theta**2 * (spike_value() ** 2 - z**2),
            show=sp.Eq(sp.Abs(P - theta**2) ** 2, theta**2 * (y_hat**2 - z**2), evaluate=False),
        ),
        prove(
            "The spectral measure between the signal's vectors, (2/pi)|Im R_oi|, over the "
            "density of singular values: what a bulk pair u, v still knows of the signal.",
            theta * measure / density,
            correlation,
            show=sp.Eq(sp.Symbol("corr"), bulk_correlation(), evaluate=False),
        ),
        prove(
            "Summed over the bulk with weight y, through the resolvent at the spike,",
            bulk_sum,
            tau**4 * rows * columns / theta**2,
            show=sp.Eq(sp.Symbol("sum_bulk"), tau**4 * rows * columns / theta**2, evaluate=False),
        ),
        prove(
            "it completes the spike's share to theta^2: nothing of the signal is lost.",
            spike_value() * theta * spike_overlap() + bulk_sum,
            theta**2,
            show=sp.Eq(
                y_hat * theta * sp.Symbol("omega") + sp.Symbol("sum_bulk"), theta**2, evaluate=False
            ),
        ),
        define(
            "Stated: the mean of the largest singular value lies below the edge,",
            sp.Eq(sp.Symbol("y_edge"), mean_edge(), evaluate=False),
        ),
    ]
