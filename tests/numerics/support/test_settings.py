"""Settings that check themselves, and the tables that they are read from."""

import pickle
from functools import partial

import attrs
import pytest

from numerics.crossover.sweep import CrossoverSweep
from numerics.phase_diagram.sweep import SweepPlan
from numerics.support.settings import from_table, read_toml, setting
from numerics.support.validation import check_choice, check_dimension, check_switch

UPDATES = ("sequential", "simultaneous")


@attrs.frozen
class Size:
    d: int = setting(check_dimension)
    update: str = setting(
        partial(check_choice, choices=("sequential", "simultaneous")), "sequential"
    )
    curves: bool = setting(check_switch, False, kw_only=True)


def test_values_are_kept_in_one_form():
    size = Size(20.0)
    assert (size.d, type(size.d)) == (20, int)
    assert size == Size(20) and hash(size) == hash(Size(20))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        size.d = 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"d": 0}, "d must be an integer >= 1, got 0"),
        ({"update": "both"}, "update must be one of 'sequential', 'simultaneous', got 'both'"),
        ({"curves": 1}, "curves must be true or false, got 1"),
    ],
)
def test_the_name_stands_in_the_message(change, message):
    with pytest.raises((ValueError, TypeError)) as caught:
        Size(**({"d": 2} | change))
    assert str(caught.value) == message
    with pytest.raises((ValueError, TypeError), match="must be"):
        attrs.evolve(Size(2), **change)


def test_a_setting_without_a_default_is_needed():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'd'"):
        Size()


def test_a_table_is_read_and_settings_are_left_alone():
    assert from_table("size", {"d": 4, "curves": True}, Size) == Size(4, curves=True)
    assert from_table("size", Size(4), Size) == Size(4)


@pytest.mark.parametrize("table", [3, ["d"], {"y": 2}])
def test_bad_tables_are_refused(table):
    with pytest.raises((ValueError, TypeError), match="size"):
        from_table("size", table, Size)


def test_a_file_that_is_no_toml_is_named(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text("d = = 3")
    with pytest.raises(ValueError, match=r"plan\.toml"):
        read_toml(path)


@pytest.mark.parametrize("plan", [SweepPlan(d=20, rank=2), CrossoverSweep(seeds=2)])
def test_plans_survive_pickling_and_serve_as_keys(plan):
    again = pickle.loads(pickle.dumps(plan))
    assert again == plan
    assert {plan: 1}[again] == 1
    assert again.to_json() == plan.to_json()
