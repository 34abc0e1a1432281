"""The table of what was found, a row a mutant."""

import csv
from pathlib import Path

RESULTS = Path(__file__).with_name("results.csv")

#: A net's column is empty where it has not run.
COLUMNS = ("key", "family", "kind", "file", "proofs", "tests", "claims", "seconds")


def read(path):
    """Return the table by key; empty where there is none."""
    if not path.is_file():
        return {}
    with path.open(newline="") as file:
        return {row["key"]: row for row in csv.DictReader(file)}


def write(path, known):
    """Write the table, whole or not at all."""
    rows = sorted(known.values(), key=lambda row: (row["family"], row["key"]))
    part = path.with_suffix(".part")
    with part.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    part.replace(path)
