"""The data of a crossover sweep, by name: a set of images, or arrays of one's own.

``digits``, ``mnist``, ... are image sets (:mod:`numerics.images.classification_task`);
``file:PATH.npz`` names a file with the arrays ``X_train`` (rows are inputs), ``y_train`` (+1 or
-1), ``X_test`` and ``y_test``, and ``shape`` (rows, columns, channels) if convolutions are to read
the rows.  Arrays are taken as they are, the first ``n_train`` and ``n_test`` rows of them;
preactivations have variance 1 for rows of norm sqrt(d).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from numerics.images.classification_task import load_images
from numerics.support.files import read_arrays
from numerics.support.validation import check_dimension, check_labels, check_matrix, check_vector

__all__ = ["FILE_PREFIX", "CrossoverData", "load_data"]

#: A name that starts with this is the path of a file of arrays.
FILE_PREFIX = "file:"


@dataclass(frozen=True, eq=False)
class CrossoverData:
    """Training and test inputs as rows with labels +1 and -1.

    Attributes
    ----------
    X_train, X_test : ndarray, shape (n, d)
        Inputs.
    y_train, y_test : ndarray, shape (n,)
        Labels.
    shape : tuple of int
        Of the image that a row is; (d,) if it is none.
    fingerprint : str
        Changes with any entry.
    """

    X_train: NDArray[np.float64]
    y_train: NDArray[np.float64]
    X_test: NDArray[np.float64]
    y_test: NDArray[np.float64]
    shape: tuple[int, ...]
    fingerprint: str


@lru_cache(maxsize=4)
def load_data(name: str, folder: str | None, n_train: int, n_test: int, seed: int) -> CrossoverData:
    """Return the inputs and labels of a data set.

    Parameters
    ----------
    name : str
        Of an image set, or ``file:PATH.npz``.
    folder : str or None
        Where the files of an image set are, or what a relative PATH is relative to.
    n_train, n_test : int
        Inputs to train on and to test on.
    seed : int
        Of the draw from an image set; rows of a file are not drawn.

    Raises
    ------
    OSError
        If files are missing.
    ValueError
        If the name is unknown, a file lacks an array or rows, or an array is not what it should
        be.
    """
    if name.startswith(FILE_PREFIX):
        return _read_arrays(Path(folder or "", name.removeprefix(FILE_PREFIX)), n_train, n_test)
    images = load_images(name, folder=folder, n_train=n_train, n_test=n_test, seed=seed)
    return CrossoverData(
        images.X_train,
        images.y_train,
        images.X_test,
        images.y_test,
        images.shape,
        images.fingerprint,
    )


def _read_arrays(path: Path, n_train: int, n_test: int) -> CrossoverData:
    arrays = {name: np.atleast_1d(x) for name, x in read_arrays(path).items()}
    found = {}
    for part, count in (("train", n_train), ("test", n_test)):
        for name in (f"X_{part}", f"y_{part}"):
            if name not in arrays:
                raise ValueError(f"{path} must have an array {name}, got {', '.join(arrays)}")
            if (rows := len(arrays[name])) < count:
                raise ValueError(
                    f"n_{part} must be at most the rows of {name}, {rows}, got {count}"
                )
        found[f"X_{part}"] = check_matrix(f"X_{part}", arrays[f"X_{part}"][:count])
        found[f"y_{part}"] = check_labels(f"y_{part}", arrays[f"y_{part}"][:count], count)
    d = found["X_train"].shape[1]
    check_matrix("X_test", found["X_test"], (None, d))
    listed = check_vector("shape", arrays.get("shape", np.array([d])))
    shape = tuple(check_dimension("shape", x) for x in listed)
    if math.prod(shape) != d:
        raise ValueError(f"shape must have {d} entries in all, as a row of X_train, got {shape}")
    digest = hashlib.sha256(repr(shape).encode())
    for values in found.values():
        digest.update(repr(values.shape).encode() + values.tobytes())
    return CrossoverData(**found, shape=shape, fingerprint=digest.hexdigest()[:16])
