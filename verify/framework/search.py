"""Fresh problems for the claims that came nearest to their bounds, until time is up.

Each claim is examined once; then, round after round, the next one is the least examined among the
few whose worst problem came nearest to its bound, on problems of a seed that no round had.  A claim
that fails is examined no more: its smallest counterexample is what was looked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from numerics.support.object_validation import check_callable, check_many
from numerics.support.validation import check_positive, check_seed
from verify.framework.claim import Claim
from verify.framework.runner import PROFILES, Profile, Verdict, run_claim

__all__ = ["chance_of_failure", "search_claims"]

#: Claims between which rounds are shared: with one, a single hard claim takes all the time.
NEAREST = 6


def search_claims(
    claims: Iterable[Claim],
    minutes: float,
    *,
    profile: Profile = PROFILES["quick"],
    seed: int = 0,
    watch: Callable[[Verdict], None] = lambda verdict: None,
    clock: Callable[[], float] = time.monotonic,
) -> list[Verdict]:
    """Examine claims until time is up, and return the worst that was found of each.

    Parameters
    ----------
    claims : iterable of Claim
        Those that the profile leaves out are not examined.
    minutes : float
        After which no further round starts.
    profile : Profile
        Problems of a claim in one round.
    seed : int
        Of the first round; later ones count on from it.
    watch : callable
        Sees the worst verdict of a claim whenever it becomes worse.
    clock : callable
        Seconds, from any origin.

    Returns
    -------
    list of Verdict
        Of the claims that were reached, nearest to its bound first; ``examined``, ``seconds`` and
        ``outcomes`` are those of all rounds.

    Examples
    --------
    >>> from verify.claims.registry import get_claim
    >>> found = search_claims([get_claim("equation-1")], 1e-9, profile=Profile(2, 1))
    >>> [(x.claim.name, x.examined) for x in found]
    [('equation-1', 2)]
    """
    first = check_seed("seed", seed)
    limit = 60 * check_positive("minutes", minutes)
    check_callable("watch", watch), check_callable("clock", clock)
    waiting = [x for x in check_many("claims", claims, Claim) if profile.examples(x)]
    end, found = clock() + limit, dict[str, Verdict]()
    next_seed = first
    while waiting or any(x.holds for x in found.values()):
        claim = waiting.pop(0) if waiting else _next(found)
        verdict = run_claim(claim, profile, next_seed)
        next_seed += 1
        before = found.get(claim.name)
        found[claim.name] = verdict if before is None else _joined(before, verdict)
        if before is None or _rank(verdict) > _rank(before):
            watch(found[claim.name])
        if clock() >= end:
            break
    return sorted(found.values(), key=_rank, reverse=True)


def chance_of_failure(verdicts: Iterable[Verdict]) -> float:
    """Return the probability that true claims fail somewhere on as many problems."""
    kept = 1.0
    for verdict in verdicts:
        kept *= (1 - verdict.claim.law.false_alarm) ** verdict.examined
    return 1 - kept


def _next(found: dict[str, Verdict]) -> Claim:
    held = sorted((x for x in found.values() if x.holds), key=_rank, reverse=True)
    return min(held[:NEAREST], key=lambda verdict: verdict.seconds).claim


def _rank(verdict: Verdict) -> tuple[bool, float]:
    """Return how bad a verdict is: failures first, then the share of the bound."""
    return not verdict.holds, verdict.outcome.share_of_bound


def _joined(one: Verdict, other: Verdict) -> Verdict:
    """Return the worse of two verdicts on a claim, with the counts of both."""
    return replace(
        max(one, other, key=_rank),
        examined=one.examined + other.examined,
        seconds=one.seconds + other.seconds,
        outcomes=one.outcomes + other.outcomes,
    )
