"""Lazy and feature training in the plane of (alpha, h), from the boundaries of (sigma^2, w).

With ``alpha = d^gamma_alpha`` and ``h = d^gamma_h`` the mapping of
:mod:`theory.crossover.output_scaling` gives ``gamma_sigma2 = gamma_alpha - gamma_h/2`` and
``gamma_w = gamma_h``; every boundary of :mod:`theory.regimes.boundaries` follows.  Threshold
against target is ``gamma_alpha = p - gamma_h/2``: at a fixed task ``alpha* ~ h^(-1/2)``.

Holds as :mod:`theory.regimes.boundaries`, for A of size d x d; ``alpha* ~ h^(-1/2)`` for h > d.
Below, the kernel's edge ``c (1 + d/h)`` takes the place of c and alpha* grows like ``h^(1/2)``.
Source: ``alpha* ~ h^(-1/2)`` is claimed by Geiger, Spigler, Jacot and Wyart 2020; the derivation
from the comparison of scales is ours.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from theory.algebra.derivation import Step, derive
from theory.crossover.output_scaling import crossover_mapping
from theory.regimes.boundaries import Boundary, boundaries
from theory.regimes.scales import BASE, EQUAL_LAYERS, Scale, narrow, scale_of, wide
from theory.symbols.crossover import alpha, alpha_star, gamma_alpha, gamma_h, h, power_star
from theory.symbols.regimes import gamma_sigma2, gamma_w
from theory.symbols.task import theta

__all__ = [
    "SCALED",
    "boundary_exponent",
    "crossover_boundary",
    "exponents_in_plane",
    "log_slope",
    "plane_steps",
]

#: Scales of the letters of the task and of the scaled network.
SCALED: dict[sp.Symbol, Scale] = BASE | {alpha: Scale(gamma_alpha), h: Scale(gamma_h)}


@cache
def exponents_in_plane() -> dict[sp.Symbol, sp.Expr]:
    """Return gamma_sigma2 and gamma_w of a scaled network, in gamma_alpha and gamma_h.

    Examples
    --------
    >>> exponents_in_plane()
    {gamma_sigma2: gamma_alpha - gamma_h/2, gamma_w: gamma_h, gap: 0}
    """
    mapping = crossover_mapping()
    read = {gamma_sigma2: mapping.init_variance, gamma_w: mapping.width}
    return {key: scale_of(value, SCALED).exponent for key, value in read.items()} | EQUAL_LAYERS


def crossover_boundary(name: str = "active / lazy") -> sp.Eq:
    """Return a boundary of the plane (variance, width) in the exponents of alpha and h.

    Parameters
    ----------
    name : str
        Of a :class:`theory.regimes.boundaries.Boundary`.

    Raises
    ------
    ValueError
        If there is no such boundary, or neither alpha nor h decides it.

    Examples
    --------
    >>> crossover_boundary()
    Eq(gamma_alpha, -gamma_h/2 + p)
    >>> crossover_boundary("infinite noise")
    Eq(gamma_alpha, q)
    """
    equation = _named(name).equation
    excess = sp.expand((equation.lhs - equation.rhs).xreplace(exponents_in_plane()))
    for unknown in (gamma_alpha, gamma_h):
        if excess.has(unknown):
            return sp.Eq(unknown, sp.solve(excess, unknown)[0], evaluate=False)
    raise ValueError(f"a boundary must depend on alpha or h, got {name!r}")


def boundary_exponent(name: str = "active / lazy") -> sp.Expr:
    """Return x of ``alpha* ~ h^x`` along a boundary of alpha, the task being fixed.

    Examples
    --------
    >>> boundary_exponent(), boundary_exponent("active / lazy, w < d")
    (-1/2, 1/2)
    """
    equation = crossover_boundary(name)
    if equation.lhs != gamma_alpha:
        raise ValueError(f"alpha must decide the boundary, got {name!r}")
    return equation.rhs.diff(gamma_h)


def log_slope(expression: sp.Expr, symbol: sp.Symbol, point: sp.Expr | int) -> sp.Expr:
    """Return the limit of ``d log(expression)/d log(symbol)``, the exponent of a power law.

    Examples
    --------
    >>> log_slope(sp.sqrt(h**2 + 1), h, sp.oo), log_slope(sp.sqrt(h**2 + 1), h, 0)
    (1, 0)
    """
    return sp.limit(sp.simplify(symbol * expression.diff(symbol) / expression), symbol, point)


def plane_steps() -> list[Step]:
    """Prove the boundaries of alpha, and the exponent of alpha* at a fixed task."""
    plane = exponents_in_plane()
    steps = [
        derive("In exponents the variance is", gamma_sigma2, plane[gamma_sigma2]),
        derive("and the width", gamma_w, plane[gamma_w]),
    ]
    texts = {
        "active / lazy": "Feature against lazy training: the threshold against the target, w > d,",
        "active / lazy, w < d": "For w < d (square matrices) the kernel's edge takes its place: "
        "here alpha* grows with h.",
        "threshold / noise": "Every mode of the noise is lazy above, w > d.",
        "infinite noise": "The initial matrix against the noise, whose entries are d^q; it drops "
        "out where A(0) is subtracted.",
    }
    for name, text in texts.items():
        boundary, line = _named(name), crossover_boundary(name)
        ratio = (narrow if boundary.side == "narrow" else wide)(boundary.ratio_exponent)
        (tied,) = sp.solve(ratio.xreplace(plane), gamma_alpha)
        steps.append(derive(text, gamma_alpha, tied, stated=line.rhs))
    threshold = crossover_mapping().threshold
    (star,) = sp.solve(threshold - theta, alpha)
    power = log_slope(star, h, sp.oo)
    steps += [
        derive("At a fixed target theta it is", alpha_star, star),
        derive(
            "with the exponent of h that the comparison of scales gives.",
            power_star,
            power,
            stated=boundary_exponent(),
        ),
    ]
    return steps


def _named(name: str) -> Boundary:
    known = {boundary.name: boundary for boundary in boundaries()}
    if name not in known:
        raise ValueError(f"a boundary must be one of {', '.join(known)}, got {name!r}")
    return known[name]
