"""What the commands that run a sweep have in common: their options, Ctrl-C, and going on."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

    from numerics.sweeps.declaration import DeclaredSweep
    from verify.cli.progress import ProgressReport

__all__ = ["add_sweep_options", "run_stored"]

#: What a command can do about a folder that holds a sweep.
CHOICES = (
    "--resume goes on with the same sweep, --restart deletes it, --output names another folder"
)


def add_sweep_options(command: argparse.ArgumentParser) -> None:
    """Add the options that say where a sweep runs and whether it goes on."""
    option = command.add_argument
    option(
        "--workers", type=int, metavar="N", help="processes; 0 for this one (default: one a core)"
    )
    option("--scheduler", metavar="ADDRESS", help="of a running Dask cluster")
    option("--resume", action="store_true", help="go on with what the output folder holds")
    option("--restart", action="store_true", help="delete what the output folder holds first")
    option(
        "--output",
        default="results",
        metavar="DIR",
        help="folder, made if need be (default results)",
    )


def run_stored(plan: DeclaredSweep, store: Path, options: argparse.Namespace) -> xr.Dataset | None:
    """Return the sweep, or None where it was interrupted; what is done stays in the store.

    Raises
    ------
    OSError
        A full disk, for instance; the message says how to go on.
    """
    from numerics.support.errors import SweepError
    from numerics.sweeps.cell_store import CellStore
    from numerics.sweeps.run import run_sweep
    from verify.cli.progress import ProgressReport

    if options.restart:
        CellStore.erase(store)
    # A batch system ends a job with SIGTERM; it is no less polite than Ctrl-C.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ProgressReport() as progress:
        try:
            return run_sweep(
                plan,
                store,
                workers=options.workers,
                scheduler=options.scheduler,
                resume=options.resume,
                progress=progress,
            )
        except KeyboardInterrupt:
            print(f"\nmixed-dynamics: interrupted, {_stored(progress)}", file=sys.stderr)
            return None
        except SweepError as error:
            raise SweepError(f"{error} ({CHOICES})") from error
        except OSError as error:
            raise OSError(f"{error}; {_stored(progress)}") from error
        finally:
            signal.signal(signal.SIGTERM, before)


def _stored(progress: ProgressReport) -> str:
    state = progress.state
    if state is None:
        return "nothing stored"
    return f"{state.done} of {state.total} cells are stored: the same command with --resume goes on"
