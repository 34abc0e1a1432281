"""The names that a package offers by itself, as a table with links to where they are defined.

``.. public-names:: PACKAGE`` lists the names of the package's ``__init__.pyi`` in their order.
"""

from __future__ import annotations

from importlib import import_module

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
        lines += [f"   ~{module}.{name}" for name, module in package._EXPORTS.items()]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directive."""
    app.add_directive("public-names", PublicNamesDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
