r"""Gradient flow of a nonlinear network with a scaled output, from feature to lazy training.

The predictor is ``F = alpha (f(w) - f(w_0))``, and the weights follow

    dw/dt = -dL/dw,    L = (1/(alpha^2 n)) sum_i l(y_i F_i),

until every margin ``y_i F_i`` is at least 1.  With ``Theta`` the NTK of f,

    dF_i/dt = -(1/n) sum_j Theta_ij l'(y_j F_j) y_j,

so outputs move at a rate that does not depend on alpha as long as Theta does not move; weights
move by ``1/alpha``, and features begin to move at ``t_1 ~ sqrt(h) alpha``, h being the width.
Times are those of this t.  Small ``sqrt(h) alpha`` trains features, large is lazy
(:mod:`numerics.networks.frozen_kernel` is its limit).

Holds for any :class:`~numerics.networks.network_interface.Network` and any margin loss of bounded
curvature.
Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sympy as sp
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from numerics.networks.euler_steps import EulerStepper
from numerics.networks.flow_problem import FlowProblem, Stepper
from numerics.networks.kernel_change import KernelChange
from numerics.networks.linearised_steps import LinearisedStepper
from numerics.networks.network_interface import Network, Weights
from numerics.networks.step_rule import LINEARISED, StepRule
from numerics.networks.trajectory import FlowObservable, Trajectory
from numerics.support.descriptions import describe
from numerics.support.object_validation import check_many
from numerics.support.observing import chosen_functions
from numerics.support.validation import (
    check_dimension,
    check_labels,
    check_matrix,
    check_numbers,
    check_positive,
    check_times,
)
from theory.functions.margin_losses import MarginLoss, get_margin_loss
from theory.wording import shown

__all__ = ["STOP_REASONS", "FlowResult", "train_network"]

#: Why a run ended: every margin reached, no more steps, numbers too large, at rest before.
STOP_REASONS = ("fitted", "step_limit", "diverged", "stalled")

#: Beyond it float64 does not tell f from f_0.
LARGEST_ALPHA = 1 / float(np.finfo(np.float64).eps)

#: What moves along the flow, by the method of the rule.
STEPPERS: dict[str, type[Stepper]] = {"linearised": LinearisedStepper, "euler": EulerStepper}


@dataclass(frozen=True, eq=False)
class FlowResult:
    """A run of gradient flow.

    Attributes
    ----------
    weights : tuple of ndarray
        At the end.
    time : float
        t at the end.
    steps, refused : int
        Steps accepted and refused.
    stop_reason : str
        One of ``STOP_REASONS``.
    train_outputs, test_outputs : ndarray, shape (n,) and (m,)
        F at the end; ``test_outputs`` is empty without test inputs.
    mean_loss : float
        ``alpha^2 L`` at the end.
    test_error : float
        Share of test inputs whose F has not the sign of its label; nan without test labels.
    kernel_change : float
        ``||Theta_end - Theta_0||_F/||Theta_0||_F`` on the test inputs, nan without them, and
        where no unit sees any of them.
    time_to_kernel_change : float
        First t with a relative kernel change of 0.5, interpolated; nan if it was not reached.
    half_loss_time : float
        First t with ``alpha^2 L < 0.5``; nan if it was not reached.
    layer_change : tuple of float
        ``||W - W_0||_F/||W_0||_F`` of every layer; nan for one that starts at 0.
    conserved_drift : float
        Largest change of ``||W_l||_F^2 - ||W_{l+1}||_F^2``, which flow conserves for homogeneous
        activations, in units of the largest ``||W_l||_F^2``; nan for others.
    undefined : tuple of str
        Relative changes, of those above, that are nan since what they are relative to is 0.
    trajectory : xarray.Dataset
        Over the chosen ``time``: ``mean_loss``, ``train_output``, with test inputs
        ``test_output``, and what is observed.
    """

    weights: tuple[NDArray[np.float64], ...]
    time: float
    steps: int
    refused: int
    stop_reason: str
    train_outputs: NDArray[np.float64]
    test_outputs: NDArray[np.float64]
    mean_loss: float
    test_error: float
    kernel_change: float
    time_to_kernel_change: float
    half_loss_time: float
    layer_change: tuple[float, ...]
    conserved_drift: float
    undefined: tuple[str, ...] = ()
    trajectory: xr.Dataset = field(default_factory=xr.Dataset)

    @property
    def status(self) -> str:
        """``ok`` if the run was fitted; else why it was not."""
        return "ok" if self.stop_reason == "fitted" else self.stop_reason


def train_network(
    network: Network,
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    start: Weights,
    alpha: float,
    loss: str | MarginLoss | sp.Expr = "softplus_hinge",
    test: tuple[NDArray[np.float64], ...] = (),
    rule: StepRule = LINEARISED,
    margin: float = 1.0,
    max_steps: int = 1_000_000,
    times: ArrayLike | None = None,
    observe: Sequence[FlowObservable] | Mapping[str, FlowObservable] = (),
) -> FlowResult:
    """Train a nonlinear network by full-batch gradient flow until it fits.

    Parameters
    ----------
    network : Network
        :class:`numerics.networks.fully_connected.FullyConnected` or another with its methods.
    X : ndarray, shape (n, d_in)
        Training inputs as rows.
    y : ndarray, shape (n,)
        Labels, +1 or -1.
    start : sequence of ndarray
        Weights at the start; left as they are.
    alpha : float
        Scale of the predictor; ``sqrt(width) * alpha`` of order 1 separates the regimes.
    loss : str, sympy.Expr or MarginLoss
        Of the margin; its curvature must be known.
    test : tuple of ndarray
        ``(X_test,)`` or ``(X_test, y_test)``: where outputs and kernel are reported.
    rule : StepRule
        How steps are made.
    margin : float
        A run is fitted when every margin is at least this; below 1 for losses whose force ends
        at 1, which they approach only.
    max_steps : int
        Accepted steps at most.
    times : array_like, optional
        When the flow is seen, nondecreasing; steps end there.  Those after its end are left out.
    observe : list of callable, or mapping
        Functions of a :class:`numerics.networks.trajectory.FlowSnapshot` that are evaluated at
        these times, called as they are named; or functions by the names of their variables.

    Returns
    -------
    FlowResult

    Raises
    ------
    ValueError
        If labels are not +1 or -1, the loss has no curvature bound, or functions are given
        without times.

    Examples
    --------
    >>> from numerics.networks.fully_connected import FullyConnected
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((20, 10))
    >>> X *= np.sqrt(10) / np.linalg.norm(X, axis=1, keepdims=True)
    >>> y = np.where(X[:, 0] > 0, 1.0, -1.0)
    >>> network = FullyConnected(10, width=64, depth=1)
    >>> lazy = train_network(network, X, y, start=network.initial(rng), alpha=1e3, test=(X,))
    >>> lazy.stop_reason, bool(lazy.kernel_change < 1e-3), bool((y * lazy.train_outputs).min() >= 1)
    ('fitted', True, True)
    """
    problem = _checked(network, start, X, y, alpha, loss, margin, rule)
    X_test, y_test = _checked_test(test)
    limit = check_dimension("max_steps", max_steps)
    moments = np.empty(0) if times is None else check_times("times", times)
    functions = chosen_functions(observe, {})
    if functions and not moments.size:
        raise ValueError(f"observe needs times, got none for {', '.join(functions)}")
    trajectory = Trajectory(problem, moments, functions, X_test=X_test)
    # A run that diverges says so in its reason.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        run = STEPPERS[rule.method](problem)
        watch = None if X_test is None else KernelChange(network, problem.weights, X_test)
        steps, reason = 0, None
        while reason is None:
            trajectory.see(run)
            if not run.is_finite:
                reason = "diverged"
            elif run.smallest_margin >= problem.margin:
                reason = "fitted"
            elif steps == limit:
                reason = "step_limit"
            elif not run.step_until(trajectory.next):
                reason = "stalled"
            else:
                steps += 1
                if watch is not None:
                    watch.see(run.time, run.weights)
        result = _result(problem, run, steps, reason, watch, X_test, y_test)
    return replace(result, trajectory=describe(trajectory.dataset(), train_network))


def _checked(
    network: Network,
    weights: Weights,
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    alpha: float,
    loss: str | MarginLoss | sp.Expr,
    margin: float,
    rule: StepRule,
) -> FlowProblem:
    methods = ("outputs", "gradient", "ntk")
    if isinstance(network, type) or not all(callable(getattr(network, x, None)) for x in methods):
        raise TypeError(
            f"network must have the methods {', '.join(methods)}, as FullyConnected(...), got "
            f"{shown(network)}"
        )
    inputs = check_matrix("X", X)
    labels = check_labels("y", y, len(inputs))
    given: tuple[Any, ...] = check_many("start", weights, object)
    start = tuple(check_numbers("start", W).copy() for W in given)
    shapes = getattr(network, "shapes", None)
    if shapes is not None and tuple(W.shape for W in start) != shapes:
        raise ValueError(f"start must have shapes {shapes}, got {tuple(W.shape for W in start)}")
    chosen = get_margin_loss(loss)
    if chosen.curvature is None:
        raise ValueError(
            f"loss must have a bounded curvature that is given, got {chosen.name!r} without one"
        )
    if not isinstance(rule, StepRule):
        raise TypeError(f"rule must be a StepRule, got {type(rule).__name__}")
    scale, goal = check_positive("alpha", alpha), check_positive("margin", margin)
    if scale > LARGEST_ALPHA:
        raise ValueError(
            f"alpha must be at most {LARGEST_ALPHA:.2g}, beyond which f_0 + F/alpha is rounded to "
            f"f_0 (frozen_flow is the limit), got {scale:g}"
        )
    return FlowProblem(network, start, inputs, labels, scale, chosen, goal, rule)


def _checked_test(
    test: tuple[ArrayLike, ...],
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    if not isinstance(test, tuple) or len(test) > 2:
        raise TypeError(f"test must be (X_test,) or (X_test, y_test), got {type(test).__name__}")
    if not test:
        return None, None
    inputs = check_matrix("test: X_test", test[0])
    return inputs, check_labels("test: y_test", test[1], len(inputs)) if len(test) == 2 else None


def _result(
    problem: FlowProblem,
    run: Stepper,
    steps: int,
    reason: str,
    watch: KernelChange | None,
    X_test: NDArray[np.float64] | None,
    y_test: NDArray[np.float64] | None,
) -> FlowResult:
    outputs, change, error = np.empty(0), math.nan, math.nan
    if watch is not None and X_test is not None and run.is_finite:
        network = problem.network
        start = network.outputs(problem.weights, X_test)
        outputs = problem.alpha * (network.outputs(run.weights, X_test) - start)
        change = watch.finish(run.time, run.weights)
        if y_test is not None:
            error = float(np.mean(y_test * outputs <= 0))
    pairs = list(zip(run.weights, problem.weights, strict=True))
    layers = tuple(_relative_change(new, old) for new, old in pairs)
    undefined: tuple[str, ...] = (
        ("kernel_change",) if watch is not None and not watch.is_defined else ()
    )
    undefined += ("layer_change",) if any(not old.any() for _, old in pairs) else ()
    return FlowResult(
        weights=tuple(run.weights),
        time=run.time,
        steps=steps,
        refused=run.refused,
        stop_reason=reason,
        train_outputs=run.outputs,
        test_outputs=outputs,
        mean_loss=run.mean_loss,
        test_error=error,
        kernel_change=change,
        time_to_kernel_change=math.nan if watch is None else watch.crossing,
        half_loss_time=run.half_loss_time,
        layer_change=layers,
        conserved_drift=_conserved_drift(problem, pairs),
        undefined=undefined,
    )


def _relative_change(new: NDArray[np.float64], old: NDArray[np.float64]) -> float:
    """Return ``||W - W_0||_F/||W_0||_F``, nan where the layer starts at 0."""
    return float(np.linalg.norm(new - old) / np.linalg.norm(old)) if old.any() else math.nan


def _conserved_drift(
    problem: FlowProblem, pairs: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
) -> float:
    activation = getattr(problem.network, "activation", None)
    if not getattr(activation, "is_homogeneous", False):
        return math.nan
    ends, starts = (np.array([float(np.vdot(pair[k], pair[k])) for pair in pairs]) for k in (0, 1))
    drift = np.diff(ends) - np.diff(starts)
    return float(np.abs(drift).max() / ends.max()) if ends.any() else 0.0
