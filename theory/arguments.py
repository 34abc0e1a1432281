"""Checks of arguments that may be sympy's: made once, in the public function that receives them.

Each check returns the value in the one form that the rest of the package works with, or raises an
error of one line that gives the name, the rule and what came.  Text is refused where an expression
is asked: nothing is ever evaluated from a string.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence, Set
from typing import Any

import sympy as sp

from theory.wording import shown

__all__ = [
    "check_choice",
    "check_depth",
    "check_expression",
    "check_parameters",
    "check_positive",
    "check_real",
    "check_sequence",
    "check_text",
    "check_whole",
    "exact",
    "exact_numbers",
    "exact_positive",
]


def check_text(name: str, value: object) -> str:
    """Return a text; TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, got {shown(value)}")
    return value


def check_choice(name: str, value: object, choices: Sequence[str]) -> str:
    """Return a word that is one of the choices; TypeError if no text, ValueError if another."""
    if check_text(name, value) not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {shown(value)}")
    return str(value)


def check_positive(name: str, value: object) -> float:
    """Return a finite number > 0 as a float; TypeError or ValueError otherwise.

    Examples
    --------
    >>> check_positive("delta", 0)
    Traceback (most recent call last):
        ...
    ValueError: delta must be positive and finite, got 0
    """
    number = _real(name, value)
    if not 0 < number < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {shown(value)}")
    return number


def check_real(name: str, value: object) -> float:
    """Return a finite real number as a float; TypeError or ValueError otherwise."""
    number = _real(name, value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {shown(value)}")
    return number


def check_expression(name: str, value: object) -> sp.Expr:
    """Return a sympy expression; TypeError for anything else."""
    if not isinstance(value, sp.Expr):
        raise TypeError(f"{name} must be a sympy expression, got {shown(value)}")
    return value


def check_parameters(name: str, value: object) -> dict[str, float]:
    """Return names with their values, which must be positive.

    Examples
    --------
    >>> check_parameters("parameters", {"beta": 2})
    {'beta': 2.0}
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a dict of numbers by name, got {shown(value)}")
    for key in value:
        if not (isinstance(key, str) and key.isidentifier()):
            raise ValueError(f"{name} must have names as its keys, got {shown(key)}")
    return {key: check_positive(f"parameters[{key!r}]", x) for key, x in value.items()}


def check_sequence(name: str, values: object, of: str) -> list[Any]:
    """Return what is iterated over as a list; text, mappings and sets are no sequences."""
    if not isinstance(values, str | bytes | bytearray | Mapping | Set):
        try:
            return list(values)  # type: ignore[call-overload]
        except Exception:  # what an object that is no sequence raises is its own matter
            pass
    raise TypeError(f"{name} must be a sequence of {of}, got {shown(values)}")


def exact(name: str, value: object) -> sp.Expr:
    """Return a real number, exactly, or a real sympy expression.

    Floats count as the decimals that they print as, so that -0.7 + 1.7 is 1.

    Raises
    ------
    TypeError, ValueError
        If it is neither, text included, or is not finite.

    Examples
    --------
    >>> exact("gamma_w", 0.1), exact("gamma_w", sp.Symbol("x"))
    (1/10, x)
    >>> exact("gamma_w", "1")
    Traceback (most recent call last):
        ...
    TypeError: gamma_w must be a real number or a sympy expression, got str
    """
    if isinstance(value, sp.Expr):
        if value.is_extended_real is False or value.is_finite is False or value is sp.nan:
            raise ValueError(f"{name} must be real and finite, got {value}")
        return sp.nsimplify(value, rational=True) if value.is_Float else value
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(
            f"{name} must be a real number or a sympy expression, got {type(value).__name__}"
        )
    if isinstance(value, numbers.Rational):
        return sp.Rational(int(value.numerator), int(value.denominator))
    if not math.isfinite(float(value)):
        raise ValueError(f"{name} must be real and finite, got {value}")
    return sp.Rational(repr(float(value)))


def exact_numbers(name: str, values: object) -> list[sp.Expr]:
    """Return a list of real numbers and expressions; errors as in `exact`."""
    return [exact(name, x) for x in check_sequence(name, values, "numbers")]


def exact_positive(name: str, value: object) -> sp.Expr:
    """Return a positive number or expression; errors as in `exact`."""
    found = exact(name, value)
    if found.is_positive is not True:
        raise ValueError(f"{name} must be positive, got {found}")
    return found


def check_depth(name: str, value: object) -> sp.Expr:
    """Return a number of hidden layers, a positive integer or a symbol of one."""
    found = exact(name, value)
    if not (found.is_integer and found.is_positive):
        raise ValueError(f"{name} must be a positive integer, got {found}")
    return found


def check_whole(name: str, value: object, least: int) -> int:
    """Return an integer that is not below ``least``; TypeError or ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral | sp.Integer):
        raise TypeError(f"{name} must be an integer, got {shown(value)}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {shown(value)}")
    return int(value)


def _real(name: str, value: object) -> float:
    """Return a real number as a float; a bool and a sympy number are refused."""
    if isinstance(value, bool | sp.Basic) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a real number, got {shown(value)}")
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf  # type: ignore[operator]
