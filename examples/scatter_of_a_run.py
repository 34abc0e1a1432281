"""How far one run's smallest test error lies from the mean: predicted, and of trained networks.

In each cell of the plane of exponents RUNS networks are trained by the published rules, with the
typical singular values of A* and with A* drawn, and the standard deviation of their smallest test
error is put beside the predicted one.  A standard deviation of 200 runs has a standard error of
5 %, so that a prediction counts as confirmed within 10 %.

    python examples/scatter_of_a_run.py
"""

from __future__ import annotations

import argparse

import numpy as np

from numerics.linear.initial_states import random_state
from numerics.linear.tasks import Task, low_rank_from_spectrum, low_rank_recovery
from numerics.linear.training import Trainer
from numerics.prediction.mode_spectrum import typical_singular_values
from numerics.prediction.runs import predict_cell
from numerics.published_rules import learning_rate

RUNS = 200

#: gamma_sigma2, gamma_w, d, rank, divisor of the learning rate; all in the region of proof.
CELLS = (
    (-1.85, 2.25, 100, 5, 10.0),
    (-1.85, 2.25, 200, 5, 5.0),
    (-2.5, 1.8, 100, 5, 10.0),
    (-1.3, 1.8, 100, 3, 10.0),
    (-1.5, 2.6, 80, 3, 10.0),
    (-2.0, 1.4, 150, 3, 10.0),
)


def smallest_errors(
    cell: tuple[float, float, int, int, float], drawn: bool, runs: int
) -> np.ndarray:
    """Return the smallest test error of each of some trained networks."""
    gamma_sigma2, gamma_w, d, rank, divisor = cell
    predicted = predict_cell(gamma_sigma2, gamma_w, d, rank=rank, learning_rate_divisor=divisor)
    width, variance = predicted.attrs["width"], predicted.attrs["init_variance"]
    steps = 2 * int(predicted.min_iteration) + 16
    smallest = []
    for draw in range(runs):
        rng = np.random.default_rng([d, draw])
        if drawn:
            task: Task = low_rank_recovery(d, d, rank=rank, rng=rng)
        else:
            values = typical_singular_values(d, d, rank)
            task = low_rank_from_spectrum(values, d, d, noise=1.0, rng=rng)
        largest = float(np.linalg.norm(task.truth, 2))
        rate = learning_rate(gamma_sigma2, gamma_w, variance * width, largest, divisor)
        trainer = Trainer(
            random_state(d, d, width, init_variance=variance, rng=rng),
            task,
            learning_rate=float(rate),
            update="sequential",
        )
        smallest.append(min(trainer.errors[2], trainer.advance(steps)[:, 2].min()))
    return np.array(smallest)


def main() -> None:
    """Print predicted and trained standard deviations of each cell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS, help="trained networks a cell")
    runs = parser.parse_args().runs
    print(
        f"{'cell':>32}{'A*':>8}{'mean':>10}{'trained':>10}{'deviation':>12}{'trained':>10}{'':>10}"
    )
    for cell in CELLS:
        gamma_sigma2, gamma_w, d, rank, divisor = cell
        found = predict_cell(
            gamma_sigma2, gamma_w, d, rank=rank, learning_rate_divisor=divisor, draws=256
        )
        for drawn, kind in ((False, "given"), (True, "drawn")):
            prefix = "drawn_" if drawn else ""
            mean = float(found[f"{prefix}min_test_error"])
            deviation = float(found[f"{prefix}min_test_error_deviation"])
            trained = smallest_errors(cell, drawn, runs)
            measured = trained.std(ddof=1)
            name = f"({gamma_sigma2}, {gamma_w}), d = {d}, rank {rank}"
            print(
                f"{name:>32}{kind:>8}{mean:10.4f}{trained.mean():10.4f}{deviation:12.5f}"
                f"{measured:10.5f}{deviation / measured - 1:+10.1%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
