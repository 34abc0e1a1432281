"""Liberties of the docstrings, which Sphinx is told about.

A formula stands indented below its sentence, without ``::``; it is shown as it is typed.  The
type of a parameter is words (``ndarray, shape (d_out, d_in)``), in which no name is a reference.
A constant's comment is a sentence, and its value is shown where it is short.
"""

from __future__ import annotations

from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject
from sphinx.util.docfields import TypedField

__all__ = ["setup"]

INDENT = " " * 4

#: Characters of a constant's value that fit a line.
SHORT = 72

OURS = ("theory", "numerics", "verify")

#: napoleon listens at 500 and turns sections into fields.
BEFORE_NAPOLEON = 400


def formulas_as_typed(app, what, name, obj, options, lines: list[str]) -> None:
    """Mark indented blocks above the first section as literal."""
    found: list[str] = []
    last = ""
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line and set(following) == {"-"}:
            found += lines[number:]
            break
        opens = line.startswith(INDENT) and not (found and found[-1])
        if opens and not last.startswith(("  ", "- ")) and not last.endswith("::"):
            found += ["::", ""]
        found.append(line)
        last = line or last
    lines[:] = found


def comments_as_sentences(app, what, name, obj, options, lines: list[str]) -> None:
    """Keep napoleon from taking the words before a colon for a type: it reads the first line."""
    if what in ("data", "attribute", "property") and lines and ":" in lines[0]:
        lines[:0] = ["..", ""]


def short_values(app, domain: str, objtype: str, content: addnodes.desc_content) -> None:
    """Leave out a constant's value where it is a table or an object without a name."""
    for annotation in list(content.parent.findall(addnodes.desc_annotation)):
        value = annotation.astext().strip()
        if value.startswith("=") and (len(value) > SHORT or "<" in value):
            annotation.parent.remove(annotation)


def written_elsewhere(app, what, name, obj, skip: bool, options) -> bool | None:
    """Leave out what another package defines in a class of ours, such as matplotlib's ``set``."""
    module = getattr(obj, "__module__", None)
    return True if callable(obj) and module and module.split(".")[0] not in OURS else None


def setup(app: Sphinx) -> dict[str, object]:
    """Register them, and take the references out of names and types."""
    app.connect("autodoc-process-docstring", formulas_as_typed, priority=BEFORE_NAPOLEON)
    app.connect("autodoc-process-docstring", comments_as_sentences, priority=BEFORE_NAPOLEON)
    app.connect("autodoc-skip-member", written_elsewhere)
    app.connect("object-description-transform", short_values)
    for field in PyObject.doc_field_types:
        if isinstance(field, TypedField):
            field.rolename = field.typerolename = ""
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
