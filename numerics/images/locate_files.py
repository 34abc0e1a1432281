"""Where the files of an image data set are: their spellings, nested folders, packed archives.

The published names are looked for as they are spelled elsewhere, too: with a dot or an underscore
for a dash, in capitals, with ``.gz`` at the end or without; in folders inside the folder, to a
depth of ``DEPTH``; and inside zip and tar archives that nobody has unpacked.  A folder that is
called like another data set is passed over, since data sets share file names.

What is not there is told by the names expected and the names found, for training and for testing.
"""

from __future__ import annotations

import os
import re
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from numerics.images.catalogue import SOURCES, FileFormat
from numerics.images.file_formats import ImageFile, ImageFileError

__all__ = ["PackedFile", "Place", "files_in", "packed_files", "what_is_missing"]

#: Folders inside a given folder that are looked into, and files of one that are looked at.
DEPTH, MOST_FILES = 3, 2_000
#: Names of archives that may hold image sets; others could be anything, and long.
ARCHIVES = re.compile(
    r"(mnist|cifar|letters|gzip|archive).*\.(zip|tar|tgz|tar\.gz|tar\.bz2|tar\.xz)$", re.IGNORECASE
)
#: Names found that a message lists.
LISTED = 8

#: Files of a data set by the names expected.
Place = dict[str, ImageFile]


@dataclass(frozen=True)
class PackedFile:
    """A file inside a zip or tar archive, read like any other."""

    archive: Path
    member: str

    @property
    def name(self) -> str:
        """Its name without folders."""
        return self.member.rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.archive}/{self.member}"

    def read_bytes(self) -> bytes:
        """Return its content."""
        with self.archive.open("rb") as stream:
            if zipfile.is_zipfile(stream):
                with zipfile.ZipFile(stream) as packed:
                    return packed.read(self.member)
            stream.seek(0)
            with tarfile.open(fileobj=stream) as tar:
                found = tar.extractfile(self.member)
                if found is None:
                    raise ImageFileError(f"{self} must be a file, got none")
                return found.read()

    def stat(self) -> os.stat_result:
        """Return the state of the archive."""
        return self.archive.stat()


def packed_files(archive: Path) -> list[PackedFile]:
    """Return the files in an archive.

    Raises
    ------
    ImageFileError
        If it is damaged or none.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                names = [x.filename for x in packed.infolist() if not x.is_dir()]
        else:
            with tarfile.open(archive) as tar:
                names = [x.name for x in tar if x.isfile()]
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise ImageFileError(f"{archive} must be a whole archive, got: {error}") from None
    return [PackedFile(archive, name) for name in names]


def files_in(root: Path, kind: FileFormat, name: str) -> Place:
    """Return those files of a format that are in a folder, or in an archive in its place.

    Parameters
    ----------
    root : Path
        The folder or archive.
    kind : FileFormat
        What is looked for.
    name : str
        Of the data set.
    """
    wanted = {_spelling(file): file for file in kind.files}
    found: Place = {}
    archives = []
    for path in _walk(root, name):
        known = wanted.get(_spelling(path.name))
        if known is not None:
            found.setdefault(known, path)
        elif ARCHIVES.search(path.name):
            archives.append(path)
    for archive in archives if len(found) < len(wanted) else ():
        for packed in packed_files(archive):
            known = wanted.get(_spelling(packed.name))
            if known is not None:
                found.setdefault(known, packed)
    return found


def what_is_missing(root: Path, kinds: Sequence[FileFormat], name: str) -> str:
    """Return which names were expected in a folder and which were found, on one line."""
    if not root.exists():
        return f"{root} is no folder"
    places = [files_in(root, kind, name) for kind in kinds]
    kind, place = max(zip(kinds, places, strict=True), key=lambda x: len(x[1]))
    missing = [file for file in kind.files if file not in place]
    parts = {"training": [x for x in missing if not _for_test(x)]}
    parts["testing"] = [x for x in missing if _for_test(x)]
    lacks = "; ".join(f"for {part} {', '.join(x)}" for part, x in parts.items() if x)
    present = sorted({path.name for path in _walk(root, name)})
    listed = ", ".join(present[:LISTED]) or "no file"
    more = f" and {len(present) - LISTED} more" if len(present) > LISTED else ""
    return f"{root} lacks {lacks} (each plain or with .gz); found {listed}{more}"


def _walk(root: Path, name: str) -> Iterator[Path]:
    """Yield the files of a folder and of those inside it, the nearest first."""
    if root.is_file():
        yield root
        return
    others = {_spelling(x) for x in SOURCES if x != name}
    others |= {
        _spelling(folder.partition("/")[0])
        for other, source in SOURCES.items()
        if other != name
        for folder in source.folders
    } - {_spelling(x.partition("/")[0]) for x in SOURCES[name].folders}
    level, seen = [root], 0
    for _ in range(DEPTH + 1):
        inner: list[Path] = []
        for folder in level:
            try:
                entries = sorted(folder.iterdir())
            except OSError:
                continue
            for path in entries:
                if path.is_dir():
                    if _spelling(path.name) not in others:
                        inner.append(path)
                    continue
                seen += 1
                if seen > MOST_FILES:
                    return
                yield path
        level = inner


def _spelling(name: str) -> str:
    """Return what the spellings of a file's name have in common."""
    return re.sub(r"[\s._-]+", "-", name.lower().removesuffix(".gz"))


def _for_test(file: str) -> bool:
    return "test" in file or file.startswith("t10k")
