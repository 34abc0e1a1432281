"""Checks of arguments that are objects: instances, callables, sequences of them, paths, datasets.

As those of :mod:`numerics.support.validation`, they are made once, in the public function that
receives the argument, and raise an error of one line that gives the name, the rule and what came.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from numerics.support.errors import OutOfRangeError
from numerics.support.validation import check_choice
from theory.wording import shown

__all__ = [
    "check_callable",
    "check_dataset",
    "check_instance",
    "check_many",
    "check_mapping",
    "check_path",
    "check_size",
    "check_words",
    "within_floats",
]

T = TypeVar("T")

#: Largest size of numbers whose products are added up.
LARGEST = 1e150

#: Longest name of a file that common file systems take.
LONGEST_NAME = 255


def check_instance(name: str, value: object, kind: type[T], made_by: str = "") -> T:
    """Return an object of a class; TypeError for anything else.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : object
        What came.
    kind : type
        What it must be.
    made_by : str, optional
        What makes one, for the message.

    Examples
    --------
    >>> check_instance("path", "a", Path, "pathlib.Path(text)")
    Traceback (most recent call last):
        ...
    TypeError: path must be a Path, as made by pathlib.Path(text), got 'a'
    """
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIO" else "a"
        made = f", as made by {made_by}" if made_by else ""
        raise TypeError(f"{name} must be {article} {kind.__name__}{made}, got {shown(value)}")
    return value


def check_callable(name: str, value: Any) -> Callable[..., Any]:
    """Return a function; TypeError for what cannot be called, and for a class."""
    if not callable(value) or isinstance(value, type):
        raise TypeError(f"{name} must be a function, got {shown(value)}")
    return value


def check_many(name: str, values: Iterable[T], kind: type[T]) -> tuple[T, ...]:
    """Return a tuple of objects of one class; TypeError for anything else.

    Examples
    --------
    >>> check_many("parts", ["a", 3], str)
    Traceback (most recent call last):
        ...
    TypeError: parts must be a sequence of str, got int in it
    """
    found = _listed(name, values, f"a sequence of {kind.__name__}")
    for value in found:
        if not isinstance(value, kind):
            raise TypeError(
                f"{name} must be a sequence of {kind.__name__}, got {type(value).__name__} in it"
            )
    return found


def check_words(name: str, values: Iterable[str], choices: Sequence[str]) -> tuple[str, ...]:
    """Return a tuple of words, each one of the choices; errors as in `check_choice`."""
    return tuple(check_choice(name, x, choices) for x in _listed(name, values, "a list of words"))


def check_mapping(name: str, value: Any) -> Mapping[str, Any]:
    """Return a mapping whose keys are text; TypeError for anything else."""
    if (
        not isinstance(value, Mapping)
        or isinstance(value, xr.Dataset)
        or not all(isinstance(key, str) for key in value)
    ):
        raise TypeError(f"{name} must be a dict with keys of text, got {shown(value)}")
    return value


def check_path(name: str, value: Any) -> Path:
    """Return a path; TypeError or ValueError for what cannot be one.

    Examples
    --------
    >>> check_path("folder", 3)
    Traceback (most recent call last):
        ...
    TypeError: folder must be a path, got 3
    """
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a path, got {shown(value)}")
    if not value or "\0" in value or any(len(x) > LONGEST_NAME for x in Path(value).parts):
        raise ValueError(f"{name} must be a path of names that files can have, got {shown(value)}")
    return Path(value)


def check_dataset(
    name: str,
    value: object,
    made_by: str,
    variables: Mapping[str, Sequence[str]],
    settings: Sequence[str] = (),
) -> xr.Dataset:
    """Return a dataset that has what is needed of it.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : object
        What came.
    made_by : str
        What makes such a dataset, for the message.
    variables : mapping
        Dimensions that each variable or coordinate must have; it may have others besides.
    settings : sequence of str
        Attributes that must be there.

    Raises
    ------
    TypeError
        If it is no dataset.
    ValueError
        If a variable, a dimension of one or an attribute is missing, or a dimension has no
        values.

    Examples
    --------
    >>> check_dataset("data", xr.Dataset(), "train", {"A": ("row", "column")})
    Traceback (most recent call last):
        ...
    ValueError: data must be a dataset as made by train, got one without A
    """
    if not isinstance(value, xr.Dataset):
        raise TypeError(
            f"{name} must be an xarray.Dataset, as made by {made_by}, got {shown(value)}"
        )
    lacks = [x for x in variables if x not in value.variables]
    lacks += [
        f"{variable} along {dimension}"
        for variable, dimensions in variables.items()
        if variable in value.variables
        for dimension in dimensions
        if dimension not in value[variable].dims
    ]
    lacks += [f"the attribute {x}" for x in settings if x not in value.attrs]
    lacks += [f"values along {x}" for x, size in value.sizes.items() if size == 0]
    if lacks:
        raise ValueError(
            f"{name} must be a dataset as made by {made_by}, got one without {lacks[0]}"
        )
    return value


def check_size(name: str, value: ArrayLike) -> None:
    """Refuse numbers beyond ``LARGEST``, whose squares are no floats.

    Examples
    --------
    >>> check_size("target", [1.0, -1e200])
    Traceback (most recent call last):
        ...
    numerics.support.errors.OutOfRangeError: target must be at most 1e+150 in size, got 1e+200
    """
    largest = float(np.abs(value).max())
    if largest > LARGEST:
        raise OutOfRangeError(f"{name} must be at most {LARGEST:g} in size, got {largest:.3g}")


@contextmanager
def within_floats(names: str) -> Iterator[None]:
    """Turn an overflow inside into an error that names the arguments.

    Examples
    --------
    >>> with within_floats("A"):
    ...     np.square(np.array([1e200]))
    Traceback (most recent call last):
        ...
    numerics.support.errors.OutOfRangeError: A must be so small that its squares are floats
    """
    try:
        with np.errstate(over="raise", invalid="raise"):
            yield
    except FloatingPointError:
        whose = "their" if " and " in names or "," in names else "its"
        raise OutOfRangeError(f"{names} must be so small that {whose} squares are floats") from None


def _listed(name: str, values: Any, rule: str) -> tuple[Any, ...]:
    """Return the entries of what is iterated over; text and mappings are no sequences."""
    if isinstance(values, str | bytes | bytearray | set | frozenset | Mapping):
        raise TypeError(f"{name} must be {rule}, got {shown(values)}")
    try:
        return tuple(values)
    except Exception:  # what an object that is no sequence raises is its own matter
        raise TypeError(f"{name} must be {rule}, got {shown(values)}") from None
