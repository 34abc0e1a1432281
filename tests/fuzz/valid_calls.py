"""One small valid call of every public callable: what the fuzzer starts from.

A call names the kind (:mod:`kinds`) of each argument that the callable has, with ``?`` after it
where None stands for "not given".  Arguments without a value in the call are left out of it, and
tried all the same.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Call", "temporary"]


@dataclass(frozen=True)
class Call:
    """A valid call.

    Attributes
    ----------
    make : callable
        Returns what is called; a bound method of a new object, where calls change it.
    arguments : callable
        Returns the arguments by name.
    kinds : dict
        The kind of each argument.
    called : dict
        What messages call an argument, where its own name is not what the user knows it by.
    slow : bool
        Whether an accepted value costs so much that the quick run leaves it out.
    """

    make: Callable
    arguments: Callable
    kinds: dict
    called: dict = field(default_factory=dict)
    slow: bool = False


def temporary():
    """Return a new empty folder."""
    return tempfile.mkdtemp()
