"""How far the noise moves singular values of A* apart that lie close to each other.

In the singular bases of A* the signal's own block of ``Y = A* + noise`` is

    diag(theta) + tau G,    G: (k, k) of standard normal entries,

whose singular values repel each other: k equal ones spread by about ``tau sqrt(2k)`` to either
side.  The spectrum of :mod:`numerics.mode_spectrum` places each spike by itself and leaves this
out; then the weakest signal is learned later than predicted, beside more noise.

Holds for singular values of A* well above ``tau sqrt(d)``; a mean over drawn blocks.
Source: ours (the block is first-order perturbation theory).
"""

from __future__ import annotations

import numpy as np

from numerics.errors import OutOfRangeError
from numerics.mode_spectrum import ModeSpectrum

__all__ = ["CROWDING_LIMIT", "check_crowding", "crowding"]

#: Largest :func:`crowding` that counts as valid.  Trained against predicted smallest test errors
#: at d = 200 differed by at most 2.2 % up to 0.014, and by 3.5 to 8 % from 0.020 on.
CROWDING_LIMIT = 0.015

#: Drawn blocks; their mean is off by 1/20 of a shift of size tau.
DRAWS = 400
SEED = 7


def crowding(spectrum: ModeSpectrum) -> float:
    """Return the root mean square of the relative shifts, over the spikes of A*.

    Examples
    --------
    >>> from numerics.mode_spectrum import mode_spectrum
    >>> round(crowding(mode_spectrum(200, 200, [60.0] * 5)), 2)
    0.03
    """
    theta = spectrum.signal[: spectrum.spikes]
    if theta.size < 2:
        return 0.0
    blocks = np.random.default_rng(SEED).standard_normal((DRAWS, theta.size, theta.size))
    values = np.linalg.svd(np.diag(theta) + spectrum.noise * blocks, compute_uv=False).mean(0)
    return float(np.sqrt(np.mean((values / theta - 1) ** 2)))


def check_crowding(spectrum: ModeSpectrum) -> None:
    """Refuse a spectrum whose singular values are too close.

    Raises
    ------
    OutOfRangeError
        If the noise moves them by more than ``CROWDING_LIMIT``.
    """
    found = crowding(spectrum)
    if found > CROWDING_LIMIT:
        raise OutOfRangeError(
            f"advice needs singular values of A* that the noise moves apart by at most "
            f"{CROWDING_LIMIT:.1%} (root mean square), got {found:.1%}: they are too many, too "
            "close or too small for the prediction"
        )
