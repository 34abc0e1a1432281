"""How the learned function varies over starts, and how far a layer moves, in closed form.

One mode (u, v) is learned up to the singular value ``s = c sinh(2 tau)``.  For a direction e of the
inputs that no training input has (G e = 0), ``a = u^T A e`` and ``b = v^T C1 e`` turn into each
other like the two layers do,

``da/dtau = b``, ``db/dtau = a``, ``d(W2^T u)/dtau = W1 v``, ``d(W1 v)/dtau = W2^T u``,

so with ``m = (cosh tau - 1)^2 + sinh^2 tau`` a layer's rows along the mode change by the relative
amount sqrt(m), and the learned function a - a(0) has the variance ``m c^2/w`` over starts:
``delta F ~ w^(-1/2)`` at a fixed threshold, lazy (``s/(2 sqrt w)``) or active (``sqrt(s c/w)``).

Holds for gradient flow of any loss that trains one mode (one output and training inputs white in
their span, or one training input) and w >> d_in + d_out; of s itself the spread is left out.
Source: ``delta F ~ h^(-1/2)`` is measured by Geiger, Spigler, Jacot and Wyart 2020; closed form
ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from sympy.codegen.cfunctions import hypot

from theory.algebra.derivation import Step, define, derive, prove
from theory.algebra.noncommuting_matrices import differentiate
from theory.algebra.stable_form import StableForm
from theory.crossover.alpha_plane import log_slope
from theory.crossover.kernel_change import excess
from theory.dynamics.gram_flow import flow_rates, gram_blocks_flow
from theory.dynamics.unified_evolution import mode_rate
from theory.random_matrices.wishart import fluctuation_covariance
from theory.symbols import C1, W1, W2, A, G, c, c1, c2, d_in, d_out, s, w

__all__ = [
    "fluctuation_form",
    "fluctuation_steps",
    "function_fluctuation",
    "layer_change",
    "motion_square",
    "turning_angle",
]

tau, _a0, _b0 = sp.symbols("tau a_0 b_0", real=True)


def turning_angle() -> sp.Expr:
    """Return tau at the singular value s, the integral over time of minus the gradient.

    Examples
    --------
    >>> turning_angle()
    asinh(s/c)/2
    """
    return sp.asinh(s / c) / 2


def motion_square() -> sp.Expr:
    """Return m, the squared relative change of a layer along a learned mode, in s and c.

    ``cosh(2 tau) = 1 + q/c`` with the excess q, so ``cosh(tau)^2 = 1 + q/(2c)``.
    """
    return _motion(excess() / c)


def layer_change(singular_values: Sequence[sp.Expr], rows: sp.Expr = d_out) -> sp.Expr:
    """Return ``||W2 - W2(0)||/||W2(0)||`` at infinite width, of given modes of A.

    Examples
    --------
    >>> layer_change([sp.Integer(0)])
    0
    """
    moved = sum(motion_square().subs(s, x) for x in singular_values)
    return sp.sqrt(moved / rows)


def function_fluctuation() -> sp.Expr:
    """Return delta F, the standard deviation of a - a(0) over starts, in s, c and w."""
    variance = lambda *entries: fluctuation_covariance(*entries).subs({c1: c, c2: c})  # noqa: E731
    # In the order of theory.random_matrices.wishart, e and v are input rows 0 and 1, u is output
    # row 2.
    start, kernel = variance((2, 0), (2, 0)), variance((0, 1), (0, 1))
    mixed = variance((2, 0), (0, 1))
    of_start, of_kernel = (_learned().coeff(x) for x in (_a0, _b0))
    spread = of_start**2 * start + of_kernel**2 * kernel + 2 * of_start * of_kernel * mixed
    cosh = sp.sqrt(1 + excess() / (2 * c))
    in_s = spread.subs(sp.sinh(tau), sp.sqrt(cosh**2 - 1)).subs(sp.cosh(tau), cosh)
    return sp.sqrt(in_s)


def fluctuation_form() -> StableForm:
    """Return delta F and the change of a layer in a form for a kernel."""
    x, q, root = sp.symbols("x_ q_ root_", nonnegative=True)
    definitions = ((x, s / c), (q, x**2 / (1 + hypot(x, 1))), (root, sp.sqrt(2 + q)))
    motion = root * q / (root + sp.sqrt(2))
    return StableForm(
        (s, c, w), definitions, {"layer": sp.sqrt(motion), "function": c * sp.sqrt(motion / w)}
    )


def fluctuation_steps() -> list[Step]:
    """Prove the turning of both layers, the spread of the learned function and its limits."""
    return [*_turning_steps(), *_angle_steps(), *_spread_steps(), *_form_steps()]


def _motion(growth: sp.Expr) -> sp.Expr:
    """Return m in the relative growth q/c of the kernel along the mode."""
    cosh = sp.sqrt(1 + growth / 2)
    return (cosh - 1) ** 2 + (cosh**2 - 1)


def _learned() -> sp.Expr:
    """Return a - a(0) at the angle tau."""
    return sp.expand(_turned(_a0, _b0) - _a0)


def _turned(first: sp.Expr, second: sp.Expr) -> sp.Expr:
    """Return what solves x' = y, y' = x from x = first, y = second."""
    return first * sp.cosh(tau) + second * sp.sinh(tau)


def _turning_steps() -> list[Step]:
    e, v = (sp.MatrixSymbol(name, d_in, 1) for name in "ev")
    u = sp.MatrixSymbol("u", d_out, 1)
    g = sp.Symbol("g", real=True)
    one = sp.Identity(1)
    held = {G * e: sp.ZeroMatrix(d_out, 1)}
    given = {u.T * u: one, v.T * v: one, v.T * e: sp.ZeroMatrix(1, 1)}
    trained = lambda rate: rate.subs(G, -g * u * v.T)  # noqa: E731
    gram, layers = gram_blocks_flow(), dict(flow_rates())
    rate = lambda name: sp.Symbol(f"d({name})/dt")  # noqa: E731
    cases = (
        ("W2' u", W2.T * u, layers, g * W1 * v, "The layers turn into each other along the mode:"),
        ("W1 v", W1 * v, layers, g * W2.T * u, "and"),
        ("u' A e", u.T * A * e, gram, g * v.T * C1 * e, "The function on e and the kernel,"),
        ("v' C1 e", v.T * C1 * e, gram, g * u.T * A * e, "and"),
    )
    return [
        define(
            "Let the gradient have one mode, and let the direction e not be trained.",
            sp.Eq(G, -g * u * v.T, evaluate=False),
        ),
        prove(
            "On e the gradient vanishes.",
            trained(G * e),
            sp.ZeroMatrix(d_out, 1),
            given=given,
            show=sp.Eq(G * e, sp.ZeroMatrix(d_out, 1), evaluate=False),
        ),
        *(
            prove(
                text,
                trained(differentiate(what, rates)),
                right,
                given=given | held,
                show=sp.Eq(rate(name), right, evaluate=False),
            )
            for name, what, rates, right, text in cases
        ),
    ]


def _angle_steps() -> list[Step]:
    first, second = _turned(_a0, _b0), _turned(_b0, _a0)
    mode = s.subs(s, c * sp.sinh(2 * tau))
    cosh = sp.sqrt(1 + excess() / (2 * c))
    of = lambda name: sp.Function(name)(tau)  # noqa: E731
    return [
        define(
            "Let the angle tau run with g.",
            sp.Eq(sp.Derivative(sp.Function("tau")(sp.Symbol("t"))), sp.Symbol("g")),
        ),
        prove(
            "Each pair turns hyperbolically:",
            (first.diff(tau) - second) ** 2 + (second.diff(tau) - first) ** 2,
            sp.S.Zero,
            show=sp.Eq(of("a"), first, evaluate=False),
        ),
        prove(
            "The mode follows the unified formula at twice the angle.",
            mode.diff(tau) ** 2,
            (mode_rate() ** 2).subs(s, mode),
            show=sp.Eq(of("s"), mode, evaluate=False),
        ),
        prove(
            "So tau is",
            mode.subs(tau, turning_angle()),
            s,
            show=sp.Eq(tau, turning_angle(), evaluate=False),
        ),
        prove(
            "and, q being the excess of the kernel, cosh(2 tau) = 1 + q/c, as both are at "
            "least 1 and",
            c**2 * sp.cosh(2 * tau) ** 2,
            sp.expand((c + excess()) ** 2).subs(s, mode),
            show=sp.Eq(c * sp.cosh(2 * tau), sp.sqrt(s**2 + c**2), evaluate=False),
        ),
        prove(
            "Hence",
            sp.cosh(tau) ** 2,
            (sp.cosh(2 * tau) + 1) / 2,
            show=sp.Eq(sp.cosh(tau), cosh, evaluate=False),
        ),
    ]


def _spread_steps() -> list[Step]:
    positive = sp.Symbol("s", positive=True)
    spread, moved = (x.subs(s, positive) for x in (function_fluctuation(), layer_change([s], 1)))
    variance = lambda *entries: fluctuation_covariance(*entries).subs({c1: c, c2: c})  # noqa: E731
    norm2 = lambda x: sp.Function("normF2")(sp.Symbol(x))  # noqa: E731
    name, layer = sp.Symbol("deltaF"), norm2("dW2") / norm2("W2")
    m = sp.Symbol("m", positive=True)
    return [
        derive(
            "The learned function on e is, both starts being random,",
            sp.Symbol("a - a_0"),
            _learned(),
        ),
        derive("with variances", sp.Symbol("var a_0"), variance((2, 0), (2, 0))),
        derive("and", sp.Symbol("var b_0"), variance((0, 1), (0, 1))),
        prove(
            "and no correlation.",
            variance((2, 0), (0, 1)),
            sp.S.Zero,
            show=sp.Eq(sp.Symbol("cov a_0 b_0"), 0, evaluate=False),
        ),
        derive("A layer moves along the mode by the relative square", m, motion_square()),
        prove(
            "and the spread over starts is as much of c^2/w.",
            sp.expand(function_fluctuation() ** 2),
            sp.expand(motion_square() * c**2 / w),
            show=sp.Eq(name**2, m * c**2 / w, evaluate=False),
        ),
        derive("Lazy:", name, sp.sqrt(sp.limit(sp.expand(spread**2), c, sp.oo))),
        derive("active:", name, sp.sqrt(sp.limit(sp.expand(spread**2 / c), c, 0) * c)),
        derive(
            "With the width, at a fixed threshold, it is the power",
            sp.Symbol("power_w"),
            log_slope(spread, w, sp.oo),
        ),
        derive(
            "The change of the layer along the mode is, active,",
            layer,
            sp.limit(sp.expand(moved**2 * c), c, 0) / c,
        ),
        derive("and lazy", layer, sp.limit(sp.expand(moved**2 * c**2), c, sp.oo) / c**2),
    ]


def _form_steps() -> list[Step]:
    form, r = fluctuation_form(), sp.Symbol("r", positive=True)
    (x, scaled), (q, quotient), (root, square_root) = form.definitions
    plain = lambda value: value.replace(hypot, lambda a, b: sp.sqrt(a**2 + b**2))  # noqa: E731
    exact = {"layer": _motion(q), "function": _motion(q) * c**2 / w}
    # q = r^2 - 2 makes every root rational.
    rational = lambda value: value.subs(root, square_root).subs(q, r**2 - 2)  # noqa: E731
    return [
        prove(
            "A kernel takes the excess over c as a quotient, without a difference of close "
            "numbers,",
            c * plain(quotient).subs(x, scaled),
            excess(),
            show=sp.Eq(q, quotient.subs(x, scaled), evaluate=False),
        ),
        *(
            prove(
                f"and has the output '{name}'.",
                rational(value**2),
                rational(exact[name]),
                show=sp.Eq(sp.Symbol(name), value, evaluate=False),
            )
            for name, value in form.outputs.items()
        ),
    ]
