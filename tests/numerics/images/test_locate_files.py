"""Spellings, nested folders, and what is said of files that are missing."""

import gzip
import struct
from dataclasses import replace

import pytest

from numerics.images.catalogue import SOURCES
from numerics.images.find_and_download import MissingImagesError, read_images

KINDS = ("images-idx3-ubyte", "labels-idx1-ubyte")
DIGITS = [f"{part}-{kind}" for part in ("train", "t10k") for kind in KINDS]


def idx_contents(first_class=0):
    """Two training images and one test image, their four files in order."""
    found = []
    for labels in ([first_class, first_class + 1], [first_class]):
        n = len(labels)
        found.append(struct.pack(">4I", 2051, n, 2, 2) + bytes(range(4 * n)))
        found.append(struct.pack(">2I", 2049, n) + bytes(labels))
    return found


def fill(folder, names, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(names, contents, strict=True):
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A folder of data sets of this test's own, and no way to the network."""
    monkeypatch.setenv("MIXED_DYNAMICS_IMAGES", str(tmp_path / "images"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    unreachable = tuple(
        replace(item, urls=(f"http://127.0.0.1:9/{item.name}",))
        for item in SOURCES["mnist"].downloads
    )
    monkeypatch.setitem(SOURCES, "mnist", replace(SOURCES["mnist"], downloads=unreachable))
    return tmp_path / "images"


def test_what_is_missing_is_told_for_training_and_testing(tmp_path, alone):
    """By the names expected and the names found; a given folder is what is to be mended."""
    for folder in (tmp_path / "given", alone / "mnist"):
        fill(folder, [DIGITS[1], "notes.txt"], idx_contents()[1:3])
    told = (
        "lacks for training train-images-idx3-ubyte; for testing t10k-images-idx3-ubyte, "
        "t10k-labels-idx1-ubyte (each plain or with .gz); found notes.txt.gz, "
        "train-labels-idx1-ubyte.gz"
    )
    for folder in (tmp_path / "given", None):
        with pytest.raises(MissingImagesError) as caught:
            read_images("mnist", folder)
        assert told in str(caught.value) and "\n" not in str(caught.value)
        assert ("connect to the network" in str(caught.value)) == (folder is None)


@pytest.mark.parametrize(
    "spell",
    [
        lambda name: name.replace("-idx", ".idx"),
        lambda name: name.upper().replace("-", "_"),
        lambda name: f"{name}/{name}",
        lambda name: f"MNIST/raw/{name}",
        lambda name: f"deep/er/{name}.gz",
    ],
)
def test_other_spellings_and_nested_folders(tmp_path, spell):
    for name, content in zip(DIGITS, idx_contents(first_class=4), strict=True):
        file = tmp_path / "given" / spell(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
        (tmp_path / "given" / "FashionMNIST").mkdir(exist_ok=True)
        (tmp_path / "given" / "FashionMNIST" / name).write_bytes(b"another set's")
    assert read_images("mnist", tmp_path / "given").classes.tolist() == [4, 5, 4]
