"""What a result was made with: versions of the package, of Python and of what computes."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version

__all__ = ["versions", "versions_of"]

PACKAGES = ("mixed-dynamics", "numpy", "scipy", "numba", "sympy", "xarray", "scikit-learn")


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
