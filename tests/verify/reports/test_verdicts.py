"""The table, JSON, JUnit and HTML of verdicts."""

import json
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import strategies as st
from matplotlib.figure import Figure

from verify.framework.claim import Claim, Counterexample, Fault
from verify.framework.laws import Bound, PowerLaw, PowerLaws
from verify.framework.runner import run_claims, run_counterexamples, run_faults
from verify.reports.verdicts import (
    draw_verdict,
    html_page,
    json_text,
    junit_text,
    table_header,
    table_row,
)

PROBLEMS = st.fixed_dictionaries({"x": st.floats(0.1, 1.0)})


def bound(name, value, **more):
    return Claim(
        name=name,
        family="family <&>",
        statement="It is < 1.",
        holds="here & there",
        source="ours",
        problems=PROBLEMS,
        predict=lambda problem: (0.0, 1.0),
        measure=lambda problem: value * problem["x"],
        law=Bound("at most 1", "reason"),
        faults=(Fault("twice", measure=lambda problem: 2.0),),
        **more,
    )


POWER = Claim(
    name="power",
    family="family",
    statement="It falls.",
    holds="here",
    source="ours",
    problems=PROBLEMS,
    predict=lambda problem: -1.0,
    measure=lambda problem, size: problem["x"] / size,
    law=PowerLaw("size", (1.0, 2.0, 4.0, 8.0)),
    faults=(Fault("second order", predict=lambda problem: -2.0),),
)
COUNTEREXAMPLE = Counterexample("It is < 1 for <all> x.", {"x": 5.0}, "no: it is not")


def failing(problem):
    raise ValueError("no <value> & none")


@pytest.fixture(scope="module")
def everything():
    claims = [bound("good", 0.5, counterexamples=(COUNTEREXAMPLE,)), POWER]
    wrong = [bound("bad", 5.0), bound("broken", 1.0)]
    object.__setattr__(wrong[1], "measure", failing)
    return [*run_claims(claims + wrong), *run_faults(claims), *run_counterexamples(claims)]


def test_table_rows_are_aligned_and_say_what_happened(everything):
    rows = [table_row(x) for x in everything]
    start = table_header().index("verdict")
    words = [row[start:].split()[0] for row in rows]
    assert words[:4] == ["holds", "holds", "FAILS", "FAILS"]
    assert set(words[4:6]) == {"caught"}
    # 5 times 0.5 breaks the bound.
    assert words[6] == "refuted"
    assert {table_header(x)[:5] for x in ("", "fault", "counterexample")} == {"claim"}


def test_json_is_plain_and_whole(everything):
    read = json.loads(json_text(everything, {"profile": "quick", "seed": 0}))
    assert read["settings"] == {"profile": "quick", "seed": 0}
    by_name = {(x["claim"], x["kind"], x["fault"]): x for x in read["verdicts"]}
    assert len(by_name) == len(everything)
    assert by_name["broken", "claim", None]["share_of_bound"] is None
    assert "no <value>" in by_name["broken", "claim", None]["error"]
    assert by_name["power", "claim", None]["data"]["predicted_exponent"] == [-1.0]
    assert by_name["good", "counterexample", None]["learnt"] == "no: it is not"
    assert "numpy" in str(read["versions"])


def test_junit_counts_what_went_wrong(everything):
    suite = ElementTree.fromstring(junit_text(everything))
    assert suite.attrib["tests"] == str(len(everything))
    assert suite.attrib["failures"] == "2"
    failures = {case.attrib["name"]: case.find("failure") for case in suite}
    assert failures["good"] is None
    assert "claim.examine" in failures["bad"].text
    assert "good [fault: twice]" in failures


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.images, self.links, self.ids = [], [], [], []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag not in ("meta", "img"):
            self.open.append(tag)
        if tag == "img":
            self.images.append(found["src"])
        if tag == "a":
            self.links.append(found["href"])
        if "id" in found:
            self.ids.append(found["id"])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_well_formed_with_a_figure_a_claim(everything):
    text = html_page(everything, {"profile": "quick", "seed": 0, "claims_from": None})
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert len(page.images) == 4
    assert all(x.startswith("data:image/png;base64,") for x in page.images)
    assert [x.removeprefix("#") for x in page.links] == page.ids
    assert "2 of 4 claims hold; 2 of 2 planted faults were caught; 1 of 1 counterexamples" in text
    assert "no &lt;value&gt; &amp; none" in text
    assert "family <&>" not in text
    assert "http" not in text, "the page must not need a network"


def test_figures_show_the_power_or_every_strain(everything):
    axes = Figure().subplots()
    power = next(x for x in everything if x.claim.name == "power")
    draw_verdict(power, axes)
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert "predicted exponent -1" in axes.get_legend_handles_labels()[1]
    axes = Figure().subplots()
    draw_verdict(everything[0], axes)
    assert axes.lines[0].get_xdata().size == everything[0].examined


def test_figures_show_both_sides_of_a_boundary():
    claim = Claim(
        name="sides",
        family="family",
        statement="They differ.",
        holds="here",
        source="ours",
        problems=PROBLEMS,
        predict=lambda problem: [-1.0, 0.5],
        measure=lambda problem, size: np.array(
            [[problem["x"] / size] * 2, [problem["x"] * size**0.5] * 2]
        ),
        law=PowerLaws("size", (1.0, 2.0, 4.0, 8.0), "slope_bias"),
        faults=(Fault("alike", predict=lambda problem: [-1.0, -1.0]),),
    )
    (verdict,) = run_claims([claim])
    assert verdict.holds, verdict.error
    axes = Figure().subplots()
    draw_verdict(verdict, axes)
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["below, predicted -1", "above, predicted +0.5"]
    assert axes.get_xlabel() == "size"
    # Markers and lines of two sides, and a grey line a side of each other problem.
    assert len(axes.lines) == 4 + 2 * (verdict.examined - 1)
