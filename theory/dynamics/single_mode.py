"""One mode of the mixed regime for the squared loss, in closed form from any start.

``ds/dt = 2 sqrt(s^2 + c^2) (y - s)``, ``s(0) = s0``.  The sum and difference of the root and s,
``q+- = sqrt(s^2 + c^2) +- s``, solve scalar Riccati equations, and the remaining distance to the
target has the product form ``y - s = (y - s0) D^2/(M N)`` with ``D = sqrt(y^2 + c^2)``,
``M = D cosh(Dt) + (p0 + s0 - y) sinh(Dt)``, ``N = D cosh(Dt) + (p0 - s0 + y) sinh(Dt)``,
``p0 = sqrt(s0^2 + c^2)``.

Holds for real y and s0, c > 0, t >= 0 (loss 1/2 (s - y)^2; for kappa times that loss, rescale
time by kappa).  Independent of the imbalance.  Source: ours; for s0 = 0 and the limits see Saxe,
McClelland and Ganguli 2014 (balanced) and Tu, Aranguri and Jacot 2024 (threshold).
"""

from __future__ import annotations

from functools import cache

import sympy as sp
from sympy.codegen.cfunctions import expm1, hypot
from sympy.polys.fields import field

from theory.algebra.derivation import Derivation, Step, define, derive, prove
from theory.algebra.stable_form import StableForm
from theory.symbols import c, eta, s, s0, t, y

__all__ = [
    "balanced_mode",
    "descent_map",
    "lazy_mode",
    "mode_solution",
    "remaining_distance",
    "single_mode",
    "stability_limit",
    "stable_mode",
    "threshold_crossing_time",
]

D = sp.Symbol("D", positive=True)
P0 = sp.Symbol("p0", positive=True)
#: What D and p0 stand for; D^2 and p0^2 are replaced by these in the proofs.
DEFINITIONS = {D: sp.sqrt(y**2 + c**2), P0: sp.sqrt(s0**2 + c**2)}


def _factors() -> tuple[sp.Expr, sp.Expr]:
    """Return M and N, the scalar U of the Riccati solution for +y and -y, times D."""
    cosh, sinh = sp.cosh(D * t), sp.sinh(D * t)
    return (D * cosh + (P0 + s0 - y) * sinh, D * cosh + (P0 - s0 + y) * sinh)


def remaining_distance() -> sp.Expr:
    """Return ``y - s(t)`` as a product, without the difference of close numbers."""
    first, second = _factors()
    return (y - s0) * D**2 / (first * second)


def mode_solution() -> sp.Expr:
    """Return ``s(t) = (q+ - q-)/2`` with ``q+ = q0 N/M`` and ``q- = r0 M/N``."""
    first, second = _factors()
    return ((P0 + s0) * second / first - (P0 - s0) * first / second) / 2


def lazy_mode() -> sp.Expr:
    """Return the limit of small s/c and y/c at fixed ct: exponential relaxation at rate 2c."""
    return y + (s0 - y) * sp.exp(-2 * c * t)


def balanced_mode() -> sp.Expr:
    """Return the limit c -> 0 (s0 and y of one sign): the logistic curve, stable as written."""
    return y * s0 / (s0 + (y - s0) * sp.exp(-2 * sp.Abs(y) * t))


def threshold_crossing_time() -> sp.Expr:
    """Return the time at which a mode started at 0 reaches ``s = c`` (needs 0 < c < y).

    With ``z = q+/c`` the equation is ``dz/dt = 2 y z - c z^2 + c``; s = 0 at z = 1 and s = c at
    ``z = 1 + sqrt(2)``.
    """
    return _time_at(1 + sp.sqrt(2)) - _time_at(sp.S.One)


def _time_at(z: sp.Expr) -> sp.Expr:
    """Return the time at which q+/c reaches z, up to a constant (by partial fractions)."""
    return sp.log((D - y + c * z) / (D + y - c * z)) / (2 * D)


