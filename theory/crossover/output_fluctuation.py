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

from theory.algebra.derivation import Step, define, derive, equal, prove
from theory.algebra.noncommuting_matrices import TimeDerivative, differentiate
from theory.algebra.stable_form import StableForm
from theory.crossover.alpha_plane import log_slope
from theory.crossover.kernel_change import excess
from theory.dynamics.gram_flow import flow_rates, gram_blocks_flow
from theory.dynamics.unified_evolution import mode_rate
from theory.random_matrices.wishart import fluctuation_covariance
from theory.symbols import C1, W1, W2, A, G, c, c1, c2, d_out, s, t, w
from theory.symbols import crossover as letters
from theory.symbols.crossover import a_0, angle, b_0, q_scaled, root, x_scaled
from theory.symbols.dynamics import g
from theory.symbols.notation import s_of, s_positive

__all__ = [
    "fluctuation_form",
    "fluctuation_steps",
    "function_fluctuation",
    "layer_change",
    "motion_square",
    "turning_angle",
]


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
    of_start, of_kernel = (_learned().coeff(x) for x in (a_0, b_0))
    spread = of_start**2 * start + of_kernel**2 * kernel + 2 * of_start * of_kernel * mixed
    cosh = sp.sqrt(1 + excess() / (2 * c))
    in_s = spread.subs(sp.sinh(angle), sp.sqrt(cosh**2 - 1)).subs(sp.cosh(angle), cosh)
    return sp.sqrt(in_s)


def fluctuation_form() -> StableForm:
    """Return delta F and the change of a layer in a form for a kernel."""
    definitions = (
        (x_scaled, s / c),
        (q_scaled, x_scaled**2 / (1 + hypot(x_scaled, 1))),
        (root, sp.sqrt(2 + q_scaled)),
    )
    motion = root * q_scaled / (root + sp.sqrt(2))
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
    return sp.expand(_turned(a_0, b_0) - a_0)


def _turned(first: sp.Expr, second: sp.Expr) -> sp.Expr:
    """Return what solves x' = y, y' = x from x = first, y = second."""
    return first * sp.cosh(angle) + second * sp.sinh(angle)


def _turning_steps() -> list[Step]:
    u, v, e = letters.u_mode, letters.v_mode, letters.e_free
    one, zero = sp.Identity(1), sp.ZeroMatrix(d_out, 1)
    trained = -g * u * v.T
    given = {u.T * u: one, v.T * v: one, v.T * e: sp.ZeroMatrix(1, 1)}
    gram, layers = gram_blocks_flow(), dict(flow_rates())
    cases = (
        (W2.T * u, layers, g * W1 * v, "The layers turn into each other along the mode:"),
        (W1 * v, layers, g * W2.T * u, "and"),
        (u.T * A * e, gram, g * v.T * C1 * e, "The function on e and the kernel,"),
        (v.T * C1 * e, gram, g * u.T * A * e, "and"),
    )
    return [
        define(
            "Let the gradient have one mode, and let the direction e not be trained.",
            equal(G, trained),
        ),
        prove("On e the gradient vanishes.", equal(G * e, zero), where={G: trained}, given=given),
        *(
            prove(
                text,
                equal(TimeDerivative(what), right),
                where={TimeDerivative(what): differentiate(what, rates).subs(G, trained)},
                given=given,
            )
            for what, rates, right, text in cases
        ),
    ]


