"""Runs claims: hypothesis draws problems, the law judges, verdicts are collected.

A failing claim is shrunk to its smallest counterexample, which prints as a Python snippet that
reproduces it.  Problems depend on the seed alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings

from verify.claim import Claim, Fault, Outcome, Problem

__all__ = ["PROFILES", "Profile", "Verdict", "run_claim", "run_claims", "run_faults"]


@dataclass(frozen=True)
class Profile:
    """How many problems are drawn for a cheap and for a dear claim."""

    cheap: int
    dear: int

    def examples(self, claim: Claim) -> int:
        """Return the number of problems for a claim."""
        return getattr(self, claim.cost)


PROFILES = {
    "quick": Profile(cheap=8, dear=1),
    "standard": Profile(cheap=60, dear=3),
    "thorough": Profile(cheap=400, dear=12),
}


@dataclass(frozen=True)
class Verdict:
    """What a run found about one claim.

    Attributes
    ----------
    claim : Claim
        As it was run, faults included.
    fault : str or None
        Name of the planted fault.
    outcome : Outcome
        The worst that was seen; the smallest counterexample's where the claim failed.
    problem : mapping or None
        The problem of that outcome.
    examined : int
        Problems tried, shrinking included.
    seconds : float
        Wall time.
    error : str
        Message of an exception that stopped the examination; empty otherwise.
    """

    claim: Claim
    fault: str | None
    outcome: Outcome
    problem: Problem | None
    examined: int
    seconds: float
    error: str = ""

    @property
    def holds(self) -> bool:
        """Whether no counterexample was found."""
        return self.outcome.holds

    @property
    def snippet(self) -> str:
        """Python text that reproduces the outcome."""
        lines = ["from verify.claims import get_claim", ""]
        lines.append(f"claim = get_claim({self.claim.name!r})")
        if self.fault:
            lines.append(f"claim = claim.with_fault(next(f for f in claim.faults "
                         f"if f.name == {self.fault!r}))")  # fmt: skip
        problem = dict(self.problem) if self.problem is not None else {}
        lines.append(f"print(claim.examine({problem!r}))")
        return "\n".join(lines)


class _BrokenError(Exception):
    """Raised inside hypothesis so that it shrinks the problem."""


@dataclass
class _Record:
    """What has been seen so far."""

    worst: Outcome | None = None
    worst_problem: Problem | None = None
    broken: tuple[Problem, Outcome, str] | None = None
    examined: Iterator[int] = field(default_factory=count)
    tried: int = 0


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
    """
    chosen = _profile(profile)
    examined = claim.with_fault(fault) if fault else claim
    record = _Record()
    start = time.perf_counter()
    _search(examined, chosen.examples(claim), seed, record)
    elapsed = time.perf_counter() - start
    name = fault.name if fault else None
    if record.broken is not None:
        problem, outcome, error = record.broken
        return Verdict(claim, name, outcome, problem, record.tried, elapsed, error)
    return Verdict(claim, name, record.worst, record.worst_problem, record.tried, elapsed)


def run_claims(
    claims: Iterable[Claim],
    profile: str | Profile = "quick",
    seed: int = 0,
    watch: Callable[[Verdict], None] = lambda verdict: None,
) -> list[Verdict]:
    """Run claims one after the other; ``watch`` sees each verdict as it is reached."""
    verdicts = []
    for claim in claims:
        verdicts.append(run_claim(claim, profile, seed))
        watch(verdicts[-1])
    return verdicts


def run_faults(
    claims: Iterable[Claim],
    profile: str | Profile = "quick",
    seed: int = 0,
    watch: Callable[[Verdict], None] = lambda verdict: None,
) -> list[Verdict]:
    """Run every claim under each of its planted faults; a verdict that holds is a defect."""
    verdicts = []
    for claim in claims:
        for fault in claim.faults:
            verdicts.append(run_claim(claim, profile, seed, fault))
            watch(verdicts[-1])
    return verdicts


def _profile(profile: str | Profile) -> Profile:
    if isinstance(profile, Profile):
        return profile
    if profile not in PROFILES:
        raise ValueError(f"profile must be one of {', '.join(PROFILES)}, got {profile!r}")
    return PROFILES[profile]


def _search(claim: Claim, examples: int, seed: int, record: _Record) -> None:
    # Shrinking repeats the examination many times; a dear claim is reported as it was drawn.
    phases = [Phase.generate] + ([Phase.shrink] if claim.cost == "cheap" else [])

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples, database=None, deadline=None, phases=phases,
        suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet,
        report_multiple_bugs=False, print_blob=False,
    )  # fmt: skip
    @given(problem=claim.problems)
    def examine(problem: Problem) -> None:
        record.tried += 1
        error = ""
        try:
            outcome = claim.examine(problem)
        except (ArithmeticError, ValueError, RuntimeError) as raised:
            # A run that stops with an error has not kept its claim.
            error = f"{type(raised).__name__}: {raised}"
            outcome = Outcome(False, "a value", "an error", float("inf"))
        if record.worst is None or not outcome.strain <= record.worst.strain:
            record.worst, record.worst_problem = outcome, problem
        if not outcome.holds:
            record.broken = (problem, outcome, error)
            raise _BrokenError(claim.name)

    try:
        examine()
    except _BrokenError:
        pass
    except BaseExceptionGroup as group:
        if group.split(_BrokenError)[1] is not None:
            raise
