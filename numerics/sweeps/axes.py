"""Axes of sweeps, from numbers, sequences or text.

A range is 'first:last:count', in equal steps or, on a geometric axis, in equal factors.  Values
are rounded, to 12 decimals or to 12 significant digits, so that a point of a coarse grid is the
same number, and with it the same cell, in a finer one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np

from numerics.support.validation import check_dimension, check_finite, check_positive, check_switch
from theory.wording import shown

__all__ = ["parse_axis", "parse_counts"]

Number = TypeVar("Number", int, float)

DIGITS = 12

#: Most values of a range.
MOST_VALUES = 1_000_000


def parse_axis(name: str, value: object, *, geometric: bool = False) -> tuple[float, ...]:
    """Return an axis of a sweep from 'first:last:count', a number or a sequence of numbers.

    Parameters
    ----------
    name : str
        Of the axis, for messages.
    value : str, float or sequence of float
        What the axis is declared as.
    geometric : bool
        Positive values, a range of which is in equal factors.

    Raises
    ------
    ValueError, TypeError
        If it is malformed, empty, not finite or not increasing, or if a value of a geometric
        axis is not positive.

    Examples
    --------
    >>> parse_axis("gamma_w", "0:1:3")
    (0.0, 0.5, 1.0)
    >>> parse_axis("scaled_alpha", "1e-2:1e2:3", geometric=True)
    (0.01, 1.0, 100.0)
    """
    check_switch("geometric", geometric)
    values = _parse_range(name, value, geometric) if isinstance(value, str) else _listed(value)
    if geometric:
        axis = tuple(float(f"{check_positive(name, x):.{DIGITS}g}") for x in values)
    else:
        axis = tuple(round(check_finite(name, x), DIGITS) + 0.0 for x in values)
    return _increasing(name, axis)


def parse_counts(name: str, value: object) -> tuple[int, ...]:
    """Return an axis of a sweep from whole numbers, or text like '16,32,64'.

    Examples
    --------
    >>> parse_counts("width", "16,32")
    (16, 32)
    """
    if isinstance(value, str):
        try:
            value = [int(part) for part in value.split(",")]
        except ValueError:
            raise ValueError(f"{name} must be like '16,32,64', got {shown(value)}") from None
    return _increasing(name, tuple(check_dimension(name, x) for x in _listed(value)))


def _listed(value: object) -> list[object]:
    listed = isinstance(value, Sequence) and not isinstance(value, bytes | bytearray)
    if listed or (isinstance(value, np.ndarray) and value.ndim > 0):
        return list(value)  # type: ignore[call-overload]
    return [value]


def _increasing(name: str, axis: tuple[Number, ...]) -> tuple[Number, ...]:
    if not axis:
        raise ValueError(f"{name} must have at least one value, got none")
    if any(after <= before for before, after in pairwise(axis)):
        raise ValueError(f"{name} must increase, got {', '.join(f'{x:g}' for x in axis[:8])}")
    return axis


def _parse_range(name: str, text: str, geometric: bool) -> list[float]:
    parts = text.split(":")
    try:
        if len(parts) == 1:
            return [float(text)]
        first, last, count = float(parts[0]), float(parts[1]), int(parts[2])
        if len(parts) != 3 or count < 1:
            raise ValueError
    except (ValueError, IndexError):
        raise ValueError(f"{name} must be 'first:last:count', got {shown(text)}") from None
    if count > MOST_VALUES:
        raise ValueError(f"{name} must have a count of at most {MOST_VALUES}, got {shown(text)}")
    if count == 1 and first != last:
        raise ValueError(f"{name} must have a count above 1 between two ends, got {shown(text)}")
    check = check_positive if geometric else check_finite
    check(name, first), check(name, last)
    return list((np.geomspace if geometric else np.linspace)(first, last, count))
