"""What a result was made with: versions of the package, of Python and of what computes."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version

__all__ = ["kind_of", "public_kind", "versions", "versions_of"]

PACKAGES = ("mixed-dynamics", "numpy", "scipy", "numba", "sympy", "xarray", "scikit-learn")


def kind_of(maker: Callable[..., object]) -> str:
    """Return what files call a function or class: its public name, ``module:name`` of a user's."""
    return public_kind(f"{maker.__module__}:{maker.__qualname__}")


def public_kind(kind: str) -> str:
    """Return a kind as it is written now; versions before 0.2 wrote the module of ours, too.

    Examples
    --------
    >>> public_kind("numerics.sweep_plan:SweepPlan"), public_kind("own_sweep:StartSweep")
    ('SweepPlan', 'own_sweep:StartSweep')
    """
    module, _, name = kind.rpartition(":")
    return name if module.partition(".")[0] == "numerics" else kind


@cache
def versions() -> str:
    """Return the versions as JSON text, fit for a netCDF attribute."""
    return json.dumps(versions_of(PACKAGES))


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Return the version of Python and of each package, or ``not installed``."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
