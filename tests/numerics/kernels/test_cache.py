"""Generated modules are written whole, reused, and compiled once for all processes."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from numerics.kernels import cache as kernel_cache
from numerics.kernels import derived, storage
from theory.dynamics.closed_form import mode_eigenvalues
from theory.dynamics.single_mode import stable_mode
from theory.kernels.emission import array_kernel, scalar_kernel

PROGRAM = """
import json
import numerics
from numerics.linear.single_mode import single_mode
from numerics.kernels.cache import compilation_counts
single_mode(1.0, 0.0, 0.1, time=1.0)
task = numerics.low_rank_recovery(4, rank=1, rng=0)
state = numerics.random_state(4, 4, 100, init_variance=1e-2, rng=1)
numerics.train(state, task, learning_rate=0.1, iterations=2, loss="log_cosh")
print(json.dumps(compilation_counts()))
"""


#: One small kernel, where the number of kernels does not matter.
ONE_MODE = """
import json
from numerics.linear.single_mode import single_mode
from numerics.kernels.cache import compilation_counts
from numerics.kernels.storage import cache_folder
value, _ = single_mode(2.0, 0.0, 0.1, time=1.0)
assert abs(value - 1.17883774) < 1e-8
counts = compilation_counts()
print(json.dumps(counts | {"folder": str(cache_folder())}))
"""


def run(folder, program=PROGRAM, **variables):
    environment = os.environ | {"MIXED_DYNAMICS_CACHE": str(folder)} | variables
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(answer.stdout)


def as_in_a_new_process(monkeypatch):
    monkeypatch.setattr(kernel_cache, "_loaded", {})
    monkeypatch.setattr(derived, "_texts", {})
    kernel_cache.load.cache_clear()


def totals(counts):
    pairs = [pair for name, pair in counts.items() if name != "folder"]
    return tuple(sum(column) for column in zip(*pairs, strict=True))


def test_a_second_process_compiles_nothing(tmp_path):
    _, misses = totals(run(tmp_path))
    assert misses >= 4
    again = run(tmp_path)
    _, misses = totals(again)
    assert misses == 0
    # those called from Python; what they call in turn comes with their own machine code
    hit = {name.rpartition(".")[2] for name, (found, _) in again.items() if found}
    assert hit == {"stable_mode", "advance", "evaluate", "limit"}


def test_a_loop_with_types_of_its_own_is_compiled_once(tmp_path):
    program = """
import json
import numpy as np
from numerics.kernels.cache import compilation_counts
from numerics.networks.frozen_kernel import frozen_flow
found = frozen_flow(np.eye(2), np.array([1.0, -1.0]))
assert np.allclose(found.train_outputs, [1, -1], atol=1e-2)
print(json.dumps(compilation_counts()))
"""
    _, misses = totals(run(tmp_path, program))
    assert misses > 0
    assert totals(run(tmp_path, program)) == (1, 0)


def test_two_processes_may_start_at_once(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(run, [tmp_path, tmp_path], [ONE_MODE, ONE_MODE])
    assert first.keys() == second.keys()
    assert not [x for x in tmp_path.iterdir() if x.suffix == ".tmp"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace("(-s0_ + y_)", "(s0_ + y_)"),
        lambda text: text + "# more\n",
        lambda text: text.rpartition("# sha256")[0],
    ],
    ids=["cut", "emptied", "changed by hand", "appended to", "without its checksum"],
)
def test_a_damaged_file_is_written_again(tmp_path, monkeypatch, damage):
    monkeypatch.setattr(storage, "cache_folder", lambda: tmp_path)
    kernel = scalar_kernel("single_mode", stable_mode)
    for repeat in range(2):
        as_in_a_new_process(monkeypatch)
        loaded = kernel_cache.load(kernel)
        (path,) = tmp_path.glob("single_mode_*.py")
        if repeat == 0:
            whole = path.read_text()
            path.write_text(damage(whole))
            assert path.read_text() != whole
    assert path.read_text() == whole
    out = np.empty(1), np.empty(1)
    loaded.single_mode(*(np.array([x]) for x in (2.0, 0.0, 0.1, 1.0)), *out)
    assert abs(out[0][0] - 1.17883774) < 1e-8  # the digits written here


def test_a_whole_file_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "cache_folder", lambda: tmp_path)
    kernel = scalar_kernel("single_mode", stable_mode)
    stamps = []
    for _ in range(2):
        as_in_a_new_process(monkeypatch)
        kernel_cache.load(kernel)
        (path,) = tmp_path.glob("*.py")
        stamps.append((path.stat().st_ino, path.stat().st_mtime_ns))
    assert stamps[0] == stamps[1]
    assert kernel_cache.load(kernel) is kernel_cache.load(kernel)


def test_a_write_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "cache_folder", lambda: tmp_path)
    as_in_a_new_process(monkeypatch)

    def refuse(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="no space"):
        kernel_cache.load(scalar_kernel("single_mode", stable_mode))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_falls_back_to_the_users(tmp_path):
    (tmp_path / "file").write_text("kept")
    home = tmp_path / "home"
    counts = run(tmp_path / "file" / "folder", ONE_MODE, HOME=str(home), XDG_CACHE_HOME=str(home))
    assert totals(counts)[1] >= 1
    assert counts["folder"].startswith(str(home))
    assert (tmp_path / "file").read_text() == "kept"


def test_where_no_folder_can_be_written_a_temporary_one_serves(tmp_path):
    (tmp_path / "file").write_text("kept")
    nowhere, scratch = str(tmp_path / "file" / "folder"), tmp_path / "scratch"
    scratch.mkdir()
    counts = run(nowhere, ONE_MODE, HOME=nowhere, XDG_CACHE_HOME=nowhere, TMPDIR=str(scratch))
    assert totals(counts)[1] >= 1
    assert counts["folder"].startswith(str(scratch))


def test_the_folder_exists():
    assert storage.cache_folder().is_dir()


def test_modules_of_whole_arrays_are_not_counted():
    """They import scipy, which has a module called stats."""
    kernel = array_kernel("modes", mode_eigenvalues)
    assert kernel_cache.load(kernel).modes(1.0, 2.0, 2.0, 0.0)
    assert not [name for name in kernel_cache.compilation_counts() if ".scipy" in name]
