"""The one door to the disk: files that are whole or absent.

A file is made in memory, written beside its place, synced and moved there at once.  A reader sees
the old file or the new one, whatever the disk or the program do; when :func:`write_file` has
returned, the new one survives a crash of the machine.
"""

from __future__ import annotations

import io
import os
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TEMPORARY_PREFIX", "read_arrays", "write_file"]

#: Start of the names of files that are being written; a dead writer's may be deleted.
TEMPORARY_PREFIX = ".unfinished-"


def write_file(path: Path, content: bytes | str) -> Path:
    """Write a file, whole or not at all.

    Parameters
    ----------
    path : Path
        Where the file will be; its folder exists.
    content : bytes or str
        All of it; text is written as UTF-8.

    Returns
    -------
    Path
        The path given.

    Raises
    ------
    OSError
        As the system says, a full disk for instance, with the path; nothing is left behind then,
        and an old file stays.
    """
    made = content.encode("utf-8") if isinstance(content, str) else content
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f"{TEMPORARY_PREFIX}{path.stem}-", suffix=path.suffix
        )
        temporary = Path(name)
        with open(handle, "wb") as stream:
            stream.write(made)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes a private file; a result should be as readable as any other file.
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        # The file that is asked for is named, not the one beside it.
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return path


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file by name, or that of an npy file by the name ``array``.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is no such file, is damaged, or holds objects.
    """
    stream = io.BytesIO(path.read_bytes())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a header that is warned of is none that NumPy wrote
            found = np.load(stream, allow_pickle=False)
            if isinstance(found, np.ndarray):
                return {"array": found}
            with found:
                return {name: found[name] for name in found.files}
    except Exception as error:  # a flipped bit may surface as nearly any of them
        raise ValueError(
            f"{path} must be a whole file of NumPy's with arrays of numbers"
        ) from error


@cache
def _umask() -> int:
    """Return the process's mask, read once: reading it means to change it for a moment."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Bring a new name to the disk, where the system lets folders be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
