"""A sweep whose grid has grown: where the cells of the smaller grid lie in the larger one.

A kind of sweep names in ``GRID`` the settings that say which cells there are, and nothing about
what a cell results in.  Plans that agree in all others share their cells: the smaller grid's are
those with the same coordinates, to the bit, and so are the entries of their values along further
dimensions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numerics.sweeps.declaration import DeclaredSweep

__all__ = ["PlacedGrid", "place_grid"]


@dataclass(frozen=True, eq=False)
class PlacedGrid:
    """The cells of a grid inside another one.

    Attributes
    ----------
    places : ndarray of int, shape (cells,)
        Of each of its cells, in the flattened larger grid.
    tails : dict
        Places of its coordinates along each dimension beyond the axes.
    """

    places: NDArray[np.int64]
    tails: dict[str, NDArray[np.int64]]

    def put(
        self,
        whole: NDArray[np.generic],
        indices: NDArray[np.int64],
        values: NDArray[np.generic],
        tail: Sequence[str],
    ) -> None:
        """Write cells' values of a variable where they belong in the larger, flattened array."""
        whole[np.ix_(self.places[indices], *(self.tails[name] for name in tail))] = values


def place_grid(old: DeclaredSweep, new: DeclaredSweep) -> PlacedGrid | None:
    """Return where the cells of a plan lie in the grid of another; None if they are no part of it.

    Parameters
    ----------
    old, new : DeclaredSweep
        Of the same kind, or there is no such place; software is not compared.
    """
    if type(old) is not type(new) or _without_grid(old) != _without_grid(new):
        return None
    axes = [_places(old.axes[name], new.axes[name]) for name in new.axes]
    tails = {name: _places(old.tails[name], new.tails[name]) for name in new.tails}
    if any(x is None for x in (*axes, *tails.values())):
        return None
    corners = np.meshgrid(*(x for x in axes if x is not None), indexing="ij")
    flat = np.ravel_multi_index(tuple(corners), new.shape).ravel()
    return PlacedGrid(flat, {name: x for name, x in tails.items() if x is not None})


def _without_grid(plan: DeclaredSweep) -> dict[str, object]:
    settings = json.loads(plan.to_json())
    return {name: value for name, value in settings.items() if name not in plan.GRID}


def _places(old: Sequence[object], new: Sequence[object]) -> NDArray[np.int64] | None:
    """Return the places of values in a sequence that has them all, None if it lacks one."""
    known = {value: k for k, value in enumerate(new)}
    if any(value not in known for value in old):
        return None
    return np.array([known[value] for value in old], dtype=np.int64)
