"""One cell of the crossover sweep: a network trained at one scale of its output.

The cell trains ``F = alpha (f - f_0)`` by gradient flow (:mod:`numerics.networks.training`) and,
from the same start, with its kernel frozen (:mod:`numerics.networks.frozen_kernel`), the limit of
large alpha. The start does not depend on alpha, so that cells which differ in alpha alone are one
network in different regimes.  What is measured at the end of a run that did not reach its end is
absent (NaN); times passed on the way stay.
Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.crossover.settings import CrossoverSettings
from numerics.networks.frozen_kernel import frozen_flow
from numerics.networks.training import STOP_REASONS, FlowResult, train_network
from numerics.sweeps.declaration import STATUSES, CellPoint, Variable, attempt, coded

__all__ = ["REASONS", "RUN_STATUSES", "VARIABLES", "run_crossover_cell"]

#: Why a run ended, and what became of the cell; codes in results are places in these lists.
REASONS = (*STOP_REASONS, "failed")
RUN_STATUSES = (*STATUSES, "unfinished", "undefined")

_ONE = {"units": "1"}
_TIME = {"units": "t of dw/dt = -dL/dw"}
_SHARE = {"units": "share of the test inputs"}


def _number(attrs: dict[str, str], long_name: str, *tail: str) -> Variable:
    return Variable("f8", np.nan, attrs | {"long_name": long_name}, tail=tail)


#: What a cell results in.
VARIABLES: dict[str, Variable] = {
    "kernel_change": _number(_ONE, "||Theta_end - Theta_0||_F/||Theta_0||_F on test inputs"),
    "layer_change": _number(_ONE, "||W_end - W_0||_F/||W_0||_F; NaN beyond the depth", "layer"),
    "time_to_kernel_change": _number(_TIME, "first time of a relative kernel change of 1/2"),
    "half_loss_time": _number(_TIME, "first time of a mean loss below 1/2"),
    "time": _number(_TIME, "end of the run"),
    "steps": Variable("i4", -1, {"long_name": "accepted steps", "units": "1"}),
    "stop_reason": coded(REASONS, "why the run ended"),
    "status": coded(RUN_STATUSES, "what became of the cell"),
    "train_loss": _number(_ONE, "mean of l(y F) at the end"),
    "test_error": _number(_SHARE, "whose sign of F is not the label"),
    "test_outputs": _number(_ONE, "F at the end", "test_point"),
    "conserved_drift": _number(
        _ONE,
        "change of ||W_l||^2 - ||W_{l+1}||^2, which homogeneous "
        "activations conserve; NaN for others",
    ),
    "frozen_test_outputs": _number(_ONE, "F at the end with the kernel of the start", "test_point"),
    "frozen_test_error": _number(_SHARE, "whose sign of that F is not the label"),
    "frozen_status": coded(RUN_STATUSES, "what became of the frozen kernel"),
}


def run_crossover_cell(plan: CrossoverSettings, cell: CellPoint) -> tuple[dict[str, object], str]:
    """Train one cell.

    Returns
    -------
    values : dict
        By the names of ``VARIABLES``.
    note : str
        Empty, or why there is no result of the run or of the frozen kernel.
    """
    values: dict[str, Any] = {
        name: np.full(plan.tail_shape(name), variable.fill)
        for name, variable in plan.variables.items()
    }
    notes = [_add_frozen(plan, cell, values), _add_run(plan, cell, values)]
    return values, "; ".join(note for note in notes if note)


def _add_run(plan: CrossoverSettings, cell: CellPoint, values: dict[str, Any]) -> str:
    """Fill in what training has, and return a note if there is no end."""
    result, status, note = attempt(lambda: _train(plan, cell))
    reason = "failed" if result is None else result.stop_reason
    if result is not None:
        for name in ("time_to_kernel_change", "half_loss_time", "time", "steps"):
            values[name] = getattr(result, name)
    if result is not None and reason == "fitted":
        for name in ("kernel_change", "test_error", "test_outputs", "conserved_drift"):
            values[name] = getattr(result, name)
        values["train_loss"] = result.mean_loss
        values["layer_change"][: len(result.layer_change)] = result.layer_change
        if result.undefined:
            # Fitted, but no unit saw what a change is relative to.
            status, note = "undefined", f"{', '.join(result.undefined)} relative to 0 at the start"
    elif result is not None:
        status = "diverged" if reason == "diverged" else "unfinished"
        note = f"{reason} after {result.steps} steps, at t = {result.time:.3g}"
    values["stop_reason"], values["status"] = REASONS.index(reason), RUN_STATUSES.index(status)
    return note


def _train(plan: CrossoverSettings, cell: CellPoint) -> FlowResult:
    data, (network, weights) = plan.load(), plan.start(cell)
    return train_network(
        network,
        data.X_train,
        data.y_train,
        start=weights,
        alpha=plan.alpha(cell),
        loss=plan.loss,
        test=(data.X_test, data.y_test),
        rule=plan.rule,
        max_steps=plan.max_steps,
    )


def _add_frozen(plan: CrossoverSettings, cell: CellPoint, values: dict[str, Any]) -> str:
    """Fill in what the frozen kernel has, and return a note if there is no end."""
    depth, width, seed = (int(cell[name]) for name in ("depth", "width", "seed"))
    outputs, status, note = attempt(lambda: _frozen_outputs(plan, depth, width, seed))
    if status == "ok" and outputs is None:
        status, note = "unfinished", "margins that are not reached"
    values["frozen_status"] = RUN_STATUSES.index(status)
    if outputs is None:
        return f"frozen kernel: {note}"
    values["frozen_test_outputs"] = outputs
    values["frozen_test_error"] = float(np.mean(plan.load().y_test * outputs <= 0))
    return ""


@lru_cache(maxsize=1024)
def _frozen_outputs(
    plan: CrossoverSettings, depth: int, width: int, seed: int
) -> NDArray[np.float64] | None:
    """Return F on the test inputs in the limit of large alpha, None if it does not fit.

    All cells of a start share it.
    """
    data = plan.load()
    network, weights = plan.start(CellPoint(-1, {"depth": depth, "width": width, "seed": seed}))
    found = frozen_flow(
        network.ntk(weights, data.X_train),
        data.y_train,
        network.ntk(weights, data.X_test, data.X_train),
        loss=plan.loss,
    )
    return found.test_outputs if found.fitted else None
