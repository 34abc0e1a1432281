"""The crossover sweep: small networks on twelve inputs, against the flow that each cell is."""

import dataclasses
import json

import attrs
import numpy as np
import pytest
import xarray as xr

from numerics.crossover import cell as crossover_cell
from numerics.crossover.cell import REASONS, RUN_STATUSES, VARIABLES
from numerics.crossover.data import load_data
from numerics.crossover.sweep import CrossoverSweep
from numerics.networks.frozen_kernel import frozen_flow
from numerics.networks.fully_connected import FullyConnected
from numerics.networks.step_rule import FAST_EULER, PUBLISHED
from numerics.networks.training import train_network
from numerics.support.errors import DivergedError, SweepError
from numerics.sweeps import batches as sweep_batches
from numerics.sweeps.declaration import DeclaredSweep
from numerics.sweeps.run import run_sweep

N, M, D = 12, 7, 5
SIZES = {
    "depth": (1, 2),
    "width": (8, 16),
    "scaled_alpha": "1e-2:1e4:4",
    "seeds": 2,
    "n_train": N,
    "n_test": M,
}


def save_arrays(path, seed=0, shape=(D,)):
    """Write inputs on the sphere whose label is the sign of their first entry."""
    rng = np.random.default_rng(seed)
    d = int(np.prod(shape))
    found = {"shape": np.array(shape)}
    for part, count in (("train", N), ("test", M)):
        X = rng.standard_normal((count, d))
        X *= np.sqrt(d) / np.linalg.norm(X, axis=1, keepdims=True)
        found |= {f"X_{part}": X, f"y_{part}": np.where(X[:, 0] > 0, 1.0, -1.0)}
    np.savez(path, **found)
    return f"file:{path}"


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return CrossoverSweep(data=save_arrays(tmp_path_factory.mktemp("data") / "own.npz"), **SIZES)


@pytest.fixture(scope="module")
def sweep(plan, tmp_path_factory):
    return run_sweep(plan, tmp_path_factory.mktemp("sweep"), workers=0)


def test_a_second_width_and_depth_are_added_to_the_first(plan, sweep, tmp_path):
    """Only the cells that are new are trained; deeper networks have more layers a cell."""
    small = attrs.evolve(plan, depth=1, width=8, scaled_alpha=plan.scaled_alpha[1:3])
    run_sweep(small, tmp_path, workers=0)
    states = []
    grown = run_sweep(plan, tmp_path, workers=0, resume=True, progress=states.append)
    assert (states[0].done, states[-1].fresh) == (len(small), len(plan) - len(small))
    assert grown.identical(sweep)


def cell_of(plan, **place):
    """Return the cell at a place, the first one in the axes that are not named."""
    return next(x for x in plan.cells() if place.items() <= x.coordinates.items())


def test_a_cell_is_a_flow_from_its_start(plan, sweep):
    data = plan.load()
    for cell in plan.cells():
        network = FullyConnected(D, cell["width"], cell["depth"])
        _, weights = plan.start(cell)
        run = train_network(
            network,
            data.X_train,
            data.y_train,
            start=weights,
            test=(data.X_test, data.y_test),
            alpha=cell["scaled_alpha"] / np.sqrt(cell["width"]),
            rule=plan.rule,
        )
        found = sweep.sel(cell.coordinates)
        for name in ("kernel_change", "time", "steps", "test_error", "half_loss_time"):
            assert found[name] == getattr(run, name), name
        np.testing.assert_array_equal(found.test_outputs, run.test_outputs)
        np.testing.assert_array_equal(found.time_to_kernel_change, run.time_to_kernel_change)
        layers = list(run.layer_change) + [np.nan] * (2 - cell["depth"])
        np.testing.assert_array_equal(found.layer_change, layers)
        assert found.train_loss == run.mean_loss
        assert REASONS[int(found.stop_reason)] == "fitted"
        assert RUN_STATUSES[int(found.status)] == "ok"


