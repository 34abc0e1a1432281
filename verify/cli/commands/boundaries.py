"""``mixed-dynamics boundaries``: the regimes in the plane of exponents, derived."""

from __future__ import annotations

import argparse

from verify.cli.commands.range_arguments import allow_negative_ranges, two_numbers

__all__ = ["add", "run"]


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "boundaries",
        help="the regimes and their boundaries in the plane of exponents",
        description="Draw the plane of exponents with the regimes named, the boundaries labelled "
        "with their equations, and the exponent of the smallest test error as colour. With --d "
        "also the boundaries at that dimension, constants and logarithms included.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    allow_negative_ranges(command)
    option = command.add_argument
    option(
        "--gamma-sigma2",
        type=two_numbers,
        default=(-3.0, 0.0),
        metavar="A:B",
        help="range of the exponent of the initial variance",
    )
    option(
        "--gamma-w",
        type=two_numbers,
        default=(0.0, 2.8),
        metavar="A:B",
        help="range of the exponent of the width",
    )
    option("--p", type=float, default=1.0, help="singular values of the signal are d^p")
    option("--q", type=float, default=0.0, help="noise entries are d^q")
    option("--kappa", type=float, default=0.0, help="the rank is d^kappa")
    option("--gap", type=float, default=0.0, help="exponent of sigma1^2 minus that of sigma2^2")
    option("--d", type=int, help="also draw the boundaries at this dimension")
    option("--rank", type=float, help="rank there, in place of d^kappa")
    option("--points", type=int, default=281, help="points along each axis")
    option("--output", default="results", metavar="DIR", help="folder, made if need be")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from verify.cli.output_files import prepare_folder, save_result

    folder = prepare_folder(options.output)
    from numerics.regimes.exponent_plane import exponent_plane
    from verify.figures.boundaries import draw_boundaries

    data = exponent_plane(
        options.gamma_sigma2,
        options.gamma_w,
        p=options.p,
        q=options.q,
        kappa=options.kappa,
        gap=options.gap,
        points=options.points,
        d=options.d,
        rank=options.rank,
    )
    paths = save_result(data, lambda: draw_boundaries(data), folder, "boundaries")
    from numerics.kernels.derived import stored
    from numerics.regimes.plane_formulas import boundary_equations

    for name, source, equation in stored(boundary_equations):
        print(f"{name:34}{source:7}{equation}")
    print("wrote " + ", ".join(str(path) for path in paths))
    return 0
