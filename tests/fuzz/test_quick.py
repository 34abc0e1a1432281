"""Bad input is refused in one line that names the argument: a few values for every argument.

The whole surface with every value: ``python tests/fuzz --calls 60000 --seed 1`` (minutes).
"""

import pytest
from fuzzer import plan_of, quick_plan, run_here, run_watched
from surface import CALLS, NOT_CALLED, missing

#: Calls of the slow run.
CALLS_OF_THE_WHOLE = 60_000


def test_every_public_callable_has_a_valid_call_and_every_argument_a_kind():
    assert missing() == []
    assert not {*CALLS} & {*NOT_CALLED} and all(NOT_CALLED.values())


def test_bad_input_is_refused_in_one_line_that_names_the_argument():
    plan = [(name, changes) for name, changes in quick_plan() if not CALLS[name].slow]
    tally = run_here(plan)
    assert not tally.offences, tally.listing()
    assert tally.counts["refused"] > len(plan) / 2


@pytest.mark.slow
def test_bad_input_is_refused_over_the_whole_surface():
    tally = run_watched(plan_of(CALLS_OF_THE_WHOLE, seed=1))
    assert not tally.offences, tally.listing()
