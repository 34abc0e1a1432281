r"""Images as a binary classification task: centred, on a sphere, with labels -1 and +1.

Each image is a row of d = rows * columns * channels pixels in this order. With the mean image m,

    x -> sqrt(d) (x - m) / |x - m|,

so that ``|x|^2 = d``, and the pre-activations W x / sqrt(d) of a layer with standard normal weights
have variance 1. Labels are -1 for even and +1 for odd class numbers, or -1 and +1 for two given
groups of classes.

m is the mean of the training images, so that no test image enters another one, or, as in the
published code, of all images of the chosen classes (``center="all"``). Training and test images
are drawn from one pool (:mod:`numerics.images.random_split`); the published division is given up.

Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034) and their published code, for
the sphere and the labels (odd +1, as in its first versions). Departure: the mean of the training
images.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.images.file_formats import ImagePool
from numerics.images.find_and_download import read_images
from numerics.images.random_split import SPLITS, class_groups, draw_images
from numerics.support.object_validation import check_instance
from numerics.support.validation import (
    check_choice,
    check_dimension,
    check_matrix,
    check_seed,
    check_text,
    check_vector,
)

__all__ = ["CENTERS", "ImageData", "load_images", "prepare_images"]

#: Whose mean is subtracted: of the training images, or of all images of the chosen classes.
CENTERS = ("train", "all")
FINGERPRINT_DIGITS = 16  # of sha256: 64 bits, far above the number of data sets anyone prepares

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ImageData:
    """Training and test images with their labels; compares by identity.

    Attributes
    ----------
    X_train, X_test : ndarray, shape (n_train, d), (n_test, d)
        Images in rows, each of norm sqrt(d); ``X.reshape(-1, *shape)`` are pictures. Read-only.
    y_train, y_test : ndarray, shape (n_train,), (n_test,)
        Labels, -1.0 or 1.0. Read-only.
    name : str
        The data set.
    shape : tuple of three ints
        Rows, columns, channels, as :class:`numerics.networks.convolutional.Convolutional` takes
        them.
    fingerprint : str
        Start of the sha256 of the chosen pixels as stored, their labels and the mean: the same
        on every machine.

    Raises
    ------
    TypeError, ValueError
        If the shapes do not fit each other, an image is off the sphere, or a label is not -1 or 1.
    """

    X_train: Matrix
    y_train: Vector
    X_test: Matrix
    y_test: Vector
    name: str
    shape: tuple[int, int, int]
    fingerprint: str = ""

    def __post_init__(self) -> None:
        """Check the shapes against each other and store read-only views."""
        d = math.prod(self.shape)
        tolerance = 4 * d * np.finfo(float).eps  # two sums of d squares, each off by d eps at most
        for part in ("train", "test"):
            X = check_matrix(f"X_{part}", getattr(self, f"X_{part}"), (None, d))
            y = check_vector(f"y_{part}", getattr(self, f"y_{part}"))
            if len(X) != len(y):
                raise ValueError(f"y_{part} must have {len(X)} labels, got {len(y)}")
            if not np.isin(y, (-1, 1)).all():
                raise ValueError(f"y_{part} must be -1 or 1, got {y[~np.isin(y, (-1, 1))][0]}")
            norms = np.sqrt(np.einsum("ij,ij->i", X, X) / d)
            off = np.abs(norms - 1).max()
            if off > tolerance:
                raise ValueError(
                    f"X_{part} must have rows of norm sqrt(d), got one that is off by {off:.3g}"
                )
            self._store(f"X_{part}", X)
            self._store(f"y_{part}", y)

    @property
    def d(self) -> int:
        """Number of pixels of an image, all channels counted."""
        return self.X_train.shape[1]

    def __repr__(self) -> str:
        """Return one line that does not print the arrays."""
        size = " x ".join(map(str, self.shape))
        return (
            f"ImageData({self.name!r}, {len(self.X_train)} training and {len(self.X_test)} test "
            f"images of {size}, fingerprint {self.fingerprint or 'none'})"
        )

    def _store(self, field: str, array: NDArray[Any]) -> None:
        view = array.view()
        view.setflags(write=False)
        object.__setattr__(self, field, view)


def load_images(
    name: str = "digits",
    *,
    folder: str | os.PathLike[str] | None = None,
    classes: Iterable[int] | None = None,
    labels: str | tuple[Iterable[int], Iterable[int]] = "parity",
    n_train: int,
    n_test: int,
    split: str = "balanced",
    center: str = "train",
    seed: int = 0,
) -> ImageData:
    """Read an image data set by its name and make a classification task of it.

    Parameters
    ----------
    name : str
        "digits", "mnist_subset", "mnist", "fashion_mnist", "emnist" or "cifar10"; see
        `numerics.images.find_and_download.available_images`.
    folder : path, optional
        Where the files are, for a data set that is not inside a package; the order in which
        places are searched otherwise is in `numerics.images.find_and_download`.
    classes, labels, n_train, n_test, split, center, seed
        As in `prepare_images`.

    Returns
    -------
    ImageData
        The task.

    Raises
    ------
    MissingImagesError
        If the data set is not here and cannot be downloaded; the message says how to get it.
    ImageFileError
        If a file is damaged or is of another data set.
    TypeError, ValueError
        As in `prepare_images`, or if the name is unknown.

    Examples
    --------
    >>> data = load_images("digits", n_train=200, n_test=500)
    >>> data.X_train.shape, data.shape, data.y_train.sum()
    ((200, 64), (8, 8, 1), np.float64(0.0))
    """
    n_train, n_test = check_dimension("n_train", n_train), check_dimension("n_test", n_test)
    pool = read_images(name, folder)
    return prepare_images(
        pool,
        name=name,
        classes=classes,
        labels=labels,
        n_train=n_train,
        n_test=n_test,
        split=split,
        center=center,
        seed=seed,
    )


def prepare_images(
    pool: ImagePool,
    *,
    name: str,
    classes: Iterable[int] | None = None,
    labels: str | tuple[Iterable[int], Iterable[int]] = "parity",
    n_train: int,
    n_test: int,
    split: str = "balanced",
    center: str = "train",
    seed: int = 0,
) -> ImageData:
    """Make a classification task of images from a pool, which may be your own.

    Parameters
    ----------
    pool : ImagePool
        Images of one size with their class numbers.
    name : str
        Label of the data set in results and messages.
    classes : iterable of int, optional
        Class numbers to draw from; None for all. Needs labels by parity.
    labels : "parity" or pair of iterables of int
        -1 for even and 1 for odd class numbers; or the classes of label -1 and those of label 1.
    n_train, n_test : int
        Numbers of images, at least 2 and 1.
    split : {"balanced", "random"}
        As many of each label and class, to within one; or any.
    center : {"train", "all"}
        Whose mean is subtracted: of the training images, or of all images of the classes.
    seed : int
        Seed of the draw, at least 0.

    Returns
    -------
    ImageData
        Training and test sets without a common image; classes take turns in their order.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or value, more images are asked for than there are, a
        class is unknown, only one label is left, or an image equals the mean, so that it has no
        place on the sphere.

    Examples
    --------
    >>> pixels = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 1)).astype(np.uint8)
    >>> pool = ImagePool(pixels, np.arange(40) % 4)
    >>> prepare_images(pool, name="noise", labels=([0, 1], [3]), n_train=8, n_test=8).y_train
    array([-1.,  1., -1.,  1., -1.,  1., -1.,  1.])
    """
    check_instance("pool", pool, ImagePool)
    check_text("name", name)
    n_train, n_test = check_dimension("n_train", n_train), check_dimension("n_test", n_test)
    if n_train < 2:
        raise ValueError(f"n_train must be >= 2, for one image is its own mean, got {n_train}")
    check_choice("split", split, SPLITS)
    check_choice("center", center, CENTERS)
    seed = check_seed("seed", seed)
    groups = class_groups(pool, name, classes, labels)
    parts = draw_images(pool, name, groups, n_train, n_test, split, seed)
    all_places = np.flatnonzero(np.isin(pool.classes, np.concatenate(groups)))
    averaged = parts[0] if center == "train" else all_places
    mean = pool.images[averaged].mean(axis=0, dtype=np.float64)  # sums of bytes are exact
    least = 0.5 / len(averaged)  # a byte differs from a mean of N bytes by 0 or by at least 1/N
    X = [_on_sphere(pool.images[part], mean, least) for part in parts]
    y = [np.where(np.isin(pool.classes[part], groups[1]), 1.0, -1.0) for part in parts]
    digest = hashlib.sha256(repr((name, pool.images.shape[1:], n_train, n_test)).encode())
    digest.update(mean.astype("<f8").tobytes())
    for part, side in zip(parts, y, strict=True):
        digest.update(pool.images[part].tobytes() + side.astype("i1").tobytes())
    fingerprint = digest.hexdigest()[:FINGERPRINT_DIGITS]
    return ImageData(
        X_train=X[0],
        y_train=y[0],
        X_test=X[1],
        y_test=y[1],
        name=name,
        shape=pool.images.shape[1:],
        fingerprint=fingerprint,
    )


def _on_sphere(pixels: NDArray[np.uint8], mean: NDArray[np.float64], least: float) -> Matrix:
    """Return centred images as rows of norm sqrt(d)."""
    X = (pixels - mean).reshape(len(pixels), -1)
    norms = np.sqrt(np.einsum("ij,ij->i", X, X))
    if norms.min() < least:
        raise ValueError(
            "images must differ from the mean image to lie on a sphere around it, "
            f"got {np.count_nonzero(norms < least)} that equal it"
        )
    X *= (math.sqrt(X.shape[1]) / norms)[:, np.newaxis]
    return X
