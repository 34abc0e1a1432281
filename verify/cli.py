"""The command line: ``mixed-dynamics COMMAND``.

Each command parses and checks its arguments, calls numerics/ for a dataset and
:mod:`verify.figures` for a figure, and writes both whole or not at all.  Exit status: 0 done,
1 a claim failed, 2 bad input or a diverged run (one line on standard error), 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from theory._version import __version__

__all__ = ["build_parser", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = build_parser().parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, TypeError, OSError) as error:
        return _complain(error)
    except RuntimeError as error:
        # Diverged runs are RuntimeErrors of our own; any other is a defect and shows its trace.
        from numerics.errors import DivergedError

        if not isinstance(error, DivergedError):
            raise
        return _complain(error)
    except KeyboardInterrupt:
        print("mixed-dynamics: interrupted, nothing written", file=sys.stderr)
        return 130


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="mixed-dynamics",
        description="How linear networks train: lazily, actively, or both at once.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_derive(commands)
    _add_figure1(commands)
    return parser


def _add_derive(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "derive",
        help="print a derivation, proved by sympy as it is printed",
        description="Print a derivation; sympy proves each step anew while it is printed.",
    )
    command.add_argument("topic", nargs="?", help="one topic; all of them if left out")
    command.add_argument("--latex", action="store_true", help="print a LaTeX document")
    command.add_argument("--list", action="store_true", help="list the topics")
    command.set_defaults(run=_derive)


def _derive(options: argparse.Namespace) -> int:
    from theory.topics import TOPICS, derive, latex_document

    if options.list:
        for topic, (title, _) in TOPICS.items():
            print(f"{topic:20} {title}")
        return 0
    chosen = list(TOPICS) if options.topic is None else [options.topic]
    derivations = [derive(topic) for topic in chosen]
    if options.latex:
        print(latex_document(derivations))
    else:
        print("\n\n".join(str(item) for item in derivations))
    return 0


def _add_figure1(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "figure1",
        help="Figure 1 of Tu, Aranguri and Jacot 2024, at its own size",
        description="Train gradient descent beside the self-consistent dynamics, and draw the "
        "errors and singular values (Figure 1 of Tu, Aranguri and Jacot 2024).",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = command.add_argument
    add("--d", type=int, default=500, help="dimension of the d x d matrices")
    add("--rank", type=int, default=5, help="rank of the true matrix A*")
    add("--gamma-sigma2", type=float, default=-1.85, help="initial variance = d^gamma")
    add("--gamma-w", type=float, default=2.25, help="width = int(d^gamma)")
    add("--iterations", type=int, default=100, help="steps of gradient descent")
    add("--learning-rate", type=float, help="in place of the paper's rule")
    add("--seed", type=int, default=0, help="root of all randomness")
    add("--update", choices=("sequential", "simultaneous"), default="sequential",
        help="layers one after the other, as published, or at once")  # fmt: skip
    add("--output", default="results", metavar="DIR", help="folder, made if need be")
    command.set_defaults(run=_figure1)


def _figure1(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from verify.output import prepare_folder, save_dataset, save_figure

    folder = prepare_folder(options.output)
    from numerics.experiments import Timings, figure1
    from verify.figures import draw_figure1
    from verify.report import figure1_table

    timings = Timings()
    with tqdm(total=options.iterations, unit="iteration", disable=None) as bar:
        data = figure1(
            d=options.d, rank=options.rank, gamma_sigma2=options.gamma_sigma2,
            gamma_w=options.gamma_w, iterations=options.iterations, seed=options.seed,
            update=options.update, learning_rate=options.learning_rate,
            progress=bar.update, timings=timings,
        )  # fmt: skip
    with timings.part("figure and files"):
        save_dataset(data, folder / "figure1.nc")
        figure = draw_figure1(data)
        paths = [save_figure(figure, folder / f"figure1.{kind}") for kind in ("png", "pdf")]
    print(figure1_table(data, timings.seconds))
    print("wrote " + ", ".join(str(path) for path in (*paths, folder / "figure1.nc")))
    return 0


def _complain(error: Exception) -> int:
    text = " ".join(str(error).split())
    print(f"mixed-dynamics: {text}", file=sys.stderr)
    return 2
