"""Verdicts as a table, JSON, JUnit XML and one self-contained HTML page."""

from __future__ import annotations

import base64
import html
import io
import json
import math
from collections.abc import Sequence
from xml.etree import ElementTree

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from numerics.support.object_validation import check_instance
from numerics.support.provenance import versions
from numerics.support.validation import check_choice
from verify.figures.style import COLOURS, MARKERS
from verify.framework.runner import Verdict

__all__ = ["draw_verdict", "html_page", "json_text", "junit_text", "table_header", "table_row"]

_WIDTHS = (26, 18, 22, 24, 7)

#: Heading of the columns that depend on what was run: claims, planted faults or counterexamples.
_KINDS = {
    "": ("law", "verdict"),
    "fault": ("fault", "caught"),
    "counterexample": ("looked true", "shown"),
}

#: Words for a verdict of each kind: as expected, and not.
_WORDS = {
    "": ("holds", "FAILS"),
    "fault": ("caught", "SURVIVED"),
    "counterexample": ("refuted", "HOLDS"),
}

#: Smallest share of the bound that a figure shows.
_FLOOR = 1e-8


def table_header(kind: str = "") -> str:
    """Return the heading of the table of verdicts; kind "fault" or "counterexample" for those.

    Examples
    --------
    >>> table_header().split()
    ['claim', 'predicted', 'measured', 'law', 'tried', 'verdict']
    """
    detail, last = _KINDS[check_choice("kind", kind, tuple(_KINDS))]
    return _columns(("claim", "predicted", "measured", detail, "tried")) + last


def table_row(verdict: Verdict) -> str:
    """Return the line of a verdict in the table.

    Examples
    --------
    >>> from verify.claims.registry import get_claim
    >>> from verify.framework.runner import Profile, run_claims
    >>> (verdict,) = run_claims([get_claim("balancedness-flow")], profile=Profile(2, 1))
    >>> table_row(verdict).split()[:2]
    ['balancedness-flow', 'equal']
    """
    check_instance("verdict", verdict, Verdict, "run_claims")
    claim, outcome = verdict.claim, verdict.outcome
    cells = (claim.name, outcome.predicted, outcome.measured, _detail(verdict), verdict.examined)
    return _columns([str(x) for x in cells]) + f"{_word(verdict)}  {verdict.seconds:.1f} s"


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
    """Return JUnit XML: a case a claim, a planted fault or a counterexample (which must fail)."""
    bad = [verdict for verdict in verdicts if not verdict.as_expected]
    suite = ElementTree.Element(
        "testsuite",
        name="mixed-dynamics verify",
        tests=str(len(verdicts)),
        failures=str(len(bad)),
        time=f"{sum(x.seconds for x in verdicts):.3f}",
    )
    for verdict in verdicts:
        kind = _kind(verdict)
        name = verdict.claim.name + (f" [{kind}: {_detail(verdict)}]" if kind else "")
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"verify.{verdict.claim.family}",
            name=name,
            time=f"{verdict.seconds:.3f}",
        )
        if not verdict.as_expected:
            failure = ElementTree.SubElement(case, "failure", message=_summary(verdict))
            failure.text = verdict.snippet
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def html_page(verdicts: Sequence[Verdict], settings: dict[str, object]) -> str:
    """Return one page with the table, and the statement, law and figure of each claim.

    Faults and counterexamples are listed under their claims.
    """
    claims, planted, refuted = (
        [x for x in verdicts if _kind(x) == kind] for kind in ("", "fault", "counterexample")
    )
    rows = "".join(_html_row(verdict, planted) for verdict in claims)
    details = "".join(_html_detail(verdict, planted, refuted) for verdict in claims)
    summary = [f"{sum(x.holds for x in claims)} of {len(claims)} claims hold"]
    for part, words in (
        (planted, "planted faults were caught"),
        (refuted, "counterexamples shown again"),
    ):
        if part:
            summary.append(f"{sum(x.as_expected for x in part)} of {len(part)} {words}")
    shown = ", ".join(
        f"{key.replace('_', ' ')} {value:.2g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in settings.items()
        if value is not None
    )
    return _PAGE.format(
        summary=html.escape("; ".join(summary)),
        settings=html.escape(shown),
        rows=rows,
        details=details,
        versions=html.escape(versions()),
    )


