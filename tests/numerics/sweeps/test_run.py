"""Sweeps: the same bits on any workers, in any order and grid, and what a caller is told.

What the engine promises is tested on the cheap kind of examples/own_sweep.py, whose workers start
twice as fast; Figure 2 runs where its numerics are at stake.
"""

import os

import numpy as np
import pytest
import xarray as xr
from distributed import LocalCluster

from numerics.phase_diagram.cell import CURVES, VARIABLES
from numerics.phase_diagram.sweep import SweepPlan
from numerics.support.errors import SweepError
from numerics.sweeps import dask_engine as sweep_dask
from numerics.sweeps import run as sweep
from numerics.sweeps.declaration import DeclaredSweep
from numerics.sweeps.run import run_sweep
from numerics.sweeps.worker import BatchResult, run_batch

#: Cells of every kind, some ten milliseconds each.
PLAN = SweepPlan(gamma_sigma2="-3:0:4", gamma_w="0:2.8:4", d=24, rank=2)


@pytest.fixture(scope="module")
def own(own_kind):
    """Return a plan of sixteen short cells."""
    return own_kind(d="4,8", width="10,20", replicates=4)


@pytest.fixture(scope="module")
def cluster():
    """Return a running cluster of one worker in this process."""
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
    ) as running:
        yield running.scheduler_address


class Interrupt:
    """Progress that interrupts after some batches, as Ctrl-C would."""

    def __init__(self, after):
        self.left = after

    def __call__(self, state):
        self.left -= state.fresh > 0
        if self.left == 0:
            raise KeyboardInterrupt


def test_same_bits_in_any_order(own, undisturbed, tmp_path, monkeypatch, small_batches):
    rng = np.random.default_rng(0)
    usual = sweep.batches

    def shuffled(plan, indices):
        groups = usual(plan, indices)
        assert len(groups) > 1
        return [groups[k] for k in rng.permutation(len(groups))]

    monkeypatch.setattr(sweep, "batches", shuffled)
    assert run_sweep(own, tmp_path, workers=0).identical(undisturbed[own])


def test_same_bits_in_a_larger_grid(undisturbed, tmp_path):
    larger = SweepPlan(gamma_sigma2="-3:0:7", gamma_w="0:2.8:4", d=24, rank=2, replicates=2)
    data = run_sweep(larger, tmp_path, workers=0)
    part = data.sel(gamma_sigma2=list(PLAN.gamma_sigma2), replicate=[0])
    for name in VARIABLES:
        np.testing.assert_array_equal(part[name], undisturbed[PLAN][name])


def test_same_bits_when_interrupted_and_resumed(own, undisturbed, tmp_path, small_batches):
    for after in (1, 3, 2):
        with pytest.raises(KeyboardInterrupt):
            run_sweep(own, tmp_path, workers=0, resume=True, progress=Interrupt(after))
    with pytest.raises(SweepError, match="cells of this sweep"):
        run_sweep(own, tmp_path, workers=0)
    states = []
    data = run_sweep(own, tmp_path, workers=0, resume=True, progress=states.append)
    assert data.identical(undisturbed[own])
    assert states[0].done > 0
    assert states[-1].fresh == len(own) - states[0].done > 0


def test_a_finished_sweep_is_only_read(own, undisturbed, tmp_path, monkeypatch):
    run_sweep(own, tmp_path, workers=0)
    monkeypatch.setattr(sweep, "run_batch", None)
    assert run_sweep(own, tmp_path, resume=True).identical(undisturbed[own])


def test_a_damaged_shard_is_computed_again(own, undisturbed, tmp_path, small_batches):
    run_sweep(own, tmp_path, workers=0)
    broken = sorted(tmp_path.glob("cells-*"))[1]
    os.truncate(broken, 100)
    states = []
    data = run_sweep(own, tmp_path, workers=0, resume=True, progress=states.append)
    assert data.identical(undisturbed[own])
    assert broken.name in states[0].notes[0]


