r"""The smallest test error of a wide network in high dimension, in plain NumPy.

``Y = A* + E``, d x d, A* with k equal singular values theta, entries of E of variance 1.  At
infinite width a mode y of Y is learned from 0 as ``s(t)``, and A0, of entry variance v, fades:

    E(t) = [k (s^2 - 2 s theta (1 - d/theta^2) + theta^2) + sum_bulk s^2]/d^2
           + v [(mean ge^2)^2 + (mean go^2)^2],
    s = 2 c y S (D C + c S)/(M N),   g(y) = D/M,   g(-y) = D/N,
    M = D C + (c - y) S,   N = D C + (c + y) S,   D = sqrt(y^2 + c^2),

C and S being cosh and sinh of Dt, ge and go the even and odd part of g in y.  The spike lies at
``(theta^2 + d)/theta``, its overlaps multiply to ``1 - d/theta^2``; the bulk is a quarter circle.

Holds for widths far above d and theta above sqrt(d); at any d, none being drawn.
Source: the Riccati solution of Tu, Aranguri and Jacot 2024; spikes: Benaych-Georges and Nadakuditi
2012.  Nothing here comes from ``theory``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

__all__ = ["mode", "smallest_error", "test_error"]

Array = NDArray[np.float64]

#: Nodes of the quarter circle, and times at which the minimum is looked for first.
NODES, TIMES = 64, 600


def mode(y: ArrayLike, c: float, t: float) -> tuple[Array, Array, Array]:
    """Return s, g(y) and g(-y) of modes y >= 0; everything is divided by exp(Dt)."""
    target = np.asarray(y, dtype=float)
    rate = np.hypot(target, c)
    decay = np.exp(-2 * rate * t)
    cosh, sinh = (1 + decay) / 2, -np.expm1(-2 * rate * t) / 2
    fade = np.exp(-rate * t)
    # D - y = c^2/(D + y), so that M loses no digits where c is small.
    gap = c**2 / (rate + target)
    M = gap * sinh + rate * decay + c * sinh
    N = rate * cosh + (c + target) * sinh
    value = 2 * c * target * sinh * (rate * cosh + c * sinh) / (M * N)
    return value, rate * fade / M, rate * fade / N


def test_error(d: float, theta: float, rank: int, c: float, v: float, t: float) -> float:
    """Return the mean test error at a time."""
    angles = (np.arange(NODES) + 0.5) * np.pi / (2 * NODES)
    # y = 2 sqrt(d) sin(angle) has the density of the quarter circle with weights cos^2.
    weights = np.cos(angles) ** 2 * 2 / NODES
    bulk, plus, minus = mode(2 * np.sqrt(d) * np.sin(angles), c, t)
    spike = float(mode(theta + d / theta, c, t)[0])
    even, odd = (plus + minus) / 2, (plus - minus) / 2
    known = theta * (1 - d / theta**2)
    signal = rank * (spike**2 - 2 * spike * known + theta**2) / d**2
    # Weighted first: d^2 modes of the bulk, each of size sqrt(d).
    start = (weights @ even**2) ** 2 + (weights @ odd**2) ** 2
    return float(signal + weights @ bulk**2 / d + v * start)


def smallest_error(d: float, theta: float, rank: int, c: float, v: float, end: float) -> float:
    """Return the smallest test error up to a time."""
    times = end * np.concatenate([[0.0], np.geomspace(1e-4, 1.0, TIMES)])
    errors = np.array([test_error(d, theta, rank, c, v, t) for t in times])
    best = int(np.argmin(errors))
    around = times[max(best - 1, 0)], times[min(best + 1, TIMES)]
    found = minimize_scalar(
        lambda t: test_error(d, theta, rank, c, v, t),
        bounds=around,
        method="bounded",
        options={"xatol": 1e-6 * around[1]},
    )
    return float(min(found.fun, errors[best]))
