"""``mixed-dynamics crossover``: lazy and feature training of nonlinear networks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from verify.cli.commands.sweep_options import add_sweep_options, run_stored

if TYPE_CHECKING:
    import xarray as xr

    from numerics.crossover.sweep import CrossoverSweep
    from verify.measurements.crossover_exponents import Exponent

__all__ = ["add", "run"]

#: Options that set the plan, under the names of its settings; None leaves the setting alone.
SETTINGS = (
    "depth",
    "width",
    "scaled_alpha",
    "seeds",
    "data",
    "folder",
    "n_train",
    "n_test",
    "activation",
    "loss",
    "seed",
    "ensemble",
)

#: What --quick is: two depths and four small widths, in about a minute.
QUICK = {
    "depth": (1, 2),
    "width": (16, 32, 64, 128),
    "scaled_alpha": "1e-4:1e5:10",
    "seeds": 3,
    "n_train": 60,
    "ensemble": 0,
}

#: Networks of each depth and width for their fluctuation: with 5 its exponent in h has an
#: interval of 0.2 to 0.9, with 16 of 0.1 to 0.2.
ENSEMBLE = 16

#: The plane of linear networks that stands beside: its thresholds and widths.
LINEAR_THRESHOLDS, LINEAR_WIDTHS = "1e-4:1e4:17", "40:1e6:9"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "crossover",
        help="lazy and feature training of nonlinear networks (Geiger et al. 2020)",
        description="Train networks with predictor alpha (f - f_0) over depth, width, "
        "sqrt(h) alpha and seeds; measure kernel change, exponents, fluctuations and test errors. "
        "Interrupted or killed, it goes on with --resume.",
    )
    option = command.add_argument
    option("--config", metavar="FILE", help="TOML file of settings; options below win")
    option("--data", help="digits (default), mnist_subset, fashion_mnist, ... or file:PATH.npz")
    option("--folder", metavar="DIR", help="where the data set's files are")
    option("--n-train", type=int, metavar="N", help="training inputs")
    option("--n-test", type=int, metavar="N", help="test inputs")
    option("--depth", type=int, nargs="+", metavar="L", help="hidden layers (default 1 2 3)")
    option("--width", type=int, nargs="+", metavar="H", help="units (default 64 128 256 512)")
    option(
        "--scaled-alpha",
        metavar="A:B:N",
        help="sqrt(h) alpha, geometric: first:last:count (default 1e-4:1e5:19)",
    )
    option("--seeds", type=int, help="networks of each cell (default 5)")
    option(
        "--ensemble",
        type=int,
        metavar="N",
        help=f"networks for the fluctuation over starts, at one scale in each regime (default "
        f"{ENSEMBLE}; 0 for those of --seeds)",
    )
    option("--activation", help="softplus (default), relu, tanh, silu, identity or an expression")
    option("--loss", help="softplus_hinge (default), squared_hinge, ... or an expression")
    option("--seed", type=int, help="root of all randomness (default 0)")
    add_sweep_options(command)
    option("--quick", action="store_true", help="a small study, in about a minute")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from verify.cli.output_files import prepare_folder

    folder = prepare_folder(options.output)
    plan, ensembles = _plans(options)
    data = run_stored(plan, folder / "crossover.store", options)
    if data is None:
        return 130
    many = None
    if ensembles is not None:
        many = run_stored(ensembles, folder / "crossover_ensembles.store", options)
        if many is None:
            return 130
    from verify.reports.crossover import crossover_report

    datasets = {"crossover": data, "crossover_linear": _linear_plane(plan.seed)}
    if many is not None:
        datasets["crossover_ensembles"] = many
    paths, exponents = _write(datasets, folder)
    print(crossover_report(data, exponents))
    print("wrote " + ", ".join(str(path) for path in paths))
    return 0


def _plans(options: argparse.Namespace) -> tuple[CrossoverSweep, CrossoverSweep | None]:
    """Return the sweep, and that of more networks for their fluctuation, if there are more."""
    import attrs

    from numerics.crossover.sweep import CrossoverSweep
    from numerics.support.settings import read_toml
    from numerics.support.validation import check_dimension

    settings = dict(QUICK) if options.quick else {}
    if options.config is not None:
        settings |= read_toml(options.config)
    given = {name: getattr(options, name) for name in SETTINGS}
    settings |= {name: value for name, value in given.items() if value is not None}
    ensemble = settings.pop("ensemble", ENSEMBLE)
    many = 0 if ensemble == 0 else check_dimension("ensemble", ensemble)
    plan = CrossoverSweep.from_mapping(settings)
    scales = _ensemble_scales(plan)
    if many <= plan.seeds or not scales:
        return plan, None
    return plan, attrs.evolve(plan, scaled_alpha=scales, seeds=many)


def _ensemble_scales(plan: CrossoverSweep) -> tuple[float, ...]:
    """Return one scale in each regime that the sweep reaches: cheap ones, few steps from a fit."""
    from verify.measurements.crossover_exponents import windows

    scales = plan.scaled_alpha
    inside = (
        [x for x, within in zip(scales, window, strict=True) if within]
        for window in windows(scales)
    )
    return tuple(part[-1] for part in inside if part)


def _linear_plane(seed: int) -> xr.Dataset:
    from numerics.crossover.linear_networks import linear_crossover
    from numerics.sweeps.axes import parse_axis

    thresholds = parse_axis("threshold", LINEAR_THRESHOLDS, geometric=True)
    widths = parse_axis("width", LINEAR_WIDTHS, geometric=True)
    return linear_crossover(thresholds, widths, seed=seed)


def _write(datasets: dict[str, xr.Dataset], folder: Path) -> tuple[list[Path], list[Exponent]]:
    """Write the data, then what is measured and drawn of them."""
    from verify.cli.output_files import save_dataset, save_drawn, save_text
    from verify.figures.crossover import draw_crossover, draw_test_errors
    from verify.figures.linear_and_nonlinear_diagram import draw_shared_diagram
    from verify.measurements.crossover_exponents import crossover_exponents
    from verify.reports.crossover import exponents_json

    # First what took minutes; a figure that fails loses nothing.
    data = datasets["crossover"]
    paths = [save_dataset(x, folder / f"{name}.nc") for name, x in datasets.items()]
    exponents = crossover_exponents(data, datasets.get("crossover_ensembles"))
    paths.append(save_text(exponents_json(exponents), folder / "crossover_exponents.json"))
    figures = {
        "crossover": lambda: draw_crossover(data, exponents, datasets.get("crossover_ensembles")),
        "crossover_errors": lambda: draw_test_errors(data),
        "crossover_diagram": lambda: draw_shared_diagram(datasets["crossover_linear"], data),
    }
    for name, draw in figures.items():
        paths += save_drawn(draw, folder, name)
    return paths, exponents
