"""Files that are whole or absent: written beside their place, then moved there at once."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from numerics.support.files import replace_file

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["prepare_folder", "save_dataset", "save_figure", "save_result", "save_text"]

#: Metadata that would differ from run to run is left out of figures.
METADATA = {".png": {"Software": None}, ".pdf": {"CreationDate": None, "Producer": None}}


def prepare_folder(name: str) -> Path:
    """Return a folder that exists and can be written to, before any work is done.

    Raises
    ------
    OSError
        If it cannot be made or written to; the message names it.
    """
    folder = Path(name)
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
    return replace_file(path, lambda file: data.to_netcdf(file, engine="h5netcdf"))


def save_figure(figure: Figure, path: Path, dpi: int = 160) -> Path:
    """Write a figure in the format of the path's suffix."""
    metadata = METADATA[path.suffix]
    return replace_file(path, lambda file: figure.savefig(file, dpi=dpi, metadata=metadata))


def save_result(data: xr.Dataset, figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write a dataset (netCDF-4) and its figure (PNG and PDF) under one name."""
    paths = [save_dataset(data, folder / f"{name}.nc"), save_figure(figure, folder / f"{name}.png")]
    # What was laid out for one format need not be laid out, and drawn for it, once more.
    figure.set_layout_engine("none")
    return [*paths, save_figure(figure, folder / f"{name}.pdf")]


def save_text(text: str, path: Path) -> Path:
    """Write a text file."""
    return replace_file(path, lambda file: file.write_text(text))
