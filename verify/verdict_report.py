"""Verdicts as a table, JSON, JUnit XML and one self-contained HTML page."""

from __future__ import annotations

import base64
import html
import io
import json
import math
from collections.abc import Sequence
from xml.etree import ElementTree

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from numerics.provenance import versions
from verify.figures import COLOURS
from verify.runner import Verdict

__all__ = ["draw_verdict", "html_page", "json_text", "junit_text", "table_header", "table_row"]

_WIDTHS = (26, 18, 22, 24, 7)


def table_header(faults: bool = False) -> str:
    """Return the heading of the live table."""
    last = "caught" if faults else "verdict"
    names = ("claim", "predicted", "measured", "fault" if faults else "law", "tried")
    return _columns(names) + last


def table_row(verdict: Verdict) -> str:
    """Return one line of the live table."""
    claim, outcome = verdict.claim, verdict.outcome
    if verdict.fault is None:
        detail, result = claim.law.text, "holds" if verdict.holds else "FAILS"
    else:
        detail, result = verdict.fault, "caught" if not verdict.holds else "SURVIVED"
    cells = (claim.name, outcome.predicted, outcome.measured, detail, str(verdict.examined))
    return _columns(cells) + f"{result}  {verdict.seconds:.1f} s"


def json_text(verdicts: Sequence[Verdict], settings: dict[str, object]) -> str:
    """Return all verdicts with the run's settings and versions."""
    return json.dumps(
        {
            "settings": settings,
            "versions": json.loads(versions()),
            "verdicts": [_as_dict(verdict) for verdict in verdicts],
        },
        indent=1,
    )


def junit_text(verdicts: Sequence[Verdict]) -> str:
    """Return JUnit XML: a test case a claim (or a planted fault, which must fail its claim)."""
    bad = [verdict for verdict in verdicts if not _good(verdict)]
    suite = ElementTree.Element(
        "testsuite", name="mixed-dynamics verify", tests=str(len(verdicts)),
        failures=str(len(bad)), time=f"{sum(x.seconds for x in verdicts):.3f}",
    )  # fmt: skip
    for verdict in verdicts:
        name = verdict.claim.name if verdict.fault is None else (
            f"{verdict.claim.name} [{verdict.fault}]"
        )
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"verify.{verdict.claim.family}", name=name,
            time=f"{verdict.seconds:.3f}",
        )  # fmt: skip
        if not _good(verdict):
            failure = ElementTree.SubElement(case, "failure", message=_summary(verdict))
            failure.text = verdict.snippet
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def html_page(
    verdicts: Sequence[Verdict], faults: Sequence[Verdict], settings: dict[str, object]
) -> str:
    """Return one page with the table, and statement, law and figure of each claim."""
    rows = "".join(_html_row(verdict) for verdict in verdicts)
    details = "".join(_html_detail(verdict, faults) for verdict in verdicts)
    held = sum(verdict.holds for verdict in verdicts)
    caught = sum(not verdict.holds for verdict in faults)
    summary = f"{held} of {len(verdicts)} claims hold"
    if faults:
        summary += f"; {caught} of {len(faults)} planted faults were caught"
    shown = ", ".join(f"{key} {value}" for key, value in settings.items())
    return _PAGE.format(
        summary=html.escape(summary), settings=html.escape(shown), rows=rows, details=details,
        versions=html.escape(versions()),
    )  # fmt: skip


def draw_verdict(verdict: Verdict, axes: Axes) -> Axes:
    """Draw what is behind a verdict: the fitted power, or the strain against its limit."""
    data = verdict.outcome.data
    if "sizes" in data:
        sizes, errors = data["sizes"], data["errors"]
        axes.loglog(sizes, errors, "o-", color=COLOURS[0], label="measured")
        slope = data["predicted_exponent"][0]
        line = [errors[0] * (size / sizes[0]) ** slope for size in sizes]
        axes.loglog(sizes, line, "--", color=COLOURS[1], label=f"predicted exponent {slope:+.3g}")
        axes.set(xlabel=verdict.claim.law.text.removeprefix("power of "), ylabel="measured error")
        axes.legend(frameon=False, fontsize=8)
    else:
        strain = verdict.outcome.strain if math.isfinite(verdict.outcome.strain) else 10.0
        axes.barh([0], [max(strain, 1e-6)], color=COLOURS[0] if verdict.holds else COLOURS[1])
        axes.axvline(1.0, color="black", linestyle="--")
        axes.set(xscale="log", xlim=(1e-6, 20), yticks=[],
                 xlabel="largest deviation, in units of what the law allows")  # fmt: skip
    return axes


