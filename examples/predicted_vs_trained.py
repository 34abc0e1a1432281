"""Predicted against trained: test error along whole runs, its minimum, and the distance.

Trains cells of the paper's Figure 2 (gradient descent, one layer after the other, the paper's
learning rate and stopping rule) and compares each run with its prediction, which sees the
singular values of A* (``given``) or only the rank (``typical``).

    python examples/predicted_vs_trained.py
    python examples/predicted_vs_trained.py --d 100 200 400 800 --seeds 10 10 6 2
    python examples/predicted_vs_trained.py --d 200 --seeds 3 --distance
"""

from __future__ import annotations

import argparse

import numpy as np
from threadpoolctl import threadpool_limits

import mixed_dynamics as md

#: Cells (gamma_sigma2, gamma_w) of the proven region: width above d, below infinite noise.
CELLS = ((-1.85, 2.25), (-1.3, 1.8), (-1.2, 2.3), (-1.5, 1.5), (-1.0, 1.5), (-0.9, 2.0))


def main() -> None:
    """Train, predict and print one line a cell and one a dimension."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--d", type=int, nargs="+", default=[50, 100], help="dimensions")
    parser.add_argument("--seeds", type=int, nargs="+", default=[3], help="runs, one or one a d")
    parser.add_argument("--rank", type=int, default=md.FIGURE2.rank)
    parser.add_argument("--cells", type=float, nargs="+", help="gamma_sigma2 gamma_w, in pairs")
    parser.add_argument("--iterations", type=int, default=md.FIGURE2.iterations, help="at most")
    parser.add_argument("--distance", action="store_true", help="of the two dynamics, too")
    options = parser.parse_args()
    cells = CELLS if not options.cells else np.reshape(options.cells, (-1, 2)).tolist()
    seeds = options.seeds * len(options.d) if len(options.seeds) == 1 else options.seeds
    medians = []
    with threadpool_limits(1):
        for d, count in zip(options.d, seeds, strict=True):
            rows = [
                # Draws of their own for each cell.
                compare(d, options, *cell, range(1000 * k, 1000 * k + count))
                for k, cell in enumerate(cells)
            ]
            medians.append(np.median([row["run"] for row in rows]))
            print(f"d = {d}: median relative deviation {medians[-1]:.2%}", flush=True)
    if len(medians) > 1:
        slope = np.polyfit(np.log(options.d), np.log(medians), 1)[0]
        print(f"slope of log median deviation against log d: {slope:.2f}")


def compare(
    d: int, options: argparse.Namespace, gamma_sigma2: float, gamma_w: float, seeds: range
) -> dict[str, float]:
    """Compare several runs of one cell with their predictions and print a line."""
    found = []
    for seed in seeds:
        cell = md.prepare_cell(
            d=d,
            rank=options.rank,
            gamma_sigma2=gamma_sigma2,
            gamma_w=gamma_w,
            seed=seed,
            learning_rate_divisor=md.FIGURE2.divisor,
        )
        test, away = train(cell, options.iterations, options.distance)
        signal = np.linalg.svd(cell.task.truth, compute_uv=False)[: options.rank]
        given = md.predict_run(
            d,
            d,
            singular_values=signal,
            width=cell.width,
            init_variance=cell.init_variance,
            learning_rate=cell.learning_rate,
            iterations=test.size + 9,
            update="sequential",
            allow_out_of_range=True,
        )
        typical = md.predict_cell(
            gamma_sigma2, gamma_w, d, rank=options.rank, allow_out_of_range=True
        )
        same = min(test.size, typical.sizes["iteration"])
        found.append(
            {
                "run": np.median(abs(given.test_error.values[: test.size] / test - 1)),
                "minimum": given.min_test_error.item() / test.min() - 1,
                "iteration": given.min_iteration.item() - int(test.argmin()),
                "typical": np.median(abs(typical.test_error.values[:same] / test[:same] - 1)),
                "typical_minimum": typical.min_test_error.item() / test.min() - 1,
                "distance": away / given.distance.values[: test.size].max() if away else np.nan,
            }
        )
    column = {key: np.array([row[key] for row in found]) for key in found[0]}
    line = (
        f"d = {d} ({gamma_sigma2:g}, {gamma_w:g}) {len(seeds)} runs | along the run "
        f"{np.median(column['run']):.2%} (worst {column['run'].max():.2%}) | minimum mean "
        f"{column['minimum'].mean():+.2%}, spread {column['minimum'].std():.2%}, worst "
        f"{abs(column['minimum']).max():.2%} | iteration mean {column['iteration'].mean():+.1f}, "
        f"worst {abs(column['iteration']).max()} | typical: run {np.median(column['typical']):.2%}"
        f", minimum {column['typical_minimum'].mean():+.2%}"
    )
    if options.distance:
        ratio = column["distance"]
        line += f" | distance trained/predicted {np.sqrt((ratio**2).mean()):.3f} "
        line += f"({ratio.min():.3f} to {ratio.max():.3f})"
    print(line, flush=True)
    means = {f"mean_{key}": float(value.mean()) for key, value in column.items()}
    return means | {key: float(np.median(value)) for key, value in column.items()}


def train(cell: md.Cell, iterations: int, distance: bool) -> tuple[np.ndarray, float]:
    """Return the test errors to the paper's stop, and the largest distance of the dynamics."""
    make = lambda name: md.Trainer(  # noqa: E731
        cell.state, cell.task, learning_rate=cell.learning_rate, dynamics=name, update="sequential"
    )
    descent = make("gradient_descent")
    other = make("self_consistent") if distance else None
    errors, largest = [descent.errors], 0.0
    while descent.iteration < iterations:
        errors.append(tuple(descent.advance(1)[-1]))
        if other is not None:
            other.advance(1)
            largest = max(largest, float(np.linalg.norm(descent.A - other.A)))
        columns = np.array(errors)
        end = md.paper_stop(columns[:, 1], columns[:, 2])
        if end < len(errors):
            break
    return np.array(errors)[:, 2], largest


if __name__ == "__main__":
    main()
