"""Readers of published image files: small files in the published formats, whole and damaged."""

import gzip
import os
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from numerics.images.file_formats import (
    ImageFileError,
    ImagePool,
    read_cifar_binary,
    read_cifar_python,
    read_idx,
)

IMAGES_MAGIC, LABELS_MAGIC = 2051, 2049  # as the page of MNIST gives them, in decimal


def idx(array, magic):
    return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()


def random_images(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


@pytest.fixture
def pair(tmp_path):
    """Three images of 2 x 4 pixels, and their labels."""
    pixels, labels = random_images(3, 2, 4), np.array([7, 0, 255], np.uint8)
    files = tmp_path / "images", tmp_path / "labels"
    files[0].write_bytes(idx(pixels, IMAGES_MAGIC))
    files[1].write_bytes(idx(labels, LABELS_MAGIC))
    return files, pixels, labels


def test_idx_by_hand(tmp_path):
    """Every byte written out: sizes are big-endian, the last axis is the fastest."""
    images, labels = tmp_path / "images", tmp_path / "labels"
    images.write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]))
    labels.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 1, 9]))
    pool = read_idx([images, labels])
    assert pool.images[..., 0].tolist() == [[[1, 2, 3], [4, 5, 6]]]
    assert pool.classes.tolist() == [9]


@given(pixels=arrays(np.uint8, st.tuples(*[st.integers(1, 5)] * 3)), compress=st.booleans())
@settings(max_examples=30)
def test_idx_gives_back_what_was_written(tmp_path_factory, pixels, compress):
    folder = tmp_path_factory.mktemp("idx")
    labels = np.arange(len(pixels), dtype=np.uint8)
    files = folder / "images", folder / "labels"
    for file, content in zip(
        files, (idx(pixels, IMAGES_MAGIC), idx(labels, LABELS_MAGIC)), strict=True
    ):
        file.write_bytes(gzip.compress(content) if compress else content)
    pool = read_idx(files)
    np.testing.assert_array_equal(pool.images, pixels[..., np.newaxis])
    np.testing.assert_array_equal(pool.classes, labels)


def test_pairs_are_joined_in_order(pair, tmp_path):
    files, pixels, labels = pair
    more = tmp_path / "more", tmp_path / "more_labels"
    more[0].write_bytes(idx(pixels[:1], IMAGES_MAGIC))
    more[1].write_bytes(idx(labels[1:2], LABELS_MAGIC))
    pool = read_idx([*files, *more])
    np.testing.assert_array_equal(pool.images[..., 0], np.concatenate([pixels, pixels[:1]]))
    assert pool.classes.tolist() == [7, 0, 255, 0]
    more[0].write_bytes(idx(pixels[:1, :, :3], IMAGES_MAGIC))
    with pytest.raises(ImageFileError, match="must have images of 2 x 4 pixels, got 2 x 3$"):
        read_idx([*files, *more])


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (0, lambda old: old[:-1], "images must have 3 x 2 x 4 bytes after its header, got 23"),
        (0, lambda old: old + b"\0", "images must have 3 x 2 x 4 bytes after its header, got 25"),
        (0, lambda old: old[:15], "images must have a header of 16 bytes, got 15 bytes"),
        (0, lambda old: b"", "images must have a header of 16 bytes, got 0 bytes"),
        (0, lambda old: b"\0\0\x0d" + old[3:], r"images must start with 2051 \(images\), got 3331"),
        (0, lambda old: old[3::-1] + old[4:], "must start with 2051 .images., got 50855936"),
        (1, lambda old: old[:3] + b"\3" + old[4:], r"must start with 2049 \(labels\), got 2051"),
        (0, lambda old: idx(random_images(0, 2, 4), IMAGES_MAGIC), "0 x 2 x 4 bytes .*, got 0"),
        (
            0,
            lambda old: idx(random_images(2, 2, 4), IMAGES_MAGIC),
            "must go together, got 2 images and 3 labels",
        ),
        (1, lambda old: gzip.compress(old)[:-9], "labels must be a whole gzip file, got one dama"),
        (1, lambda old: gzip.compress(old)[:12], "labels must be a whole gzip file, got one dama"),
        (1, lambda old: b"\x1f\x8b" + os.urandom(30), "must be a whole gzip file, got one damaged"),
    ],
)
def test_damaged_idx(pair, file, change, message):
    files, _, _ = pair
    files[file].write_bytes(change(files[file].read_bytes()))
    with pytest.raises(ImageFileError, match=message) as caught:
        read_idx(files)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_swapped_files(pair):
    files, _, _ = pair
    with pytest.raises(ImageFileError, match=r"labels must have a header of 16 bytes, got 11"):
        read_idx(files[::-1])


def cifar_records(count, seed=0):
    """Labels, images as (channels, rows, columns), and the records that hold them."""
    images = random_images(count, 3, 32, 32, seed=seed)
    labels = np.arange(count, dtype=np.uint8) % 10
    records = b"".join(bytes([k]) + x.tobytes() for k, x in zip(labels, images, strict=True))
    return labels, images, records


