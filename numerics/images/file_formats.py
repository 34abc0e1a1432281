r"""Readers of the published image files: IDX, and CIFAR-10 in its binary and its Python version.

IDX (MNIST and the sets made like it), every number big-endian, plain or compressed with gzip:

    2 bytes     zero
    1 byte      type of the entries: 8, an unsigned byte
    1 byte      number k of axes
    4 k bytes   the k sizes
    the rest    the entries, the last axis fastest

so that images (three axes) start with the number 2051 and labels (one) with 2049. CIFAR-10, the
binary version, has nothing but records of 3073 bytes:

    label, 1024 bytes of red, 1024 of green, 1024 of blue;    each channel row by row.

Its Python version pickles a dictionary with the same bytes; it is read by an unpickler that makes
arrays and nothing else, because a pickle may name any function to call.

A file whose size is not the one that it states is refused. Bytes changed in place cannot be seen
here; the checksums of downloads (:mod:`numerics.images.find_and_download`) see them.

Source: the format descriptions on the pages of MNIST (Y. LeCun, C. Cortes, C. Burges) and of
CIFAR-10 (A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009).
"""

from __future__ import annotations

import gzip
import io
import math
import os
import pickle
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from theory.wording import in_one_line

__all__ = [
    "ImageFile",
    "ImageFileError",
    "ImagePool",
    "decompressed",
    "read_cifar_binary",
    "read_cifar_python",
    "read_idx",
]

UNSIGNED_BYTE = 8  # IDX's code for it, the only type that image sets use
GZIP_START = b"\x1f\x8b"
CIFAR_SHAPE = (3, 32, 32)  # channels, rows, columns: the order in its files
CIFAR_PIXELS = math.prod(CIFAR_SHAPE)
CIFAR_CLASSES = 10


class ImageFile(Protocol):
    """What is read: a path, or a file in an archive; as text, its place."""

    @property
    def name(self) -> str:
        """Without folders."""

    def read_bytes(self) -> bytes:
        """Return the content."""

    def stat(self) -> os.stat_result:
        """Return when it was changed, among others."""


class ImageFileError(ValueError):
    """A damaged file, or a file of another kind; the message says what is wrong with which."""


