"""What a result was made with: versions of the package, of Python and of what computes."""

from __future__ import annotations

import json
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

__all__ = ["versions"]

PACKAGES = ("mixed-dynamics", "numpy", "scipy", "numba", "sympy", "xarray", "scikit-learn")


@cache
def versions() -> str:
    """Return the versions as JSON text, fit for a netCDF attribute."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return json.dumps(found)