def test_the_dataset_says_all(undisturbed, tmp_path):
    data = undisturbed[PLAN]
    assert dict(data.sizes) == {"gamma_sigma2": 4, "gamma_w": 4, "replicate": 1}
    assert set(data.data_vars) == set(VARIABLES)
    assert data.stop_reason.attrs["flag_meanings"].split()[1] == "test_error_rose"
    assert (data.status == 0).all()
    assert DeclaredSweep.from_json(data.attrs["plan"]) == PLAN
    assert {"versions", "fingerprint", "seed", "d", "rank"} <= set(data.attrs)
    assert data.attrs["dynamics"] == "gradient_descent self_consistent"
    data.to_netcdf(tmp_path / "sweep.nc", engine="h5netcdf")
    assert xr.load_dataset(tmp_path / "sweep.nc", engine="h5netcdf").equals(data)


def test_curves_are_kept_if_asked(tmp_path):
    plan = SweepPlan(
        gamma_sigma2="-2:0:2", gamma_w="1:2:2", d=20, rank=2, iterations=30, curves=True
    )
    data = run_sweep(plan, tmp_path, workers=0)
    assert set(data.data_vars) == {*VARIABLES, *CURVES}
    assert data.test_error_curve.dims[-2:] == ("dynamics", "iteration")
    lowest = data.test_error_curve.sel(dynamics="gradient_descent").min("iteration")
    assert (lowest == data.min_test_error).all()


def test_diverged_cells_are_recorded_and_told(tmp_path):
    plan = SweepPlan(
        gamma_sigma2="-2:0:2", gamma_w="1:2:2", d=20, rank=2, learning_rate_divisor=0.02
    )
    states = []
    data = run_sweep(plan, tmp_path, workers=0, progress=states.append)
    assert (data.status == 1).any()
    told = [note for state in states for note in state.notes]
    assert len(told) == int((data.status == 1).sum())
    assert all("stability limit" in note for note in told)
    assert any("gamma_sigma2 = -2, gamma_w = 2, replicate = 0: " in note for note in told)


def test_progress_counts_cells_and_work(own, tmp_path, small_batches):
    states = []
    run_sweep(own, tmp_path, workers=0, progress=states.append)
    assert len(states) > 2
    assert [state.done for state in states] == sorted({state.done for state in states})
    assert np.isnan(states[0].seconds_left)
    assert states[-1].share == pytest.approx(1)
    assert states[-1].rate > 0
    assert states[1].seconds_left > 0


def test_a_running_cluster_by_its_address(cluster, own, undisturbed, tmp_path):
    assert run_sweep(own, tmp_path, scheduler=cluster).identical(undisturbed[own])


def test_workers_with_other_formulas_are_refused(cluster, own, tmp_path, monkeypatch):
    def older(plan_text, indices):
        found = run_batch(plan_text, indices)
        return BatchResult(found.indices, found.values, found.notes, "0123456789abcdef")

    monkeypatch.setattr(sweep_dask, "run_batch", older)
    with pytest.raises(SweepError, match="other formulas"):
        run_sweep(own, tmp_path, scheduler=cluster)
    assert not list(tmp_path.glob("cells-*"))


@pytest.mark.parametrize("address", ["foo", "tcp://host:port", "abc://x:1", "tcp://", "tcp://h"])
def test_what_is_no_address_of_a_scheduler_is_refused_at_once(own, tmp_path, address):
    with pytest.raises(ValueError, match=f"like tcp://host:8786, got '{address}'"):
        run_sweep(own, tmp_path / "sweep", scheduler=address)
    assert not (tmp_path / "sweep").exists()


def test_an_address_without_a_scheduler_is_an_error(own, tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_dask, "CONNECT", 1)
    with pytest.raises(OSError):
        run_sweep(own, tmp_path, scheduler="tcp://127.0.0.1:9")


@pytest.mark.parametrize("workers", [-1, "two"])
def test_bad_workers_are_refused(workers, own, tmp_path):
    with pytest.raises((ValueError, TypeError), match="workers"):
        run_sweep(own, tmp_path, workers=workers)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_same_bits_on_workers(workers, undisturbed, tmp_path, small_batches):
    """Without disturbance; the fast tests of killed workers and commands see the same."""
    assert run_sweep(PLAN, tmp_path, workers=workers).identical(undisturbed[PLAN])
