"""What a worker does: a batch of cells, with one BLAS thread.

Several processes with several BLAS threads each run many times slower than with one, and one
thread gives the same bits on every machine of a kind, however many workers there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import scipy.linalg  # noqa: F401  loads the BLAS that numba calls, before its threads are limited
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from numerics.sweeps.declaration import DeclaredSweep

__all__ = ["THREAD_VARIABLES", "BatchResult", "run_batch"]

#: To be set before a process loads its BLAS.
THREAD_VARIABLES = {
    name: "1"
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
}


@dataclass(frozen=True)
class BatchResult:
    """Results of a batch, on their way back.

    Attributes
    ----------
    indices : tuple of int
        Its cells.
    values : dict
        An array for each variable; the first axis is that of the cells.
    notes : tuple of str
        Why cells diverged or failed, each with its coordinates.
    fingerprint : str
        Of the plan as this process sees it: its formulas and packages.
    """

    indices: tuple[int, ...]
    values: dict[str, NDArray[Any]]
    notes: tuple[str, ...]
    fingerprint: str


def run_batch(plan_text: str, indices: Sequence[int]) -> BatchResult:
    """Run the cells of a batch.

    Parameters
    ----------
    plan_text : str
        A plan of any kind as JSON.
    indices : sequence of int
        Places of the cells in the flattened grid.
    """
    plan = _plan(plan_text)
    rows, notes = [], []
    with _blas().limit(limits=1):
        for index in indices:
            cell = plan.cell(index)
            values, note = plan.run(cell)
            rows.append(values)
            if note:
                notes.append(f"{cell}: {note}")
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return BatchResult(tuple(indices), columns, tuple(notes), plan.fingerprint)


@lru_cache(maxsize=4)
def _plan(text: str) -> DeclaredSweep:
    return DeclaredSweep.from_json(text)


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()
