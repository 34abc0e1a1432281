"""``mixed-dynamics figure1``: Figure 1 of Tu, Aranguri and Jacot 2024."""

from __future__ import annotations

import argparse

from theory.published_settings import FIGURE1

__all__ = ["add", "run"]


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "figure1",
        help="Figure 1 of Tu, Aranguri and Jacot 2024, at its own size",
        description="Train gradient descent beside the self-consistent dynamics, and draw the "
        "errors and singular values (Figure 1 of Tu, Aranguri and Jacot 2024).",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = command.add_argument
    add("--d", type=int, default=FIGURE1.d, help="dimension of the d x d matrices")
    add("--rank", type=int, default=FIGURE1.rank, help="rank of the true matrix A*")
    add(
        "--gamma-sigma2",
        type=float,
        default=FIGURE1.gamma_sigma2,
        help="initial variance = d^gamma",
    )
    add("--gamma-w", type=float, default=FIGURE1.gamma_w, help="width = int(d^gamma)")
    add("--iterations", type=int, default=FIGURE1.iterations, help="steps of gradient descent")
    add("--learning-rate", type=float, help="in place of the paper's rule")
    add("--seed", type=int, default=0, help="root of all randomness")
    add(
        "--scheme",
        choices=("published", "exact"),
        default="published",
        help="self-consistent dynamics by Euler steps of equation (1), as published, or by the "
        "lift in the steps of gradient descent: then the width alone tells them apart",
    )
    add(
        "--update",
        choices=("sequential", "simultaneous"),
        default="sequential",
        help="layers one after the other, as published, or at once (scheme exact)",
    )
    add("--output", default="results", metavar="DIR", help="folder, made if need be")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from tqdm import tqdm

    from verify.cli.output_files import prepare_folder, save_result

    folder = prepare_folder(options.output)
    from numerics.phase_diagram.figure1 import Timings, figure1
    from verify.figures.figure1 import draw_figure1
    from verify.reports.figure1 import figure1_table

    timings = Timings()
    with tqdm(total=options.iterations, unit="iteration", disable=None) as bar:
        data = figure1(
            d=options.d,
            rank=options.rank,
            gamma_sigma2=options.gamma_sigma2,
            gamma_w=options.gamma_w,
            iterations=options.iterations,
            seed=options.seed,
            scheme=options.scheme,
            update=options.update,
            learning_rate=options.learning_rate,
            progress=bar.update,
            timings=timings,
        )
    with timings.part("figure and files"):
        paths = save_result(data, lambda: draw_figure1(data), folder, "figure1")
    print(figure1_table(data, timings.seconds))
    print("wrote " + ", ".join(str(path) for path in paths))
    return 0
