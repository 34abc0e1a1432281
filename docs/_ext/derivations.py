"""The pages of mathematics: theory's own derivations, proved while the site is built.

``.. derivation:: TOPIC`` writes the steps of ``theory.derive(TOPIC)``; a false identity raises
and ends the build.  ``.. derivation-pages::`` lists one page a topic of ``theory.TOPICS``, which
:func:`write_pages` makes before Sphinx reads its sources: a new topic needs no edit here.
"""

from __future__ import annotations

from pathlib import Path

from dependencies import depend_on
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import theory

__all__ = ["setup"]

FOLDER = "mathematics"


class DerivationDirective(SphinxDirective):
    """Write one derivation: where it holds, its numbered steps and its source."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Prove the topic and return its nodes."""
        topic = self.arguments[0]
        depend_on(self, theory)
        derivation = theory.derive(topic)
        found: list[nodes.Node] = [_line("Holds", derivation.holds)]
        for number, step in enumerate(derivation, start=1):
            latex = step._repr_latex_().strip("$").removeprefix("\\displaystyle ")
            text = nodes.paragraph()
            text += nodes.inline(text=f"({number}) {step.mark}", classes=["step", step.mark])
            text += nodes.Text(f" {step.text}")
            found += [
                text,
                nodes.math_block(
                    latex, latex, nowrap=True, number=None, label=None, docname=self.env.docname
                ),
            ]
        return [*found, _line("Source", derivation.source)]


class DerivationPages(SphinxDirective):
    """Write the table of contents of the topics, in their order."""

    def run(self) -> list[nodes.Node]:
        """Return the table of contents."""
        depend_on(self, theory)
        pages = [f"   /{FOLDER}/{topic}" for topic in theory.TOPICS]
        return self.parse_text_to_nodes("\n".join([".. toctree::", "", *pages]))


def write_pages(app: Sphinx) -> None:
    """Write a page for each topic, where its text changes, and remove those of former topics."""
    folder = Path(app.srcdir, FOLDER)
    folder.mkdir(exist_ok=True)
    pages = {}
    for topic, (title, _) in theory.TOPICS.items():
        pages[folder / f"{topic}.rst"] = f"{title}\n{'=' * len(title)}\n\n.. derivation:: {topic}\n"
    for path in set(folder.glob("*.rst")) - pages.keys():
        path.unlink()
    for path, text in pages.items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def _line(name: str, text: str) -> nodes.paragraph:
    line = nodes.paragraph()
    line += nodes.strong(text=f"{name}: ")
    line += nodes.Text(text)
    return line


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directives and the pages."""
    app.add_directive("derivation", DerivationDirective)
    app.add_directive("derivation-pages", DerivationPages)
    app.connect("builder-inited", write_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
