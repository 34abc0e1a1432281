"""Tasks from images: labels, draws without a common image, centring and the sphere."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.images.classification_task import ImageData, load_images, prepare_images
from numerics.images.file_formats import ImagePool
from numerics.images.find_and_download import read_images
from numerics.images.random_split import SPLITS, class_groups, draw_images

ROUND_OFF = 1e-12  # means and norms of a few hundred numbers of order 1: 1000 eps is 2e-13


def noise_pool(per_class=12, classes=10, shape=(3, 4, 1), seed=0):
    """Every image another one, classes in no order."""
    rng = np.random.default_rng(seed)
    numbers = rng.permutation(np.arange(classes * per_class) % classes)
    return ImagePool(rng.integers(0, 256, (len(numbers), *shape)).astype(np.uint8), numbers)


def prepared(pool=None, **settings):
    settings = {"name": "noise", "n_train": 20, "n_test": 30} | settings
    return prepare_images(noise_pool() if pool is None else pool, **settings)


def test_by_hand():
    """Two pixels, training images (0, 2) and (4, 2): the mean is (2, 2), the radius sqrt(2)."""
    images = np.array([[0, 2], [0, 2], [4, 2], [4, 2]], np.uint8).reshape(4, 1, 2, 1)
    pool = ImagePool(images, np.array([6, 6, 3, 3]))
    data = prepared(pool, n_train=2, n_test=2)
    radius = math.sqrt(2)
    np.testing.assert_allclose(data.X_train, [[-radius, 0], [radius, 0]], atol=ROUND_OFF)
    np.testing.assert_allclose(data.X_test, data.X_train, atol=ROUND_OFF)
    assert data.y_train.tolist() == data.y_test.tolist() == [-1, 1]  # 6 is even, 3 is odd
    assert (data.d, data.shape, data.name) == (2, (1, 2, 1), "noise")


@pytest.mark.parametrize("center", ["train", "all"])
def test_centred_on_the_mean_that_is_named(center):
    pool, groups = noise_pool(), (np.array([2, 4]), np.array([7]))
    data = prepared(pool, labels=groups, n_train=10, n_test=8, center=center, seed=3)
    places = draw_images(pool, "noise", groups, 10, 8, "balanced", 3)
    members = places[0] if center == "train" else np.isin(pool.classes, [2, 4, 7])
    mean = pool.images[members].astype(float).mean(axis=0)
    for X, part in zip((data.X_train, data.X_test), places, strict=True):
        centred = (pool.images[part] - mean).reshape(len(part), -1)
        np.testing.assert_allclose(
            X, centred * np.sqrt(12) / np.linalg.norm(centred, axis=1)[:, None], rtol=ROUND_OFF
        )


@pytest.mark.parametrize("name", ["digits", "mnist_subset"])
def test_real_images_lie_on_the_sphere(name):
    data = load_images(name, n_train=300, n_test=400)
    for X, y, n in ((data.X_train, data.y_train, 300), (data.X_test, data.y_test, 400)):
        assert X.shape == (n, data.d)
        assert X.dtype == np.float64
        np.testing.assert_allclose(np.linalg.norm(X, axis=1), np.sqrt(data.d), rtol=ROUND_OFF)
        assert y.sum() == 0


def test_labels_and_pixels_belong_together():
    """Digits: each prepared image is the nearest to its own original, of the right parity."""
    pool = read_images("digits")
    data = load_images("digits", n_train=100, n_test=50, center="all", seed=2)
    centred = pool.images - pool.images.mean(axis=0)
    units = centred.reshape(len(centred), -1)
    units /= np.linalg.norm(units, axis=1)[:, None]
    nearest = (np.concatenate([data.X_train, data.X_test]) @ units.T).argmax(axis=1)
    assert len(set(nearest)) == 150
    expected = 2.0 * (pool.classes[nearest] % 2) - 1
    np.testing.assert_array_equal(expected, np.concatenate([data.y_train, data.y_test]))


groups_of_classes = st.permutations(range(10)).flatmap(
    lambda order: st.tuples(st.integers(1, 5), st.integers(1, 5)).map(
        lambda sizes: (
            np.array(sorted(order[: sizes[0]])),
            np.array(sorted(order[sizes[0] : sum(sizes)])),
        )
    )
)


@given(
    groups=groups_of_classes,
    n_train=st.integers(2, 12),
    n_test=st.integers(1, 12),
    split=st.sampled_from(SPLITS),
    seed=st.integers(0, 2**70),
)
def test_every_draw(groups, n_train, n_test, split, seed):
    """No image twice, none of another class; balanced to within one."""
    pool = noise_pool(per_class=13)
    train, test = draw_images(pool, "noise", groups, n_train, n_test, split, seed)
    assert len(train) == n_train
    assert len(test) == n_test
    assert len({*train, *test}) == n_train + n_test
    assert np.isin(pool.classes[[*train, *test]], np.concatenate(groups)).all()
    if split == "balanced":
        for part in (train, test):
            counts = [[np.sum(pool.classes[part] == k) for k in group] for group in groups]
            assert abs(sum(counts[0]) - sum(counts[1])) <= 1
            for count in counts:
                assert max(count) - min(count) <= 1


@pytest.mark.parametrize("split", SPLITS)
def test_draws_are_nested_and_independent_of_the_other_size(split):
    pool, groups = noise_pool(), (np.arange(0, 10, 2), np.arange(1, 10, 2))
    draw = lambda n_train, n_test, seed=5: draw_images(  # noqa: E731
        pool, "noise", groups, n_train, n_test, split, seed
    )
    large, small = draw(60, 40), draw(15, 40)
    np.testing.assert_array_equal(large[0][:15], small[0])
    np.testing.assert_array_equal(large[1], small[1])
    np.testing.assert_array_equal(draw(60, 7)[0], large[0])
    np.testing.assert_array_equal(draw(60, 7)[1], large[1][:7])
    assert set(draw(15, 40, seed=6)[0]) != set(small[0])


def test_a_class_has_one_order_whoever_else_is_there():
    pool = noise_pool()
    alone = draw_images(pool, "noise", (np.array([2]), np.array([5])), 8, 2, "balanced", 1)[0]
    among = draw_images(pool, "noise", (np.array([2, 4]), np.array([5, 9])), 16, 2, "balanced", 1)
    for number in (2, 5):
        np.testing.assert_array_equal(
            alone[pool.classes[alone] == number], among[0][pool.classes[among[0]] == number]
        )


def test_classes_have_orders_of_their_own():
    """Classes of 200 images one after the other: what is drawn of one says nothing of another."""
    pool = ImagePool(np.zeros((400, 2, 2, 1), np.uint8), np.arange(400) // 200)
    train, _ = draw_images(pool, "zeros", (np.array([0]), np.array([1])), 200, 2, "balanced", 0)
    common = np.intersect1d(train[::2], train[1::2] - 200).size
    # Hypergeometric: mean 50, variance 200 (1/2)^4 (200/199); all 100 if the orders were one.
    assert abs(common - 50) < 4 * math.sqrt(200 / 16)


def test_random_draws_are_not_balanced():
    """A quarter of the pool is odd: a plain draw of half of it has about a quarter of odd ones."""
    pool = noise_pool(per_class=50, classes=4)
    groups = np.array([0, 1, 2]), np.array([3])
    parts = [draw_images(pool, "noise", groups, 100, 100, "random", seed)[0] for seed in range(20)]
    share = np.mean([np.isin(pool.classes[part], groups[1]).mean() for part in parts])
    # Hypergeometric, half of the pool: variance p (1 - p) / 100, times 100 / 199; 20 draws.
    spread = math.sqrt(0.25 * 0.75 / 199 / 20)
    assert abs(share - 0.25) < 4 * spread


def test_the_same_seed_gives_the_same_bits():
    first, second, other = prepared(seed=4), prepared(seed=4), prepared(seed=5)
    np.testing.assert_array_equal(first.X_train, second.X_train)
    np.testing.assert_array_equal(first.X_test, second.X_test)
    assert first.fingerprint == second.fingerprint
    assert len(first.fingerprint) == 16
    assert other.fingerprint != first.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"n_train": 21},
        {"n_test": 31},
        {"center": "all"},
        {"split": "random"},
        {"name": "other"},
        {"classes": range(8)},
        {"labels": (range(5), range(5, 10))},
        {"pool": noise_pool(seed=1)},
        {"pool": noise_pool(shape=(4, 3, 1))},
    ],
)
def test_the_fingerprint_sees_what_changes_the_data(change):
    assert prepared(**change).fingerprint != prepared().fingerprint


def test_the_fingerprint_sees_labels_alone():
    """A plain draw takes the same images in the same order, whatever their labels."""
    pool, settings = noise_pool(classes=2), {"n_train": 8, "n_test": 4, "split": "random"}
    one, two = (prepared(pool, labels=labels, **settings) for labels in ("parity", ([1], [0])))
    np.testing.assert_array_equal(one.X_train, two.X_train)
    np.testing.assert_array_equal(one.y_train, -two.y_train)
    assert one.fingerprint != two.fingerprint


def test_data_are_read_only_and_short_to_print():
    data = prepared()
    for array in (data.X_train, data.y_train, data.X_test, data.y_test):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.name = "other"
    assert repr(data) == (
        "ImageData('noise', 20 training and 30 test images of 3 x 4 x 1, "
        f"fingerprint {data.fingerprint})"
    )


def test_colours_stay_apart():
    pool = noise_pool(shape=(2, 2, 3))
    data = prepared(pool, center="all")
    place = draw_images(
        pool, "noise", (np.arange(0, 10, 2), np.arange(1, 10, 2)), 20, 30, "balanced", 0
    )[0][0]
    centred = pool.images[place] - pool.images.mean(axis=0)
    picture = data.X_train.reshape(-1, *data.shape)[0]
    np.testing.assert_allclose(picture / centred, np.sqrt(12) / np.linalg.norm(centred))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"n_train": 1}, ValueError, "n_train must be >= 2"),
        ({"n_train": 2.5}, ValueError, "n_train must be an integer"),
        ({"n_test": 0}, ValueError, "n_test must be an integer >= 1"),
        (
            {"n_train": 110},
            ValueError,
            "at most 12 images of class 0 of noise, got 110 and 30, which need 14",
        ),
        ({"split": "random", "n_train": 91}, ValueError, "at most 120, .* got 91 [+] 30"),
        ({"split": "halves"}, ValueError, "split must be one of 'balanced', 'random'"),
        ({"center": "test"}, ValueError, "center must be one of 'train', 'all'"),
        ({"seed": -1}, ValueError, "seed must be an integer >= 0 .*, got -1"),
        ({"seed": 1.0}, TypeError, "seed must be an integer >= 0, got float"),
        ({"seed": True}, TypeError, "seed must be an integer >= 0, got bool"),
        ({"classes": [0, 10]}, ValueError, "classes must be among 0, 1, .*, 9 for noise, got 10"),
        ({"classes": [3, 5]}, ValueError, "even and odd numbers .*, got 3, 5; labels may be two"),
        ({"classes": []}, ValueError, "classes must list each class once and at least one"),
        ({"classes": [1, 2, 1]}, ValueError, "each class once and at least one, got .1, 2, 1."),
        ({"classes": ["cat"]}, TypeError, "classes must list class numbers, got 'cat'"),
        ({"classes": 3}, TypeError, "classes must list class numbers, got 3"),
        ({"labels": "even"}, ValueError, "labels must be one of 'parity', got 'even'"),
        ({"labels": ([1], [2], [3])}, ValueError, "labels must be 'parity' or two groups"),
        ({"labels": 3}, ValueError, "labels must be 'parity' or two groups"),
        ({"labels": (1, 2)}, TypeError, "labels must list class numbers, got 1"),
        ({"labels": ([1], [])}, ValueError, "labels must list each class once and at least one"),
        ({"labels": ([1, 2], [2])}, ValueError, "without a common class, got 2 in both"),
        ({"labels": ([1], [12])}, ValueError, "labels must be among .*, got 12"),
        ({"labels": ([1], [2]), "classes": [1, 2]}, ValueError, "classes must be None where"),
    ],
)
def test_bad_input(settings, error, message):
    with pytest.raises(error, match=message) as caught:
        prepared(**settings)
    assert "\n" not in str(caught.value)


def test_two_groups_of_odd_classes():
    pool = noise_pool()
    groups = class_groups(pool, "noise", None, ([3], {5, 1}))
    assert [group.tolist() for group in groups] == [[3], [1, 5]]
    assert prepared(pool, labels=([3], [5, 1]), n_train=8, n_test=4).y_train.tolist() == [-1, 1] * 4


def test_an_image_that_equals_the_mean():
    """Three training images, the third the mean of the others: nowhere on the sphere."""
    pixels = np.array([[0, 10], [20, 10], [10, 10], [3, 4]], np.uint8).reshape(4, 1, 2, 1)
    pool = ImagePool(pixels, np.array([0, 0, 1, 1]))
    with pytest.raises(ValueError, match="must differ from the mean image .*, got 1 that equal it"):
        prepared(pool, split="random", n_train=3, n_test=1, seed=_seed_that_leaves_out(pool, 3))
    constant = ImagePool(np.full((8, 2, 2, 1), 77, np.uint8), np.arange(8) % 2)
    with pytest.raises(ValueError, match="got 4 that equal it"):
        prepared(constant, n_train=4, n_test=4)


def _seed_that_leaves_out(pool, place):
    groups = np.array([0]), np.array([1])
    return next(
        seed
        for seed in range(100)
        if draw_images(pool, "", groups, 3, 1, "random", seed)[1].tolist() == [place]
    )


def test_an_image_next_to_the_mean_is_kept():
    """One grey level in one of 200 images is enough of a direction."""
    pixels = np.full((400, 2, 2, 1), 77, np.uint8)
    pixels[np.arange(400), 0, 0, 0] += (np.arange(400) // 2 % 2).astype(np.uint8)
    data = prepared(ImagePool(pixels, np.arange(400) % 2), n_train=200, n_test=200)
    np.testing.assert_allclose(np.abs(data.X_train[:, 0]), 2, rtol=ROUND_OFF)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X_test": np.ones((3, 5))}, r"X_test must have shape \(any, 4\), got \(3, 5\)"),
        (
            {"X_train": 1.001 * np.ones((3, 4))},
            "rows of norm sqrt.d., got one that is off by 0.001",
        ),
        ({"y_train": np.ones(2)}, "y_train must have 3 labels, got 2"),
        ({"y_test": np.array([1.0, -1.0, 0.0])}, "y_test must be -1 or 1, got 0.0"),
    ],
)
def test_data_of_your_own_are_checked(change, message):
    X, y = np.ones((3, 4)), np.ones(3)
    fields = {
        "X_train": X,
        "y_train": y,
        "X_test": X,
        "y_test": y,
        "name": "own",
        "shape": (1, 2, 2),
    }
    assert ImageData(**fields).d == 4
    with pytest.raises(ValueError, match=message):
        ImageData(**(fields | change))


def test_load_images_checks_before_it_reads():
    with pytest.raises(ValueError, match="n_train must be an integer"):
        load_images("cifar10", n_train=0, n_test=5)
    with pytest.raises(ValueError, match="name must be one of 'digits'"):
        load_images("svhn", n_train=10, n_test=5)
