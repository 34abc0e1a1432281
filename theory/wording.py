r"""What an error message says of the value that came: short and in one line."""

from __future__ import annotations

import numbers

__all__ = ["in_one_line", "shown"]

#: Longest repr that a message gives; of longer ones it gives the type.
LONGEST = 60

#: Longest part of another error's words.
LONGEST_WORDS = 150


def shown(value: object) -> str:
    r"""Return a value's repr where it is short and plain, else what it is.

    Examples
    --------
    >>> shown("a\nb"), shown(1 + 1j), shown(["a"] * 1000), shown("x" * 1000)
    ("'a\\nb'", '(1+1j)', 'list', 'a text of 1000 characters')
    """
    kind = type(value).__name__
    if kind == "ndarray":
        return f"an array of {value.dtype}, shape {value.shape}"  # type: ignore[attr-defined]
    if isinstance(value, str | bytes) and len(value) > LONGEST:
        return f"a text of {len(value)} characters"
    # Other objects may print anything, in any number of lines.
    plain = isinstance(value, bool | numbers.Number | str | bytes | type(None))
    text = repr(value) if plain else kind
    return text if len(text) <= LONGEST and text.isprintable() else kind


def in_one_line(error: BaseException) -> str:
    r"""Return what an error of another package says, in one line that is not too long.

    Examples
    --------
    >>> in_one_line(ValueError("first\n  second"))
    'first second'
    """
    return " ".join(str(error).split())[:LONGEST_WORDS]
