"""Runs claims: hypothesis draws problems, the law judges, verdicts are collected.

The problem of a failing claim is shrunk to a smallest one, which prints as a Python snippet that
reproduces it.  Problems depend on the seed of the run alone; the seeds inside them are mixed with
it, so that another run's random matrices are other ones even where hypothesis draws the same
small problem first.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import hypothesis
import numpy as np
import scipy.linalg  # noqa: F401  brings the BLAS of the kernels, whose threads are limited below
from hypothesis import HealthCheck, Phase, Verbosity, configuration, given, settings
from threadpoolctl import threadpool_limits

from numerics.kernels.storage import cache_folder
from numerics.support.object_validation import check_callable, check_many
from numerics.support.validation import check_choice, check_seed
from verify.framework.claim import Claim, Counterexample, Fault, Outcome, Problem

__all__ = [
    "PROFILES",
    "Profile",
    "Verdict",
    "false_alarm_rate",
    "run_claim",
    "run_claims",
    "run_faults",
    "run_counterexample",
    "run_counterexamples",
]

#: Of each product: matrices are small, and threads that wait for each other cost more than they
#: save, many times more where the cores are shared.
THREADS = 1

#: Errors by which an examination may stop: it has then not kept its claim.
EXAMINATION_ERRORS = (ArithmeticError, ValueError, RuntimeError, LookupError, TypeError)


@dataclass(frozen=True)
class Profile:
    """How many problems are drawn for claims of each cost; hypothesis' simplest first.

    A profile that draws none for a cost leaves the claims of that cost out.
    """

    cheap: int
    expensive: int
    long: int = 0

    def examples(self, claim: Claim) -> int:
        """Return the number of problems for a claim."""
        return getattr(self, claim.cost)


PROFILES = {
    "quick": Profile(cheap=8, expensive=2, long=0),
    "standard": Profile(cheap=60, expensive=6, long=3),
    "thorough": Profile(cheap=400, expensive=25, long=10),
}


@dataclass(frozen=True)
class Verdict:
    """What a run found about one claim.

    Attributes
    ----------
    claim : Claim
        As it stands, without the fault.
    fault : str or None
        Name of the planted fault.
    outcome : Outcome
        The worst that was seen; that of the shrunk problem where the claim failed.
    problem : mapping or None
        The problem of that outcome.
    examined : int
        Problems tried, shrinking included.
    seconds : float
        Wall time.
    error : str
        Message of an exception that stopped the examination; empty otherwise.
    outcomes : tuple of Outcome
        All that were seen, in order.
    counterexample : Counterexample or None
        The counterexample that was examined in place of the claim.
    """

    claim: Claim
    fault: str | None
    outcome: Outcome
    problem: Problem | None
    examined: int
    seconds: float
    error: str = ""
    outcomes: tuple[Outcome, ...] = ()
    counterexample: Counterexample | None = None

    @property
    def holds(self) -> bool:
        """Whether no problem refuted the claim."""
        return self.outcome.holds

    @property
    def as_expected(self) -> bool:
        """Whether a claim held, or a fault or a counterexample failed."""
        return self.holds == (self.fault is None and self.counterexample is None)

    @property
    def snippet(self) -> str:
        """Python text that reproduces the outcome."""
        name, origin = self.claim.name, self.claim.origin
        if origin:
            lines = ["from verify.claims.registry import claims_from", ""]
            lines.append(f"claim = claims_from({origin!r})[{name!r}]")
        else:
            lines = ["from verify import get_claim", "", f"claim = get_claim({name!r})"]
        if self.counterexample is not None:
            number = self.claim.counterexamples.index(self.counterexample)
            return "\n".join(
                [*lines, f"print(claim.examine_counterexample(claim.counterexamples[{number}]))"]
            )
        if self.fault:
            lines.append(
                f"claim = claim.with_fault(next(f for f in claim.faults "
                f"if f.name == {self.fault!r}))"
            )
        problem = dict(self.problem) if self.problem is not None else {}
        lines.append(f"print(claim.examine({problem!r}))")
        return "\n".join(lines)


class _BrokenError(Exception):
    """Raised inside hypothesis so that it shrinks the problem."""


@dataclass
class _Record:
    """What has been seen so far."""

    worst: tuple[Problem, Outcome, str] | None = None
    broken: tuple[Problem, Outcome, str] | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    known: dict[str, tuple[Outcome, str]] = field(default_factory=dict)


def run_claim(
    claim: Claim, profile: str | Profile = "quick", seed: int = 0, fault: Fault | None = None
) -> Verdict:
    """Draw problems for one claim and return its verdict.

    Parameters
    ----------
    claim : Claim
        What is examined.
    profile : str or Profile
        One of ``PROFILES``.
    seed : int
        Of the drawn problems.
    fault : Fault, optional
        Planted in the claim first.

    Raises
    ------
    ValueError
        If there is no such profile, or it leaves the claim out.
    """
    examples = _profile(profile).examples(claim)
    if examples < 1:
        raise ValueError(f"profile must be one that examines {claim.cost} claims, got {profile!r}")
    examined = claim.with_fault(fault) if fault else claim
    record = _Record()
    start = time.perf_counter()
    with threadpool_limits(THREADS):
        _search(examined, examples, seed, record)
    elapsed = time.perf_counter() - start
    name = fault.name if fault else None
    found = record.broken or record.worst
    assert found is not None, "hypothesis draws at least one problem"
    problem, outcome, error = found
    tried = len(record.outcomes)
    return Verdict(claim, name, outcome, problem, tried, elapsed, error, tuple(record.outcomes))


def run_counterexample(claim: Claim, counterexample: Counterexample) -> Verdict:
    """Examine what looked true and was not on the problem that refutes it."""
    start = time.perf_counter()
    with threadpool_limits(THREADS):
        outcome, error = _examine(
            lambda problem: claim.examine_counterexample(counterexample), counterexample.problem
        )
    elapsed = time.perf_counter() - start
    return Verdict(
        claim, None, outcome, counterexample.problem, 1, elapsed, error, (outcome,), counterexample
    )


def run_claims(
    claims: Iterable[Claim],
    *,
    profile: str | Profile = "quick",
    seed: int = 0,
    watch: Callable[[Verdict], None] = lambda verdict: None,
) -> list[Verdict]:
    """Run claims one after the other; ``watch`` sees each verdict as it is reached.

    Examples
    --------
    >>> from verify.claims.registry import get_claim
    >>> claims = [get_claim("balancedness-flow")]
    >>> [verdict.holds for verdict in run_claims(claims, profile=Profile(2, 1))]
    [True]
    """
    examined, seed = _examined(claims, profile, seed)
    return _watched((partial(run_claim, x, profile, seed) for x in examined), watch)


def run_faults(
    claims: Iterable[Claim],
    *,
    profile: str | Profile = "quick",
    seed: int = 0,
    watch: Callable[[Verdict], None] = lambda verdict: None,
) -> list[Verdict]:
    """Run every claim under each of its planted faults; a verdict that holds is a defect.

    Examples
    --------
    >>> from verify.claims.registry import get_claim
    >>> claims = [get_claim("balancedness-flow")]
    >>> [verdict.holds for verdict in run_faults(claims, profile=Profile(2, 1))]
    [False]
    """
    examined, seed = _examined(claims, profile, seed)
    runs = (partial(run_claim, x, profile, seed, fault) for x in examined for fault in x.faults)
    return _watched(runs, watch)


def run_counterexamples(
    claims: Iterable[Claim], *, watch: Callable[[Verdict], None] = lambda verdict: None
) -> list[Verdict]:
    """Run the claims' counterexamples; where one holds, the claim's range is too narrow.

    Examples
    --------
    >>> from verify.claims.registry import all_claims
    >>> claim = next(x for x in all_claims().values() if x.counterexamples and x.cost == "cheap")
    >>> any(verdict.holds for verdict in run_counterexamples([claim]))
    False
    """
    return _watched(
        (
            partial(run_counterexample, x, counterexample)
            for x in check_many("claims", claims, Claim)
            for counterexample in x.counterexamples
        ),
        watch,
    )


def false_alarm_rate(claims: Iterable[Claim], profile: str | Profile) -> float:
    """Return the probability that a run in which every claim is true reports a failure.

    ``1 - product (1 - level)^problems`` over claims judged by chance (the others cannot).
    """
    chosen = _profile(profile)
    keep = [(1 - x.law.false_alarm) ** chosen.examples(x) for x in claims]
    return float(1 - np.prod(keep))


def _examined(
    claims: Iterable[Claim], profile: str | Profile, seed: int
) -> tuple[list[Claim], int]:
    """Check the arguments of a run; return the claims that its profile examines, and the seed."""
    root, chosen = check_seed("seed", seed), _profile(profile)
    return [x for x in check_many("claims", claims, Claim) if chosen.examples(x)], root


def _watched(
    runs: Iterable[Callable[[], Verdict]], watch: Callable[[Verdict], None]
) -> list[Verdict]:
    check_callable("watch", watch)
    verdicts = []
    for run in runs:
        verdicts.append(run())
        watch(verdicts[-1])
    return verdicts


def _profile(profile: str | Profile) -> Profile:
    if isinstance(profile, Profile):
        return profile
    return PROFILES[check_choice("profile", profile, tuple(PROFILES))]


def _search(claim: Claim, examples: int, seed: int, record: _Record) -> None:
    # Shrinking repeats the examination many times; an expensive claim is reported as it was drawn.
    phases = [Phase.generate] + ([Phase.shrink] if claim.cost == "cheap" else [])

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(drawn=claim.problems)
    def examine(drawn: Problem) -> None:
        problem = _salted(drawn, seed)
        # hypothesis replays a failure to see whether it is stable; it is, so it is looked up.
        key = repr(problem)
        if key not in record.known:
            record.known[key] = _examine(claim.examine, problem)
            record.outcomes.append(record.known[key][0])
        outcome, error = record.known[key]
        seen = problem, outcome, error
        if record.worst is None or not outcome.share_of_bound <= record.worst[1].share_of_bound:
            record.worst = seen
        if not outcome.holds:
            record.broken = seen
            raise _BrokenError(claim.name)

    try:
        with _own_storage():
            examine()
    except _BrokenError:
        pass
    except BaseExceptionGroup as group:
        if group.split(_BrokenError)[1] is not None:
            raise


@contextmanager
def _own_storage() -> Iterator[None]:
    """Let hypothesis keep its files beside the kernels, not in the folder that the user is in."""
    held = vars(configuration).get("__hypothesis_home_directory")
    if held is None and "HYPOTHESIS_STORAGE_DIRECTORY" not in os.environ:
        configuration.set_hypothesis_home_dir(cache_folder() / "hypothesis")
    try:
        yield
    finally:
        configuration.set_hypothesis_home_dir(held)


def _examine(examine: Callable[[Problem], Outcome], problem: Problem) -> tuple[Outcome, str]:
    """Return the outcome, and the message of an error in its place."""
    try:
        return examine(problem), ""
    except EXAMINATION_ERRORS as raised:
        error = f"{type(raised).__name__}: {raised}"
        return Outcome(False, "a value", "an error", float("inf")), error


def _salted(problem: Problem, seed: int) -> Problem:
    """Mix the run's seed into that of a problem."""
    if "seed" not in problem:
        return problem
    mixed = np.random.SeedSequence([seed, problem["seed"]]).generate_state(1)[0]
    return dict(problem) | {"seed": int(mixed)}
