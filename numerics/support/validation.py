r"""Checks of arguments, made once, in the public function that receives them.

Each check returns the value in the one form that the rest of the package works with (``int``,
``float``, or a C-contiguous float64 array), or raises an error of one line that gives the name,
the rule and what came. A wrong type is a ``TypeError``, a wrong value a ``ValueError``.
"""

import math
import numbers
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.wording import shown

__all__ = [
    "UPDATES",
    "check_choice",
    "check_count",
    "check_dimension",
    "check_finite",
    "check_labels",
    "check_mask",
    "check_matrix",
    "check_nonnegative",
    "check_numbers",
    "check_positive",
    "check_rank",
    "check_rng",
    "check_seed",
    "check_switch",
    "check_text",
    "check_time",
    "check_times",
    "check_update",
    "check_vector",
    "check_width",
]

#: Largest count, of entries along an axis of an array, and largest seed that files can keep.
LARGEST_COUNT, LARGEST_SEED = 2**63 - 1, 2**64 - 1

REAL_KINDS = "iuf"  # NumPy kinds taken as real: signed, unsigned, floating (no bool, no complex)

#: How a step moves the layers: both by the old gradient, or W2 by its product with the new W1.
UPDATES = ("simultaneous", "sequential")


def check_dimension(name: str, value: Any) -> int:
    """Return a count or size as an ``int``.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : int, NumPy integer or integral float
        Number to check; a bool is refused.

    Returns
    -------
    int
        The value, at least 1.

    Raises
    ------
    TypeError
        If the value is a bool or no real number.
    ValueError
        If it is not integral or is below 1.

    Examples
    --------
    >>> check_dimension("rank", 5.0)
    5
    """
    number = _real_number(name, value, "an integer")
    if (isinstance(number, float) and not number.is_integer()) or number < 1:
        raise ValueError(f"{name} must be an integer >= 1, got {shown(number)}")
    if number > LARGEST_COUNT:
        raise ValueError(f"{name} must be at most {LARGEST_COUNT}, got {shown(number)}")
    return int(number)


def check_count(name: str, value: Any) -> int:
    """Return a count that may be 0 as an ``int``; errors as in `check_dimension`."""
    return check_dimension(name, value) if check_nonnegative(name, value) else 0


def check_finite(name: str, value: Any) -> float:
    """Return a real, finite number as a ``float``; TypeError or ValueError otherwise.

    Examples
    --------
    >>> check_finite("gamma_w", 2)
    2.0
    """
    result = _as_float(_real_number(name, value, "a real number"))
    if not math.isfinite(result):
        raise ValueError(f"{name} must be finite, got {result}")
    return result


def check_positive(name: str, value: Any) -> float:
    """Return a finite number > 0 as a ``float``; TypeError or ValueError otherwise.

    Examples
    --------
    >>> check_positive("noise", 1)
    1.0
    """
    result = check_finite(name, value)
    if result < np.finfo(np.float64).tiny:  # the inverse of a smaller one may be no float
        raise ValueError(f"{name} must be > 0{' and normal' * (result > 0)}, got {result}")
    return result


def check_nonnegative(name: str, value: Any) -> float:
    """Return a finite number >= 0 as a ``float``; TypeError or ValueError otherwise."""
    result = check_finite(name, value)
    if result < 0:
        raise ValueError(f"{name} must be >= 0, got {result}")
    return result


def check_width(value: Any, name: str = "width") -> float:
    """Return a width as a ``float``: real, finite, >= 1, not necessarily an integer.

    A width enters the width-free dynamics only as the degrees of freedom of a Wishart matrix,
    which may be any real number; explicit weights need `check_dimension` instead.

    Examples
    --------
    >>> check_width(12.5)
    12.5
    """
    width = check_finite(name, value)
    if width < 1:
        raise ValueError(f"{name} must be >= 1, got {width}")
    return width


