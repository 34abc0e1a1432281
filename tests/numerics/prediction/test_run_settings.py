"""What the arguments decide alone is refused before anything is computed."""

import numpy as np
import pytest

import numerics
from numerics.kernels import evaluate
from numerics.prediction import grid, mode_recursion, mode_spectrum
from numerics.support.errors import OutOfRangeError

RUN = {"width": 1e5, "init_variance": 1e-4, "learning_rate": 2e-4, "iterations": 20, "rank": 3}
CELL = {"gamma_sigma2": -1.8, "gamma_w": 2.2, "d": 100, "rank": 3}
GRID = {"gamma_sigma2": [-2.0, -1.0], "gamma_w": [1.5, 2.0], "d": 100, "rank": 3}

#: Bad for every function that takes the argument.
ALL = [
    ({"rank": 16}, "rank must be at most 0.15 of the smaller dimension, 15, for a prediction"),
    ({"rank": 101}, "rank must be at most min"),
    ({"rank": 2.5}, "rank must be an integer"),
    ({"singular_values": [3.0, -1.0], "rank": None}, "singular_values must be > 0"),
    ({"singular_values": [1e200], "rank": None}, "singular_values must be at most"),
    ({"noise": 1e200}, "noise must be at most"),
    ({"nodes": 0}, "nodes must be"),
    ({"update": "both"}, "update must be one of"),
]
RUNS = [
    ({"reference": "exact"}, "reference must be one of"),
    ({"iterations": 0}, "iterations must be"),
]
CELLS = [
    ({"d": 0}, "d must be an integer"),
    ({"gamma_w": 300.0}, "gamma_w must be a nonzero finite float"),
    ({"gamma_w": 100.0}, "d\\^.gamma_sigma2 . gamma_w. must be at most"),
    ({"learning_rate_divisor": 0.0}, "learning_rate_divisor must be > 0"),
]
FAULTS = [
    *(("predict_run", x) for x in ALL + RUNS),
    ("predict_run", ({"width": 14.0}, "width must be at least 5 times the rank, 15")),
    ("predict_run", ({"init_variance2": 0.0}, "init_variance2 must be > 0")),
    ("predict_run", ({"learning_rate": np.inf}, "learning_rate must be finite")),
    ("predict_run", ({"stop": 1}, "stop must be true or false")),
    *(("predict_cell", x) for x in ALL + RUNS + CELLS),
    ("predict_cell", ({"gamma_w": 0.4}, "width must be at least 5 times the rank, 15, .* got 6")),
    *(("predict_grid", x) for x in ALL + RUNS),
    *(("predict_grid", (x | {"gamma_w": [1.0, x.get("gamma_w", 2.0)]}, y)) for x, y in CELLS),
    ("predict_grid", ({"method": "exact"}, "method must be one of")),
    ("predict_grid", ({"variance_ratio": 1e300}, "variance_ratio must be at most")),
    *(("advise", x) for x in ALL),
    ("advise", ({"max_width": 14.5}, "max_width must be at least 5 times the rank, 15, .* got 14")),
    ("advise", ({"learning_rate_share": 1.0}, "learning_rate_share must be < 1")),
    ("advise", ({"learning_rate_share": 1e-300}, "learning_rate_share must be at least 2.2e-16")),
    ("advise", ({"unequal_layers": 1}, "unequal_layers must be true or false")),
    ("advise", ({"budget": 0}, "budget must be")),
]
GOOD = {
    "predict_run": ((100, 120), RUN),
    "predict_cell": ((), CELL),
    "predict_grid": ((), GRID),
    "advise": ((100, 120), {"rank": 3}),
}


@pytest.fixture
def no_work(monkeypatch):
    """Let nothing be evaluated, loaded or drawn."""

    def refuse(*arguments, **options):
        raise AssertionError("work before the arguments are checked")

    monkeypatch.setattr(evaluate, "_kernel", refuse)
    for module in (mode_recursion, grid, evaluate):
        monkeypatch.setattr(module, "load", refuse)
    monkeypatch.setattr(mode_spectrum, "_ensemble_means", refuse)


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_bad_arguments_are_refused_before_any_work(no_work, name, fault):
    change, message = fault
    arguments, options = GOOD[name]
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        getattr(numerics, name)(*arguments, **(options | change))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", GOOD)
def test_good_arguments_come_to_the_work(no_work, name):
    arguments, options = GOOD[name]
    with pytest.raises(AssertionError, match="work before"):
        getattr(numerics, name)(*arguments, **options)


def test_what_is_out_of_range_is_told_alone_and_can_be_had():
    with pytest.raises(OutOfRangeError) as caught:
        numerics.predict_run(100, 120, **RUN | {"rank": 16})
    assert "width" not in str(caught.value) and "truncation" not in str(caught.value)
    assert numerics.predict_run(100, 120, **RUN | {"rank": 16}, allow_out_of_range=True).status == 3
    marked = numerics.predict_grid(**GRID | {"rank": 16}, allow_out_of_range=True)
    assert (marked.status == 3).all()
    narrow = numerics.predict_run(100, 120, **RUN | {"width": 14.0}, allow_out_of_range=True)
    assert narrow.status == 2
