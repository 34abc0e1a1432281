"""The closed form of one mode, evaluated entry by entry on arrays.

``ds/dt = 2 sqrt(s^2 + c^2) (y - s)`` from any start, by the generated kernel of
:mod:`theory.dynamics.single_mode`.

Holds for the squared loss ``1/2 (s - y)^2``, real y and s0, c > 0, t >= 0 up to infinity.
Relative accuracy 1e-13 of s and of y - s where s0 and y have one sign (or one is 0); otherwise
the error of s is a rounding of ``sqrt(s^2 + c^2)`` or of ``max(|s0|, |y|)``, whichever is less.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.kernels.evaluate import evaluate
from numerics.support.errors import OutOfRangeError
from numerics.support.validation import check_numbers
from theory.dynamics.single_mode import stable_mode

__all__ = ["single_mode"]

#: Beside max(|s0|, |y|), for opposite signs; the way past the saddle at 0 needs c^2.
SMALLEST_THRESHOLD = 1e-150


def single_mode(
    target: ArrayLike, start: ArrayLike, threshold: ArrayLike, *, time: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a single mode's value and its distance to the target, ``s(t)`` and ``y - s(t)``.

    Parameters
    ----------
    target, start, threshold, time : array_like
        y, s0, c > 0 (all in the unit of A) and t >= 0 (its inverse); broadcast together.

    Raises
    ------
    ValueError
        If the threshold is not positive and finite, the time negative or anything NaN.
    OutOfRangeError
        If start and target have opposite signs and the threshold is below
        ``SMALLEST_THRESHOLD`` times the larger of the two.

    Examples
    --------
    >>> value, distance = single_mode(2.0, 0.0, 0.1, time=[0.0, 1.0, np.inf])
    >>> value.round(4), distance.round(4)
    (array([0.    , 1.1788, 2.    ]), array([2.    , 0.8212, 0.    ]))
    """
    given = {"target": target, "start": start, "threshold": threshold}
    numbers = [check_numbers(name, value) for name, value in given.items()]
    numbers.append(check_numbers("time", time, finite=False))
    try:
        y, s0, c, t = arrays = np.broadcast_arrays(*numbers)
    except ValueError:
        shapes = ", ".join(str(x.shape) for x in numbers)
        raise ValueError(
            f"target, start, threshold and time must broadcast together, got shapes {shapes}"
        ) from None
    if not (c > 0).all():
        raise ValueError(f"threshold must be positive, got {np.min(c)}")
    if not (t >= 0).all():
        raise ValueError(f"time must be nonnegative, got {np.min(t)}")
    too_small = c < SMALLEST_THRESHOLD * np.maximum(np.abs(s0), np.abs(y))
    if (too_small & (np.sign(s0) * np.sign(y) < 0)).any():
        raise OutOfRangeError(
            f"where start and target have opposite signs the threshold must be at least "
            f"{SMALLEST_THRESHOLD:g} max(|start|, |target|), got {np.min(c)}"
        )
    found = evaluate(stable_mode, *arrays)
    return found["value"], found["distance"]
