"""One self-contained HTML page from parts: a heading, words, figures and the numbers behind them.

Figures are inside the page; nothing is linked from elsewhere, so it can be sent as one file.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from numerics.support.provenance import versions
from verify.reports.findings import Findings

__all__ = ["ReportPart", "report_page"]


@dataclass(frozen=True)
class ReportPart:
    """A section of the page.

    Attributes
    ----------
    title : str
        Its heading.
    text : str
        What it shows and where it comes from, in a sentence or two.
    command : str
        The command line that makes it.
    numbers : str
        What that printed.
    figures : sequence of Path
        PNG files, shown in this order.
    seconds : float
        How long it took.
    failure : str
        Empty, or why there is nothing.
    findings : Findings, optional
        What it judged; None where it shows something and judges nothing.
    """

    title: str
    text: str
    command: str
    numbers: str
    figures: Sequence[Path]
    seconds: float
    failure: str = ""
    findings: Findings | None = None

    @property
    def failed(self) -> bool:
        """Whether it was not made, or something that it judged fails."""
        return bool(self.failure) or (self.findings is not None and bool(self.findings.fails))


def report_page(parts: Sequence[ReportPart], heading: str) -> str:
    """Return the page."""
    links = "".join(
        f'<li><a href="#part-{k}">{html.escape(part.title)}</a>'
        f"{' <b>(failed)</b>' if part.failed else ''}</li>"
        for k, part in enumerate(parts)
    )
    sections = "".join(_section(k, part) for k, part in enumerate(parts))
    return _PAGE.format(
        heading=html.escape(heading),
        state=_state(parts),
        links=links,
        sections=sections,
        versions=html.escape(versions()),
    )


def _state(parts: Sequence[ReportPart]) -> str:
    """Return the opening: what holds, what fails, and what is not decided, not made, not judged."""
    judged = [part.findings for part in parts if part.findings is not None]
    counts = [
        f"{len(x.holds)} of {sum(map(len, (x.holds, x.fails, x.not_decided, x.not_measured)))} "
        f"{x.kind}"
        for x in judged
    ]
    lines = {
        "Holds": "; ".join(counts),
        "Fails": "; ".join(name for x in judged for name in x.fails) or "nothing",
        "Not decided": "; ".join(name for x in judged for name in x.not_decided) or "nothing",
        "Not measured": "; ".join(name for x in judged for name in x.not_measured),
        "Not made": "; ".join(x.title for x in parts if x.failure),
        "Shown without a verdict": "; ".join(
            x.title for x in parts if x.findings is None and not x.failure
        ),
    }
    if not judged:
        lines |= dict.fromkeys(("Fails", "Not decided"), "")
    return "".join(
        f"<p><b>{word}</b>: {html.escape(text)}.</p>" for word, text in lines.items() if text
    )


def _section(number: int, part: ReportPart) -> str:
    title = html.escape(part.title)
    pieces = [f'<section id="part-{number}"><h2>{title}</h2><p>{html.escape(part.text)}</p>']
    if part.failure:
        pieces.append(f'<p class="failure">{html.escape(part.failure)}</p>')
    for path in part.figures:
        data = base64.b64encode(path.read_bytes()).decode()
        pieces.append(
            f'<img alt="{title}: {html.escape(path.stem)}" src="data:image/png;base64,{data}">'
        )
    if part.numbers.strip():
        pieces.append(f"<pre>{html.escape(part.numbers.strip())}</pre>")
    pieces.append(
        f"<p><small><code>{html.escape(part.command)}</code>, "
        f"{part.seconds:.0f} s</small></p></section>\n"
    )
    return "".join(pieces)


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{heading}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 66rem; margin: 2rem auto;
        padding: 0 1rem; color: #222; }}
section {{ border-top: 1px solid #ccc; margin-top: 2rem; }}
pre {{ background: #f5f5f5; padding: 0.6rem; overflow-x: auto; font-size: 0.8rem; }}
img {{ max-width: 100%; display: block; margin: 1rem auto; }}
.failure {{ border-left: 4px solid #D55E00; padding-left: 0.6rem; }}
</style></head><body>
<h1>{heading}</h1>{state}<ul>{links}</ul>
{sections}<p><small>{versions}</small></p></body></html>
"""
