"""What the command line writes: whole or absent, whatever the disk does."""

import resource
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from verify.cli import output_files
from verify.cli.output_files import save_dataset, save_result
from verify.figures.style import PlainFigure


@pytest.fixture
def data():
    return xr.Dataset(
        {"error": (("run", "time"), np.arange(6.0).reshape(2, 3), {"units": "1"})},
        coords={"name": ("run", ["a", "é"]), "sound": ("run", [True, False])},
        attrs={"d": 5, "task": "paper"},
    )


def test_a_dataset_is_read_as_it_was_written(data, tmp_path):
    path = save_dataset(data, tmp_path / "data.nc")
    assert xr.load_dataset(path, engine="h5netcdf").identical(data)


def test_a_full_disk_leaves_the_old_file_and_one_error(data, tmp_path):
    """A limit on the size of files stands for the disk: both end a write halfway."""
    path = save_dataset(data, tmp_path / "data.nc")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            save_dataset(2 * data, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [x.name for x in tmp_path.iterdir()] == ["data.nc"]
    assert xr.load_dataset(path, engine="h5netcdf").identical(data)


def test_a_figure_is_laid_out_once_for_its_files(data, tmp_path, monkeypatch):
    figure = PlainFigure(layout="constrained")
    axes = figure.subplots()
    axes.set_ylabel("error")
    layout, found = figure.get_layout_engine(), []
    execute = layout.execute
    monkeypatch.setattr(layout, "execute", lambda x: found.append(execute(x)))
    before = axes.get_position().bounds
    paths = save_result(data, lambda: figure, tmp_path, "result")
    assert [x.name for x in paths] == ["result.nc", "result.png", "result.pdf"]
    assert len(found) == 1
    assert axes.get_position().bounds != before


def test_data_are_saved_before_a_figure_that_cannot_be_drawn(data, tmp_path, capsys):
    def draw():
        assert (tmp_path / "result.nc").exists()
        raise ValueError("two widths are needed,\ngot one")

    assert [x.name for x in save_result(data, draw, tmp_path, "result")] == ["result.nc"]
    assert capsys.readouterr().out == "result is not drawn: two widths are needed, got one\n"


def test_writing_a_dataset_does_not_look_for_a_cluster(tmp_path):
    code = (
        "import sys, xarray; from pathlib import Path;"
        f"from {output_files.__name__} import save_dataset;"
        "save_dataset(xarray.Dataset({'x': 1.0}), Path('x.nc'));"
        "print('distributed' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert out.stdout == "False\n"
