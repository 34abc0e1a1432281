"""Settings of the sweep of Figure 2: what determines its cells, and their random streams.

A cell's network is drawn from a stream of all three coordinates; a shared task depends on the
replicate alone.
Source: Figure 2 of Tu, Aranguri and Jacot 2024, whose settings are the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import attrs
import numpy as np

from numerics.phase_diagram.scheme import SCHEMES, check_scheme
from numerics.phase_diagram.stopping import StoppingRule
from numerics.published_rules import check_cell
from numerics.support.object_validation import check_words
from numerics.support.settings import from_table, setting
from numerics.support.validation import (
    UPDATES,
    check_choice,
    check_dimension,
    check_positive,
    check_rank,
    check_switch,
)
from numerics.sweeps.axes import parse_axis
from numerics.sweeps.declaration import CellPoint, DeclaredSweep
from theory.published_settings import FIGURE2

__all__ = ["SWEPT_DYNAMICS", "PhaseDiagramSettings"]

SWEPT_DYNAMICS = ("gradient_descent", "self_consistent")

_TASK_STREAM, _STATE_STREAM = 0, 1


def _check_dynamics(name: str, value: Any) -> tuple[str, ...]:
    names = check_words(name, (value,) if isinstance(value, str) else value, SWEPT_DYNAMICS)
    if not names or len(set(names)) != len(names):
        raise ValueError(f"{name} must name one or two different ones, got {names}")
    return names


@attrs.frozen(kw_only=True)
class PhaseDiagramSettings(DeclaredSweep):
    """Settings of a sweep over (gamma_sigma2, gamma_w, replicate); see `SweepPlan`."""

    gamma_sigma2: tuple[float, ...] = setting(parse_axis, FIGURE2.gamma_sigma2)
    gamma_w: tuple[float, ...] = setting(parse_axis, FIGURE2.gamma_w)
    replicates: int = setting(check_dimension, 1)
    d: int = setting(check_dimension, FIGURE2.d)
    rank: int = setting(check_dimension, FIGURE2.rank)
    iterations: int = setting(check_dimension, FIGURE2.iterations)
    learning_rate_divisor: float = setting(check_positive, FIGURE2.divisor)
    dynamics: tuple[str, ...] = setting(_check_dynamics, SWEPT_DYNAMICS)
    scheme: str = setting(partial(check_choice, choices=SCHEMES), "published")
    update: str = setting(partial(check_choice, choices=UPDATES), "sequential")
    precision: str = setting(partial(check_choice, choices=("float64", "float32")), "float64")
    task: str = setting(partial(check_choice, choices=("shared", "fresh")), "shared")
    curves: bool = setting(check_switch, False)
    stopping: StoppingRule = setting(partial(from_table, kind=StoppingRule), StoppingRule())

    GRID: ClassVar[tuple[str, ...]] = ("gamma_sigma2", "gamma_w", "replicates")
    RENAMED: ClassVar[Mapping[str, str]] = {"fraction": "learning_rate_divisor"}
    #: Plans that were stored before there was a choice compared with the lift.
    BEFORE: ClassVar[Mapping[str, object]] = {"scheme": "exact"}

    def __attrs_post_init__(self) -> None:
        """Check what takes the dimension."""
        check_rank(self.rank, self.d, self.d)
        check_scheme(self.scheme, self.update)
        for variance in (self.gamma_sigma2[0], self.gamma_sigma2[-1]):
            for width in (self.gamma_w[0], self.gamma_w[-1]):
                check_cell(self.d, variance, width)

    @property
    def axes(self) -> dict[str, Sequence[float | int]]:
        """Exponents of variance and width, and the replicates."""
        return {
            "gamma_sigma2": self.gamma_sigma2,
            "gamma_w": self.gamma_w,
            "replicate": range(self.replicates),
        }

    def task_stream(self, cell: CellPoint) -> np.random.SeedSequence:
        """Return the stream that a cell's task is drawn from."""
        own = () if self.task == "shared" else ("gamma_sigma2", "gamma_w")
        return self.stream(_TASK_STREAM, cell, ("replicate", *own))

    def state_stream(self, cell: CellPoint) -> np.random.SeedSequence:
        """Return the stream that a cell's network is drawn from."""
        return self.stream(_STATE_STREAM, cell, ("replicate", "gamma_sigma2", "gamma_w"))
