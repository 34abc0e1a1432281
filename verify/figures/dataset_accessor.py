"""``data.mixed_dynamics.plot()``: what ``import verify`` adds to every dataset.

An accessor is registered with xarray, which takes a second to import; ``import verify`` does not
wait for it, but registers the accessor when xarray is imported, by whomever.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["DatasetAccessor", "register"]


class DatasetAccessor:
    """What datasets of this package can do: ``data.mixed_dynamics``.

    Parameters
    ----------
    data : xarray.Dataset
        Whose accessor it is.
    """

    def __init__(self, data: xr.Dataset) -> None:
        self._data = data

    def plot(self) -> Figure:
        """Draw the dataset; see :func:`verify.figures.plot_any_dataset.plot`."""
        from verify.figures.plot_any_dataset import plot

        return plot(self._data)


def register() -> None:
    """Give datasets the accessor: now if xarray is imported already, else as soon as it is."""
    if "xarray" in sys.modules:
        _add_accessor(sys.modules["xarray"])
    else:
        sys.meta_path.insert(0, _WithXarray())


class _WithXarray(MetaPathFinder):
    """Finds xarray where it is, once, and adds the accessor when it has been executed."""

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name != "xarray":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        execute = spec.loader.exec_module

        def execute_and_add(module: ModuleType) -> None:
            execute(module)
            _add_accessor(module)

        spec.loader.exec_module = execute_and_add
        return spec


def _add_accessor(xarray: ModuleType) -> None:
    if not hasattr(xarray.Dataset, "mixed_dynamics"):
        xarray.register_dataset_accessor("mixed_dynamics")(DatasetAccessor)
