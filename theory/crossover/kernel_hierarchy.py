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
from theory.crossover.alpha_plane import SCALED
from theory.regimes.scales import Scale, scale_of
from theory.symbols.crossover import (
    K_3,
    K_4,
    NEURON_TERMS,
    f,
    gamma_h,
    h,
    input_product,
    kernel,
    phi,
    preactivation,
    v_last,
)

__all__ = ["contraction", "contraction_scale", "contraction_steps", "is_odd", "neuron"]


def neuron(index: int) -> sp.Expr:
    """Return the term of one neuron in f on an input, without the factor ``h^(-1/2)``."""
    return v_last * phi(preactivation(index))


@cache
def contraction(order: int) -> sp.Expr:
    """Return the term of one neuron in K_order on ``order`` inputs; K_1 is f, K_2 the kernel.

    Gradients in the first layer meet in ``grad z_i . grad z_j = k_ij``, the inner product of two
    inputs over d_in.

    Examples
    --------
    >>> contraction(2).subs(v_last, 0)
    activation(z1)*activation(z2)
    """
    if order < 1:
        raise ValueError(f"order must be at least 1, got {order}")
    if order == 1:
        return neuron(1)
    before, added = contraction(order - 1), neuron(order)
    total = before.diff(v_last) * added.diff(v_last)
    for index in range(1, order):
        slopes = before.diff(preactivation(index)) * added.diff(preactivation(order))
        total += input_product(index, order) * slopes
    return sp.expand(total)


def is_odd(term: sp.Expr) -> bool:
    """Tell whether a term changes sign with the last weight, so that it has mean zero."""
    turned = sp.expand(term.subs(v_last, -v_last))
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
    steps = [define("One neuron's term in f, besides h^(-1/2).", sp.Eq(f, neuron(1)))]
    for order, name, text in ((2, kernel, "Theta"), (3, K_3, "K_3")):
        steps.append(
            derive(
                f"Its term in {text}, k_ij the inner product of two inputs over d_in.",
                name,
                contraction(order),
            )
        )
    names = ((f, "f"), (kernel, "Theta"), (K_3, "K_3"), (K_4, "K_4"))
    for order, ((name, text), term) in enumerate(zip(names, NEURON_TERMS, strict=True), start=1):
        odd, turned = is_odd(contraction(order)), sp.Subs(contraction(order), v_last, -v_last)
        sign = -1 if odd else 1
        steps += [
            prove(
                f"{text} is {'odd' if odd else 'even'} in the last weight: "
                f"{'a sum of random signs,' if odd else 'its terms add up,'}",
                sp.Eq(term(-v_last), sign * term(v_last), evaluate=False),
                where={term(-v_last): turned, term(v_last): contraction(order)},
            ),
            derive("of order", name, h ** contraction_scale(order).exponent.coeff(gamma_h)),
        ]
    return steps
