"""When a run ends: the paper's stopping rule, and others of the same form.

After iteration k with train errors ``l_k`` and test errors ``e_k`` a run stops, in this order, if

- ``l_k < train_error``;
- ``k > after`` and ``e_{k-2} < e_{k-1} < e_k`` (``test_rises`` = 2 rises running);
- ``k > after``, ``|l_k - l_{k-1}| < stall`` and ``l_0 - l_k > fall``.

Source: the published experiments of Tu, Aranguri and Jacot 2024, whose values are the defaults.
They look at 750 states, the first and those after 749 steps; here at most ``iterations`` steps
are made.
"""

from __future__ import annotations

from dataclasses import dataclass

from numerics.support.validation import check_dimension, check_nonnegative

__all__ = ["REASONS", "StoppingRule", "StoppingWatch"]

#: Why a run ended; the code in results is the place in this list.
REASONS = (
    "train_error_small",
    "test_error_rose",
    "train_error_stalled",
    "iteration_limit",
    "diverged",
    "failed",
)


@dataclass(frozen=True)
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

    train_error: float = 1e-3
    test_rises: int = 2
    stall: float = 2e-4
    fall: float = 1e-2
    after: int = 3

    def __post_init__(self) -> None:
        """Check each value and store it in one form."""
        for name in ("train_error", "stall", "fall"):
            object.__setattr__(self, name, check_nonnegative(name, getattr(self, name)))
        for name in ("test_rises", "after"):
            value = check_nonnegative(name, getattr(self, name))
            whole = check_dimension(name, value) if value else 0
            object.__setattr__(self, name, whole)

    def watch(self, train_error: float, test_error: float) -> StoppingWatch:
        """Return a watch over one run that starts with these errors."""
        return StoppingWatch(self, train_error, test_error)


class StoppingWatch:
    """Sees the errors of a run one iteration at a time and tells when it should end."""

    def __init__(self, rule: StoppingRule, train_error: float, test_error: float) -> None:
        self.rule = rule
        self._first = self._train = train_error
        self._test = test_error
        self._iteration = self._rises = 0

    def start(self) -> str | None:
        """Return the reason to stop before the first step, None if there is none."""
        return REASONS[0] if self._first < self.rule.train_error else None

    def see(self, train_error: float, test_error: float) -> str | None:
        """Return the reason to stop after one more iteration, None to go on."""
        rule = self.rule
        self._iteration += 1
        self._rises = self._rises + 1 if test_error > self._test else 0
        change = abs(train_error - self._train)
        self._train, self._test = train_error, test_error
        if train_error < rule.train_error:
            return REASONS[0]
        if self._iteration > rule.after:
            if 0 < rule.test_rises <= self._rises:
                return REASONS[1]
            if change < rule.stall and self._first - train_error > rule.fall:
                return REASONS[2]
        return None
