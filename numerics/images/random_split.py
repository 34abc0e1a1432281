r"""Draws training and test images without a common one from a pool, reproducibly.

``balanced``: labels take turns, -1 first, and under each label its classes do, so that any number
of images has as many of either label, and under a label as many of each class, to within one.
Image i of n has

    label 2 (i mod 2) - 1,    class number floor(i / 2) mod k of the k classes of that label.

``random``: any images of the chosen classes.

Each class (or the whole, at random) has one random order, which depends on the seed alone.
Training images are taken from its front and test images from its back: the first n images of a
larger training set are the training set of size n, and neither set depends on the other's size.

Source: the draw of the published code of Geiger, Spigler, Jacot and Wyart 2020 (arXiv
1906.08034), in which all classes take turns; that is the same draw, in another order, where the
labels have as many classes.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.images.file_formats import ImagePool
from numerics.support.validation import check_choice
from theory.wording import shown

__all__ = ["SPLITS", "class_groups", "draw_images"]

#: How images are drawn: as many of each class, or without regard to classes.
SPLITS = ("balanced", "random")

Classes = NDArray[np.int64]
Indices = NDArray[np.intp]


def class_groups(
    pool: ImagePool,
    name: str,
    classes: Iterable[int] | None,
    labels: str | tuple[Iterable[int], Iterable[int]],
) -> tuple[Classes, Classes]:
    """Return the classes of label -1 and those of label 1, each in increasing order.

    Parameters
    ----------
    pool : ImagePool
        The images.
    name : str
        The data set, for messages.
    classes : iterable of int, optional
        Class numbers to take; None for all. Needs labels by parity.
    labels : "parity" or pair of iterables of int
        -1 for even and 1 for odd class numbers; or the classes of either label.

    Raises
    ------
    TypeError, ValueError
        If a class is unknown or given twice, or a label has no class.

    Examples
    --------
    >>> pool = ImagePool(np.zeros((6, 2, 2, 1), np.uint8), np.arange(6))
    >>> class_groups(pool, "zeros", [1, 2, 5], "parity")
    (array([2]), array([1, 5]))
    """
    known = np.unique(pool.classes)
    if isinstance(labels, str):
        check_choice("labels", labels, ("parity",))
        chosen = known if classes is None else _check_classes("classes", classes, known, name)
        groups = chosen[chosen % 2 == 0], chosen[chosen % 2 == 1]
        if not all(group.size for group in groups):
            raise ValueError(
                "classes must have even and odd numbers for labels by parity, got "
                f"{_listed(chosen)}; labels may be two groups of classes instead"
            )
        return groups
    if classes is not None:
        raise ValueError(f"classes must be None where labels are two groups, got {shown(classes)}")
    try:
        first, second = labels
    except Exception:  # what an object that is no pair raises is its own matter
        raise ValueError(
            f"labels must be 'parity' or two groups of classes, got {shown(labels)}"
        ) from None
    groups = (
        _check_classes("labels", first, known, name),
        _check_classes("labels", second, known, name),
    )
    common = np.intersect1d(*groups)
    if common.size:
        raise ValueError(f"labels must be groups without a common class, got {common[0]} in both")
    return groups


def draw_images(
    pool: ImagePool,
    name: str,
    groups: tuple[Classes, Classes],
    n_train: int,
    n_test: int,
    split: str,
    seed: int,
) -> tuple[Indices, Indices]:
    """Return the places of the training and of the test images in the pool.

    Parameters
    ----------
    pool : ImagePool
        The images.
    name : str
        The data set, for messages.
    groups : pair of ndarray of int
        The classes of label -1 and of label 1.
    n_train, n_test : int
        How many.
    split : {"balanced", "random"}
        How.
    seed : int
        At least 0.

    Raises
    ------
    ValueError
        If there are not so many images.

    Examples
    --------
    >>> pool = ImagePool(np.zeros((12, 2, 2, 1), np.uint8), np.arange(12) % 3)
    >>> groups = np.array([0, 2]), np.array([1])
    >>> train, test = draw_images(pool, "zeros", groups, 4, 2, "balanced", 0)
    >>> pool.classes[train], pool.classes[test]
    (array([0, 1, 2, 1]), array([0, 1]))
    """
    draw = {"balanced": _balanced, "random": _random}[split]
    return draw(pool, name, groups, n_train, n_test, seed)


def _check_classes(argument: str, values: Any, known: Classes, name: str) -> Classes:
    try:
        values = list(values)
    except Exception:  # what an object that is no list raises is its own matter
        raise TypeError(f"{argument} must list class numbers, got {shown(values)}") from None
    for value in values:
        if isinstance(value, bool) or not isinstance(value, numbers.Integral):
            raise TypeError(f"{argument} must list class numbers, got {shown(value)}")
        if value not in known:
            raise ValueError(f"{argument} must be among {_listed(known)} for {name}, got {value}")
    if not values or len(set(values)) < len(values):
        raise ValueError(f"{argument} must list each class once and at least one, got {values}")
    return np.array(sorted(values))


def _listed(classes: Iterable[int]) -> str:
    return ", ".join(map(str, classes))


def _balanced(
    pool: ImagePool,
    name: str,
    groups: tuple[Classes, Classes],
    n_train: int,
    n_test: int,
    seed: int,
) -> tuple[Indices, Indices]:
    """Return places in the pool: labels take turns, and under each label its classes."""
    train, test = np.empty(n_train, dtype=np.intp), np.empty(n_test, dtype=np.intp)
    train_classes, train_ranks = _turns(groups, n_train)
    test_classes, test_ranks = _turns(groups, n_test)
    for number in np.concatenate(groups):
        in_train, in_test = train_classes == number, test_classes == number
        stream = np.random.SeedSequence(seed, spawn_key=(int(number),))
        order = np.random.default_rng(stream).permutation(np.flatnonzero(pool.classes == number))
        wanted = np.count_nonzero(in_train) + np.count_nonzero(in_test)
        if wanted > len(order):
            raise ValueError(
                f"n_train and n_test must need at most {len(order)} images of class {number} of "
                f"{name}, got {n_train} and {n_test}, which need {wanted}"
            )
        train[in_train] = order[train_ranks[in_train]]
        test[in_test] = order[-1 - test_ranks[in_test]]
    return train, test


def _turns(groups: tuple[Classes, Classes], n: int) -> tuple[Classes, Indices]:
    """Return the class of each of n images, and how many of the same class come before it."""
    turn, sign = np.divmod(np.arange(n), 2)
    sizes = np.array([len(group) for group in groups])
    classes = np.where(sign == 0, *(group[turn % len(group)] for group in groups))
    return classes, turn // sizes[sign]


def _random(
    pool: ImagePool,
    name: str,
    groups: tuple[Classes, Classes],
    n_train: int,
    n_test: int,
    seed: int,
) -> tuple[Indices, Indices]:
    """Return places in the pool, any."""
    places = np.flatnonzero(np.isin(pool.classes, np.concatenate(groups)))
    if n_train + n_test > len(places):
        raise ValueError(
            f"n_train + n_test must be at most {len(places)}, the images of the classes of "
            f"{name}, got {n_train} + {n_test}"
        )
    order = np.random.default_rng(np.random.SeedSequence(seed)).permutation(places)
    return order[:n_train], order[::-1][:n_test]
