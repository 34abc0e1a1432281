"""``mixed-dynamics report``: the figures of both papers and the verdicts, on one page."""

from __future__ import annotations

import argparse
import io
import shlex
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verify.reports.html_page import ReportPart

__all__ = ["PLANS", "PlannedPart", "add", "run"]

#: Files of verdicts that commands write.
VERDICTS = ("verdicts.json", "crossover_exponents.json")


@dataclass(frozen=True)
class PlannedPart:
    """A command to run, what the page says of it, and the figures that it writes."""

    title: str
    text: str
    words: tuple[str, ...]
    figures: tuple[str, ...] = ()


def _parts(
    figure1: tuple[str, ...],
    sweep: tuple[str, ...],
    crossover: tuple[str, ...],
    verify: tuple[str, ...],
) -> tuple[PlannedPart, ...]:
    """Return the parts of a report; the arguments say how large its runs are."""
    return (
        PlannedPart(
            "Figure 1: mixed dynamics",
            "Gradient descent beside the self-consistent dynamics; singular values speed up as "
            "they cross the threshold (Tu, Aranguri and Jacot 2024).",
            ("figure1", *figure1),
            ("figure1.png",),
        ),
        PlannedPart(
            "Regimes and boundaries",
            "Derived by comparing exponents: no simulation.",
            ("boundaries",),
            ("boundaries.png",),
        ),
        PlannedPart(
            "Figure 2: the phase diagram",
            "Trained, predicted without simulation, and their difference.",
            ("figure2", "--compare", "--resume", *sweep),
            ("figure2.png",),
        ),
        PlannedPart(
            "Lazy and feature training of nonlinear networks",
            "Kernel change, exponents, fluctuations and test errors (Geiger, Spigler, Jacot and "
            "Wyart 2020), and one diagram for both papers.",
            ("crossover", "--resume", *crossover),
            ("crossover.png", "crossover_errors.png", "crossover_diagram.png"),
        ),
        PlannedPart(
            "Which start?",
            "Test error against iterations over initial variance, width and learning rate, from "
            "the predictions.",
            ("advise", "--d-in", "200", "--rank", "5"),
            ("advice.png",),
        ),
        PlannedPart(
            "Verdicts",
            "Every claim with its predicted and measured value and the law of their difference.",
            ("verify", *verify),
        ),
    )


PLANS = {
    "quick": _parts(("--d", "200"), ("--quick",), ("--quick",), ("--profile", "quick")),
    "full": _parts((), (), (), ("--profile", "standard", "--faults", "--counterexamples")),
}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "report",
        help="the figures of both papers and the verdict table, on one HTML page",
        description="Run the commands of this toolkit and put their figures and numbers on one "
        "self-contained page. Interrupted, it goes on where its sweeps were.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.add_argument(
        "--quick",
        action="store_true",
        help="small runs, a few minutes in all; without it the papers' sizes",
    )
    command.add_argument(
        "--output",
        default="results",
        metavar="DIR",
        help="folder, made if need be; report.html is written there",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; exit status 1 if a part was not made, or a claim or an exponent fails."""
    from verify.cli.output_files import prepare_folder, save_text
    from verify.reports.html_page import report_page

    folder = prepare_folder(options.output)
    size = "quick" if options.quick else "full"
    parts = []
    for planned in PLANS[size]:
        print(f"{planned.title} ...", flush=True)
        parts.append(_made(planned, folder, options.run_command))
        for line in _told(parts[-1]):
            print(f"  {line}", flush=True)
    path = save_text(report_page(parts, f"mixed-dynamics: report ({size})"), folder / "report.html")
    print(f"wrote {path}")
    return 1 if any(part.failed for part in parts) else 0


def _told(part: ReportPart) -> list[str]:
    """Return what a part found, for the terminal."""
    lines = [part.failure] if part.failure else []
    if part.findings is not None:
        found = part.findings
        names = {"fails": found.fails, "not decided": found.not_decided}
        lines.append(f"{len(found.holds)} {found.kind} hold")
        lines += [f"{word}: {'; '.join(x)}" for word, x in names.items() if x]
    return lines


def _made(
    planned: PlannedPart, folder: Path, run_command: Callable[[list[str]], int]
) -> ReportPart:
    """Run a part's command in its own folder and return what came of it."""
    from verify.reports.findings import find
    from verify.reports.html_page import ReportPart

    place = folder / planned.words[0]
    words = [*planned.words, "--output", str(place)]
    # Those of an earlier run are not what this one finds.
    for name in VERDICTS:
        (place / name).unlink(missing_ok=True)
    printed, started = io.StringIO(), time.monotonic()
    with redirect_stdout(printed):
        status = run_command(words)
    if status == 130:
        raise KeyboardInterrupt
    numbers = "\n".join(
        line for line in printed.getvalue().splitlines() if not line.startswith("wrote ")
    )
    found = tuple(place / name for name in planned.figures if (place / name).is_file())
    findings = find(place)
    # A command that judges ends with status 1 where something fails, which its findings name.
    named = status == 1 and findings is not None and bool(findings.fails)
    failure = "" if status == 0 or named else f"the command ended with status {status}"
    if status == 0 and len(found) < len(planned.figures):
        failure = "a figure is missing"
    shown = shlex.join(["mixed-dynamics", *planned.words])
    return ReportPart(
        planned.title,
        planned.text,
        shown,
        numbers,
        found,
        time.monotonic() - started,
        failure,
        findings,
    )
