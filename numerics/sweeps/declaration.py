"""A sweep, declared: its axes and everything that determines its cells.

A kind of sweep is a class of settings that check themselves (:mod:`numerics.support.settings`),
derived from :class:`DeclaredSweep`.  It names its axes and the variables of a cell, runs a cell,
and estimates what that costs; the engine (:mod:`numerics.sweeps.run`) and the store
(:mod:`numerics.sweeps.cell_store`) need nothing else.

Random streams are SeedSequences of the root seed whose spawn key is a purpose and the bits of
coordinates.  So they depend on the root seed and on the cell alone: not on the size of the grid,
the order, the workers, or on what was done before.

A plan travels as text: its settings and its kind, a public name of :mod:`numerics` or the import
path ``module:Class`` of a user's own, from which any process that can import it rebuilds it.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import numbers
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import attrs
import numpy as np

from numerics.support.errors import DivergedError
from numerics.support.object_validation import check_instance, check_many, check_mapping
from numerics.support.provenance import kind_of, public_kind, versions
from numerics.support.settings import from_table, read_toml, setting
from numerics.support.validation import check_choice, check_finite, check_seed, check_text
from theory.wording import shown

__all__ = ["STATUSES", "CellPoint", "DeclaredSweep", "Variable", "attempt", "coded"]

#: What became of a cell; the code in results is the place in this list.
STATUSES = ("ok", "diverged", "failed")

T = TypeVar("T")


@dataclass(frozen=True)
class CellPoint:
    """One cell: its place in the flattened grid and its coordinates by the axes' names."""

    index: int
    coordinates: Mapping[str, float | int]

    def __post_init__(self) -> None:
        """Check the place and the coordinates."""
        if not isinstance(self.index, numbers.Integral) or isinstance(self.index, bool):
            raise TypeError(f"index must be an integer, got {shown(self.index)}")
        for axis, value in check_mapping("coordinates", self.coordinates).items():
            check_finite(f"coordinates[{axis!r}]", value)

    def __getitem__(self, axis: str) -> float | int:
        return self.coordinates[axis]

    def __str__(self) -> str:
        return ", ".join(f"{name} = {value:g}" for name, value in self.coordinates.items())


@dataclass(frozen=True)
class Variable:
    """A result of a cell.

    Attributes
    ----------
    dtype : str
        Its type in files.
    fill : float
        The value of an absent one.
    attrs : mapping
        Units, and whatever else a reader should know.
    tail : tuple of str
        Dimensions beyond the axes, in order.

    Examples
    --------
    >>> Variable("f8", np.nan, {"long_name": "largest singular value", "units": "unit of A"}).tail
    ()
    """

    dtype: str
    fill: float
    attrs: Mapping[str, object]
    tail: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        """Check what is stored of a result."""
        try:
            np.dtype(check_text("dtype", self.dtype))
        except (TypeError, ValueError):
            raise ValueError(
                f"dtype must be the name of one of NumPy, got {shown(self.dtype)}"
            ) from None
        check_mapping("attrs", self.attrs)
        object.__setattr__(self, "tail", check_many("tail", self.tail, str))


def coded(meanings: Sequence[str], long_name: str) -> Variable:
    """Return a variable whose values are places in a list of words; absent ones are -1."""
    flags = np.arange(len(meanings), dtype="i1")
    attrs = {"long_name": long_name, "flag_values": flags, "flag_meanings": " ".join(meanings)}
    return Variable("i1", -1, attrs)


