"""Figure 2: the command, the panels, and the numbers along the boundaries."""

import io

import numpy as np
import pytest
import xarray as xr

from numerics.phase_diagram.cell import VARIABLES
from numerics.sweeps.run import SweepProgress
from verify.cli import progress
from verify.cli.main import main
from verify.cli.output_files import save_dataset
from verify.cli.progress import ProgressReport
from verify.figures.figure2 import draw_figure2
from verify.reports.figure2 import across_boundary, figure2_report, width_exponent

SMALL = [
    "figure2",
    "--grid-sigma2",
    "-3:0:4",
    "--grid-w",
    "0:2.8:4",
    "--d",
    "20",
    "--rank",
    "2",
    "--workers",
    "0",
]


@pytest.fixture
def without_figures(monkeypatch):
    """Write the dataset alone: drawing takes longer than everything else."""
    monkeypatch.setattr(
        "verify.cli.commands.figure2._write",
        lambda data, prediction, folder: [save_dataset(data, folder / "figure2.nc")],
    )


def run(*arguments):
    return main([str(x) for x in arguments])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figure2") / "new"
    assert run(*SMALL, "--output", folder) == 0
    return folder


@pytest.fixture
def sweep(made):
    return xr.load_dataset(made / "figure2.nc", engine="h5netcdf")


def plane(values, count=15, d=200, replicates=1):
    """Return a made-up sweep whose quantities are functions of the exponents."""
    x, y = np.linspace(-3, 0, count), np.linspace(0, 2.8, count)
    grid = np.meshgrid(x, y, indexing="ij")
    dims = ("gamma_sigma2", "gamma_w", "replicate")
    shape = (count, count, replicates)
    data = {
        name: (dims, np.broadcast_to(f(*grid)[..., None], shape).copy())
        for name, f in values.items()
    }
    data["status"] = (dims, np.zeros(shape, np.int8))
    data["stop_reason"] = (dims, np.ones(shape, np.int8), {"flag_meanings": "a b c"})
    coords = {
        "gamma_sigma2": x,
        "gamma_w": y,
        "replicate": np.arange(replicates),
        "width": ("gamma_w", np.floor(float(d) ** y)),
    }
    return xr.Dataset(data, coords, {"d": d, "rank": 5, "update": "sequential"})


def made_up(**options):
    return plane(
        {
            "min_test_error": lambda x, y: 0.5 + 0.25 * (x + y - 1),
            "stable_rank": lambda x, y: 4 + y,
            "iterations": lambda x, y: 250 + 60 * x,
            "max_distance": lambda x, y: 200.0 ** (x + y) * 200.0 ** (-y / 2),
        },
        **options,
    )


def test_it_writes_the_dataset_and_the_figure(made, sweep):
    names = sorted(x.name for x in made.iterdir())
    assert names == ["figure2.nc", "figure2.pdf", "figure2.png", "figure2.store"]
    assert dict(sweep.sizes) == {"gamma_sigma2": 4, "gamma_w": 4, "replicate": 1}
    assert set(VARIABLES) <= set(sweep.data_vars)
    assert (sweep.status == 0).all()


def test_a_finished_store_is_not_overwritten_unasked(made, capsys):
    assert run(*SMALL, "--output", made) == 2
    assert "16 of 16 cells" in capsys.readouterr().err


def test_resume_draws_again_and_restart_computes_again(made, tmp_path, capsys, without_figures):
    before = (made / "figure2.nc").read_bytes()
    for option in ("--resume", "--restart"):
        assert run(*SMALL, "--output", made, option) == 0
        again = xr.load_dataset(made / "figure2.nc", engine="h5netcdf")
        (tmp_path / "before.nc").write_bytes(before)
        assert again.identical(xr.load_dataset(tmp_path / "before.nc", engine="h5netcdf"))
    assert "wrote" in capsys.readouterr().out


def test_another_grid_is_refused(made, capsys):
    assert run(*SMALL, "--seed", 1, "--resume", "--output", made) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "seed was 0, is 1" in line and "--output names another folder" in line


def test_options_win_over_the_file_and_the_file_over_quick(tmp_path, without_figures):
    config = tmp_path / "plan.toml"
    config.write_text('gamma_w = "0:2:3"\nd = 20\nrank = 3\nseed = 5\n')
    out = tmp_path / "out"
    assert (
        run(
            "figure2",
            "--quick",
            "--config",
            config,
            "--rank",
            2,
            "--grid-sigma2",
            "-2:0:3",
            "--workers",
            0,
            "--output",
            out,
        )
        == 0
    )
    data = xr.load_dataset(out / "figure2.nc", engine="h5netcdf")
    assert (data.attrs["rank"], data.attrs["seed"]) == (2, 5)
    assert dict(data.sizes) == {"gamma_sigma2": 3, "gamma_w": 3, "replicate": 1}


def test_replicates_single_precision_fresh_tasks_and_curves(tmp_path, without_figures):
    assert (
        run(
            *SMALL,
            "--replicates",
            2,
            "--precision",
            "float32",
            "--task",
            "fresh",
            "--curves",
            "--iterations",
            20,
            "--output",
            tmp_path,
        )
        == 0
    )
    data = xr.load_dataset(tmp_path / "figure2.nc", engine="h5netcdf")
    assert data.sizes["replicate"] == 2
    assert data.sizes["iteration"] == 21
    first, second = (data.min_test_error.isel(replicate=k) for k in (0, 1))
    assert (first != second).all()


