r"""Finds an image data set by its name, downloads it if need be, and reads it.

A data set inside a Python package is read from there. The files of another one are looked for

1. in the folder that is given, if one is given, and nowhere else;
2. in ``$MIXED_DYNAMICS_IMAGES``, or else the user's cache folder, in a folder called like it;
3. in the folder of Debian's package, for ``fashion_mnist``;
4. on the network: they are downloaded into the folder of 2 and compared with their checksums.

In such a folder the files may also lie as torchvision or the published archive lay them out.
What cannot be had raises one error, of one line, that says how to get it.

Source: :mod:`numerics.images.catalogue` has the data sets, their addresses and checksums.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_cache_path

from numerics.images.catalogue import SOURCES, Download
from numerics.images.file_formats import ImageFileError, ImagePool, decompressed
from numerics.support.files import replace_file
from numerics.support.validation import check_choice
from theory.wording import shown

__all__ = ["ImageListing", "MissingImagesError", "available_images", "read_images"]

ENVIRONMENT_VARIABLE = "MIXED_DYNAMICS_IMAGES"
PATIENCE = 20.0  # seconds without a sign of a server before the next mirror is tried
#: requests' errors are OSErrors, a wrong checksum is a ValueError; the others are an archive's.
FETCH_ERRORS = (OSError, ValueError, EOFError, KeyError, tarfile.TarError, zipfile.BadZipFile)

Reader = Callable[[Sequence[Path]], ImagePool]


class MissingImagesError(FileNotFoundError):
    """A data set that is not here; the message says how to get it."""


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
        Where its files are; nothing else is looked at then, and nothing is downloaded.

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
    found = _find(name, folder)
    if found is None and folder is None:
        _download(name, _own_folder() / name)
        found = _find(name, None)
    if found is None:
        raise _missing(name, "" if folder is None else f"not in {folder}")
    files, read = found
    _refuse_another(name, files)
    return _read_files(tuple((file, file.stat().st_mtime_ns) for file in files), read)


@lru_cache(maxsize=2)
def _read_package(read: Callable[[], ImagePool]) -> ImagePool:
    return read()


@lru_cache(maxsize=1)  # a sweep over seeds reads its files once; a second set would cost memory
def _read_files(dated_files: tuple[tuple[Path, int], ...], read: Reader) -> ImagePool:
    return read([file for file, _ in dated_files])


def _place(name: str) -> str | None:
    source = SOURCES[name]
    if source.read is not None:
        return source.requirement if find_spec(source.package) else None
    found = _find(name, None)
    return None if found is None else str(found[0][0].parent)


def _own_folder() -> Path:
    """Return the folder that has a folder for each data set."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    return Path(named).expanduser() if named else user_cache_path("mixed-dynamics") / "images"


def _find(name: str, folder: str | os.PathLike[str] | None) -> tuple[list[Path], Reader] | None:
    """Return the files of a data set and their reader, None if they are not all in one folder."""
    source = SOURCES[name]
    if folder is None:
        own = _own_folder()
        # Data sets share file names, so only a folder that is the data set's own is looked at.
        places = [own / name / inner for inner in ("", *source.folders)]
        places += [own / inner for inner in source.folders]
        places += [Path(source.debian[1])] if source.debian else []
    else:
        given = Path(folder).expanduser()
        roots = given, given / name
        places = [root / inner for root in roots for inner in ("", *source.folders)]
    for place in places:
        for kind in source.formats:
            present = [_present(place / file) for file in kind.files]
            files = [file for file in present if file is not None]
            if len(files) == len(present):
                return files, kind.read
    return None


def _present(file: Path) -> Path | None:
    compressed = file.with_name(file.name + ".gz")
    return next((path for path in (file, compressed) if path.is_file()), None)


def _refuse_another(name: str, files: Sequence[Path]) -> None:
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
                _fetch(item, url, folder)
                break
            except FETCH_ERRORS as error:
                reasons.append(_reason(url, error))
        else:
            raise _missing(name, "; ".join(reasons)) from None


def _fetch(item: Download, url: str, folder: Path) -> None:
    import pooch

    downloader = pooch.HTTPDownloader(timeout=PATIENCE)
    file = Path(
        pooch.retrieve(url, f"sha256:{item.sha256}", item.name, folder, downloader=downloader)
    )
    for member in item.members:
        _unpack(file, member, folder)
    if item.members:
        file.unlink(missing_ok=True)


def _reason(url: str, error: Exception) -> str:
    """Return a few words; the errors of the network have pages of them."""
    host = url.split("/")[2]
    if "hash of downloaded file" in str(error):
        return f"{host} sent a file with another checksum"
    return f"{host}: {type(error).__name__}"


def _unpack(archive: Path, member: str, folder: Path) -> None:
    """Write one member of a zip or tar archive into the folder, whole or not at all."""

    def write(target: Path) -> None:
        with target.open("wb") as output:
            if zipfile.is_zipfile(archive):
                with zipfile.ZipFile(archive) as opened, opened.open(member) as content:
                    shutil.copyfileobj(content, output)
            else:
                with tarfile.open(archive) as tar:
                    found = tar.extractfile(member)
                    if found is None:
                        raise ImageFileError(f"{archive} must have a file {member}, got no file")
                    shutil.copyfileobj(found, output)

    replace_file(folder / member.rpartition("/")[2], write)


def _missing(name: str, reason: str = "") -> MissingImagesError:
    tried = f" ({reason})" if reason else ""
    return MissingImagesError(f"images of {name} are not here{tried}: {_remedy(name)}")


def _remedy(name: str) -> str:
    source = SOURCES[name]
    if source.read is not None:
        return f"pip install {source.requirement}"
    ways = [f"install Debian's package {source.debian[0]}"] if source.debian else []
    first, *others = source.downloads
    what = first.urls[0] + (f" and the {len(others)} files beside it" if others else ", unpacked,")
    put = f"put {what} into the folder {name} of ${ENVIRONMENT_VARIABLE} or one given as folder"
    return "; or ".join([*ways, "connect to the network", put])
