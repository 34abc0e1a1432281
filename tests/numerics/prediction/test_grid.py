"""The grid: closed form against the complete second order, and both against single cells."""

import numpy as np
import pytest

from numerics.kernels.cache import load
from numerics.prediction import grid as module
from numerics.prediction.grid import predict_grid
from numerics.prediction.mode_recursion import Recursion
from numerics.prediction.mode_spectrum import mode_spectrum
from numerics.prediction.network_scales import RandomNetwork
from numerics.prediction.run_observables import observe
from numerics.prediction.run_settings import RunOptions
from numerics.prediction.runs import predict_cell
from theory.kernels.error_grid import grid_module

SIGMA2 = np.linspace(-2.8, -0.2, 7)
WIDTH = np.linspace(0.9, 2.7, 7)


@pytest.fixture(scope="module")
def both():
    return {
        name: predict_grid(SIGMA2, WIDTH, 150, method=name)
        for name in ("closed_form", "second_order")
    }


def test_second_order_cells_are_predicted_cells(both):
    grid = both["second_order"]
    for i, j in ((0, 1), (3, 3), (5, 6)):
        cell = predict_cell(SIGMA2[i], WIDTH[j], 150, allow_out_of_range=True)
        here = grid.isel(gamma_sigma2=i, gamma_w=j)
        assert float(here.min_test_error) == float(cell.min_test_error)
        assert int(here.iterations) == int(cell.min_iteration)
        best = int(cell.min_iteration)
        assert float(here.stable_rank) == float(cell.stable_rank[best])
        assert float(here.max_distance) == float(cell.max_distance)
        assert int(here.status) == int(cell.status)


#: d/w up to this: largest relative error of the minimum, of its iteration, of the stable rank.
BOUNDS = {0.02: (0.004, 2, 0.005), 0.2: (0.035, 4, 0.02)}


@pytest.mark.parametrize("limit", BOUNDS)
def test_the_closed_form_is_close_where_the_width_is_large(both, limit):
    fast, full = both["closed_form"], both["second_order"]
    wide = np.broadcast_to(150 / np.floor(150**WIDTH) < limit, fast.status.shape)
    minimum, iterations, rank = BOUNDS[limit]
    gap = abs(fast / full - 1)
    assert gap.min_test_error.values[wide].max() < minimum
    assert gap.stable_rank.values[wide].max() < rank
    assert abs(fast.iterations - full.iterations).values[wide].max() <= iterations
    # Beyond it the two part, so that the bounds can fail.
    assert gap.min_test_error.values[~wide].max() > 2 * minimum


@pytest.mark.parametrize("update", ["simultaneous", "sequential"])
def test_unequal_layers_and_both_updates(update):
    options = {"variance_ratio": 0.2, "update": update, "noise": 1.5}
    fast, full = (
        predict_grid([-2.2, -1.3], [2.2, 2.5], 150, method=name, **options)
        for name in ("closed_form", "second_order")
    )
    assert np.allclose(fast.min_test_error, full.min_test_error, rtol=0.01)
    assert abs(fast.iterations - full.iterations).max() <= 2
    balanced = predict_grid([-2.2, -1.3], [2.2, 2.5], 150, update=update, noise=1.5)
    assert not np.allclose(fast.min_test_error, balanced.min_test_error, rtol=0.01)


