"""Small valid objects, each made once: what the valid calls pass."""

import tempfile
from functools import cache

import numpy as np
import sympy as sp
import xarray as xr
from hypothesis import strategies as st

import numerics
import theory
import verify

__all__ = [
    "advice",
    "claim",
    "crossover_data",
    "data_of_labels",
    "figure1_data",
    "image_pool",
    "layers",
    "linear_plane",
    "network",
    "plane",
    "prediction",
    "run_of",
    "state",
    "sweep_data",
    "task",
    "verdict",
    "weights",
]


@cache
def task():
    return numerics.low_rank_recovery(6, 4, rank=2, rng=0)


@cache
def state():
    return numerics.random_state(6, 4, 100, init_variance=1e-3, rng=1)


@cache
def run_of():
    return numerics.train(state(), task(), learning_rate=0.01, iterations=3)


@cache
def figure1_data():
    return numerics.figure1(12, rank=2, iterations=3)


@cache
def plane():
    return numerics.exponent_plane(points=5, d=100, rank=5)


@cache
def advice():
    return numerics.advise(60, rank=2)


@cache
def linear_plane():
    return numerics.linear_crossover([1.0, 3.0], [50.0, 100.0], d=8, rank=2, replicates=1)


@cache
def sweep_data():
    """Return a small sweep of the plane, of which Figure 2 is made."""
    plan = numerics.SweepPlan(gamma_sigma2="-2:-1:3", gamma_w="1:2:3", d=12, rank=2, iterations=5)
    with tempfile.TemporaryDirectory() as folder:
        return numerics.run_sweep(plan, folder, workers=0)


@cache
def prediction():
    """Return a predicted plane."""
    return numerics.predict_grid([-2.0, -1.5, -1.0], [1.5, 2.0, 2.5], 100, iterations=50)


@cache
def network():
    return numerics.FullyConnected(3, 8, 2)


def weights():
    return network().initial(0)


@cache
def layers():
    """Return two layers that fit together, and as many entries on each side as is unlikely."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((5, 6)), rng.standard_normal((4, 5))


@cache
def data_of_labels():
    """Return inputs on the sphere and labels, both signs."""
    X = np.random.default_rng(0).standard_normal((6, 3))
    X *= np.sqrt(3) / np.linalg.norm(X, axis=1, keepdims=True)
    return X, np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])


@cache
def image_pool():
    images = np.random.default_rng(0).integers(0, 255, (40, 4, 4, 1), dtype=np.uint8)
    return numerics.ImagePool(images, np.arange(40) % 4)


@cache
def claim():
    return verify.Claim(
        name="doubled",
        family="mine",
        statement="2 x = x + x",
        holds="for real x",
        source="school",
        problems=st.fixed_dictionaries({"x": st.floats(-3, 3)}),
        predict=lambda problem: 2 * problem["x"],
        measure=lambda problem: problem["x"] + problem["x"],
        law=verify.RoundOff(),
        faults=(verify.Fault("the number itself", measure=lambda problem: problem["x"]),),
        counterexamples=(
            verify.Counterexample(
                "x = 2 x", {"x": 1.0}, learnt="no", predict=lambda problem: problem["x"]
            ),
        ),
    )


@cache
def verdict():
    return verify.run_claims([claim()])[0]


@cache
def derivation():
    return theory.derive("closed-form")


@cache
def crossover_data():
    """Return a dataset with the dimensions and variables of a crossover sweep."""
    axes = ("depth", "width", "scaled_alpha", "seed")
    widths, alphas, seeds = [64, 128, 256, 512], np.geomspace(1e-4, 1e5, 10), 3
    coords = {"depth": [1], "width": widths, "scaled_alpha": alphas, "seed": np.arange(seeds)}
    A = xr.DataArray(alphas, dims="scaled_alpha", coords={"scaled_alpha": alphas})
    h = xr.DataArray(np.array(widths, float), dims="width", coords={"width": widths})
    ones = xr.DataArray(np.ones([len(x) for x in coords.values()]), dims=axes, coords=coords)
    ones = ones * (1 + 0.01 * xr.DataArray(np.arange(seeds), dims="seed"))
    noise = np.random.default_rng(0).standard_normal((seeds, 20))
    outputs = 1 + xr.DataArray(noise, dims=("seed", "test_point")) * 8 / np.sqrt(h)
    layers_ = xr.DataArray(np.arange(1, 3), dims="layer")
    zero = ones.astype("i1") * 0
    data = xr.Dataset(
        {
            "kernel_change": xr.where(A < 20, 3 / A, (h / 64) ** -0.5 * 3 / A) * ones,
            "layer_change": A**-0.5 * ones * layers_,
            "time_to_kernel_change": A * ones,
            "time": A * ones,
            "half_loss_time": A * ones,
            "test_outputs": outputs * (ones / ones),
            "frozen_test_error": 0.1 * ones,
            "status": zero,
            "stop_reason": zero.assign_attrs(flag_meanings="fitted step_limit"),
        }
    ).transpose(*axes, ...)
    data = data.assign_coords(y_test=xr.DataArray(np.ones(20), dims="test_point"))
    return data.assign_attrs(
        activation="softplus", data="digits", n_train=10, n_test=20, kind="CrossoverSweep"
    )


PREACTIVATION = sp.Symbol("preactivation", real=True)
