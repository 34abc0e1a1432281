"""The score of a mutation run, by family, and its survivors."""


def summary(families, known, caught):
    """Return a table: mutants, and how many proofs, tests, claims and any net noticed."""
    nets = ("proofs", "tests", "claims")
    lines = [f"{'family':34}{'mutants':>8}{'proofs':>9}{'tests':>9}{'claims':>9}{'any':>9}"]
    rows, left = [], []
    for family in families:
        found = [(x, known[x.key]) for x in family.mutants if x.key in known]
        rows += [row for _, row in found]
        lines.append(_line(family.name, [row for _, row in found], nets, caught))
        left += [x for x, row in found if not any(caught(row[net]) for net in nets)]
    lines.append(_line("all", rows, nets, caught))
    lines += [f"survived: {x.key} {x.file}: {x.old!r} -> {x.new!r}" for x in left]
    missing = sum(x.key not in known for family in families for x in family.mutants)
    if missing:
        lines.append(f"not run: {missing}")
    return "\n".join(lines)


def _line(name, rows, nets, caught):
    cells = []
    for net in nets:
        ran = [row for row in rows if row[net] not in ("", "none")]
        cells.append(f"{sum(caught(row[net]) for row in ran)}/{len(ran)}")
    cells.append(f"{sum(any(caught(row[net]) for net in nets) for row in rows)}/{len(rows)}")
    return f"{name:34}{len(rows):>8}" + "".join(f"{x:>9}" for x in cells)
