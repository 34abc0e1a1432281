"""``mixed-dynamics predict``: Figure 2 of the paper from theory alone, or one cell's curves."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from theory.published_settings import FIGURE1, FIGURE2
from verify.cli.commands.range_arguments import allow_negative_ranges, check_cells

__all__ = ["add", "run"]


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "predict",
        help="the phase diagram, or one cell's curves, predicted without simulation",
        description="Predict smallest test error, its iteration, stable rank and the distance of "
        "gradient descent from the self-consistent dynamics over the plane of exponents; with "
        "--point the curves of one cell.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    allow_negative_ranges(command)
    option = command.add_argument
    option(
        "--grid-sigma2",
        default=FIGURE2.gamma_sigma2,
        metavar="A:B:N",
        help="exponents of the initial variance, first:last:count",
    )
    option(
        "--grid-w",
        default=FIGURE2.gamma_w,
        metavar="A:B:N",
        help="exponents of the width, first:last:count",
    )
    option(
        "--point",
        nargs=2,
        type=float,
        metavar=("GAMMA_SIGMA2", "GAMMA_W"),
        help="one cell in place of a grid",
    )
    option("--d", type=int, default=FIGURE2.d, help="dimension of the d x d matrices")
    option("--rank", type=int, default=FIGURE2.rank, help="rank of the true matrix A*")
    option("--noise", type=float, default=1.0, help="standard deviation of a noise entry")
    option("--iterations", type=int, default=FIGURE2.iterations, help="most steps of a run")
    option(
        "--learning-rate-divisor",
        type=float,
        default=FIGURE2.divisor,
        help="the paper's rule divides the learning rate by this "
        f"({FIGURE1.divisor:g} in Figure 1)",
    )
    option(
        "--reference",
        choices=("euler", "lift"),
        default="euler",
        help="what the distance is measured to: Euler steps of equation (1), as published, or the "
        "lift, which the width alone tells apart from gradient descent",
    )
    option(
        "--update",
        choices=("sequential", "simultaneous"),
        default="sequential",
        help="layers one after the other, as published, or at once",
    )
    option(
        "--method",
        choices=("second_order", "closed_form"),
        default="second_order",
        help="complete second order, or the fast form without the distance",
    )
    option(
        "--draws",
        type=int,
        default=64,
        help="draws of A* for the scatter over them (with --point); 0 for none",
    )
    option("--output", default="results", metavar="DIR", help="folder, made if need be")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from numerics.sweeps.axes import parse_axis
    from verify.cli.output_files import prepare_folder

    folder = prepare_folder(options.output)
    rows = parse_axis("grid-sigma2", options.grid_sigma2)
    columns = parse_axis("grid-w", options.grid_w)
    paths = _cell(options, folder) if options.point else _grid(options, rows, columns, folder)
    print("wrote " + ", ".join(str(path) for path in paths))
    return 0


def _grid(
    options: argparse.Namespace, rows: Sequence[float], columns: Sequence[float], folder: Path
) -> list[Path]:
    from numerics.prediction.grid import predict_grid
    from verify.cli.output_files import save_result
    from verify.figures.prediction import draw_predicted_panels

    check_cells(len(rows), len(columns))
    data = predict_grid(
        rows,
        columns,
        options.d,
        rank=options.rank,
        noise=options.noise,
        learning_rate_divisor=options.learning_rate_divisor,
        iterations=options.iterations,
        update=options.update,
        method=options.method,
        reference=options.reference,
    )
    sound = int((data.status == 0).sum())
    print(f"{sound} of {data.status.size} cells are inside the range of validity")
    return save_result(data, lambda: draw_predicted_panels(data), folder, "prediction")


def _cell(options: argparse.Namespace, folder: Path) -> list[Path]:
    from numerics.prediction.runs import predict_cell
    from verify.cli.output_files import save_result
    from verify.figures.prediction import REFERENCES, draw_predicted_run

    gamma_sigma2, gamma_w = options.point
    data = predict_cell(
        gamma_sigma2,
        gamma_w,
        options.d,
        rank=options.rank,
        noise=options.noise,
        learning_rate_divisor=options.learning_rate_divisor,
        iterations=options.iterations,
        update=options.update,
        reference=options.reference,
        draws=options.draws,
    )
    print(
        f"smallest test error {float(data.min_test_error):.4f} at iteration "
        f"{int(data.min_iteration)}; largest distance from {REFERENCES[options.reference]} "
        f"{float(data.max_distance):.4g}"
    )
    scatter = f"{float(data.min_test_error_deviation):.2g} around it, its singular values given"
    if options.draws:
        scatter += (
            f"; {float(data.drawn_min_test_error_deviation):.2g} around "
            f"{float(data.drawn_min_test_error):.4f} where A* is drawn"
        )
    print(f"standard deviation of one run (noise, start, A* rotated): {scatter}")
    return save_result(data, lambda: draw_predicted_run(data), folder, "prediction_cell")
