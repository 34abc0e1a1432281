"""Bad input is refused in one line that names the argument: a few values for every argument.

The whole surface with every value: ``python tests/fuzz --calls 60000 --seed 1`` (minutes); what
reads files and text: ``python tests/fuzz parsers``; command lines: ``python tests/fuzz commands``.
"""

from dataclasses import replace

import pytest
from commands import fuzz_commands, plan_of_commands
from fuzzer import plan_of, quick_plan, run_here, run_watched
from mutation import fuzz, try_input
from parsers import PARSERS
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


def test_damaged_text_and_files_are_refused_in_one_line_that_names_them():
    tally = fuzz(calls=12 * len(PARSERS), seed=0)
    assert not tally.offences, tally.listing()
    assert min(tally.counts[x] for x in ("refused", "accepted")) > 50


def test_a_parser_that_breaks_the_promise_is_found(monkeypatch):
    broken = replace(PARSERS["axis"], read=lambda data, folder: {}[data] if data else False)
    monkeypatch.setitem(PARSERS, "axis", broken)
    assert try_input("axis", b"x").kind == "forbidden"
    assert try_input("axis", b"").kind == "silent"


def test_nonsense_for_an_option_is_one_line_that_names_it_and_status_2():
    plan = [x for x in plan_of_commands(None, seed=0) if x[0] == "figure1"]
    tally = fuzz_commands([x for x in plan if x[1] != "output" and x[2] in ("abc", "-1", "nan")])
    assert not tally.offences, tally.listing()
    assert tally.counts["refused"] > 15


@pytest.mark.slow
def test_nonsense_for_every_option_of_every_command_is_one_line():
    tally = fuzz_commands(plan_of_commands(None, seed=1))
    assert not tally.offences, tally.listing()


@pytest.mark.slow
def test_many_damaged_texts_and_files_are_refused_in_one_line():
    tally = fuzz(calls=1000 * len(PARSERS), seed=1)
    assert not tally.offences, tally.listing()


@pytest.mark.slow
def test_bad_input_is_refused_over_the_whole_surface():
    tally = run_watched(plan_of(CALLS_OF_THE_WHOLE, seed=1))
    assert not tally.offences, tally.listing()
