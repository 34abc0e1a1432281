"""The examples in docstrings run and print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import mixed_dynamics
import numerics
import theory
import verify

MODULES = [
    info.name
    for package in (theory, numerics, verify, mixed_dynamics)
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    if not info.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    failures, _ = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert failures == 0
