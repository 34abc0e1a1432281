"""``mixed-dynamics verify``: its status, its output, and claims from a user's file."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from verify.cli.main import main

EXAMPLE = Path(__file__).parents[3] / "examples" / "own_claim.py"

WRONG = """
from hypothesis import strategies as st
from verify.framework.claim import Claim, Fault
from verify.framework.laws import Bound

CLAIMS = (Claim(name="small", family="own", statement="Everything is small.",
    holds="everywhere", source="nobody",
    problems=st.fixed_dictionaries({"x": st.integers(0, 1000)}),
    predict=lambda p: (0, 10), measure=lambda p: p["x"], law=Bound("small", "it is said"),
    faults=(Fault("smaller", measure=lambda p: 0),)),)
"""


def run(*arguments):
    return main(["verify", *(str(x) for x in arguments)])


def test_a_file_of_no_claims_is_an_error(tmp_path, capsys):
    """Not a run of the built-in ones, and not one of none that holds."""
    file = tmp_path / "own.py"
    for name, content, told in (
        ("", None, "file must be a path"),
        (tmp_path / "absent.py", None, "claims must come from a Python file"),
        (file, "CLAIMS = ()", "must define CLAIMS, a sequence of claims"),
        (file, "", "must define CLAIMS"),
        (file, "CLAIMS = (1, 2)", "CLAIMS must"),
    ):
        if content is not None:
            file.write_text(content)
        assert run("--claims-from", name) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert told in line


def test_nothing_is_left_where_the_user_is(tmp_path, monkeypatch):
    (tmp_path / "own.py").write_text(WRONG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYPOTHESIS_STORAGE_DIRECTORY", raising=False)
    command = [sys.executable, "-m", "verify", "verify", "--claims-from", "own.py"]
    path = str(Path(__file__).parents[3])
    done = subprocess.run(command, capture_output=True, env=os.environ | {"PYTHONPATH": path})
    assert done.returncode == 1
    assert sorted(x.name for x in tmp_path.iterdir() if x.name != "__pycache__") == ["own.py"]


def test_claims_that_hold_give_status_0_and_three_files(tmp_path, capsys):
    assert (
        run("--claim", "kernels", "--faults", "--counterexamples", "--output", tmp_path / "out")
        == 0
    )
    names = sorted(x.name for x in (tmp_path / "out").iterdir())
    assert names == ["verdicts.html", "verdicts.json", "verdicts.xml"]
    out = capsys.readouterr().out
    assert "3 of 3 claims hold; 7 of 7 planted faults caught" in out
    assert "by chance" in out
    # Chance has no part in kernels.
    assert "nearest" not in out
    read = json.loads((tmp_path / "out" / "verdicts.json").read_text())
    assert read["settings"]["false_alarm_rate"] == 0


def test_claims_of_chance_say_how_near_they_came(capsys):
    assert run("--claim", "initial-matrix", "equation-1", "predicted-distance") == 0
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith("nearest")]
    found = re.findall(r"([a-z-]+) (\d\.\d\d)", line)
    assert {name for name, _ in found} == {"initial-matrix", "predicted-distance"}
    first, second = (float(share) for _, share in found)
    assert 1 >= first >= second > 0


def test_a_wrong_claim_gives_status_1_and_its_smallest_counterexample(tmp_path, capsys):
    (tmp_path / "wrong.py").write_text(WRONG)
    assert run("--claims-from", tmp_path / "wrong.py", "--profile", "standard") == 1
    out = capsys.readouterr().out
    assert "small fails" in out
    assert "print(claim.examine({'x': 11}))" in out


def test_a_fault_that_survives_gives_status_1(tmp_path, capsys):
    (tmp_path / "weak.py").write_text(WRONG.replace("(0, 1000)", "(0, 9)"))
    assert run("--claims-from", tmp_path / "weak.py") == 0
    assert run("--claims-from", tmp_path / "weak.py", "--faults") == 1
    assert "survives 'smaller'" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_verdicts(tmp_path, capsys):
    for name in ("a", "b"):
        run("--claim", "equation-1", "closed-form", "--seed", 5, "--output", tmp_path / name)
    read = [json.loads((tmp_path / x / "verdicts.json").read_text())["verdicts"] for x in "ab"]
    for verdicts in read:
        for verdict in verdicts:
            verdict.pop("seconds")
    assert read[0] == read[1]


def test_a_search_reports_the_worst_and_prints_failures_as_snippets(tmp_path, capsys):
    (tmp_path / "wrong.py").write_text(WRONG)
    assert run("--claims-from", tmp_path / "wrong.py", "--search", 0.02) == 1
    out = capsys.readouterr().out
    assert re.search(r"worst of \d+ problems of 1 claims", out)
    assert "print(claim.examine({'x': 11}))" in out


def test_a_search_of_true_claims_gives_status_0(capsys):
    assert run("--claim", "kernel-lift", "--search", 1e-6) == 0
    assert "worst of 8 problems of 1 claims" in capsys.readouterr().out


def test_list_runs_nothing(capsys):
    assert run("--list", "--claim", "limits") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert all(line.startswith("limits") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["--claim", "nonsense"], "name must be that of a claim"),
        (["--profile", "slow"], "profile must be one of"),
        (["--claim", "kernel-lift", "--search", 0], "minutes must be > 0, got 0"),
        (["--claims-from", "nowhere.py"], "Python file"),
        (["--claims-from", "nowhere.py", "--seed", "-1"], "seed must be an integer >= 0"),
        (["--claims-from", "nowhere.py", "--profile", "slow"], "profile must be one of"),
    ],
)
def test_bad_input_is_one_line(arguments, rule, capsys):
    assert run(*arguments) == 2
    assert rule in capsys.readouterr().err.strip().splitlines()[-1]


def test_the_example_runs_as_a_script():
    command = [sys.executable, "-W", "error", str(EXAMPLE)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "trace-of-balancedness" in answer.stdout
    assert "holds" in answer.stdout
    assert "caught" in answer.stdout


def test_the_example_runs_from_the_command_line(capsys):
    assert run("--claims-from", EXAMPLE, "--faults") == 0
    assert "1 of 1 claims hold; 1 of 1 planted faults caught" in capsys.readouterr().out
