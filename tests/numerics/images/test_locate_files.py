"""Spellings, nested folders, and what is said of files that are missing."""

import gzip

import pytest
from test_find_and_download import DIGITS, alone, fill, idx_contents

from numerics.images.find_and_download import MissingImagesError, read_images

#: The folder of data sets of these tests' own.
__all__ = ["alone"]


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
