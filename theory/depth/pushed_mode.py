"""One singular mode of a deep linear network of infinite width, where nothing is random any more.

``A = W_L ... W_1`` with entries of variance 1/w in the hidden layers and unit vectors for W_1 and
W_L.  Under a constant push ``dW_l/dt = z_l h_{l-1}^T``, with the forward vectors
``h_l = W_l h_{l-1}`` and the backward ones ``z_{l-1} = W_l^T z_l``, so that

``h_l(t) = W_l(0) h_{l-1}(t) + int_0^t z_l(a) <h_{l-1}(a), h_{l-1}(t)> da``

and its mirror image.  A Gaussian layer takes what it has not met to a new vector ``u_l``,
orthogonal to all others as w grows and of the same inner products, and its transpose makes new
vectors ``r_{l-1}`` of the z_l; what it has met it takes back, ``W_l(0) r_{l-1} = z_l`` beside the
new part.  So order k of h_l and z_l is a combination of ``u_l`` and ``r_l`` of the orders 0 to k,

``W_l(0) h_{l-1,k} = u_{l,k} + sum_i [share of r_{l-1,i} in h_{l-1,k}] z_{l,i}``,

and all that is needed of these vectors is their inner products, those of the neighbouring layers:
``<u_{l,i}, u_{l,j}> = <h_{l-1,i}, h_{l-1,j}>`` and ``<r_{l,i}, r_{l,j}> = <z_{l+1,i}, z_{l+1,j}>``.
Orders are those of ``t^k/k!``, in which everything is an integer.

Holds for threshold 1 and a mode that starts at 0.  The squared loss, or any other, moves s along
the same curve at another speed.
Source: these are the equations of dynamical mean-field theory for deep linear networks (Bordelon
and Pehlevan 2022), order by order in time; exact integers are ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import comb

__all__ = ["pushed_mode_series"]

#: Rows of integers: the inner products of the orders of a field.
Products = list[list[int]]


@dataclass
class _Field:
    """The orders of h_l or z_l: shares of the new vectors u_l and r_l, and inner products."""

    u: list[list[int]] = field(default_factory=list)
    r: list[list[int]] = field(default_factory=list)
    products: Products = field(default_factory=list)


def pushed_mode_series(depth: int, order: int) -> list[int]:
    """Return the series of one mode under a constant push, ``s(t) = sum_k s_k t^k/k!``.

    Parameters
    ----------
    depth : int
        Number of layers L, at least 2.
    order : int
        Highest power of t.

    Returns
    -------
    list of int
        ``s_0 = 0`` to ``s_order``; the even ones vanish.

    Notes
    -----
    Costs of the order of ``depth * order^4`` products of integers.

    Examples
    --------
    >>> pushed_mode_series(2, 5)  # sinh(2 t), of ds/dt = 2 sqrt(1 + s^2)
    [0, 2, 0, 8, 0, 32]
    >>> pushed_mode_series(3, 5)
    [0, 3, 0, 48, 0, 1464]
    """
    # The input of the mode before W_1 and its output after W_L are unit vectors that stay.
    still = [[int(i == j == 0) for j in range(order + 1)] for i in range(order + 1)]
    h = [_Field(products=still), *(_Field() for _ in range(depth - 1))]
    z = [*(_Field() for _ in range(depth)), _Field(products=still)]
    for k in range(order + 1):
        for layer in range(1, depth):
            returned = h[layer - 1].r[k] if layer > 1 else []
            shares = _moved(k, returned, z[layer], h[layer - 1].products)
            shares[0][k] += 1
            _append(h[layer], shares, h[layer - 1].products, z[layer + 1].products)
        for layer in range(depth - 1, 0, -1):
            returned = z[layer + 1].u[k] if layer < depth - 1 else []
            shares = _moved(k, returned, h[layer], z[layer + 1].products)
            shares[1][k] += 1
            _append(z[layer], shares, h[layer - 1].products, z[layer + 1].products)
    first, last = h[1], z[1]
    return [
        sum(
            comb(k, i)
            * (
                _form(last.u[i], h[0].products, first.u[k - i])
                + _form(last.r[i], z[2].products, first.r[k - i])
            )
            for i in range(k + 1)
        )
        for k in range(order + 1)
    ]


def _moved(
    k: int, returned: list[int], other: _Field, seen: Products
) -> tuple[list[int], list[int]]:
    """Return order k of what is no new vector, in shares of u and r.

    That is what the layer takes back, ``sum_i returned_i other_i``, and what the push has added,
    ``int_0^t other(a) <seen(a), seen(t)> da``, where ``int_0^t a^i/i! a^j/j! da t^m/m!`` is
    ``C(i+j, i) C(k, m) t^k/k!`` with ``k = i + j + 1 + m``.
    """
    u, r = [0] * (k + 1), [0] * (k + 1)
    for i in range(k):
        factor = returned[i] if returned else 0
        for j in range(k - i):
            m = k - 1 - i - j
            factor += comb(i + j, i) * comb(k, m) * seen[j][m]
        for into, part in ((u, other.u[i]), (r, other.r[i])):
            for place, value in enumerate(part):
                into[place] += factor * value
    return u, r


def _append(
    grown: _Field, shares: tuple[list[int], list[int]], before: Products, after: Products
) -> None:
    """Append an order to a field, and its inner products with the lower ones."""
    u, r = shares
    grown.u.append(u)
    grown.r.append(r)
    row = [
        _form(u, before, one) + _form(r, after, other)
        for one, other in zip(grown.u, grown.r, strict=True)
    ]
    for lower, value in zip(grown.products, row, strict=False):
        lower.append(value)
    grown.products.append(row)


def _form(left: list[int], products: Products, right: list[int]) -> int:
    """Return ``left^T products right``; a share of zero asks for no product."""
    return sum(
        x * y * products[i][j] for i, x in enumerate(left) if x for j, y in enumerate(right) if y
    )