def _good(verdict: Verdict) -> bool:
    return verdict.holds if verdict.fault is None else not verdict.holds


def _columns(cells: Sequence[str]) -> str:
    cut = (
        text if len(text) < width else text[: width - 2] + "…"
        for text, width in zip(cells, _WIDTHS, strict=True)
    )
    return "".join(f"{text:{width}}" for text, width in zip(cut, _WIDTHS, strict=True))


def _summary(verdict: Verdict) -> str:
    outcome = verdict.outcome
    text = f"predicted {outcome.predicted}, measured {outcome.measured}"
    return f"{text}; {verdict.error}" if verdict.error else text


def _as_dict(verdict: Verdict) -> dict[str, object]:
    claim, outcome = verdict.claim, verdict.outcome
    return {
        "claim": claim.name, "family": claim.family, "statement": claim.statement,
        "where": claim.holds, "source": claim.source, "law": claim.law.text,
        "reason": claim.law.reason, "fault": verdict.fault, "holds": verdict.holds,
        "predicted": outcome.predicted, "measured": outcome.measured,
        "strain": outcome.strain if math.isfinite(outcome.strain) else None,
        "data": {key: list(value) for key, value in outcome.data.items()},
        "problem": verdict.problem, "examined": verdict.examined,
        "seconds": round(verdict.seconds, 3), "error": verdict.error,
    }  # fmt: skip


def _html_row(verdict: Verdict) -> str:
    claim, outcome = verdict.claim, verdict.outcome
    cells = (claim.family, f'<a href="#{claim.name}">{claim.name}</a>',
             html.escape(outcome.predicted), html.escape(outcome.measured),
             html.escape(claim.law.text), str(verdict.examined),
             "holds" if verdict.holds else "<b>fails</b>")  # fmt: skip
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"


def _html_detail(verdict: Verdict, faults: Sequence[Verdict]) -> str:
    claim = verdict.claim
    figure = Figure(figsize=(4.6, 2.6 if verdict.outcome.data else 1.2), layout="constrained")
    draw_verdict(verdict, figure.subplots())
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    picture = base64.b64encode(buffer.getvalue()).decode()
    mine = [x for x in faults if x.claim.name == claim.name]
    planted = "".join(
        f"<li>{html.escape(x.fault or '')}: {'survived' if x.holds else 'caught'} "
        f"({html.escape(x.outcome.measured)})</li>"
        for x in mine
    )
    return (
        f'<section id="{claim.name}"><h2>{claim.name}</h2><p>{html.escape(claim.statement)}</p>'
        f"<p><b>Holds</b> {html.escape(claim.holds)}. <b>Source</b> {html.escape(claim.source)}."
        f"</p><p><b>Law</b> {html.escape(claim.law.text)}: {html.escape(claim.law.reason)}.</p>"
        f'<img alt="{claim.name}" src="data:image/png;base64,{picture}">'
        f"<p>{html.escape(_summary(verdict))}</p>"
        + (f"<p>Planted faults:</p><ul>{planted}</ul>" if planted else "")
        + f"<pre>{html.escape(verdict.snippet)}</pre></section>\n"
    )


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>mixed-dynamics verify</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto;
        padding: 0 1rem; color: #222; }}
.table {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: 0.9rem; }}
td, th {{ padding: 0.25rem 0.6rem; border-bottom: 1px solid #ddd; text-align: left; }}
pre {{ background: #f5f5f5; padding: 0.6rem; overflow-x: auto; font-size: 0.85rem; }}
img {{ max-width: 100%; }}
</style></head><body>
<h1>Verification</h1><p>{summary}.</p><p>{settings}</p>
<div class="table"><table><tr><th>family</th><th>claim</th><th>predicted</th><th>measured</th>
<th>law</th><th>tried</th><th>verdict</th></tr>
{rows}</table></div>
{details}<p><small>{versions}</small></p></body></html>
"""
