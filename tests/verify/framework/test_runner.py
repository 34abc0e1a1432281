"""The runner: seeds decide, failures shrink, errors count, snippets reproduce."""

import contextlib
import io
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st

from verify.claims.registry import claims_from, get_claim
from verify.framework.claim import Claim, Counterexample, Fault
from verify.framework.laws import Bound, PowerLaw, RoundOff
from verify.framework.runner import (
    PROFILES,
    Profile,
    false_alarm_rate,
    run_claim,
    run_claims,
    run_counterexamples,
    run_faults,
)

SIZES = (10.0, 20.0, 40.0, 80.0)


def claim(measure, *, cost="cheap", law=None, **more):
    return Claim(
        name=more.pop("name", "x"),
        family="f",
        statement="s",
        holds="h",
        source="o",
        problems=st.fixed_dictionaries({"n": st.integers(0, 1000), "seed": st.integers(0, 9)}),
        predict=lambda problem: (0.0, 1.0),
        measure=measure,
        law=law or Bound("bound", "reason"),
        cost=cost,
        faults=(Fault("always two", measure=lambda problem: 2.0),),
        **more,
    )


def test_a_true_claim_holds_on_as_many_problems_as_the_profile_says():
    verdict = run_claim(claim(lambda problem: 0.5), Profile(cheap=30, expensive=3), seed=1)
    assert verdict.holds
    assert verdict.examined == len(verdict.outcomes) == 30
    assert run_claim(claim(lambda problem: 0.5, cost="expensive"), Profile(30, 3)).examined == 3


def test_a_failure_shrinks_to_the_smallest_counterexample():
    verdict = run_claim(claim(lambda problem: float(problem["n"] >= 37) * 2), Profile(200, 3))
    assert not verdict.holds
    assert verdict.problem["n"] == 37


def test_a_dear_claim_is_reported_as_drawn():
    calls = []

    def measure(problem):
        calls.append(problem["n"])
        return float(problem["n"] >= 5) * 2

    verdict = run_claim(claim(measure, cost="expensive"), Profile(200, 50))
    assert not verdict.holds
    assert len(calls) == len(set(calls)) or verdict.examined == len(calls)
    assert verdict.problem["n"] == calls[-1]


ERRORS = (ValueError, RuntimeError, ZeroDivisionError, KeyError, TypeError)


@pytest.mark.parametrize("error", ERRORS)
def test_errors_become_failures_with_their_message(error):
    def measure(problem):
        raise error("broken here")

    verdict = run_claim(claim(measure))
    assert not verdict.holds
    assert "broken here" in verdict.error
    assert math.isinf(verdict.outcome.share_of_bound)


def test_nan_is_a_failure():
    assert not run_claim(claim(lambda problem: math.nan)).holds


def test_the_seed_decides_what_is_drawn():
    def problems_of(seed):
        seen = []
        run_claim(claim(lambda problem: float(seen.append(dict(problem)) or 0)), seed=seed)
        return seen

    assert problems_of(3) == problems_of(3)
    assert problems_of(3) != problems_of(4)


def test_the_seed_is_mixed_into_that_of_the_smallest_problem():
    """hypothesis draws its simplest problem first, whatever the seed."""
    firsts = set()
    for seed in range(5):
        seen = []
        run_claim(claim(lambda problem, s=seen: float(s.append(problem["seed"]) or 0)), seed=seed)
        firsts.add(seen[0])
    assert len(firsts) == 5


def test_the_worst_problem_is_kept():
    verdict = run_claim(claim(lambda problem: problem["n"] / 2000), Profile(50, 3))
    assert verdict.problem["n"] / 2000 == pytest.approx(float(verdict.outcome.measured), rel=1e-3)
    assert verdict.outcome.share_of_bound == max(x.share_of_bound for x in verdict.outcomes)


def test_faults_and_limits_are_expected_to_fail():
    counterexample = Counterexample("wider", {"n": 1, "seed": 0}, "no", measure=lambda problem: 3.0)
    held = claim(lambda problem: 0.5, counterexamples=(counterexample,))
    (caught,), (refuted,) = run_faults([held]), run_counterexamples([held])
    assert not caught.holds
    assert caught.as_expected
    assert not refuted.holds
    assert refuted.as_expected
    harmless = replace(held, faults=(Fault("nothing", measure=lambda problem: 0.1),))
    assert not run_faults([harmless])[0].as_expected