def test_cifar_binary(tmp_path):
    labels, images, records = cifar_records(5)
    assert len(records) == 5 * 3073
    files = tmp_path / "data_batch_1.bin", tmp_path / "test_batch.bin"
    files[0].write_bytes(records[: 3 * 3073])
    files[1].write_bytes(records[3 * 3073 :])
    pool = read_cifar_binary(files)
    np.testing.assert_array_equal(pool.images, images.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(pool.classes, labels)


def test_cifar_channels_and_rows(tmp_path):
    """The first 32 of the 1024 bytes of a channel are its first row; red, green, blue follow."""
    record = bytearray(3073)
    record[0] = 4
    record[1 + 31] = 10  # red, first row, last column
    record[1 + 1024 + 32] = 20  # green, second row, first column
    record[1 + 2048] = 30  # blue, first row, first column
    file = tmp_path / "batch.bin"
    file.write_bytes(record)
    pool = read_cifar_binary([file])
    image = pool.images[0]
    assert (image[0, 31, 0], image[1, 0, 1], image[0, 0, 2]) == (10, 20, 30)
    assert np.count_nonzero(image) == 3
    assert pool.classes.tolist() == [4]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda old: old[:-1], "must be made of records of 3073 bytes, got 6145 bytes"),
        (lambda old: b"", "must be made of records of 3073 bytes, got 0 bytes"),
        (lambda old: b"\x0a" + old[1:], "must have labels from 0 to 9, got 10"),
    ],
)
def test_damaged_cifar_binary(tmp_path, change, message):
    file = tmp_path / "data_batch_1.bin"
    file.write_bytes(change(cifar_records(2)[2]))
    with pytest.raises(ImageFileError, match=message):
        read_cifar_binary([file])


class Python2Pickler(pickle._Pickler):
    """Writes bytes as Python 2 wrote its text, in which the published batches were made."""

    dispatch = pickle._Pickler.dispatch.copy()

    def save_bytes(self, value):
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = save_bytes

    def save_global(self, value, name=None):
        if getattr(value, "__name__", "") == "_reconstruct":
            self.write(pickle.GLOBAL + b"numpy.core.multiarray\n_reconstruct\n")
            self.memoize(value)
        else:
            super().save_global(value, name)

    dispatch[type(np.empty(0).__reduce__()[0])] = save_global


def python2_batch(file, content):
    with file.open("wb") as stream:
        Python2Pickler(stream, protocol=2).dump(content)


def batch_of(images, labels):
    return {
        b"data": images.reshape(len(images), -1),
        b"labels": labels.tolist(),
        b"batch_label": b"training batch 1 of 5",
        b"filenames": [b"a.png"] * len(labels),
    }


def test_cifar_python_is_the_same_as_binary(tmp_path):
    labels, images, records = cifar_records(4)
    binary, python = tmp_path / "data_batch_1.bin", tmp_path / "data_batch_1"
    binary.write_bytes(records)
    python2_batch(python, batch_of(images, labels))
    assert b"numpy.core.multiarray" in python.read_bytes()
    first, second = read_cifar_binary([binary]), read_cifar_python([python])
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.classes, second.classes)


def test_cifar_python_with_plain_keys(tmp_path):
    """A batch that a newer Python wrote anew, its keys as text."""
    labels, images, _ = cifar_records(2)
    file = tmp_path / "data_batch_1"
    fields = {"data": images.reshape(2, -1), "labels": labels.tolist()}
    file.write_bytes(pickle.dumps(fields, protocol=4))
    np.testing.assert_array_equal(read_cifar_python([file]).images, images.transpose(0, 2, 3, 1))


class Harmful:
    """What a pickle can do to a reader that trusts it."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def test_a_pickle_runs_nothing(tmp_path):
    file, target = tmp_path / "data_batch_1", tmp_path / "made"
    file.write_bytes(pickle.dumps({"data": Harmful(target)}))
    with pytest.raises(
        ImageFileError, match=r"got a pickle that fails: it names (posix|nt)\.mkdir$"
    ):
        read_cifar_python([file])
    assert not target.exists()
    pickle.loads(file.read_bytes())  # the test would see it
    assert target.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda images, labels: [], "got no matrix of bytes called 'data'"),
        (lambda images, labels: batch_of(images.astype(np.int64), labels), "no matrix of bytes"),
        (lambda images, labels: batch_of(images, labels) | {b"labels": [0, 1.5]}, "no list of num"),
        (lambda images, labels: batch_of(images, labels[:1]), r"shape \(2, 3072\) with 1 labels"),
        (lambda images, labels: batch_of(images[:, :1], labels), r"\(2, 1024\) with 2 labels"),
        (lambda images, labels: batch_of(images, labels + 9), "labels from 0 to 9, got 10"),
    ],
)
def test_wrong_cifar_python(tmp_path, content, message):
    labels, images, _ = cifar_records(2)
    file = tmp_path / "data_batch_1"
    python2_batch(file, content(images, labels))
    with pytest.raises(ImageFileError, match=message):
        read_cifar_python([file])


@pytest.mark.parametrize("size", [0, 1, 100, 3000])
def test_cut_cifar_python(tmp_path, size):
    labels, images, _ = cifar_records(1)
    file = tmp_path / "data_batch_1"
    python2_batch(file, batch_of(images, labels))
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(ImageFileError, match="must be a batch of CIFAR-10's Python version, got"):
        read_cifar_python([file])


def test_a_pool_is_read_only(pair):
    pool = read_idx(pair[0])
    for array in (pool.images, pool.classes):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize(
    ("images", "classes", "error", "message"),
    [
        (np.zeros((2, 1, 3, 3)), np.zeros(2, int), TypeError, "images must be an array of uint8"),
        ([[1]], np.zeros(1, int), TypeError, "images must be an array of uint8, got list"),
        (np.zeros((2, 3, 3), np.uint8), np.zeros(2, int), ValueError, "images must have shape"),
        (np.zeros((2, 0, 3, 3), np.uint8), np.zeros(2, int), ValueError, "without a zero"),
        (np.zeros((2, 1, 3, 3), np.uint8), np.zeros(3, int), ValueError, r"shape \(2,\), got"),
        (np.zeros((2, 1, 3, 3), np.uint8), np.array([0, -1]), ValueError, "must be >= 0, got -1"),
    ],
)
def test_a_pool_refuses_wrong_arrays(images, classes, error, message):
    with pytest.raises(error, match=message):
        ImagePool(images, classes)