@cache
def stable_mode() -> StableForm:
    """Return ``s(t)`` and ``y - s(t)`` in the form that the kernel evaluates.

    Everything is divided by D, hyperbolic functions by ``exp(Dt)/2``, and each difference of
    close numbers is replaced by a quotient: ``D - |y| = c^2/(D + |y|)``,
    ``p0 - |s0| = c^2/(p0 + |s0|)``.  The mirror (s, s0, y) -> -(s, s0, y) makes y positive.
    s is reached from s0 in the first half of the way and from y in the second; where it must
    pass the saddle at 0 (opposite signs, small c), as half the difference of q+ and q-, whose
    error is a rounding of ``sqrt(s^2 + c^2)``.
    """
    rate, root = hypot(c, y), hypot(s0, c)
    one, half = sp.S.One, sp.Rational(1, 2)
    names = sp.symbols(
        "rate sign target threshold start root larger smaller q0 r0 gap fade decay gain M_ N_"
        " fade_M fade_N remaining way covered q_plus q_minus",
        real=True,
    )
    (
        D_,
        sign,
        eta,
        kappa,
        sigma,
        p0,
        larger,
        smaller,
        q0,
        r0,
        gap,
        fade,
        decay,
        gain,
        M,
        N,
        fade_M,
        fade_N,
        remaining,
        way,
        covered,
        q_plus,
        q_minus,
    ) = names
    definitions = (
        (D_, rate),
        (sign, sp.Piecewise((one, y >= 0), (-one, True))),
        (eta, sp.Abs(y) / D_),
        (kappa, c / D_),
        (sigma, sign * s0 / D_),
        (p0, root / D_),
        (larger, p0 + sp.Abs(sigma)),
        (smaller, kappa**2 / larger),
        (q0, sp.Piecewise((larger, sigma >= 0), (smaller, True))),
        (r0, sp.Piecewise((smaller, sigma >= 0), (larger, True))),
        (gap, kappa**2 / (1 + eta)),
        (fade, sp.exp(-D_ * t)),
        (decay, fade**2),
        (gain, -expm1(-2 * D_ * t)),
        (M, q0 * gain + gap + decay * (1 + eta)),
        (N, r0 * gain + (1 + eta) + decay * gap),
        # Two factors: where c is tiny, so is M, and exp(-2Dt) underflows long before exp(-2Dt)/M.
        (fade_M, fade / M),
        (fade_N, fade / N),
        (remaining, 4 * fade_M * fade_N),
        (
            way,
            sp.Piecewise(
                (gain * (kappa**2 + eta * sigma) + (1 + decay) * p0, sigma >= 0),
                (gain * kappa**2 + decay * (p0 - eta * sigma) + smaller - sigma * gap, True),
            ),
        ),
        (covered, 2 * gain * way / (M * N)),
        # q+ q- = c^2, so that q+ needs no q0, which may underflow.
        (q_minus, r0 * M / N),
        (q_plus, kappa**2 / q_minus),
    )
    distance = (y - s0) * remaining
    value = sp.Piecewise(
        (sign * D_ * half * (q_plus - q_minus), sp.And(sigma < 0, kappa < eta - sigma)),
        (s0 + (y - s0) * covered, remaining > half),
        (y - distance, True),
    )
    return StableForm((y, s0, c, t), definitions, {"value": value, "distance": distance})


@cache
def descent_map() -> tuple[sp.Expr, sp.Expr]:
    """Return what one step of simultaneous descent makes of ``q+`` and ``q-`` (lam = 0).

    The mode's 2 x 2 Gram matrix ``[[p, s], [s, p]]`` becomes ``K Q K`` with
    ``K = I - eta (s - y) [[0, 1], [1, 0]]``; both have the eigenvectors (1, +-1).
    """
    p = sp.sqrt(s**2 + c**2)
    step = sp.eye(2) - eta * (s - y) * sp.Matrix([[0, 1], [1, 0]])
    gram = step * sp.Matrix([[p, s], [s, p]]) * step
    return tuple(sp.factor(sp.expand(gram[0, 0] + sign * gram[0, 1])) for sign in (1, -1))


@cache
def stability_limit() -> sp.Expr:
    """Return the largest stable learning rate of a mode, ``1/sqrt(y^2 + c^2)``.

    Descent multiplies a small distance from the target by the derivative of its map there,
    which must exceed -1.
    """
    plus, minus = descent_map()
    multiplier = sp.simplify(((plus - minus) / 2).diff(s).subs(s, y))
    (limit,) = sp.solve(sp.Eq(multiplier, -1), eta)
    return sp.simplify(limit)


def single_mode() -> Derivation:
    """Prove the closed form of one mode, its stable form and its limits."""
    return Derivation(
        topic="single-mode",
        title="One mode of the mixed regime",
        holds="for the squared loss, real s0 and y, c > 0, any imbalance",
        source="ours; limits: Saxe, McClelland and Ganguli 2014, Tu, Aranguri and Jacot 2024",
        steps=(
            *_riccati_steps(),
            *_product_steps(),
            *_limit_steps(),
            *_stable_steps(),
            *_crossing_steps(),
            *_descent_steps(),
        ),
    )


