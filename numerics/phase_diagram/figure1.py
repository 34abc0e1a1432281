"""Figure 1: gradient descent, the self-consistent dynamics and their closed form side by side.

Holds as :mod:`numerics.phase_diagram.prepare_cell`.
Source: Tu, Aranguri and Jacot 2024 (arXiv 2405.17580), Figure 1.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from numerics.linear.closed_form import ClosedForm
from numerics.linear.descent import Descent
from numerics.linear.euler_training import EulerTrainer
from numerics.linear.observables import mean_squared_error, singular_values
from numerics.linear.training import Trainer
from numerics.phase_diagram.prepare_cell import Cell, prepare_cell
from numerics.phase_diagram.scheme import check_scheme, in_target_bases
from numerics.support.descriptions import describe
from numerics.support.object_validation import check_callable, check_instance
from numerics.support.validation import check_dimension
from theory.published_settings import FIGURE1

__all__ = ["Timings", "figure1"]

DYNAMICS = ("gradient_descent", "self_consistent")


@dataclass
class Timings:
    """Wall time of the parts of a run, in seconds."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add the time spent inside to a part."""
        start = time.perf_counter()
        try:
            yield
        finally:
            elapsed = time.perf_counter() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + elapsed


def figure1(
    d: int = FIGURE1.d,
    *,
    rank: int = FIGURE1.rank,
    gamma_sigma2: float = FIGURE1.gamma_sigma2,
    gamma_w: float = FIGURE1.gamma_w,
    iterations: int = FIGURE1.iterations,
    seed: int = 0,
    scheme: str = "published",
    update: str = "sequential",
    learning_rate: float | None = None,
    progress: Callable[[int], None] = lambda steps: None,
    timings: Timings | None = None,
) -> xr.Dataset:
    """Train the two dynamics of the paper's Figure 1, gradient descent and self-consistent.

    Parameters
    ----------
    d, rank, gamma_sigma2, gamma_w, seed, learning_rate
        As for :func:`prepare_cell`.
    iterations : int
        Number of steps.
    scheme : {"published", "exact"}
        How the self-consistent dynamics are stepped (:mod:`numerics.phase_diagram.scheme`).
    update : {"simultaneous", "sequential"}
        Order of the layers; sequential as in the published experiments.
    progress : callable, optional
        Called with the number of iterations just finished.
    timings : Timings, optional
        Receives the wall time of each part.

    Returns
    -------
    xarray.Dataset
        Dimensions ``dynamics`` (gradient_descent, self_consistent), ``iteration`` (0 =
        initial), ``mode``; variables ``train_error``, ``test_error``, ``singular_value``,
        ``distance`` (Frobenius, between the two dynamics) and, at the same times
        ``learning_rate * iteration``, ``closed_form_train_error``,
        ``closed_form_test_error``, ``closed_form_singular_value``; ``target_singular_value``
        of A*.

    Raises
    ------
    DivergedError
        If the learning rate is above the stability limit and the run diverges.

    Examples
    --------
    >>> data = figure1(d=20, rank=2, iterations=10)
    >>> dict(data.singular_value.sizes)
    {'dynamics': 2, 'iteration': 11, 'mode': 20}
    """
    steps = check_dimension("iterations", iterations)
    published = check_scheme(scheme, update) == "published"
    check_callable("progress", progress)
    watch = Timings() if timings is None else check_instance("timings", timings, Timings)
    with _Cores() as cores:
        with watch.part("task and network"):
            cell = prepare_cell(
                gamma_sigma2, gamma_w, d, rank=rank, seed=seed, learning_rate=learning_rate
            )
            if published:
                cell = in_target_bases(cell)
            trainers = [_trainer(cell, name, update, euler=published) for name in DYNAMICS]
            exact = ClosedForm(cell.state.A, cell.task.target, c1=cell.threshold)
            references = (
                exact.left.T @ cell.task.target @ exact.right,
                exact.left.T @ cell.task.truth @ exact.right,
            )
        errors = np.empty((len(DYNAMICS), steps + 1, 2))
        distances = np.empty(steps + 1)
        spectra = np.empty((len(DYNAMICS), steps + 1, cell.task.d_in))
        for iteration in range(steps + 1):
            if iteration:
                with watch.part("training of both dynamics"):
                    cores.map(lambda trainer: trainer.advance(1), trainers)
            with watch.part("singular values"):
                spectra[:, iteration] = cores.map(lambda x: singular_values(x.A), trainers)
            errors[:, iteration] = [trainer.errors[1:] for trainer in trainers]
            distances[iteration] = np.linalg.norm(trainers[0].A - trainers[1].A)
            if iteration:
                progress(1)
        with watch.part("closed form and its singular values"):
            times = cell.learning_rate * np.arange(steps + 1)
            closed = cores.map(partial(_observe_closed_form, exact, references), times)
    return _figure1_dataset(
        cell,
        errors,
        spectra,
        distances,
        closed,
        {
            "d": d,
            "rank": rank,
            "gamma_sigma2": float(gamma_sigma2),
            "gamma_w": float(gamma_w),
            "seed": seed,
            "scheme": scheme,
            "update": update,
        },
    )


