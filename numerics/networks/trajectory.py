"""What is seen of a network along its gradient flow, at chosen times.

An observable is a function of a :class:`FlowSnapshot`, the flow at one time beside its start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from numerics.networks.flow_problem import FlowProblem, Stepper
from numerics.networks.network_interface import Network
from numerics.support.observing import variables
from numerics.support.validation import check_matrix

__all__ = ["FlowObservable", "FlowSnapshot", "Trajectory"]


@attrs.frozen(eq=False, kw_only=True)
class FlowSnapshot:
    """A network at one time of its gradient flow, as an observable sees it.

    Attributes
    ----------
    time : float
        t.
    network : Network
        What flows.
    weights : tuple of ndarray
        Where it is (copies).
    start : tuple of ndarray
        Weights at t = 0.
    alpha : float
        Scale of the predictor.
    train_outputs : ndarray, shape (n,)
        The predictor F on the training inputs.
    mean_loss : float
        ``alpha^2 L``.

    Examples
    --------
    >>> from numerics.networks.fully_connected import FullyConnected
    >>> from numerics.networks.training import train_network
    >>> def first_layer_change(flow: FlowSnapshot) -> float:
    ...     return np.linalg.norm(flow.weights[0] - flow.start[0])
    >>> network, X = FullyConnected(2, width=20, depth=1), np.eye(2) * np.sqrt(2)
    >>> run = train_network(network, X, np.array([1.0, -1.0]), start=network.initial(0),
    ...                     alpha=1.0, times=[0.0, 0.1, 0.2], observe=[first_layer_change])
    >>> run.trajectory.first_layer_change.dims, float(run.trajectory.first_layer_change[0])
    (('time',), 0.0)
    """

    time: float
    network: Network
    weights: tuple[NDArray[np.float64], ...]
    start: tuple[NDArray[np.float64], ...]
    alpha: float
    train_outputs: NDArray[np.float64]
    mean_loss: float

    def outputs(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the predictor ``F = alpha (f(w) - f(w_0))`` on inputs, one a row."""
        inputs = check_matrix("X", X)
        moved, start = (self.network.outputs(w, inputs) for w in (self.weights, self.start))
        return self.alpha * (moved - start)


FlowObservable = Callable[[FlowSnapshot], ArrayLike]


class Trajectory:
    """What has been seen at the chosen times that a flow has reached.

    Parameters
    ----------
    problem : FlowProblem
        What flows.
    times : ndarray
        When it is seen, nondecreasing.
    observe : mapping
        Observables by name.
    X_test : ndarray, shape (m, d_in), optional
        Test inputs.
    """

    def __init__(
        self,
        problem: FlowProblem,
        times: NDArray[np.float64],
        observe: Mapping[str, FlowObservable],
        *,
        X_test: NDArray[np.float64] | None,
    ) -> None:
        self._problem, self._times, self._seen = problem, times, 0
        self._functions: dict[str, FlowObservable] = {
            "mean_loss": lambda flow: flow.mean_loss,
            "train_output": lambda flow: flow.train_outputs,
        }
        if X_test is not None:
            self._functions["test_output"] = lambda flow: flow.outputs(X_test)
        self._functions |= observe
        self._values: dict[str, list[ArrayLike]] = {name: [] for name in self._functions}

    @property
    def next(self) -> float:
        """The next time at which the flow is seen; infinite after the last."""
        return float(self._times[self._seen]) if self._seen < len(self._times) else np.inf

    def see(self, run: Stepper) -> None:
        """Record the flow if it is at a chosen time."""
        while run.has_reached(self.next):
            flow = FlowSnapshot(
                time=run.time,
                network=self._problem.network,
                weights=tuple(W.copy() for W in run.weights),
                start=self._problem.weights,
                alpha=self._problem.alpha,
                train_outputs=run.outputs.copy(),
                mean_loss=run.mean_loss,
            )
            for name, function in self._functions.items():
                self._values[name].append(function(flow))
            self._seen += 1

    def dataset(self) -> xr.Dataset:
        """Return what was seen, over ``time``."""
        names = {"train_output": ("train_input",), "test_output": ("test_input",)}
        data = variables(self._values, "time", names) if self._seen else {}
        return xr.Dataset(data, coords={"time": self._times[: self._seen]})