def check_rank(rank: Any, d_in: int, d_out: int) -> int:
    """Return a rank as an ``int``, 1 <= rank <= min(d_in, d_out).

    Examples
    --------
    >>> check_rank(7, 4, 9)
    Traceback (most recent call last):
        ...
    ValueError: rank must be at most min(d_in, d_out) = 4, got 7
    """
    rank = check_dimension("rank", rank)
    limit = min(d_in, d_out)
    if rank > limit:
        raise ValueError(f"rank must be at most min(d_in, d_out) = {limit}, got {rank}")
    return rank


def check_matrix(
    name: str, value: ArrayLike, shape: tuple[int | None, int | None] | None = None
) -> NDArray[np.float64]:
    """Return a real, finite, non-empty matrix as a C-contiguous float64 array.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : array_like
        Matrix; an integer or floating dtype.
    shape : tuple of two ints or None, optional
        Required shape; None as an entry leaves that side free.

    Returns
    -------
    ndarray, shape (rows, columns), float64
        The value itself, not a copy, where it already has this form.

    Raises
    ------
    TypeError
        If the dtype is complex, boolean, object or text, or if a masked array came, whose mask
        would be lost.
    ValueError
        If the array is ragged, empty, not two-dimensional, not finite or of another shape.

    Examples
    --------
    >>> check_matrix("A", [[1, 2]], (None, 2))
    array([[1., 2.]])
    """
    matrix = _real_array(name, value, 2)
    if shape is not None:
        fits = all(want in (None, have) for want, have in zip(shape, matrix.shape, strict=True))
        if not fits:
            wanted = ", ".join("any" if side is None else str(side) for side in shape)
            raise ValueError(f"{name} must have shape ({wanted}), got {matrix.shape}")
    return matrix


