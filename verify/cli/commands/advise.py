"""``mixed-dynamics advise``: initial variances, width and learning rate for a task."""

from __future__ import annotations

import argparse
import codecs
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["add", "read_singular_values", "run"]

#: Trained runs of each recommendation where --check names no number.
CHECK_RUNS = 8

#: Rank where neither a rank nor singular values are given.
DEFAULT_RANK = 5


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "advise",
        help="initial variances, width and learning rate for a task, predicted",
        description="Weigh the smallest test error against the iterations to it, over initial "
        "variance, width and learning rate, by the prediction without simulation; recommend "
        "three starts (accurate, knee, fast) inside its range of validity, each with the "
        "smallest width at which it holds. Exit status 1 if --check confirms one of them not.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    option = command.add_argument
    option("--d-in", type=int, default=200, help="columns of the true matrix A*")
    option("--d-out", type=int, help="its rows, None for as many")
    option(
        "--rank",
        type=int,
        help="its rank, where entries have variance 1; None "
        f"for {DEFAULT_RANK}, or as many as there are singular values",
    )
    option(
        "--singular-values",
        metavar="FILE",
        help="singular values of A*, in place of typical ones: a .npy file, or text with one "
        "number a line",
    )
    option("--noise", type=float, default=1.0, help="standard deviation of a noise entry")
    option(
        "--budget",
        type=int,
        metavar="ITERATIONS",
        help="most iterations to the smallest test error, None for no limit",
    )
    option(
        "--learning-rate-share",
        type=float,
        default=0.5,
        help="largest share of the stability limit for the learning rate; 1/2 is fastest "
        "without overshoot",
    )
    option(
        "--max-width",
        type=float,
        metavar="WIDTH",
        help="widest network, None for 1024 times the dimension",
    )
    option(
        "--layers-unequal", action="store_true", help="let the variances of the two layers differ"
    )
    option(
        "--update",
        choices=("simultaneous", "sequential"),
        default="simultaneous",
        help="layers at once, or one after the other",
    )
    option(
        "--check",
        nargs="?",
        type=int,
        const=CHECK_RUNS,
        metavar="RUNS",
        help=f"train the recommendations, {CHECK_RUNS} runs each or as many as named, and "
        "compare; None for no training",
    )
    option("--seed", type=int, default=0, help="root of all randomness of --check")
    option("--output", default="results", metavar="DIR", help="folder, made if need be")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from verify.cli.output_files import prepare_folder, save_dataset, save_result

    folder = prepare_folder(options.output)
    from numerics.advice.advise import advise
    from numerics.advice.check import check_advice, check_runs
    from numerics.support.validation import check_seed
    from verify.figures.advice import draw_advice
    from verify.reports.advice import advice_table, check_table

    if options.check is not None:
        check_runs(options.check), check_seed("seed", options.seed)
    rank, values = options.rank, None
    if options.singular_values is not None:
        values = read_singular_values(options.singular_values)
        if rank not in (None, values.size):
            raise ValueError(
                f"rank must be the number of singular values, {values.size}, or left out, got "
                f"{rank}"
            )
        rank = None
    elif rank is None:
        rank = DEFAULT_RANK
    data = advise(
        options.d_in,
        options.d_out,
        rank=rank,
        singular_values=values,
        noise=options.noise,
        budget=options.budget,
        learning_rate_share=options.learning_rate_share,
        max_width=options.max_width,
        unequal_layers=options.layers_unequal,
        update=options.update,
    )
    save_dataset(data, folder / "advice.nc")
    print(advice_table(data))
    status = 0
    if options.check is not None:
        checked = check_advice(data, options.check, seed=options.seed)
        print("\n" + check_table(data, checked))
        data = data.merge(checked, combine_attrs="override")
        data.attrs |= {"check_seed": options.seed, "check_agreement": checked.attrs["agreement"]}
        status = 0 if checked.confirmed.all() else 1
    paths = save_result(data, lambda: draw_advice(data), folder, "advice")
    print("\nwrote " + ", ".join(str(path) for path in paths))
    return status


def read_singular_values(name: str) -> NDArray[np.float64]:
    """Read singular values from a .npy file or from text, one number a line.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it holds anything but a vector of numbers.
    """
    import numpy as np

    from numerics.support.files import read_arrays
    from numerics.support.validation import check_vector
    from theory.wording import in_one_line

    path = Path(name)
    if not path.is_file():
        raise OSError(f"singular-values must be a file, got {name}")
    try:
        if path.suffix == ".npy":
            found = read_arrays(path).get("array", np.zeros(()))
        else:
            lines = (line.partition("#")[0].strip() for line in _text(path).splitlines())
            found = np.array([float(x) for x in lines if x])
    except ValueError as error:
        rule = "a .npy vector" if path.suffix == ".npy" else "text with one number a line"
        raise ValueError(
            f"singular-values must be {rule}, got {name}: {in_one_line(error)}"
        ) from None
    values = check_vector(f"singular-values in {name}", found)
    # A singular value of 0 is none: files of whole spectra end with them.
    held = values[values != 0]
    if not held.size:
        raise ValueError(f"singular-values must have one that is not 0, got {values.size} zeros")
    return held


def _text(path: Path) -> str:
    """Return a text file's content without a byte-order mark, which tells its encoding."""
    content = path.read_bytes()
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8-sig")