def _reduce(expression: sp.Expr) -> sp.Expr:
    """Reduce to zero what vanishes by the definitions of D and p0 and cosh^2 - sinh^2 = 1.

    Both roots become rational: ``y = c (1 - u^2)/(2u)``, ``D = c (1 + u^2)/(2u)``, ``s0`` and
    ``p0`` likewise; then the arithmetic of a field of rational functions decides.
    """
    E, u, v = sp.symbols("E u v", positive=True)
    rational = expression.rewrite(sp.exp).subs(sp.exp(D * t), E).subs(sp.exp(-D * t), 1 / E)
    values = {
        D: c * (1 + u**2) / (2 * u),
        y: c * (1 - u**2) / (2 * u),
        P0: c * (1 + v**2) / (2 * v),
        s0: c * (1 - v**2) / (2 * v),
    }
    functions, *_ = field([E, u, v, c], sp.QQ)
    return functions.from_expr(rational.subs(values)).as_expr()


def _riccati_steps() -> list[Step]:
    p = sp.sqrt(s**2 + c**2)
    plus, minus = sp.symbols("q_+ q_-", positive=True)
    rate_s = 2 * p * (y - s)
    steps = [
        define(
            "The mode follows the gradient s - y at its rate.",
            sp.Eq(sp.Derivative(sp.Function("s")(t), t), rate_s, evaluate=False),
        ),
        define(
            "Take the sum and the difference.",
            sp.Eq(sp.Tuple(plus, minus), sp.Tuple(p + s, p - s), evaluate=False),
        ),
    ]
    for symbol, sign in ((plus, 1), (minus, -1)):
        value = p + sign * s
        steps.append(
            prove(
                "Each solves a scalar Riccati equation.",
                value.diff(s) * rate_s,
                2 * sign * y * value - value**2 + c**2,
                show=sp.Eq(
                    sp.Derivative(symbol, t),
                    2 * sign * y * symbol - symbol**2 + c**2,
                    evaluate=False,
                ),
            )
        )
    return steps


def _product_steps() -> list[Step]:
    solution, distance = mode_solution(), remaining_distance()
    first, second = _factors()
    M, N = sp.symbols("M N", positive=True)
    root = ((P0 + s0) * second / first + (P0 - s0) * first / second) / 2
    show_s = ((P0 + s0) * N / M - (P0 - s0) * M / N) / 2
    return [
        *(
            define("Write", sp.Eq(name, value, evaluate=False))
            for name, value in ((D, DEFINITIONS[D]), (P0, DEFINITIONS[P0]), (M, first), (N, second))
        ),
        prove(
            "The solution starts at s0.",
            sp.simplify(solution.subs(t, 0)),
            s0,
            show=sp.Eq(sp.Function("s")(t), show_s, evaluate=False),
        ),
        prove(
            "Its root is half the sum.",
            _reduce(root**2 - solution**2 - c**2),
            sp.S.Zero,
            show=sp.Eq(
                DEFINITIONS[D].subs(y, s),
                ((P0 + s0) * N / M + (P0 - s0) * M / N) / 2,
                evaluate=False,
            ),
        ),
        prove(
            "It solves the equation of the mode.",
            _reduce(solution.diff(t) - 2 * root * (y - solution)),
            sp.S.Zero,
            show=sp.Eq(
                sp.Derivative(sp.Function("s")(t), t),
                2 * sp.sqrt(sp.Function("s")(t) ** 2 + c**2) * (y - sp.Function("s")(t)),
                evaluate=False,
            ),
        ),
        prove(
            "The distance left to go is a product.",
            _reduce(y - solution - distance),
            sp.S.Zero,
            show=sp.Eq(y - sp.Function("s")(t), (y - s0) * D**2 / (M * N), evaluate=False),
        ),
    ]


