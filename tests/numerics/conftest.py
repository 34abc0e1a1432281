"""What the tests of sweeps share: a cheap kind of sweep, and results of undisturbed runs."""

import importlib
from pathlib import Path

import pytest

from numerics.sweeps import batches as sweep_batches
from numerics.sweeps.run import run_sweep

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def own_kind():
    """Return the kind of the example; processes that are started inherit the path."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        yield importlib.import_module("own_sweep").StartSweep


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return each plan's results from this process, in one go, when they are first asked for."""

    class Results(dict):
        def __missing__(self, plan):
            data = run_sweep(plan, tmp_path_factory.mktemp("undisturbed"), workers=0)
            return self.setdefault(plan, data)

    return Results()


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(sweep_batches, "BATCH", 2e-4)
