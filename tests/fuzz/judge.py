"""One call with bad arguments, and what became of it.

The promise: bad input is refused in one line that gives the rule, the name of the argument and
what came, as a ``ValueError`` or ``TypeError``, an error of the package's own, or an ``OSError``
for a path.  Everything else is an offence.
"""

import re
import signal
import warnings
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from accepted import ACCEPTED
from bad_values import NEARLY_RIGHT, bad_value
from kinds import KINDS
from surface import CALLS, arguments_of

from numerics import DivergedError

__all__ = ["OFFENCES", "HangError", "Verdict", "judge", "judged", "limited", "valid_call"]

#: What a call may come to; all but the first two are offences.
OFFENCES = ("forbidden", "foreign", "silent", "several lines", "warning", "hang")

#: A call may take as much of the processor, and of the clock.
PROCESSOR_SECONDS, WALL_SECONDS = 10.0, 60.0

#: A diverged run names its learning rate and the limit, whatever argument made it diverge.
NAMELESS = (DivergedError,)

LONGEST = 600


@dataclass(frozen=True)
class Verdict:
    """What became of a call: "refused", "accepted", or an offence; and the words of it."""

    kind: str
    detail: str = ""


class HangError(BaseException):
    """A call took too long; no ``except Exception`` of the package catches it."""


def valid_call(name):
    """Make the valid call of a callable, and return what it returns."""
    call = CALLS[name]
    return call.make()(**call.arguments())


def judge(name, changes):
    """Make a call with some arguments replaced by bad values and judge it.

    Parameters
    ----------
    name : str
        Of the callable.
    changes : dict
        Names of bad values by the names of arguments.
    """
    call = CALLS[name]
    arguments = call.arguments()
    bad = {
        argument: bad_value(value, arguments.get(argument)) for argument, value in changes.items()
    }
    harmless = all(
        _may_be_silent(name, x, changes[x], value, arguments.get(x)) for x, value in bad.items()
    )
    # A generator is used up by the look at it: what is passed is made anew.
    passed = {
        argument: bad_value(value, arguments.get(argument)) for argument, value in changes.items()
    }
    function = call.make()
    try:
        with warnings.catch_warnings(), limited():
            warnings.simplefilter("error")
            _used_up(function(**(arguments | passed)))
    except HangError:
        return Verdict("hang", f"more than {PROCESSOR_SECONDS:g} s")
    except Warning as warning:
        return Verdict("warning", f"{type(warning).__name__}: {warning}")
    except Exception as error:
        named = [*changes, *(arguments_of(name) if harmless else ())]
        return judged(error, [call.called.get(x, x) for x in named])
    finally:
        plt.close("all")
    return Verdict("accepted" if harmless else "silent")


def _used_up(result):
    """Use what is made only when it is asked for."""
    if hasattr(result, "__next__"):
        list(result)


def _may_be_silent(name, argument, value_name, value, valid):
    kind = CALLS[name].kinds[argument]
    if isinstance(valid, xr.Dataset):
        # A function need not use all of a dataset; one of another maker is none of its business.
        same = isinstance(value, xr.Dataset) and value.attrs.get("kind") == valid.attrs.get("kind")
        return value_name in NEARLY_RIGHT or same
    if kind.strip("?") == "object" and type(value) is type(valid):
        return True
    if value is None and kind.endswith("?"):
        return True
    if any((x, argument, value_name) in ACCEPTED for x in (name, "*")):
        return True
    return KINDS[kind.strip("?")](value)


def judged(error, names):
    """Judge an exception by its type and its words, one of which must be among the names."""
    text, kind = str(error), type(error).__name__
    detail = f"{kind}: {text[:160]}"
    if isinstance(error, np.linalg.LinAlgError) or not isinstance(
        error, (ValueError, TypeError, OSError, *NAMELESS)
    ):
        return Verdict("forbidden", detail)
    if "\n" in text.strip() or len(text) > LONGEST:
        return Verdict("several lines", detail)
    # An OSError names the path at fault.
    if isinstance(error, NAMELESS) or (isinstance(error, OSError) and error.filename):
        return Verdict("refused", detail)
    if not any(re.search(rf"\b{re.escape(x)}\b", text, re.IGNORECASE) for x in names):
        return Verdict("foreign", detail)
    return Verdict("refused", detail)


@contextmanager
def limited():
    """Stop what is inside with a `HangError` when it takes too long."""

    def stop(*_):
        raise HangError

    handlers = [signal.signal(x, stop) for x in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, PROCESSOR_SECONDS)
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
    try:
        yield
    finally:
        for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
            signal.setitimer(timer, 0)
        for number, handler in zip((signal.SIGPROF, signal.SIGALRM), handlers, strict=True):
            signal.signal(number, handler)
