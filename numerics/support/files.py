"""Files that are whole or absent: written beside their place, then moved there at once.

A reader sees the old file or the new one; after a crash of the program or of the machine the new
one is there whole once :func:`replace_file` has returned, if it was asked to be durable.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

__all__ = ["TEMPORARY_PREFIX", "replace_file"]

#: Start of the names of files that are being written; a dead writer's may be deleted.
TEMPORARY_PREFIX = ".unfinished-"


def replace_file(path: Path, write: Callable[[Path], object], *, durable: bool = False) -> Path:
    """Write a file beside its place and move it there.

    Parameters
    ----------
    path : Path
        Where the file will be; its folder exists.
    write : callable
        Fills the temporary file whose path it is given; its suffix is that of ``path``.
    durable : bool
        Return only when the file and its name are on the disk.

    Returns
    -------
    Path
        The path given.

    Raises
    ------
    OSError
        As it came, a full disk for instance; nothing is left behind then.
    """
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=f"{TEMPORARY_PREFIX}{path.stem}-", suffix=path.suffix
    )
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        # mkstemp makes a private file; a result should be as readable as any other file.
        temporary.chmod(0o666 & ~_umask())
        if durable:
            _sync(temporary)
        os.replace(temporary, path)
        if durable:
            _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)
    return path


@cache
def _umask() -> int:
    """Return the process's mask, read once: reading it means to change it for a moment."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
