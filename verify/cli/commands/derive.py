"""``mixed-dynamics derive``: print a derivation."""

from __future__ import annotations

import argparse

__all__ = ["add", "run"]


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "derive",
        help="print a derivation, proved by sympy as it is printed",
        description="Print a derivation; sympy proves each step anew while it is printed.",
    )
    command.add_argument("topic", nargs="?", help="one topic; all of them if left out")
    command.add_argument("--latex", action="store_true", help="print a LaTeX document")
    command.add_argument("--list", action="store_true", help="list the topics")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
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
