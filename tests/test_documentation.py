"""What the documentation asks a reader to type: commands that parse, and code that runs."""

import os
import re
import runpy
import shlex
import textwrap
from pathlib import Path

import matplotlib
import pytest

from verify.claims.registry import all_claims
from verify.cli.main import build_parser

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted((*DOCS.glob("*.rst"), *DOCS.glob("how_to/*.rst")))
CODE = re.compile(r"^\.\. code-block:: (\w+)\n\n((?:(?:   .*)?\n)+)", re.MULTILINE)
#: "Surname, Surname and Surname 2020".
CITATION = re.compile(r"([A-Z][\w'-]+)(?:(?:, | and )[A-Z][\w'-]+(?: [A-Z][\w-]+)*)* (\d{4})")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(path, language):
    """Return the code of a page in one language."""
    found = (FENCE if path.suffix == ".md" else CODE).findall(path.read_text())
    return [textwrap.dedent(text) for name, text in found if name == language]


def commands():
    """Return every command line of mixed-dynamics, comments removed."""
    for path in (*PAGES, ROOT / "README.md"):
        for block in blocks(path, "sh"):
            for line in block.splitlines():
                for part in re.split(r"&&|>", line):
                    words = shlex.split(part, comments=True)
                    if words and Path(words[0]).name == "mixed-dynamics":
                        yield pytest.param(words[1:], id=f"{path.stem}: {' '.join(words[1:])}")


@pytest.mark.parametrize("words", list(commands()))
def test_documented_commands_parse(words):
    assert build_parser().parse_args(words).run


@pytest.mark.parametrize(
    "page", [path for path in PAGES if blocks(path, "python")], ids=lambda path: path.stem
)
def test_documented_code_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with matplotlib.rc_context({"backend": "agg"}):
        namespace = {"__name__": "documentation"}
        for number, block in enumerate(blocks(page, "python"), start=1):
            exec(compile(block, f"{page.name}, block {number}", "exec"), namespace)
    assert "nan" not in capsys.readouterr().out.lower()


def test_the_example_of_own_observables_runs(capsys):
    runpy.run_path(str(ROOT / "examples" / "own_observable.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert "aligned_share" in printed and "first_input_share" in printed and "nan" not in printed


def test_files_that_pages_show_exist():
    shown = [
        (path, target)
        for path in PAGES
        for target in re.findall(r"literalinclude:: (\S+)|<(\.\./\S+)>`", path.read_text())
    ]
    assert shown
    for path, targets in shown:
        assert os.path.exists(path.parent / "".join(targets)), (path.name, targets)


def bibliography():
    """Return the first author's surname and the year of every entry."""
    for entry in re.split(r"^@", (DOCS / "references.bib").read_text(), flags=re.MULTILINE)[1:]:
        surname = re.search(r"author = \{([^,}]+)", entry)[1]
        yield re.sub(r"[{}\\'\"]", "", surname), re.search(r"year = \{(\d{4})", entry)[1]


def test_what_claims_cite_is_in_the_bibliography():
    known = set(bibliography())
    for claim in all_claims().values():
        texts = (claim.source, claim.law.reason, *(x.learnt for x in claim.counterexamples))
        for text in texts:
            assert set(CITATION.findall(text)) <= known, f"{claim.name}: {text}"
    assert CITATION.findall("Geiger, Spigler, Jacot and Wyart 2020")[0] in known
