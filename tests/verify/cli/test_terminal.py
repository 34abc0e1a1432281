"""What a terminal can show, and a reader that goes away."""

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
import sympy as sp

import theory
from theory.algebra.typesetting import pretty
from verify.cli.terminal import spelled_out

#: Prints what every symbol of theory/ is made of, at once and again: more than a pipe holds.
SCRIPT = """
import sys
from verify.cli import main as command
from verify.cli.commands import derive
derive.run = lambda options: print(sys.argv[1] * 20_000) or 0
command.derive.add.__globals__["run"] = derive.run
sys.exit(command.main(["derive"]))
"""


def letters():
    """Return every letter beyond ASCII in the sources of theory/."""
    texts = (x.read_text(encoding="utf-8") for x in Path(theory.__file__).parent.rglob("*.py"))
    return sorted({letter for text in texts for letter in text if not letter.isascii()})


def test_every_sign_of_a_formula_is_spelled_out():
    found = letters()
    assert len(found) > 20
    for letter in found:
        text = spelled_out(letter)
        assert text.isascii() and "\\" not in text, (letter, unicodedata.name(letter), text)
    assert spelled_out("\u03c3\u00b2 + s\u2080\u2099, \u0393") == "sigma^2 + s_0n, Gamma"


def test_what_formulas_are_drawn_with_keeps_its_width():
    x = sp.Symbol("x")
    drawn = pretty(
        sp.Integral(sp.sqrt(sp.Matrix([[x / 2, x], [1, x**2]])[0, 0]), (x, 0, 1))
        + sp.Sum((1 / (1 + 1 / x)) ** 2, (x, 1, 3))
        + sp.Limit(sp.Piecewise((x, x > 1), (1 / x, True)), x, 0)
    )
    shown = spelled_out(drawn)
    assert shown.isascii() and "\\u" not in shown
    longest = [max(map(len, text.splitlines())) for text in (drawn, shown)]
    assert longest[1] - longest[0] <= 4  # powers are written as ^2


@pytest.mark.parametrize("setting", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}])
def test_a_terminal_without_letters_gets_ascii(setting):
    kept = {name: x for name, x in os.environ.items() if name not in ("LC_ALL", "PYTHONIOENCODING")}
    out = subprocess.run(
        [sys.executable, "-c", SCRIPT, "\u03c3\u00b2"],
        capture_output=True,
        env=kept | setting,
        check=True,
    )
    assert out.stdout.decode("ascii").startswith("sigma^2sigma^2") and not out.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_reader_that_goes_away_ends_a_command_quietly():
    command = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "many words "],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stdout.read(4) == b"many"
    command.stdout.close()
    assert (command.stderr.read(), command.wait(timeout=60)) == (b"", 141)
    command.stderr.close()
