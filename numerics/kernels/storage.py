"""Files of generated text that survive the process: whole, checked, written at once.

A file ends with its own checksum and is moved to its place when it is complete, so that processes
that start together never read half of one, and a damaged one counts as absent.

The folder is ``$MIXED_DYNAMICS_CACHE`` or the user's cache folder; where neither can be
written, a temporary folder of this process.  Its files may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

from numerics.support.files import write_file

__all__ = ["cache_folder", "read", "write"]

ENVIRONMENT_VARIABLE = "MIXED_DYNAMICS_CACHE"

_MARK = "# sha256 "


@cache
def cache_folder() -> Path:
    """Return the folder of generated modules and derived results, created if need be."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    for folder in (Path(named) if named else None, user_cache_path("mixed-dynamics") / "kernels"):
        if folder is not None and _is_writable(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix="mixed-dynamics-"))


def read(path: Path) -> str | None:
    """Return the text of a file, or None where it is absent or damaged."""
    try:
        text, mark, digest = path.read_text(encoding="utf-8").rpartition(_MARK)
    except (OSError, UnicodeDecodeError):
        return None
    return text if _checksum(text) == mark + digest else None


def write(path: Path, text: str) -> None:
    """Write a text and its checksum."""
    write_file(path, text + _checksum(text))


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _checksum(text: str) -> str:
    return f"{_MARK}{hashlib.sha256(text.encode()).hexdigest()}\n"