@pytest.mark.parametrize(("d_out", "d_in"), [(60, 60), (40, 110), (110, 40)])
def test_the_grid_kernel_adds_up_at_both_ends(d_out, d_in):
    noise, width, entries = 1.7, 1e6, d_out * d_in
    theta = noise * entries**0.25 * np.array([4.0, 1.4, 0.7])
    spectrum = mode_spectrum(d_in, d_out, theta, noise=noise)
    c1, c2, rate = 700.0, 300.0, 2e-4
    network = RandomNetwork(c1, c2, width, rate, "sequential")
    cell = module._Networks(*(np.array([x]) for x in (c1, c2, width, rate)))
    of_signal, of_start = np.sum(theta**2) / entries, c1 * c2 / width
    # A cell that makes no step worth the name: its smallest test error is that of the start.
    options = RunOptions(iterations=8, update="sequential", reference="lift")
    still = module._closed_form(spectrum, cell._replace(learning_rate=np.array([1e-200])), options)
    start = observe(spectrum, network, Recursion(spectrum, network).advance(1))
    assert still["min_test_error"] == pytest.approx(of_signal + of_start, rel=1e-13)
    assert still["stable_rank"] == pytest.approx(start["stable_rank"][0], rel=1e-12)
    # The sums themselves, of all of the signal less, at the end of a run.
    kernel = load(grid_module("sequential"), loops="error_grid")
    target = module._target(kernel, spectrum)
    steps = 400
    spikes = kernel.Spikes(
        np.empty((2, 3)), np.zeros((steps + 1, kernel.SUMS)), np.zeros(steps + 1)
    )
    spikes.block[:] = c1, 0.0, c2
    variance = kernel.kernel_variance(c1, c2, width, float(d_in), float(d_out))
    state = kernel.Start(
        500.0, width, c1 * c2 / width, variance, kernel.flow_time(1.0, rate, 500.0)
    )
    kernel.move_spikes(steps + 1, 0, target, rate, spikes)
    for step, test, train in (
        (0, of_signal + of_start, of_signal + noise**2 + of_start),
        (steps, noise**2, 0.0),
    ):
        found = kernel.errors(target, state, spikes, step)
        assert found[0] / entries + of_signal == pytest.approx(test, rel=1e-12)
        assert found[1] / entries == pytest.approx(train, rel=1e-12, abs=1e-20)


def test_the_cap_on_iterations():
    grid = predict_grid([-2.5], [2.0], 150, iterations=60)
    assert int(grid.iterations[0, 0]) == 60


def test_status_marks_what_is_out_of_range(both):
    status = both["second_order"].status
    assert int(status.sel(gamma_sigma2=-2.8, gamma_w=2.7, method="nearest")) == 0
    assert int(status.sel(gamma_sigma2=-0.2, gamma_w=0.9, method="nearest")) == 1
    assert set(np.unique(predict_grid([-2.0], [0.3, 1.5], 150).status)) == {0, 2}


def test_attributes_and_units(both, tmp_path):
    grid = both["second_order"]
    assert grid.min_test_error.dims == ("gamma_sigma2", "gamma_w")
    assert all("units" in grid[name].attrs for name in grid.data_vars)
    assert "closed" not in grid.attrs["method"]
    path = tmp_path / "grid.nc"
    grid.to_netcdf(path, engine="h5netcdf")
    assert path.stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], [1.0], 50), "gamma_sigma2 must not be empty"),
        (([-1.0], [[1.0]], 50), "gamma_w must be 1-dimensional"),
        (([-1.0], [-1.0], 50), "width must be >= 1"),
        (([-1.0], [400.0], 50), "overflows"),
    ],
)
def test_bad_grids_are_named(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        predict_grid(*arguments)
    assert "\n" not in str(caught.value)


def test_bad_options_are_named():
    with pytest.raises(ValueError, match="method must be one of"):
        predict_grid([-1.0], [1.5], 50, method="exact")
    with pytest.raises(ValueError, match="variance_ratio must be > 0"):
        predict_grid([-1.0], [1.5], 50, variance_ratio=0.0)


def test_the_distance_has_a_range_of_its_own():
    """Narrow networks: the test error holds at gamma_w = 0.7 where the distance does not."""
    grid = predict_grid([-1.5], [0.7, 1.0, 1.8], 150, rank=3, method="second_order")
    assert grid.status.values.tolist() == [[0, 0, 0]]
    assert grid.max_distance_status.values.tolist() == [[1, 1, 0]]
    one = predict_cell(-1.5, 0.7, 150, rank=3)
    assert int(one.max_distance_status) == 1
    share = float(one.max_distance_truncation / one.max_distance)
    assert share >= 150 / one.attrs["width"] / 2  # half the kernel's relative fluctuation
