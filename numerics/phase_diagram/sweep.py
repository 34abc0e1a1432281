"""The sweep of Figure 2: gradient descent over the plane of exponents.

Cell (gamma_sigma2, gamma_w, replicate) trains networks of width ``int(d^gamma_w)`` and initial
variance ``d^gamma_sigma2`` (:mod:`numerics.phase_diagram.cell`).  Its network is drawn from a
stream of all three coordinates; a shared task depends on the replicate alone.
Source: Figure 2 of Tu, Aranguri and Jacot 2024, whose settings are the defaults.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from numerics.kernels.cache import fingerprint
from numerics.phase_diagram.cell import CURVES, VARIABLES, run_cell
from numerics.phase_diagram.cost import cell_seconds
from numerics.phase_diagram.stopping import StoppingRule
from numerics.published_rules import variance_of, width_of
from numerics.support.descriptions import attributes
from numerics.support.validation import (
    check_choice,
    check_dimension,
    check_positive,
    check_rank,
    check_update,
)
from numerics.sweeps.axes import parse_axis
from numerics.sweeps.declaration import CellPoint, DeclaredSweep, Variable, from_table
from theory.dynamics.unified_evolution import lift_form
from theory.functions.losses import squared
from theory.kernels.descent_loop import training_module
from theory.kernels.emission import scalar_kernel
from theory.kernels.gram_descent_loop import gram_module
from theory.kernels.mode_recursion import stopping_module
from theory.published_rules import learning_rate_form, width_form
from theory.published_settings import FIGURE2

__all__ = ["SWEPT_DYNAMICS", "SweepPlan"]

SWEPT_DYNAMICS = ("gradient_descent", "self_consistent")

_TASK_STREAM, _STATE_STREAM = 0, 1


@dataclass(frozen=True, kw_only=True)
class SweepPlan(DeclaredSweep):
    """Everything that determines the results of a sweep over (gamma_sigma2, gamma_w, replicate).

    Attributes
    ----------
    gamma_sigma2, gamma_w : tuple of float
        Axes of the grid, increasing; also given as 'first:last:count' or a single number.
    replicates : int
        Independent draws of a cell.
    d, rank : int
        Dimension (d x d matrices) and rank of A*.
    iterations : int
        Most steps of a run.
    learning_rate_divisor : float
        The paper's learning rate is 1 over this times ``sigma^2 w`` or ``||A*||``.
    dynamics : tuple of str
        From ``SWEPT_DYNAMICS``; the first one is stopped by the rule and reported, the second
        runs beside it.
    update : {"sequential", "simultaneous"}
        Sequential as published.
    precision : {"float64", "float32"}
        Of the matrices in training.
    task : {"shared", "fresh"}
        One task for all cells of a replicate, as in the paper, or one for each cell.
    curves : bool
        Keep errors and distance at each iteration.
    stopping : StoppingRule
        When a run ends.
    seed : int
        Root of all randomness.

    Examples
    --------
    >>> plan = SweepPlan(gamma_sigma2="-2:-1:3", gamma_w="1:2:5", d=100, replicates=2)
    >>> plan.shape, plan.gamma_sigma2
    ((3, 5, 2), (-2.0, -1.5, -1.0))
    """

    gamma_sigma2: tuple[float, ...] = FIGURE2.gamma_sigma2
    gamma_w: tuple[float, ...] = FIGURE2.gamma_w
    replicates: int = 1
    d: int = FIGURE2.d
    rank: int = FIGURE2.rank
    iterations: int = FIGURE2.iterations
    learning_rate_divisor: float = FIGURE2.divisor
    dynamics: tuple[str, ...] = SWEPT_DYNAMICS
    update: str = "sequential"
    precision: str = "float64"
    task: str = "shared"
    curves: bool = False
    stopping: StoppingRule = field(default_factory=StoppingRule)

    def __post_init__(self) -> None:
        """Check every setting and store it in one form."""
        super().__post_init__()
        for name in ("replicates", "d", "iterations"):
            self._put(name, check_dimension(name, getattr(self, name)))
        self._put("rank", check_rank(self.rank, self.d, self.d))
        self._put(
            "learning_rate_divisor",
            check_positive("learning_rate_divisor", self.learning_rate_divisor),
        )
        for name in ("gamma_sigma2", "gamma_w"):
            self._put(name, parse_axis(name, getattr(self, name)))
        for exponent in self.gamma_sigma2:
            variance_of(self.d, exponent)
        for exponent in (self.gamma_w[0], self.gamma_w[-1]):
            width_of(self.d, exponent)
        self._put("dynamics", _check_dynamics(self.dynamics))
        check_update(self.update)
        check_choice("precision", self.precision, ("float64", "float32"))
        check_choice("task", self.task, ("shared", "fresh"))
        if not isinstance(self.curves, bool):
            raise TypeError(f"curves must be true or false, got {self.curves!r}")
        if not isinstance(self.stopping, StoppingRule):
            self._put("stopping", from_table("stopping", StoppingRule, self.stopping))

    @property
    def axes(self) -> dict[str, tuple[float, ...] | range]:
        """Exponents of variance and width, and the replicates."""
        return {
            "gamma_sigma2": self.gamma_sigma2,
            "gamma_w": self.gamma_w,
            "replicate": range(self.replicates),
        }

    @property
    def variables(self) -> dict[str, Variable]:
        """What :func:`numerics.phase_diagram.cell.run_cell` returns."""
        return VARIABLES | (CURVES if self.curves else {})

    @property
    def tails(self) -> dict[str, object]:
        """Dimensions of curves."""
        if not self.curves:
            return {}
        return {"dynamics": list(self.dynamics), "iteration": np.arange(self.iterations + 1)}

    @property
    def coordinates(self) -> dict[str, object]:
        """What the axes mean, and the variances and widths that the exponents stand for."""
        d = self.d
        values = {
            "gamma_sigma2": ("gamma_sigma2", list(self.gamma_sigma2)),
            "gamma_w": ("gamma_w", list(self.gamma_w)),
            "replicate": ("replicate", list(self.axes["replicate"])),
            "init_variance": ("gamma_sigma2", [variance_of(d, x) for x in self.gamma_sigma2]),
            "width": ("gamma_w", [float(width_of(d, x)) for x in self.gamma_w]),
        }
        if self.curves:
            values["iteration"] = ("iteration", self.tails["iteration"])
        return {name: (*value, attributes(name)) for name, value in values.items()}

    def ingredients(self) -> dict[str, str]:
        """Return the fingerprints of the formulas."""
        kernels = {
            "training": training_module(self.update, squared()),
            "gram": gram_module(squared()),
            "stopping": stopping_module(),
            "width": scalar_kernel("width", width_form),
            "learning rate": scalar_kernel("learning_rate", learning_rate_form),
            "lift": scalar_kernel("lift", lift_form),
        }
        return {f"formulas of {name}": fingerprint(kernel) for name, kernel in kernels.items()}

    def run(self, cell: CellPoint) -> tuple[dict[str, object], str]:
        """Train one cell."""
        return run_cell(self, cell)

    def cost(self, cell: CellPoint) -> float:
        """Return about how many seconds a cell takes on one core."""
        return cell_seconds(self, cell)

    def task_stream(self, cell: CellPoint) -> np.random.SeedSequence:
        """Return the stream that a cell's task is drawn from."""
        own = () if self.task == "shared" else ("gamma_sigma2", "gamma_w")
        return self.stream(_TASK_STREAM, cell, ("replicate", *own))

    def state_stream(self, cell: CellPoint) -> np.random.SeedSequence:
        """Return the stream that a cell's network is drawn from."""
        return self.stream(_STATE_STREAM, cell, ("replicate", "gamma_sigma2", "gamma_w"))


def _check_dynamics(value: object) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value)
    for name in names:
        check_choice("dynamics", name, SWEPT_DYNAMICS)
    if not names or len(set(names)) != len(names):
        raise ValueError(f"dynamics must name one or two different ones, got {names}")
    return names
