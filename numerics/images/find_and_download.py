r"""Finds an image data set by its name, downloads it if need be, and reads it.

A data set inside a Python package is read from there. The files of another one are looked for

1. in the folder that is given, if one is given, and nowhere else;
2. in ``$MIXED_DYNAMICS_IMAGES``, or else the user's cache folder, in a folder called like it;
3. in the folder of Debian's package, for ``fashion_mnist``;
4. on the network: they are downloaded into the folder of 2 and compared with their checksums.

In such a folder the files may also be spelled a little differently, lie in folders inside it, or in
an archive (:mod:`numerics.images.locate_files`).  What cannot be had raises one error, of one line,
that says what is missing and how to get it.

Source: :mod:`numerics.images.catalogue` has the data sets, their addresses and checksums.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_cache_path

from numerics.images.catalogue import SOURCES, Download
from numerics.images.file_formats import ImageFile, ImageFileError, ImagePool, decompressed
from numerics.images.locate_files import files_in, what_is_missing
from numerics.support.files import write_file
from numerics.support.object_validation import check_path
from numerics.support.validation import check_choice
from theory.wording import shown

__all__ = ["ImageListing", "MissingImagesError", "available_images", "read_images"]

ENVIRONMENT_VARIABLE = "MIXED_DYNAMICS_IMAGES"
PATIENCE = 20.0  # seconds without a sign of a server before the next mirror is tried

Reader = Callable[[Sequence[ImageFile]], ImagePool]


class MissingImagesError(FileNotFoundError):
    """A data set that is not here; the message says how to get it."""


class _OtherFileError(Exception):
    """A downloaded file is not the published one."""


#: requests' errors are OSErrors; the last ones are an archive's.
_FETCH_ERRORS = (
    OSError,
    ValueError,
    _OtherFileError,
    EOFError,
    KeyError,
    tarfile.TarError,
    zipfile.BadZipFile,
)


@dataclass(frozen=True)
class ImageListing:
    """One line of the list of data sets.

    Attributes
    ----------
    name, description : str
        What `numerics.images.classification_task.load_images` calls it, and what it is.
    place : str or None
        The package or the folder that has it; None if it is not here.
    remedy : str
        How to get it.
    """

    name: str
    description: str
    place: str | None
    remedy: str

    def __str__(self) -> str:
        """Return the line."""
        state = f"missing: {self.remedy}" if self.place is None else f"in {self.place}"
        return f"{self.name}: {self.description}; {state}"


def available_images() -> tuple[ImageListing, ...]:
    """Return the image data sets, what each is, and where it was found; nothing is downloaded.

    Examples
    --------
    >>> [listing.name for listing in available_images()]
    ['digits', 'mnist_subset', 'mnist', 'fashion_mnist', 'emnist', 'cifar10']
    """
    return tuple(
        ImageListing(name, source.description, _place(name), _remedy(name))
        for name, source in SOURCES.items()
    )


def read_images(name: str, folder: str | os.PathLike[str] | None = None) -> ImagePool:
    """Read a whole data set, downloading it if it is nowhere here.

    Parameters
    ----------
    name : str
        One of the names that `available_images` lists.
    folder : path, optional
        Where its files are, or an archive of them; nothing else is looked at then, and nothing is
        downloaded.

    Returns
    -------
    ImagePool
        Its images and class numbers, in the order of the files.

    Raises
    ------
    MissingImagesError
        If it is not here and cannot be downloaded.
    ImageFileError
        If a file is damaged or is of another data set.
    TypeError, ValueError
        If the name is none, or a folder is given for a data set that a package has.

    Examples
    --------
    >>> read_images("digits").images.shape
    (1797, 8, 8, 1)
    """
    source = SOURCES[check_choice("name", name, tuple(SOURCES))]
    if source.read is not None:
        if folder is not None:
            raise ValueError(
                f"folder must be None for {name}, which a package has, got {shown(folder)}"
            )
        if find_spec(source.package) is None:
            raise _missing(name)
        return _read_package(source.read)
    if folder is not None:
        found = _find(name, [given := Path(check_path("folder", folder)).expanduser()])
        if found is None:
            raise _not_in(name, given)
    else:
        found = _find(name, _usual_places(name))
    if found is None:
        _download(name, _own_folder() / name)
        found = _find(name, [_own_folder() / name])
    if found is None:
        raise _missing(name)
    files, read = found
    _refuse_another(name, files)
    return _read_files(tuple((file, file.stat().st_mtime_ns) for file in files), read)


@lru_cache(maxsize=2)
def _read_package(read: Callable[[], ImagePool]) -> ImagePool:
    return read()


@lru_cache(maxsize=1)  # a sweep over seeds reads its files once; a second set would cost memory
def _read_files(dated_files: tuple[tuple[ImageFile, int], ...], read: Reader) -> ImagePool:
    return read([file for file, _ in dated_files])


def _place(name: str) -> str | None:
    source = SOURCES[name]
    if source.read is not None:
        return source.requirement if find_spec(source.package) else None
    found = _find(name, _usual_places(name))
    return None if found is None else str(found[0][0]).rpartition(os.sep)[0]


def _own_folder() -> Path:
    """Return the folder that has a folder for each data set."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    return Path(named).expanduser() if named else user_cache_path("mixed-dynamics") / "images"


