"""The published experiments' rules on numbers: width, learning rate, stopping.

    sigma^2 = d^gamma_sigma2,    w = int(d^gamma_w),
    1/learning rate = divisor * (||A*|| if gamma_sigma2 + gamma_w <= 1 else sigma^2 w).

Every rule is a formula of :mod:`theory.published_rules`, evaluated; training, prediction and grid
call the functions here.

Holds wherever the powers of d are nonzero finite floats and the width is at least 1.
Source: Tu, Aranguri and Jacot 2024 (arXiv 2405.17580), published experiments.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.kernels.cache import load
from numerics.kernels.evaluate import evaluate
from numerics.support.object_validation import check_size
from numerics.support.validation import check_dimension, check_finite, check_positive, check_vector
from theory import published_rules as rules
from theory.kernels.mode_recursion import stopping_module
from theory.published_settings import FIGURE2, STOPPING

__all__ = [
    "check_cell",
    "learning_rate",
    "paper_stop",
    "power_of_dimension",
    "stop_of_errors",
    "variance_of",
    "width_of",
]


def variance_of(d: int, gamma_sigma2: float) -> float:
    """Return ``sigma^2 = d^gamma_sigma2``; ValueError if it overflows or underflows.

    Examples
    --------
    >>> variance_of(100, -1.5)
    0.001
    """
    return power_of_dimension(d, gamma_sigma2, "gamma_sigma2")


def width_of(d: int, gamma_w: float) -> int:
    """Return the width ``int(d^gamma_w)``; ValueError if it is below 1 or overflows.

    Examples
    --------
    >>> width_of(200, 2.25)
    150424
    """
    _power_of_width(d, gamma_w)
    return int(evaluate(rules.width_form, d, gamma_w)["width"])


def check_cell(d: int, gamma_sigma2: float, gamma_w: float) -> float:
    """Return the width of a cell whose scales are floats, without a kernel.

    ValueError if the variance, the width or the threshold ``sigma^2 w`` is out of their range.

    Examples
    --------
    >>> check_cell(100, -1.5, 2.25)
    31622.0
    """
    variance, width = variance_of(d, gamma_sigma2), _power_of_width(d, gamma_w)
    check_size("d^(gamma_sigma2 + gamma_w)", variance * width)
    return float(math.floor(width))


def learning_rate(
    gamma_sigma2: ArrayLike,
    gamma_w: ArrayLike,
    threshold: ArrayLike,
    largest: float,
    divisor: float = FIGURE2.divisor,
) -> NDArray[np.float64]:
    """Return the published learning rate, one over ``divisor`` times ``||A*||`` or, lazy, c.

    Parameters
    ----------
    gamma_sigma2, gamma_w, threshold : array_like
        Exponents and ``c = sigma^2 width`` of the cells, broadcast together.
    largest : float
        Largest singular value of A*.
    divisor : float
        5 in Figure 1, 50 in Figure 2.

    Examples
    --------
    >>> learning_rate(-1.5, [2.0, 2.75], [10.0, 300.0], 100.0, 5).round(6)
    array([0.002   , 0.000667])
    """
    if not np.all(np.asarray(threshold) > 0):
        raise ValueError(f"threshold must be > 0, got {np.min(threshold)}")
    theta, over = check_positive("largest", largest), check_positive("divisor", divisor)
    scales = (gamma_sigma2, gamma_w, threshold, theta, over)
    return evaluate(rules.learning_rate_form, *scales)["learning_rate"]


def power_of_dimension(d: Any, exponent: Any, name: str) -> float:
    r"""Return ``d**exponent``, the quantity called name, as a nonzero finite float.

    Parameters
    ----------
    d : int
        Dimension, at least 1.
    exponent : float
        Scaling exponent, such as gamma_sigma2 or gamma_w.
    name : str
        Name of the quantity, for the message.

    Returns
    -------
    float
        The power.

    Raises
    ------
    TypeError, ValueError
        As in `check_dimension` and `check_finite`, and a ValueError if the power overflows to
        infinity or underflows to 0.

    Examples
    --------
    >>> power_of_dimension(100, 1.5, "width")
    1000.0
    """
    d = check_dimension("d", d)
    exponent = check_finite(f"exponent of {name}", exponent)
    try:
        power = float(d) ** exponent
    except OverflowError:
        power = math.inf
    if power == 0 or math.isinf(power):
        fault = "underflows" if power == 0 else "overflows"
        raise ValueError(
            f"{name} must be a nonzero finite float, got d**exponent with d = {d}, "
            f"exponent = {exponent}, which {fault}"
        )
    return power


def _power_of_width(d: int, gamma_w: float) -> float:
    power = power_of_dimension(d, gamma_w, "gamma_w")
    if power < 1:
        raise ValueError(f"width must be >= 1, got int(d^gamma_w) = int({d}^{gamma_w:g})")
    return power


def paper_stop(train_error: NDArray[np.float64], test_error: NDArray[np.float64]) -> int:
    """Return where the published stopping rule ends a run, or the number of errors.

    By :func:`theory.published_rules.stop_conditions`, with the published numbers.

    Examples
    --------
    >>> paper_stop([1.0, 0.5, 0.1, 1e-4, 1e-5], [1.0, 0.6, 0.3, 0.3, 0.3])
    3
    """
    train, test = check_vector("train_error", train_error), check_vector("test_error", test_error)
    if train.shape != test.shape:
        raise ValueError(
            f"train_error and test_error must be vectors of one length, got {train.shape} "
            f"and {test.shape}"
        )
    return stop_of_errors(train, test)


def stop_of_errors(train: NDArray[np.float64], test: NDArray[np.float64]) -> int:
    """Return what `paper_stop` does, for errors that may have left the floats."""
    return int(load(stopping_module(), loops="stopping").stop(train, test, tuple(STOPPING)))
