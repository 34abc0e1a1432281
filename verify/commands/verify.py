"""``mixed-dynamics verify``: hold every prediction against numbers."""

from __future__ import annotations

import argparse

__all__ = ["add", "run"]


def add(commands: argparse._SubParsersAction) -> None:
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
    option("--list", action="store_true", help="list the claims")
    option("--output", metavar="DIR", help="folder for verdicts.json, .xml and .html")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from verify.claims import select
    from verify.output import prepare_folder, save_text
    from verify.runner import run_claims, run_faults
    from verify.verdict_report import html_page, json_text, junit_text, table_header, table_row

    claims = select(options.claim)
    if options.list:
        for claim in claims:
            print(f"{claim.family:14}{claim.name:28}{claim.statement}")
        return 0
    folder = prepare_folder(options.output) if options.output else None
    show = lambda verdict: print(table_row(verdict), flush=True)  # noqa: E731
    print(table_header())
    verdicts = run_claims(claims, options.profile, options.seed, show)
    planted = []
    if options.faults:
        print("\n" + table_header(faults=True))
        planted = run_faults(claims, options.profile, options.seed, show)
    failed = [verdict for verdict in verdicts if not verdict.holds]
    survived = [verdict for verdict in planted if verdict.holds]
    print(f"\n{len(verdicts) - len(failed)} of {len(verdicts)} claims hold", end="")
    if planted:
        print(f"; {len(planted) - len(survived)} of {len(planted)} planted faults caught", end="")
    print()
    for verdict in failed:
        print(f"\n{verdict.claim.name} fails{': ' + verdict.error if verdict.error else ''}")
        print(f"counterexample:\n\n{verdict.snippet}")
    if folder is not None:
        settings = {"profile": options.profile, "seed": options.seed}
        everything = [*verdicts, *planted]
        save_text(json_text(everything, settings), folder / "verdicts.json")
        save_text(junit_text(everything), folder / "verdicts.xml")
        save_text(html_page(verdicts, planted, settings), folder / "verdicts.html")
        print(f"wrote {folder}/verdicts.json, verdicts.xml, verdicts.html")
    return 1 if failed or survived else 0
