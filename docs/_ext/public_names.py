"""The names that a package offers by itself, as a table with links to where they are defined.

``.. public-names:: PACKAGE`` lists the names of the package's ``__init__.pyi`` in their order.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

from dependencies import depend_on
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

__all__ = ["setup"]


class PublicNamesDirective(SphinxDirective):
    """Write the table of one package."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        package = import_module(self.arguments[0])
        depend_on(self, package)
        lines = [".. autosummary::", "   :nosignatures:", ""]
        stub = ast.parse(Path(package.__file__).with_suffix(".pyi").read_text()).body
        imports = [line for line in stub if isinstance(line, ast.ImportFrom)]
        names = [(x.module, name.asname) for x in imports for name in x.names]
        lines += [
            f"   ~{package.__name__}.{module}.{name}"
            for module, name in names
            if not name.startswith("_")
        ]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directive."""
    app.add_directive("public-names", PublicNamesDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
