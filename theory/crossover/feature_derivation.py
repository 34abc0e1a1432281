"""Derivation of the feature exponents: how layers grow together, and what that does to the kernel.

Prints and proves what :mod:`theory.crossover.feature_exponents` computes by comparing scales.

Holds and source: as there.
"""

from __future__ import annotations

import sympy as sp

from theory.algebra.derivation import Step, define, derive, prove
from theory.crossover.alpha_plane import SCALED, gamma_alpha, gamma_h
from theory.crossover.feature_exponents import (
    DEPTH,
    coherent_kernel,
    coherent_output,
    feature_boundary_exponent,
    feature_exponent,
    in_scaled_alpha,
    last_layer_exponent,
    lazy_exponent,
    linear_time,
    weight_growth,
)
from theory.crossover.output_scaling import alpha, h, scaled_alpha
from theory.regimes.scales import scale_of

__all__ = ["depth_steps"]


def depth_steps() -> list[Step]:
    """Prove the growth of the layers, the exponents of the kernel, and the linear time."""
    return [*_growth_steps(), *_exponent_steps()]


def _growth_steps() -> list[Step]:
    r, lam = sp.Symbol("r", positive=True), sp.Symbol("lambda", positive=True)
    u = [
        sp.MatrixSymbol(f"u{k}", sp.Symbol(f"d{k}", positive=True, integer=True), 1)
        for k in range(3)
    ]
    one = sp.Identity(1)
    r1, r2, r3 = norms = sp.symbols("r1:4", positive=True)
    ansatz = (r3 * u[2].T) * (r2 * u[2] * u[1].T) * (r1 * u[1] * u[0].T) * u[0] / h
    product = sp.Mul(*norms) / h
    kernel = sum(product.diff(x) ** 2 for x in norms)
    balanced = dict.fromkeys(norms, r)
    pulls = [x * product.diff(x) for x in norms]
    solved = scaled_alpha ** in_scaled_alpha(weight_growth())[0]
    grown, start = (coherent_kernel(x * sp.sqrt(h)) for x in (solved, sp.S.One))
    size = solved * sp.sqrt(h)
    of = sp.Function
    return [
        prove(
            "Layers that have aligned, W_l = r_l u_l u_{l-1}^T, on the input sqrt(d_in) u_0 "
            "(here L = 2):",
            ansatz,
            product * one,
            given={x.T * x: one for x in u},
            show=sp.Eq(sp.Symbol("f"), product, evaluate=False),
        ),
        prove(
            "with one more factor h^(-1/2) for each further layer: L of them.",
            coherent_output(r3, r, sp.Integer(2)),
            product.subs({r1: r, r2: r}),
            show=sp.Eq(sp.Symbol("f"), coherent_output(r1, r), evaluate=False),
        ),
        prove(
            "The flow moves every r_l^2 alike, so the norms grow alike.",
            (pulls[0] - pulls[1]) ** 2 + (pulls[1] - pulls[2]) ** 2,
            sp.S.Zero,
            show=sp.Eq(
                sp.Derivative(of("r1")(sp.Symbol("t")) ** 2),
                sp.Derivative(of("r2")(sp.Symbol("t")) ** 2),
                evaluate=False,
            ),
        ),
        prove(
            "The kernel is quadratic in the other L layers.",
            kernel.subs(balanced),
            coherent_kernel(r, sp.Integer(2)),
            show=sp.Eq(sp.Symbol("Theta"), coherent_kernel(r), evaluate=False),
        ),
        define(
            "Measure the norms in sqrt(h), the norm of a random layer's action at the start.",
            sp.Eq(r, lam * sp.sqrt(h), evaluate=False),
        ),
        derive("Comparing the scales of alpha f and 1:", lam, solved),
        prove(
            "which learns exactly: alpha f = 1.",
            sp.expand_log(sp.log(alpha * coherent_output(size, size)), force=True),
            sp.S.Zero,
            show=sp.Eq(alpha * sp.Symbol("f"), 1, evaluate=False),
        ),
        prove(
            "The kernel grows as a power of A = sqrt(h) alpha alone:",
            sp.expand_log(sp.log(grown / start), force=True),
            sp.expand_log(-feature_exponent() * sp.log(scaled_alpha), force=True),
            show=sp.Eq(
                sp.Symbol("dTheta") / sp.Symbol("Theta_0"),
                scaled_alpha ** -feature_exponent(),
                evaluate=False,
            ),
        ),
    ]


def _exponent_steps() -> list[Step]:
    a = sp.Symbol("a", positive=True)
    time = linear_time()
    x, y = lazy_exponent()
    steps = [derive(f"For L = {n}:", a, feature_exponent(n)) for n in (1, 2, 3)]
    return [
        *steps,
        prove(
            "and towards infinite depth:",
            sp.limit(feature_exponent(), DEPTH, sp.oo),
            sp.Integer(2),
            show=sp.Eq(sp.Limit(a, DEPTH, sp.oo), 2, evaluate=False),
        ),
        derive(
            "The last layer changes, relative to its start, as the power of A",
            sp.Symbol("b"),
            last_layer_exponent(),
        ),
        prove(
            "The exponents are a = 2 + 2b.",
            feature_exponent(),
            2 + 2 * last_layer_exponent(),
            show=sp.Eq(a, 2 + 2 * sp.Symbol("b"), evaluate=False),
        ),
        derive(
            "The norms pass sqrt(h) at the time, in powers of alpha and h at any depth,",
            sp.Symbol("t_1"),
            alpha ** time.exponent.coeff(gamma_alpha) * h ** time.exponent.coeff(gamma_h),
        ),
        prove(
            "which is A.",
            time.exponent,
            scale_of(scaled_alpha, SCALED).exponent,
            show=sp.Eq(sp.Symbol("t_1"), scaled_alpha, evaluate=False),
        ),
        derive(
            "The kernel's change passes 1 at",
            sp.Symbol("alphastar"),
            h ** feature_boundary_exponent(),
        ),
        derive("Lazy, the term K_3/alpha is", sp.Symbol("dTheta_1"), sp.Symbol("A") ** x * h**y),
        derive(
            "and the term K_4/alpha^2",
            sp.Symbol("dTheta_2"),
            sp.Symbol("A") ** lazy_exponent(2)[0] * h ** lazy_exponent(2)[1],
        ),
    ]