def draw_verdict(verdict: Verdict, axes: Axes) -> Axes:
    """Draw what is behind a verdict: the fitted power, or each problem's share of the bound."""
    if "sizes" in verdict.outcome.data:
        return _draw_power(verdict, axes)
    shares = [min(max(x.share_of_bound, _FLOOR), 10.0) for x in verdict.outcomes] or [_FLOOR]
    # Spread evenly and in order, so that equal shares do not hide each other.
    heights = np.linspace(0.15, 0.85, len(shares))
    axes.plot(np.sort(shares), heights, "o", color=COLOURS[0], markersize=4, alpha=0.6)
    if not verdict.holds:
        worst = min(max(verdict.outcome.share_of_bound, _FLOOR), 10.0)
        axes.plot([worst], [0.5], "x", color=COLOURS[1], markersize=9, markeredgewidth=2)
    axes.axvline(1.0, color="black", linestyle="--", linewidth=1)
    axes.set(
        xscale="log",
        xlim=(_FLOOR / 2, 20),
        ylim=(0, 1),
        yticks=[],
        xlabel="deviation of each problem, in units of what the law allows",
    )
    return axes


def _draw_power(verdict: Verdict, axes: Axes) -> Axes:
    data = verdict.outcome.data
    sizes = data["sizes"]
    series = [name for name in data if name.startswith("errors")]
    for outcome in verdict.outcomes:
        if outcome.data and outcome is not verdict.outcome:
            for name in series:
                axes.loglog(
                    sizes, outcome.data[name], "-", color="#9A9A9A", linewidth=0.8, alpha=0.7
                )
    for k, (name, slope) in enumerate(zip(series, data["predicted_exponent"], strict=True)):
        errors, part = data[name], name.removeprefix("errors").strip()
        colour = COLOURS[0] if len(series) == 1 else COLOURS[k % len(COLOURS)]
        label = f"{part}, predicted {slope:+.2g}" if part else f"predicted exponent {slope:+.3g}"
        shape = MARKERS[k % len(MARKERS)] + ("" if part else "-")
        axes.loglog(
            sizes,
            errors,
            shape,
            color=colour,
            markersize=5,
            label=None if part else "measured (others in grey)",
        )
        line = [errors[0] * (size / sizes[0]) ** slope for size in sizes]
        axes.loglog(sizes, line, "--", color=colour if part else COLOURS[1], label=label)
    label = verdict.claim.law.text.split(",")[0]
    axes.set(xlabel=label.removeprefix("power of ").removeprefix("powers of "), ylabel="measured")
    axes.minorticks_off()
    axes.set_xticks(sizes, [f"{x:g}" for x in sizes])
    axes.legend(frameon=False, fontsize=8)
    return axes


def _kind(verdict: Verdict) -> str:
    if verdict.counterexample is not None:
        return "counterexample"
    return "" if verdict.fault is None else "fault"


def _detail(verdict: Verdict) -> str:
    if verdict.counterexample is not None:
        return verdict.counterexample.looked_true
    return verdict.claim.law.text if verdict.fault is None else verdict.fault


def _word(verdict: Verdict) -> str:
    return _WORDS[_kind(verdict)][0 if verdict.as_expected else 1]


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
    claim, outcome, counterexample = verdict.claim, verdict.outcome, verdict.counterexample
    return {
        "claim": claim.name,
        "family": claim.family,
        "statement": claim.statement,
        "where": claim.holds,
        "source": claim.source,
        "law": claim.law.text,
        "reason": claim.law.reason,
        "kind": _kind(verdict) or "claim",
        "fault": verdict.fault,
        "looked_true": counterexample.looked_true if counterexample else None,
        "learnt": counterexample.learnt if counterexample else None,
        "holds": verdict.holds,
        "as_expected": verdict.as_expected,
        "predicted": outcome.predicted,
        "measured": outcome.measured,
        "share_of_bound": outcome.share_of_bound if math.isfinite(outcome.share_of_bound) else None,
        "data": {key: list(value) for key, value in outcome.data.items()},
        "problem": verdict.problem,
        "examined": verdict.examined,
        "seconds": round(verdict.seconds, 3),
        "error": verdict.error,
    }


