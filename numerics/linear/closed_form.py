"""The closed form of gradient flow for the squared loss, at any list of times.

From a start of infinite width (:mod:`numerics.linear.riccati.full_rank`) or from lambda-balanced
weights, ``W1 W1^T - W2^T W2 = lam I``, of any width (:mod:`numerics.linear.riccati.from_factor`);
both are ``(QJ)^2 = (c1 - c2) QJ + c1 c2 I``, with c1 c2 = 0 for the latter.

Holds for gradient flow of ``1/2 ||A X - Y||_F^2`` with identity or whitened inputs
(``X X^T = kappa I``), every entry observed; exact at every time, infinity included.  A start that
is on neither invariant is refused, and so is one that float64 does not resolve: at infinite width
round-off grows like (A0/c)^2, and c is refused below about 1e-5 A0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from numerics.linear.initial_states import balanced_factor, self_consistent_lift, start_of
from numerics.linear.network_state import NetworkState
from numerics.linear.riccati.from_factor import FactorSolution
from numerics.linear.riccati.full_rank import FullRankSolution
from numerics.linear.riccati.invariant import start_on_invariant
from numerics.linear.riccati.target_basis import TargetBasis
from numerics.linear.tasks import Task
from numerics.support.descriptions import describe
from numerics.support.errors import OutOfRangeError
from numerics.support.object_validation import check_instance, check_size
from numerics.support.validation import (
    check_choice,
    check_matrix,
    check_nonnegative,
    check_switch,
    check_time,
    check_times,
)

__all__ = ["ClosedForm", "GramBlocks", "closed_form", "closed_form_flow"]

#: Largest relative error with which the solution may return its start; measured against 90
#: digits, errors at later times are up to a hundred times larger.
START_ERROR = 1e-11

#: Largest relative deviation of ``X X^T`` from a multiple of the identity.
WHITENED = 1e-12

#: Dynamics that have a closed form.
EXACT_DYNAMICS = ("gradient_descent", "self_consistent", "balanced")

Matrix = NDArray[np.float64]


class GramBlocks(NamedTuple):
    """The blocks of Q at one time; the tangent kernel is ``C1 (x) I + I (x) C2``."""

    A: Matrix
    C1: Matrix
    C2: Matrix


class ClosedForm:
    """The exact solution for one target and one start, evaluated at any time.

    ``ClosedForm(A0, target, c1=..., c2=...)`` starts at infinite width around A0;
    :meth:`from_state` takes weights.

    Parameters
    ----------
    A0 : array_like, shape (d_out, d_in)
        The initial matrix; C1 and C2 follow from it by the invariant.
    target : array_like, shape (d_out, d_in)
        Y.
    c1, c2 : float
        Scales of the two layers (c2: default c1), in the unit of A; with both 0 the balanced
        dynamics of A0.

    Raises
    ------
    OutOfRangeError
        If c1 and c2 are so small beside A0 that float64 does not resolve the start.

    Examples
    --------
    >>> import numpy as np
    >>> ClosedForm(np.zeros((2, 3)), np.ones((2, 3)), c1=0.1)(np.inf).round(12)
    array([[1., 1., 1.],
           [1., 1., 1.]])
    """

    def __init__(
        self, A0: ArrayLike, target: ArrayLike, *, c1: float, c2: float | None = None
    ) -> None:
        first = check_nonnegative("c1", c1)
        second = first if c2 is None else check_nonnegative("c2", c2)
        for name, scale in (("c1", first), ("c2", second)):
            if 0 < scale < np.finfo(np.float64).tiny:
                raise OutOfRangeError(f"{name} must be 0 or a normal float, got {scale:g}")
        Y = check_matrix("target", target)
        start = check_matrix("A0", A0, Y.shape)
        check_size("target", Y)
        balanced = first == second == 0
        lift = balanced_factor(start) if balanced else self_consistent_lift(start, first, second)
        self._begin(lift.W1, lift.W2, Y, (first, second))
        scale = max(np.abs(start).max(), self._largest, (first + second) / 2)
        missed = np.abs(self(0.0) - start).max() / (scale or 1.0)
        if not missed <= START_ERROR:
            raise OutOfRangeError(
                f"the closed form needs c1 and c2 that are not too small beside A0, got "
                f"c1 = {first:g}, c2 = {second:g}, which miss the start by {missed:.1g}"
            )

    @classmethod
    def from_state(cls, state: NetworkState, task: Task) -> ClosedForm:
        """Return the gradient flow of weights that are on an invariant, on a task.

        Parameters
        ----------
        state : NetworkState
            A self-consistent lift, or lambda-balanced weights of any width.
        task : Task
            Every entry observed; identity inputs, or whitened ones (``X X^T = kappa I``).

        Raises
        ------
        OutOfRangeError
            If the state is on no invariant, with its distance from the nearest; if the task has
            a mask, or inputs that are not whitened.

        Examples
        --------
        >>> import numpy as np
        >>> from numerics.linear.initial_states import lambda_balanced
        >>> neuron = lambda_balanced(3, 2, 1, imbalance=0.5, singular_values=0.1, rng=0)
        >>> solution = ClosedForm.from_state(neuron, Task(np.diag([3.0, 1, 0])[:2], np.eye(2, 3)))
        >>> A, C1, C2 = solution.blocks(np.inf)
        >>> A.round(12), round(float(np.trace(C1) - np.trace(C2)), 12)
        (array([[3., 0., 0.],
               [0., 0., 0.]]), 0.5)
        """
        check_instance("state", state, NetworkState, "random_state")
        check_instance("task", task, Task, "low_rank_recovery")
        if (state.d_out, state.d_in) != task.shape:
            raise ValueError(
                f"state and task must have one shape (d_out, d_in), got "
                f"{(state.d_out, state.d_in)} and {task.shape}"
            )
        target, speed = _without_inputs(task)
        start = start_on_invariant(state)
        solution = cls.__new__(cls)
        solution._begin(start.W1, start.W2, target, (start.c1, start.c2), speed)
        return solution

    def _begin(
        self, W1: Matrix, W2: Matrix, target: Matrix, scales: tuple[float, float], speed: float = 1
    ) -> None:
        c1, c2 = scales
        basis = TargetBasis(target, c1 - c2)
        self.left, self.right, self._largest = basis.left, basis.right, basis.values[0]
        self._speed = speed
        kind = FullRankSolution if c1 > 0 and c2 > 0 else FactorSolution
        self._solution: FullRankSolution | FactorSolution = kind(basis, W1, W2, c1=c1, c2=c2)

    def __call__(self, time: float) -> Matrix:
        """Return A at one time (0 to inf), shape (d_out, d_in)."""
        return self.left @ self.core(time) @ self.right.T

    def core(self, time: float) -> Matrix:
        """Return ``U^T A V`` in the singular bases of the target, cheaper than A by two products.

        U is ``left``, V is ``right``; singular values and Frobenius norms are those of A.
        """
        return self._solution.core(self._speed * check_time("time", time))

    def blocks(self, time: float) -> GramBlocks:
        """Return A, C1 and C2 at one time (0 to inf)."""
        A, C1, C2 = self._solution.blocks(self._speed * check_time("time", time))
        left, right = self.left, self.right
        return GramBlocks(left @ A @ right.T, right @ C1 @ right.T, left @ C2 @ left.T)


def closed_form(
    A0: ArrayLike, target: ArrayLike, times: ArrayLike, *, c1: float, c2: float | None = None
) -> Matrix:
    """Return A(t) of the closed form at the given times, shape (time, d_out, d_in).

    Examples
    --------
    >>> closed_form([[0.0]], [[2.0]], [0.5, 1.0, 10.0], c1=0.1).ravel().round(4)
    array([0.3172, 1.1788, 2.    ])
    """
    moments = check_times("times", times)
    solution = ClosedForm(A0, target, c1=c1, c2=c2)
    return np.array([solution(moment) for moment in moments])


def closed_form_flow(
    state: NetworkState,
    task: Task,
    times: ArrayLike,
    *,
    dynamics: str = "gradient_descent",
    keep_blocks: bool = False,
) -> xr.Dataset:
    """Return the closed form of the gradient flow of a state on a task, as a dataset.

    The same result as that of :func:`numerics.linear.gradient_flow.gradient_flow`, exact and
    without integration.

    Parameters
    ----------
    state : NetworkState
        On an invariant: a self-consistent lift or lambda-balanced weights.  Other states have a
        closed form of their self-consistent and balanced dynamics.
    task : Task
        Every entry observed, identity or whitened inputs; the loss is the squared one.
    times : array_like
        Nonnegative and nondecreasing.
    dynamics : {"gradient_descent", "self_consistent", "balanced"}
        Whose flow: that of the weights, of infinite width around their A with their c1 and c2,
        or of the balanced factor of A.
    keep_blocks : bool
        Also return ``C1`` (time, column, column2) and ``C2`` (time, row, row2).

    Returns
    -------
    xarray.Dataset
        Dimension ``time``; variables ``A`` (time, row, column), ``train_error``, ``test_error``.

    Raises
    ------
    OutOfRangeError
        If the weights are on no invariant, with their distance from the nearest; if the task has
        a mask, or inputs that are not whitened.

    Examples
    --------
    >>> from numerics.linear.initial_states import lambda_balanced, random_state
    >>> from numerics.linear.tasks import low_rank_recovery
    >>> task = low_rank_recovery(20, rank=2, rng=0)
    >>> state = lambda_balanced(20, 20, 5, imbalance=0.1, singular_values=0.01, rng=1)
    >>> run = closed_form_flow(state, task, [0.0, 0.1, 1.0])
    >>> bool(run.train_error[2] < run.train_error[0])
    True
    >>> wide = random_state(20, 20, 1e6, init_variance=1e-6, rng=1)
    >>> run = closed_form_flow(wide, task, [0.0, 0.1, 1.0], dynamics="self_consistent")
    """
    moments = check_times("times", times)
    check_instance("state", state, NetworkState, "random_state")
    check_switch("keep_blocks", keep_blocks)
    start = start_of(state, check_choice("dynamics", dynamics, EXACT_DYNAMICS))
    solution = ClosedForm.from_state(start, task)
    if keep_blocks:
        blocks = [solution.blocks(moment) for moment in moments]
        matrices = [x.A for x in blocks]
    else:
        matrices = [solution(moment) for moment in moments]
    data = {
        "A": (("time", "row", "column"), np.array(matrices)),
        "train_error": ("time", [task.train_error(A) for A in matrices]),
        "test_error": ("time", [task.test_error(A) for A in matrices]),
    }
    if keep_blocks:
        data["C1"] = (("time", "column", "column2"), np.array([x.C1 for x in blocks]))
        data["C2"] = (("time", "row", "row2"), np.array([x.C2 for x in blocks]))
    settings = {
        "dynamics": dynamics,
        "loss": "squared",
        "threshold": state.threshold,
        "imbalance": state.imbalance,
    }
    return describe(xr.Dataset(data, coords={"time": moments}, attrs=settings), closed_form_flow)


def _without_inputs(task: Task) -> tuple[Matrix, float]:
    """Return the target of A itself and the speed of time, for identity or whitened inputs."""
    if task.mask is not None:
        raise OutOfRangeError("task must observe every entry, got a mask: no closed form is known")
    check_size("target", task.target)
    if task.inputs is None:
        return task.target, 1.0
    check_size("inputs", task.inputs)
    square = task.inputs @ task.inputs.T
    kappa = float(np.trace(square)) / task.d_in
    away = np.abs(square - kappa * np.eye(task.d_in)).max()
    if not away <= WHITENED * kappa:
        raise OutOfRangeError(
            "task must have identity inputs or whitened ones, X X^T = kappa I, got X X^T at a "
            f"relative distance of {away / kappa if kappa else np.inf:.2g} from that"
        )
    return task.target @ task.inputs.T / kappa, kappa
