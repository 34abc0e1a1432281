"""Runs a sweep: cells that are not done yet, on one process or many, into a crash-safe store.

The result of a cell depends on the plan and its coordinates alone, so the same plan gives the
same bits on 0, 1 or N workers, in any order, resumed or not (on machines whose BLAS takes the
same code path).
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from numerics.support.object_validation import check_callable, check_instance, check_path
from numerics.support.provenance import versions
from numerics.support.validation import check_count, check_switch, check_text
from numerics.sweeps.batches import batches
from numerics.sweeps.cell_store import CellStore
from numerics.sweeps.declaration import DeclaredSweep
from numerics.sweeps.worker import BatchResult, run_batch
from theory.wording import shown

__all__ = ["SweepProgress", "run_sweep", "sweep_dataset"]

#: Of a Dask scheduler: ``host:port``, with or without a protocol that Dask has, or ``inproc://...``.
ADDRESS = re.compile(r"((tcp|tls|ws|wss|ucx)://)?[^\s/]+:\d{1,5}|inproc://\S+")

#: Sweeps of fewer seconds than this are run in this process: a cluster takes as long to start.
WORTH_A_CLUSTER = 5.0


@dataclass(frozen=True)
class SweepProgress:
    """How far a sweep is.

    Attributes
    ----------
    done, total : int
        Cells, with those that were done before this run.
    fresh : int
        Cells that this run has done.
    share : float
        Part of this run's work that is done, by the estimated cost of its cells.
    seconds : float
        Since this run began.
    notes : tuple of str
        News: cells that diverged or failed, shards that were found damaged.
    """

    done: int
    total: int
    fresh: int
    share: float
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Cells a second."""
        return self.fresh / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float:
        """Estimate of the time to the end; NaN before the first cell."""
        return self.seconds * (1 - self.share) / self.share if self.share > 0 else np.nan


def run_sweep(
    plan: DeclaredSweep,
    folder: str | Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    progress: Callable[[SweepProgress], object] = lambda state: None,
) -> xr.Dataset:
    """Run the cells of a sweep that are not done yet and return the whole sweep.

    Parameters
    ----------
    plan : DeclaredSweep
        What to run: a :class:`numerics.phase_diagram.sweep.SweepPlan`, for instance.
    folder : str or Path
        Where the store is kept; it survives this call and every kind of death.
    workers : int, optional
        Processes; 0 for this one, and by default one for each core, or this one where that is
        faster.
    scheduler : str, optional
        Address of a Dask scheduler, in place of processes of its own.
    resume : bool
        Go on with a store that holds results.
    progress : callable, optional
        Called with a :class:`SweepProgress` at the start and after each batch.

    Returns
    -------
    xarray.Dataset
        The plan's variables over its axes, with settings and versions as attributes.

    Raises
    ------
    SweepError
        If the folder holds another sweep.
    KeyboardInterrupt
        On Ctrl-C; what is done is stored.

    Notes
    -----
    A script that calls this with workers needs ``if __name__ == "__main__":`` around the call.

    Examples
    --------
    >>> import tempfile
    >>> from numerics.phase_diagram.sweep import SweepPlan
    >>> plan = SweepPlan(gamma_sigma2=-1.5, gamma_w="1:2:2", d=20, rank=2, iterations=5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     data = run_sweep(plan, folder, workers=0)
    >>> dict(data.min_test_error.sizes)
    {'gamma_sigma2': 1, 'gamma_w': 2, 'replicate': 1}
    """
    if workers is not None:
        workers = check_count("workers", workers)
    check_instance("plan", plan, DeclaredSweep, "SweepPlan")  # type: ignore[type-abstract]  # isinstance alone
    check_path("folder", folder)
    check_switch("resume", resume)
    check_callable("progress", progress)
    if scheduler is not None and not ADDRESS.fullmatch(check_text("scheduler", scheduler)):
        raise ValueError(
            f"scheduler must be an address like tcp://host:8786, got {shown(scheduler)}"
        )
    with CellStore(folder, plan, resume=resume) as store:
        todo = batches(plan, store.missing())
        work, started = sum(seconds for _, seconds in todo), time.monotonic()
        finished, before = 0.0, len(store)
        told = tuple(f"damaged, computed again: {name}" for name in store.dropped)
        progress(SweepProgress(before, len(plan), 0, 0.0, 0.0, told))
        weights = {batch[0]: seconds for batch, seconds in todo}
        cells = [batch for batch, _ in todo]
        with closing(_engine(plan, cells, work, workers, scheduler)) as results:
            for result in results:
                store.add(result.indices, result.values)
                finished += weights[result.indices[0]]
                progress(
                    SweepProgress(
                        len(store),
                        len(plan),
                        len(store) - before,
                        finished / work,
                        time.monotonic() - started,
                        result.notes,
                    )
                )
        return sweep_dataset(plan, store.load())


def sweep_dataset(plan: DeclaredSweep, values: Mapping[str, NDArray[Any]]) -> xr.Dataset:
    """Return the results of a plan as a dataset with its settings and versions."""
    data = {}
    for name, array in values.items():
        variable = plan.variables[name]
        data[name] = ((*plan.axes, *variable.tail), array, dict(variable.attrs))
    coords = {name: list(x) for name, x in (plan.axes | plan.tails).items()} | plan.coordinates
    attrs = {
        name: " ".join(value) if isinstance(value, list) else value
        for name, value in json.loads(plan.to_json()).items()
        if _fits_an_attribute(value)
    }
    attrs |= {
        "plan": plan.to_json(),
        "fingerprint": plan.fingerprint,
        "software": json.dumps(plan.software, sort_keys=True),
        "versions": versions(),
    }
    return xr.Dataset(data, coords=coords, attrs=attrs)


def _fits_an_attribute(value: object) -> bool:
    """Tell numbers, words and lists of words from axes, tables and switches."""
    if isinstance(value, list):
        return all(isinstance(x, str) for x in value)
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def _engine(
    plan: DeclaredSweep,
    cells: Sequence[Sequence[int]],
    work: float,
    workers: int | None,
    scheduler: str | None,
) -> Generator[BatchResult]:
    alone = workers == 0 or (workers is None and (work < WORTH_A_CLUSTER or _cores() == 1))
    if not cells or (alone and scheduler is None):
        return _run_here(plan, cells)
    # Imported here: it takes longer than a few cells.
    from numerics.sweeps.dask_engine import run_on_dask

    return run_on_dask(plan, cells, workers=workers or _cores(), scheduler=scheduler)


def _run_here(plan: DeclaredSweep, cells: Sequence[Sequence[int]]) -> Generator[BatchResult]:
    text = plan.to_json()
    for batch in cells:
        yield run_batch(text, batch)


def _cores() -> int:
    """Return how many cores this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
