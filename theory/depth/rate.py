"""The rate of a singular value in a deep linear network of infinite width.

With equal layers and threshold ``c = (sigma^2 w)^(L/2)`` a mode that starts at 0 moves as

``ds/dt = -c^(2 - 2/L) rho_L(s/c) g``,

g its gradient: the gradient only sets the speed along one curve, so rho_L is one function of s for
every loss.  ``rho_2(s) = 2 sqrt(1 + s^2)`` is equation (1) of Tu, Aranguri and Jacot 2024.  A
closed form is not known to us for L >= 3; ``L (1 + s^2)^(1 - 1/L)``, which interpolates between
the lazy ``L`` and the balanced ``L s^(2 - 2/L)``, is not it.

Holds for gradient flow.  Source: ours.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from theory.arguments import check_whole
from theory.depth.pushed_mode import pushed_mode_series

__all__ = ["depth_rate_coefficients"]


def depth_rate_coefficients(depth: int, count: int) -> list[sp.Rational]:
    """Return the Taylor coefficients of rho_L in s^2, exactly.

    Parameters
    ----------
    depth : int
        Number of layers L, at least 2.
    count : int
        Number of coefficients, at least 1.

    Returns
    -------
    list of sympy.Rational
        ``[r_0, r_1, ...]`` with ``rho_L(s) = r_0 + r_1 s^2 + r_2 s^4 + ...``; r_0 is L.

    Raises
    ------
    TypeError, ValueError
        If an argument is no integer or is too small.

    Notes
    -----
    The series converges for small s alone (below 1 at L = 2).  Costs of the order of
    ``depth * count^4`` products of integers.

    Examples
    --------
    >>> depth_rate_coefficients(2, 4)  # of 2 sqrt(1 + s^2)
    [2, 1, -1/4, 1/8]
    >>> depth_rate_coefficients(3, 3)
    [3, 8/3, -67/81]
    """
    depth = check_whole("depth", depth, 2)
    count = check_whole("count", count, 1)
    order = 2 * count
    moments = pushed_mode_series(depth, order - 1)
    mode, factorial = [], 1
    for k, value in enumerate(moments):
        factorial *= max(k, 1)
        mode.append(Fraction(value, factorial))
    # As series in u = t^2: s^2 = u * square, and ds/dt, which is to be a series in s^2.
    odd = mode[1::2]
    left = [(2 * k + 1) * value for k, value in enumerate(odd)]
    square = _product(odd, odd)
    power = [Fraction(1)] + [Fraction(0)] * (count - 1)
    found = []
    for k in range(count):
        coefficient = left[k] / power[k]
        found.append(coefficient)
        left = [x - coefficient * y for x, y in zip(left, power, strict=True)]
        power = [Fraction(0), *_product(power, square)][:count]
    return [sp.Rational(x.numerator, x.denominator) for x in found]


def _product(one: list[Fraction], other: list[Fraction]) -> list[Fraction]:
    """Return the product of two power series to the length of the first."""
    return [
        sum((one[i] * other[k - i] for i in range(k + 1)), Fraction(0)) for k in range(len(one))
    ]
