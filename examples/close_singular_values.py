"""Predicted against trained where many or close singular values stand near the noise.

Tasks of rank 5, d/10 and 3d/20: equal values of the usual size d/sqrt(rank), typical ones, and
equal ones near the threshold of detection sqrt(d), 1.5 times that unless ``--near`` says another
number.  Prints the smallest test error and the stable rank of A at that iteration, the mean of
trained runs beside the prediction.

    python examples/close_singular_values.py
    python examples/close_singular_values.py --d 50 100 200 400 --runs 32 24 16 8
"""

from __future__ import annotations

import argparse

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

import mixed_dynamics as md

#: Threshold in units of the largest singular value, learning rate in units of its inverse.
GAP, RATE, WIDTH = 1 / 40, 0.05, 1e8


def main() -> None:
    """Train, predict and print one line a task and the largest deviations."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--d", type=int, nargs="+", default=[50, 100], help="dimensions")
    parser.add_argument("--runs", type=int, nargs="+", default=[8], help="one or one a dimension")
    parser.add_argument("--near", type=float, default=1.5, help="values over the threshold")
    options = parser.parse_args()
    runs = options.runs * len(options.d) if len(options.runs) == 1 else options.runs
    print(f"{'d':>4}{'rank':>5}  {'values':20}{'smallest error':>24}{'stable rank':>24}")
    with threadpool_limits(1):
        found = [
            compare(d, name, values, count)
            for d, count in zip(options.d, runs, strict=True)
            for name, values in tasks(d, options.near)
        ]
    largest = np.abs(found).max(axis=0)
    print(
        f"{len(found)} tasks: smallest errors within {largest[0]:.1%}, "
        f"stable ranks within {largest[1]:.1%}"
    )


def tasks(d: int, near: float) -> list[tuple[str, np.ndarray]]:
    """Return the singular values of each task of a dimension."""
    ranks = sorted({5, d // 10, 3 * d // 20})
    kinds = {
        "equal": lambda k: np.full(k, d / np.sqrt(k)),
        "typical": lambda k: md.typical_singular_values(d, d, k),
        "equal, near the noise": lambda k: np.full(k, near * np.sqrt(d)),
    }
    return [(name, kind(k)) for k in ranks for name, kind in kinds.items()]


def compare(d: int, name: str, values: np.ndarray, runs: int) -> tuple[float, float]:
    """Return the relative deviations of the prediction from the mean of trained runs."""
    threshold, rate = GAP * values[0], RATE / values[0]
    start = {"width": WIDTH, "init_variance": threshold / WIDTH}
    # Twice the time in which the weakest value is learned from the threshold.
    steps = int(np.ceil(2 * np.log(2 * values[-1] / threshold) / (2 * values[-1]) / rate))
    predicted = md.predict_run(
        d,
        d,
        **start,
        learning_rate=rate,
        iterations=steps,
        singular_values=values,
        allow_out_of_range=True,
    )
    trained = []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        task = md.low_rank_from_spectrum(values, d, d, noise=1.0, rng=rng)
        state = md.random_state(d, d, WIDTH, init_variance=threshold / WIDTH, rng=rng)
        trained.append(
            md.train(state, task, learning_rate=rate, iterations=steps, observe=["stable_rank"])
        )
    data = xr.concat(trained, "run")
    least = data.test_error.min("iteration")
    at = int(data.test_error.mean("run").argmin("iteration"))
    ranks = data.stable_rank.isel(iteration=at)
    columns, deviations = [], []
    for value, draws in (
        (predicted.test_error.min(), least),
        (predicted.stable_rank.isel(iteration=at), ranks),
    ):
        mean, error = float(draws.mean()), float(draws.std(ddof=1)) / np.sqrt(runs)
        deviations.append(float(value) / mean - 1)
        columns.append(f"{mean:.4g} {deviations[-1]:+.2%} +- {error / mean:.2%}")
    print(f"{d:4}{values.size:5}  {name:21}" + "".join(f"{x:>24}" for x in columns), flush=True)
    return tuple(deviations)


if __name__ == "__main__":
    main()
