"""The rate of a singular value in a deep linear network of infinite width.

With equal layers and threshold ``c = (sigma^2 w)^(L/2)`` a mode that starts at 0 moves as

``ds/dt = -c^(2 - 2/L) rho_L(s/c) g``,

g its gradient: the gradient only sets the speed along one curve, so rho_L is one function of s for
every loss.  ``rho_2(s) = 2 sqrt(1 + s^2)`` is equation (1) of Tu, Aranguri and Jacot 2024.  A
closed form is not known to us for L >= 3; ``L (1 + s^2)^(1 - 1/L)``, which interpolates between
the lazy ``L`` and the balanced ``L s^(2 - 2/L)``, is not it, nor is, at L = 3 and by 0.7 %,
``3 n^2 + 2 n - 2`` with ``s^2 = n (n - 1) (n + 2)``.

The lazy limit is approached as ``L + (L^2 - 1)/3 s^2`` (checked for L = 2 to 9), the balanced one
from above by about ``s^(-4/L)``, with what looks like a logarithm of s for L >= 3 (not proved).

Holds for gradient flow.  Source: ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache

import mpmath
import sympy as sp

from theory.arguments import check_real, check_whole
from theory.depth.pushed_mode import pushed_mode
from theory.wording import shown

__all__ = ["depth_rate", "depth_rate_coefficients"]

#: Degrees of the denominators that are tried, until three neighbours agree.
ORDERS = (4, 6, 8, 10, 12, 14, 16, 18, 20, 22)

#: Largest depth of an evaluation, and number of products of a series, which take minutes.
DEEPEST, MOST_PRODUCTS = 30, 10**8

#: Halvings that find m to more digits than are asked for, from any s that a float holds.
BISECTIONS = 100

Rational = Callable[[mpmath.mpf], mpmath.mpf]


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
        If an argument is no integer, is too small, or asks for too much work.

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
    if depth * (2 * count) ** 3 > MOST_PRODUCTS:
        raise ValueError(
            f"depth (2 count)^3 must be at most {MOST_PRODUCTS:g}, which takes minutes, "
            f"got depth {shown(depth)} and count {shown(count)}"
        )
    rate, square, _ = _in_squared_time(depth, count)
    return [sp.Rational(x.numerator, x.denominator) for x in _in_terms_of(square, rate)]


def depth_rate(depth: int, s: float, *, digits: int = 9) -> float:
    """Return rho_L(s), the rate of a singular value s in units of the threshold.

    Parameters
    ----------
    depth : int
        Number of layers L, 2 to 30.
    s : float
        Singular value over threshold, finite; rho_L is even.
    digits : int
        Digits that three approximations, of neighbouring orders, agree in and one more; 3 to 12.

    Returns
    -------
    float
        The rate of the highest order.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of its range, or if the highest orders do not
        agree.

    Notes
    -----
    Both s^2 and the rate are functions of ``m = |W_1|^2 - 1`` that grow like its powers L and
    L - 1; their Pade approximants of these degrees are found from exact coefficients.  With
    9 digits it reaches s = 140 at L = 3, 200 at L = 4 and 300 at L = 5; with 6, beyond 1000.

    Examples
    --------
    >>> depth_rate(2, 0.75)
    2.5
    >>> [round(depth_rate(3, s), 6) for s in (0, 1, 10)]
    [3.0, 5.168948, 67.124504]
    """
    if check_whole("depth", depth, 2) > DEEPEST:
        raise ValueError(f"depth must be at most {DEEPEST}, got {shown(depth)}")
    if check_whole("digits", digits, 3) > 12:
        raise ValueError(f"digits must be at most 12, got {shown(digits)}")
    value = abs(check_real("s", s))
    if depth == 2:
        return 2 * math.hypot(1, value)
    found: list[mpmath.mpf] = []
    for order in ORDERS:
        with mpmath.workdps(8 * order + 40):
            found.append(_approximated(depth, order, value))
            if len(found) > 2 and max(found[-3:]) - min(found[-3:]) <= found[-1] / 10 ** (
                digits + 1
            ):
                return float(found[-1])
    raise ValueError(
        f"s must be smaller: the rate at depth {depth} is not known to {digits} digits at {value:g}"
    )


def _approximated(depth: int, order: int, s: float) -> mpmath.mpf:
    square, rate = _approximants(depth, order)
    goal = mpmath.mpf(s) ** 2
    # s^2 grows with m, and is above m^L.
    low, high = mpmath.mpf(0), mpmath.root(goal, depth)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if middle * square(middle) > goal else (middle, high)
    return rate(low)


@cache
def _approximants(depth: int, order: int) -> tuple[Rational, Rational]:
    """Return s^2/m and the rate as rational functions of m, with denominators of a degree."""
    rate, square, first = _in_squared_time(depth, 2 * order + depth + 1)
    return (
        _pade(_in_terms_of(first, square)[1:], order + depth - 1, order),
        _pade(_in_terms_of(first, rate), order + depth - 1, order),
    )


def _pade(series: list[Fraction], above: int, below: int) -> Rational:
    terms = [mpmath.mpf(x.numerator) / x.denominator for x in series[: above + below + 1]]
    numerator, denominator = (side[::-1] for side in mpmath.pade(terms, above, below))
    return lambda x: mpmath.polyval(numerator, x) / mpmath.polyval(denominator, x)


def _in_squared_time(
    depth: int, count: int
) -> tuple[list[Fraction], list[Fraction], list[Fraction]]:
    """Return ds/dt, s^2 and ``|W_1|^2 - 1`` of a pushed mode as series in t^2."""
    pushed = pushed_mode(depth, 2 * count - 1)
    mode, first = (
        [Fraction(value, math.factorial(k)) for k, value in enumerate(series)]
        for series in (pushed.mode, pushed.first_layer)
    )
    odd = mode[1::2]
    rate = [(2 * k + 1) * value for k, value in enumerate(odd)]
    return rate, [Fraction(0), *_product(odd, odd)][:count], [Fraction(0), *first[2::2]]


def _in_terms_of(variable: list[Fraction], series: list[Fraction]) -> list[Fraction]:
    """Return a power series as one in another variable, which is a series without constant."""
    left, found = series, []
    power = [Fraction(1)] + [Fraction(0)] * (len(series) - 1)
    for k in range(len(series)):
        found.append(left[k] / power[k])
        left = [x - found[k] * y for x, y in zip(left, power, strict=True)]
        power = _product(power, variable)
    return found


def _product(one: list[Fraction], other: list[Fraction]) -> list[Fraction]:
    """Return the product of two power series of one length."""
    length = range(len(one))
    return [sum((one[i] * other[k - i] for i in range(k + 1)), Fraction(0)) for k in length]
