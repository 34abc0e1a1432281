"""The page of a report: one file with everything in it."""

from verify.reports.findings import Findings
from verify.reports.html_page import ReportPart, report_page


def test_the_page_holds_its_figures_and_links_nothing(tmp_path):
    picture = tmp_path / "one.png"
    picture.write_bytes(b"\x89PNG")
    part = ReportPart("Title <1>", "Words.", "mixed-dynamics x", "a  1\nb  2", (picture,), 3.0)
    page = report_page([part], "Report")
    assert "data:image/png;base64,iVBORw==" in page
    assert "Title &lt;1&gt;" in page
    assert "a  1\nb  2" in page
    assert "<b>Shown without a verdict</b>: Title &lt;1&gt;." in page
    assert "Holds" not in page
    assert "http" not in page


def test_the_page_opens_with_what_holds_what_fails_and_what_is_not_decided():
    judged = Findings("exponents", ("a",), ("b",), ("c", "d"), ("e",))
    parts = [ReportPart("Powers", "", "", "", (), 1.0, findings=judged)]
    opening = report_page(parts, "Report").partition("<section")[0]
    for words in (
        "<b>Holds</b>: 1 of 5 exponents.",
        "<b>Fails</b>: b.",
        "<b>Not decided</b>: c; d.",
        "<b>Not measured</b>: e.",
    ):
        assert words in opening
    assert parts[0].failed
