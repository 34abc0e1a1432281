"""Sweeps: the same bits on any workers, in any order, resumed or killed at any moment."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest
import xarray as xr
from distributed import LocalCluster

from numerics import sweep, sweep_batches, sweep_dask
from numerics.cell_run import CURVES, VARIABLES
from numerics.cell_store import CellStore
from numerics.errors import SweepError
from numerics.sweep import run_sweep
from numerics.sweep_plan import SweepPlan
from numerics.sweep_worker import BatchResult, run_batch

#: Cells of every kind, some thirty milliseconds each.
PLAN = SweepPlan("-3:0:6", "0:2.8:6", d=24, rank=2)

#: Long enough to be killed in the middle.
LONGER = SweepPlan("-3:0:8", "0:2.8:8", d=50, rank=2)

ARGUMENTS = ["figure2", "--d", "50", "--rank", "2", "--grid-sigma2", "-3:0:8", "--grid-w",
             "0:2.8:8", "--resume"]  # fmt: skip

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return the two plans' results from this process, in one go."""
    return {
        plan: run_sweep(plan, tmp_path_factory.mktemp("undisturbed"), workers=0)
        for plan in (PLAN, LONGER)
    }


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(sweep_batches, "BATCH", 0.05)


class Interrupt:
    """Progress that interrupts after some batches, as Ctrl-C would."""

    def __init__(self, after):
        self.left = after

    def __call__(self, state):
        self.left -= state.fresh > 0
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("workers", [1, 2])
def test_same_bits_on_workers(workers, undisturbed, tmp_path, small_batches):
    assert run_sweep(PLAN, tmp_path, workers=workers).identical(undisturbed[PLAN])


def test_same_bits_in_any_order(undisturbed, tmp_path, monkeypatch, small_batches):
    rng = np.random.default_rng(0)
    usual = sweep.batches

    def shuffled(plan, indices):
        groups = usual(plan, indices)
        return [groups[k] for k in rng.permutation(len(groups))]

    monkeypatch.setattr(sweep, "batches", shuffled)
    assert run_sweep(PLAN, tmp_path, workers=0).identical(undisturbed[PLAN])


def test_same_bits_in_a_larger_grid(undisturbed, tmp_path):
    larger = SweepPlan("-3:0:11", "0:2.8:6", d=24, rank=2, replicates=2)
    data = run_sweep(larger, tmp_path, workers=0)
    part = data.sel(gamma_sigma2=list(PLAN.gamma_sigma2), replicate=[0])
    for name in VARIABLES:
        np.testing.assert_array_equal(part[name], undisturbed[PLAN][name])


def test_same_bits_when_interrupted_and_resumed(undisturbed, tmp_path, small_batches):
    for after in (1, 3, 2):
        with pytest.raises(KeyboardInterrupt):
            run_sweep(PLAN, tmp_path, workers=0, resume=True, progress=Interrupt(after))
    with pytest.raises(SweepError, match="cells of this sweep"):
        run_sweep(PLAN, tmp_path, workers=0)
    states = []
    data = run_sweep(PLAN, tmp_path, workers=0, resume=True, progress=states.append)
    assert data.identical(undisturbed[PLAN])
    assert states[0].done > 0
    assert states[-1].fresh == len(PLAN) - states[0].done


def test_a_finished_sweep_is_only_read(undisturbed, tmp_path, monkeypatch):
    run_sweep(PLAN, tmp_path, workers=0)
    monkeypatch.setattr(sweep, "run_batch", None)
    assert run_sweep(PLAN, tmp_path, resume=True).identical(undisturbed[PLAN])


def test_a_damaged_shard_is_computed_again(undisturbed, tmp_path, small_batches):
    run_sweep(PLAN, tmp_path, workers=0)
    broken = sorted(tmp_path.glob("cells-*"))[1]
    os.truncate(broken, 100)
    states = []
    data = run_sweep(PLAN, tmp_path, workers=0, resume=True, progress=states.append)
    assert data.identical(undisturbed[PLAN])
    assert broken.name in states[0].notes[0]


def test_the_dataset_says_all(undisturbed, tmp_path):
    data = undisturbed[PLAN]
    assert dict(data.sizes) == {"gamma_sigma2": 6, "gamma_w": 6, "replicate": 1}
    assert set(data.data_vars) == set(VARIABLES)
    assert data.stop_reason.attrs["flag_meanings"].split()[1] == "test_error_rose"
    assert (data.status == 0).all()
    assert SweepPlan.from_json(data.attrs["plan"]) == PLAN
    assert {"versions", "fingerprint", "seed", "d", "rank"} <= set(data.attrs)
    data.to_netcdf(tmp_path / "sweep.nc", engine="h5netcdf")
    assert xr.load_dataset(tmp_path / "sweep.nc", engine="h5netcdf").equals(data)


def test_curves_are_kept_if_asked(tmp_path):
    plan = SweepPlan("-2:0:2", "1:2:2", d=20, rank=2, iterations=30, curves=True)
    data = run_sweep(plan, tmp_path, workers=0)
    assert set(data.data_vars) == {*VARIABLES, *CURVES}
    assert data.test_error_curve.dims[-2:] == ("dynamics", "iteration")
    lowest = data.test_error_curve.sel(dynamics="gradient_descent").min("iteration")
    assert (lowest == data.min_test_error).all()


def test_diverged_cells_are_recorded_and_told(tmp_path):
    plan = SweepPlan("-2:0:2", "1:2:2", d=20, rank=2, fraction=0.02)
    states = []
    data = run_sweep(plan, tmp_path, workers=0, progress=states.append)
    assert (data.status == 1).any()
    told = [note for state in states for note in state.notes]
    assert len(told) == int((data.status == 1).sum())
    assert all("stability limit" in note for note in told)


