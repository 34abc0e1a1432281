"""The page of a report: one file with everything in it."""

from verify.reports.html_page import ReportPart, report_page


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
