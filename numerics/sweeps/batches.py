"""How cells are put together for the engine: long ones first, short ones in batches.

Only the order, the batches and the time left depend on the estimated costs, never a result.
"""

from __future__ import annotations

from collections.abc import Iterable

from numerics.sweeps.declaration import DeclaredSweep

__all__ = ["batches"]

#: A batch takes at least this many seconds, against the 2 to 10 ms of a task of the engine.
BATCH = 0.5


def batches(plan: DeclaredSweep, indices: Iterable[int]) -> list[tuple[list[int], float]]:
    """Return (cells, seconds) for tasks of the engine, the longest cells first.

    Cells that are short on their own go together until they take ``BATCH`` seconds.
    """
    cells = sorted(((plan.cost(plan.cell(k)), k) for k in indices), key=lambda x: (-x[0], x[1]))
    groups: list[tuple[list[int], float]] = []
    group, seconds = [], 0.0
    for each, index in cells:
        group.append(index)
        seconds += each
        if seconds >= BATCH:
            groups.append((group, seconds))
            group, seconds = [], 0.0
    return [*groups, (group, seconds)] if group else groups
