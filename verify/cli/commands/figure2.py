"""``mixed-dynamics figure2``: Figure 2 of Tu, Aranguri and Jacot 2024, the phase diagram."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from theory.published_settings import FIGURE2
from verify.cli.commands.range_arguments import allow_negative_ranges, check_cells
from verify.cli.commands.sweep_options import add_sweep_options, run_stored

if TYPE_CHECKING:
    import xarray as xr

    from numerics.phase_diagram.sweep import SweepPlan

__all__ = ["add", "run"]

#: Options that set the plan, under the names of its settings; None leaves the setting alone.
SETTINGS = (
    "gamma_sigma2",
    "gamma_w",
    "d",
    "rank",
    "iterations",
    "replicates",
    "seed",
    "scheme",
    "update",
    "precision",
    "task",
    "curves",
)

#: What --quick is: a coarse grid in less than a minute, at d = 150 (0.4 of the products).  Single
#: precision moved no panel by more than 1e-5, on every third exponent of the full grid at d = 200.
QUICK = {"d": 150, "gamma_sigma2": "-3:0:9", "gamma_w": "0:2.8:9", "precision": "float32"}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "figure2",
        help="Figure 2 of Tu, Aranguri and Jacot 2024: the phase diagram, from training",
        description="Train gradient descent beside the self-consistent dynamics over the plane "
        "of exponents, and draw the four panels. Interrupted or killed, it goes on with --resume.",
    )
    allow_negative_ranges(command)
    option = command.add_argument
    option("--config", metavar="FILE", help="TOML file of settings; options below win")
    option(
        "--grid-sigma2",
        dest="gamma_sigma2",
        metavar="A:B:N",
        help="exponents of the initial variance, first:last:count "
        f"(default {FIGURE2.gamma_sigma2})",
    )
    option(
        "--grid-w",
        dest="gamma_w",
        metavar="A:B:N",
        help=f"exponents of the width, first:last:count (default {FIGURE2.gamma_w})",
    )
    option("--d", type=int, help=f"dimension of the d x d matrices (default {FIGURE2.d})")
    option("--rank", type=int, help=f"rank of the true matrix A* (default {FIGURE2.rank})")
    option("--iterations", type=int, help=f"most steps of a run (default {FIGURE2.iterations})")
    option("--replicates", type=int, help="independent draws of each cell (default 1)")
    option("--seed", type=int, help="root of all randomness (default 0)")
    option(
        "--scheme",
        choices=("published", "exact"),
        help="self-consistent dynamics by Euler steps of equation (1), as published (default), or "
        "by the lift in the steps of gradient descent: then the width alone tells them apart",
    )
    option(
        "--update",
        choices=("sequential", "simultaneous"),
        help="layers one after the other, as published (default), or at once (scheme exact)",
    )
    option("--precision", choices=("float64", "float32"), help="of the matrices (default float64)")
    option(
        "--task",
        choices=("shared", "fresh"),
        help="one task for all cells, as published (default), or one for each",
    )
    option(
        "--curves",
        action="store_true",
        default=None,
        help="keep errors and distance at each iteration",
    )
    add_sweep_options(command)
    option(
        "--quick",
        action="store_true",
        help="a coarse grid in single precision, in less than a minute",
    )
    option("--compare", action="store_true", help="draw the prediction beside each panel")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from verify.cli.output_files import prepare_folder

    folder = prepare_folder(options.output)
    plan = _plan(options)
    prediction = _predict(plan) if options.compare else None
    data = run_stored(plan, folder / "figure2.store", options)
    if data is None:
        return 130
    paths = _write(data, prediction, folder)
    from verify.reports.figure2 import figure2_report

    print(figure2_report(data, prediction))
    print("wrote " + ", ".join(str(path) for path in paths))
    return 0


def _plan(options: argparse.Namespace) -> SweepPlan:
    from numerics.phase_diagram.sweep import SweepPlan
    from numerics.support.settings import read_toml

    settings = QUICK if options.quick else {}
    if options.config is not None:
        settings = settings | read_toml(options.config)
    given = {name: getattr(options, name) for name in SETTINGS}
    settings = settings | {name: value for name, value in given.items() if value is not None}
    plan = SweepPlan.from_mapping(settings)
    check_cells(*plan.shape[:2])
    return plan


def _predict(plan: SweepPlan) -> xr.Dataset:
    """Return the prediction for the cells of a plan, and for its task where all share one."""
    from numerics.linear.observables import singular_values
    from numerics.phase_diagram.cell import drawn_task
    from numerics.prediction.grid import predict_grid

    task, _ = drawn_task(plan, plan.cell(0))
    return predict_grid(
        plan.gamma_sigma2,
        plan.gamma_w,
        plan.d,
        singular_values=singular_values(task.truth)[: plan.rank],
        learning_rate_divisor=plan.learning_rate_divisor,
        iterations=plan.iterations,
        update=plan.update,
        method="second_order",
        reference="euler" if plan.scheme == "published" else "lift",
        allow_out_of_range=True,
    )


def _write(data: xr.Dataset, prediction: xr.Dataset | None, folder: Path) -> list[Path]:
    from verify.cli.output_files import save_dataset, save_result
    from verify.figures.figure2 import draw_figure2

    paths = save_result(data, lambda: draw_figure2(data, prediction), folder, "figure2")
    if prediction is not None:
        paths.append(save_dataset(prediction, folder / "figure2_prediction.nc"))
    return paths
