"""Plans: what they accept, what their cells and seeds depend on, and their fingerprint."""

import struct

import attrs
import pytest

from numerics.phase_diagram.stopping import StoppingRule
from numerics.phase_diagram.sweep import SweepPlan

SMALL = {"gamma_sigma2": "-2:0:3", "gamma_w": "0:2:5", "d": 20, "rank": 2}


def streams(plan):
    """Return the first words of each cell's streams by its coordinates."""
    return {
        tuple(cell.coordinates.values()): (
            tuple(plan.task_stream(cell).generate_state(2)),
            tuple(plan.state_stream(cell).generate_state(2)),
        )
        for cell in plan.cells()
    }


def test_defaults_are_the_paper():
    plan = SweepPlan()
    assert plan.shape == (30, 30, 1)
    assert (plan.d, plan.rank, plan.iterations, plan.learning_rate_divisor) == (200, 5, 750, 50.0)
    assert plan.stopping == StoppingRule(1e-3, 2, 2e-4, 1e-2, 3)
    assert (plan.scheme, plan.update) == ("published", "sequential")
    assert (plan.gamma_sigma2[0], plan.gamma_w[-1]) == (-3.0, 2.8)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("d", 0),
        ("rank", 21),
        ("iterations", 0),
        ("replicates", 0),
        ("learning_rate_divisor", -1),
        ("update", "both"),
        ("update", "simultaneous"),
        ("scheme", "lift"),
        ("precision", "float16"),
        ("task", "old"),
        ("seed", -1),
        ("seed", 1.0),
        ("curves", 1),
        ("dynamics", ["lazy"]),
        ("dynamics", []),
        ("dynamics", ["gradient_descent", "gradient_descent"]),
        ("gamma_w", "-1:1:3"),
        ("gamma_w", "1:400:2"),
        ("gamma_sigma2", "-400:0:2"),
        ("stopping", {"stall": -1}),
        ("stopping", {"rises": 2}),
        ("stopping", 3),
        ("colour", "red"),
    ],
)
def test_bad_settings_are_refused_in_one_line(name, value):
    with pytest.raises((ValueError, TypeError)) as caught:
        SweepPlan.from_mapping(SMALL | {name: value})
    assert "\n" not in str(caught.value)


def test_toml_json_and_back(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(
        'gamma_sigma2 = "-2:0:3"\ngamma_w = [0.0, 1.0]\nd = 20\nrank = 2\nseed = 7\n'
        'dynamics = ["gradient_descent"]\n[stopping]\ntrain_error = 1e-2\n'
    )
    plan = SweepPlan.from_toml(path)
    assert plan.gamma_w == (0, 1)
    assert plan.stopping.train_error == 1e-2
    assert plan.dynamics == ("gradient_descent",)
    again = SweepPlan.from_json(plan.to_json())
    assert again == plan
    assert again.fingerprint == plan.fingerprint


def test_plans_of_earlier_versions_are_read():
    old = '{"kind": "numerics.sweep_plan:SweepPlan", "d": 20, "rank": 2, "fraction": 5.0}'
    now = SweepPlan(d=20, rank=2, learning_rate_divisor=5.0, scheme="exact")
    assert SweepPlan.from_json(old) == now
    assert SweepPlan.from_json(SweepPlan(d=20, rank=2).to_json()).scheme == "published"


def test_seeds_depend_on_coordinates_alone():
    coarse = SweepPlan.from_mapping(SMALL)
    fine = SweepPlan.from_mapping(
        SMALL | {"gamma_sigma2": "-2:0:5", "gamma_w": "0:2:9", "replicates": 2, "iterations": 9}
    )
    ours, theirs = streams(coarse), streams(fine)
    assert set(ours) < set(theirs)
    assert all(theirs[place] == value for place, value in ours.items())


def test_spawn_keys_are_purpose_replicate_and_bits():
    plan = SweepPlan.from_mapping(SMALL | {"replicates": 2, "seed": 5})
    cell = plan.cell(11)
    bits = struct.unpack("<4I", struct.pack("<2d", cell["gamma_sigma2"], cell["gamma_w"]))
    assert plan.state_stream(cell).spawn_key == (1, 1, *bits)
    assert plan.task_stream(cell).spawn_key == (0, 1)
    fresh = attrs.evolve(plan, task="fresh")
    assert fresh.task_stream(cell).spawn_key == (0, 1, *bits)


def test_every_cell_has_a_stream_of_its_own():
    plan = SweepPlan.from_mapping(SMALL | {"replicates": 3, "task": "fresh"})
    found = [x for pair in streams(plan).values() for x in pair]
    assert len(set(found)) == 2 * len(plan)


def test_a_shared_task_depends_on_seed_and_replicate_alone():
    plan = SweepPlan.from_mapping(SMALL | {"replicates": 3})
    assert len({task for task, _ in streams(plan).values()}) == 3
    other = SweepPlan.from_mapping(SMALL | {"replicates": 3, "seed": 1})
    assert not set(streams(plan).values()) & set(streams(other).values())


def test_the_fingerprint_tells_settings_and_software_apart():
    plan = SweepPlan.from_mapping(SMALL)
    changes = [
        {"seed": 1},
        {"d": 21},
        {"precision": "float32"},
        {"gamma_w": "0:2:6"},
        {"stopping": {"stall": 0}},
        {"task": "fresh"},
        {"scheme": "exact"},
        {"scheme": "exact", "update": "simultaneous"},
    ]
    marks = {SweepPlan.from_mapping(SMALL | x).fingerprint for x in [{}, *changes]}
    assert len(marks) == len(changes) + 1
    older = attrs.evolve(plan)
    older.__dict__["software"] = plan.software | {"numpy": "1.0"}
    assert older.fingerprint != plan.fingerprint


def test_the_numbers_of_cells_run_over_the_grid():
    plan = SweepPlan.from_mapping(SMALL | {"replicates": 2})
    assert len(plan) == 30
    assert [cell.index for cell in plan.cells()] == list(range(30))
    assert plan.cell(11).coordinates == plan.cell(10).coordinates | {"replicate": 1}
    assert plan.cell(29)["gamma_sigma2"] == 0
