"""``mixed-dynamics verify``: hold every prediction against numbers."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from verify.framework.claim import Claim
    from verify.framework.runner import Verdict

    Work = Callable[[Callable[[Verdict], None]], list[Verdict]]

__all__ = ["add", "run"]


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "verify",
        help="hold every prediction against numbers; exit status 1 if a claim fails",
        description="Examine the claims on problems drawn by hypothesis. A failing claim prints "
        "its smallest counterexample as a Python snippet.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    option = command.add_argument
    option("--profile", default="quick", help="quick, standard or thorough")
    option("--claim", nargs="+", metavar="NAME", help="claims or families; all if left out")
    option("--seed", type=int, default=0, help="of the drawn problems")
    option("--faults", action="store_true", help="also run every planted fault")
    option(
        "--counterexamples",
        action="store_true",
        help="also run what looked true and was not, on the problem that refutes it",
    )
    option(
        "--claims-from",
        metavar="FILE",
        help="Python file whose CLAIMS are examined in place of the built-in ones",
    )
    option(
        "--search",
        type=float,
        metavar="MINUTES",
        help="go on with fresh problems of the claims nearest to their bounds until time is up, "
        "and report the worst that was found",
    )
    option("--list", action="store_true", help="list the claims")
    option("--output", metavar="DIR", help="folder for verdicts.json, .xml and .html")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from numerics.support.validation import check_choice, check_positive, check_seed
    from verify.claims.registry import claims_from, select_claims
    from verify.cli.output_files import prepare_folder
    from verify.framework.runner import PROFILES, false_alarm_rate, run_counterexamples, run_faults
    from verify.framework.search import chance_of_failure

    check_choice("profile", options.profile, tuple(PROFILES)), check_seed("seed", options.seed)
    own = None if options.claims_from is None else claims_from(options.claims_from)
    claims = select_claims(options.claim, own)
    if options.list:
        for claim in claims:
            print(f"{claim.family:14}{claim.name:28}{claim.statement}")
        return 0
    folder = prepare_folder(options.output) if options.output else None
    if options.search is not None:
        check_positive("minutes", options.search)
    rate = false_alarm_rate(claims, options.profile)
    verdicts = _part("", claims, lambda watch: _examine(claims, options, watch))
    if options.search is not None:
        rate = chance_of_failure(verdicts)
        print(_found(verdicts))
    planted: list[Verdict] = []
    refuted: list[Verdict] = []
    if options.faults:
        planted = _part(
            "fault",
            claims,
            lambda watch: run_faults(
                claims, profile=options.profile, seed=options.seed, watch=watch
            ),
        )
    if options.counterexamples:
        refuted = _part(
            "counterexample", claims, lambda watch: run_counterexamples(claims, watch=watch)
        )
    everything = [*verdicts, *planted, *refuted]
    bad = [verdict for verdict in everything if not verdict.as_expected]
    print(_summary(verdicts, planted, refuted, rate))
    left_out = [x.name for x in claims if not PROFILES[options.profile].examples(x)]
    if left_out:
        print(f"left out by the profile {options.profile}: {', '.join(left_out)}")
    for verdict in bad:
        _complain(verdict)
    if folder is not None:
        settings = {
            "profile": options.profile,
            "seed": options.seed,
            "false_alarm_rate": rate,
            "claims_from": options.claims_from,
            "search": options.search,
        }
        _write(folder, everything, settings)
    return 1 if bad else 0


def _examine(
    claims: Sequence[Claim], options: argparse.Namespace, watch: Callable[[Verdict], None]
) -> list[Verdict]:
    """Run the claims once, or search until time is up."""
    from verify.framework.runner import PROFILES, run_claims
    from verify.framework.search import search_claims

    if options.search is None:
        return run_claims(claims, profile=options.profile, seed=options.seed, watch=watch)
    return search_claims(
        claims, options.search, profile=PROFILES[options.profile], seed=options.seed, watch=watch
    )


def _found(verdicts: Sequence[Verdict], count: int = 10) -> str:
    """Return the worst that a search found: share of the bound, claim and problem."""
    problems = sum(x.examined for x in verdicts)
    lines = [f"worst of {problems} problems of {len(verdicts)} claims, in shares of the bound:"]
    for verdict in verdicts[:count]:
        share = f"{verdict.outcome.share_of_bound:.3g}"
        lines.append(f"{share:>8}  {verdict.claim.name} ({verdict.examined}): {verdict.problem}")
    return "\n".join(lines) + "\n"


def _part(kind: str, claims: Sequence[Claim], work: Work) -> list[Verdict]:
    """Run claims, faults or counterexamples under the heading of their table."""
    from verify.reports.verdicts import table_header, table_row

    print(table_header(kind))
    verdicts = work(lambda verdict: print(table_row(verdict), flush=True))
    print()
    return verdicts


def _summary(
    verdicts: Sequence[Verdict], planted: Sequence[Verdict], refuted: Sequence[Verdict], rate: float
) -> str:
    """Return the counts, how often a run of true claims fails by chance, and what came near."""
    lines = [f"{sum(x.holds for x in verdicts)} of {len(verdicts)} claims hold"]
    if planted:
        caught = sum(x.as_expected for x in planted)
        lines.append(f"{caught} of {len(planted)} planted faults caught")
    if refuted:
        shown = sum(x.as_expected for x in refuted)
        lines.append(f"{shown} of {len(refuted)} counterexamples shown again")
    chance = f"a run of true claims fails by chance at a rate of at most {rate:.2g}"
    return "\n".join(["; ".join(lines), chance, *_nearest(verdicts)])


def _nearest(verdicts: Sequence[Verdict], count: int = 3) -> list[str]:
    """Return which claims that chance could fail came nearest to it, in units of the allowed."""
    drawn = [x for x in verdicts if x.holds and x.claim.law.false_alarm > 0]
    first = sorted(drawn, key=lambda verdict: verdict.outcome.share_of_bound, reverse=True)[:count]
    told = ", ".join(f"{x.claim.name} {x.outcome.share_of_bound:.2f}" for x in first)
    return [f"nearest to their bounds: {told}"] if told else []


def _complain(verdict: Verdict) -> None:
    what = "fails" if verdict.fault is None else f"survives {verdict.fault!r}"
    if verdict.counterexample is not None:
        what = f"holds beyond its range: {verdict.counterexample.looked_true}"
    print(f"\n{verdict.claim.name} {what}{': ' + verdict.error if verdict.error else ''}")
    print(f"{'counterexample' if verdict.fault is None else 'problem'}:\n\n{verdict.snippet}")


def _write(folder: Path, verdicts: Sequence[Verdict], settings: dict[str, object]) -> None:
    from verify.cli.output_files import save_text
    from verify.reports.verdicts import html_page, json_text, junit_text

    save_text(json_text(verdicts, settings), folder / "verdicts.json")
    save_text(junit_text(verdicts), folder / "verdicts.xml")
    save_text(html_page(verdicts, settings), folder / "verdicts.html")
    print(f"wrote {folder}/verdicts.json, verdicts.xml, verdicts.html")
