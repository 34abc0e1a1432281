"""The report: parts from commands, failures told, one page with everything in it."""

from verify.cli.commands import report
from verify.cli.commands.report import PLANS, PlannedPart
from verify.cli.main import build_parser, main
from verify.reports.page import ReportPart, report_page


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


def test_the_page_holds_its_figures_and_links_nothing(tmp_path):
    picture = tmp_path / "one.png"
    picture.write_bytes(b"\x89PNG")
    part = ReportPart("Title <1>", "Words.", "mixed-dynamics x", "a  1\nb  2", (picture,), 3.0)
    page = report_page([part], "Report")
    assert "data:image/png;base64,iVBORw==" in page
    assert "Title &lt;1&gt;" in page
    assert "a  1\nb  2" in page
    assert "Every part was made and holds" in page
    assert "http" not in page
