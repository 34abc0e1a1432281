"""Whether a start has a closed form: how far its balancedness is from one that has.

The invariant ``(QJ)^2 = (c1 - c2) QJ + c1 c2 I`` says that the eigenvalues of the balancedness
``W1 W1^T - W2^T W2``, on the units that are used, are c1 (d_in times) and -c2 (d_out times), where
there are as many as directions (infinite width), and all lam = c1 - c2 with c1 c2 = 0 otherwise
(lambda-balanced weights).  The distance is the norm of what the eigenvalues differ by, relative to
``||Q||``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from numerics.linear.network_state import NetworkState
from numerics.support.errors import OutOfRangeError
from numerics.support.object_validation import check_size

__all__ = ["InvariantStart", "start_on_invariant"]

Matrix = NDArray[np.float64]

EPS = float(np.finfo(np.float64).eps)

#: Largest distance from the invariant; the solution is off by about as much.
TOLERANCE = 1e-11


class InvariantStart(NamedTuple):
    """A factor of a start's Gram matrix without unused units, and the scales of its invariant."""

    W1: Matrix
    W2: Matrix
    c1: float
    c2: float


def start_on_invariant(state: NetworkState) -> InvariantStart:
    """Return a start's factor and scales; OutOfRangeError where no invariant holds for it."""
    largest = max(float(np.abs(x).max()) for x in (state.W1, state.W2))
    check_size("squares of the weights of state", largest**2)
    small, d_in = state.compressed(), state.d_in
    theta = np.vstack([small.W1.T, small.W2])
    scales, away = _nearest(theta, state)
    if away > TOLERANCE or scales != (state.c1, state.c2) or min(scales) == 0:
        # Units that are combinations of others, up to rounding, are none.
        _, sizes, right_T = np.linalg.svd(theta, full_matrices=False)
        used = sizes > EPS * max(theta.shape) * sizes[0]
        if not used.all():
            theta = theta @ right_T[used].T
            scales, away = _nearest(theta, state)
    if not away <= TOLERANCE:
        raise OutOfRangeError(
            "state must be lambda-balanced, or on the invariant of infinite width, got one at a "
            f"relative distance of {away:.2g} from it"
        )
    return InvariantStart(theta[:d_in].T, theta[d_in:], *scales)


def _nearest(theta: Matrix, state: NetworkState) -> tuple[tuple[float, float], float]:
    """Return the scales of the nearest invariant, the state's own where they fit, and how far."""
    size, width = theta.shape
    scale = float(np.linalg.norm(theta, 2)) ** 2 if width else 0.0
    if scale == 0:
        return (0.0, 0.0), 0.0
    top, bottom = theta[: state.d_in], theta[state.d_in :]
    values = np.linalg.eigvalsh(top.T @ top - bottom.T @ bottom)
    own = (state.c1, state.c2)
    if width == size:
        negative, positive = values[: state.d_out], values[state.d_out :]
        fitted = (max(float(positive.mean()), 0.0), max(float(-negative.mean()), 0.0))
        candidates = [x for x in (own, fitted) if min(x) > 0]
        expected = [np.repeat([-c2, c1], [state.d_out, state.d_in]) for c1, c2 in candidates]
    else:
        mean = float(values.mean())
        fitted = (max(mean, 0.0), max(-mean, 0.0))
        candidates = [x for x in (own, fitted) if min(x) == 0]
        expected = [np.full(width, c1 - c2) for c1, c2 in candidates]
    away = [float(np.linalg.norm(values - x)) / scale for x in expected]
    fits = [k for k, distance in enumerate(away) if distance <= TOLERANCE] or [int(np.argmin(away))]
    return candidates[fits[0]], away[fits[0]]
