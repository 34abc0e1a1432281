"""Generated modules are written whole, reused, and compiled once for all processes."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from numerics.kernel_cache import cache_folder

PROGRAM = """
import json
import numerics
from numerics.single_mode import single_mode
from numerics.kernel_cache import compilation_counts
single_mode(1.0, 0.0, 0.1, 1.0)
task = numerics.low_rank_recovery(4, rank=1, rng=0)
state = numerics.random_state(4, 4, 100, 1e-2, rng=1)
numerics.train(state, task, learning_rate=0.1, iterations=2, loss="log_cosh")
print(json.dumps(compilation_counts()))
"""


def run(folder, program=PROGRAM):
    environment = os.environ | {"MIXED_DYNAMICS_CACHE": str(folder)}
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], env=environment, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    return json.loads(answer.stdout)


def totals(counts):
    return tuple(sum(column) for column in zip(*counts.values(), strict=True))


def test_a_second_process_compiles_nothing(tmp_path):
    hits, misses = totals(run(tmp_path))
    assert misses >= 4
    again = run(tmp_path)
    hits, misses = totals(again)
    assert misses == 0
    assert hits >= 4
    assert {name.split("_")[0] for name in again} >= {"single", "simultaneous"}


def test_two_processes_may_start_at_once(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(run, [tmp_path, tmp_path])
    assert first.keys() == second.keys()
    assert not [x for x in tmp_path.iterdir() if x.suffix == ".tmp"]


def test_a_damaged_file_is_written_again(tmp_path):
    run(tmp_path)
    whole = {path: path.read_text() for path in tmp_path.glob("*.py")}
    for path, text in whole.items():
        path.write_text(text[: len(text) // 2])
    run(tmp_path)
    assert {path: path.read_text() for path in whole} == whole


def test_a_file_changed_by_hand_is_written_again(tmp_path):
    run(tmp_path)
    (path,) = tmp_path.glob("single_mode_*.py")
    whole = path.read_text()
    path.write_text(whole.replace("4*decay", "5*decay"))
    run(tmp_path)
    assert path.read_text() == whole


def test_a_folder_that_cannot_be_made_falls_back(tmp_path):
    (tmp_path / "file").write_text("kept")
    assert totals(run(tmp_path / "file" / "folder"))[0] >= 0
    assert (tmp_path / "file").read_text() == "kept"


def test_the_folder_exists():
    assert cache_folder().is_dir()