@dataclass(frozen=True, eq=False)
class ImagePool:
    """All images of a data set, as stored.

    Attributes
    ----------
    images : ndarray of uint8, shape (n, rows, columns, channels)
        Pixels.
    classes : ndarray of int64, shape (n,)
        The class number of each image as the data set counts them, at least 0.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not of these types and shapes.

    Examples
    --------
    >>> ImagePool(np.zeros((5, 8, 8, 1), dtype=np.uint8), np.arange(5)).images.shape
    (5, 8, 8, 1)
    """

    images: NDArray[np.uint8]
    classes: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check the arrays and keep read-only views: a pool is shared by all drawn from it."""
        for name, dtype in (("images", np.uint8), ("classes", np.int64)):
            array = getattr(self, name)
            plain = isinstance(array, np.ndarray) and not np.ma.isMaskedArray(array)
            if not (plain and array.dtype == dtype):
                came = array.dtype if plain else type(array).__name__
                raise TypeError(f"{name} must be an array of {dtype.__name__}, got {came}")
            view = array.view()
            view.setflags(write=False)
            object.__setattr__(self, name, view)
        if self.images.ndim != 4 or self.images.size == 0:
            raise ValueError(
                "images must have shape (n, rows, columns, channels) without a zero, "
                f"got {self.images.shape}"
            )
        if self.classes.shape != self.images.shape[:1]:
            raise ValueError(
                f"classes must have shape {self.images.shape[:1]}, got {self.classes.shape}"
            )
        if self.classes.min() < 0:
            raise ValueError(f"classes must be >= 0, got {self.classes.min()}")


def read_idx(files: Sequence[ImageFile]) -> ImagePool:
    """Read pairs of IDX files, plain or compressed.

    Parameters
    ----------
    files : sequence of files
        Images, labels, images, labels, and so on; the pairs are joined in this order.

    Returns
    -------
    ImagePool
        One channel.

    Raises
    ------
    ImageFileError
        If a file is damaged or of another kind, or if images and labels do not match.
    """
    images: list[NDArray[np.uint8]] = []
    classes: list[NDArray[np.uint8]] = []
    for pixels_file, labels_file in zip(files[::2], files[1::2], strict=True):
        pixels = _read_idx_array(pixels_file, 3, "images")
        labels = _read_idx_array(labels_file, 1, "labels")
        if len(pixels) != len(labels):
            raise ImageFileError(
                f"{pixels_file} and {labels_file} must go together, "
                f"got {len(pixels)} images and {len(labels)} labels"
            )
        if images and images[0].shape[1:] != pixels.shape[1:]:
            raise ImageFileError(
                f"{pixels_file} must have images of {_product(images[0].shape[1:])} pixels, "
                f"got {_product(pixels.shape[1:])}"
            )
        images.append(pixels)
        classes.append(labels)
    return ImagePool(
        np.concatenate(images)[..., np.newaxis], np.concatenate(classes).astype(np.int64)
    )


def read_cifar_binary(files: Sequence[ImageFile]) -> ImagePool:
    """Read batches of CIFAR-10's binary version.

    Parameters
    ----------
    files : sequence of files
        The batches, joined in this order; any number of records each.

    Returns
    -------
    ImagePool
        Images of 32 x 32 pixels in three channels.

    Raises
    ------
    ImageFileError
        If a file is not made of whole records, or a label is no class.
    """
    size, batches = 1 + CIFAR_PIXELS, []
    for file in files:
        content = np.frombuffer(file.read_bytes(), np.uint8)
        if content.size == 0 or content.size % size:
            raise ImageFileError(
                f"{file} must be made of records of {size} bytes, got {content.size} bytes"
            )
        records = content.reshape(-1, size)
        batches.append(_cifar_pool(file, records[:, 1:], records[:, 0]))
    return _joined(batches)


def read_cifar_python(files: Sequence[ImageFile]) -> ImagePool:
    """Read batches of CIFAR-10's Python version without running what a pickle may name.

    Parameters
    ----------
    files : sequence of files
        The batches, joined in this order.

    Returns
    -------
    ImagePool
        The same as from the binary version.

    Raises
    ------
    ImageFileError
        If a file is no such batch, or names anything but arrays.
    """
    return _joined([_read_python_batch(file) for file in files])


def decompressed(file: ImageFile) -> bytes:
    """Return a file's content; what it starts with tells whether it is compressed, not its name.

    Raises
    ------
    ImageFileError
        If it is a damaged gzip file.
    """
    content = file.read_bytes()
    if not content.startswith(GZIP_START):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ImageFileError(
            f"{file} must be a whole gzip file, got one damaged: {error}"
        ) from None


def _read_idx_array(file: ImageFile, axes: int, content: str) -> NDArray[np.uint8]:
    """Return the array in an IDX file, which must have the given number of axes."""
    data = decompressed(file)
    start = 4 + 4 * axes
    if len(data) < start:
        raise ImageFileError(f"{file} must have a header of {start} bytes, got {len(data)} bytes")
    magic, *shape = struct.unpack(f">{1 + axes}I", data[:start])
    expected = UNSIGNED_BYTE << 8 | axes
    if magic != expected:
        raise ImageFileError(f"{file} must start with {expected} ({content}), got {magic}")
    entries = len(data) - start
    if entries == 0 or entries != math.prod(shape):
        raise ImageFileError(
            f"{file} must have {_product(shape)} bytes after its header, got {entries}"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _product(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


class _ArrayUnpickler(pickle.Unpickler):
    """An unpickler that can name what arrays are made of, and nothing else."""

    # numpy 1 and numpy 2 keep the first one, a function without a public name, in two places.
    _RECONSTRUCT = np.empty(0).__reduce__()[0]
    _ALLOWED = {  # noqa: RUF012
        ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
        ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return self._ALLOWED[module, name]


def _read_python_batch(file: ImageFile) -> ImagePool:
    rule = f"{file} must be a batch of CIFAR-10's Python version"
    stream = io.BytesIO(file.read_bytes())
    try:
        content = _ArrayUnpickler(stream, encoding="bytes").load()
    except Exception as error:  # foreign bytes can raise nearly anything here
        raise ImageFileError(f"{rule}, got a pickle that fails: {in_one_line(error)}") from None
    # Python 2 wrote the published files: its text arrives as bytes.
    fields = {}
    if isinstance(content, dict):
        for key in ("data", "labels"):
            fields[key] = content.get(key.encode(), content.get(key))
    pixels, labels = fields.get("data"), fields.get("labels")
    if not (isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8 and pixels.ndim == 2):
        raise ImageFileError(f"{rule}, got no matrix of bytes called 'data'")
    if not (isinstance(labels, list) and all(isinstance(label, int) for label in labels)):
        raise ImageFileError(f"{rule}, got no list of numbers called 'labels'")
    if pixels.shape != (len(labels), CIFAR_PIXELS) or not labels:
        raise ImageFileError(f"{rule}, got data of shape {pixels.shape} with {len(labels)} labels")
    return _cifar_pool(file, pixels, np.array(labels))


def _cifar_pool(
    file: ImageFile, pixels: NDArray[np.uint8], labels: NDArray[np.integer]
) -> ImagePool:
    """Return one batch with the channels last, its labels checked."""
    wrong = labels[(labels < 0) | (labels >= CIFAR_CLASSES)]
    if wrong.size:
        raise ImageFileError(
            f"{file} must have labels from 0 to {CIFAR_CLASSES - 1}, got {wrong[0]}"
        )
    images = pixels.reshape(-1, *CIFAR_SHAPE).transpose(0, 2, 3, 1)
    return ImagePool(np.ascontiguousarray(images), labels.astype(np.int64))


def _joined(batches: Sequence[ImagePool]) -> ImagePool:
    return ImagePool(
        np.concatenate([batch.images for batch in batches]),
        np.concatenate([batch.classes for batch in batches]),
    )