def _limit_steps() -> list[Step]:
    target, start, squared = sp.symbols("y s0 csq", positive=True)
    positive = {y: target, s0: start}
    tau, small, x = sp.symbols("tau epsilon x", positive=True)
    # Late: a rational function of x = exp(-Dt), regular at x = 0.
    rational = remaining_distance().rewrite(sp.exp).subs(sp.exp(D * t), 1 / x)
    tail = sp.cancel(rational.subs(sp.exp(-D * t), x) / x**2).subs(x, 0)
    # Lazy: y and s0 of order epsilon at c = 1 and fixed tau = ct; regular at epsilon = 0.
    lazy_scale = {y: small * target, s0: small * start, c: 1, t: tau}
    scaled = remaining_distance().subs(DEFINITIONS).subs(lazy_scale)
    relative = (
        sp.cancel((small * target - small * start) / small)
        * scaled
        / (small * target - small * start)
    )
    lazy = sp.simplify(relative.subs(small, 0).rewrite(sp.exp))
    correction = sp.simplify(relative.diff(small).subs(small, 0))
    # Balanced: regular at c = 0 where s0 > 0, and a function of c^2.
    near = mode_solution().subs(DEFINITIONS).subs(positive).subs(c, sp.sqrt(squared))
    balanced = sp.simplify(near.subs(squared, 0).rewrite(sp.exp))
    slope = sp.factor(near.diff(squared).subs(squared, 0).rewrite(sp.exp))
    value = sp.Function("s")(t)
    return [
        derive(
            "Late: the distance decays at the rate 2D, with the prefactor",
            sp.Symbol("lim"),
            sp.factor(tail),
        ),
        prove(
            "Lazy limit: y/c and s0/c small at fixed ct.",
            lazy,
            target - lazy_mode().subs({y: target, s0: start, c: 1, t: tau}),
            show=sp.Eq(value, lazy_mode(), evaluate=False),
        ),
        prove(
            "Its relative correction starts at order 2: the term of order 1 vanishes.",
            correction,
            sp.S.Zero,
            show=sp.Eq(sp.Symbol("correction_1"), 0, evaluate=False),
        ),
        prove(
            "Balanced limit: c -> 0 with s0 > 0 is the logistic curve.",
            balanced,
            balanced_mode().subs(positive),
            show=sp.Eq(value, balanced_mode(), evaluate=False),
        ),
        derive(
            "Its correction is of order c^2, with the coefficient", sp.Symbol("ds/d(c^2)"), slope
        ),
    ]


def _stable_steps() -> list[Step]:
    form = stable_mode()
    steps = []
    past_saddle, from_start, from_target = (x[0] for x in form.outputs["value"].args)
    for start_sign in (1, -1):
        magnitude, target = sp.symbols("a y", positive=True)
        signs = {s0: start_sign * magnitude, y: target}
        for kernel, exact, name, label in (
            (form.outputs["distance"], remaining_distance(), "distance", "r"),
            (from_start, mode_solution(), "value reached from s0", "s"),
            (from_target, mode_solution(), "value reached from y", "s"),
            (past_saddle, mode_solution(), "value that passed the saddle", "s"),
        ):
            plain = sp.piecewise_fold(_plain(form.expand(kernel)).subs(signs))
            rest = (plain - exact.subs(signs)).subs({target: y, magnitude: start_sign * s0})
            steps.append(
                prove(
                    f"Kernel form of the {name}, y > 0, s0 {'>' if start_sign > 0 else '<'} 0.",
                    _reduce(rest),
                    sp.S.Zero,
                    show=sp.Eq(sp.Function(label)(t), plain, evaluate=False),
                )
            )
    return steps


def _plain(expression: sp.Expr) -> sp.Expr:
    """Undo the machine forms: hypot, expm1, and D, p0 for the two roots."""
    plain = expression.replace(hypot, lambda a, b: D if y in (a, b) else P0)
    return plain.replace(expm1, lambda x: sp.exp(x) - 1)


def _crossing_steps() -> list[Step]:
    z = sp.Symbol("z", positive=True)
    primitive = _time_at(z)
    rate = 2 * y * z - c * z**2 + c
    target = sp.Symbol("y", positive=True)
    crossing = threshold_crossing_time().subs(DEFINITIONS).subs(y, target)
    return [
        prove(
            "Time as a function of z = q+/c: its derivative is the inverse of the rate of z.",
            sp.simplify((primitive.diff(z) * rate - 1).subs(DEFINITIONS)),
            sp.S.Zero,
            show=sp.Eq(sp.Symbol("t"), primitive, evaluate=False),
        ),
        prove(
            "s = c at z = 1 + sqrt(2), so far below the target the threshold is crossed at "
            "asinh(1)/(2y).",
            sp.limit(crossing, c, 0),
            sp.asinh(1).rewrite(sp.log) / (2 * target),
        ),
    ]


def _descent_steps() -> list[Step]:
    after = descent_map()
    root = sp.sqrt(s**2 + c**2)
    steps = [
        prove(
            "Descent with learning rate eta multiplies q+ and q- by squares.",
            value,
            (root + sign * s) * (1 + sign * eta * (y - s)) ** 2,
        )
        for value, sign in zip(after, (1, -1), strict=True)
    ]
    limit = sp.Symbol("eta_max", positive=True)
    steps.append(derive("It is stable at the target below", limit, stability_limit()))
    return steps
