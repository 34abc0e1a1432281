"""A mutant is one wrong edit of the source; a family is the formulas that are examined together.

An edit replaces a text that stands exactly once in its file, so that a mutant says itself when the
source has moved on.  The nets of a family are what should notice: topics whose derivation is
proved, test files in the order in which they are run, and claims.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: What an edit gets wrong.
KINDS = (
    "power",
    "factor",
    "swap",
    "dropped term",
    "sign",
    "index",
    "dimension",
    "freedom",
    "constant",
    "comparison",
)

NETS = ("proofs", "tests", "claims")


@dataclass(frozen=True)
class Mutant:
    """One edit: in ``file``, ``old`` becomes ``new``."""

    file: str
    old: str
    new: str
    kind: str

    @property
    def key(self):
        """Eight hexadecimal digits by which results name the mutant."""
        text = "\0".join((self.file, self.old, self.new))
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @property
    def occurrences(self):
        """How often the text stands in its file."""
        path = ROOT / self.file
        return path.read_text().count(self.old) if path.is_file() else 0

    def plant(self, tree):
        """Make the edit in a copy of the tree."""
        path = tree / self.file
        path.write_text(path.read_text().replace(self.old, self.new))


@dataclass(frozen=True)
class Family:
    """Formulas with their mutants, and what should notice an edit."""

    name: str
    mutants: tuple[Mutant, ...]
    proofs: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()


def family(name, *edits, proofs=(), tests=(), claims=()):
    """Return a family of (file, old, new, kind); words of topics and claims are split."""
    split = lambda x: tuple(x.split()) if isinstance(x, str) else tuple(x)  # noqa: E731
    mutants = tuple(Mutant(*edit) for edit in edits)
    return Family(name, mutants, split(proofs), split(tests), split(claims))
