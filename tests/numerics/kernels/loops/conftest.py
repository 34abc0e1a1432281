"""Loops in plain Python, with printed arithmetic or with a test's own."""

import types

import numba
import pytest

from numerics.kernels import joining


def interpreted(text, name):
    """Return the module of a text, not compiled."""
    module = types.ModuleType(f"interpreted_{name}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba.config, "DISABLE_JIT", True)
        exec(compile(text, str(joining.LOOPS / f"{name}.py"), "exec"), vars(module))
    return module


@pytest.fixture
def plain():
    """Return a function that interprets a loop as it stands and puts functions into it."""

    def load(name, **arithmetic):
        module = interpreted((joining.LOOPS / f"{name}.py").read_text(), name)
        vars(module).update(arithmetic)
        return module

    return load


@pytest.fixture
def plain_joined():
    """Return a function that joins a kernel with a loop and interprets both."""

    def load(kernel, name):
        return interpreted(joining.joined_text(kernel.source, kernel.functions, name), name)

    return load
