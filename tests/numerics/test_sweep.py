"""Sweeps: the same bits on any workers, in any order, resumed or killed at any moment.

What the engine promises is tested on the cheap kind of examples/own_sweep.py, whose workers start
twice as fast; Figure 2 runs where numerics or the command are at stake.
"""

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import xarray as xr
from distributed import LocalCluster

from numerics import sweep, sweep_batches, sweep_dask
from numerics.cell_run import CURVES, VARIABLES
from numerics.cell_store import CellStore
from numerics.declared_sweep import DeclaredSweep
from numerics.errors import SweepError
from numerics.sweep import run_sweep
from numerics.sweep_plan import SweepPlan
from numerics.sweep_worker import BatchResult, run_batch
from verify.cli import main

#: Cells of every kind, some ten milliseconds each.
PLAN = SweepPlan("-3:0:4", "0:2.8:4", d=24, rank=2)

SHORT = ["figure2", "--d", "24", "--rank", "2", "--grid-sigma2", "-3:0:4", "--grid-w", "0:2.8:4"]

#: Long enough to be killed in the middle.
LONGER = SweepPlan("-3:0:8", "0:2.8:8", d=50, rank=2)
ARGUMENTS = ["figure2", "--d", "50", "--rank", "2", "--grid-sigma2", "-3:0:8", "--grid-w",
             "0:2.8:8", "--resume"]  # fmt: skip

EXAMPLES = Path(__file__).parents[2] / "examples"

#: A command of the example's kind, which starts faster than one of Figure 2.
SCRIPT = """
import argparse, sys, time
from pathlib import Path
import numerics.sweep_batches
from numerics.cell_store import CellStore
from numerics.declared_sweep import DeclaredSweep
from verify.commands.sweeps import add_sweep_options, run_stored

def add(*arguments, usual=CellStore.add):
    time.sleep(0.02)  # On a busy machine, too, it is met in the middle.
    return usual(*arguments)

CellStore.add = add
numerics.sweep_batches.BATCH = 1e-3
if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("plan")
    add_sweep_options(parser)
    options = parser.parse_args()
    plan = DeclaredSweep.from_json(options.plan)
    sys.exit(130 if run_stored(plan, Path(options.output), options) is None else 0)
"""

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture(scope="module")
def own_kind():
    """Return the kind of the example; processes that are started inherit the path."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        yield importlib.import_module("own_sweep").StartSweep


@pytest.fixture(scope="module")
def own(own_kind):
    """Return a plan of sixteen short cells."""
    return own_kind(d="4,8", width="10,20", replicates=4)


@pytest.fixture(scope="module")
def own_longer(own_kind):
    """Return a plan of cells of some ten milliseconds."""
    return own_kind(d="100,120", width="1000,2000", replicates=10)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return each plan's results from this process, in one go, when they are first asked for."""

    class Results(dict):
        def __missing__(self, plan):
            data = run_sweep(plan, tmp_path_factory.mktemp("undisturbed"), workers=0)
            return self.setdefault(plan, data)

    return Results()


@pytest.fixture(scope="module")
def cluster():
    """Return a running cluster of one worker in this process."""
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False,
                      dashboard_address="127.0.0.1:0") as running:  # fmt: skip
        yield running.scheduler_address


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(sweep_batches, "BATCH", 2e-4)


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
    larger = SweepPlan("-3:0:7", "0:2.8:4", d=24, rank=2, replicates=2)
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


@posix
def test_a_killed_worker_changes_nothing(own_longer, undisturbed, tmp_path, small_batches):
    data = kill_workers(own_longer, tmp_path, 1, np.random.default_rng(0))
    assert data.identical(undisturbed[own_longer])


@posix
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_many_killed_workers_change_nothing(seed, undisturbed, tmp_path, small_batches):
    """Five sweeps that lose up to five workers each."""
    data = kill_workers(LONGER, tmp_path, 5, np.random.default_rng(seed))
    assert data.identical(undisturbed[LONGER])