def test_every_verdict_is_watched():
    seen = []
    verdicts = run_claims([claim(lambda x: 0.5), claim(lambda x: 2.0)], watch=seen.append)
    assert verdicts == seen
    assert [x.holds for x in seen] == [True, False]


def test_a_profile_that_draws_none_leaves_claims_out():
    long, short = claim(lambda problem: 0.5, cost="long"), claim(lambda problem: 0.5)
    assert PROFILES["quick"].long == 0 < PROFILES["standard"].long < PROFILES["thorough"].long
    assert [x.claim for x in run_claims([long, short])] == [short]
    assert [x.claim for x in run_faults([long, short])] == [short]
    assert len(run_claims([long], profile="standard")) == 1
    with pytest.raises(ValueError, match="one that examines long claims, got 'quick'"):
        run_claim(long, "quick")


def test_products_run_on_one_thread():
    from threadpoolctl import threadpool_info

    def threads(problem):
        np.ones((2, 2)) @ np.ones((2, 2))
        found = [x["num_threads"] for x in threadpool_info() if x["user_api"] == "blas"]
        return float(max(found, default=1) > 1) * 2

    assert run_claim(claim(threads)).holds


def test_unknown_profiles_are_refused():
    with pytest.raises(ValueError, match="'quick', 'standard', 'thorough'"):
        run_claim(claim(lambda problem: 0.5), "slow")


def test_false_alarms_add_up():
    law = PowerLaw("size", SIZES)
    statistical = claim(lambda problem, size: 1 / size, law=law, cost="expensive")
    sure = claim(lambda problem: 0.5)
    rate = false_alarm_rate([statistical, sure], Profile(cheap=1000, expensive=10))
    assert rate == pytest.approx(1 - (1 - law.false_alarm) ** 10)
    assert false_alarm_rate([sure], "thorough") == 0


def executed(snippet):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(snippet, {})
    return out.getvalue().strip()


def test_snippets_of_claims_reproduce_the_outcome():
    verdict = run_claim(get_claim("equation-1"), seed=3)
    assert executed(verdict.snippet) == str(verdict.outcome)


def test_snippets_of_faults_reproduce_the_outcome():
    chosen = get_claim("kernel-lift")
    for fault in chosen.faults:
        verdict = run_claim(chosen, seed=3, fault=fault)
        assert not verdict.holds
        assert executed(verdict.snippet) == str(verdict.outcome)


def test_snippets_of_limits_reproduce_the_outcome():
    (verdict,) = run_counterexamples([get_claim("units")])
    assert executed(verdict.snippet) == str(verdict.outcome)


OWN = """
import numpy as np
from hypothesis import strategies as st
from verify.framework.claim import Claim, Fault
from verify.framework.laws import RoundOff

CLAIMS = (Claim(name="wrong", family="own", statement="1 = 2", holds="nowhere", source="none",
    problems=st.fixed_dictionaries({"x": st.integers(1, 50)}), predict=lambda p: np.array(1.0),
    measure=lambda p: np.array(2.0), law=RoundOff(),
    faults=(Fault("right", measure=lambda p: np.array(1.0)),)),)
"""


def test_snippets_of_own_claims_read_their_file(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    (own,) = claims_from(tmp_path / "own.py").values()
    verdict = run_claim(own)
    assert verdict.problem == {"x": 1}
    assert executed(verdict.snippet) == str(verdict.outcome)


def test_equal_runs_give_equal_verdicts():
    first, second = (run_claim(get_claim("closed-form"), seed=9) for _ in range(2))
    assert first.outcome == second.outcome
    assert first.problem == second.problem
    assert first.outcomes == second.outcomes


def test_profiles_grow():
    quick, standard, thorough = (PROFILES[x] for x in ("quick", "standard", "thorough"))
    assert quick.cheap < standard.cheap < thorough.cheap
    assert quick.expensive < standard.expensive < thorough.expensive
    assert quick.expensive >= 2, "the first problem is hypothesis' simplest, always the same"


def test_the_law_of_round_off_serves_scalars():
    held = replace(
        claim(lambda problem: np.float64(1.0), law=RoundOff()), predict=lambda problem: 1.0
    )
    assert run_claim(held).holds
