"""Pages that are printed from code are read again when the code has changed."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from sphinx.util.docutils import SphinxDirective

__all__ = ["depend_on"]


def depend_on(directive: SphinxDirective, package: ModuleType) -> None:
    """Note every file of a package as a source of the page that holds the directive."""
    for path in Path(package.__file__).parent.rglob("*.py"):
        directive.env.note_dependency(str(path))
