"""The predicted phase diagram against trained cells, and the lazy start that its kernel rests on.

:func:`numerics.prediction.grid.predict_grid` sums in closed form what the initial matrix, C1 and C2
add to each cell; cells are drawn where these shares are a good part of the error.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from numerics.kernels.evaluate import evaluate
from numerics.linear.initial_states import random_state
from numerics.linear.tasks import low_rank_from_spectrum
from numerics.linear.training import Trainer
from numerics.prediction.grid import predict_grid
from theory.algebra.stable_form import StableForm
from theory.prediction.closed_form_errors import lazy_variance
from theory.regimes.quantities import partial_time
from theory.regimes.scales import d, k, sigma1, sigma2, tau, theta
from theory.symbols import c1, c2, d_in, d_out, w
from verify.framework.claim import Array, Claim, Fault, Problem
from verify.framework.laws import Sampling
from verify.framework.replicates import remembered
from verify.problems.strategies import scales, seeds

__all__ = ["CLAIMS"]

FAMILY = "phase diagram"
#: Of trained cells, and draws of noise and start.
DIMENSION, DRAWS = 64, 16
#: Divisor of the published learning rate, and steps: the time is that of the published runs.
DIVISOR, STEPS = 10.0, 160
#: Draws of a small kernel.
KERNELS = 6000
#: A lazy run: threshold over the largest singular value of the signal, and steps to 1/(2c).
LAZY, FINE = 30.0, 120


def _signal(problem: Problem) -> list[float]:
    return [problem["ratio"] * DIMENSION / (1 + j) ** 0.5 for j in range(problem["rank"])]


def _predicted_cell(problem: Problem, noise: float = 1.0, wider: float = 0.0) -> float:
    """Return the smallest test error; ``wider`` adds to gamma_w at the same threshold."""
    grid = predict_grid(
        [problem["gamma_sigma2"] - wider],
        [problem["gamma_w"] + wider],
        DIMENSION,
        singular_values=_signal(problem),
        noise=noise,
        learning_rate_divisor=DIVISOR,
        iterations=STEPS,
    )
    return float(grid.min_test_error.values[0, 0])


@remembered
def _trained_cell(problem: Problem) -> Array:
    """Return the smallest test error of trained networks, one a draw, by the published rules."""
    variance, width = DIMENSION ** problem["gamma_sigma2"], int(DIMENSION ** problem["gamma_w"])
    signal = _signal(problem)
    lazy = problem["gamma_sigma2"] + problem["gamma_w"] > 1
    rate = 1 / (DIVISOR * (variance * width if lazy else signal[0]))
    errors = []
    for draw in range(DRAWS):
        rng = np.random.default_rng([problem["seed"], draw])
        task = low_rank_from_spectrum(signal, DIMENSION, DIMENSION, noise=1.0, rng=rng)
        state = random_state(DIMENSION, DIMENSION, width, init_variance=variance, rng=rng)
        trainer = Trainer(state, task, learning_rate=rate, update="sequential")
        errors.append(min(trainer.errors[2], trainer.advance(STEPS)[:, 2].min()))
    return np.array(errors)


def _predicted_variance(problem: Problem, missing: float = 0.0) -> float:
    """Return V less a share of one entry off the diagonal on each side."""
    values = (problem[name] for name in ("c1", "c2", "width", "d_in", "d_out"))
    first, second, width, *sides = map(float, values)
    whole = evaluate(_variance_form, first, second, width, *sides, compiled=False)["variance"]
    return float(whole - missing * (first**2 + second**2) / width)


def _variance_form() -> StableForm:
    return StableForm((c1, c2, w, d_in, d_out), (), {"variance": lazy_variance()})


def _drawn_variance(problem: Problem) -> Array:
    """Return ``tr X1^2/d_in + tr X2^2/d_out`` of drawn layers, X the deviation from the mean."""
    rng, width = np.random.default_rng(problem["seed"]), problem["width"]
    total = np.zeros(KERNELS)
    for size, scale in ((problem["d_in"], problem["c1"]), (problem["d_out"], problem["c2"])):
        W = rng.standard_normal((KERNELS, size, width)) * np.sqrt(scale / width)
        X = W @ W.swapaxes(1, 2) - scale * np.eye(size)
        total += np.sum(X**2, axis=(1, 2)) / size
    return total


def _lazy_setting(problem: Problem) -> tuple[float, float, float]:
    """Return theta, sigma^2 and the width of a lazy network with a given initial matrix."""
    signal = problem["ratio"] * DIMENSION
    threshold = LAZY * signal
    width = threshold**2 / problem["start"]
    return signal, threshold / width, width


def _predicted_time(problem: Problem, start: float = 1.0) -> float:
    """Return c times the time of the best fraction, with a multiple of the initial matrix."""
    signal, variance, width = _lazy_setting(problem)
    root = float(np.sqrt(variance))
    # A wider network of the same threshold has a smaller initial matrix.
    values = (DIMENSION, problem["rank"], signal, 1.0, root * start**0.5, root * start**0.5)
    return (
        LAZY
        * signal
        * float(evaluate(_time_form, *map(float, values), width / start, compiled=False)["time"])
    )


def _time_form() -> StableForm:
    letters = (d, k, theta, tau, sigma1, sigma2, w)
    return StableForm(letters, (), {"time": partial_time().expression})


def _lazy_times(problem: Problem) -> Array:
    """Return c times the time of the smallest test error of trained networks."""
    signal, variance, width = _lazy_setting(problem)
    step = 1 / (2 * LAZY * signal * FINE)
    times = []
    for draw in range(DRAWS):
        rng = np.random.default_rng([problem["seed"], draw])
        task = low_rank_from_spectrum(
            [signal] * problem["rank"], DIMENSION, DIMENSION, noise=1.0, rng=rng
        )
        state = random_state(DIMENSION, DIMENSION, width, init_variance=variance, rng=rng)
        trainer = Trainer(state, task, learning_rate=step)
        expected = _predicted_time(problem) / (LAZY * signal * step)
        errors = trainer.advance(int(1.5 * expected) + 20)[:, 2]
        best = int(np.argmin(errors))
        # A parabola through three steps: the minimum between them; descent decays by
        # log(1 - 2 c step) a step.
        left, middle, right = errors[best - 1 : best + 2]
        place = best + 1 + (left - right) / (2 * (left - 2 * middle + right))
        times.append(-place * np.log1p(-1 / FINE) / 2)
    return np.array(times)


_CELLS = st.fixed_dictionaries(
    {
        "start": st.floats(-0.5, 0.2),
        "gamma_w": st.floats(1.9, 2.6),
        "ratio": st.floats(1.0, 2.0),
        "rank": st.integers(1, 3),
        "seed": seeds(),
    }
).map(lambda x: x | {"gamma_sigma2": (x["start"] - x["gamma_w"]) / 2})

CLAIMS = (
    Claim(
        name="grid-cells",
        family=FAMILY,
        statement="The grid's smallest test errors are the means over trained cells.",
        holds=f"d = {DIMENSION}, widths from d^1.9, initial matrices of d^-0.5 to d^0.2 of the "
        "noise, signals of d to 2d of different sizes, published rates and order of layers",
        source="theory.prediction.closed_form_errors, ours",
        problems=_CELLS,
        predict=_predicted_cell,
        measure=_trained_cell,
        law=Sampling("prediction_bias"),
        faults=(
            Fault("without the initial matrix", predict=lambda x: _predicted_cell(x, wider=1.0)),
            Fault("noise entries of 1.2", predict=lambda x: _predicted_cell(x, noise=1.2)),
        ),
        cost="expensive",
    ),
    Claim(
        name="kernel-fluctuation",
        family=FAMILY,
        statement="C1 and C2 fluctuate at the start by V, the mean square that the grid uses.",
        holds="any dimensions and layers, any width",
        source="theory.random_matrices.wishart; theory.prediction.closed_form_errors",
        problems=st.fixed_dictionaries(
            {
                "d_in": st.integers(1, 6),
                "d_out": st.integers(1, 6),
                "width": st.integers(8, 40),
                "c1": scales(0.2, 5.0),
                "c2": scales(0.2, 5.0),
                "seed": seeds(),
            }
        ),
        predict=_predicted_variance,
        measure=_drawn_variance,
        law=Sampling("exact_mean"),
        faults=(
            Fault(
                "an entry of the diagonal counted once",
                predict=lambda x: _predicted_variance(x, missing=1.0),
            ),
            Fault(
                "sides exchanged",
                predict=lambda x: _predicted_variance(x | {"c1": x["c2"], "c2": x["c1"]}),
            ),
        ),
    ),
    Claim(
        name="best-fraction",
        family=FAMILY,
        statement="A lazy network is best at the time log(1 + (S + v)/tau^2)/(2c), v that of its "
        "initial matrix.",
        holds=f"c = {LAZY:g} theta, widths far above d, v from the noise to ten times that",
        source="theory.regimes.quantities, partial_time",
        problems=st.fixed_dictionaries(
            {
                "ratio": st.floats(1.0, 3.0),
                "rank": st.integers(1, 4),
                "start": scales(1.0, 10.0),
                "seed": seeds(),
            }
        ),
        predict=_predicted_time,
        measure=_lazy_times,
        law=Sampling("lazy_time"),
        faults=(
            Fault("twice the rate", predict=lambda x: _predicted_time(x) / 2),
            Fault("without the initial matrix", predict=lambda x: _predicted_time(x, start=1e-6)),
        ),
        cost="expensive",
    ),
)
