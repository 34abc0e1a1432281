"""Where each module holds, from the opening docstrings: ``.. ranges:: PACKAGE``."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

from dependencies import depend_on
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

__all__ = ["setup"]

#: The sentence of a docstring that states the range, up to the source or a blank line.
HOLDS = re.compile(r"^((?:It h|H)olds?\b.+?)(?=\n\n|\bSource\b|\Z)", re.MULTILINE | re.DOTALL)

#: Nothing of its own is said by a module that points to others.
ELSEWHERE = re.compile(r"as (?:there|in those modules)")


class RangesDirective(SphinxDirective):
    """Write the range of every module of a package that states one."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a list with an entry a module."""
        package = import_module(self.arguments[0])
        depend_on(self, package)
        lines = []
        for path in sorted(Path(package.__file__).parent.glob("*.py")):
            docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
            found = HOLDS.search(docstring)
            if found and not ELSEWHERE.search(found.group(1)):
                text = " ".join(found.group(1).split())
                lines += [f":mod:`{package.__name__}.{path.stem}`", f"   {text}", ""]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directive."""
    app.add_directive("ranges", RangesDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
