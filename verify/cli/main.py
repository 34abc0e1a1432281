"""The command line: ``mixed-dynamics COMMAND``.

Each command (:mod:`verify.cli.commands`) calls numerics/ for a dataset and
:mod:`verify.figures` for a figure, and writes both whole or not at all.  Exit status: 0
done, 1 a claim failed, 2 bad input or a diverged run (one line on standard error), 130 interrupted,
141 nobody reads what is printed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from theory._version import __version__
from verify.cli.commands import (
    advise,
    boundaries,
    crossover,
    derive,
    figure1,
    figure2,
    predict,
    report,
    verify,
)
from verify.cli.terminal import fit_terminal, hush

__all__ = ["COMMANDS", "build_parser", "main"]

#: In the order in which help lists them.
COMMANDS = (derive, boundaries, predict, advise, figure1, figure2, crossover, verify, report)


#: Longest complaint about options.
LONGEST = 300


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    fit_terminal()
    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # As a shell reports a command that SIGPIPE has ended.
        hush()
        return 141


def _run(arguments: Sequence[str] | None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        return options.run(options)
    except BrokenPipeError:
        raise
    except (ValueError, TypeError, OSError) as error:
        return _complain(error)
    except RuntimeError as error:
        # Diverged runs are RuntimeErrors of our own; any other is a defect and shows its trace.
        from numerics.support.errors import DivergedError

        if not isinstance(error, DivergedError):
            raise
        return _complain(error)
    except KeyboardInterrupt:
        print("mixed-dynamics: interrupted, nothing written", file=sys.stderr)
        return 130


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = _OneLineParser(
        prog="mixed-dynamics",
        description="How linear networks train: lazily, actively, or both at once.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    # For commands that run others.
    parser.set_defaults(run_command=main)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return parser


class _OneLineParser(argparse.ArgumentParser):
    """A parser, and with it those of the commands, that complains in one line, without usage."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is, and exit with status 2."""
        said = " ".join(message.split())
        said = said if len(said) <= LONGEST else f"{said[:LONGEST]} ..."
        self.exit(2, f"{self.prog}: {said} (see {self.prog} --help)\n")


def _complain(error: Exception) -> int:
    text = " ".join(str(error).split())
    print(f"mixed-dynamics: {text}", file=sys.stderr)
    return 2
