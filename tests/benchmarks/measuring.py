"""What every benchmark shares: curves of cost over size, checked answers, interleaved timing.

A curve is one method's cost at several sizes; a panel puts curves side by side.  A cost counts
only after the method's answer was compared with the others' (:func:`agree` raises otherwise).
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_info

from numerics.support.provenance import versions_of
from verify.measurements.power_fits import MINIMUM_SIZES, Fit, fit_exponent

#: A slope is fitted to the upper half of the sizes, to this many where there are as many.
FITTED_SIZES = 5

#: Two-sided probability outside a slope's interval.
LEVEL = 0.05

#: Samples of a call: at most, at least, and seconds after which no more are taken.
SAMPLES, FEWEST, SECONDS = 15, 3, 1.0

#: A call that is shorter is repeated within one sample.
SHORTEST = 0.01

PACKAGES = ("mixed-dynamics", "numpy", "scipy", "numba", "torch", "distributed")

try:
    import torch
except ImportError:
    torch = None


class AgreementError(ArithmeticError):
    """Two methods that should give one answer do not."""


@dataclass
class Curve:
    """What one method costs: seconds at sizes, and how far its answers were from the others'."""

    method: str
    slope: float
    sizes: list[float] = field(default_factory=list)
    minimum: list[float] = field(default_factory=list)
    median: list[float] = field(default_factory=list)
    samples: list[int] = field(default_factory=list)
    difference: list[float] = field(default_factory=list)
    tolerance: float = 0.0
    setting: str = ""

    def add(self, size: float, seconds: list[float], difference: float) -> None:
        """Add the samples of one size."""
        self.sizes.append(size)
        self.minimum.append(float(np.min(seconds)))
        self.median.append(float(np.median(seconds)))
        self.samples.append(len(seconds))
        self.difference.append(float(difference))

    def fit(self) -> tuple[Fit, float] | None:
        """Return the fitted slope and the smallest size in it; None for fewer than four sizes."""
        if len(self.sizes) < MINIMUM_SIZES:
            return None
        count = max(MINIMUM_SIZES, min(FITTED_SIZES, len(self.sizes)), len(self.sizes) // 2)
        fit = fit_exponent(self.sizes[-count:], self.minimum[-count:], LEVEL)
        return fit, self.sizes[-count]


@dataclass
class Panel:
    """Curves over one kind of size; the first is what the others' ratios refer to."""

    name: str
    title: str
    size: str
    cost: str
    curves: list[Curve]
    note: str = ""


def agree(method: str, difference: float, tolerance: float) -> float:
    """Return a difference, or raise where it exceeds its tolerance or is not a number."""
    if not difference <= tolerance:
        raise AgreementError(
            f"{method} must agree with the others to {tolerance:g}, it differs by {difference:.3g}"
        )
    return float(difference)


def relative(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the relative difference in the Frobenius norm."""
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def measure(
    calls: Mapping[str, Callable[[], object]], seconds: float = SECONDS, samples: int = SAMPLES
) -> dict[str, list[float]]:
    """Return seconds a call, in samples taken turn by turn in an order drawn for each round.

    Each call runs once before, unmeasured but for how often it goes into one sample and how many
    samples it is given.
    """
    repeats, rounds = {}, {}
    for name, call in calls.items():
        once = _time(call, 1)
        once = min(once, _time(call, 1)) if once < seconds else once
        repeats[name] = max(1, round(SHORTEST / max(once, 1e-9)))
        rounds[name] = int(np.clip(seconds / (once * repeats[name]), FEWEST, samples))
    found: dict[str, list[float]] = {name: [] for name in calls}
    generator = np.random.default_rng(0)
    for k in range(max(rounds.values())):
        for name in generator.permutation([name for name in calls if k < rounds[name]]):
            found[name].append(_time(calls[name], repeats[name]) / repeats[name])
    return found


def machine() -> dict[str, object]:
    """Return the processor's name, the cores of this process, its BLAS and the versions."""
    blas = {
        f"{pool['internal_api']} {pool['version'] or ''}".strip() + f" ({pool['architecture']})"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    }
    return {
        "processor": _processor(),
        "cores": cores(),
        "blas": sorted(blas),
        "blas_threads": max((x["num_threads"] for x in threadpool_info()), default=1),
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "versions": versions_of(PACKAGES),
    }


def cores() -> int:
    """Return how many cores this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    if file.exists():
        for line in file.read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def _time(call: Callable[[], object], repeats: int) -> float:
    start = perf_counter()
    for _ in range(repeats):
        call()
    return perf_counter() - start
