r"""The text of ``exp(-x)`` and ``log(1 + e)`` as arithmetic, which compilers vectorise.

A call of the mathematical library in a loop keeps it scalar; these two are sums and products.

- ``decay(x) = exp(-x)``, x >= 0:  ``-x = k log 2 + r`` with k whole and ``|r| <= log(2)/2``, so
  ``exp(-x) = 2^k exp(r)``; a polynomial has exp(r), and 2^k is written into the bits of a float.
- ``log_one_plus(e)``, 0 <= e <= 1:  ``2 atanh(s)``, ``s = e/(2 + e) <= 1/3``; a polynomial in
  ``s^2`` has ``atanh(s)/s``.

mpmath fits the polynomials (Chebyshev) when the text is made, and the degree is the least for
which its error is below a quarter of the round-off of float64.  Beyond x = 708, where exp(-x) would
leave the normal floats, ``decay`` stays at ``exp(-708) = 3e-308``.

Holds for float64; :func:`with_fast_exponentials` puts them where a sign that sympy knows allows it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import sympy as sp
from sympy.codegen.cfunctions import log1p
from sympy.printing.printer import Printer

from theory.kernels.emission import DECORATOR

__all__ = ["fast_exponentials", "with_fast_exponentials"]

DIGITS = 40
#: Relative error of a polynomial, a quarter of the distance of floats next to 1.
ALLOWED = mpmath.mpf(2) ** -54
#: Adding it to a small number leaves its nearest whole number in the last bits.
SHIFT = 1.5 * 2**52
#: Bits of the part of log 2 whose product with k is exact (k has 11 bits, a float 53).
EXACT_BITS = 40
#: exp(-LARGEST) is the last normal float.
LARGEST = 708.0


class _Decay(sp.Function):
    """``exp(-x)`` of a nonnegative argument."""

    nargs = 1

    def _pythoncode(self, printer: Printer) -> str:
        return f"decay({printer.doprint(self.args[0])})"


class _LogOnePlus(sp.Function):
    """``log(1 + e)`` of an argument between 0 and 1."""

    nargs = 1

    def _pythoncode(self, printer: Printer) -> str:
        return f"log_one_plus({printer.doprint(self.args[0])})"


def with_fast_exponentials(expression: sp.Expr) -> sp.Expr:
    """Return an expression with ``exp(-x)``, x >= 0, and ``log1p(exp(-x))`` in one piece each.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> sp.pycode(with_fast_exponentials(log1p(sp.exp(-sp.Abs(z)))))
    'log_one_plus(decay(abs(z)))'
    """
    found = expression.replace(
        lambda x: isinstance(x, sp.exp) and bool(x.args[0].is_nonpositive),
        lambda x: _Decay(-x.args[0]),
    )
    return found.replace(
        lambda x: isinstance(x, log1p) and isinstance(x.args[0], _Decay),
        lambda x: _LogOnePlus(x.args[0]),
    )


@cache
def fast_exponentials() -> list[str]:
    """Return the lines of a module that define both functions."""
    with mpmath.workdps(DIGITS):
        log2 = mpmath.log(2)
        high = mpmath.mpf(int(log2 * 2**EXACT_BITS)) / 2**EXACT_BITS
        half = log2 / 2
        power = _polynomial(mpmath.exp, -half, half, "r")
        area = _polynomial(_scaled_atanh, mpmath.mpf(0), mpmath.mpf(1) / 9, "t")
        numbers = [float(x) for x in (1 / log2, high, log2 - high)]
    per, upper, lower = map(repr, numbers)
    return [
        "",
        "",
        DECORATOR,
        "def decay(x):",
        f"    y = {-LARGEST!r} if x > {LARGEST!r} else -x",
        f"    shifted = y * {per} + {SHIFT!r}",
        f"    k = shifted - {SHIFT!r}",
        f"    r = (y - k * {upper}) - k * {lower}",
        # The last bits of shifted are k; 1023 is the bias of the exponent, 52 its place.
        "    bits = np.int64((np.float64(shifted).view(np.int64) + 1023) << 52)",
        f"    return ({power}) * np.int64(bits).view(np.float64)",
        "",
        "",
        DECORATOR,
        "def log_one_plus(e):",
        "    s = e / (2.0 + e)",
        "    t = s * s",
        f"    return 2.0 * s * ({area})",
    ]


def _scaled_atanh(t: mpmath.mpf) -> mpmath.mpf:
    root = mpmath.sqrt(abs(t))
    return mpmath.atanh(root) / root if root else mpmath.mpf(1)


def _polynomial(function: Callable[..., Any], low: mpmath.mpf, high: mpmath.mpf, name: str) -> str:
    """Return the Horner form of the shortest polynomial that is as good as the function."""
    least = min(abs(function(low)), abs(function(high)))
    for terms in range(2, 40):
        coefficients, error = mpmath.chebyfit(function, [low, high], terms, error=True)
        if error < ALLOWED * least:
            text = repr(float(coefficients[0]))
            for number in coefficients[1:]:
                text = f"({text}) * {name} + {float(number)!r}"
            return text
    raise ValueError(f"a polynomial of 40 terms must be enough, got an error of {error}")
