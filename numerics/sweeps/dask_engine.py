"""The engine of a sweep on several processes: Dask distributed.

A LocalCluster of single-threaded workers by default, or the scheduler at an address (workers
from ``dask worker`` or dask-jobqueue).  A task that was on a worker that died is given to
another; batches are started in the order given, the longest first.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker

import dask
from distributed import Client, KilledWorker, LocalCluster, as_completed

from numerics.support.errors import SweepError
from numerics.sweeps.declaration import DeclaredSweep
from numerics.sweeps.worker import THREAD_VARIABLES, BatchResult, run_batch
from theory.wording import in_one_line

__all__ = ["run_on_dask"]

#: A batch that lost this many workers is given up: it is probably what kills them.
ALLOWED_DEATHS = 10

#: Seconds to wait for a scheduler.
CONNECT = 20


def run_on_dask(
    plan: DeclaredSweep,
    batches: Sequence[Sequence[int]],
    *,
    workers: int = 1,
    scheduler: str | None = None,
) -> Generator[BatchResult]:
    """Yield the results of batches as they come.

    Parameters
    ----------
    plan : DeclaredSweep
        What the cells are of.
    batches : sequence of sequences of int
        Places of the cells, a batch a task, in the order in which to start them.
    workers : int
        Processes of a cluster of its own.
    scheduler : str, optional
        Address of a running cluster, in place of one of its own.

    Raises
    ------
    OSError
        If there is no scheduler at the address.
    SweepError
        If the cluster's workers have other formulas or packages than this process; at the end,
        if a batch lost ``ALLOWED_DEATHS`` workers.
    """
    settings = {
        "distributed.nanny.pre-spawn-environ": THREAD_VARIABLES,
        "distributed.scheduler.allowed-failures": ALLOWED_DEATHS,
        "distributed.comm.timeouts.connect": f"{CONNECT}s",
    }
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(settings))
        stack.enter_context(_quiet())
        with _interrupts_blocked():
            address: str | LocalCluster | None = scheduler
            if scheduler is None:
                # No memory limit: no worker is stopped for what other programs use.  A free port
                # of this machine alone: the usual one may be taken by another sweep.
                address = stack.enter_context(
                    LocalCluster(
                        n_workers=min(workers, len(batches)),
                        threads_per_worker=1,
                        processes=True,
                        dashboard_address="127.0.0.1:0",
                        memory_limit=0,
                        silence_logs=logging.CRITICAL,
                    )
                )
            try:
                client = stack.enter_context(Client(address, set_as_default=False))
            except OSError as error:
                raise OSError(
                    f"scheduler must be one that answers: {in_one_line(error)}"
                ) from error
        text, count = plan.to_json(), len(batches)
        futures = [
            client.submit(run_batch, text, tuple(batch), pure=False, priority=count - k)
            for k, batch in enumerate(batches)
        ]
        stack.callback(client.cancel, futures, force=True)
        lost = 0
        for future in as_completed(futures, loop=client.loop):
            try:
                result = future.result()
            except KilledWorker:
                lost += 1
                continue
            finally:
                future.release()
            if result.fingerprint != plan.fingerprint:
                raise SweepError("the cluster's workers have other formulas or packages than here")
            yield result
        if lost:
            raise SweepError(
                f"{lost} batches of cells lost {ALLOWED_DEATHS} workers each (too little memory?); "
                "the others are stored, resume the sweep"
            )


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Keep Ctrl-C from this thread, and for good from the threads and processes started here.

    Ctrl-C reaches every process of the terminal; workers should end because they are told to.
    An interrupt that came meanwhile is delivered at the end.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Started by the first process otherwise, and then it unblocks what is blocked here.
    resource_tracker.ensure_running()
    old = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what the cluster logs about workers that die or are told to stop."""
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
