"""What is observed along a run: functions by name, and their values as variables of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.support.object_validation import check_mapping
from numerics.support.validation import check_choice
from theory.wording import shown

__all__ = ["chosen_functions", "variables"]


def chosen_functions(
    observe: Sequence[str | Callable[..., ArrayLike]] | Mapping[str, Callable[..., ArrayLike]],
    known: Mapping[str, Callable[..., ArrayLike]],
) -> dict[str, Callable[..., ArrayLike]]:
    """Return the functions that are asked for, by the names of their variables.

    Parameters
    ----------
    observe : list of str or callable, or mapping
        Names of known functions and functions, which are called as they are named; or functions
        by the names of their variables.
    known : mapping
        Functions by name.

    Raises
    ------
    ValueError, TypeError
        If a name is not known, or a function has none.

    Examples
    --------
    >>> list(chosen_functions(["largest", min], {"largest": max}))
    ['largest', 'min']
    """
    if not isinstance(observe, list | tuple | Mapping):
        raise TypeError(
            f"observe must be a list of names and functions, got {type(observe).__name__}"
        )
    if isinstance(observe, Mapping):
        chosen = dict(check_mapping("observe", observe))
    else:
        chosen = dict(_named(each, known) for each in observe)
    for name, function in chosen.items():
        if not callable(function):
            raise TypeError(f"observe[{name!r}] must be a function, got {type(function).__name__}")
    return chosen


def variables(
    values: Mapping[str, list[ArrayLike]], along: str, dimensions: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[tuple[str, ...], NDArray[Any]]]:
    """Return observed values as variables of a dataset, stacked along a dimension.

    Parameters
    ----------
    values : mapping
        Lists of numbers or of arrays of one shape.
    along : str
        The first dimension.
    dimensions : mapping
        Names of the further dimensions, of those that have some; of others they are numbered.

    Examples
    --------
    >>> {name: x[0] for name, x in variables({"row": [[1, 2], [3, 4]]}, "time", {}).items()}
    {'row': ('time', 'row_0')}
    """
    stacked = {name: np.array(rows) for name, rows in values.items()}
    further = {name: tuple(f"{name}_{k}" for k in range(x.ndim - 1)) for name, x in stacked.items()}
    return {name: ((along, *dimensions.get(name, further[name])), x) for name, x in stacked.items()}


def _named(
    each: str | Callable[..., ArrayLike], known: Mapping[str, Callable[..., ArrayLike]]
) -> tuple[str, Callable[..., ArrayLike]]:
    if not callable(each) and not known:
        raise TypeError(f"observe must be a list of functions, got {shown(each)} in it")
    if not callable(each):
        return each, known[check_choice("observe", each, tuple(known))]
    name = getattr(each, "__name__", "")
    if not name.isidentifier():
        raise ValueError(f"observe must name its functions, as {{'mine': ...}}, got {shown(each)}")
    return name, each
