"""Exponents fitted to measured errors, with confidence intervals.

``log error = log prefactor + exponent log size``, by least squares over at least four sizes; the
interval is Student's: from the scatter around the line, or of the replicates' own exponents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from numerics.support.validation import check_numbers, check_positive, check_switch, check_vector

__all__ = ["MINIMUM_SIZES", "Fit", "fit_exponent"]

MINIMUM_SIZES = 4


@dataclass(frozen=True)
class Fit:
    """A fitted power law ``prefactor size^exponent``.

    Attributes
    ----------
    exponent, prefactor : float
        The line.
    halfwidth : float
        Half the width of the exponent's confidence interval.
    """

    exponent: float
    prefactor: float
    halfwidth: float

    def contains(self, exponent: float, bias: float = 0.0) -> bool:
        """Tell whether the interval, widened by a stated bias, holds an exponent."""
        return abs(self.exponent - exponent) <= self.halfwidth + bias


def fit_exponent(
    sizes: ArrayLike, errors: ArrayLike, level: float = 1e-4, *, pooled: bool = False
) -> Fit:
    """Fit a power law to errors at several sizes and return its exponent.

    Parameters
    ----------
    sizes : array_like, shape (n,)
        At least four different positive sizes.
    errors : array_like, shape (n,) or (n, replicates)
        Positive errors.  With replicates the exponent is fitted in each, which gives its scatter
        free of the common curvature, also where a replicate's draws are shared by its sizes.
    level : float
        Two-sided probability outside the interval.
    pooled : bool
        Whether replicates at different sizes are independent, so that every point counts in the
        scatter around one line (many more degrees of freedom; curvature widens the interval).

    Raises
    ------
    ValueError
        For fewer than four sizes, or errors that are not positive.

    Examples
    --------
    >>> fit = fit_exponent([10, 20, 40, 80], [1.0, 0.5, 0.25, 0.125])
    >>> round(fit.exponent, 6), fit.contains(-1.0, bias=1e-9)
    (-1.0, True)
    """
    given, values = check_vector("sizes", sizes), check_numbers("errors", errors)
    level = check_positive("level", level)
    check_switch("pooled", pooled)
    if level >= 1:
        raise ValueError(f"level must be below 1, got {level}")
    for name, array in (("sizes", given), ("errors", values)):
        if not (array > 0).all():
            raise ValueError(f"{name} must be positive, got {array.min()}")
    if values.shape[:1] != given.shape or values.ndim > 2:
        raise ValueError(f"errors must have a row a size, {given.size}, got shape {values.shape}")
    x = np.log(given)
    if np.unique(x).size < MINIMUM_SIZES:
        raise ValueError(
            f"sizes must be at least {MINIMUM_SIZES} different ones, got {np.unique(given).size}"
        )
    table = np.log(values.reshape(x.size, -1))
    centred = x - x.mean()
    slopes = centred @ table / (centred @ centred)
    exponent = float(slopes.mean())
    intercept = float(table.mean() - exponent * x.mean())
    if slopes.size > 1 and not pooled:
        freedom = slopes.size - 1
        spread = slopes.std(ddof=1) / np.sqrt(slopes.size)
    else:
        rest = table - (intercept + exponent * x)[:, None]
        freedom = rest.size - 2
        spread = np.sqrt((rest**2).sum() / freedom / (centred @ centred) / slopes.size)
    quantile = stats.t.ppf(1 - level / 2, freedom)
    return Fit(exponent, float(np.exp(intercept)), float(quantile * spread))