def test_the_start_depends_on_seed_depth_and_width_alone(plan):
    starts = {}
    for cell in plan.cells():
        _, weights = plan.start(cell)
        place = (cell["seed"], cell["depth"], cell["width"])
        starts.setdefault(place, []).append(np.concatenate([W.ravel() for W in weights]))
    assert len(starts) == 8
    for same in starts.values():
        assert len(same) == 4
        assert all((same[0] == other).all() for other in same)
    # The first entries alone tell all starts, and those of another root, apart.
    first = {x[0][0] for x in starts.values()}
    other = attrs.evolve(plan, seed=1)
    first |= {other.start(cell)[1][0].flat[0] for cell in other.cells()}
    assert len(first) == 16


def test_large_alpha_is_the_frozen_kernel(plan, sweep):
    """The kernel moves by about 1/A, so outputs of order 1 differ by as little."""
    lazy, feature = sweep.sel(scaled_alpha=1e4), sweep.sel(scaled_alpha=1e-2)
    assert float(lazy.kernel_change.max()) < 1e-2
    gap = np.abs(lazy.test_outputs - lazy.frozen_test_outputs)
    assert float(gap.max()) < 1e-2
    far = np.abs(feature.test_outputs - feature.frozen_test_outputs)
    assert float(far.max()) > 10 * float(gap.max())
    wrong = (sweep.frozen_test_outputs * sweep.y_test <= 0).mean("test_point")
    np.testing.assert_array_equal(wrong, sweep.frozen_test_error)


def test_the_frozen_kernel_does_not_know_alpha(sweep):
    first = sweep.frozen_test_outputs.isel(scaled_alpha=[0])
    assert (sweep.frozen_test_outputs == first.squeeze("scaled_alpha")).all()


def test_features_are_learned_at_small_alpha_alone(sweep):
    assert float(sweep.kernel_change.sel(scaled_alpha=1e-2).min()) > 1
    assert np.isfinite(sweep.time_to_kernel_change.sel(scaled_alpha=1e-2)).all()
    assert np.isnan(sweep.time_to_kernel_change.sel(scaled_alpha=1e4)).all()


def test_the_dataset_says_all(plan, sweep, tmp_path):
    assert dict(sweep.sizes) == {
        "depth": 2,
        "width": 2,
        "scaled_alpha": 4,
        "seed": 2,
        "layer": 3,
        "test_point": M,
    }
    assert set(sweep.data_vars) == set(VARIABLES)
    assert sweep.alpha.sel(width=16, scaled_alpha=1e4) == 2500
    np.testing.assert_array_equal(sweep.y_test, plan.load().y_test)
    assert all("units" in sweep[x].attrs for x in VARIABLES if "flag_values" not in sweep[x].attrs)
    assert sweep.layer.values.tolist() == [1, 2, 3]
    assert DeclaredSweep.from_json(sweep.attrs["plan"]) == plan
    assert json.loads(sweep.attrs["software"])["entries of the data"] == plan.load().fingerprint
    assert {"data", "activation", "loss", "n_train", "n_test", "seed"} <= set(sweep.attrs)
    sweep.to_netcdf(tmp_path / "sweep.nc", engine="h5netcdf")
    assert xr.load_dataset(tmp_path / "sweep.nc", engine="h5netcdf").equals(sweep)


def test_same_bits_in_another_grid(plan, sweep, tmp_path):
    other = attrs.evolve(plan, depth=2, width="16,24", scaled_alpha="1:1e4:2", seeds=1)
    part = run_sweep(other, tmp_path, workers=0).sel(width=[16])
    for name, variable in VARIABLES.items():
        whole = sweep[name].sel(depth=[2], width=[16], scaled_alpha=[1, 1e4], seed=[0])
        if "layer" in variable.tail:
            whole = whole.sel(layer=part.layer)
        np.testing.assert_array_equal(part[name], whole)


