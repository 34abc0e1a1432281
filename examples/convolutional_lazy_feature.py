"""Convolutional nets: lazy training against feature training, single nets and ensembles.

Trains the same nets from the same starts at several ``A = sqrt(h) alpha`` (h channels) to zero
training error, and compares their test errors; ``frozen`` is the lazy limit, in which the kernel
never moves.  Small A trains features.  Task: parity of the class, images on the sphere.

    python examples/convolutional_lazy_feature.py
    python examples/convolutional_lazy_feature.py --n-train 250 500 1000 --figure errors.png
    python examples/convolutional_lazy_feature.py --images digits --n-train 100 --n-test 500 \
        --kernel-size 3 --channels 8 --seeds 2

The error of an ensemble is that of the sign of the mean of F over starts.  Of the difference to
the frozen kernel two uncertainties are printed: over starts, for the same data, and over test
images, for the two ensembles.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

import mixed_dynamics as md

FROZEN = "frozen"

#: Half as many steps as by default: at A = 1 kernel changes differ by 1 %, F by 2 % in the mean.
RULE = md.StepRule(method="linearised", output_error=0.1, gradient_change=0.05)

#: Images on which the change of the kernel is measured: it is quadratic in their number.
WATCHED = 100


@dataclass
class Nets:
    """Nets from several starts at one A, on one training set."""

    label: str
    outputs: NDArray[np.float64]  # F of the test images, a row a start
    changes: list[float]  # relative changes of the kernel
    steps: list[int]
    seconds: float

    def errors(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the test error of each net."""
        return np.mean(y * self.outputs <= 0, axis=1)

    def misses(self, y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which test images the ensemble gets wrong."""
        return y * self.outputs.mean(axis=0) <= 0


def main() -> None:
    """Train, print a table for each size of the training set, draw if asked to."""
    options = parse()
    found = {}
    with threadpool_limits(1):
        for n_train in options.n_train:
            data = md.load_images(
                options.images, folder=options.folder, n_train=n_train, n_test=options.n_test
            )
            network = md.Convolutional(
                data.shape, options.channels, options.depth, kernel_size=options.kernel_size
            )
            print(f"{data}; {options.channels} channels of sides {network.sides}", flush=True)
            found[n_train] = [train(network, data, scale, options) for scale in options.scales]
            found[n_train].append(train(network, data, math.inf, options))
            report(found[n_train], data.y_test)
    if options.figure:
        draw(found, data.y_test, options)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", default="mnist_subset", help="a data set of load_images")
    parser.add_argument("--folder", help="where its files are")
    parser.add_argument("--n-train", type=int, nargs="+", default=[250, 500])
    parser.add_argument("--n-test", type=int, default=4000)
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--kernel-size", type=int, default=5)
    parser.add_argument("--scales", type=float, nargs="+", default=[1.0], help="of A")
    parser.add_argument("--seeds", type=int, default=3, help="starts a point, at least 2")
    parser.add_argument("--figure", help="a file to draw into")
    options = parser.parse_args()
    if options.seeds < 2:
        parser.error(f"--seeds must be at least 2 for a standard error, got {options.seeds}")
    return options


def train(
    network: md.Convolutional, data: md.ImageData, scale: float, options: argparse.Namespace
) -> Nets:
    """Train nets from every start at one A; infinity is the frozen kernel."""
    begin, outputs, changes, steps = time.process_time(), [], [], []
    for seed in range(options.seeds):
        start = network.initial(seed)
        if math.isinf(scale):
            gram = network.ntk(start, data.X_train)
            run = md.frozen_flow(gram, data.y_train, network.ntk(start, data.X_test, data.X_train))
            fitted = run.fitted
            outputs.append(run.test_outputs)
            changes.append(0.0)
            steps.append(0)
        else:
            alpha = scale / math.sqrt(network.width)
            run = md.train_network(
                network,
                data.X_train,
                data.y_train,
                start=start,
                alpha=alpha,
                test=(data.X_test[:WATCHED],),
                rule=RULE,
            )
            ends = [network.outputs(weights, data.X_test) for weights in (run.weights, start)]
            outputs.append(alpha * (ends[0] - ends[1]))
            changes.append(run.kernel_change)
            steps.append(run.steps)
            fitted = run.status == "ok"
        if not fitted:
            raise RuntimeError(f"A = {scale:g}, start {seed}: ended before every margin was 1")
    label = FROZEN if math.isinf(scale) else f"{scale:g}"
    return Nets(label, np.array(outputs), changes, steps, time.process_time() - begin)


def report(points: list[Nets], y: NDArray[np.float64]) -> None:
    """Print a table, and each A against the frozen kernel."""
    print("       A  kernel change  steps   error of a net   of the ensemble     CPU s")
    lazy = points[-1]
    for point in points:
        errors = point.errors(y)
        print(
            f"{point.label:>8}  {np.mean(point.changes):13.3g}  {np.mean(point.steps):5.0f}  "
            f"{errors.mean():7.2%} +- {standard_error(errors):.2%}  "
            f"{point.misses(y).mean():16.2%}  {point.seconds:8.0f}"
        )
    for point in points[:-1]:
        nets = point.errors(y) - lazy.errors(y)
        images = point.misses(y).astype(float) - lazy.misses(y)
        print(
            f"A = {point.label} less frozen: nets {nets.mean():+.2%} +- {standard_error(nets):.2%}"
            f", ensembles {images.mean():+.2%} +- {standard_error(images):.2%}",
            flush=True,
        )


def standard_error(values: NDArray[np.float64]) -> float:
    """Return the standard error of a mean."""
    return float(np.std(values, ddof=1) / math.sqrt(len(values)))


def draw(found: dict[int, list[Nets]], y: NDArray[np.float64], options: argparse.Namespace) -> None:
    """Draw the errors against the size of the training set."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.6), layout="constrained")
    axes = figure.add_subplot()
    for k, label in enumerate(point.label for point in next(iter(found.values()))):
        name = "frozen kernel" if label == FROZEN else rf"$\sqrt{{h}}\,\alpha = {label}$"
        errors = [100 * points[k].errors(y) for points in found.values()]
        axes.errorbar(
            list(found),
            [x.mean() for x in errors],
            [standard_error(x) for x in errors],
            color=f"C{k}",
            marker="o",
            capsize=2,
            label=f"{name}, single nets",
        )
        together = [100 * points[k].misses(y).mean() for points in found.values()]
        axes.plot(
            list(found),
            together,
            color=f"C{k}",
            ls="--",
            marker="s",
            mfc="w",
            label=f"{name}, ensemble",
        )
    axes.set(xscale="log", xlabel="training images", ylabel="test error (%)")
    axes.minorticks_off()
    axes.set_xticks(list(found), [str(n_train) for n_train in found])
    axes.set_title(f"{options.images}, {options.channels} channels")
    axes.legend(fontsize="small")
    figure.savefig(options.figure, dpi=160)


if __name__ == "__main__":
    main()
