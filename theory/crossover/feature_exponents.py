"""Exponents of feature and lazy training at any depth, by comparing scales.

A network of L hidden layers of width h with unit-variance weights, ``F = alpha (f - f_0)`` and
``A = sqrt(h) alpha``.  *Feature*: the layers grow along one direction each, alike since
``||W_l||^2 - ||W_{l+1}||^2`` is conserved, to lambda times the norm sqrt(h) at which they start to
matter; ``alpha f ~ 1`` gives ``lambda^(L+1) = 1/A`` and the kernel, quadratic in L layers,
``Theta ~ lambda^(2L)``.  Before lambda passes 1, at ``t_1 ~ A``, the dynamics is linear.  *Lazy*:
the kernel moves by ``K_3/alpha + K_4/alpha^2`` with the contractions
``K_3 = grad Theta . grad f``, ``K_4 = grad K_3 . grad f`` of
:mod:`theory.crossover.kernel_hierarchy`.

Holds for activations that are homogeneous of degree 1 where they matter (identity, ReLU; softplus
once pre-activations are large), data and targets fixed; feature for A << 1, lazy for A >> 1.
Source: measured and argued by Geiger, Spigler, Jacot and Wyart 2020; the scales are computed here.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from theory.arguments import check_depth
from theory.crossover.alpha_plane import SCALED
from theory.crossover.kernel_hierarchy import contraction_scale
from theory.crossover.output_scaling import scaled_alpha
from theory.regimes.scales import Scale, scale_of
from theory.symbols.crossover import L, alpha, gamma_alpha, gamma_h, h, r, r_own

__all__ = [
    "coherent_kernel",
    "coherent_output",
    "feature_boundary_exponent",
    "feature_exponent",
    "in_scaled_alpha",
    "kernel_growth",
    "last_layer_exponent",
    "lazy_exponent",
    "linear_time",
    "weight_growth",
]

#: The scale of A.
SCALED_ALPHA = scale_of(scaled_alpha, SCALED)


def coherent_output(own: sp.Expr, other: sp.Expr, depth: sp.Expr = L) -> sp.Expr:
    """Return f of layers ``W_l = r_l u_l u_{l-1}^T``, one of norm ``own``, L of norm ``other``.

    An input has norm sqrt(d_in), which its layer divides by; L layers divide by sqrt(h).
    """
    return own * other**depth * h ** (-depth / 2)


def coherent_kernel(norm: sp.Expr, depth: sp.Expr = L) -> sp.Expr:
    """Return ``|grad f|^2`` of L + 1 layers of one norm."""
    slope = coherent_output(r_own, r, depth).diff(r_own).subs({r_own: norm, r: norm})
    return (depth + 1) * slope**2


@cache
def weight_growth(depth: sp.Expr = L) -> Scale:
    """Return the scale of lambda where ``alpha f ~ 1``.

    Examples
    --------
    >>> in_scaled_alpha(weight_growth())
    (-1/(L + 1), 0)
    """
    unknown = sp.Dummy("exponent", real=True)
    size = _norm(Scale(unknown))
    learned = SCALED[alpha] * _output(size, size, depth)
    (found,) = sp.solve(learned.compare(Scale(sp.S.Zero)).tie, unknown)
    return Scale(sp.expand(sp.simplify(found)))


@cache
def kernel_growth(depth: sp.Expr = L) -> Scale:
    """Return the scale of ``||dTheta||/||Theta_0||`` in the feature regime."""
    grown, start = (_kernel(_norm(x), depth) for x in (weight_growth(depth), Scale(sp.S.Zero)))
    return grown / start


def feature_exponent(depth: sp.Expr | int = L) -> sp.Expr:
    """Return a of ``||dTheta||/||Theta_0|| ~ A^(-a)`` in the feature regime.

    Parameters
    ----------
    depth : int or expression
        L, the number of hidden layers.

    Raises
    ------
    ValueError
        If L is no positive integer.

    Examples
    --------
    >>> feature_exponent(), [feature_exponent(n) for n in (1, 2, 3)]
    (2*L/(L + 1), [1, 4/3, 3/2])
    """
    return sp.factor(-_collapsed(kernel_growth(_checked(depth))))


def last_layer_exponent(depth: sp.Expr | int = L) -> sp.Expr:
    """Return the exponent of A in ``||dW||/||W_0||`` of the last layer, feature regime.

    Its h entries of unit variance have the norm sqrt(h) at the start.

    Examples
    --------
    >>> last_layer_exponent(), last_layer_exponent(3)
    (-1/(L + 1), -1/4)
    """
    start = scale_of(sp.sqrt(h), SCALED)
    return sp.factor(_collapsed(_norm(weight_growth(_checked(depth))) / start))


def lazy_exponent(order: int = 1) -> tuple[sp.Expr, sp.Expr]:
    """Return (x, y) of the kernel's lazy change ``A^x h^y``, its term of first or second order.

    Examples
    --------
    >>> lazy_exponent(), lazy_exponent(2)
    ((-1, -1/2), (-2, 0))
    """
    if order not in (1, 2):
        raise ValueError(f"order must be 1 or 2, got {order!r}")
    change = SCALED[alpha] ** -order * contraction_scale(order + 2) / contraction_scale(2)
    return in_scaled_alpha(change)


@cache
def linear_time(depth: sp.Expr = L) -> Scale:
    """Return the scale of t_1, when the growing norms reach sqrt(h) at the speed of the start.

    The flow of ``alpha^-2 l(alpha f)`` moves a norm at ``alpha^-1 |l'| df/dr``, and l' is of
    order 1 until the data are learned.
    """
    size = _norm(Scale(sp.S.Zero))
    speed = _output(size, size, depth) / size / SCALED[alpha]
    return size / speed


def feature_boundary_exponent(depth: sp.Expr | int = L) -> sp.Expr:
    """Return x of ``alpha* ~ h^x``, where the kernel's change passes 1 from the feature side.

    Examples
    --------
    >>> feature_boundary_exponent()
    -1/2
    """
    tie = kernel_growth(_checked(depth)).compare(Scale(sp.S.Zero)).tie
    (found,) = sp.solve(tie, gamma_alpha)
    return sp.simplify(found.diff(gamma_h))


def in_scaled_alpha(scale: Scale) -> tuple[sp.Expr, sp.Expr]:
    """Return (x, y) of a scale written as ``A^x h^y``.

    Examples
    --------
    >>> in_scaled_alpha(scale_of(alpha, SCALED))
    (1, -1/2)
    """
    x, y = sp.Dummy("x"), sp.Dummy("y")
    written = SCALED_ALPHA.exponent * x + y * gamma_h
    rest = sp.expand(scale.exponent - written)
    found = sp.solve([rest.coeff(gamma_alpha), rest.coeff(gamma_h)], [x, y])
    return sp.simplify(found[x]), sp.simplify(found[y])


def _norm(growth: Scale) -> Scale:
    """Return the norm ``lambda sqrt(h)`` of a layer along its growing direction."""
    return growth * scale_of(sp.sqrt(h), SCALED)


def _output(own: Scale, other: Scale, depth: sp.Expr) -> Scale:
    """Return the scale of :func:`coherent_output`, whose powers depend on L."""
    divisor = scale_of(1 / sp.sqrt(h), SCALED) ** depth
    return divisor * own * other**depth


def _kernel(size: Scale, depth: sp.Expr) -> Scale:
    return (_output(size, size, depth) / size) ** 2


def _collapsed(scale: Scale) -> sp.Expr:
    """Return the exponent of A of a scale that depends on nothing else."""
    power, rest = in_scaled_alpha(scale)
    if rest != 0:
        raise ValueError(f"a scale must be a power of A alone, got A^({power}) h^({rest})")
    return power


def _checked(depth: sp.Expr | int) -> sp.Expr:
    return check_depth("depth", depth)
