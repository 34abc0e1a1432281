"""The command line: what it writes, and what it says to bad input."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from theory.topics import TOPICS
from verify.cli.main import main

SMALL = ["figure1", "--d", "30", "--rank", "2", "--iterations", "12"]


def run(*arguments: str) -> tuple[int, Path]:
    return main([str(x) for x in arguments])


def test_figure1_writes_a_dataset_and_two_figures(tmp_path, capsys):
    assert run(*SMALL, "--output", tmp_path / "new" / "folder") == 0
    folder = tmp_path / "new" / "folder"
    assert sorted(x.name for x in folder.iterdir()) == ["figure1.nc", "figure1.pdf", "figure1.png"]
    with xr.open_dataset(folder / "figure1.nc", engine="h5netcdf") as data:
        assert dict(data.sizes) == {"dynamics": 2, "iteration": 13, "mode": 30}
        assert list(data.dynamics.values) == ["gradient_descent", "self_consistent"]
        assert data.train_error.dims == data.test_error.dims == ("dynamics", "iteration")
        assert data.singular_value.dims == ("dynamics", "iteration", "mode")
        wanted = {
            "d",
            "rank",
            "gamma_sigma2",
            "gamma_w",
            "width",
            "threshold",
            "learning_rate",
            "seed",
            "update",
            "versions",
        }
        assert wanted <= set(data.attrs)
        assert data.attrs["width"] == int(30**2.25)
        assert np.isfinite(data.train_error).all()
    assert "smallest test" in capsys.readouterr().out


def test_figure1_is_reproducible_to_the_bit(tmp_path):
    for name in ("a", "b"):
        run(*SMALL, "--output", tmp_path / name)
    first, second = (xr.load_dataset(tmp_path / x / "figure1.nc", engine="h5netcdf") for x in "ab")
    assert first.identical(second)


@pytest.mark.parametrize(
    ("extra", "rule", "came"),
    [
        (["--d", "0"], "d must be", "0"),
        (["--d", "-3"], "d must be", "-3"),
        (["--rank", "31"], "rank must be", "31"),
        (["--rank", "0"], "rank must be", "0"),
        (["--gamma-w", "-0.5"], "width must be >= 1", "30^-0.5"),
        (["--gamma-w", "nan"], "gamma_w must be", "nan"),
        (["--gamma-sigma2", "inf"], "gamma_sigma2 must be", "inf"),
        (["--gamma-w", "400"], "gamma_w", "400"),
        (["--gamma-sigma2", "-400"], "gamma_sigma2", "-400"),
        (["--iterations", "0"], "iterations must be", "0"),
        (["--learning-rate", "-1"], "learning_rate must be", "-1"),
        (["--seed", "-1"], "seed must be", "-1"),
        (["--seed", str(2**64)], "64 bits at most", str(2**64)),
        (["--gamma-w", "150"], "gamma_sigma2 + gamma_w) must be at most", "e+"),
        (["--learning-rate", "10"], "diverged at iteration", "learning rate 10"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(extra, rule, came, tmp_path, capsys):
    assert run(*SMALL, *extra, "--output", tmp_path / "out") == 2
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert message.startswith("mixed-dynamics: ")
    assert rule in message
    assert came in message
    assert not any((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("extra", "rule"),
    [
        (["--grid-w", "1:1:1"], "a figure needs at least 2 x 2 cells, got 30 x 1"),
        (["--grid-sigma2", "-1"], "a figure needs at least 2 x 2 cells, got 1 x 30"),
        (["--rank", "31"], "rank must be at most 0.15 of the smaller dimension, 30,"),
        (["--d", "0"], "d must be"),
        (["--noise", "-1"], "noise must be >= 0"),
        (["--point", "-1", "0.4"], "width must be at least 5 times the rank, 25,"),
        (["--point", "-1", "2", "--learning-rate-divisor", "0"], "learning_rate_divisor must be"),
    ],
)
def test_predict_refuses_before_any_work(extra, rule, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("numerics.kernels.evaluate._kernel", None)
    assert run("predict", *extra, "--output", tmp_path / "out") == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert rule in line
    assert not any((tmp_path / "out").iterdir())


@pytest.mark.parametrize("extra", [["--point", "-1", "2"], ["--method", "closed_form"]])
def test_predict_names_the_stability_limit(extra, tmp_path, capsys):
    words = ["predict", "--learning-rate-divisor", "1e-9", *extra, "--output", tmp_path / "out"]
    assert run(*words) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "learning_rate must be at most its stability limit, 0.0" in line
    assert "learning_rate_divisor must be " in line


def test_divergence_names_the_limit(tmp_path, capsys):
    run(*SMALL, "--learning-rate", "10", "--output", tmp_path)
    assert "stability limit" in capsys.readouterr().err


def test_output_that_is_a_file_is_refused(tmp_path, capsys):
    (tmp_path / "file").write_text("kept")
    assert run(*SMALL, "--output", tmp_path / "file") == 2
    assert "output must be a folder" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_unwritable_output_is_refused(tmp_path, capsys):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert run(*SMALL, "--output", tmp_path / "locked") == 2
    assert "output must be a folder" in capsys.readouterr().err


# Every topic is derived and typeset in tests/theory; here the command alone is new.
@pytest.mark.parametrize("topic", ["gram-dynamics", "wishart", "depth"])
def test_derive_prints_a_topic(topic, capsys):
    assert run("derive", topic) == 0
    text = capsys.readouterr().out
    assert text.startswith(TOPICS[topic][0])
    assert "[proved]" in text


def test_derive_refuses_an_unknown_topic(capsys):
    assert run("derive", "nonsense") == 2
    assert "topic must be one of" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_latex_compiles(tmp_path, capsys):
    run("derive", "--latex")
    (tmp_path / "all.tex").write_text(capsys.readouterr().out)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


def test_starting_is_light():
    """Help and version import none of the heavy packages."""
    code = (
        "import sys, verify.cli.main\n"
        "verify.cli.main.build_parser()\n"
        "print([x for x in ('numba', 'sympy', 'matplotlib', 'numpy') if x in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
