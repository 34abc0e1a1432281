"""Declared sweeps: what every kind gets from its base, on a kind of this file."""

import json
import struct

import attrs
import numpy as np
import pytest
import xarray as xr

from numerics.phase_diagram.sweep import SweepPlan
from numerics.support.errors import DivergedError, SweepError
from numerics.sweeps.cell_store import CellStore
from numerics.sweeps.declaration import STATUSES, CellPoint, DeclaredSweep, Variable, attempt, coded
from numerics.sweeps.run import run_sweep


@attrs.frozen
class Powers(DeclaredSweep):
    """x^n, and x, ..., x^3, over x and n."""

    x: tuple[float, ...] = (0.5, 2.0)
    n: tuple[int, ...] = (1, 2, 3)
    label: str = "powers"

    @property
    def axes(self):
        return {"x": self.x, "n": self.n}

    @property
    def tails(self):
        return {"power": range(1, 4)}

    @property
    def variables(self):
        return {
            "value": Variable("f8", np.nan, {"units": "1"}),
            "values": Variable("f4", np.nan, {}, tail=("power",)),
            "status": coded(STATUSES, "what became of it"),
        }

    @property
    def coordinates(self):
        return {"log_x": ("x", np.log(self.x))}

    def ingredients(self):
        return {"formula": "x^n"}

    def run(self, cell):
        x = cell["x"]
        row = [x**k for k in (1, 2, 3)]
        return {"value": x ** cell["n"], "values": row, "status": 0}, ""

    def cost(self, cell):
        return 1e-3 * cell["n"]


@attrs.frozen
class Roots(Powers):
    """Another kind with the same settings."""


def test_it_runs_and_says_all(tmp_path):
    plan = Powers()
    data = run_sweep(plan, tmp_path, workers=0)
    assert data.value.dims == ("x", "n")
    np.testing.assert_array_equal(data.value, np.power.outer([0.5, 2.0], [1, 2, 3]))
    assert data["values"].dims == ("x", "n", "power")
    assert data["values"].dtype == np.float32
    np.testing.assert_array_equal(data["values"].sel(x=2.0, n=1), [2, 4, 8])
    np.testing.assert_array_equal(data.log_x, np.log(plan.x))
    assert data.power.values.tolist() == [1, 2, 3]
    assert data.value.attrs["units"] == "1"
    assert data.attrs["label"] == "powers"
    assert json.loads(data.attrs["software"])["formula"] == "x^n"
    assert DeclaredSweep.from_json(data.attrs["plan"]) == plan
    assert np.isdtype(data.n.dtype, "integral")


def test_any_kind_is_rebuilt_from_its_text():
    for plan in (Powers(x=(0.1, 1 / 3), seed=4), Roots(), SweepPlan(d=20, rank=2)):
        again = DeclaredSweep.from_json(plan.to_json())
        assert type(again) is type(plan)
        assert again.to_json() == plan.to_json()
        assert again.fingerprint == plan.fingerprint


def test_a_kind_reads_its_own_text_alone():
    assert type(Powers.from_json(Roots().to_json())) is Roots
    with pytest.raises(ValueError, match="name of a Roots"):
        Roots.from_json(Powers().to_json())


@pytest.mark.parametrize("kind", ["json:loads", "Task", "numerics.tasks:Tusk", "os:"])
def test_what_is_no_kind_is_refused(kind):
    text = json.dumps({"kind": kind, "seed": 0})
    with pytest.raises(ValueError, match="kind must be the name of a DeclaredSweep"):
        DeclaredSweep.from_json(text)


def test_the_kind_is_part_of_the_fingerprint(tmp_path):
    plan, other = Powers(), Roots()
    assert plan.fingerprint != other.fingerprint
    CellStore(tmp_path, plan).close()
    with pytest.raises(SweepError, match=r"kind was .*:Powers, is .*:Roots"):
        CellStore(tmp_path, other)


def test_ingredients_are_part_of_the_fingerprint(monkeypatch, tmp_path):
    plan = Powers()
    CellStore(tmp_path, plan).close()
    monkeypatch.setattr(Powers, "ingredients", lambda self: {"formula": "x^-n"})
    assert Powers().fingerprint != plan.fingerprint
    with pytest.raises(SweepError, match=r"formula was x\^n, is x\^-n"):
        CellStore(tmp_path, Powers())


def test_streams_have_the_bits_of_coordinates():
    plan = Powers(x=(0.1, 0.5), seed=9)
    cell = plan.cell(5)
    assert cell.coordinates == {"x": 0.5, "n": 3}
    stream = plan.stream(7, cell, ("n", "x"))
    assert stream.entropy == 9
    assert stream.spawn_key == (7, 3, *struct.unpack("<2I", struct.pack("<d", 0.5)))
    assert plan.stream(7, plan.cell(2), ("n",)).spawn_key == (7, 3)


def test_cells_run_over_the_grid_in_order():
    plan = Powers()
    assert len(plan) == 6
    assert [str(cell) for cell in plan.cells()][1:4] == [
        "x = 0.5, n = 2",
        "x = 0.5, n = 3",
        "x = 2, n = 1",
    ]
    assert plan.cell(4) == CellPoint(4, {"x": 2.0, "n": 2})


@pytest.mark.parametrize("seed", [-1, 1.0, True, "1", None])
def test_bad_seeds_are_refused(seed):
    with pytest.raises((ValueError, TypeError), match="seed must be an integer >= 0"):
        Powers(seed=seed)


def test_a_seed_that_files_cannot_keep_is_refused(tmp_path):
    with pytest.raises(ValueError, match="seed must be an integer >= 0 of 64 bits at most, got"):
        Powers(seed=2**64)
    data = xr.Dataset(attrs={"seed": Powers(seed=2**64 - 1).seed})
    data.to_netcdf(tmp_path / "kept.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "kept.nc", engine="h5netcdf") as kept:
        assert int(kept.attrs["seed"]) == 2**64 - 1


@pytest.mark.parametrize("table", [3, ["x"], {"y": 2}])
def test_bad_tables_are_refused(table):
    with pytest.raises((ValueError, TypeError), match="a sweep|settings must be"):
        Powers.from_mapping(table)


def fail(error):
    raise error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DivergedError(3, 0.1, 0.05), "diverged"),
        (FloatingPointError("overflow"), "failed"),
        (np.linalg.LinAlgError("no convergence"), "failed"),
        (MemoryError("full"), "failed"),
    ],
)
def test_trouble_of_a_cell_is_its_own(error, status):
    assert attempt(lambda: 5) == (5, "ok", "")
    result, found, note = attempt(lambda: fail(error))
    assert result is None
    assert found == status
    assert str(error) in note


def test_a_defect_is_not_hidden():
    with pytest.raises(KeyError):
        attempt(lambda: fail(KeyError("width")))
