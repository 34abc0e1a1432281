"""The report: parts from commands, and failures told."""

from dataclasses import replace
from pathlib import Path

from verify.cli.commands import report
from verify.cli.commands.report import PLANS, PlannedPart
from verify.cli.main import build_parser, main
from verify.measurements.crossover_exponents import Exponent
from verify.measurements.power_fits import Fit
from verify.reports.crossover import exponents_json


def test_plans_are_made_of_commands_that_parse():
    for plan in PLANS.values():
        for part in plan:
            assert build_parser().parse_args([*part.words, "--output", "x"]).run


def test_a_failed_part_is_told_and_does_not_stop_the_others(tmp_path, monkeypatch, capsys):
    parts = (
        PlannedPart("Refused", "Bad input.", ("figure1", "--d", "-3"), ("figure1.png",)),
        PlannedPart(
            "One cell",
            "A < B.",
            ("predict", "--d", "40", "--point", "-1.5", "1.6"),
            ("prediction_cell.png",),
        ),
    )
    monkeypatch.setattr(report, "PLANS", {"quick": parts, "full": parts})
    assert main(["report", "--quick", "--output", str(tmp_path)]) == 1
    page = (tmp_path / "report.html").read_text()
    assert "the command ended with status 2" in page
    assert "<b>Not made</b>: Refused." in page
    assert "<b>Shown without a verdict</b>: One cell." in page
    assert "A &lt; B." in page
    assert "d must be" in capsys.readouterr().err


def test_what_is_judged_is_counted_and_a_failure_among_it_fails(tmp_path, monkeypatch):
    def wide_and_outside(words):
        folder = Path(words[-1])
        folder.mkdir(parents=True, exist_ok=True)
        fits = (Fit(-0.5, 1.0, 0.4), Fit(-0.5, 1.0, 0.01), Fit(-0.9, 1.0, 0.01))
        found = [Exponent(f"x{k}", 1, -0.5, (-0.6, -0.4), fit) for k, fit in enumerate(fits)]
        (folder / "crossover_exponents.json").write_text(exponents_json(found))
        return 0

    (planned,) = (x for x in PLANS["quick"] if x.words[0] == "crossover")
    part = report._made(replace(planned, figures=()), tmp_path, wide_and_outside)
    assert part.findings.holds == ("x1 (L = 1)",)
    assert part.findings.fails == ("x2 (L = 1)",)
    assert part.findings.not_decided == ("x0 (L = 1)",)
    assert part.failed
    assert not part.failure
    # A run that judges nothing does not find what an earlier one left.
    assert report._made(planned, tmp_path, lambda words: 1).findings is None
