"""Exponents, report and figures of the crossover, from a dataset whose exponents are known."""

import json

import numpy as np
import pytest
import xarray as xr

from numerics.crossover.linear_networks import linear_crossover
from theory.crossover.exponents import predicted_exponents
from verify.cli.commands import crossover
from verify.cli.main import main
from verify.figures.crossover import draw_crossover, draw_test_errors
from verify.figures.linear_and_nonlinear_diagram import draw_shared_diagram
from verify.measurements.crossover_exponents import (
    Exponent,
    alpha_star,
    crossover_exponents,
    fluctuation,
    test_errors,
)
from verify.measurements.power_fits import Fit
from verify.reports.crossover import crossover_report

# It is a function of the package, not a test.
test_errors.__test__ = False

DEPTHS, WIDTHS, SEEDS = (1, 2), (64, 128, 256, 512), 5
SCALED = np.geomspace(1e-4, 1e5, 19)


def dataset(bend=0.0):
    """A sweep that follows every derived exponent; ``bend`` is added to the lazy one."""
    axes = ("depth", "width", "scaled_alpha", "seed")
    shape = (len(DEPTHS), len(WIDTHS), SCALED.size, SEEDS)
    coords = {
        "depth": list(DEPTHS),
        "width": list(WIDTHS),
        "scaled_alpha": SCALED,
        "seed": np.arange(SEEDS),
    }
    A = xr.DataArray(SCALED, dims="scaled_alpha", coords={"scaled_alpha": SCALED})
    h = xr.DataArray(np.array(WIDTHS, float), dims="width", coords={"width": list(WIDTHS)})
    L = xr.DataArray(np.array(DEPTHS, float), dims="depth", coords={"depth": list(DEPTHS)})
    ones = xr.DataArray(np.ones(shape), dims=axes, coords=coords)
    ones = ones * (1 + 0.01 * xr.DataArray(np.arange(SEEDS), dims="seed"))
    lazy = (h / 64) ** -0.5 * (A / 3) ** (bend - 1)
    change = xr.where(A < 20, (3 / A) ** (2 * L / (L + 1)), lazy)
    rng = np.random.default_rng(0)
    noise = xr.DataArray(rng.standard_normal((SEEDS, 40)), dims=("seed", "test_point"))
    # The same draws at every width: their size alone changes.
    outputs = (1.0 + noise * 8 / np.sqrt(h)) * (ones / ones)
    label = xr.DataArray(np.ones(40), dims="test_point")
    layers = xr.DataArray(np.arange(1, 4), dims="layer")
    zero = ones.astype("i1") * 0
    data = xr.Dataset(
        {
            "kernel_change": change * ones,
            "layer_change": A ** (-1 / (L + 1)) * ones * layers,
            "time_to_kernel_change": A * ones,
            "time": A * ones,
            "half_loss_time": A * ones,
            "test_outputs": outputs,
            "frozen_test_error": 0.1 * ones,
            "status": zero,
            "stop_reason": zero.assign_attrs(flag_meanings="fitted step_limit"),
        }
    ).transpose(*axes, ...)
    data = data.assign_coords(y_test=label)
    return data.assign_attrs(activation="softplus", data="digits", n_train=10, n_test=40)


@pytest.fixture(scope="module")
def data():
    return dataset()


def test_every_exponent_of_a_power_law_is_found(data):
    found = {(x.name, x.depth): x for x in crossover_exponents(data)}
    assert len(found) == 9 * len(DEPTHS)
    for exponent in found.values():
        assert exponent.verdict == "in band", exponent
        assert exponent.fit.exponent == pytest.approx(exponent.derived, abs=1e-9), exponent
    # 2L/(L+1), from the derivation and not from here.
    expected = -predicted_exponents(2)["feature_kernel_change"]
    assert found["kernel change, feature", 2].derived == pytest.approx(float(expected))


def test_another_exponent_is_outside_its_band():
    found = {(x.name, x.depth): x for x in crossover_exponents(dataset(bend=0.1))}
    assert found["kernel change, lazy", 1].verdict == "outside"
    assert found["kernel change, feature", 1].verdict == "in band"


@pytest.mark.parametrize(
    ("exponent", "halfwidth", "verdict"),
    [
        (-0.5, 0.19, "in band"),
        (-0.5, 0.21, "not decided"),
        (-0.5, 0.4, "not decided"),
        (-0.65, 0.1, "not decided"),
        (-0.65, 0.04, "outside"),
        (0.1, 0.4, "outside"),
    ],
)
def test_a_verdict_needs_an_interval_that_excludes_the_alternatives(exponent, halfwidth, verdict):
    # Of h^0 and h^-1 the band's ends are 0.4 away, twice the widest interval that tells them apart.
    found = Exponent("delta F", 1, -0.5, (-0.6, -0.4), Fit(exponent, 1.0, halfwidth))
    assert found.verdict == verdict


