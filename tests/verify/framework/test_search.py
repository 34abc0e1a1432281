"""The search: every claim once, then those nearest to their bounds, until the clock says stop."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import strategies as st

from verify.framework.claim import Claim, Fault
from verify.framework.laws import Bound, PowerLaw
from verify.framework.runner import Profile
from verify.framework.search import chance_of_failure, search_claims

FEW = Profile(cheap=4, expensive=2)


def claim(name, measure, **more):
    return Claim(
        name=name,
        family="f",
        statement="s",
        holds="h",
        source="o",
        problems=st.fixed_dictionaries({"n": st.integers(0, 999), "seed": st.integers(0, 9)}),
        predict=lambda problem: (0.0, 1.0),
        measure=measure,
        law=Bound("bound", "reason"),
        faults=(Fault("always two", measure=lambda problem: 2.0),),
        **more,
    )


def rounds(count):
    """Return a clock that lets so many rounds start, at a second each."""
    times = itertools.count()
    return {"minutes": (count - 0.5) / 60, "clock": lambda: float(next(times))}


def test_the_claims_nearest_to_their_bounds_are_searched():
    claims = [claim(f"far-{k}", lambda problem, k=k: 0.5 + 0.01 * k) for k in range(9)]
    claims.append(claim("near", lambda problem: 0.9))
    found = search_claims(claims, **rounds(60), profile=FEW)
    tried = {x.claim.name: x.examined for x in found}
    assert found[0].claim.name == "near"
    # All once; the rest of the rounds go to six.
    assert sorted(x for x in tried.values())[:4] == [4] * 4
    assert sum(x > 4 for x in tried.values()) == 6
    assert tried["near"] > 4
    assert sum(tried.values()) == 60 * 4


def test_problems_are_fresh_and_the_worst_is_kept():
    seen, told = [], []

    def measure(problem):
        seen.append((problem["n"], problem["seed"]))
        return 0.5 + problem["n"] / 2000

    (verdict,) = search_claims([claim("x", measure)], **rounds(8), profile=FEW, watch=told.append)
    assert verdict.examined == len(verdict.outcomes) == len(seen)
    # A repetition is hypothesis' own first problem, whose seed is another one.
    assert len(set(seen)) == len(seen)
    assert verdict.outcome.share_of_bound == max(x.share_of_bound for x in verdict.outcomes)
    assert verdict.problem["n"] == max(n for n, _ in seen)
    shares = [x.outcome.share_of_bound for x in told]
    assert shares == sorted(shares)
    assert shares[-1] == verdict.outcome.share_of_bound


def test_a_rare_failure_is_found_and_ends_the_search_of_its_claim():
    rare = claim("rare", lambda problem: 2.0 if problem["n"] > 900 else 0.5)
    (verdict,) = search_claims([rare], **rounds(400), profile=FEW)
    assert not verdict.holds
    assert verdict.problem["n"] == 901  # shrunk
    assert "claim.examine({" in verdict.snippet
    assert len(verdict.outcomes) < 1600


def test_time_may_end_before_every_claim_was_reached():
    claims = [claim(name, lambda problem: 0.5) for name in "abc"]
    found = search_claims(claims, **rounds(2), profile=FEW)
    assert {x.claim.name for x in found} == {"a", "b"}


def test_what_the_profile_leaves_out_is_not_searched():
    assert search_claims([claim("x", lambda p: 0.5, cost="long")], 1, profile=FEW) == []


def test_chance_counts_every_problem():
    law = PowerLaw("size", (10.0, 20.0, 40.0, 80.0))
    drawn = replace(claim("x", lambda problem, size: 1 / size), law=law)
    drawn = replace(drawn, predict=lambda problem: -1.0)
    (verdict,) = search_claims([drawn], **rounds(3), profile=FEW)
    assert chance_of_failure([verdict]) == pytest.approx(
        1 - (1 - law.false_alarm) ** verdict.examined
    )


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="minutes must be > 0, got 0"):
        search_claims([], 0)