@pytest.mark.parametrize("workers", [2, pytest.param(1, marks=pytest.mark.slow)])
def test_same_bits_on_workers_and_resumed(workers, plan, sweep, tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_batches, "BATCH", 1e-6)

    def interrupt(state):
        if state.fresh >= 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(plan, tmp_path, workers=workers, progress=interrupt)
    states = []
    data = run_sweep(plan, tmp_path, workers=0, resume=True, progress=states.append)
    assert data.identical(sweep)
    assert 5 <= states[0].done < len(plan)


def test_a_run_that_reached_its_step_limit_has_no_end(plan, sweep, tmp_path):
    free = sweep.sel(depth=1, width=8, seed=0)
    limit = int(free.steps.min())
    short = attrs.evolve(plan, depth=1, width=8, seeds=1, max_steps=limit)
    states = []
    data = run_sweep(short, tmp_path, workers=0, progress=states.append).squeeze()
    over = free.steps > limit
    assert 0 < over.sum() < over.size
    cut, whole = data.isel(scaled_alpha=over), data.isel(scaled_alpha=~over)
    assert (cut.steps == limit).all()
    assert (cut.status == RUN_STATUSES.index("unfinished")).all()
    assert (cut.stop_reason == REASONS.index("step_limit")).all()
    for name in ("kernel_change", "test_error", "test_outputs", "train_loss", "layer_change"):
        assert np.isnan(cut[name]).all(), name
    for name in ("kernel_change", "test_outputs", "train_loss"):
        np.testing.assert_array_equal(whole[name], free[name].isel(scaled_alpha=~over))
    assert (cut.time > 0).all()
    assert np.isfinite(cut.frozen_test_outputs).all()
    told = [note for state in states for note in state.notes]
    assert len(told) == int(over.sum())
    assert all(f": step_limit after {limit} steps, at t = " in note for note in told)
    assert any(note.startswith("depth = 1, width = 8, scaled_alpha = ") for note in told)


def test_a_diverged_run_is_recorded_as_such(plan, monkeypatch):
    def diverged(*arguments, **options):
        return dataclasses.replace(train_network(*arguments, **options), stop_reason="diverged")

    monkeypatch.setattr(crossover_cell, "train_network", diverged)
    values, note = plan.run(plan.cell(0))
    assert RUN_STATUSES[values["status"]] == REASONS[values["stop_reason"]] == "diverged"
    assert "diverged after" in note
    assert np.isnan(values["kernel_change"])
    assert np.isnan(values["test_outputs"]).all()


