"""The text of a package as one hash: the key of everything that the package derives."""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["text_hash"]


def text_hash(folder: str | Path) -> str:
    """Return the sha256 of every Python file below a folder, names and contents.

    Examples
    --------
    >>> import theory
    >>> text_hash(theory.__path__[0]) == theory.SOURCES
    True
    """
    digest = hashlib.sha256()
    root = Path(folder)
    for path in sorted(root.rglob("*.py")):
        content = path.read_bytes()
        # Lengths keep the end of one part from passing for the start of the next.
        name = path.relative_to(root).as_posix().encode()
        digest.update(b"%d %d " % (len(name), len(content)) + name + content)
    return digest.hexdigest()
