"""One cell against a plain NumPy loop written like the published experiments."""

import numpy as np
import pytest

from numerics.linear.initial_states import self_consistent_lift
from numerics.phase_diagram import cell as cell_run
from numerics.phase_diagram.cell import CURVES, VARIABLES, drawn_task, run_cell
from numerics.phase_diagram.prepare_cell import prepare_on_task
from numerics.phase_diagram.scheme import SCHEMES
from numerics.phase_diagram.stopping import REASONS
from numerics.phase_diagram.sweep import SweepPlan
from numerics.reference.euler_scheme import self_consistent_rate
from numerics.sweeps.declaration import STATUSES

D, RANK = 30, 2

#: A cell of each kind: active, mixed, lazy, infinite noise, narrow, one unit.
CELLS = [(-2.2, 1.75), (-1.2, 1.9), (-0.9, 2.2), (-0.2, 2.5), (-1.0, 0.8), (-0.5, 0.0)]


def plan_of(cell, **settings):
    return SweepPlan(gamma_sigma2=cell[0], gamma_w=cell[1], d=D, rank=RANK, **settings)


def only(plan):
    values, note = run_cell(plan, plan.cell(0))
    assert note == ""
    return values


def plain(plan):
    """Return the cell's results from the published loop, each dynamics by its own plain step."""
    cell = plan.cell(0)
    task, _ = drawn_task(plan, cell)
    rng = np.random.default_rng(plan.state_stream(cell))
    place = cell["gamma_sigma2"], cell["gamma_w"]
    start = prepare_on_task(task, *place, rng, learning_rate_divisor=plan.learning_rate_divisor)
    lift = self_consistent_lift(start.state.A, start.state.c1, start.state.c2)
    runs = [(x.W1.copy(), x.W2.copy()) for x in (start.state, lift)]
    euler = start.state.A if plan.scheme == "published" else None
    rate, target, truth = start.learning_rate, task.target, task.truth
    train, test, matrices, distances = [], [], [], []
    for i in range(plan.iterations + 1):
        A, other = (W2 @ W1 for W1, W2 in runs)
        other = other if euler is None else euler
        train.append(np.mean((A - target) ** 2))
        test.append(np.mean((A - truth) ** 2))
        matrices.append(A)
        distances.append(np.linalg.norm(A - other))
        if train[-1] < 1e-3 or (
            i > 3
            and (
                test[-3] < test[-2] < test[-1]
                or (abs(train[-1] - train[-2]) < 2e-4 and train[0] - train[-1] > 1e-2)
            )
        ):
            break
        if euler is not None:
            euler = euler + rate * self_consistent_rate(euler, euler - target, start.threshold)
        moved = []
        for W1, W2 in runs:
            gradient = W2 @ W1 - target
            W1 = W1 - rate * W2.T @ gradient
            moved.append((W1, W2 - rate * gradient @ W1.T))
        runs = moved
    best = int(np.argmin(test))
    s = np.linalg.svd(matrices[best], compute_uv=False)
    return {
        "min_test_error": test[best],
        "iterations": best,
        "stable_rank": (s**2).sum() / s[0] ** 2,
        "max_distance": max(distances),
        "final_train_error": train[-1],
        "final_test_error": test[-1],
        "stop_iteration": i,
    }


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("cell", CELLS)
def test_it_is_the_published_loop(cell, scheme):
    plan = plan_of(cell, scheme=scheme)
    values, wanted = only(plan), plain(plan)
    # The roots of the Euler steps are extrapolated to 5e-5.
    loose = {"max_distance": 2e-3} if scheme == "published" else {}
    for name, value in wanted.items():
        assert values[name] == pytest.approx(value, rel=loose.get(name, 1e-8)), name
    assert values["status"] == 0


