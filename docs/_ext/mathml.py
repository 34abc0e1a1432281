"""Formulas as MathML, drawn by the browser itself: no script, no fonts to load, no network.

MathJax would be fetched from elsewhere or add megabytes to the site; docutils, which Sphinx needs
anyway, converts LaTeX, and every browser in use draws the result.  What docutils cannot convert
is a warning, and so an error of the build.
"""

from __future__ import annotations

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

__all__ = ["setup"]

logger = logging.getLogger(__name__)


def convert(node: nodes.Element, *, as_block: bool) -> str:
    """Return the LaTeX of a node as MathML; as it stands, with a warning, where that fails."""
    text = node.astext()
    try:
        return tex2mathml(text, as_block=as_block)
    except (MathError, SyntaxError) as error:
        logger.warning("no MathML for %s: %s", text, error, location=node)
        return nodes.literal(text, text).astext()


def visit_math(translator: object, node: nodes.math) -> None:
    """Write a formula in a line of text."""
    translator.body.append(f'<span class="math">{convert(node, as_block=False)}</span>')
    raise nodes.SkipNode


def visit_math_block(translator: object, node: nodes.math_block) -> None:
    """Write a formula in a line of its own, which scrolls where it is wider than the page."""
    # A region that scrolls must be reached with the keyboard.
    start = '<div class="math" tabindex="0">'
    translator.body.append(f"{start}{convert(node, as_block=True)}</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, object]:
    """Register the renderer as ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