def test_progress_counts_cells_and_work(tmp_path, small_batches):
    states = []
    run_sweep(PLAN, tmp_path, workers=0, progress=states.append)
    assert [state.done for state in states] == sorted({state.done for state in states})
    assert np.isnan(states[0].seconds_left)
    assert states[-1].share == pytest.approx(1)
    assert states[-1].rate > 0
    assert states[1].seconds_left > 0


def test_a_running_cluster_by_its_address(undisturbed, tmp_path):
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False,
                      dashboard_address="127.0.0.1:0") as cluster:  # fmt: skip
        data = run_sweep(PLAN, tmp_path, scheduler=cluster.scheduler_address)
    assert data.identical(undisturbed[PLAN])


def test_workers_with_other_formulas_are_refused(tmp_path, monkeypatch):
    def older(plan_text, indices):
        found = run_batch(plan_text, indices)
        return BatchResult(found.indices, found.values, found.notes, "0123456789abcdef")

    monkeypatch.setattr(sweep_dask, "run_batch", older)
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False,
                     dashboard_address="127.0.0.1:0") as cluster,
        pytest.raises(SweepError, match="other formulas"),
    ):  # fmt: skip
        run_sweep(PLAN, tmp_path, scheduler=cluster.scheduler_address)
    assert not list(tmp_path.glob("cells-*"))


def test_an_address_without_a_scheduler_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_dask, "CONNECT", 1)
    with pytest.raises(OSError):
        run_sweep(PLAN, tmp_path, scheduler="tcp://127.0.0.1:9")


@pytest.mark.parametrize("workers", [-1, "two"])
def test_bad_workers_are_refused(workers, tmp_path):
    with pytest.raises((ValueError, TypeError), match="workers"):
        run_sweep(PLAN, tmp_path, workers=workers)


@posix
def test_killed_workers_change_nothing(undisturbed, tmp_path, small_batches):
    assert kill_workers(tmp_path, 2, np.random.default_rng(0)).identical(undisturbed[LONGER])


@posix
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_many_killed_workers_change_nothing(seed, undisturbed, tmp_path, small_batches):
    """Five sweeps that lose five workers each."""
    rng = np.random.default_rng(seed)
    assert kill_workers(tmp_path, 5, rng).identical(undisturbed[LONGER])


@posix
@pytest.mark.parametrize("workers", [0, 2])
def test_a_killed_command_is_resumed_with_the_same_bits(workers, undisturbed, tmp_path):
    process = start_command(tmp_path, workers)
    wait_for_shards(tmp_path, 2, process)
    process.kill()
    check_and_finish(tmp_path, process, undisturbed)


@posix
@pytest.mark.slow
@pytest.mark.parametrize("trial", range(24))
def test_a_command_killed_at_a_random_moment(trial, undisturbed, tmp_path):
    """kill -9 between the start of the program and some seconds after its end."""
    rng = np.random.default_rng(trial)
    process = start_command(tmp_path, workers=2 * (trial % 2))
    time.sleep(rng.uniform(0.5, 12.0))
    process.kill()
    check_and_finish(tmp_path, process, undisturbed)


@posix
@pytest.mark.parametrize(("workers", "number"), [(0, signal.SIGTERM), (2, signal.SIGINT)])
def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(workers, number, undisturbed, tmp_path):
    process = start_command(tmp_path, workers)
    wait_for_shards(tmp_path, 1, process)
    # As a terminal does: to every process of the group.
    os.killpg(process.pid, number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume goes on" in told
    assert "Traceback" not in told
    check_and_finish(tmp_path, process, undisturbed)


def kill_workers(folder, deaths, rng):
    """Run the longer sweep on two workers and kill one at random moments."""
    ended = threading.Event()

    def assassin():
        left = deaths
        while left and not ended.wait(rng.uniform(0.1, 1.0)):
            if not list(folder.glob("cells-*")):
                continue
            children = psutil.Process().children(recursive=True)
            workers = [x for x in children if "spawn_main" in " ".join(x.cmdline())]
            if workers:
                workers[int(rng.integers(len(workers)))].kill()
                left -= 1

    thread = threading.Thread(target=assassin)
    thread.start()
    try:
        return run_sweep(LONGER, folder, workers=2)
    finally:
        ended.set()
        thread.join()


def start_command(folder, workers):
    code = (
        "import numerics.sweep_batches as b, sys; b.BATCH = 0.05\n"
        "from verify.cli import main\n"
        "if __name__ == '__main__': sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", code, *ARGUMENTS, "--workers", str(workers)]
    return subprocess.Popen(
        [*command, "--output", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip


def wait_for_shards(folder, count, process):
    deadline = time.monotonic() + 120
    while len(list(folder.glob("figure2.store/cells-*"))) < count:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def check_and_finish(folder, process, undisturbed):
    """Look at what a dead command left, go on, and compare with the undisturbed sweep."""
    process.communicate(timeout=60)
    figures = {"figure2.nc", "figure2.png", "figure2.pdf"}
    left = {x.name for x in folder.iterdir() if not x.name.startswith(".")}
    assert left <= {"figure2.store", *figures}
    if "figure2.nc" in left:
        found = xr.load_dataset(folder / "figure2.nc", engine="h5netcdf")
        assert found.equals(undisturbed[LONGER])
    store = folder / "figure2.store"
    with CellStore(store, LONGER, resume=True) as opened:
        assert opened.dropped == []
        assert not list(store.glob(".unfinished-*"))
    data = run_sweep(LONGER, store, workers=0, resume=True)
    assert data.identical(undisturbed[LONGER])
