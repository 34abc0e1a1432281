"""How the two dynamics of Figures 1 and 2 are cut into steps.

- ``published``: gradient descent one layer after the other, the self-consistent dynamics by
  simultaneous Euler steps of equation (1) with the same learning rate.  Their distance has a share
  of the order of the step, which is most of it for wide networks.
- ``exact``: the self-consistent dynamics by the lift, in the same steps as gradient descent, so
  that the width alone tells the two apart.

Source: the published experiments of Tu, Aranguri and Jacot 2024.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import attrs
import numpy as np
from numpy.typing import NDArray

from numerics.linear.tasks import Task
from numerics.phase_diagram.prepare_cell import Cell
from numerics.support.validation import check_choice, check_update

__all__ = ["SCHEMES", "check_scheme", "in_target_bases", "scheme_of"]

SCHEMES = ("published", "exact")


def check_scheme(scheme: object, update: object) -> str:
    """Return the name of a scheme that goes with an order of the layers.

    Examples
    --------
    >>> check_scheme("published", "simultaneous")
    Traceback (most recent call last):
        ...
    ValueError: update must be 'sequential' in the scheme 'published', got 'simultaneous'
    """
    name = check_choice("scheme", scheme, SCHEMES)
    if check_update(update) != "sequential" and name == "published":
        raise ValueError(f"update must be 'sequential' in the scheme 'published', got {update!r}")
    return name


def scheme_of(attributes: Mapping[str, object]) -> str:
    """Return the scheme in words, from the attributes of a dataset; files had only the lift once.

    Examples
    --------
    >>> scheme_of({"update": "sequential"})
    'exact scheme: both by sequential steps, self-consistent by the lift'
    """
    if attributes.get("scheme", "exact") == "published":
        return "published scheme: sequential descent, Euler steps of equation (1)"
    return f"exact scheme: both by {attributes['update']} steps, self-consistent by the lift"


def in_target_bases(cell: Cell) -> Cell:
    """Return a cell in the singular bases of its target, where both dynamics run alike.

    They are equivariant: errors, singular values and distances are the same, and there the roots
    of equation (1) are nearly diagonal.
    """
    left, right, task = _bases(cell.task)
    state = attrs.evolve(cell.state, W1=cell.state.W1 @ right, W2=left.T @ cell.state.W2)
    return replace(cell, task=task, state=state)


@lru_cache(maxsize=4)
def _bases(task: Task) -> tuple[NDArray[np.float64], NDArray[np.float64], Task]:
    # Cells that share a task share this.
    left, _, right = np.linalg.svd(task.target)
    turned = (left.T @ x @ right.T for x in (task.target, task.truth))
    return left, right.T, Task(*turned, name=task.name)