def _trainer(cell: Cell, dynamics: str, update: str, *, euler: bool) -> Descent:
    rate = cell.learning_rate
    if euler and dynamics == "self_consistent":
        return EulerTrainer(cell.state, cell.task, learning_rate=rate)
    return Trainer(cell.state, cell.task, learning_rate=rate, dynamics=dynamics, update=update)


class _Cores:
    """A pool of one thread a core, each with one BLAS thread.

    Threads of BLAS wait for each other inside every product, which is expensive where a core
    has other work, too; whole runs and whole decompositions side by side do not.
    """

    def __enter__(self) -> _Cores:
        self._limits = threadpool_limits(1)
        self._pool = ThreadPoolExecutor(os.cpu_count())
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._limits.restore_original_limits()

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """Return the function's values, in order."""
        return list(self._pool.map(function, items))


def _observe_closed_form(
    exact: ClosedForm, references: tuple[NDArray[np.float64], NDArray[np.float64]], time: float
) -> tuple[float, float, NDArray[np.float64]]:
    """Return train error, test error and singular values, all in the target's singular bases."""
    core = exact.core(time)
    train, test = (mean_squared_error(core, reference) for reference in references)
    return train, test, singular_values(core)


def _figure1_dataset(
    cell: Cell,
    errors: NDArray[np.float64],
    spectra: NDArray[np.float64],
    distances: NDArray[np.float64],
    closed: list[tuple[float, float, NDArray[np.float64]]],
    settings: dict[str, object],
) -> xr.Dataset:
    pair, alone = ("dynamics", "iteration"), ("iteration",)
    closed_train, closed_test, closed_spectra = (np.array(x) for x in zip(*closed, strict=True))
    data = xr.Dataset(
        {
            "train_error": (pair, errors[..., 0]),
            "test_error": (pair, errors[..., 1]),
            "singular_value": ((*pair, "mode"), spectra),
            "distance": (alone, distances),
            "closed_form_train_error": (alone, closed_train),
            "closed_form_test_error": (alone, closed_test),
            "closed_form_singular_value": ((*alone, "mode"), closed_spectra),
            "target_singular_value": ("mode", singular_values(cell.task.truth)),
        },
        coords={
            "dynamics": list(DYNAMICS),
            "iteration": np.arange(distances.size),
            "mode": np.arange(1, spectra.shape[-1] + 1),
        },
        attrs=settings
        | {
            "width": cell.width,
            "init_variance": cell.init_variance,
            "threshold": cell.threshold,
            "learning_rate": cell.learning_rate,
        },
    )
    return describe(data, figure1)
