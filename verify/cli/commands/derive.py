"""``mixed-dynamics derive``: print a derivation."""

from __future__ import annotations

import argparse

__all__ = ["add", "run"]


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "derive",
        help="print a derivation, proved by sympy",
        description="Print a derivation. sympy proves each step when it is printed for the first "
        "time, and again after any change of the formulas.",
    )
    command.add_argument("topic", nargs="?", help="one topic; all of them if left out")
    command.add_argument("--latex", action="store_true", help="print a LaTeX document")
    command.add_argument("--list", action="store_true", help="list the topics")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from numerics.kernels.derived import stored
    from theory.topics import TOPICS, derivation_text, latex_document

    if options.list:
        for topic, (title, _) in TOPICS.items():
            print(f"{topic:20} {title}")
        return 0
    chosen = list(TOPICS) if options.topic is None else [options.topic]
    shown = [stored(derivation_text, topic, options.latex) for topic in chosen]
    print(latex_document(shown) if options.latex else "\n\n".join(shown))
    return 0
