"""The store: whole shards or none, damage caught, nothing mixed."""

import errno
import json
import os
import subprocess
import sys

import attrs
import numpy as np
import pytest

from numerics.phase_diagram.cell import VARIABLES
from numerics.phase_diagram.sweep import SweepPlan
from numerics.support import files
from numerics.support.errors import SweepError
from numerics.sweeps.cell_store import CellStore

PLAN = SweepPlan(gamma_sigma2="-2:0:3", gamma_w="0:2:4", d=20, rank=2)


def results(indices):
    """Return made-up results that tell cells and variables apart."""
    return {
        name: (np.array(indices) % 3 + k).astype(variable.dtype)
        for k, (name, variable) in enumerate(VARIABLES.items())
    }


@pytest.fixture
def filled(tmp_path):
    """Return a folder with two shards; cells 0 to 6 are done."""
    folder = tmp_path / "store"
    with CellStore(folder, PLAN) as store:
        store.add([0, 1, 2, 3], results([0, 1, 2, 3]))
        store.add([6, 5, 4], results([6, 5, 4]))
    return folder


def shards(folder):
    return sorted(folder.glob("cells-*.npz"))


def test_what_is_added_is_there_when_opened_again(filled):
    with CellStore(filled, PLAN, resume=True) as store:
        assert store.missing() == [7, 8, 9, 10, 11]
        assert len(store) == 7
        whole = store.load()
    for name, values in results(range(12)).items():
        flat = whole[name].ravel()
        assert whole[name].shape == PLAN.shape
        assert (flat[:7] == values[:7]).all()
        absent = np.array(VARIABLES[name].fill, dtype=flat.dtype)
        np.testing.assert_array_equal(flat[7:], np.full(5, absent))


def test_the_manifest_says_what_is_stored(filled):
    manifest = json.loads((filled / "manifest.json").read_text())
    assert SweepPlan.from_json(json.dumps(manifest["plan"])) == PLAN
    assert manifest["fingerprint"] == PLAN.fingerprint
    assert manifest["software"] == PLAN.software


def test_a_chunk_that_is_added_twice_is_one_shard(filled):
    with CellStore(filled, PLAN, resume=True) as store:
        store.add([6, 5, 4], results([6, 5, 4]))
    assert len(shards(filled)) == 2


def test_results_are_not_overwritten_unasked(filled):
    with pytest.raises(SweepError, match="7 of 12 cells"):
        CellStore(filled, PLAN)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"iterations": 9}, "iterations was 750, is 9"),
        ({"gamma_w": "0:2:5"}, r"gamma_w was 0.0 ... 2.0 \(4 values\)"),
        ({"seed": 3}, "seed was 0, is 3"),
        ({"stopping": {"stall": 0.1}}, "stopping was"),
    ],
)
def test_another_grid_is_refused_and_says_what_differs(filled, change, told):
    other = SweepPlan.from_mapping(attrs.asdict(PLAN) | change)
    with pytest.raises(SweepError, match=told) as caught:
        CellStore(filled, other, resume=True)
    assert "\n" not in str(caught.value)
    CellStore(filled, PLAN, resume=True).close()


def test_other_formulas_are_refused(filled):
    newer = SweepPlan.from_json(PLAN.to_json())
    newer.__dict__["software"] = PLAN.software | {"formulas of gram": "0123456789abcdef"}
    with pytest.raises(SweepError, match="formulas of gram was"):
        CellStore(filled, newer, resume=True)


LARGER = attrs.evolve(PLAN, gamma_w=(*PLAN.gamma_w, 2.5), replicates=2)


def test_a_grid_that_grows_keeps_its_cells(filled):
    """Twice, with results between; a cell is known by its coordinates, not by its place."""
    largest = attrs.evolve(LARGER, gamma_sigma2=(-2.5, *PLAN.gamma_sigma2))
    with CellStore(filled, LARGER, resume=True) as store:
        assert len(store) == 7 and len(store.missing()) == 3 * 5 * 2 - 7
        first = store.missing()[0]
        store.add([first], results([5]))
    with pytest.raises(SweepError, match=r"gamma_sigma2 was .*\(3 values\), is .*\(5 values\)"):
        CellStore(filled, attrs.evolve(LARGER, gamma_sigma2="-3:0:5"), resume=True)
    with CellStore(filled, largest, resume=True) as store:
        assert len(store) == 8
        whole = store.load()
    for name, values in results(range(7)).items():
        held = whole[name][1:, :4, 0].ravel()
        assert (held[:7] == values).all()
    assert whole["stop_reason"][1, 0, 1] == results([5])["stop_reason"][0]
    assert (whole["status"] == VARIABLES["status"].fill).sum() == len(largest) - 8
    with pytest.raises(SweepError, match="gamma_sigma2 was"):
        CellStore(filled, PLAN, resume=True)


def test_a_chunk_of_a_larger_grid_replaces_none_of_the_smaller(filled):
    before = len(shards(filled))
    with CellStore(filled, LARGER, resume=True) as store:
        store.add([6, 5, 4], results([6, 5, 4]))
    assert len(shards(filled)) == before + 1


