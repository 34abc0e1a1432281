"""Datasets draw themselves: every kind that the package makes, and what is refused."""

import importlib
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import mixed_dynamics.xarray  # noqa: F401
import numerics
import verify
from verify.figures.plot_any_dataset import DRAWN_BY

#: A sweep in the lazy regime, where networks train in milliseconds.
LAZY = {
    "depth": 1,
    "width": "16,32,48,64",
    "scaled_alpha": "1e2:1e4:3",
    "seeds": 2,
    "n_train": 10,
    "n_test": 8,
}


def network():
    task = numerics.low_rank_recovery(12, rank=2, rng=0)
    return numerics.random_state(12, 12, 1e6, init_variance=1e-6, rng=1), task


def sweep(plan, folder):
    return numerics.run_sweep(plan, folder, workers=0)


OBSERVED = ("singular_value", "stable_rank", "mode_overlap", "ntk_change", "balancedness_drift")
TIMES = np.linspace(0, 1, 6)
WIDE = {"dynamics": "self_consistent", "keep_blocks": True}
PLANE = {"gamma_sigma2": "-2:-1:2", "gamma_w": "1:2:2", "d": 20, "iterations": 10}

#: A small dataset of each kind, and how many axes its figure has, colour bars aside.
MAKERS = {
    "train": (
        lambda folder: numerics.train(
            *network(), learning_rate=0.01, iterations=9, every=4, observe=OBSERVED
        ),
        6,
    ),
    "train, errors alone": (
        lambda folder: numerics.train(*network(), learning_rate=0.01, iterations=1),
        1,
    ),
    "gradient_flow": (
        lambda folder: numerics.gradient_flow(*network(), TIMES, keep_weights=True),
        2,
    ),
    "closed_form_flow": (lambda folder: numerics.closed_form_flow(*network(), TIMES, **WIDE), 2),
    "one time": (lambda folder: numerics.closed_form_flow(*network(), [0.5], **WIDE), 2),
    "figure1": (lambda folder: numerics.figure1(d=20, rank=2, iterations=9), 2),
    "predict_cell": (lambda folder: numerics.predict_cell(-1.85, 2.25, d=100), 2),
    "predict_grid": (lambda folder: numerics.predict_grid([-2, -1], [1, 2], d=100), 3),
    "exponent_plane": (lambda folder: numerics.exponent_plane(points=15, d=100), 1),
    "advise": (lambda folder: numerics.advise(60, rank=2), 3),
    "linear_crossover": (
        lambda folder: numerics.linear_crossover(
            [1e-1, 1e1], [1e2, 1e4], d=5, rank=1, replicates=1
        ),
        1,
    ),
    "SweepPlan": (lambda folder: sweep(numerics.SweepPlan(**PLANE, curves=True), folder), 4),
    "CrossoverSweep": (lambda folder: sweep(numerics.CrossoverSweep(**LAZY), folder), 6),
}


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    return {name: make(tmp_path_factory.mktemp("sweep")) for name, (make, _) in MAKERS.items()}


def test_every_kind_is_here_and_is_the_path_of_what_makes_it(datasets):
    assert {data.kind for data in datasets.values()} == set(DRAWN_BY)
    assert all(callable(getattr(numerics, name)) for name in DRAWN_BY)
    for path in DRAWN_BY.values():
        module, _, name = path.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("name", MAKERS)
def test_a_dataset_is_drawn(name, datasets):
    figure = datasets[name].mixed_dynamics.plot()
    shown = [x for x in figure.axes if x.axison and x.get_label() != "<colorbar>"]
    assert len(shown) == MAKERS[name][1]
    assert all(x.get_xlabel() and (x.get_ylabel() or x.get_title()) for x in shown)
    # What a notebook asks for.
    assert figure._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", MAKERS)
def test_every_number_has_a_name_and_a_unit(name, datasets):
    for key, variable in datasets[name].variables.items():
        if variable.dtype.kind not in "OUT":
            assert variable.attrs["long_name"], key
            assert variable.attrs.get("units") or "flag_meanings" in variable.attrs, key


def test_a_dataset_from_a_file_is_drawn(datasets, tmp_path):
    datasets["figure1"].to_netcdf(tmp_path / "figure1.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "figure1.nc", engine="h5netcdf") as data:
        assert len(verify.plot(data).axes) == 2


def test_advice_of_an_older_version_is_drawn(datasets):
    old = datasets["advise"].copy()
    old.attrs["fraction"] = old.attrs.pop("learning_rate_share")
    assert "at most 0.5 of the stability limit" in verify.plot(old).get_suptitle()


def test_what_xarray_draws_is_labelled(datasets):
    axes = Figure().subplots()
    datasets["train"].test_error.plot(ax=axes)
    assert axes.get_xlabel() == "iteration [1]"
    assert axes.get_ylabel().replace("\n", " ") == "test error [mean square of an entry]"


def test_other_datasets_are_refused():
    with pytest.raises(ValueError, match=r"^data must be a dataset of train, .*, got kind None$"):
        verify.plot(xr.Dataset())
    with pytest.raises(ValueError, match="got kind 'mine:sweep'$"):
        xr.Dataset(attrs={"kind": "mine:sweep"}).mixed_dynamics.plot()
    with pytest.raises(TypeError, match=r"^data must be an xarray\.Dataset, got DataArray$"):
        verify.plot(xr.DataArray(0.0))


def test_a_panel_of_one_row_is_refused():
    grid = numerics.predict_grid([-2.0], [1.0, 2.0], d=100)
    with pytest.raises(ValueError, match="data must have at least 2 x 2 cells, got 1 x 2"):
        verify.plot(grid)


@pytest.mark.parametrize(
    ("imported", "there"),
    [("mixed_dynamics.xarray", True), ("mixed_dynamics, verify, xarray", False)],
)
def test_an_explicit_import_adds_the_accessor_and_nothing_else_does(imported, there):
    code = (
        f"import sys; finders = len(sys.meta_path); import {imported}, xarray;"
        "print(hasattr(xarray.Dataset, 'mixed_dynamics'), len(sys.meta_path) == finders)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(there), "True"]
