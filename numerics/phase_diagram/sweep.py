"""The sweep of Figure 2: gradient descent over the plane of exponents.

Cell (gamma_sigma2, gamma_w, replicate) trains networks of width ``int(d^gamma_w)`` and initial
variance ``d^gamma_sigma2`` (:mod:`numerics.phase_diagram.cell`).
Source: Figure 2 of Tu, Aranguri and Jacot 2024, whose settings are the defaults.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from numerics.kernels.cache import fingerprint
from numerics.phase_diagram.cell import CURVES, VARIABLES, run_cell
from numerics.phase_diagram.cost import cell_seconds
from numerics.phase_diagram.settings import PhaseDiagramSettings
from numerics.published_rules import variance_of, width_of
from numerics.support.descriptions import attributes
from numerics.sweeps.declaration import CellPoint, Variable
from theory.dynamics.unified_evolution import lift_form
from theory.functions.losses import squared
from theory.kernels.descent_loop import training_module
from theory.kernels.emission import scalar_kernel
from theory.kernels.gram_descent_loop import gram_module
from theory.kernels.mode_recursion import stopping_module
from theory.kernels.root_correction import root_module
from theory.published_rules import learning_rate_form, width_form

__all__ = ["SweepPlan"]


@attrs.frozen
class SweepPlan(PhaseDiagramSettings):
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
        'gradient_descent', 'self_consistent' or both: the first is stopped by the rule and
        reported, the second runs beside it.
    scheme : {"published", "exact"}
        How the self-consistent dynamics are stepped: as published, by Euler steps of equation (1),
        or by the lift in the steps of gradient descent (:mod:`numerics.phase_diagram.scheme`).
    update : {"sequential", "simultaneous"}
        Order of the layers; sequential as published.
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

    @property
    def variables(self) -> dict[str, Variable]:
        """What :func:`numerics.phase_diagram.cell.run_cell` returns."""
        return VARIABLES | (CURVES if self.curves else {})

    @property
    def tails(self) -> dict[str, Sequence[object]]:
        """Dimensions of curves."""
        if not self.curves:
            return {}
        return {"dynamics": list(self.dynamics), "iteration": range(self.iterations + 1)}

    @property
    def coordinates(self) -> dict[str, object]:
        """What the axes mean, and the variances and widths that the exponents stand for."""
        d = self.d
        values: dict[str, tuple[str, Sequence[object]]] = {
            "gamma_sigma2": ("gamma_sigma2", list(self.gamma_sigma2)),
            "gamma_w": ("gamma_w", list(self.gamma_w)),
            "replicate": ("replicate", list(self.axes["replicate"])),
            "init_variance": ("gamma_sigma2", [variance_of(d, x) for x in self.gamma_sigma2]),
            "width": ("gamma_w", [float(width_of(d, x)) for x in self.gamma_w]),
        }
        if self.curves:
            values["iteration"] = ("iteration", list(self.tails["iteration"]))
        return {name: (*value, attributes(name)) for name, value in values.items()}

    def ingredients(self) -> dict[str, str]:
        """Return the fingerprints of the formulas."""
        kernels = {
            "training": training_module(self.update, squared()),
            "gram": gram_module(squared()),
            "equation (1)": training_module("frozen", squared()),
            "stopping": stopping_module(),
            "width": scalar_kernel("width", width_form),
            "learning rate": scalar_kernel("learning_rate", learning_rate_form),
            "lift": scalar_kernel("lift", lift_form),
        }
        marks = {name: fingerprint(kernel) for name, kernel in kernels.items()}
        marks["root"] = fingerprint(root_module(), loops="root_correction")
        return {f"formulas of {name}": mark for name, mark in marks.items()}

    def run(self, cell: CellPoint) -> tuple[dict[str, object], str]:
        """Train one cell."""
        return run_cell(self, self.check_cell(cell))

    def cost(self, cell: CellPoint) -> float:
        """Return about how many seconds a cell takes on one core."""
        return cell_seconds(self, self.check_cell(cell))
