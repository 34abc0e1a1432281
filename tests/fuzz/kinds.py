"""Kinds of arguments, and calls that name them: one small valid call of every public callable.

A kind says which values a function may take, told apart without the package's checks; a call names
the kind of each argument that the callable has, with ``?`` after it where None stands for "not
given".  Arguments without a value in the call are left out of it, and tried all the same.

``may_be(kind)(value)`` says that silence is right; it is no promise that the value is taken, since
other arguments may forbid it.
"""

import math
import numbers
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import sympy as sp

__all__ = ["KINDS", "Call", "temporary"]


def _is_number(x):
    return isinstance(x, numbers.Real) and not isinstance(x, bool | np.bool_)


def _is_finite(x):
    if isinstance(x, numbers.Integral) and _is_number(x):
        return True
    try:
        return _is_number(x) and math.isfinite(x)
    except OverflowError:
        return False


def _is_whole(x):
    whole = isinstance(x, numbers.Integral) and _is_number(x)
    return whole or (_is_finite(x) and x == int(x))


def _is_array(x, *axes):
    """Tell real, finite numbers in a regular shape; axes are the numbers of axes allowed."""
    if isinstance(x, np.ma.MaskedArray | bytearray | set | dict) or type(x).__module__.startswith(
        "sympy"
    ):
        return False
    try:
        array = np.asarray(x)
        whole = array.dtype.kind in "iuf" and array.size > 0
        with np.errstate(over="ignore"):
            return whole and array.ndim in axes and bool(np.isfinite(array.astype(float)).all())
    except Exception:
        return False


def _is_array_or_inf(x):
    try:
        return _is_array(x, *range(33)) or _is_array(np.where(np.isinf(x), 0, x), *range(33))
    except Exception:
        return False


def _is_text(x):
    return isinstance(x, str)


def _is_callable(x):
    return callable(x)


def _is_expression(x):
    # A number alone is a function of nothing, which nothing can be learned from.
    return isinstance(x, sp.Expr) and bool(x.free_symbols)


def _is_axis(x):
    if _is_text(x):
        return x == "3"
    return _is_finite(x) or _is_increasing(x)


def _is_increasing(x):
    return _is_array(x, 1) and bool((np.diff(np.asarray(x)) > 0).all())


def _all(test):
    def holds(x):
        try:
            return not isinstance(x, str | bytes | dict) and all(test(y) for y in x)
        except Exception:
            return False

    return holds


def _is_path(x):
    return isinstance(x, str | os.PathLike)


def _is_exponent(x):
    """Tell real numbers and sympy's real expressions."""
    return _is_finite(x) or (isinstance(x, sp.Expr) and x.is_extended_real is not False)


#: By kind: may this value be taken in silence?
KINDS = {
    "count": lambda x: _is_whole(x) and x >= 1,
    "draws": lambda x: _is_whole(x) and (x == 0 or 2 <= x <= 10_000),
    "whole": _is_whole,
    "seed": lambda x: _is_whole(x) and x >= 0,
    "rng": lambda x: (_is_whole(x) and x >= 0) or isinstance(x, np.random.Generator),
    "real": _is_finite,
    "positive": lambda x: _is_finite(x) and x > 0,
    "positive or inf": lambda x: _is_number(x) and x > 0,
    "nonnegative": lambda x: _is_finite(x) and x >= 0,
    "share": lambda x: _is_finite(x) and 0 < x <= 1,
    "width": lambda x: _is_finite(x) and x >= 1,
    "width or inf": lambda x: _is_number(x) and x >= 1,
    "time": lambda x: _is_number(x) and x >= 0,
    "flag": lambda x: isinstance(x, bool | np.bool_),
    "text": _is_text,
    "path": _is_path,
    "word": lambda x: False,
    "object": lambda x: False,
    "callable": _is_callable,
    "vector": lambda x: _is_array(x, 1),
    "matrix": lambda x: _is_array(x, 2),
    "numbers": lambda x: _is_array(x, *range(33)),
    "times": lambda x: _is_array(x, 1),
    "numbers or inf": _is_array_or_inf,
    "axis": _is_axis,
    "counts": lambda x: _is_whole(x) or _is_text(x) or _is_increasing(x),
    "expression": _is_expression,
    "exponent": _is_exponent,
    "exponents": lambda x: not isinstance(x, set) and _all(_is_exponent)(x),
    "texts": _all(_is_text),
    "listed counts": _all(lambda x: _is_whole(x) and x >= 1),
    "words": _all(lambda x: False),
    "many": _all(lambda x: False),
    "pair": lambda x: _is_array(x, 1) and np.size(x) == 2,
    "mapping": lambda x: isinstance(x, dict),
    "anything": lambda x: True,
}


@dataclass(frozen=True)
class Call:
    """A valid call.

    Attributes
    ----------
    make : callable
        Returns what is called; a bound method of a new object, where calls change it.
    arguments : callable
        Returns the arguments by name.
    kinds : dict
        The kind of each argument.
    called : dict
        What messages call an argument, where its own name is not what the user knows it by.
    slow : bool
        Whether an accepted value costs so much that the quick run leaves it out.
    """

    make: Callable
    arguments: Callable
    kinds: dict
    called: dict = field(default_factory=dict)
    slow: bool = False


def temporary():
    """Return a new empty folder."""
    return tempfile.mkdtemp()
