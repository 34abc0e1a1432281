"""When a run ends: the paper's stopping rule, and others of the same form.

The conditions are :func:`theory.published_rules.stop_conditions`, whose published numbers are the
defaults; here they are asked after each iteration of a run that is trained.

Source: the published experiments of Tu, Aranguri and Jacot 2024.  They look at 750 states, the
first and those after 749 steps; here at most ``iterations`` steps are made.
"""

from __future__ import annotations

import attrs

from numerics.kernels.cache import load
from numerics.support.settings import setting
from numerics.support.validation import check_count, check_nonnegative
from theory.kernels.mode_recursion import stopping_module
from theory.published_rules import stop_conditions
from theory.published_settings import STOPPING

__all__ = ["REASONS", "StoppingRule", "StoppingWatch"]

#: Why a run ended; the code in results is the place in this list.
REASONS = (*stop_conditions(), "iteration_limit", "diverged", "failed")


@attrs.frozen
class StoppingRule:
    """When to stop; zero switches a condition off.

    Attributes
    ----------
    train_error : float
        Stop below this train error.
    test_rises : int
        Stop when the test error rose this many times running; 0 for never.
    stall : float
        Stop when the train error changed by less than this in a step ...
    fall : float
        ... after it fell by more than this in all.
    after : int
        The last two conditions count after this iteration.
    """

    train_error: float = setting(check_nonnegative, STOPPING.train_error)
    test_rises: int = setting(check_count, STOPPING.test_rises)
    stall: float = setting(check_nonnegative, STOPPING.stall)
    fall: float = setting(check_nonnegative, STOPPING.fall)
    after: int = setting(check_count, STOPPING.after)

    def watch(self, train_error: float, test_error: float) -> StoppingWatch:
        """Return a watch over one run that starts with these errors."""
        return StoppingWatch(self, train_error, test_error)


class StoppingWatch:
    """Sees the errors of a run one iteration at a time and tells when it should end."""

    def __init__(self, rule: StoppingRule, train_error: float, test_error: float) -> None:
        self._settings = attrs.astuple(rule)
        self._reason = load(stopping_module(), loops="stopping").reason
        self._first = self._train = float(train_error)
        self._test = test_error
        self._iteration = self._rises = 0

    def start(self) -> str | None:
        """Return the reason to stop before the first step, None if there is none."""
        return self._ask(self._first)

    def see(self, train_error: float, test_error: float) -> str | None:
        """Return the reason to stop after one more iteration, None to go on."""
        self._iteration += 1
        self._rises = self._rises + 1 if test_error > self._test else 0
        self._test = test_error
        return self._ask(float(train_error))

    def _ask(self, train: float) -> str | None:
        seen = self._iteration, self._rises, train, self._train, self._first
        self._train = train
        place = self._reason(*seen, *self._settings)
        return REASONS[place] if place >= 0 else None