def test_a_grid_grows_only_where_all_else_agrees(filled):
    newer = attrs.evolve(LARGER)
    newer.__dict__["software"] = PLAN.software | {"formulas of gram": "0123456789abcdef"}
    for other, told in (
        (newer, "formulas of gram was"),
        (attrs.evolve(LARGER, seed=3), "seed was"),
    ):
        with pytest.raises(SweepError, match=told):
            CellStore(filled, other, resume=True)
    with pytest.raises(SweepError, match="7 of 30 cells"):
        CellStore(filled, LARGER)


def damage_cut(path):
    os.truncate(path, path.stat().st_size // 2)


def damage_empty(path):
    os.truncate(path, 0)


def damage_bit(path):
    data = bytearray(path.read_bytes())
    place = data.find(np.float64(1.0).tobytes())
    data[place + 6] ^= 1
    path.write_bytes(data)


def damage_text(path):
    path.write_text("this is no shard")


@pytest.mark.parametrize("damage", [damage_cut, damage_empty, damage_bit, damage_text])
def test_a_damaged_shard_is_dropped_and_its_cells_are_missing(filled, damage):
    broken = shards(filled)[0]
    damage(broken)
    with CellStore(filled, PLAN, resume=True) as store:
        assert store.dropped == [broken.name]
        assert store.missing() == [0, 1, 2, 3, 7, 8, 9, 10, 11]
    assert len(shards(filled)) == 1


def test_any_flipped_byte_is_caught_or_harmless(filled):
    path = shards(filled)[0]
    sound = path.read_bytes()
    with CellStore(filled, PLAN, resume=True) as store:
        wanted = {name: values.tobytes() for name, values in store.load().items()}
    rng = np.random.default_rng(0)
    caught = 0
    for place in rng.choice(len(sound), 75, replace=False):
        changed = bytearray(sound)
        changed[place] ^= int(rng.integers(1, 256))
        path.write_bytes(changed)
        with CellStore(filled, PLAN, resume=True) as store:
            caught += bool(store.dropped)
            if not store.dropped:
                assert {k: v.tobytes() for k, v in store.load().items()} == wanted
        path.write_bytes(sound)
    assert caught > 50


def test_a_foreign_shard_is_refused(filled, tmp_path):
    other = SweepPlan(gamma_sigma2="-2:0:3", gamma_w="0:2:4", d=20, rank=2, seed=1)
    with CellStore(tmp_path / "other", other) as store:
        path = store.add([9], results([9]))
    (filled / path.name).write_bytes(path.read_bytes())
    with pytest.raises(SweepError, match="shard of another sweep"):
        CellStore(filled, PLAN, resume=True)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"fingerprint": "x"}'])
def test_a_damaged_manifest_is_refused(filled, text):
    (filled / "manifest.json").write_text(text)
    with pytest.raises(SweepError, match="damaged"):
        CellStore(filled, PLAN, resume=True)


def test_shards_without_a_manifest_are_refused(filled):
    (filled / "manifest.json").unlink()
    with pytest.raises(SweepError, match=r"no manifest\.json"):
        CellStore(filled, PLAN, resume=True)


def test_leftovers_of_a_dead_writer_are_swept_away(filled):
    leftover = filled / f"{files.TEMPORARY_PREFIX}cells-0000000-abc.npz"
    leftover.write_bytes(b"half")
    CellStore(filled, PLAN, resume=True).close()
    assert not leftover.exists()


def test_a_full_disk_leaves_nothing_behind(filled, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = sorted(x.name for x in filled.iterdir())
    with CellStore(filled, PLAN, resume=True) as store:
        monkeypatch.setattr(files.os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            store.add([7], results([7]))
        assert store.missing() == [7, 8, 9, 10, 11]
    assert sorted(x.name for x in filled.iterdir()) == before


@pytest.mark.skipif(sys.platform == "win32", reason="no flock")
def test_a_second_writer_is_kept_out_until_the_first_is_gone(filled):
    with CellStore(filled, PLAN, resume=True), pytest.raises(SweepError, match="another process"):
        CellStore(filled, PLAN, resume=True)
    CellStore(filled, PLAN, resume=True).close()


@pytest.mark.skipif(sys.platform == "win32", reason="no flock")
def test_the_lock_of_a_killed_writer_is_gone(filled):
    code = (
        "import fcntl, os, signal, sys\n"
        "file = open(sys.argv[1], 'w')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(filled / ".lock")], check=False)
    CellStore(filled, PLAN, resume=True).close()


def test_erase_takes_only_what_is_its_own(filled):
    (filled / "notes.txt").write_text("mine")
    CellStore.erase(filled)
    assert [x.name for x in filled.iterdir()] == ["notes.txt"]
    (filled / "notes.txt").unlink()
    CellStore.erase(filled)
    CellStore.erase(filled)
    assert not filled.exists()


def test_curves_are_stored_with_their_length(tmp_path):
    plan = SweepPlan(
        gamma_sigma2="-2:0:2", gamma_w="1:2:2", d=20, rank=2, iterations=5, curves=True
    )
    curve = np.arange(6.0)
    values = results([2]) | {
        "train_error_curve": np.tile(curve, (1, 2, 1)),
        "test_error_curve": np.tile(curve, (1, 2, 1)),
        "distance_curve": curve[None],
    }
    with CellStore(tmp_path, plan) as store:
        store.add([2], values)
        whole = store.load()
    assert whole["train_error_curve"].shape == (2, 2, 1, 2, 6)
    assert (whole["distance_curve"][1, 0, 0] == curve).all()
    assert np.isnan(whole["distance_curve"][0, 0, 0]).all()
