"""Measurements repeated over draws of what is random in a problem.

:func:`replicated` draws anew at every size, for exponents whose replicates scatter by chance;
:func:`over_draws` takes the same draws at every size, for smooth laws whose leading term might
cancel in one draw by accident.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from verify.framework.claim import Problem

__all__ = [
    "geometric_mean",
    "over_draws",
    "random_source",
    "remembered",
    "replicated",
    "root_mean_square",
]

#: Draws for a law whose leading term has a coefficient of no certain sign: one in some hundred is
#: a hundredth of the others, and shows the next order.
ACCIDENTAL = 4

#: Names and values, hashable.
Items = tuple[tuple[str, Any], ...]

#: Measurements remembered: three networks at six sizes of each of a thorough run's 25 problems.
REMEMBERED = 450


def random_source(problem: Problem, size: float, replicate: int) -> np.random.Generator:
    """Return the source of everything random in one replicate at one size."""
    return np.random.default_rng([problem["seed"], int(size), replicate])


def replicated(
    count: int,
) -> Callable[[Callable[..., ArrayLike]], Callable[..., NDArray[np.float64]]]:
    """Turn the measurement of one draw into that of many: a row a part, a column a draw.

    Parameters
    ----------
    count : int
        Number of draws.

    Examples
    --------
    >>> measure = replicated(3)(lambda problem, size, rng: [size, rng.random()])
    >>> measure({"seed": 0}, 32.0).shape
    (2, 3)
    """

    def repeat(measure: Callable[..., ArrayLike]) -> Callable[..., NDArray[np.float64]]:
        @wraps(measure)
        def measured(problem: Problem, size: float, **options: Any) -> NDArray[np.float64]:
            sources = (random_source(problem, size, replicate) for replicate in range(count))
            return np.array([measure(problem, size, rng, **options) for rng in sources]).T

        return measured

    return repeat


def root_mean_square(values: ArrayLike) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


def geometric_mean(values: ArrayLike) -> float:
    """Return the exponential of the mean logarithm."""
    return float(np.exp(np.mean(np.log(values))))


def over_draws(
    count: int = ACCIDENTAL, combine: Callable[[list[Any]], Any] = root_mean_square
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Combine what is measured on a problem with so many seeds from its own on.

    Parameters
    ----------
    count : int
        Number of seeds; by default so many that no leading term cancels in all by accident.
    combine : callable
        Of the list of measured values: a mean, or ``numpy.array`` to keep all.

    Examples
    --------
    >>> measure = over_draws(2)(lambda problem, size: size * (problem["seed"] - 3))
    >>> measure({"seed": 6}, 0.2)
    0.7071067811865476
    """

    def repeat(measure: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(measure)
        def measured(problem: Problem, size: float, **options: Any) -> Any:
            seeds = range(problem["seed"], problem["seed"] + count)
            return combine([measure({**problem, "seed": x}, size, **options) for x in seeds])

        return measured

    return repeat


def remembered(measure: Callable[..., Any]) -> Callable[..., Any]:
    """Return a measurement that is made once a problem: faults and other claims need it again."""

    @lru_cache(maxsize=REMEMBERED)
    def known(items: Items, size: tuple[float, ...], options: Items) -> Any:
        return measure(dict(items), *size, **dict(options))

    @wraps(measure)
    def looked_up(problem: Problem, *size: float, **options: Any) -> Any:
        return known(tuple(sorted(problem.items())), size, tuple(sorted(options.items())))

    return looked_up
