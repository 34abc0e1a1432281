"""The reference of the command line, read from the parser itself.

``.. command-line::`` writes a section a command of ``verify.cli.main.build_parser()``: what it
does, its usage, and every option with its default.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from dependencies import depend_on
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import verify
from verify.cli.main import build_parser

__all__ = ["setup"]


class CommandLineDirective(SphinxDirective):
    """Write every command with its options."""

    def run(self) -> list[nodes.Node]:
        """Return a section a command."""
        depend_on(self, verify)
        return [_section(name, command) for name, command in _commands(build_parser())]


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    # argparse has no public way to list what was added.
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _section(name: str, command: argparse.ArgumentParser) -> nodes.section:
    section = nodes.section(ids=[f"command-{name}"], names=[f"command {name}"])
    section += nodes.title(text=name)
    section += nodes.paragraph(text=command.description)
    usage = f"{command.prog} [options]"
    options = nodes.definition_list()
    for action in command._actions:
        if not action.option_strings:
            usage += f" [{action.metavar or action.dest}]"
        if "--help" not in action.option_strings:
            options += _option(action)
    section += nodes.literal_block(usage, usage, language="text")
    section += options
    return section


def _option(action: argparse.Action) -> nodes.definition_list_item:
    term = nodes.term()
    term += nodes.literal(text=", ".join(action.option_strings) or action.metavar or action.dest)
    values = _values(action)
    if values:
        term += nodes.Text(f" {values}")
    text = (action.help or "") % (vars(action) | {"prog": "mixed-dynamics"})
    if action.default not in (None, False, argparse.SUPPRESS) and "%(default)" not in text:
        default = action.default
        shown = " ".join(map(str, default)) if isinstance(default, list | tuple) else default
        text += f" (default: {shown})"
    return nodes.definition_list_item("", term, nodes.definition("", nodes.paragraph(text=text)))


def _values(action: argparse.Action) -> str:
    """Return what an option takes, as the terminal shows it."""
    if action.nargs == 0 or not action.option_strings:
        return ""
    if action.choices:
        return "{" + ", ".join(map(str, action.choices)) + "}"
    name = action.metavar or action.dest.upper()
    if isinstance(name, tuple):
        return " ".join(name)
    return {"+": f"{name} ...", "*": f"[{name} ...]", "?": f"[{name}]"}.get(action.nargs, name)


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directive."""
    app.add_directive("command-line", CommandLineDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
