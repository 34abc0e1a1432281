"""Three starts of a Pareto front, by rule, and the networks that are recommended for them.

On the front of smallest test error E against the iterations N to it (``RULES`` in words):

- *accurate*: the fewest iterations whose error is within 2 % of the lowest there is;
- *fast*: the fewest iterations that bring half the gain, ``E <= sqrt(E_first E_accurate)``;
- *knee*: between the two, furthest below the chord from the start of the front to *accurate* in
  (N, log E): beyond it an iteration lowers the error by a smaller factor than on average.

A recommended network is ``WIDTH_MARGIN`` times as wide as it must be, and its numbers are rounded
to the digits that are printed, before its run is predicted.
Source: knee: Das 1999, Satopaa et al. 2011; the other rules and the margins are ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from numerics.advice.search import Start, make_network, weakest_signal
from numerics.kernels.evaluate import evaluate
from numerics.prediction.mode_spectrum import ModeSpectrum
from numerics.prediction.network_scales import RandomNetwork
from numerics.regimes.plane_formulas import regime_form
from theory.regimes.regime import NAMES as REGIMES

__all__ = [
    "NAMES",
    "RULES",
    "WIDTH_MARGIN",
    "choose",
    "entry_variances",
    "finite_regime",
    "recommended_network",
]

#: How much error is taken for fewer iterations: less than one run scatters.
ACCURATE = 1.02

#: Recommended width over the least one: what is of order d/w is halved.
WIDTH_MARGIN = 2.0

#: Digits of recommended variances, learning rates and widths.
DIGITS, RATE_DIGITS, WIDTH_DIGITS = 3, 4, 2

RULES = {
    "accurate": "fewest iterations within 2 % of the lowest error",
    "knee": "furthest below the chord of the front, in (iterations, log error)",
    "fast": "fewest iterations that bring half the gain of accurate, in log error",
}

NAMES = tuple(RULES)


def choose(error: NDArray[np.float64], iterations: NDArray[np.int64]) -> list[int]:
    """Return the places on a front of *accurate*, *knee* and *fast*.

    Parameters
    ----------
    error, iterations : ndarray
        Of the front, fewest iterations first, so that the error falls.

    Examples
    --------
    >>> choose(np.array([0.5, 0.15, 0.06, 0.051, 0.0508]), np.array([1, 5, 8, 15, 30]))
    [3, 2, 1]
    """
    accurate = int(np.argmax(error <= ACCURATE * error[-1]))
    height, place = np.log(error[: accurate + 1]), iterations[: accurate + 1]
    fast = int(np.argmax(height <= (height[0] + height[-1]) / 2))
    chord = np.interp(place, place[[0, -1]], height[[0, -1]])
    knee = fast + int(np.argmax((chord - height)[fast:]))
    return [accurate, knee, fast]


def recommended_network(
    spectrum: ModeSpectrum, start: Start, least_width: float, update: str
) -> RandomNetwork:
    """Return the network of a start with a margin in the width, in round numbers."""
    width = min(_rounded(WIDTH_MARGIN * least_width, WIDTH_DIGITS, math.ceil), start.width)
    network = make_network(spectrum, replace(start, width=width), update)
    first, second = (_rounded(c / width, DIGITS) for c in (network.c1, network.c2))
    # Downwards, so that the share of the stability limit is kept.
    rate = _rounded(network.learning_rate, RATE_DIGITS, math.floor)
    return RandomNetwork(first * width, second * width, width, rate, update)


def entry_variances(network: RandomNetwork) -> tuple[float, float]:
    """Return sigma1^2 and sigma2^2 of a network, without the last bits of a product."""
    one, two = (float(f"{c / network.width:.12g}") for c in (network.c1, network.c2))
    return one, two


def finite_regime(spectrum: ModeSpectrum, network: RandomNetwork) -> str:
    """Name the regime of a network, from its numbers as powers of sqrt(d_in d_out).

    For the weakest singular value that stands out of the noise, by the boundaries of
    :mod:`theory.regimes.boundaries` without their constants.
    """
    base = math.log(math.prod(spectrum.shape)) / 2
    one, two = (math.log(c / network.width) / base for c in (network.c1, network.c2))
    others = (network.width, weakest_signal(spectrum), spectrum.noise, spectrum.signal.size)
    width, signal, noise, rank = (math.log(x) / base for x in others)
    exponents = ((one + two) / 2, width, signal, noise, rank, abs(one - two))
    return REGIMES[int(evaluate(regime_form, *exponents, compiled=False)["regime"])]


def _rounded(value: float, digits: int, to_whole: Callable[[float], int] = round) -> float:
    """Round to significant digits."""
    unit = 10.0 ** (math.floor(math.log10(value)) - digits + 1)
    # The decimal that is printed, not one multiplied out.
    return float(f"{to_whole(value / unit) * unit:.{digits}g}")
