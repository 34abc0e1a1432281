"""Gradient flow of every dynamics, by adaptive integration of the width-free system.

``dTheta/dt = -Ghat Theta`` on any factor of the Gram matrix, with scipy's DOP853 (order 8, error
control a step); the rates are the generated kernel of :mod:`theory.kernels.descent_loop`.

Holds for any loss of :mod:`theory.functions.losses`.  For the squared loss without a mask, from
infinite width or lambda-balanced weights, :mod:`numerics.linear.closed_form` is exact and faster.
"""

from __future__ import annotations

import numpy as np
import sympy as sp
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from numerics.linear.network_state import NetworkState
from numerics.linear.tasks import Task
from numerics.linear.training import Trainer
from numerics.support.descriptions import describe
from numerics.support.errors import DivergedError, OutOfRangeError
from numerics.support.object_validation import LARGEST
from numerics.support.validation import check_positive, check_switch, check_times
from theory.functions.losses import Loss

__all__ = ["gradient_flow"]

#: Finest relative tolerance that the integrator's sums can keep.
FINEST = 100 * float(np.finfo(np.float64).eps)

#: Evaluations of the rates at most: a flow that needs more never comes to its end.
EVALUATIONS = 300_000


def gradient_flow(
    state: NetworkState,
    task: Task,
    times: ArrayLike,
    *,
    dynamics: str = "gradient_descent",
    loss: str | Loss | sp.Expr = "squared",
    rtol: float = 1e-10,
    atol: float = 1e-12,
    keep_weights: bool = False,
) -> xr.Dataset:
    """Integrate gradient flow of a linear network and return A at the given times.

    Parameters
    ----------
    state, task, dynamics, loss
        As for :class:`numerics.linear.training.Trainer`.
    times : array_like
        Nonnegative and nondecreasing (inverse unit of A for the squared loss).
    rtol, atol : float
        Error tolerances a step, relative and absolute, of the weights.
    keep_weights : bool
        Also return ``W1`` (time, unit, column) and ``W2`` (time, row, unit), the factor that was
        integrated (not for lazy dynamics, which have none).

    Returns
    -------
    xarray.Dataset
        Dimension ``time``; variables ``A`` (time, row, column), ``loss``, ``train_error``,
        ``test_error``.

    Raises
    ------
    DivergedError
        If the integrator gives up; its message then follows in ``__cause__``.

    Examples
    --------
    >>> from numerics.linear.initial_states import random_state
    >>> from numerics.linear.tasks import low_rank_recovery

    >>> state = random_state(20, 20, 1e6, init_variance=1e-6, rng=1)
    >>> task = low_rank_recovery(20, rank=2, rng=0)
    >>> run = gradient_flow(state, task, [0.0, 0.1, 1.0], loss="huber")
    >>> dict(run.A.sizes), bool(run.train_error[2] < run.train_error[0])
    ({'time': 3, 'row': 20, 'column': 20}, True)
    """
    moments = check_times("times", times)
    rtol, atol = check_positive("rtol", rtol), check_positive("atol", atol)
    if not FINEST <= rtol < 1:
        raise ValueError(f"rtol must be at least {FINEST:g} and below 1, got {rtol}")
    if atol < 1 / LARGEST:
        raise ValueError(f"atol must be at least {1 / LARGEST:g}, got {atol}")
    check_switch("keep_weights", keep_weights)
    system = Trainer(state, task, learning_rate=1.0, dynamics=dynamics, loss=loss)
    if keep_weights and dynamics == "lazy":
        raise ValueError("keep_weights needs dynamics of two layers, got 'lazy'")
    flow = _Flow(system)
    end = float(moments[-1])
    solution = flow.start[:, None]
    if end > 0:
        answer = solve_ivp(
            flow.rate,
            (0.0, end),
            flow.start,
            method="DOP853",
            t_eval=np.unique(moments),
            rtol=rtol,
            atol=atol,
        )
        if not answer.success:
            raise DivergedError(answer.nfev, float("nan"), system.limit) from RuntimeError(
                answer.message
            )
        solution = answer.y[:, np.searchsorted(answer.t, moments)]
    else:
        solution = np.repeat(solution, moments.size, axis=1)
    matrices, errors = zip(*(flow.observe(column) for column in solution.T), strict=True)
    columns = np.array(errors).T
    data = {
        "A": (("time", "row", "column"), np.array(matrices)),
        "loss": ("time", columns[0]),
        "train_error": ("time", columns[1]),
        "test_error": ("time", columns[2]),
    }
    if keep_weights:
        first, second = zip(*(flow.split(column) for column in solution.T), strict=True)
        data["W1"] = (("time", "unit", "column"), np.array(first))
        data["W2"] = (("time", "row", "unit"), np.array(second))
    settings = {
        "dynamics": dynamics,
        "loss": system.loss.name,
        "threshold": state.threshold,
        "rtol": rtol,
        "atol": atol,
    }
    return describe(xr.Dataset(data, coords={"time": moments}, attrs=settings), gradient_flow)


class _Flow:
    """The system of a trainer as a function of one flat vector."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._shapes = [x.shape for x in trainer.weights]
        self._rates = tuple(np.empty(shape) for shape in self._shapes)
        self.start = np.concatenate([x.ravel() for x in trainer.weights])
        self._evaluations = 0

    def rate(self, _: float, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        self._evaluations += 1
        if self._evaluations > EVALUATIONS:
            raise OutOfRangeError(
                f"times must be such that the flow needs at most {EVALUATIONS} evaluations, "
                f"got ones that need more: the flow stiffens or leaves the loss's domain"
            )
        # rates() evaluates the gradient itself; only the weights have to be moved.
        for own, new in zip(self._trainer.weights, self.split(vector), strict=True):
            own[...] = new
        self._trainer.rates(self._rates)
        return np.concatenate([x.ravel() for x in self._rates])

    def observe(self, vector: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[float, ...]]:
        errors = self._trainer.place(self.split(vector))
        return self._trainer.A.copy(), errors

    def split(self, vector: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        sizes = np.cumsum([rows * columns for rows, columns in self._shapes])[:-1]
        parts = np.split(vector, sizes)
        return [part.reshape(shape) for part, shape in zip(parts, self._shapes, strict=True)]
