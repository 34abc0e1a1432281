"""Derivation of the feature exponents: how layers grow together, and what that does to the kernel.

Proves what :mod:`theory.crossover.feature_exponents` computes by comparing scales, with its range
and its source.
"""

from __future__ import annotations

import sympy as sp

from theory.algebra.derivation import Step, define, derive, equal, prove
from theory.crossover.alpha_plane import SCALED
from theory.crossover.feature_exponents import (
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
from theory.crossover.output_scaling import scaled_alpha
from theory.regimes.scales import scale_of
from theory.symbols import crossover as letters
from theory.symbols.crossover import (
    A_scaled,
    L,
    alpha,
    alpha_star,
    f,
    f_of,
    gamma_alpha,
    gamma_h,
    growth,
    h,
    kernel,
    kernel_0,
    r,
    r_own,
    r_two,
    rest,
    t_1,
)

__all__ = ["depth_steps"]


def depth_steps() -> list[Step]:
    """Prove the growth of the layers, the exponents of the kernel, and the linear time."""
    return [*_output_steps(), *_growth_steps(), *_exponent_steps()]


def _output_steps() -> list[Step]:
    """Prove f and the kernel of aligned layers."""
    layer, out, into = letters.W_layer, letters.u_out, letters.u_in
    norms = [sp.Dummy(f"r_{index}", positive=True) for index in (1, 2, 3)]
    product = sp.Mul(*norms) / h
    square = sum(product.diff(x) ** 2 for x in norms).subs(dict.fromkeys(norms, r))
    output = lambda depth: coherent_output(r_own, r, depth)  # noqa: E731
    return [
        prove(
            "A layer that has aligned, W_l = r u_l u_{l-1}^T, passes one direction on to the next:",
            equal(layer * into, r * out),
            where={layer: r * out * into.T},
            given={into.T * into: sp.Identity(1)},
        ),
        define(
            "so L + 1 layers, one of norm r_1 and L of norm r, of which the first divides the "
            "input sqrt(d_in) u_0 by sqrt(d_in) and the others by sqrt(h), give",
            equal(f_of(L), output(L)),
        ),
        prove(
            "which is r_1 r h^(-1/2) for one hidden layer",
            equal(f_of(1), r_own * r / sp.sqrt(h)),
            where={f_of(1): sp.Subs(output(L), L, 1)},
        ),
        prove(
            "with one more factor for each further layer.",
            equal(f_of(L + 1), f_of(L) * r / sp.sqrt(h)),
            where={f_of(L + 1): output(L + 1), f_of(L): output(L)},
        ),
        prove(
            "The flow moves a norm r_l at a speed in proportion to df/dr_l; f being a product, it "
            "moves every r_l^2 alike, so the norms grow alike.",
            equal(
                r_own * sp.Derivative(f_of(r_own, r_two), r_own),
                r_two * sp.Derivative(f_of(r_own, r_two), r_two),
            ),
            where={f_of(r_own, r_two): r_own * r_two * rest},
        ),
        derive(
            "The kernel is the sum of the L + 1 squares (df/dr_l)^2, quadratic in the rest.",
            kernel,
            coherent_kernel(r),
        ),
        prove(
            "Written out for three layers,",
            equal(sp.Subs(coherent_kernel(r), L, 2), kernel),
            where={kernel: square},
            at="L = 2",
        ),
    ]


def _growth_steps() -> list[Step]:
    """Prove how far the norms grow until the data are learned."""
    solved = scaled_alpha ** in_scaled_alpha(weight_growth())[0]
    grown, start = (coherent_kernel(x * sp.sqrt(h)) for x in (solved, sp.S.One))
    size = solved * sp.sqrt(h)
    return [
        define(
            "Measure the norms in sqrt(h), the norm of a random layer's action at the start.",
            equal(r, growth * sp.sqrt(h)),
        ),
        derive("Comparing the scales of alpha f and 1:", growth, solved),
        prove(
            "which learns exactly: alpha f = 1.",
            equal(alpha * f, 1),
            where={f: coherent_output(size, size)},
            reduce="positive powers",
        ),
        prove(
            "The kernel grows as a power of A = sqrt(h) alpha alone:",
            equal(kernel / kernel_0, scaled_alpha ** -feature_exponent()),
            where={kernel: grown, kernel_0: start},
            reduce="positive powers",
        ),
    ]


def _exponent_steps() -> list[Step]:
    a, b = letters.a_feature, letters.b_feature
    time = linear_time()
    steps = [derive(f"For L = {n}:", a, feature_exponent(n)) for n in (1, 2, 3)]
    lazy = [A_scaled**x * h**y for x, y in (lazy_exponent(), lazy_exponent(2))]
    return [
        *steps,
        prove(
            "and towards infinite depth:",
            equal(sp.Limit(a, L, sp.oo), 2),
            where={a: feature_exponent()},
        ),
        derive(
            "The last layer changes, relative to its start, as the power of A",
            b,
            last_layer_exponent(),
        ),
        prove(
            "The exponents are a = 2 + 2b.",
            equal(a, 2 + 2 * b),
            where={a: feature_exponent(), b: last_layer_exponent()},
        ),
        derive(
            "The norms pass sqrt(h) at the time, in powers of alpha and h at any depth,",
            t_1,
            alpha ** time.exponent.coeff(gamma_alpha) * h ** time.exponent.coeff(gamma_h),
        ),
        derive(
            "which is on the scale of A = sqrt(h) alpha: the exponent of d is",
            letters.exponent_t1,
            time.exponent,
            stated=scale_of(scaled_alpha, SCALED).exponent,
        ),
        derive("The kernel's change passes 1 at", alpha_star, h ** feature_boundary_exponent()),
        derive("Lazy, the term K_3/alpha is", letters.kernel_move_1, lazy[0]),
        derive("and the term K_4/alpha^2", letters.kernel_move_2, lazy[1]),
    ]
