"""Verification and counterexamples from the registry of claims: nothing is typed a second time.

``.. claims::`` writes a section a family of ``verify.claims.registry``, with a table of its claims;
``.. counterexamples::`` runs what looked true and was not on the problem that refutes it, and
writes both numbers.  One that no longer refutes is a warning, an error of the build.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from dependencies import depend_on
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import verify
from verify.claims.registry import all_claims
from verify.framework.claim import Claim
from verify.framework.runner import PROFILES, Verdict, false_alarm_rate, run_counterexamples

__all__ = ["setup"]

logger = logging.getLogger(__name__)

HEADINGS = ("claim", "statement, and where it holds", "law", "planted faults")
WIDTHS = (17, 45, 16, 22)


class ClaimsDirective(SphinxDirective):
    """Write every claim, family by family."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        depend_on(self, verify)
        claims = all_claims().values()
        families = groupby(claims, key=lambda claim: claim.family)
        count = sum(len(claim.faults) for claim in claims)
        rates = ", ".join(
            f"{100 * false_alarm_rate(claims, name):.1f} % ({name})" for name in PROFILES
        )
        total = nodes.paragraph(
            text=f"{len(claims)} claims, {count} planted faults. A run in which every claim is "
            f"true fails by chance at a rate of at most {rates}."
        )
        sections = [_family(name, list(members)) for name, members in families]
        return [total, *sections, _reasons(claims)]


class CounterexamplesDirective(SphinxDirective):
    """Write every counterexample of a claim with the numbers that show it."""

    def run(self) -> list[nodes.Node]:
        """Run the counterexamples and return the list."""
        depend_on(self, verify)
        entries = nodes.definition_list()
        for verdict in run_counterexamples(list(all_claims().values())):
            if not verdict.as_expected:
                logger.warning(
                    "counterexample of %s refutes no more: %s",
                    verdict.claim.name,
                    verdict.counterexample.looked_true,
                    location=self.get_location(),
                )
            entries += _counterexample(verdict)
        return [entries]


def _family(name: str, claims: list[Claim]) -> nodes.section:
    section = nodes.section(ids=[nodes.make_id(f"family {name}")], names=[f"family {name}"])
    section += nodes.title(text=name[0].upper() + name[1:])
    group = nodes.tgroup(cols=len(WIDTHS))
    group += [nodes.colspec(colwidth=width) for width in WIDTHS]
    head, body = nodes.thead(), nodes.tbody()
    head += _row([[nodes.paragraph(text=text)] for text in HEADINGS])
    body += [_row(_cells(claim)) for claim in claims]
    group += [head, body]
    table = nodes.table(classes=["claims", "colwidths-given"])
    table += group
    section += table
    return section


def _cells(claim: Claim) -> list[list[nodes.Node]]:
    name = nodes.paragraph()
    name += nodes.literal(text=claim.name)
    where = nodes.paragraph()
    where += [nodes.strong(text="Holds: "), nodes.Text(f"{claim.holds}. ")]
    where += [nodes.strong(text="Source: "), nodes.Text(f"{claim.source}.")]
    faults = nodes.bullet_list()
    for fault in claim.faults:
        item = nodes.list_item()
        item += nodes.paragraph(text=fault.name)
        faults += item
    statement, law = (nodes.paragraph(text=text) for text in (claim.statement, claim.law.text))
    return [[name], [statement, where], [law], [faults]]


def _reasons(claims: Iterable[Claim]) -> nodes.section:
    """Return why each law allows what it allows, once for all its claims."""
    section = nodes.section(ids=["reasons"], names=["reasons"])
    section += nodes.title(text="Reasons of the laws")
    names: dict[str, list[str]] = {}
    for claim in claims:
        names.setdefault(claim.law.reason, []).append(claim.name)
    entries = nodes.definition_list()
    for reason, members in names.items():
        term = nodes.term()
        for name in members:
            term += [nodes.literal(text=name), nodes.Text(" ")]
        text = nodes.paragraph(text=f"{reason[0].upper()}{reason[1:]}.")
        entries += nodes.definition_list_item("", term, nodes.definition("", text))
    section += entries
    return section


def _row(cells: list[list[nodes.Node]]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        entry = nodes.entry()
        entry += cell
        row += entry
    return row


def _counterexample(verdict: Verdict) -> nodes.definition_list_item:
    counterexample, outcome = verdict.counterexample, verdict.outcome
    item = nodes.definition_list_item()
    term = nodes.term()
    term += [
        nodes.Text(f"{counterexample.looked_true.rstrip('.')}: no ("),
        nodes.literal(text=verdict.claim.name),
        nodes.Text(")"),
    ]
    text = f"Claimed {outcome.predicted}, measured {outcome.measured}: {counterexample.learnt}."
    item += [term, nodes.definition("", nodes.paragraph(text=text))]
    return item


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directives."""
    app.add_directive("claims", ClaimsDirective)
    app.add_directive("counterexamples", CounterexamplesDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
