"""``data.mixed_dynamics.plot()``, a method of every dataset once this module is imported.

``import mixed_dynamics.xarray`` imports it; it imports xarray, which takes a second.
"""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from verify.figures.plot_any_dataset import plot

__all__ = ["DatasetAccessor"]


@xr.register_dataset_accessor("mixed_dynamics")
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
        return plot(self._data)