@posix
def test_a_killed_command_is_resumed_with_the_same_bits(own_longer, undisturbed, tmp_path):
    process = start_script(own_longer, tmp_path, workers=0)
    wait_for_shards(tmp_path, 2, process)
    process.kill()
    process.communicate(timeout=60)
    finish(own_longer, tmp_path, undisturbed)


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
def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(own_longer, undisturbed, tmp_path):
    process = start_script(own_longer, tmp_path, workers=1)
    interrupt(process, tmp_path)
    finish(own_longer, tmp_path, undisturbed)


@posix
@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_ctrl_c_stops_figure2(workers, undisturbed, tmp_path):
    process = start_command(tmp_path, workers)
    interrupt(process, tmp_path / "figure2.store")
    check_and_finish(tmp_path, process, undisturbed)


@posix
def test_a_batch_system_ends_figure2_like_ctrl_c(undisturbed, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sweep_batches, "BATCH", 1e-3)
    monkeypatch.setattr(CellStore, "add", slow_add)
    store = tmp_path / "figure2.store"

    def terminate():
        while not list(store.glob("cells-*")):
            time.sleep(1e-3)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=terminate, daemon=True)
    thread.start()
    assert main([*SHORT, "--workers", "0", "--output", str(tmp_path)]) == 130
    thread.join()
    assert "--resume goes on" in capsys.readouterr().err
    finish(PLAN, store, undisturbed)


def slow_add(*arguments, usual=CellStore.add):
    time.sleep(0.02)  # On a busy machine, too, it is met in the middle.
    return usual(*arguments)


def kill_workers(plan, folder, deaths, rng):
    """Run a sweep on two workers and kill one, at its first results and at random moments."""
    ended = threading.Event()
    killed = []

    def assassin():
        while len(killed) < deaths and not ended.wait(rng.uniform(0.1, 1.0) if killed else 1e-3):
            if not list(folder.glob("cells-*")):
                continue
            children = psutil.Process().children(recursive=True)
            workers = [x for x in children if "spawn_main" in " ".join(x.cmdline())]
            if workers:
                killed.append(workers[int(rng.integers(len(workers)))])
                killed[-1].kill()

    thread = threading.Thread(target=assassin)
    thread.start()
    try:
        data = run_sweep(plan, folder, workers=2)
    finally:
        ended.set()
        thread.join()
    assert killed
    return data


def start_command(folder, workers):
    code = (
        "import numerics.sweep_batches as b, sys; b.BATCH = 1e-3\n"
        "from verify.cli import main\n"
        "if __name__ == '__main__': sys.exit(main(sys.argv[1:]))\n"
    )
    return start(code, [*ARGUMENTS, "--workers", str(workers), "--output", str(folder)])


def start_script(plan, folder, workers):
    arguments = [plan.to_json(), "--resume", "--workers", str(workers), "--output", str(folder)]
    return start(SCRIPT, arguments)


def start(code, arguments):
    # As in a terminal: what a shell starts in the background ignores Ctrl-C.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    path = os.pathsep.join(filter(None, [str(EXAMPLES), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "-c", listen + code, *arguments], stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip


def wait_for_shards(store, count, process):
    deadline = time.monotonic() + 120
    while len(list(store.glob("cells-*"))) < count:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def interrupt(process, store):
    """Press Ctrl-C once there are results: a terminal tells every process of the group."""
    wait_for_shards(store, 1, process)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume goes on" in told
    assert "Traceback" not in told


def finish(plan, store, undisturbed):
    """Look at what is left, go on, and compare with the undisturbed sweep."""
    with CellStore(store, plan, resume=True) as opened:
        assert opened.dropped == []
        assert not list(store.glob(".unfinished-*"))
        assert 0 < len(opened) < len(plan)
    assert run_sweep(plan, store, workers=0, resume=True).identical(undisturbed[plan])


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