def _angle_steps() -> list[Step]:
    a, b = letters.a_turn(angle), letters.b_turn(angle)
    turned = {a: _turned(a_0, b_0), b: _turned(b_0, a_0)}
    mode = c * sp.sinh(2 * angle)
    speed = mode_rate().subs(s, s_of(angle))
    return [
        define("Let the angle tau run with g.", equal(sp.Derivative(letters.angle_of(t), t), g)),
        define("Each pair turns hyperbolically,", equal(a, turned[a])),
        define("and", equal(b, turned[b])),
        prove("since these turn into each other:", equal(sp.Derivative(a, angle), b), where=turned),
        prove("and", equal(sp.Derivative(b, angle), a), where=turned),
        define("The mode moves at twice the angle,", equal(s_of(angle), mode)),
        prove(
            "by the unified formula (both sides are positive; here squared).",
            equal(sp.Derivative(s_of(angle), angle) ** 2, speed**2),
            where={s_of(angle): mode},
        ),
        derive("So tau is", angle, turning_angle()),
        prove("since", equal(mode, s), where={angle: turning_angle()}),
        prove(
            "With the rate sqrt(s^2 + c^2) = c + q, q being the excess of the kernel, "
            "cosh(2 tau) = 1 + q/c, as both are at least 1 and",
            equal(c**2 * sp.cosh(2 * angle) ** 2, (c + letters.excess) ** 2),
            where={letters.excess: excess().subs(s, mode)},
        ),
        prove("Hence", equal(sp.cosh(angle) ** 2, (sp.cosh(2 * angle) + 1) / 2)),
        prove(
            "or, both sides being positive,",
            equal(sp.cosh(angle) ** 2, 1 + letters.excess / (2 * c)),
            where={letters.excess: c * (sp.cosh(2 * angle) - 1)},
        ),
    ]


def _spread_steps() -> list[Step]:
    spread, moved = function_fluctuation(), layer_change([s], 1)
    plain = lambda x: x.subs(s_positive, s)  # noqa: E731
    spread_positive, moved_positive = (x.subs(s, s_positive) for x in (spread, moved))
    variance = lambda *entries: fluctuation_covariance(*entries).subs({c1: c, c2: c})  # noqa: E731
    delta_F, layer, m = letters.delta_F, letters.layer_move, letters.motion
    limit = lambda x, end: plain(sp.limit(sp.expand(x), c, end))  # noqa: E731
    return [
        derive(
            "The learned function on e is, both starts being random,", letters.learned, _learned()
        ),
        derive("with variances", letters.var_a0, variance((2, 0), (2, 0))),
        derive("and", letters.var_b0, variance((0, 1), (0, 1))),
        derive("and no correlation.", letters.cov_0, variance((2, 0), (0, 1)), stated=sp.S.Zero),
        derive("A layer moves along the mode by the relative square", m, motion_square()),
        prove(
            "and the spread over starts is as much of c^2/w.",
            equal(delta_F**2, m * c**2 / w),
            where={delta_F: spread, m: motion_square()},
        ),
        derive("Lazy:", sp.Limit(delta_F**2, c, sp.oo), limit(spread_positive**2, sp.oo)),
        derive("active:", sp.Limit(delta_F**2 / c, c, 0), limit(spread_positive**2 / c, 0)),
        derive(
            "With the width, at a fixed threshold, it is the power",
            letters.power_F,
            log_slope(spread_positive, w, sp.oo),
        ),
        derive(
            "The change of the layer along the mode, squared, is, active,",
            sp.Limit(c * layer**2, c, 0),
            limit(moved_positive**2 * c, 0),
        ),
        derive(
            "and lazy", sp.Limit(c**2 * layer**2, c, sp.oo), limit(moved_positive**2 * c**2, sp.oo)
        ),
    ]


def _form_steps() -> list[Step]:
    form, r = fluctuation_form(), sp.Dummy("r", positive=True)
    quotient = dict(form.definitions)[q_scaled]
    plain = quotient.replace(hypot, lambda a, b: sp.sqrt(a**2 + b**2))
    # q = r^2 - 2 makes every root rational.
    rational = {root: r, q_scaled: r**2 - 2}
    motion = _motion(r**2 - 2)
    outputs = {
        "layer": (letters.layer_move, motion),
        "function": (letters.delta_F, motion * c**2 / w),
    }
    return [
        prove(
            "A kernel takes the excess over c as a quotient, x = s/c, without a difference of "
            "close numbers,",
            equal(q_scaled, plain),
            where={q_scaled: excess() / c, x_scaled: s / c},
        ),
        define("takes the root", equal(root, dict(form.definitions)[root])),
        *(
            prove(
                f"and has the output '{name}', which is positive; its square is",
                equal(letter**2, form.outputs[name] ** 2),
                where={letter**2: exact}
                | {x: y for x, y in rational.items() if form.outputs[name].has(x)},
            )
            for name, (letter, exact) in outputs.items()
        ),
    ]
