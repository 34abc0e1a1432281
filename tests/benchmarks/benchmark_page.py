"""Costs against size, with the slopes that theory gives: figures, tables and one JSON file.

    python tests/benchmarks --quick                      # about a minute
    python tests/benchmarks --output results/benchmarks  # minutes; leave the cores alone meanwhile

Every answer is compared with the other methods' before its cost counts.  One BLAS thread.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from cost_page import write_page
from dynamics_cost import run_panel, step_panel
from kernel_cost import kernel_panel
from measuring import Curve, Panel, machine, torch
from threadpoolctl import threadpool_limits
from width_cost import width_panel
from worker_speedup import worker_counts, worker_panel

from numerics import SweepPlan
from verify.cli.output_files import prepare_folder, save_text


@dataclasses.dataclass(frozen=True)
class Profile:
    """Sizes of every panel, and seconds for a call at a size."""

    name: str
    seconds: float
    d: int
    widths: Sequence[int]
    step_sizes: Sequence[int]
    run_sizes: Sequence[int]
    inputs: Sequence[tuple[int, int, int]]
    units: Sequence[tuple[int, int, int]]
    plan: dict[str, object]
    workers: Sequence[int]
    repeats: int

    def panels(self) -> list[Callable[[], Panel]]:
        """Return the measurements to make."""
        return [
            lambda: width_panel(self.d, self.widths, self.seconds),
            lambda: step_panel(self.step_sizes, self.seconds),
            lambda: run_panel(self.run_sizes, self.seconds),
            # Products of n x n outputs: 2 in n; by layer 1 in h while n is above h, else 2.
            lambda: kernel_panel("inputs", self.inputs, (2.0, 2.0), self.seconds),
            lambda: kernel_panel("units", self.units, (1.0, 2.0), self.seconds),
            lambda: worker_panel(SweepPlan(**self.plan), self.workers, self.repeats),
        ]


def sizes(first: int, last: int, count: int) -> list[int]:
    """Return sizes in a geometric row."""
    return np.geomspace(first, last, count).round().astype(int).tolist()


def full() -> Profile:
    """Return the profile of the documentation's figures."""
    return Profile(
        "full",
        1.0,
        200,
        sizes(400, 102_400, 9),
        sizes(50, 800, 9),
        sizes(50, 400, 7),
        inputs=[(n, 784, 100) for n in sizes(25, 400, 9)],
        units=[(100, 64, h) for h in sizes(16, 512, 11)],
        plan={"gamma_sigma2": "-3:0:10", "gamma_w": "0:2.8:10", "d": 100},
        workers=worker_counts(),
        repeats=2,
    )


def quick() -> Profile:
    """Return small sizes and few repeats."""
    return Profile(
        "quick",
        0.2,
        100,
        sizes(200, 25_600, 8),
        sizes(25, 200, 5),
        sizes(25, 141, 6),
        inputs=[(n, 196, 50) for n in sizes(25, 200, 4)],
        units=[(50, 64, h) for h in sizes(16, 256, 5)],
        plan={"gamma_sigma2": "-3:0:4", "gamma_w": "0:2.8:4", "d": 100},
        workers=worker_counts(),
        repeats=1,
    )


def tiny() -> Profile:
    """Return sizes that show nothing, for tests."""
    return Profile(
        "tiny",
        0.001,
        8,
        sizes(16, 128, 4),
        sizes(6, 12, 4),
        sizes(6, 12, 4),
        inputs=[(n, 6, 5) for n in (3, 4, 5, 6)],
        units=[(4, 6, h) for h in (3, 4, 5, 6)],
        plan={
            "gamma_sigma2": "-2:-1:2",
            "gamma_w": "0.5:1.5:2",
            "d": 8,
            "rank": 1,
            "iterations": 20,
        },
        workers=(1,),
        repeats=1,
    )


PROFILES = {"full": full, "quick": quick, "tiny": tiny}


def main(words: Sequence[str] | None = None) -> list[Path]:
    """Measure, write the results, and return the files."""
    parser = argparse.ArgumentParser(
        prog="python tests/benchmarks", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--profile", choices=PROFILES, default="full", help="sizes (default: full)")
    parser.add_argument(
        "--quick",
        dest="profile",
        action="store_const",
        const="quick",
        help="small sizes, about a minute",
    )
    parser.add_argument("--output", default="results/benchmarks", metavar="DIR")
    parser.add_argument("--redraw", metavar="FILE", help="figures of a benchmarks.json, unmeasured")
    options = parser.parse_args(words)
    folder = prepare_folder(options.output)
    if options.redraw:
        panels, made = read(Path(options.redraw))
        return write_page(panels, made, folder)
    with threadpool_limits(1):
        if torch:
            torch.set_num_threads(1)
        made = {
            "profile": options.profile,
            "command": shlex.join(
                ["python", "tests/benchmarks", *(sys.argv[1:] if words is None else words)]
            ),
            "machine": machine(),
        }
        panels, started = [], perf_counter()
        for make in PROFILES[options.profile]().panels():
            begun = perf_counter()
            panels.append(make())
            print(f"{panels[-1].title}: {perf_counter() - begun:.0f} s", flush=True)
    made["seconds"] = round(perf_counter() - started, 1)
    record = {"made": made, "panels": [dataclasses.asdict(panel) for panel in panels]}
    files = [save_text(json.dumps(record, indent=1) + "\n", folder / "benchmarks.json")]
    return files + write_page(panels, made, folder)


def read(file: Path) -> tuple[list[Panel], dict[str, object]]:
    """Return the panels of a stored run and how it was made."""
    record = json.loads(file.read_text())
    panels = [
        Panel(**panel | {"curves": [Curve(**curve) for curve in panel["curves"]]})
        for panel in record["panels"]
    ]
    return panels, record["made"]