def test_what_a_sweep_has_not_is_not_measured(data):
    few = data.isel(width=slice(0, 3))
    found = {(x.name, x.depth): x for x in crossover_exponents(few)}
    assert found["alpha*, in h", 1].verdict == "not measured"
    assert found["kernel change, feature", 1].verdict == "in band"


def test_fluctuations_are_those_of_the_larger_ensembles(data):
    # Twice the fluctuation at the largest width alone: another slope, and nothing else moves.
    mean = data.test_outputs.mean("seed")
    wide = data.width == data.width[-1]
    many = data.assign(test_outputs=mean + (data.test_outputs - mean) * (1 + wide))
    many = many.isel(scaled_alpha=[4, -1])
    plain, other = (
        {(x.name, x.depth): x.fit for x in crossover_exponents(data, given)}
        for given in (None, many)
    )
    for key, fit in plain.items():
        assert (fit == other[key]) is not key[0].startswith("delta F")


def test_runs_that_did_not_fit_do_not_count(data):
    spoilt = data.copy(deep=True)
    spoilt.kernel_change[{"scaled_alpha": 2, "seed": 1}] = 1e9
    spoilt.status[{"scaled_alpha": 2, "seed": 1}] = 3
    found = {(x.name, x.depth): x for x in crossover_exponents(spoilt)}
    exponent = found["kernel change, feature", 1]
    assert exponent.fit.exponent == pytest.approx(exponent.derived, abs=1e-9)


def test_alpha_star_is_where_the_kernel_changes_by_its_own_size(data):
    found = alpha_star(data.sel(depth=1)).isel(seed=0)
    # The factor that tells seeds apart is 1 for the first.
    np.testing.assert_allclose(found * np.sqrt(data.width), 3, rtol=1e-9)
    never = data.assign(kernel_change=0 * data.kernel_change + 5)
    assert np.isnan(alpha_star(never.sel(depth=1))).all()


def test_fluctuation_is_the_deviation_over_seeds(data):
    part = data.sel(depth=1).isel(scaled_alpha=0)
    expected = np.sqrt(part.test_outputs.values.var(axis=1, ddof=1).mean(axis=-1))
    np.testing.assert_allclose(fluctuation(part), expected)


def test_ensembles_vote_by_the_mean_output(data):
    part = data.sel(depth=1).isel(scaled_alpha=0)
    errors = test_errors(part)
    outputs = part.test_outputs.transpose("width", "seed", "test_point").values
    np.testing.assert_allclose(errors.single, (outputs <= 0).mean(axis=(1, 2)))
    np.testing.assert_allclose(errors.ensemble, (outputs.mean(axis=1) <= 0).mean(axis=1))
    assert (errors.ensemble <= errors.single).all()


def test_figures_show_the_data(data):
    exponents = crossover_exponents(data)
    figure = draw_crossover(data, exponents)
    assert len(figure.axes) == 6
    line = figure.axes[0].lines[0]
    assert line.get_ydata()[0] > line.get_ydata()[-1]
    assert len(draw_test_errors(data).axes) == 2 * len(DEPTHS)


def test_the_line_of_the_diagram_goes_through_alpha_star_and_the_derived_change(data):
    linear = linear_crossover([1e-2, 1.0, 1e2], [10, 1e3, 1e6], d=4, rank=1, replicates=1)
    left, right, _ = draw_shared_diagram(linear, data).axes
    (star,) = (x for x in right.lines if x.get_marker() == "s")
    lines = next(x for x in right.collections if 1.8 in x.get_linewidths())
    line = lines.get_paths()[list(lines.get_linewidths()).index(1.8)].vertices
    line = line[np.argsort(line[:, 1])]
    crossed = np.interp(data.width, line[:, 1], line[:, 0])
    # Seeds differ by 1 %: the mean of their crossings is that of the mean to first order.
    np.testing.assert_allclose(crossed, star.get_xdata(), rtol=1e-3)
    (derived,) = (x for x in left.lines if x.get_marker() == "D")
    # One mode of a 4 x 4 matrix: (8 + 2) q^2 = 64 c^2 with q = sqrt(1 + c^2) - c.
    q = np.sqrt(6.4)
    np.testing.assert_allclose(derived.get_xdata()[-1], 1 / np.sqrt((1 + q) ** 2 - 1), rtol=1e-3)


