"""Sweeps whose workers or commands are killed or interrupted end with the same bits."""

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

from numerics.phase_diagram.sweep import SweepPlan
from numerics.sweeps import batches as sweep_batches
from numerics.sweeps.cell_store import CellStore
from numerics.sweeps.run import run_sweep
from verify.cli.main import main

#: Cells of Figure 2, some ten milliseconds each, and the command that runs them.
PLAN = SweepPlan(gamma_sigma2="-3:0:4", gamma_w="0:2.8:4", d=24, rank=2)
SHORT = ["figure2", "--d", "24", "--rank", "2", "--grid-sigma2", "-3:0:4", "--grid-w", "0:2.8:4"]

#: Long enough to be killed in the middle.
LONGER = SweepPlan(gamma_sigma2="-3:0:8", gamma_w="0:2.8:8", d=50, rank=2)
ARGUMENTS = [
    "figure2",
    "--d",
    "50",
    "--rank",
    "2",
    "--grid-sigma2",
    "-3:0:8",
    "--grid-w",
    "0:2.8:8",
    "--resume",
]

EXAMPLES = Path(__file__).parents[3] / "examples"

#: A command of the example's kind, which starts faster than one of Figure 2.
SCRIPT = """
import argparse, sys, time
from pathlib import Path
import numerics.sweeps.batches
from numerics.sweeps.cell_store import CellStore
from numerics.sweeps.declaration import DeclaredSweep
from verify.cli.commands.sweep_options import add_sweep_options, run_stored

def add(*arguments, usual=CellStore.add):
    time.sleep(0.02)  # On a busy machine, too, it is met in the middle.
    return usual(*arguments)

CellStore.add = add
numerics.sweeps.batches.BATCH = 1e-3
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
def own_longer(own_kind):
    """Return a plan of cells of some ten milliseconds."""
    return own_kind(d="100,120", width="1000,2000", replicates=10)


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
        "import numerics.sweeps.batches as b, sys; b.BATCH = 1e-3\n"
        "from verify.cli.main import main\n"
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
        [sys.executable, "-c", listen + code, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": path},
    )


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