def check_vector(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return a real, finite, non-empty vector as float64; errors as in `check_matrix`."""
    return _real_array(name, value, 1)


def check_labels(name: str, value: ArrayLike, count: int) -> NDArray[np.float64]:
    """Return a float64 vector of ``count`` labels +1 or -1; errors as in `check_vector`.

    Examples
    --------
    >>> check_labels("y", [1, -1, 0], 3)
    Traceback (most recent call last):
        ...
    ValueError: y must be +1 or -1, got 0
    """
    labels = check_vector(name, value)
    if labels.size != count:
        raise ValueError(f"{name} must have an entry for each of {count} inputs, got {labels.size}")
    wrong = labels[np.abs(labels) != 1]
    if wrong.size:
        raise ValueError(f"{name} must be +1 or -1, got {wrong[0]:g}")
    return labels


def check_times(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return times as a float64 vector: finite, nonnegative, nondecreasing, at least one.

    Examples
    --------
    >>> check_times("times", [0, 1, 1, 2])
    array([0., 1., 1., 2.])
    """
    times = _real_array(name, values, 1)
    if times.min() < 0:
        raise ValueError(f"{name} must be >= 0, got {times.min()}")
    falls = np.flatnonzero(np.diff(times) < 0)
    if falls.size:
        first, second = times[falls[0]], times[falls[0] + 1]
        raise ValueError(f"{name} must be nondecreasing, got {first} followed by {second}")
    return times


def check_time(name: str, value: Any) -> float:
    """Return a time as a ``float``, from 0 to inf; TypeError or ValueError otherwise."""
    if not (time := _as_float(_real_number(name, value, "a real number"))) >= 0:
        raise ValueError(f"{name} must be nonnegative, got {time}")
    return time


def check_numbers(
    name: str, value: ArrayLike, *, finite: bool | None = True, empty: bool = False
) -> NDArray[np.float64]:
    """Return a real array of any number of axes as float64; errors as in `check_matrix`.

    ``finite=False`` takes infinities, None takes NaN too.
    """
    return _real_array(name, value, None, finite, empty)


def check_mask(name: str, value: ArrayLike, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return a boolean matrix of the given shape with at least one true entry.

    A dtype other than bool is a TypeError: an array of 0 and 1 may be an index array.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must be a plain array, got a masked array")
    try:
        mask = np.asarray(value)
    except Exception:  # what an object that is no array raises is its own matter
        raise TypeError(f"{name} must be a boolean array, got {shown(value)}") from None
    if mask.dtype != np.bool_:
        raise TypeError(f"{name} must be boolean, got dtype {mask.dtype}")
    if mask.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {mask.shape}")
    if not mask.any():
        raise ValueError(f"{name} must have at least one true entry, got none")
    return np.ascontiguousarray(mask)


def check_choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return a word that is one of the choices; TypeError if no str, ValueError if another.

    Examples
    --------
    >>> check_choice("loss", "cubic", ("squared", "huber"))
    Traceback (most recent call last):
        ...
    ValueError: loss must be one of 'squared', 'huber', got 'cubic'
    """
    words = isinstance(choices, Collection) and not isinstance(choices, str) and len(choices) > 0
    if not words or not all(isinstance(x, str) for x in choices):
        raise TypeError(f"choices must be a sequence of text, got {shown(choices)}")
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, got {type(value).__name__}")
    if value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {listed}, got {shown(value)}")
    return value


def check_update(value: Any) -> str:
    """Return the name of an update; ValueError if it is none of ``UPDATES``.

    Examples
    --------
    >>> check_update("both")
    Traceback (most recent call last):
        ...
    ValueError: update must be one of 'simultaneous', 'sequential', got 'both'
    """
    return check_choice("update", value, UPDATES)


def check_switch(name: str, value: Any) -> bool:
    """Return true or false; TypeError for anything else."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be true or false, got {shown(value)}")
    return value


def check_text(name: str, value: Any) -> str:
    """Return a ``str``; TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, got {type(value).__name__}")
    return value


def check_rng(value: Any) -> np.random.Generator:
    """Return a generator: the one given, or a new one from a seed >= 0.

    None is refused, so that every draw of the toolkit can be repeated.
    """
    if isinstance(value, np.random.Generator):
        return value
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"rng must be a numpy Generator or an int, got {type(value).__name__}")
    if value < 0:
        raise ValueError(f"rng must be >= 0 as a seed, got {value}")
    return np.random.default_rng(int(value))


def check_seed(name: str, value: Any) -> int:
    """Return a seed as an ``int`` of 64 bits at most, >= 0; errors as in `check_dimension`.

    Examples
    --------
    >>> check_seed("seed", -1)
    Traceback (most recent call last):
        ...
    ValueError: seed must be an integer >= 0 of 64 bits at most, got -1
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer >= 0, got {type(value).__name__}")
    if not 0 <= int(value) <= LARGEST_SEED:
        raise ValueError(f"{name} must be an integer >= 0 of 64 bits at most, got {shown(value)}")
    return int(value)


def _real_number(name: str, value: Any, rule: str) -> int | float:
    """Return a scalar as int or float, bools and non-numbers refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be {rule}, got {type(value).__name__}")
    return int(value) if isinstance(value, numbers.Integral) else _as_float(value)


def _as_float(value: Any) -> float:
    """Return a float, infinite where an int or a fraction is beyond the range of floats."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _real_array(
    name: str, value: ArrayLike, ndim: int | None, finite: bool | None = True, empty: bool = False
) -> NDArray[np.float64]:
    """Return a finite, non-empty, C-contiguous float64 array of the given number of axes."""
    if isinstance(value, np.ma.MaskedArray | bytes | bytearray):
        kind = type(value).__name__.replace("MaskedArray", "masked array")
        raise TypeError(f"{name} must be a plain array, got a {kind}")
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be an array, got rows of unequal shape") from None
    except Exception:  # what an object that is no array raises is its own matter
        raise TypeError(f"{name} must be an array, got {shown(value)}") from None
    if array.dtype.kind not in REAL_KINDS:
        raise TypeError(f"{name} must be real, got dtype {array.dtype}")
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must be {ndim}-dimensional, got {array.ndim} dimensions")
    if array.size == 0 and not empty:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    with np.errstate(over="ignore"):  # a long double beyond float64 is caught as infinite below
        array = np.require(array, np.float64, "C")
    bad = array.size - np.count_nonzero(np.isfinite(array) if finite else ~np.isnan(array))
    if bad and finite is not None:
        rule = "be finite" if finite else "not be NaN"
        raise ValueError(f"{name} must {rule}, got {bad} entries that are not")
    return array