@pytest.mark.parametrize("few", [{"width": [0]}, {"scaled_alpha": [2]}, {"seed": [0]}])
def test_a_sweep_of_one_width_or_scale_is_drawn(data, few):
    one = data.isel(few)
    linear = linear_crossover([1e-2, 1.0], [10, 1e3], d=4, rank=1, replicates=1)
    for figure in (
        draw_crossover(one, crossover_exponents(one)),
        draw_test_errors(one),
        draw_shared_diagram(linear, one),
    ):
        figure.draw_without_rendering()


def test_what_is_too_small_to_be_measured_is_said(data):
    few = data.isel(scaled_alpha=slice(None, None, 4))
    axes = draw_crossover(few, crossover_exponents(few)).axes[3]
    assert axes.texts[0].get_text().startswith("not measured: needs 4 scales")
    assert [x.get_text() for x in axes.get_legend().get_texts()] == ["derived"]


def test_report_names_what_is_outside():
    bent = dataset(bend=0.1)
    text = crossover_report(bent, crossover_exponents(bent))
    (line,) = (x for x in text.splitlines() if x.startswith("kernel change, lazy") and " 1 " in x)
    assert line.endswith("outside")
    assert "760 fitted" in text


def test_one_width_and_one_scale_lose_nothing_and_a_second_is_added(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(crossover, "LINEAR_THRESHOLDS", "1e-2:1e2:3")
    monkeypatch.setattr(crossover, "LINEAR_WIDTHS", "1e3:1e6:2")
    words = "crossover --depth 1 --seeds 1 --n-train 8 --n-test 12 --workers 0 --ensemble 0".split()
    words += ["--output", str(tmp_path), "--resume"]
    assert main([*words, "--width", "4", "--scaled-alpha", "1"]) == 0
    assert (tmp_path / "crossover.nc").exists()
    told = capsys.readouterr().out.splitlines()
    for name in ("crossover", "crossover_errors", "crossover_diagram"):
        drawn = (tmp_path / f"{name}.png").exists()
        assert drawn != any(x.startswith(f"{name} is not drawn: ") for x in told)
    assert main([*words, "--width", "4", "6", "--scaled-alpha", "1"]) == 0
    assert "1 of 2 cells" in capsys.readouterr().err
    with xr.open_dataset(tmp_path / "crossover.nc", engine="h5netcdf") as data:
        assert data.width.values.tolist() == [4, 6]


def test_command_writes_everything_and_goes_on(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(crossover, "LINEAR_THRESHOLDS", "1e-2:1e2:3")
    monkeypatch.setattr(crossover, "LINEAR_WIDTHS", "1e3:1e6:2")
    words = [
        "crossover",
        "--depth",
        "1",
        "--width",
        "4",
        "6",
        "8",
        "12",
        "--scaled-alpha",
        "1e-2:1e2:3",
        "--seeds",
        "2",
        "--n-train",
        "8",
        "--n-test",
        "12",
        "--workers",
        "0",
        "--ensemble",
        "3",
        "--output",
        str(tmp_path),
    ]
    assert main(words) == 0
    for name in (
        "crossover_exponents.json",
        "crossover.nc",
        "crossover.png",
        "crossover_errors.pdf",
        "crossover_diagram.png",
    ):
        assert (tmp_path / name).stat().st_size > 0
    with xr.open_dataset(tmp_path / "crossover_ensembles.nc") as many:
        assert (many.sizes["seed"], many.scaled_alpha.values.tolist()) == (3, [1e-2])
        with xr.open_dataset(tmp_path / "crossover.nc") as few:
            same = many.test_outputs.sel(seed=few.seed, scaled_alpha=1e-2)
            assert np.array_equal(same, few.test_outputs.sel(scaled_alpha=1e-2))
    assert "24 fitted" in capsys.readouterr().out
    assert main([*words, "--resume"]) == 0
    assert main([*words, "--ensemble", "-1"]) == 2
    assert "ensemble must be an integer >= 1, got -1" in capsys.readouterr().err
    assert main([*words, "--activation", "nonsense(("]) == 2
    assert "activation" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["__import__('os').system('false')", "-margin"])
def test_a_loss_that_is_no_formula_of_a_loss_runs_nothing(text, tmp_path, capsys):
    """On the command line and in a file of settings."""
    folder = tmp_path / "results"
    settings = tmp_path / "study.toml"
    settings.write_text(f"loss = {json.dumps(text)}\n", encoding="utf-8")
    for given in ([f"--loss={text}"], ["--config", str(settings)]):
        assert main(["crossover", *given, "--output", str(folder)]) == 2
        told = capsys.readouterr().err
        assert told.count("\n") == 1 and "loss" in told
        assert not any(folder.rglob("*.npz"))
