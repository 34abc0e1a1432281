"""What a terminal can show: letters beyond its encoding are spelled out in ASCII.

Formulas have Greek letters, superscripts and subscripts: on a terminal without them sigma is
written ``sigma``, a square ``^2``, an index ``_0``.  A reader that has gone away, as ``head`` does,
ends a command quietly.
"""

from __future__ import annotations

import codecs
import locale
import os
import sys
import unicodedata
from itertools import groupby

__all__ = ["fit_terminal", "hush", "spelled_out"]

#: Signs that Unicode does not decompose, each as plain text.
SIGNS = {
    "\u22c5": "*",  # dot operator
    "\u00d7": "x",  # multiplication sign
    "\u221e": "oo",  # infinity
    "\u2212": "-",  # minus sign, which superscripts contain
    "\u2207": "grad ",
    "\u2264": "<=",
    "\u2265": ">=",
    # What brackets, roots, fractions and arrows are drawn with, a letter for a letter.
    **dict.fromkeys("\u2500\u203e\u23af", "-"),
    **dict.fromkeys("\u2571\u239b\u23a0", "/"),
    **dict.fromkeys("\u2572\u239d\u239e", "\\"),
    **dict.fromkeys("\u2502\u239c\u239f\u2320\u23ae\u2321\u239a\u23aa", "|"),
    **dict.fromkeys("\u23a1\u23a2\u23a3", "["),
    **dict.fromkeys("\u23a4\u23a5\u23a6", "]"),
    **dict.fromkeys("\u23a7\u23a8\u23a9", "{"),
    **dict.fromkeys("\u2016\u2225", "|"),
    "\u2192": ">",
    "\u221a": "V",
    "\u27e8": "<",
    "\u27e9": ">",
}
_MARKS = {"<super>": "^", "<sub>": "_"}
_HANDLER = "mixed_dynamics_spelled_out"


def fit_terminal() -> None:
    """Let standard output and error show any text, in ASCII where the terminal has no more."""
    # In the C locale Python writes UTF-8 that the terminal was never asked for.
    plain = locale.setlocale(locale.LC_CTYPE) in ("C", "POSIX") and "PYTHONIOENCODING" not in (
        os.environ
    )
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_HANDLER, **({"encoding": "ascii"} if plain else {}))


def hush() -> None:
    """Let what is still to be written to a reader that has gone go nowhere."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def spelled_out(text: str) -> str:
    """Return a text in ASCII.

    Examples
    --------
    >>> spelled_out("σ² + s₀ + D⁻¹⋅é")
    'sigma^2 + s_0 + D^-1*e'
    """
    return text.encode("ascii", _HANDLER).decode("ascii")


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    parts = []
    for kind, letters in groupby(missing, lambda x: unicodedata.decomposition(x).split(" ")[0]):
        parts.append(_MARKS.get(kind, "") + "".join(map(_letter, letters)))
    return "".join(parts), error.end


def _letter(letter: str) -> str:
    if letter in SIGNS:
        return SIGNS[letter]
    base = "".join(
        SIGNS.get(x, x)
        for x in unicodedata.normalize("NFKD", letter)
        if not unicodedata.combining(x)
    )
    if base.isascii():
        return base
    words = unicodedata.name(base[0], "").split()
    if words[:1] == ["GREEK"] and "LETTER" in words:
        name = words[words.index("LETTER") + 1]
        return name.capitalize() if "CAPITAL" in words else name.lower()
    return letter.encode("ascii", "backslashreplace").decode("ascii")


codecs.register_error(_HANDLER, _spell)
