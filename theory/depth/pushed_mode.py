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
from functools import cache
from math import comb

__all__ = ["PushedMode", "pushed_mode"]

#: Rows of integers: the inner products of the orders of a field.
Products = list[list[int]]


@dataclass
class PushedMode:
    """The series of a pushed mode in ``t^k/k!``, as integers.

    Attributes
    ----------
    mode : list of int
        Of the singular value s(t).
    first_layer : list of int
        Of ``|W_1|^2``, the squared length of what the first layer makes of the mode's input.
    """

    mode: list[int]
    first_layer: list[int]


@dataclass
class _Field:
    """The orders of h_l or z_l: shares of the new vectors u_l and r_l, and inner products."""

    u: list[list[int]] = field(default_factory=list)
    r: list[list[int]] = field(default_factory=list)
    products: Products = field(default_factory=list)
    # Products of the new vectors' inner products with the shares of each order.
    met: list[tuple[list[int], list[int]]] = field(default_factory=list)

    def append(
        self, shares: tuple[list[int], list[int]], before: Products, after: Products
    ) -> None:
        """Append an order, given the inner products of the u_l and of the r_l."""
        u, r = shares
        self.u.append(u)
        self.r.append(r)
        self.met.append(([_dot(row, u) for row in before], [_dot(row, r) for row in after]))
        k = len(self.u) - 1
        row = [self.product(k, self, i) for i in range(k + 1)]
        for lower, value in zip(self.products, row, strict=False):
            lower.append(value)
        self.products.append(row)

    def product(self, i: int, other: _Field, j: int) -> int:
        """Return the inner product of order i with order j <= i of a field of the same layer."""
        u, r = self.met[i]
        return _dot(u, other.u[j]) + _dot(r, other.r[j])


@cache
def pushed_mode(depth: int, order: int) -> PushedMode:
    """Return the series of one mode under a constant push, to a power of t.

    Parameters
    ----------
    depth : int
        Number of layers L, at least 2.
    order : int
        Highest power of t.

    Notes
    -----
    Costs of the order of ``depth * order^3`` products of integers.

    Examples
    --------
    >>> pushed_mode(2, 5)  # sinh(2 t) and cosh(2 t), of ds/dt = 2 sqrt(1 + s^2)
    PushedMode(mode=[0, 2, 0, 8, 0, 32], first_layer=[1, 0, 4, 0, 16, 0])
    >>> pushed_mode(3, 5).mode
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
            h[layer].append(shares, h[layer - 1].products, z[layer + 1].products)
        for layer in range(depth - 1, 0, -1):
            returned = z[layer + 1].u[k] if layer < depth - 1 else []
            shares = _moved(k, returned, h[layer], z[layer + 1].products)
            shares[1][k] += 1
            z[layer].append(shares, h[layer - 1].products, z[layer + 1].products)
    first, last = h[1], z[1]
    mode = [
        sum(
            comb(k, i)
            * (last.product(i, first, k - i) if 2 * i >= k else first.product(k - i, last, i))
            for i in range(k + 1)
        )
        for k in range(order + 1)
    ]
    lengths = [
        sum(comb(k, i) * first.products[i][k - i] for i in range(k + 1)) for k in range(order + 1)
    ]
    return PushedMode(mode, lengths)


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


def _dot(left: list[int], right: list[int]) -> int:
    """Return the inner product of two lists, of which one may be longer."""
    return sum(x * y for x, y in zip(left, right, strict=False) if x and y)
