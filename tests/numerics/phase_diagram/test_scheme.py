"""Schemes of the figures: what is the same in the target's bases, and the published distance."""

import numpy as np
import pytest

from numerics.linear.observables import singular_values
from numerics.phase_diagram.cell import run_cell
from numerics.phase_diagram.figure1 import figure1
from numerics.phase_diagram.prepare_cell import prepare_cell
from numerics.phase_diagram.scheme import check_scheme, in_target_bases, scheme_of
from numerics.phase_diagram.sweep import SweepPlan


def test_a_cell_in_the_bases_of_its_target_is_the_same_cell():
    cell = prepare_cell(-1.5, 1.8, 20, rank=2)
    turned = in_target_bases(cell)
    target, A = turned.task.target, turned.state.A
    np.testing.assert_allclose(target, np.diag(np.diag(target)), atol=1e-12)
    for old, new in ((cell.task.truth, turned.task.truth), (cell.state.A, A)):
        np.testing.assert_allclose(singular_values(new), singular_values(old), atol=1e-12)
    wanted = cell.task.train_error(cell.state.A), cell.task.test_error(cell.state.A)
    assert (turned.task.train_error(A), turned.task.test_error(A)) == pytest.approx(wanted)
    assert (turned.width, turned.learning_rate) == (cell.width, cell.learning_rate)


def test_the_published_scheme_has_sequential_descent():
    assert check_scheme("exact", "simultaneous") == "exact"
    with pytest.raises(ValueError, match="update must be 'sequential' in the scheme 'published'"):
        check_scheme("published", "simultaneous")
    with pytest.raises(ValueError, match="update must be 'sequential' in the scheme 'published'"):
        figure1(d=10, rank=2, iterations=2, update="simultaneous")


def test_a_file_without_a_scheme_was_made_by_the_lift():
    old = {"update": "simultaneous"}
    assert (
        scheme_of(old) == scheme_of(old | {"scheme": "exact"}) != scheme_of({"scheme": "published"})
    )


def test_figure_1_keeps_its_scheme():
    runs = {x: figure1(d=40, rank=2, iterations=20, scheme=x) for x in ("published", "exact")}
    assert {name: run.attrs["scheme"] for name, run in runs.items()} == {x: x for x in runs}
    published, exact = (run.sel(dynamics="self_consistent") for run in runs.values())
    both = (run.sel(dynamics="gradient_descent") for run in runs.values())
    np.testing.assert_allclose(*(run.test_error for run in both), rtol=1e-10)
    assert not np.allclose(published.test_error, exact.test_error, rtol=1e-4)


@pytest.mark.slow
def test_the_island_of_panel_4():
    """The published panel shows ln(max dist^2/d^2) = -7 there, -6.8 by Euler steps, not -11.5."""
    found = {}
    for scheme in ("published", "exact"):
        plan = SweepPlan(gamma_sigma2=-2.8, gamma_w=1.8, scheme=scheme)
        values, _ = run_cell(plan, plan.cell(0))
        found[scheme] = 2 * np.log(values["max_distance"] / plan.d)
    assert found["published"] == pytest.approx(-6.8, abs=0.5)
    assert found["exact"] < -10.5


@pytest.mark.slow
def test_the_published_ratios_of_figure_1():
    """Self-consistent/descent of (train, test) error at iterations 1 and 51, mean of 8 seeds."""
    ratios = []
    for seed in range(8):
        data = figure1(iterations=51, seed=seed).isel(iteration=[1, 51])
        first, second = (
            np.array([data.train_error.sel(dynamics=x), data.test_error.sel(dynamics=x)])
            for x in ("self_consistent", "gradient_descent")
        )
        ratios.append(first / second)
    (train_1, train_51), (test_1, test_51) = np.mean(ratios, axis=0)
    assert train_1 == pytest.approx(1.0004, abs=2e-4)
    assert test_1 == pytest.approx(1.0007, abs=3e-4)
    assert train_51 == pytest.approx(1.027, abs=3e-3)
    assert test_51 == pytest.approx(0.992, abs=2e-3)