@pytest.mark.parametrize("error", [np.linalg.LinAlgError("no convergence"), MemoryError("full")])
def test_a_failed_cell_is_recorded_as_such(error, plan, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(crossover_cell, "train_network", fail)
    values, note = plan.run(plan.cell(0))
    assert RUN_STATUSES[values["status"]] == REASONS[values["stop_reason"]] == "failed"
    assert str(error) in note
    assert np.isnan(values["time"])
    assert values["steps"] == -1
    assert np.isfinite(values["frozen_test_outputs"]).all()


@pytest.mark.parametrize("status", ["unfinished", "diverged"])
def test_a_frozen_kernel_without_an_end_is_recorded_as_such(status, plan, monkeypatch):
    def frozen(*arguments, **options):
        if status == "diverged":
            raise DivergedError(0, np.nan, 1.0)
        return dataclasses.replace(frozen_flow(*arguments, **options), fitted=False)

    monkeypatch.setattr(crossover_cell, "frozen_flow", frozen)
    crossover_cell._frozen_outputs.cache_clear()
    values, note = plan.run(plan.cell(0))
    crossover_cell._frozen_outputs.cache_clear()
    assert RUN_STATUSES[values["frozen_status"]] == status
    assert note.startswith("frozen kernel: ")
    assert np.isnan(values["frozen_test_outputs"]).all()
    assert np.isnan(values["frozen_test_error"])
    assert values["status"] == 0


def test_conserved_quantities_of_homogeneous_activations(plan, sweep):
    assert np.isnan(sweep.conserved_drift).all()
    linear = attrs.evolve(plan, activation="identity")
    values, _ = linear.run(cell_of(linear, depth=2, scaled_alpha=1.0))
    # Second order in a step: far below the change of the weights themselves.
    assert 0 < values["conserved_drift"] < 0.1 * values["layer_change"].max()


def test_other_losses_rules_and_activations(plan):
    other = attrs.evolve(plan, activation="tanh(2*preactivation)", loss="logistic", rule=FAST_EULER)
    assert DeclaredSweep.from_json(other.to_json()) == other
    assert other.fingerprint != plan.fingerprint
    values, note = other.run(cell_of(other, width=16, scaled_alpha=1.0))
    assert (note, values["status"]) == ("", 0)
    fine = attrs.evolve(other, rule=PUBLISHED)
    assert fine.run(cell_of(fine, width=16, scaled_alpha=1.0))[0]["steps"] > values["steps"]


def test_convolutions(tmp_path):
    pytest.importorskip("torch")
    name = save_arrays(tmp_path / "images.npz", shape=(6, 6, 1))
    plan = CrossoverSweep(
        depth=1,
        width="4,8",
        scaled_alpha="1e4",
        seeds=1,
        data=name,
        n_train=N,
        n_test=M,
        architecture="convolutional",
    )
    data = run_sweep(plan, tmp_path / "store", workers=0)
    assert (data.status == 0).all()
    assert float(data.kernel_change.max()) < 1e-2
    assert "torch" in plan.software
    network, weights = plan.start(plan.cell(1))
    assert network.image_shape == (6, 6, 1)
    assert weights[0].shape == (8, 1, 5, 5)


def test_data_that_changed_are_refused(tmp_path):
    name = save_arrays(tmp_path / "own.npz")
    plan = CrossoverSweep(data=name, **(SIZES | {"depth": 1, "width": 8, "seeds": 1}))
    run_sweep(plan, tmp_path / "store", workers=0)
    save_arrays(tmp_path / "own.npz", seed=1)
    load_data.cache_clear()
    with pytest.raises(SweepError, match="entries of the data was"):
        run_sweep(attrs.evolve(plan), tmp_path / "store", workers=0, resume=True)


def test_wide_deep_and_feature_cells_cost_more(plan):
    cost = lambda **place: plan.cost(cell_of(plan, **place))  # noqa: E731
    assert cost(scaled_alpha=1e-2) > cost(scaled_alpha=1.0) > cost(scaled_alpha=1e4) > 0
    assert cost(width=16) > cost(width=8)
    assert cost(depth=2) > cost(depth=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("depth", 0),
        ("depth", "1,1"),
        ("width", "8:16:2"),
        ("scaled_alpha", "0:1:3"),
        ("scaled_alpha", [-1.0]),
        ("seeds", 0),
        ("n_train", 0),
        ("n_test", 1.5),
        ("data_seed", -1),
        ("data", 3),
        ("folder", 3),
        ("activation", "preactivation*y"),
        ("activation", None),
        ("loss", "exp(-margin)"),
        ("loss", "hinge"),
        ("max_steps", 0),
        ("architecture", "recurrent"),
        ("rule", {"method": "heun"}),
        ("rule", {"dt": 1}),
        ("rule", "euler"),
        ("seed", -1),
        ("colour", "red"),
    ],
)
def test_bad_settings_are_refused_in_one_line(name, value):
    with pytest.raises((ValueError, TypeError)) as caught:
        CrossoverSweep.from_mapping({name: value})
    assert "\n" not in str(caught.value)


def test_a_file_declares_it(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(
        'depth = 2\nwidth = [8, 16]\nscaled_alpha = "1e-1:1e1:3"\n[rule]\nmethod = "euler"\n'
    )
    plan = CrossoverSweep.from_toml(path)
    assert plan.shape == (1, 2, 3, 5)
    assert plan.rule.method == "euler"
