"""How long a cell of Figure 2 takes.

A step on the Gram blocks takes ``8 d^3`` flops, one on weights of width r ``6 d^2 r``, an Euler
step of equation (1) as long as about ``16 d^3`` (``30 d^3`` for narrow networks); a run
takes about ``(divisor/1.25) log(1 + 2 d/(sqrt(k) c))`` steps in the active regime (its slowest
signal mode grows from c at 0.8 times the rate of the largest) and about 2.6 divisors in the
lazy one, both measured in Figure 2.
"""

from __future__ import annotations

import math

from numerics.linear.gram_training import saves_products
from numerics.phase_diagram.settings import PhaseDiagramSettings
from numerics.published_rules import variance_of, width_of
from numerics.sweeps.declaration import CellPoint

__all__ = ["cell_seconds"]

#: Seconds of a flop in float64, and of a step and a cell besides their products (2.6 GHz Zen 4).
FLOP, STEP, CELL = 2.1e-11, 1.1e-5, 1.5e-3

#: Flops of products that take as long as an Euler step, in units of d^3.
EULER, EULER_NARROW = 16.0, 30.0


def cell_seconds(plan: PhaseDiagramSettings, cell: CellPoint) -> float:
    """Return about how many seconds a cell takes on one core."""
    width = width_of(plan.d, cell["gamma_w"])
    flops = sum(_step_flops(plan, name, width) for name in plan.dynamics)
    flop = FLOP / 2 if plan.precision == "float32" else FLOP
    passes = (STEP + 3e-9 * plan.d**2) * len(plan.dynamics)
    return CELL + _steps(plan, cell) * (flop * flops + passes)


def _step_flops(plan: PhaseDiagramSettings, dynamics: str, width: float) -> float:
    if dynamics == "self_consistent":
        if plan.scheme == "published":
            return (EULER if width > plan.d else EULER_NARROW) * plan.d**3
        width = math.inf
    hidden = int(min(width, 2 * plan.d))
    gram = plan.update == "sequential" and saves_products(hidden, plan.d, plan.d)
    return 8.0 * plan.d**3 if gram else 6.0 * plan.d**2 * hidden


def _steps(plan: PhaseDiagramSettings, cell: CellPoint) -> float:
    """Return about how many steps a cell makes under the paper's stopping rule."""
    divisor = plan.learning_rate_divisor
    threshold = variance_of(plan.d, cell["gamma_sigma2"]) * width_of(plan.d, cell["gamma_w"])
    if threshold > plan.d:
        steps = 2.6 * divisor
    else:
        steps = divisor / 1.25 * math.log1p(2 * plan.d / math.sqrt(plan.rank) / threshold)
    return min(max(steps, 1.0), plan.iterations)