def test_the_cells_end_for_different_reasons():
    reasons = {REASONS[only(plan_of(cell))["stop_reason"]] for cell in CELLS}
    assert {"test_error_rose", "train_error_stalled"} <= reasons
    assert REASONS[only(plan_of(CELLS[0], iterations=4))["stop_reason"]] == "iteration_limit"
    lenient = plan_of(CELLS[0], stopping={"train_error": 1e3})
    assert only(lenient)["stop_iteration"] == 0


def test_results_have_every_variable_and_fit_their_types():
    values = only(plan_of(CELLS[0]))
    assert set(values) == set(VARIABLES)
    for name, variable in VARIABLES.items():
        assert np.array(values[name]).astype(variable.dtype) == values[name]


def test_same_bits_every_time():
    for precision in ("float64", "float32"):
        plan = plan_of(CELLS[1], precision=precision, curves=True)
        first, second = only(plan), only(plan)
        assert all(np.array_equal(first[x], second[x], equal_nan=True) for x in first)


@pytest.mark.parametrize("cell", CELLS)
def test_single_precision_is_close(cell):
    double, single = (only(plan_of(cell, precision=x)) for x in ("float64", "float32"))
    assert single["min_test_error"] == pytest.approx(double["min_test_error"], rel=2e-3)
    assert single["max_distance"] == pytest.approx(double["max_distance"], rel=2e-2)


def test_simultaneous_updates_differ_a_little():
    updates = ("sequential", "simultaneous")
    first, second = (only(plan_of(CELLS[1], scheme="exact", update=x)) for x in updates)
    assert first["min_test_error"] != second["min_test_error"]
    assert first["min_test_error"] == pytest.approx(second["min_test_error"], rel=0.05)


def test_curves():
    plan = plan_of(CELLS[1], curves=True)
    values = only(plan)
    end = values["stop_iteration"]
    train, test, distance = (values[name] for name in CURVES)
    assert train.shape == test.shape == (2, plan.iterations + 1)
    assert np.isfinite(test[:, : end + 1]).all()
    assert np.isnan(test[:, end + 1 :]).all()
    assert values["min_test_error"] == np.nanmin(test[0])
    assert values["final_train_error"] == train[0, end]
    assert np.nanmax(distance) == values["max_distance"]
    assert values["second_min_test_error"] == np.nanmin(test[1])


def test_one_dynamics_alone():
    both, alone = (plan_of(CELLS[0]), plan_of(CELLS[0], dynamics="gradient_descent"))
    first, second = only(both), only(alone)
    assert np.isnan(second["max_distance"])
    assert second["second_iterations"] == -1
    assert first["min_test_error"] == second["min_test_error"]
    other = only(plan_of(CELLS[0], dynamics=["self_consistent"]))
    assert other["min_test_error"] == first["second_min_test_error"]


def test_a_diverged_cell_is_recorded_as_such():
    plan = plan_of(CELLS[0], learning_rate_divisor=0.02)
    values, note = run_cell(plan, plan.cell(0))
    assert STATUSES[values["status"]] == REASONS[values["stop_reason"]] == "diverged"
    assert "stability limit" in note
    assert np.isnan(values["final_test_error"])
    assert np.isfinite(values["min_test_error"])


@pytest.mark.parametrize("error", [np.linalg.LinAlgError("no convergence"), MemoryError("full")])
def test_a_failed_cell_is_recorded_as_such(error, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(cell_run, "prepare_on_task", fail)
    plan = plan_of(CELLS[0])
    values, note = run_cell(plan, plan.cell(0))
    assert STATUSES[values["status"]] == REASONS[values["stop_reason"]] == "failed"
    assert str(error) in note
    assert np.isnan(values["min_test_error"])
    assert values["iterations"] == -1


def test_a_defect_is_not_hidden(monkeypatch):
    monkeypatch.setattr(cell_run, "prepare_on_task", None)
    plan = plan_of(CELLS[0])
    with pytest.raises(TypeError):
        run_cell(plan, plan.cell(0))
