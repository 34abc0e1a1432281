"""Sizes of the contractions that move the kernel of a wide two-layer network.

With ``f = h^(-1/2) sum_r v_r phi(z_r)`` the kernel ``Theta = grad f . grad f``, and
``K_3 = grad Theta . grad f``, ``K_4 = grad K_3 . grad f``, are sums over the h neurons with a
factor h^(-1/2) for each f in them.  An odd number of f is odd in the last weights v, whose sign is
random: its sum is a fluctuation of size sqrt(h); an even number has a mean and grows like h.  So
``Theta ~ 1``, ``K_3 ~ 1/h`` with zero mean, ``K_4 ~ 1/h``.

While F = alpha f is trained, ``dTheta/dt = -alpha^-1 K_3 l'``: the kernel moves by ``K_3/alpha``
and ``K_4/alpha^2``.

Holds for any differentiable activation and one hidden layer; every contraction costs the same
factor at any depth (Huang and Yau 2020, taken from there).
Source: parity and counting are carried out here; the expansion is Huang and Yau 2020.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from theory.algebra.derivation import Step, define, derive, prove
from theory.crossover.alpha_plane import SCALED, gamma_h
from theory.crossover.output_scaling import h
from theory.regimes.scales import Scale, scale_of

__all__ = ["contraction", "contraction_scale", "contraction_steps", "is_odd", "neuron"]

#: Weight of a neuron in the last layer.
_v = sp.Symbol("v", real=True)
_phi = sp.Function("phi")


def _z(index: int) -> sp.Symbol:
    return sp.Symbol(f"z{index}", real=True)


def neuron(index: int) -> sp.Expr:
    """Return the term of one neuron in f on an input, without the factor ``h^(-1/2)``."""
    return _v * _phi(_z(index))


@cache
def contraction(order: int) -> sp.Expr:
    """Return the term of one neuron in K_order on ``order`` inputs; K_1 is f, K_2 the kernel.

    Gradients in the first layer meet in ``grad z_i . grad z_j = k_ij``, the inner product of two
    inputs over d_in.

    Examples
    --------
    >>> contraction(2)
    k12*v**2*Derivative(phi(z1), z1)*Derivative(phi(z2), z2) + phi(z1)*phi(z2)
    """
    if order < 1:
        raise ValueError(f"order must be at least 1, got {order}")
    if order == 1:
        return neuron(1)
    before, added = contraction(order - 1), neuron(order)
    total = before.diff(_v) * added.diff(_v)
    for index in range(1, order):
        product = sp.Symbol(f"k{index}{order}", real=True)
        total += product * before.diff(_z(index)) * added.diff(_z(order))
    return sp.expand(total)


def is_odd(term: sp.Expr) -> bool:
    """Tell whether a term changes sign with the last weight, so that it has mean zero."""
    turned = sp.expand(term.subs(_v, -_v))
    if turned == sp.expand(-term):
        return True
    if turned == sp.expand(term):
        return False
    raise ValueError(f"a term must be odd or even in v, got {term}")


@cache
def contraction_scale(order: int) -> Scale:
    """Return the scale of K_order: its factors h^(-1/2), and a sum of h terms with or without mean.

    Examples
    --------
    >>> [contraction_scale(k).exponent for k in (1, 2, 3, 4)]
    [0, 0, -gamma_h, -gamma_h]
    """
    factors = scale_of(1 / sp.sqrt(h), SCALED) ** order
    return factors * scale_of(sp.sqrt(h) if is_odd(contraction(order)) else h, SCALED)


def contraction_steps() -> list[Step]:
    """Prove the parities, and the sizes that follow."""
    steps = [define("One neuron's term in f, besides h^(-1/2).", sp.Eq(sp.Symbol("f"), neuron(1)))]
    for order, name in ((2, "Theta"), (3, "K_3")):
        steps.append(
            derive(
                f"Its term in {name}, k_ij the inner product of two inputs over d_in.",
                sp.Symbol(name),
                contraction(order),
            )
        )
    for order, name in ((1, "f"), (2, "Theta"), (3, "K_3"), (4, "K_4")):
        odd = is_odd(contraction(order))
        sign = -1 if odd else 1
        of = sp.Function(name)
        text = f"{name} is {'odd' if odd else 'even'} in the last weight: "
        text += "a sum of random signs," if odd else "its terms add up,"
        steps += [
            prove(
                text,
                contraction(order).subs(_v, -_v),
                sign * contraction(order),
                show=sp.Eq(of(-_v), sign * of(_v), evaluate=False),
            ),
            derive(
                "of order", sp.Symbol(name), h ** contraction_scale(order).exponent.coeff(gamma_h)
            ),
        ]
    return steps