def _html_row(verdict: Verdict, planted: Sequence[Verdict]) -> str:
    claim, outcome = verdict.claim, verdict.outcome
    mine = [x for x in planted if x.claim.name == claim.name]
    caught = f"{sum(x.as_expected for x in mine)} of {len(mine)}" if mine else ""
    name = html.escape(claim.name)
    cells = (
        html.escape(claim.family),
        f'<a href="#{name}">{name}</a>',
        html.escape(outcome.predicted),
        html.escape(outcome.measured),
        html.escape(claim.law.text),
        str(verdict.examined),
        caught,
        "holds" if verdict.holds else "<b>fails</b>",
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"


def _html_detail(verdict: Verdict, planted: Sequence[Verdict], refuted: Sequence[Verdict]) -> str:
    claim, name = verdict.claim, html.escape(verdict.claim.name)
    parts = [
        f'<section id="{name}"><h2>{name}</h2><p>{html.escape(claim.statement)}</p>',
        f"<p><b>Holds</b>: {html.escape(claim.holds)}. <b>Source</b>: "
        f"{html.escape(claim.source)}.</p>",
        f"<p><b>Law</b>: {html.escape(claim.law.text)}; {html.escape(claim.law.reason)}.</p>",
        f'<img alt="{name}" src="data:image/png;base64,{_picture(verdict)}">',
        f"<p>{verdict.examined} problems; the hardest: {html.escape(_summary(verdict))}.</p>",
    ]
    mine = [x for x in planted if x.claim.name == claim.name]
    if mine:
        items = "".join(
            f"<li>{html.escape(x.fault or '')}: {_word(x)} ({html.escape(_summary(x))})</li>"
            for x in mine
        )
        parts.append(f"<p>Planted faults:</p><ul>{items}</ul>")
    if claim.counterexamples:
        found = {_detail(x): x for x in refuted if x.claim.name == claim.name}
        items = "".join(
            f"<li>{html.escape(x.looked_true)} <b>No</b>: {html.escape(x.learnt)}"
            + _measured_counterexample(found.get(x.looked_true))
            + ".</li>"
            for x in claim.counterexamples
        )
        parts.append(f"<p>What looked true and was not:</p><ul>{items}</ul>")
    parts.append(
        f"<details><summary>Run the hardest problem again</summary>"
        f"<pre>{html.escape(verdict.snippet)}</pre></details></section>\n"
    )
    return "".join(parts)


def _measured_counterexample(verdict: Verdict | None) -> str:
    return "" if verdict is None else f" ({_word(verdict)}: {html.escape(_summary(verdict))})"


def _picture(verdict: Verdict) -> str:
    tall = "sizes" in verdict.outcome.data
    figure = Figure(figsize=(5.2, 3.0 if tall else 1.5), layout="constrained")
    draw_verdict(verdict, figure.subplots())
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return base64.b64encode(buffer.getvalue()).decode()


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>mixed-dynamics verify</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 66rem; margin: 2rem auto;
        padding: 0 1rem; color: #222; }}
.table {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: 0.85rem; }}
td, th {{ padding: 0.25rem 0.5rem; border-bottom: 1px solid #ddd; text-align: left;
          vertical-align: top; }}
section {{ border-top: 1px solid #ccc; margin-top: 2rem; }}
pre {{ background: #f5f5f5; padding: 0.6rem; overflow-x: auto; font-size: 0.85rem; }}
img {{ max-width: 100%; }}
</style></head><body>
<h1>Verification</h1><p>{summary}.</p><p>{settings}</p>
<div class="table"><table><tr><th>family</th><th>claim</th><th>predicted</th><th>measured</th>
<th>law</th><th>tried</th><th>faults caught</th><th>verdict</th></tr>
{rows}</table></div>
{details}<p><small>{versions}</small></p></body></html>
"""
