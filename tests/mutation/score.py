"""The score of a mutation run by family, its survivors, and both as tables of the documentation."""

import csv
import io

from explained import EXPLAINED
from mutant import NETS, ROOT

DOCS = ROOT / "docs"

#: Written where a net ran and noticed nothing, where the family has none, and where it took longer
#: than it may: not counted as noticed.
SURVIVED, NONE, LATE = "-", "none", "time is up"


def caught(verdict):
    """Tell whether a net noticed."""
    return verdict not in ("", SURVIVED, NONE, LATE)


def rows(families, known):
    """Return a row a family, and one of all: its mutants, and of those run what a net noticed."""
    found = {x.name: [known[m.key] for m in x.mutants if m.key in known] for x in families}
    found["all"] = [row for part in found.values() for row in part]
    return [(name, len(part), *_counts(part)) for name, part in found.items()]


def survivors(families, known):
    """Return the mutants that were run and that no net noticed."""
    every = (x for family in families for x in family.mutants if x.key in known)
    return [x for x in every if not any(caught(known[x.key][net]) for net in NETS)]


def summary(families, known):
    """Return the score and its survivors as text."""
    lines = [f"{'formulas':26}{'mutants':>8}" + "".join(f"{x:>9}" for x in (*NETS, "any"))]
    lines += [
        f"{x[0]:26}{x[1]:>8}" + "".join(f"{y:>9}" for y in x[2:]) for x in rows(families, known)
    ]
    for x in survivors(families, known):
        reason = EXPLAINED.get(x.key, "not explained")
        lines.append(f"survived: {x.key} {x.file}: {x.old!r} -> {x.new!r}: {reason}")
    missing = sum(x.key not in known for family in families for x in family.mutants)
    return "\n".join([*lines, *([f"not run: {missing}"] if missing else [])])


def tables(families, known):
    """Return the tables of the documentation by file."""
    score = [
        ("Formulas", "Mutants", "Proofs", "Tests", "Claims", "Any net"),
        *rows(families, known),
    ]
    left = [
        (x.file, f"``{_line(x.old)}`` to ``{_line(x.new)}``", EXPLAINED.get(x.key, "not explained"))
        for x in survivors(families, known)
    ]
    return {
        DOCS / "mutation_score.csv": _text(score),
        DOCS / "mutation_survivors.csv": _text([("File", "Edit", "Why it is not noticed"), *left]),
    }


def _counts(part):
    for net in NETS:
        ran = [row for row in part if row[net] not in ("", NONE)]
        yield f"{sum(caught(row[net]) for row in ran)}/{len(ran)}" if ran else NONE
    yield f"{sum(any(caught(row[net]) for net in NETS) for row in part)}/{len(part)}"


def _line(text):
    return " ".join(text.split())


def _text(table):
    output = io.StringIO()
    csv.writer(output, lineterminator="\n").writerows(table)
    return output.getvalue()
