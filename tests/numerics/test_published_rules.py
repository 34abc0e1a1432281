"""The published rules on numbers: one place changes training, prediction and grid alike."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.kernels import cache, evaluate
from numerics.phase_diagram.cell import run_cell
from numerics.phase_diagram.prepare_cell import prepare_cell
from numerics.phase_diagram.sweep import SweepPlan
from numerics.prediction.grid import predict_grid
from numerics.prediction.runs import predict_cell
from numerics.published_rules import learning_rate, power_of_dimension, variance_of, width_of
from theory import published_rules as rules
from theory.kernels import error_grid as theory_grid
from theory.kernels import mode_recursion

CELL = {"gamma_sigma2": -1.5, "gamma_w": 2.0}
SIZE = {"d": 60, "rank": 2}


def test_the_width_is_the_integer_below_the_power():
    rng = np.random.default_rng(0)
    for _ in range(200):
        d, gamma_w = int(rng.integers(2, 2000)), round(rng.uniform(0, 12), 3)
        assert width_of(d, gamma_w) == math.floor(float(d) ** gamma_w)
    assert width_of(100, 1.5) == 1000
    assert variance_of(100, -1.5) == 1e-3


@given(st.integers(1, 10**6), st.floats(-5, 5))
def test_power_of_dimension_is_the_power(d, exponent):
    expected = math.exp(exponent * math.log(d))
    # exp(x) amplifies the rounding of x <= 5 log(1e6) = 70 to about 70 eps
    assert math.isclose(power_of_dimension(d, exponent, "w"), expected, rel_tol=1e-13)


@pytest.mark.parametrize(
    ("d", "exponent", "fault"),
    [(10, 309, "overflows"), (10, -400, "underflows"), (10**18, 18, "overflows")],
)
def test_power_of_dimension_refuses_what_floats_cannot_hold(d, exponent, fault):
    message = (
        f"width must be a nonzero finite float, got d**exponent with d = {d}, "
        f"exponent = {exponent:.1f}, which {fault}"
    )
    with pytest.raises(ValueError, match=".") as caught:
        power_of_dimension(d, exponent, "width")
    assert str(caught.value) == message


def test_power_of_dimension_checks_its_arguments():
    with pytest.raises(ValueError, match="^d must be an integer >= 1, got 0$"):
        power_of_dimension(0, 1, "w")
    with pytest.raises(ValueError, match="^exponent of w must be finite, got nan$"):
        power_of_dimension(2, math.nan, "w")


@pytest.mark.parametrize("gamma_w", [-0.5, 400])
def test_a_width_below_one_or_without_bound_is_refused(gamma_w):
    with pytest.raises(ValueError, match="width|gamma_w"):
        width_of(20, gamma_w)


def test_the_learning_rate_changes_at_its_border():
    active, lazy = learning_rate(-1.0, [2.0, 2.0001], [5.0, 7.0], 3.0, 50)
    assert (active, lazy) == (1 / (50 * 3.0), 1 / (50 * 7.0))


def iterations_and_ends():
    """Return the iteration of the minimum, trained, predicted and on the grid, and the ends."""
    plan = SweepPlan(**CELL, **SIZE, dynamics="gradient_descent")
    trained, _ = run_cell(plan, plan.cell(0))
    cell = predict_cell(-1.5, 2.0, 60, rank=2, allow_out_of_range=True)
    grid = predict_grid([-1.5], [2.0], 60, rank=2)
    starts = trained["iterations"], int(cell.min_iteration), int(grid.iterations.item())
    return np.array(starts), np.array([trained["stop_iteration"], cell.iteration.size - 1])


@pytest.fixture
def change(monkeypatch):
    """Return a function that replaces a rule; kernels are printed anew, from what it says."""
    kept = (cache.load, evaluate._kernel, theory_grid.grid_module, mode_recursion.stopping_module)

    def clear():
        for each in kept:
            each.cache_clear()

    def replace(rule, value):
        monkeypatch.setattr(rules, rule, lambda: value)
        monkeypatch.setattr(cache, "stored", lambda function, *arguments: function(*arguments))
        clear()

    yield replace
    clear()


def test_another_learning_rate_reaches_all_three(change):
    before, _ = iterations_and_ends()
    change("learning_rate_rule", rules.learning_rate_rule() / 2)
    after, _ = iterations_and_ends()
    assert after / before == pytest.approx(2, rel=0.1)


def test_another_width_reaches_all_three(change):
    seen = lambda: (  # noqa: E731
        prepare_cell(-1.5, 2.0, 60, rank=2).width,
        predict_cell(-1.5, 2.0, 60, rank=2, allow_out_of_range=True).width,
        1 / predict_grid([-2.5], [2.0], 60, rank=2).truncation.item(),
    )
    before = np.array(seen())
    change("width_rule", 2 * rules.width_rule())
    trained, predicted, grid = seen() / before
    assert (trained, predicted) == (2, 2)
    assert grid != pytest.approx(1, rel=0.1)


def test_another_stopping_rule_reaches_all_three(change):
    # Runs end at iteration 9, whatever the errors.
    early = {"train_error_small": rules.OBSERVED[0] >= 9}
    change("stop_conditions", rules.stop_conditions() | early)
    minima, ends = iterations_and_ends()
    assert ends.tolist() == [9, 9]
    assert minima.tolist() == [9, 9, 9]