def test_compare_draws_and_stores_the_prediction(tmp_path, capsys):
    pytest.importorskip("numerics.prediction.grid")
    assert run(*SMALL, "--compare", "--output", tmp_path) == 0
    assert (tmp_path / "figure2_prediction.nc").exists()
    assert "trained - predicted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        (["--grid-w", "0:2"], "gamma_w must be 'first:last:count', got '0:2'"),
        (["--grid-sigma2", "0:x:3"], "gamma_sigma2 must be"),
        (["--grid-w", "1:1:1"], "at least 2 x 2 cells"),
        (["--grid-w", "1:150:3"], "gamma_sigma2 + gamma_w) must be at most"),
        (["--seed", str(2**64)], "64 bits at most"),
        (["--d", "0"], "d must be"),
        (["--rank", "21"], "rank must be"),
        (["--iterations", "0"], "iterations must be"),
        (["--replicates", "-1"], "replicates must be"),
        (["--workers", "-1"], "workers must be"),
        (["--config", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_bad_input_is_one_line(extra, told, tmp_path, capsys):
    assert run(*SMALL, *extra, "--output", tmp_path) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith("mixed-dynamics: ")
    assert told in lines[-1]
    assert not list(tmp_path.glob("figure2.store/cells-*"))


def test_an_interrupt_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    def interrupted(*_, progress, **__):
        progress(SweepProgress(7, 16, 7, 0.4, 1.0))
        raise KeyboardInterrupt

    monkeypatch.setattr("numerics.sweeps.run.run_sweep", interrupted)
    assert run(*SMALL, "--output", tmp_path) == 130
    assert "7 of 16 cells are stored: the same command with --resume" in capsys.readouterr().err


def test_a_full_disk_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    def full(*_, progress, **__):
        progress(SweepProgress(7, 16, 7, 0.4, 1.0))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numerics.sweeps.run.run_sweep", full)
    assert run(*SMALL, "--output", tmp_path) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "No space left on device" in line
    assert "--resume goes on" in line


def test_a_prediction_without_a_variable_leaves_its_panel_blank():
    figure = draw_figure2(made_up(), made_up().isel(replicate=0).drop_vars("max_distance"))
    assert sum(not axes.axison for axes in figure.axes) == 2


def test_the_prediction_is_hatched_where_it_is_out_of_range():
    prediction = made_up().isel(replicate=0, drop=True)
    labels = len(draw_figure2(made_up(), prediction).legends[0].get_texts())
    prediction.status[:3, :3] = 1
    figure = draw_figure2(made_up(), prediction)
    assert len(figure.legends[0].get_texts()) == labels + 1
    trained, predicted, difference = (len(axes.collections) for axes in figure.axes[:3])
    assert predicted == trained + 2
    assert difference > 2


def test_numbers_across_a_boundary_are_those_of_the_plane():
    data = made_up()
    for offset in (-0.3, 0.0, 0.3):
        values = across_boundary(data, "active / lazy", offset)
        assert values[0] == pytest.approx(0.5 + 0.25 * offset)
        rank = np.log(5) / np.log(200) + 4
        assert across_boundary(data, "underparameterised", offset)[1] == pytest.approx(
            rank + offset
        )
    assert np.isnan(across_boundary(data, "infinite noise", 9.0)).all()


def test_the_width_exponent_is_found():
    fit = width_exponent(made_up(), 0.5)
    assert fit.exponent == pytest.approx(-0.5, abs=1e-6)
    assert width_exponent(made_up(), 2.0, "above").exponent == pytest.approx(-0.5, abs=1e-6)
    assert width_exponent(made_up(), 0.0, "above") is None
    assert width_exponent(made_up(), 9.0) is None
    assert "a = -0.500" in figure2_report(made_up())


def test_progress_is_plain_lines_in_a_log(monkeypatch):
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    stream = io.StringIO()
    with ProgressReport(stream) as report:
        report(SweepProgress(0, 900, 0, 0.0, 0.0))
        report(SweepProgress(90, 900, 90, 0.25, 30.0, ("cell 3 diverged",)))
        report(SweepProgress(900, 900, 900, 1.0, 120.0))
    assert stream.getvalue().splitlines() == [
        "0 of 900 cells",
        "cell 3 diverged",
        "90 of 900 cells, 3.00 cells/s, 30 s passed, 1 min 30 s left",
        "900 of 900 cells, 7.50 cells/s, 2 min 0 s passed",
    ]


def test_progress_is_a_bar_on_a_terminal():
    stream = io.StringIO()
    stream.isatty = lambda: True
    with ProgressReport(stream) as report:
        report(SweepProgress(0, 900, 0, 0.0, 0.0))
        report(SweepProgress(90, 900, 90, 0.25, 30.0, ("cell 3 diverged",)))
    text = stream.getvalue()
    assert "90/900 cells" in text
    assert "3.0 cells/s, 1 min 30 s left" in text
    assert "cell 3 diverged\n" in text
