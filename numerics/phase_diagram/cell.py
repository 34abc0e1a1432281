"""One cell of a sweep: gradient descent and the self-consistent dynamics side by side.

Both start from the same network with the paper's learning rate and are advanced step by step, in
one of the schemes of :mod:`numerics.phase_diagram.scheme`; after each step the errors and the
distance of the two matrices are known, and the stopping rule looks at the first of the dynamics.
The stable rank is taken at the smallest test error only, from a copy of that matrix.

A step runs on the Gram blocks (:mod:`numerics.linear.gram_training`) where that saves products, and
on the weights themselves below width ``4 d / 3``.  The self-consistent dynamics fill the space at
any width, so at small widths they are nearly all of the cost.
Source: Figure 2 of Tu, Aranguri and Jacot 2024.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from numerics.kernels.cache import load
from numerics.linear.descent import Descent
from numerics.linear.euler_training import EulerTrainer
from numerics.linear.gram_training import GramTrainer, fits, saves_products
from numerics.linear.initial_states import self_consistent_lift
from numerics.linear.observables import stable_rank
from numerics.linear.tasks import Task, low_rank_recovery
from numerics.linear.training import Trainer
from numerics.phase_diagram.prepare_cell import Cell, prepare_on_task
from numerics.phase_diagram.scheme import in_target_bases
from numerics.phase_diagram.settings import PhaseDiagramSettings
from numerics.phase_diagram.stopping import REASONS
from numerics.sweeps.declaration import STATUSES, CellPoint, Variable, attempt, coded
from theory.functions.losses import squared
from theory.kernels.gram_descent_loop import gram_module

__all__ = ["CURVES", "VARIABLES", "drawn_task", "run_cell"]

_MEAN = {"units": "mean square of an entry; noise entries have variance 1"}
_UNIT = {"units": "unit of A; noise entries have variance 1"}
_COUNT = {"units": "iteration"}
_BOTH = ("dynamics", "iteration")

#: One number a cell.
VARIABLES: dict[str, Variable] = {
    "min_test_error": Variable("f8", np.nan, _MEAN | {"long_name": "smallest test error"}),
    "iterations": Variable("i4", -1, _COUNT | {"long_name": "iteration of min_test_error"}),
    "stable_rank": Variable(
        "f8", np.nan, {"units": "1", "long_name": "stable rank at min_test_error"}
    ),
    "max_distance": Variable(
        "f8", np.nan, _UNIT | {"long_name": "largest Frobenius distance of the two dynamics"}
    ),
    "final_train_error": Variable("f8", np.nan, _MEAN | {"long_name": "train error at the end"}),
    "final_test_error": Variable("f8", np.nan, _MEAN | {"long_name": "test error at the end"}),
    "stop_iteration": Variable("i4", -1, _COUNT | {"long_name": "iteration of the end"}),
    "stop_reason": coded(REASONS, "why the run ended"),
    "status": coded(STATUSES, "what became of the cell"),
    "second_min_test_error": Variable(
        "f8",
        np.nan,
        _MEAN | {"long_name": "smallest test error of the dynamics beside the reported one"},
    ),
    "second_iterations": Variable(
        "i4", -1, _COUNT | {"long_name": "iteration of second_min_test_error"}
    ),
}

#: Values at each iteration, kept if the plan asks for curves; NaN after the run's end.
CURVES: dict[str, Variable] = {
    "train_error_curve": Variable("f8", np.nan, _MEAN | {"long_name": "train error"}, tail=_BOTH),
    "test_error_curve": Variable("f8", np.nan, _MEAN | {"long_name": "test error"}, tail=_BOTH),
    "distance_curve": Variable(
        "f8",
        np.nan,
        _UNIT | {"long_name": "Frobenius distance of the two dynamics"},
        tail=("iteration",),
    ),
}


def run_cell(plan: PhaseDiagramSettings, cell: CellPoint) -> tuple[dict[str, object], str]:
    """Train one cell.

    Returns
    -------
    values : dict
        By the names of ``VARIABLES``, and of ``CURVES`` (arrays) if the plan keeps curves.
    note : str
        Empty, or why the cell diverged or failed.
    """
    record = _Record(plan)
    reason, status, note = attempt(lambda: _train(plan, cell, record))
    values = record.summary() | {
        "stop_reason": REASONS.index(reason or status),
        "status": STATUSES.index(status),
    }
    if status != "ok":
        values["final_train_error"] = values["final_test_error"] = np.nan
    return values | (record.curves() if plan.curves else {}), note


class _Record:
    """Errors and distance of the runs at each iteration, and the matrix of the best one."""

    def __init__(self, plan: PhaseDiagramSettings) -> None:
        length = plan.iterations + 1
        self.errors = np.full((2, len(plan.dynamics), length), np.nan)
        self.distances = np.full(length, np.nan)
        self.last, self.lowest = -1, np.inf
        self.best: NDArray[np.floating] | None = None

    def add(self, runs: list[Descent], distance: float) -> None:
        """Add the state that the runs have reached."""
        self.last += 1
        for k, run in enumerate(runs):
            self.errors[:, k, self.last] = run.errors[1:]
        self.distances[self.last] = distance
        if runs[0].errors[2] < self.lowest:
            self.lowest = runs[0].errors[2]
            if self.best is None:
                self.best = runs[0].A.copy()
            else:
                np.copyto(self.best, runs[0].A)

    def summary(self) -> dict[str, object]:
        """Return the numbers of the cell; absent ones where no state was added."""
        values: dict[str, object] = {name: variable.fill for name, variable in VARIABLES.items()}
        if self.best is None:
            return values
        seen = self.errors[..., : self.last + 1]
        places = seen[1].argmin(axis=-1)
        values |= {
            "min_test_error": seen[1, 0, places[0]],
            "iterations": places[0],
            "stable_rank": stable_rank(self.best) if self.best.any() else np.nan,
            "final_train_error": seen[0, 0, -1],
            "final_test_error": seen[1, 0, -1],
            "stop_iteration": self.last,
        }
        if len(places) > 1:
            values["max_distance"] = self.distances[: self.last + 1].max()
            values["second_min_test_error"] = seen[1, 1, places[1]]
            values["second_iterations"] = places[1]
        return values

    def curves(self) -> dict[str, NDArray[np.float64]]:
        """Return the histories by the names of ``CURVES``."""
        train, test = self.errors
        return dict(zip(CURVES, (train, test, self.distances), strict=True))


def _train(plan: PhaseDiagramSettings, cell: CellPoint, record: _Record) -> str:
    """Run the cell to its end, record each iteration and return the reason of the end."""
    task, norm = drawn_task(plan, cell)
    rng = np.random.default_rng(plan.state_stream(cell))
    prepared = prepare_on_task(
        task,
        cell["gamma_sigma2"],
        cell["gamma_w"],
        rng,
        learning_rate_divisor=plan.learning_rate_divisor,
        truth_norm=norm,
    )
    if plan.scheme == "published":
        prepared = in_target_bases(prepared)
    runs = [_trainer(plan, prepared, norm, name) for name in plan.dynamics]
    measure, sums = load(gram_module(squared())).distance, np.empty((3, plan.d))
    distance = lambda: measure(runs[0].A, runs[1].A, sums) if len(runs) > 1 else np.nan  # noqa: E731
    record.add(runs, distance())
    watch = plan.stopping.watch(*runs[0].errors[1:])
    reason = watch.start()
    while reason is None:
        if record.last == plan.iterations:
            return "iteration_limit"
        for run in runs:
            run.advance(1)
        record.add(runs, distance())
        reason = watch.see(*runs[0].errors[1:])
    return reason


def drawn_task(plan: PhaseDiagramSettings, cell: CellPoint) -> tuple[Task, float]:
    """Return the task of a cell and ``||A*||``."""
    return _drawn_task(plan.d, plan.rank, plan.seed, plan.task_stream(cell).spawn_key)


@lru_cache(maxsize=4)
def _drawn_task(d: int, rank: int, seed: int, key: tuple[int, ...]) -> tuple[Task, float]:
    # Cells that share a task share this.
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    task = low_rank_recovery(d, rank=rank, rng=rng)
    return task, float(np.linalg.norm(task.truth, 2))


def _trainer(plan: PhaseDiagramSettings, cell: Cell, norm: float, dynamics: str) -> Descent:
    state = cell.state
    if dynamics == "self_consistent" and plan.scheme == "published":
        # In double precision always: a root has the square of the range of A.
        return EulerTrainer(state, cell.task, learning_rate=cell.learning_rate)
    if dynamics == "self_consistent":
        state = self_consistent_lift(state.A, state.c1, state.c2)
    rate, dtype = cell.learning_rate, plan.precision
    if (
        plan.update == "sequential"
        and saves_products(state.W1.shape[0], plan.d, plan.d)
        and fits(cell.threshold, norm, plan.precision)
    ):
        return GramTrainer(state, cell.task, learning_rate=rate, dtype=dtype)
    return Trainer(state, cell.task, learning_rate=rate, update=plan.update, dtype=dtype)
