"""The largest stable learning rate of a random network on a noisy target, in the mean.

    eta <= 1/sqrt(||Y||^2 + c_w^2),

``c_w`` the mean of the largest eigenvalues of C1 and C2 at the start, c for infinite width.  Above
it descent leaves the target again and again, and a prediction of its mean has no meaning.

Holds at the target, for both updates.
Source: :func:`theory.dynamics.single_mode.stability_limit`; mean edge of a Wishart matrix.
"""

from __future__ import annotations

import math

from numerics.kernels.evaluate import evaluate
from numerics.linear.descent import mode_stability_limit
from numerics.prediction.mode_spectrum import ModeSpectrum
from numerics.prediction.network_scales import RandomNetwork
from numerics.support.errors import OutOfRangeError
from theory.algebra.stable_form import StableForm
from theory.random_matrices.spiked_matrix import SIZES, mean_edge
from theory.symbols.task import tau

__all__ = ["check_stable", "is_stable", "stable_rate"]


def stable_rate(spectrum: ModeSpectrum, network: RandomNetwork) -> float:
    """Return the stability limit of the learning rate, ``1/sqrt(||Y||^2 + c_w^2)``."""
    sides = zip((network.c1, network.c2), spectrum.shape[::-1], strict=True)
    edges = [scale * _edge(network.width, size) ** 2 / network.width for scale, size in sides]
    largest = max(float(spectrum.targets.max()), spectrum.edge)
    return mode_stability_limit(largest, sum(edges) / 2)


def is_stable(spectrum: ModeSpectrum, network: RandomNetwork) -> bool:
    """Return whether the learning rate is not above its limit."""
    return network.learning_rate <= stable_rate(spectrum, network)


def check_stable(
    spectrum: ModeSpectrum, network: RandomNetwork, divisor: float | None = None
) -> None:
    """Refuse a learning rate above its limit; ``divisor`` is that of the paper's rule, if used.

    Raises
    ------
    OutOfRangeError
        That names the limit and the rate.
    """
    limit, rate = stable_rate(spectrum, network), network.learning_rate
    if rate <= limit:
        return
    told = f"learning_rate must be at most its stability limit, {limit:.6g}, got {rate:.6g}"
    if divisor is not None:
        least = divisor * rate / limit
        rule = f"{least:.3g} or more" if math.isfinite(least) else "larger"
        told += f": learning_rate_divisor must be {rule}, not {divisor:g}"
    raise OutOfRangeError(told)


def _edge(width: float, size: int) -> float:
    """Return the largest singular value of a (width, size) matrix of standard normal entries."""
    return float(evaluate(_edge_form, width, size)["edge"])


def _edge_form() -> StableForm:
    return StableForm(SIZES, (), {"edge": mean_edge().subs(tau, 1)})
