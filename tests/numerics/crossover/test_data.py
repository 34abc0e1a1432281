"""Data of a sweep by name: arrays of one's own, or a set of images."""

import numpy as np
import pytest

from numerics.crossover.data import load_data
from numerics.images.classification_task import load_images


def arrays(rows=9, d=6, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((2, rows, d))
    y = np.where(rng.standard_normal((2, rows)) > 0, 1.0, -1.0)
    return {"X_train": X[0], "y_train": y[0], "X_test": X[1], "y_test": y[1]}


@pytest.fixture(autouse=True)
def nothing_kept():
    load_data.cache_clear()


def load(path, found, n_train=4, n_test=7):
    np.savez(path, **found)
    load_data.cache_clear()
    return load_data(f"file:{path}", None, n_train, n_test, 0)


def test_the_first_rows_as_they_are(tmp_path):
    found = arrays()
    data = load(tmp_path / "own.npz", found)
    np.testing.assert_array_equal(data.X_train, found["X_train"][:4])
    np.testing.assert_array_equal(data.y_train, found["y_train"][:4])
    np.testing.assert_array_equal(data.X_test, found["X_test"][:7])
    np.testing.assert_array_equal(data.y_test, found["y_test"][:7])
    assert data.shape == (6,)


def test_labels_may_be_integers_and_rows_images(tmp_path):
    found = arrays() | {"shape": np.array([2, 3, 1])}
    found["y_train"] = found["y_train"].astype(int)
    data = load(tmp_path / "own.npz", found)
    assert data.shape == (2, 3, 1)
    assert data.y_train.dtype == np.float64


def test_the_fingerprint_tells_any_entry_and_the_shape(tmp_path):
    path, found = tmp_path / "own.npz", arrays()
    marks = {load(path, found).fingerprint}
    assert load(path, found).fingerprint in marks
    for name in ("X_train", "X_test", "y_train", "y_test"):
        changed = {key: value.copy() for key, value in found.items()}
        changed[name].flat[0] *= -1
        marks.add(load(path, changed).fingerprint)
    marks.add(load(path, found | {"shape": np.array([3, 2])}).fingerprint)
    marks.add(load(path, found, n_train=5).fingerprint)
    assert len(marks) == 7
    # A row that is not used is none of its entries.
    found["X_train"][4] = 0
    assert load(path, found).fingerprint in marks


def test_a_path_is_relative_to_the_folder(tmp_path):
    np.savez(tmp_path / "own.npz", **arrays())
    inside = load_data("file:own.npz", str(tmp_path), 4, 4, 0)
    outside = load_data(f"file:{tmp_path / 'own.npz'}", None, 4, 4, 0)
    assert inside.fingerprint == outside.fingerprint


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"X_train": None}, "must have an array X_train"),
        ({"y_test": None}, "must have an array y_test"),
        ({"y_test": np.ones(3)}, "n_test must be at most the rows of y_test, 3, got 7"),
        ({"X_train": np.ones((2, 6))}, "n_train must be at most the rows of X_train, 2, got 4"),
        ({"X_train": np.ones((9, 5))}, "X_test must have shape"),
        ({"X_test": np.full((9, 6), np.nan)}, "X_test must be finite"),
        ({"y_train": np.arange(9)}, r"y_train must be \+1 or -1"),
        ({"shape": np.array([2, 2])}, "shape must have 6 entries"),
    ],
)
def test_bad_arrays_are_refused_in_one_line(change, told, tmp_path):
    found = {key: x for key, x in (arrays() | change).items() if x is not None}
    with pytest.raises(ValueError, match=told) as caught:
        load(tmp_path / "own.npz", found)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_none_or_no_arrays_is_named(tmp_path):
    with pytest.raises(OSError, match=r"nowhere\.npz"):
        load_data(f"file:{tmp_path / 'nowhere.npz'}", None, 4, 4, 0)
    for name, content in (("text.npz", b"not"), ("empty.npz", b""), ("cut.npz", b"PK\3\4")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name} must be a whole file of NumPy"):
            load_data(f"file:{tmp_path / name}", None, 4, 4, 0)
    np.save(tmp_path / "one.npy", np.ones(3))
    with pytest.raises(ValueError, match=r"one\.npy must have an array X_train"):
        load_data(f"file:{tmp_path / 'one.npy'}", None, 4, 4, 0)


def test_a_set_of_images():
    pytest.importorskip("sklearn")
    data, images = (
        load_data("digits", None, 6, 8, 3),
        load_images("digits", n_train=6, n_test=8, seed=3),
    )
    np.testing.assert_array_equal(data.X_train, images.X_train)
    np.testing.assert_array_equal(data.y_test, images.y_test)
    assert (data.shape, data.fingerprint) == (images.shape, images.fingerprint)
    with pytest.raises(ValueError, match="numbers"):
        load_data("numbers", None, 6, 8, 3)
