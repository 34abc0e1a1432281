"""Files that are whole or absent: made in memory, written beside their place, then moved there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from numerics.support.files import write_file
from numerics.support.object_validation import check_path

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = [
    "prepare_folder",
    "save_dataset",
    "save_drawn",
    "save_figure",
    "save_result",
    "save_text",
]

#: Metadata that would differ from run to run is left out of figures.
METADATA = {".png": {"Software": None}, ".pdf": {"CreationDate": None, "Producer": None}}


def prepare_folder(name: str) -> Path:
    """Return a folder that exists and can be written to, before any work is done.

    Raises
    ------
    OSError
        If it cannot be made or written to; the message names it.
    """
    folder = check_path("output", name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(
            f"output must be a folder that can be written to, got {name}: {error.strerror}"
        ) from error
    return folder


def save_dataset(data: xr.Dataset, path: Path) -> Path:
    """Write a dataset as netCDF-4."""
    import h5netcdf
    from xarray.backends import H5NetCDFStore

    # HDF5 never meets a full disk in memory; to_netcdf would import distributed to find a cluster.
    content = BytesIO()
    with h5netcdf.File(content, "w") as file:
        data.dump_to_store(H5NetCDFStore(file))
    return write_file(path, content.getvalue())


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure in the format of the path's suffix."""
    from verify.figures.style import RESOLUTION

    content, suffix = BytesIO(), path.suffix
    figure.savefig(content, format=suffix[1:], dpi=RESOLUTION, metadata=METADATA[suffix])
    return write_file(path, content.getvalue())


def save_result(
    data: xr.Dataset, draw: Callable[[], Figure], folder: Path, name: str
) -> list[Path]:
    """Write a dataset (netCDF-4), then its figure (PNG and PDF) under the same name."""
    return [save_dataset(data, folder / f"{name}.nc"), *save_drawn(draw, folder, name)]


def save_drawn(draw: Callable[[], Figure], folder: Path, name: str) -> list[Path]:
    """Draw a figure and write it (PNG and PDF); where the data do not allow it, say why.

    The data are to be saved before, so that nothing is lost with the figure.
    """
    from verify.figures.style import lay_out_once

    try:
        figure = draw()
        lay_out_once(figure)
    except (ValueError, TypeError, IndexError) as error:
        print(f"{name} is not drawn: {' '.join(str(error).split())}")
        return []
    return [save_figure(figure, folder / f"{name}{suffix}") for suffix in METADATA]


def save_text(text: str, path: Path) -> Path:
    """Write a text file."""
    return write_file(path, text)
