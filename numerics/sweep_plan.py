"""A sweep, declared: the grid of exponents and everything that determines its cells.

Cell (gamma_sigma2, gamma_w, replicate) trains networks of width ``int(d^gamma_w)`` and initial
variance ``d^gamma_sigma2``.  Its random streams are SeedSequences whose spawn key is made of its
coordinates' bits, so they depend on the root seed and on the cell alone: not on the size of the
grid, the order, the workers, or on what was done before.  A shared task depends on the root seed
and the replicate only.

Coordinates are rounded to 12 decimals, so that a point of a coarse grid is the same cell in a
finer one.
Source: Figure 2 of Tu, Aranguri and Jacot 2024, whose settings are the defaults.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import struct
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from numerics.provenance import versions
from numerics.stopping import StoppingRule
from numerics.training import UPDATES
from numerics.validation import (
    check_choice,
    check_dimension,
    check_finite,
    check_positive,
    check_rank,
    power_of_dimension,
)
from theory.dense_source import descent_system, training_module
from theory.gram_source import gram_module
from theory.kernel_source import scalar_kernel
from theory.losses import squared
from theory.unified_evolution import lift_form

__all__ = ["SWEPT_DYNAMICS", "CellPoint", "SweepPlan", "parse_axis"]

SWEPT_DYNAMICS = ("gradient_descent", "self_consistent")
DECIMALS = 12

_TASK_STREAM, _STATE_STREAM = 0, 1


@dataclass(frozen=True)
class CellPoint:
    """One cell: its place in the flattened grid and its coordinates."""

    index: int
    gamma_sigma2: float
    gamma_w: float
    replicate: int


@dataclass(frozen=True)
class SweepPlan:
    """Everything that determines the results of a sweep.

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
    fraction : float
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
    seed : int
        Root of all randomness.
    curves : bool
        Keep errors and distance at each iteration.
    stopping : StoppingRule
        When a run ends.
    """

    gamma_sigma2: tuple[float, ...] = "-3:0:30"
    gamma_w: tuple[float, ...] = "0:2.8:30"
    replicates: int = 1
    d: int = 200
    rank: int = 5
    iterations: int = 750
    fraction: float = 50.0
    dynamics: tuple[str, ...] = SWEPT_DYNAMICS
    update: str = "sequential"
    precision: str = "float64"
    task: str = "shared"
    seed: int = 0
    curves: bool = False
    stopping: StoppingRule = field(default_factory=StoppingRule)

    def __post_init__(self) -> None:
        """Check every setting and store it in one form."""
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        for name in ("replicates", "d", "iterations"):
            put(name, check_dimension(name, getattr(self, name)))
        put("rank", check_rank(self.rank, self.d, self.d))
        put("fraction", check_positive("fraction", self.fraction))
        for name in ("gamma_sigma2", "gamma_w"):
            put(name, parse_axis(name, getattr(self, name)))
        for exponent in self.gamma_sigma2:
            power_of_dimension(self.d, exponent, "gamma_sigma2")
        if power_of_dimension(self.d, self.gamma_w[0], "gamma_w") < 1:
            raise ValueError(
                f"width = int(d^gamma_w) must be at least 1, got gamma_w = {self.gamma_w[0]:g}"
            )
        power_of_dimension(self.d, self.gamma_w[-1], "gamma_w")
        put("dynamics", _check_dynamics(self.dynamics))
        check_choice("update", self.update, UPDATES)
        check_choice("precision", self.precision, ("float64", "float32"))
        check_choice("task", self.task, ("shared", "fresh"))
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"seed must be a nonnegative integer, got {self.seed!r}")
        if not isinstance(self.curves, bool):
            raise TypeError(f"curves must be true or false, got {self.curves!r}")
        if not isinstance(self.stopping, StoppingRule):
            put("stopping", _from_table("stopping", StoppingRule, self.stopping))

    @classmethod
    def from_mapping(cls, settings: Mapping[str, object]) -> SweepPlan:
        """Return the plan of a table of settings; unknown names are refused."""
        return _from_table("a sweep", cls, settings)

    @classmethod
    def from_toml(cls, path: str | Path) -> SweepPlan:
        """Return the plan that a TOML file declares (its keys are the attributes' names)."""
        return cls.from_mapping(read_toml(path))

    @classmethod
    def from_json(cls, text: str) -> SweepPlan:
        """Return the plan that :meth:`to_json` wrote."""
        return cls.from_mapping(json.loads(text))

    def to_json(self) -> str:
        """Return the plan as JSON text; floats keep every bit."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return the numbers of variances, widths and replicates."""
        return len(self.gamma_sigma2), len(self.gamma_w), self.replicates

    def __len__(self) -> int:
        return int(np.prod(self.shape))

    def cell(self, index: int) -> CellPoint:
        """Return the cell at a place of the flattened grid."""
        i, j, replicate = (int(x) for x in np.unravel_index(index, self.shape))
        return CellPoint(int(index), self.gamma_sigma2[i], self.gamma_w[j], replicate)

    def cells(self) -> Iterator[CellPoint]:
        """Yield all cells in the order of the flattened grid."""
        return (self.cell(index) for index in range(len(self)))

    def task_stream(self, cell: CellPoint) -> np.random.SeedSequence:
        """Return the stream that a cell's task is drawn from."""
        own = () if self.task == "shared" else _bits(cell)
        key = (_TASK_STREAM, cell.replicate, *own)
        return np.random.SeedSequence(self.seed, spawn_key=key)

    def state_stream(self, cell: CellPoint) -> np.random.SeedSequence:
        """Return the stream that a cell's network is drawn from."""
        key = (_STATE_STREAM, cell.replicate, *_bits(cell))
        return np.random.SeedSequence(self.seed, spawn_key=key)

    @cached_property
    def software(self) -> dict[str, str]:
        """What the bits of a result depend on besides the settings."""
        kernels = {
            "training": training_module(descent_system(self.update), squared()).fingerprint,
            "gram": gram_module(squared()).fingerprint,
            "lift": scalar_kernel("lift", lift_form()).fingerprint,
        }
        packages = json.loads(versions())
        packages.pop("python")
        return packages | {f"formulas of {name}": mark for name, mark in kernels.items()}

    @cached_property
    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits of the settings, the formulas and the packages."""
        parts = [self.to_json(), json.dumps(self.software, sort_keys=True)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def parse_axis(name: str, value: object) -> tuple[float, ...]:
    """Return an axis from 'first:last:count', a number or a sequence of numbers.

    Raises
    ------
    ValueError, TypeError
        If it is malformed, empty, not finite or not increasing.

    Examples
    --------
    >>> parse_axis("gamma_w", "0:1:3")
    (0.0, 0.5, 1.0)
    """
    if isinstance(value, str):
        values = _parse_range(name, value)
    elif isinstance(value, Sequence | np.ndarray):
        values = list(value)
    else:
        values = [value]
    axis = tuple(round(check_finite(name, x), DECIMALS) + 0.0 for x in values)
    if not axis:
        raise ValueError(f"{name} must have at least one value, got none")
    if any(after <= before for before, after in pairwise(axis)):
        raise ValueError(f"{name} must increase, got {', '.join(f'{x:g}' for x in axis[:8])}")
    return axis


def read_toml(path: str | Path) -> dict[str, object]:
    """Return the table of a TOML file; OSError or ValueError names the file."""
    with open(path, "rb") as file:
        try:
            return tomllib.load(file)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} must be a TOML file: {error}") from error


def _parse_range(name: str, text: str) -> list[float]:
    parts = text.split(":")
    try:
        if len(parts) == 1:
            return [float(text)]
        first, last, count = float(parts[0]), float(parts[1]), int(parts[2])
        if len(parts) != 3 or count < 1:
            raise ValueError
    except (ValueError, IndexError):
        raise ValueError(f"{name} must be 'first:last:count', got {text!r}") from None
    if count == 1 and first != last:
        raise ValueError(f"{name} must have a count above 1 between two ends, got {text!r}")
    check_finite(name, first), check_finite(name, last)
    return list(np.linspace(first, last, count))


def _check_dynamics(value: object) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value)
    for name in names:
        check_choice("dynamics", name, SWEPT_DYNAMICS)
    if not names or len(set(names)) != len(names):
        raise ValueError(f"dynamics must name one or two different ones, got {names}")
    return names


def _from_table(name: str, kind: type, table: object) -> object:
    if not isinstance(table, Mapping):
        raise TypeError(f"{name} must be a table of settings, got {table!r}")
    known = [x.name for x in dataclasses.fields(kind)]
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise ValueError(f"{name} has the settings {', '.join(known)}, got {', '.join(unknown)}")
    return kind(**table)


def _bits(cell: CellPoint) -> tuple[int, ...]:
    """Return the coordinates' bits as words of 32 bits, as spawn keys need them."""
    return struct.unpack("<4I", struct.pack("<2d", cell.gamma_sigma2, cell.gamma_w))
