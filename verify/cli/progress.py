"""Progress of a sweep: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm

    from numerics.sweeps.run import SweepProgress

__all__ = ["ProgressReport", "duration"]

#: A log gets a line after this many seconds, or when the sweep is done.
INTERVAL = 15.0


class ProgressReport:
    """Shows the states of a sweep; call it with each.

    Parameters
    ----------
    stream : text file, optional
        Where to write (default: standard error).
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._bar: tqdm | None = None
        self._last = -INTERVAL
        self.state: SweepProgress | None = None

    def __enter__(self) -> ProgressReport:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, state: SweepProgress) -> None:
        """Show one more state."""
        self.state = state
        for note in state.notes:
            self._write(note)
        if self._stream.isatty():
            self._draw(state)
        elif state.done == state.total or time.monotonic() - self._last >= INTERVAL:
            self._last = time.monotonic()
            self._write(_line(state))

    def _draw(self, state: SweepProgress) -> None:
        if self._bar is None:
            from tqdm import tqdm

            # The time left is that of the work left: cells are of unequal cost, long ones first.
            form = "{l_bar}{bar}| {n_fmt}/{total_fmt} cells [{elapsed}{postfix}]"
            self._bar = tqdm(total=state.total, file=self._stream, bar_format=form)
        self._bar.n = state.done
        if state.share:
            left = duration(state.seconds_left)
            self._bar.set_postfix_str(f"{state.rate:.1f} cells/s, {left} left")
        self._bar.refresh()

    def _write(self, text: str) -> None:
        if self._bar is not None:
            self._bar.write(text, file=self._stream)
        else:
            print(text, file=self._stream, flush=True)


def duration(seconds: float) -> str:
    """Return a time in words.

    Examples
    --------
    >>> duration(42.4), duration(150), duration(7260)
    ('42 s', '2 min 30 s', '2 h 1 min')
    """
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if minutes == 0:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _line(state: SweepProgress) -> str:
    text = f"{state.done} of {state.total} cells"
    if not state.share:
        return text
    text += f", {state.rate:.2f} cells/s, {duration(state.seconds)} passed"
    return text if state.done == state.total else f"{text}, {duration(state.seconds_left)} left"
