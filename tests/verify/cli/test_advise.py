"""``mixed-dynamics advise``: files, tables, figure, and what it says to bad input."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from numerics.advice import check as advice_check
from numerics.advice.advise import advise
from verify.cli import output_files as output
from verify.cli.commands.advise import read_singular_values
from verify.cli.main import main
from verify.figures.advice import STYLES, draw_advice, draw_front, draw_places, draw_runs
from verify.reports.advice import advice_table

SMALL = ["advise", "--d-in", "60", "--rank", "2"]


def run(*arguments):
    return main([str(x) for x in arguments])


@pytest.fixture(scope="module")
def advice():
    return advise(60, rank=2)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def undrawn(monkeypatch):
    """Leave out the figure's files, which take most of a command's time."""
    monkeypatch.setattr(output, "save_figure", lambda figure, path: path)


def test_it_writes_a_dataset_two_figures_and_a_table(tmp_path, capsys):
    assert run(*SMALL, "--check", 3, "--output", tmp_path / "new") == 0
    names = sorted(x.name for x in (tmp_path / "new").iterdir())
    assert names == ["advice.nc", "advice.pdf", "advice.png"]
    with xr.open_dataset(tmp_path / "new" / "advice.nc", engine="h5netcdf") as data:
        assert list(data.recommendation.values) == ["accurate", "knee", "fast"]
        assert data.trained_test_error.dims == ("recommendation", "run", "iteration")
        assert data.sizes["run"] == 3
        assert {"rules", "status_meaning", "versions", "check_seed"} <= set(data.attrs)
        assert all("units" in data[x].attrs for x in ("width", "init_variance", "min_test_error"))
    out = capsys.readouterr().out
    assert "trained, 3 runs each" in out
    assert all(sum(line.startswith(name) for line in out.splitlines()) == 3 for name in STYLES)


def test_the_table_shows_the_numbers(advice):
    lines = advice_table(advice).splitlines()
    for name in STYLES:
        one = advice.sel(recommendation=name)
        row = next(line for line in lines if line.startswith(name)).split()
        assert float(row[1]) == one.init_variance
        assert float(row[3]) == one.width
        assert float(row[5]) == one.learning_rate
        assert row[8] == str(one.regime.item())
        assert float(row[9]) == pytest.approx(one.min_test_error.item(), rel=1e-3)
        assert int(row[12]) == one.iterations
    assert "outside the range" not in "\n".join(lines)
    narrow = advice_table(advise(60, rank=2, max_width=30))
    assert "outside the range of validity and were not considered" in narrow
    hidden = advice_table(advise(60, rank=2, noise=50.0))
    # All three are the start itself, untrained.
    assert sum(x.startswith("accurate = knee = fast  ") for x in hidden.splitlines()) == 1
    assert not any(x.startswith(("knee  ", "fast  ")) for x in hidden.splitlines())
    assert "no singular value of A* stands out" in hidden
    assert "training gains less than 1%" in hidden


def test_an_unconfirmed_check_is_told(tmp_path, capsys, monkeypatch, undrawn):
    monkeypatch.setattr(advice_check, "AGREEMENT", 0.0)
    monkeypatch.setattr(advice_check, "STANDARD_ERRORS", 0.0)
    assert run(*SMALL, "--check", 2, "--output", tmp_path) == 1
    assert "NOT CONFIRMED" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_and_zeros_are_read(tmp_path, encoding):
    """A spectrum of rank 2, as a spreadsheet or a whole decomposition writes it."""
    file = tmp_path / "values.txt"
    file.write_text("50\n30\n0\n0.0\n", encoding=encoding)
    assert read_singular_values(str(file)).tolist() == [50, 30]
    file.write_text("0\n0\n", encoding=encoding)
    with pytest.raises(ValueError, match="must have one that is not 0, got 2 zeros"):
        read_singular_values(str(file))


def test_singular_values_from_files(tmp_path, undrawn):
    values = np.array([50.0, 31.5, 20.0])
    np.save(tmp_path / "values.npy", values)
    (tmp_path / "values.txt").write_text("# of A*\n50\n31.5  # second\n\n2e1\n")
    for name in ("values.npy", "values.txt"):
        assert np.array_equal(read_singular_values(str(tmp_path / name)), values)
    arguments = ("--singular-values", tmp_path / "values.txt", "--output", tmp_path / "out")
    assert run("advise", "--d-in", 60, "--d-out", 90, *arguments) == 0
    data = xr.load_dataset(tmp_path / "out" / "advice.nc", engine="h5netcdf")
    assert np.array_equal(data.attrs["singular_values"], values)
    assert (data.attrs["d_in"], data.attrs["d_out"], data.attrs["rank"]) == (60, 90, 3)


@pytest.mark.parametrize(
    ("content", "extra", "rule"),
    [
        ("50\nlarge\n", [], "one number a line"),
        ("50 40\n", [], "one number a line"),
        ("", [], "must not be empty"),
        ("50\n-3\n", [], "singular_values must be > 0"),
        ("50\nnan\n", [], "must be finite"),
        ("50\n30\n", ["--rank", "3"], "rank must be the number of singular values"),
        (None, [], "singular-values must be a file"),
        (b"\x93NUMPY", [], "a .npy vector"),
        (np.ones((2, 2)), [], "must be 1-dimensional"),
    ],
)
def test_bad_files_are_one_line_and_nothing_is_written(content, extra, rule, tmp_path, capsys):
    file = tmp_path / ("values.npy" if isinstance(content, bytes | np.ndarray) else "values.txt")
    if isinstance(content, str):
        file.write_text(content)
    elif isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        np.save(file, content)
    command = ["advise", "--d-in", "60", "--singular-values", file, *extra]
    assert run(*command, "--output", tmp_path / "out") == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("mixed-dynamics: ")
    assert rule in line
    assert not any((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("extra", "rule"),
    [
        (["--d-in", "0"], "d_in must be"),
        (["--d-out", "-3"], "d_out must be"),
        (["--rank", "61"], "rank must be at most"),
        (["--rank", "30"], "rank must be at most 0.15 of the smaller dimension, 9,"),
        (["--noise", "0"], "noise must be > 0"),
        (["--budget", "0"], "budget must be"),
        (["--budget", "3", "--learning-rate-share", "0.01"], "budget must be long enough"),
        (["--learning-rate-share", "1"], "learning_rate_share must be < 1"),
        (["--max-width", "9"], "max_width must be at least 5 times the rank, 10,"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(extra, rule, tmp_path, capsys):
    assert run(*SMALL, *extra, "--output", tmp_path / "out") == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert rule in line
    assert not any((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("extra", "rule"),
    [
        (["--check", "0"], "runs must be an integer >= 1, got 0"),
        (["--check", "1"], "runs must be >= 2"),
        (["--check", "2", "--seed", "-1"], "seed must be"),
        (["--check", "2", "--seed", str(2**64)], "64 bits at most"),
    ],
)
def test_a_bad_check_is_refused_before_there_is_advice(extra, rule, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("numerics.advice.advise.advise", None)
    assert run(*SMALL, *extra, "--output", tmp_path / "out") == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert rule in line


def test_axes_in_axes_out(advice):
    _, (one, two, three) = plt.subplots(1, 3)
    assert draw_front(advice, one) is one
    assert draw_places(advice, two) is two
    assert draw_runs(advice, three) is three
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in (one, two, three))


def test_the_figure_shows_the_recommendations(advice):
    figure = draw_advice(advice)
    front, places, runs = (x for x in figure.axes if x.get_title())
    for name, (colour, marker, _) in STYLES.items():
        r = advice.sel(recommendation=name)
        at = [
            (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
            for axes in (front, places, runs)
            for line in axes.lines
            if line.get_marker() == marker and line.get_color() == colour
        ]
        variance = (r.init_variance + r.init_variance2).item() / 2
        assert at[0] == (r.iterations, r.min_test_error)
        assert at[1] == pytest.approx((variance, r.width.item()))
        assert at[2] == (r.iterations, r.test_error[int(r.iterations)])
    (steps,) = [x for x in front.lines if x.get_drawstyle() == "steps-post"]
    assert np.array_equal(steps.get_ydata(), advice.front_min_test_error)
    # Told apart in grey: a marker and a line style each.
    assert len({str(style) for *_, style in STYLES.values()}) == len(STYLES)


def test_a_check_is_drawn(advice):
    checked = advice.merge(advice_check.check_advice(advice, 2), combine_attrs="override")
    _, (plain, trained) = plt.subplots(1, 2)
    draw_runs(advice, plain)
    draw_runs(checked, trained)
    assert not plain.containers
    assert len(trained.containers) == len(STYLES)
