"""The report: parts from commands, and failures told."""

from verify.cli.commands import report
from verify.cli.commands.report import PLANS, PlannedPart
from verify.cli.main import build_parser, main


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
    assert "1 of 2 parts failed: Refused." in page
    assert "A &lt; B." in page
    assert "d must be" in capsys.readouterr().err
