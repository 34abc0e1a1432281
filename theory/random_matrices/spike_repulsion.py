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

__all__ = ["noise_gain", "repulsion_form", "spike_repulsion", "spike_variance"]

m, n = SIZES
tau, theta = NOISE, SIGNAL
z, g_o, g_i = spectra.z, spectra.g_o, spectra.g_i

#: A singular value of the bulk.
y = spectra.y


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


def _traces() -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Return the traces of R_oo^2, R_ii^2 and R_oi R_io of the bulk, by g_o(z) and g_i(z)."""
    o, i = sp.Function("g_o")(z), sp.Function("g_i")(z)
    return m * (o / z - o.diff(z)) / 2, n * (i / z - i.diff(z)) / 2, -n * (i / z + i.diff(z)) / 2


def _at_spike(expression: sp.Expr) -> sp.Expr:
    """Write an expression in z, g_o(z) and g_i(z) as a function of theta, at P = theta^2."""
    position = spectra.spike_value()
    slope = position.diff(theta)
    resolvents = spectra.noise_resolvents(position, theta**2)
    for name, resolvent in zip(("g_o", "g_i"), resolvents, strict=True):
        symbol = sp.Function(name)(z)
        expression = expression.subs(symbol.diff(z), resolvent.diff(theta) / slope)
        expression = expression.subs(symbol, resolvent)
    return sp.simplify(expression.subs(z, position))


def _fluctuation_steps() -> list[Step]:
    diagonal, cross = z / (z**2 - y**2), y / (z**2 - y**2)
    inside, across = (sp.Function(name)(z) for name in ("R_ii", "R_io"))
    slope = inside.diff(z)
    oo, ii, oi = _traces()
    names = [sp.Symbol(f"v_{x}") for x in ("oo", "ii", "oi")]
    other_side = -m * (sp.Function("g_o")(z) / z + sp.Function("g_o")(z).diff(z)) / 2
    return [
        define(
            "Between the singular vectors of the signals the inverse resolvent is its mean "
            "less fluctuations: of the noise's quadratic forms in the resolvent R of the bulk, "
            "symmetric, and of the noise itself.",
            _inverse(),
        ),
        prove(
            "Each singular value y of the bulk gives",
            diagonal**2,
            (diagonal / z - diagonal.diff(z)) / 2,
            show=sp.Eq(inside**2, (inside / z - slope) / 2, evaluate=False),
        ),
        prove(
            "and",
            cross**2,
            -(diagonal / z + diagonal.diff(z)) / 2,
            show=sp.Eq(across**2, -(inside / z + slope) / 2, evaluate=False),
        ),
        define(
            "so that, off the diagonal, pairings of Gaussian entries give the variances",
            sp.Eq(names[0], tau**4 * ii, evaluate=False),
        ),
        define("on the output side,", sp.Eq(names[1], tau**4 * oo, evaluate=False)),
        define(
            "on the input side, and between the two sides",
            sp.Eq(names[2], tau**2 + tau**4 * oi, evaluate=False),
        ),
        prove(
            "(the same from either side).",
            _at_spike(oi),
            _at_spike(other_side),
            show=sp.Eq(oi, other_side, evaluate=False),
        ),
    ]


def _inverse() -> sp.Eq:
    k = sp.Symbol("k", integer=True, positive=True)
    oo, ii, oi, signal = (
        sp.MatrixSymbol(name, k, k) for name in ("Delta_oo", "Delta_ii", "Delta_oi", "Theta")
    )
    one = sp.Identity(k)
    blocks = sp.BlockMatrix([[one / g_o - oo, -signal - oi], [-signal.T - oi.T, one / g_i - ii]])
    return sp.Eq(sp.MatrixSymbol("R", 2 * k, 2 * k) ** -1, blocks, evaluate=False)


def _gain_steps() -> list[Step]:
    a, b, c, size = sp.symbols("delta_oo delta_ii delta_oi epsilon")
    determinant = (1 / g_o - size * a) * (1 / g_i - size * b) - (theta + size * c) ** 2
    first = determinant.diff(size).subs(size, 0)
    move = (a / g_i + b / g_o) / (2 * theta) + c
    oo, ii, oi = _traces()
    o, i = sp.Function("g_o")(z), sp.Function("g_i")(z)
    total = tau**4 * (ii / i**2 + oo / o**2) / (4 * theta**2) + (tau**2 + tau**4 * oi) / 2
    V, S = sp.symbols("V S")
    return [
        prove(
            "To first order its determinant vanishes where P = theta^2 + 2 theta epsilon, with",
            first,
            -2 * theta * move,
            show=sp.Eq(sp.Symbol("epsilon"), move, evaluate=False),
        ),
        prove(
            "of which, between two signals, the symmetric part counts.  Its variance is tau^2 "
            "V/2, that of the symmetric part of noise of variance tau^2 V, with",
            _at_spike(2 * total / tau**2),
            noise_gain(),
            show=sp.Eq(V, noise_gain(), evaluate=False),
        ),
        prove(
            "For m = n it is",
            noise_gain().subs(m, n),
            1 / (1 - tau**2 * n / theta**2),
            show=sp.Eq(V, 1 / (1 - tau**2 * n / theta**2), evaluate=False),
        ),
        prove(
            "A signal's overlap is the slope of its position: d yhat = u^T dA* v.",
            spectra.spike_value().diff(theta),
            spectra.spike_overlap(),
            show=sp.Eq(sp.Symbol("omega"), sp.Derivative(spectra.y_hat, theta), evaluate=False),
        ),
        derive("So an isolated spike has the variance tau^2 S^2,", S**2, spike_variance()),
    ]


def _position_steps() -> list[Step]:
    known, rest, unit, scale, eta = sp.symbols("xi rho u s eta", positive=True)
    V, w = sp.Function("V", positive=True), sp.Function("yhat")
    equation = eta - scale * known - tau * rest * sp.sqrt(V(eta))
    moved = -w(eta).diff(eta) * equation.diff(scale) / equation.diff(eta)
    correlation = known * w(eta).diff(eta) / (1 - tau * rest * sp.sqrt(V(eta)).diff(eta))
    # Each time the equation is put into itself, one more order of its solution is right.
    solution = known
    for _ in range(2):
        solution = known + unit * sp.sqrt(V(solution))
    second = (w(solution).diff(unit, 2) / 2).subs(unit, 0).doit()
    slope = (w(known).diff(known) * V(known)).diff(known) / 2
    product = (spectra.spike_overlap() * noise_gain()).subs(m, n)
    return [
        define(
            "Singular values of Theta + s G are xi + s rho, where xi = p^T Theta q of its "
            "singular vectors is what they know of the signal.  The spike is where the noise "
            "is that of its own place,",
            sp.Eq(eta, known + tau * sp.sqrt(V(eta)) * rest, evaluate=False),
        ),
        define("at", sp.Eq(spectra.y_hat, w(eta), evaluate=False)),
        prove(
            "and knows of A* how it moves with the size of the signal, where xi does alone.",
            moved,
            correlation,
            show=sp.Eq(sp.Symbol("corr"), correlation, evaluate=False),
        ),
        prove(
            "The second order of its place in u = tau rho has the factor", second, slope, show=slope
        ),
        prove(
            "and vanishes for m = n, where",
            product,
            sp.S.One,
            show=sp.Eq(sp.Derivative(w(known), known) * V(known), sp.S.One, evaluate=False),
        ),
        define(
            "Where the spike lies below its signal, and the equation may have no root, the "
            "first order is taken.",
            sp.Eq(spectra.y_hat, w(known) + tau * rest * sp.Symbol("S"), evaluate=False),
        ),
    ]