def _usual_places(name: str) -> Iterator[Path]:
    """Yield the folders of a data set where none is given."""
    source, own = SOURCES[name], _own_folder()
    # Data sets share file names, so only a folder that is the data set's own is looked at.
    yield from (own / inner for inner in (name, *source.folders))
    if source.debian:
        yield Path(source.debian[1])


def _find(name: str, places: Iterable[Path]) -> tuple[list[ImageFile], Reader] | None:
    """Return the files of a data set and their reader, None if they are not all in one place."""
    for place in places:
        for kind in SOURCES[name].formats:
            found = files_in(place, kind, name)
            if len(found) == len(kind.files):
                return [found[file] for file in kind.files], kind.read
    return None


def _refuse_another(name: str, files: Sequence[ImageFile]) -> None:
    """Refuse the files of another data set, where they have the same names."""
    if not SOURCES[name].labels_sha256:
        return
    checksum = hashlib.sha256(decompressed(files[1])).hexdigest()
    for other, source in SOURCES.items():
        if other != name and source.labels_sha256 == checksum:
            raise ImageFileError(f"{files[1]} must be of {name}, got the file of {other}")


def _download(name: str, folder: Path) -> None:
    """Bring the files of a data set into the folder; MissingImagesError if it cannot be done."""
    for item in SOURCES[name].downloads:
        reasons = []
        for url in item.urls:
            try:
                files = _fetch(item, url)
                break
            except _FETCH_ERRORS as error:
                reasons.append(_reason(url, error))
        else:
            raise _missing(name, "; ".join(reasons)) from None
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            write_file(folder / file, content)


def _fetch(item: Download, url: str) -> dict[str, bytes]:
    """Download a file, compare its checksum, and return it or what is wanted of it by name."""
    import pooch

    stream = io.BytesIO()
    pooch.HTTPDownloader(timeout=PATIENCE)(url, stream, None)
    content = stream.getvalue()
    if hashlib.sha256(content).hexdigest() != item.sha256:
        raise _OtherFileError
    return _members(content, item.members) if item.members else {item.name: content}


def _reason(url: str, error: Exception) -> str:
    """Return a few words; the errors of the network have pages of them."""
    host = url.split("/")[2]
    if isinstance(error, _OtherFileError):
        return f"{host} sent a file with another checksum"
    return f"{host}: {type(error).__name__}"


def _members(archive: bytes, members: Sequence[str]) -> dict[str, bytes]:
    """Return files in a zip or tar archive by their names without folders."""
    stream, found = io.BytesIO(archive), {}
    if zipfile.is_zipfile(stream):
        with zipfile.ZipFile(stream) as packed:
            return {name.rpartition("/")[2]: packed.read(name) for name in members}
    stream.seek(0)
    with tarfile.open(fileobj=stream) as tar:
        for name in members:
            content = tar.extractfile(name)
            if content is None:
                raise KeyError(name)
            found[name.rpartition("/")[2]] = content.read()
    return found


def _missing(name: str, reason: str = "") -> MissingImagesError:
    """Return the error where no folder was given; what lies half-complete in its own is told."""
    own, source = _own_folder() / name, SOURCES[name]
    if source.formats and own.exists() and any(own.iterdir()):
        there = what_is_missing(own, source.formats, name)
        reason = f"{there}; {reason}" if reason else there
    tried = f" ({reason})" if reason else ""
    return MissingImagesError(f"images of {name} are not here{tried}: {_remedy(name)}")


def _not_in(name: str, folder: Path) -> MissingImagesError:
    """Return the error where a folder was given: that folder is what is to be mended."""
    told = what_is_missing(folder, SOURCES[name].formats, name)
    return MissingImagesError(
        f"images of {name} are not in the given folder: {told}; put {_published(name)} there, or "
        "name the folder that has them"
    )


def _remedy(name: str) -> str:
    source = SOURCES[name]
    if source.read is not None:
        return f"pip install {source.requirement}"
    ways = [f"install Debian's package {source.debian[0]}"] if source.debian else []
    put = f"put {_published(name)} into the folder {name} of ${ENVIRONMENT_VARIABLE}"
    return "; or ".join([*ways, "connect to the network", f"{put} or one given as folder"])


def _published(name: str) -> str:
    """Return which files are to be had where."""
    first, *others = SOURCES[name].downloads
    return first.urls[0] + (f" and the {len(others)} files beside it" if others else "")
