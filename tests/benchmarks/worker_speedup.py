"""A sweep on one worker, on two, ... on all cores: the same bits, in less time.

Cells are independent, so N workers are at best N times as fast as one.  Measured on workers that
are there already, and with their start (as the command line does it).
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter

import dask
import xarray as xr
from distributed import Client, LocalCluster
from measuring import Curve, Panel, agree, cores

from numerics import SweepPlan, run_sweep
from numerics.sweeps.worker import THREAD_VARIABLES, run_batch

RUNNING, STARTED = "workers running already", "with their start"


def worker_counts() -> list[int]:
    """Return 1, 2, 4, ... and the number of cores."""
    most = cores()
    return sorted({most, *(2**k for k in range(most.bit_length()) if 2**k <= most)})


@contextmanager
def cluster(workers: int, plan: SweepPlan) -> Iterator[str]:
    """Start workers that have imported and compiled what the plan needs; yield their address."""
    settings = {"distributed.nanny.pre-spawn-environ": THREAD_VARIABLES}
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            memory_limit=0,
            silence_logs=logging.CRITICAL,
        ) as started,
        Client(started, set_as_default=False) as client,
    ):
        client.run(run_batch, plan.to_json(), (0,))
        yield started.scheduler_address


def worker_panel(plan: SweepPlan, workers: Sequence[int], repeats: int) -> Panel:
    """Measure a sweep over numbers of workers, turn by turn; results have to be the same bits."""
    curves = {name: Curve(name, -1.0) for name in (RUNNING, STARTED)}
    seconds: dict[tuple[str, int], list[float]] = {}
    expected = _sweep(plan, workers=0)[1]
    for k in range(repeats):
        for count in workers if k % 2 == 0 else reversed(workers):
            with cluster(count, plan) as address:
                found = {RUNNING: _sweep(plan, scheduler=address)}
            found[STARTED] = _sweep(plan, workers=count)
            for name, (time, data) in found.items():
                agree(f"a sweep on {count} workers", 0.0 if data.equals(expected) else 1.0, 0.0)
                seconds.setdefault((name, count), []).append(time)
    for (name, count), times in sorted(seconds.items(), key=lambda item: item[0][1]):
        curves[name].add(count, times, 0.0)
    return Panel(
        "workers",
        f"A sweep of {len(plan)} cells, d = {plan.d}",
        "workers",
        "seconds a sweep",
        list(curves.values()),
        "the datasets, bit by bit, against one made in this process",
    )


def _sweep(plan: SweepPlan, **engine: object) -> tuple[float, xr.Dataset]:
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        found = run_sweep(plan, folder, **engine)
        return perf_counter() - start, found