@attrs.frozen(slots=False)
class DeclaredSweep(ABC):
    """Everything that determines the results of a sweep; the base of every kind.

    Attributes
    ----------
    seed : int
        Root of all randomness.
    """

    seed: int = setting(check_seed, 0, kw_only=True)

    #: Settings that say which cells there are, and nothing about what a cell results in: a store
    #: can grow along them.
    GRID: ClassVar[tuple[str, ...]] = ()
    #: Names that settings had in files of earlier versions, each with its name now.
    RENAMED: ClassVar[Mapping[str, str]] = {}
    #: Settings that plans stored by earlier versions lack, each with what it was then.
    BEFORE: ClassVar[Mapping[str, object]] = {}

    @property
    @abstractmethod
    def axes(self) -> dict[str, Sequence[float | int]]:
        """Coordinates of the grid by the names of its dimensions, in their order."""

    @property
    @abstractmethod
    def variables(self) -> dict[str, Variable]:
        """What a cell results in."""

    @property
    def tails(self) -> dict[str, Sequence[object]]:
        """Coordinates of the dimensions that variables have beyond the axes."""
        return {}

    @property
    def coordinates(self) -> dict[str, object]:
        """Further coordinates of the dataset, as xarray takes them."""
        return {}

    @abstractmethod
    def ingredients(self) -> dict[str, str]:
        """Return what the results depend on besides settings and packages, each with its mark."""

    @abstractmethod
    def run(self, cell: CellPoint) -> tuple[dict[str, object], str]:
        """Return a cell's results by the variables' names, and why it diverged or failed."""

    @abstractmethod
    def cost(self, cell: CellPoint) -> float:
        """Return about how many seconds a cell takes on one core; no result depends on it."""

    @classmethod
    def from_mapping(cls, settings: Mapping[str, object]) -> Self:
        """Return the plan of a table of settings; unknown names are refused."""
        table = check_mapping("settings", settings)
        renamed = {cls.RENAMED.get(name, name): value for name, value in table.items()}
        return from_table("a sweep", renamed, cls)

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Return the plan that a TOML file declares (its keys are the attributes' names)."""
        return cls.from_mapping(read_toml(path))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the plan that :meth:`to_json` wrote; called on the base, one of any kind."""
        try:
            settings = json.loads(check_text("text", text))
            kind = public_kind(settings.pop("kind"))
        except (ValueError, AttributeError, LookupError, RecursionError):
            raise ValueError(f"text must be what to_json writes, got {shown(text)}") from None
        module, _, name = kind.rpartition(":")
        try:
            found = getattr(importlib.import_module(module or "numerics"), name, None)
        except Exception:  # what a user's module raises is its own matter
            found = None
        if not (isinstance(found, type) and issubclass(found, cls)):
            raise ValueError(f"kind must be the name of a {cls.__name__}, got {shown(kind)}")
        return found.from_mapping({**found.BEFORE, **settings})

    def to_json(self) -> str:
        """Return kind and settings as JSON text; floats keep every bit."""
        return json.dumps({"kind": kind_of(type(self)), **attrs.asdict(self)}, sort_keys=True)

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the number of coordinates of each axis."""
        return tuple(len(values) for values in self.axes.values())

    def tail_shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of one cell's value of a variable."""
        variable = self.variables[check_choice("name", name, tuple(self.variables))]
        return tuple(len(self.tails[x]) for x in variable.tail)

    def __len__(self) -> int:
        return int(np.prod(self.shape))

    def cell(self, index: int) -> CellPoint:
        """Return the cell at a place of the flattened grid."""
        if check_seed("index", index) >= len(self):
            raise ValueError(f"index must be below the {len(self)} cells, got {shown(index)}")
        places = np.unravel_index(index, self.shape)
        found = zip(self.axes.items(), places, strict=True)
        return CellPoint(int(index), {name: values[int(k)] for (name, values), k in found})

    def cells(self) -> Iterator[CellPoint]:
        """Yield all cells in the order of the flattened grid."""
        return (self.cell(index) for index in range(len(self)))

    def stream(self, purpose: int, cell: CellPoint, axes: Sequence[str]) -> np.random.SeedSequence:
        """Return a stream of random numbers.

        Parameters
        ----------
        purpose : int
            Tells the streams of a cell apart.
        cell : CellPoint
            Whose it is.
        axes : sequence of str
            The axes that it depends on; cells that differ in others alone share it.
        """
        check_instance("cell", cell, CellPoint, "plan.cell(index)")
        for axis in check_many("axes", axes, str):
            check_choice("axes", axis, tuple(cell.coordinates))
        purpose = check_seed("purpose", purpose)
        words = (word for name in axes for word in _words(cell[name]))
        return np.random.SeedSequence(self.seed, spawn_key=(purpose, *words))

    def check_cell(self, cell: CellPoint, axes: Sequence[str] | None = None) -> CellPoint:
        """Return a cell that has some axes, by default all; TypeError or ValueError otherwise."""
        check_instance("cell", cell, CellPoint, "plan.cell(index)")
        needed = tuple(self.axes) if axes is None else check_many("axes", axes, str)
        lacks = [name for name in needed if name not in cell.coordinates]
        if lacks:
            raise ValueError(
                f"cell must have a coordinate on all axes, got none on {lacks[0]}: {cell}"
            )
        return cell

    @cached_property
    def software(self) -> dict[str, str]:
        """What the bits of a result depend on besides the settings."""
        packages = json.loads(versions())
        packages.pop("python")
        return packages | self.ingredients()

    @cached_property
    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits of the settings, the formulas and the packages."""
        parts = [self.to_json(), json.dumps(self.software, sort_keys=True)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def attempt(run: Callable[[], T]) -> tuple[T | None, str, str]:
    """Return what a run returns, its status and a note on why there is nothing.

    Numerical trouble and too little memory are a cell's own; any other error is a defect and
    ends the sweep.
    """
    try:
        return run(), "ok", ""
    except DivergedError as error:
        return None, "diverged", str(error)
    except (ArithmeticError, MemoryError, np.linalg.LinAlgError) as error:
        return None, "failed", f"{type(error).__name__}: {error}"


def _words(coordinate: float | int) -> tuple[int, ...]:
    """Return a coordinate's bits as a spawn key needs them: an integer, or words of 32 bits."""
    if isinstance(coordinate, int):
        return (coordinate,)
    return struct.unpack("<2I", struct.pack("<d", coordinate))
