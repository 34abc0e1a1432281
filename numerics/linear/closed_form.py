"""The closed form of the unified evolution for the squared loss, at any list of times.

``Q(t) = Ft - D + [e^{-Dt} (Q0 - Ft + D)^-1 e^{-Dt} + (1 - e^{-2Dt})/(2D)]^-1`` in the
eigenbasis of ``Ft = [[lam/2, Y^T], [Y, -lam/2]]``, where Ft and D are diagonal and ``D - Ft`` is
computed without cancellation (:mod:`theory.dynamics.closed_form`).

Holds for gradient flow of ``1/2 ||A - Y||_F^2`` from a start on the invariant, c1, c2 > 0.  One
time costs a Cholesky inverse of size d_in + d_out; no overflow at any time.  From A0 = 0 any
threshold is resolved; otherwise round-off grows like (A0/c)^2, and below c of about 1e-5 A0 a
start that float64 does not resolve is refused.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy.linalg.lapack import dpotrf, dpotri

from numerics.kernels.evaluate import evaluate
from numerics.linear.initial_states import self_consistent_lift
from numerics.linear.network_state import NetworkState
from numerics.linear.tasks import Task
from numerics.support.descriptions import describe
from numerics.support.errors import OutOfRangeError
from numerics.support.object_validation import check_instance, check_size
from numerics.support.validation import check_matrix, check_positive, check_time, check_times
from theory.dynamics.closed_form import mode_eigenvalues

__all__ = ["ClosedForm", "closed_form", "closed_form_flow"]

#: Largest relative error with which the solution may return its start; measured against 90
#: digits, errors at later times are up to a hundred times larger.
START_ERROR = 1e-11


class ClosedForm:
    """The self-consistent solution for one target and one start, evaluated at any time.

    Parameters
    ----------
    A0 : array_like, shape (d_out, d_in)
        The initial matrix; C1 and C2 follow from it by the invariant.
    target : array_like, shape (d_out, d_in)
        Y.
    c1, c2 : float
        Scales of the two layers (c2: default c1), both positive, in the unit of A.

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
        Y = check_matrix("target", target)
        start = check_matrix("A0", A0, Y.shape)
        check_size("target", Y)
        self._c1 = check_positive("c1", c1)
        self._c2 = self._c1 if c2 is None else check_positive("c2", c2)
        self.left, self._targets, self.right = _full_svd(Y)
        imbalance = self._c1 - self._c2
        self._phi = np.arctan2(self._targets, imbalance / 2) / 2
        paired = np.hypot(self._targets, imbalance / 2)
        # Order of the eigenvectors: the pairs with +f, then with -f, then unpaired v, then u.
        self._eigenvalues = np.concatenate(
            [
                paired,
                -paired,
                np.full(Y.shape[1] - paired.size, imbalance / 2),
                np.full(Y.shape[0] - paired.size, -imbalance / 2),
            ]
        )
        lift = self_consistent_lift(start, self._c1, self._c2)
        # The start in the eigenbasis, as a product: it stays positive semidefinite.
        rotated = self._to_eigenbasis(self.right.T @ lift.W1.T, self.left.T @ lift.W2)
        self._offset = self._modes(0.0)[0]
        delta = rotated @ rotated.T
        delta[np.diag_indices_from(delta)] += self._offset
        self._inverse = _inverse(delta)
        scale = max(np.abs(start).max(), self._targets[0], (self._c1 + self._c2) / 2)
        missed = np.abs(self(0.0) - start).max() / scale
        if not missed <= START_ERROR:
            raise OutOfRangeError(
                f"the closed form needs c1 and c2 that are not too small beside A0, got "
                f"c1 = {self._c1:g}, c2 = {self._c2:g}, which miss the start by {missed:.1g}"
            )

    def __call__(self, time: float) -> NDArray[np.float64]:
        """Return A at one time (0 to inf), shape (d_out, d_in)."""
        return self.left @ self.core(time) @ self.right.T

    def core(self, time: float) -> NDArray[np.float64]:
        """Return ``U^T A V`` in the singular bases of the target, cheaper than A by two products.

        U is ``left``, V is ``right``; singular values and Frobenius norms are those of A.
        """
        time = check_time("time", time)
        _, decay, gain = self._modes(time)
        bracket = self._inverse * decay
        bracket *= decay[:, None]
        bracket[np.diag_indices_from(bracket)] += gain
        solution = _inverse(bracket)
        solution[np.diag_indices_from(solution)] -= self._offset
        return self._lower_left(solution)

    def _to_eigenbasis(
        self, top: NDArray[np.float64], bottom: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Rotate rows from the singular bases (v, then u) to the eigenvectors of Ft.

        A pair (v, u) gives ``(cos v, sin u)`` and ``(-sin v, cos u)``, ``tan 2 phi = 2 y/lam``.
        """
        k = self._phi.size
        cosine, sine = np.cos(self._phi)[:, None], np.sin(self._phi)[:, None]
        plus = cosine * top[:k] + sine * bottom[:k]
        minus = cosine * bottom[:k] - sine * top[:k]
        return np.vstack([plus, minus, top[k:], bottom[k:]])

    def _lower_left(self, Q: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rotate back the block of Q with rows u and columns v."""
        d_out, d_in = self.left.shape[0], self.right.shape[0]
        k = self._phi.size
        cosine, sine = np.cos(self._phi), np.sin(self._phi)
        plus, minus, inputs = slice(0, k), slice(k, 2 * k), slice(2 * k, k + d_in)
        outputs = slice(k + d_in, None)
        # Columns first: v = cos plus - sin minus, then rows: u = sin plus + cos minus.
        rows = {}
        for name, part in (("plus", plus), ("minus", minus), ("outputs", outputs)):
            paired = Q[part, plus] * cosine
            paired -= Q[part, minus] * sine
            rows[name] = np.hstack([paired, Q[part, inputs]]) if d_in > k else paired
        block = rows["plus"] * sine[:, None]
        block += rows["minus"] * cosine[:, None]
        return np.vstack([block, rows["outputs"]]) if d_out > k else block

    def _modes(self, time: float) -> tuple[NDArray[np.float64], ...]:
        f = self._eigenvalues
        return tuple(evaluate(mode_eigenvalues, f, self._c1, self._c2, time).values())


def closed_form(
    A0: ArrayLike, target: ArrayLike, times: ArrayLike, *, c1: float, c2: float | None = None
) -> NDArray[np.float64]:
    """Return A(t) of the closed form at the given times, shape (time, d_out, d_in).

    Examples
    --------
    >>> closed_form([[0.0]], [[2.0]], [0.5, 1.0, 10.0], c1=0.1).ravel().round(4)
    array([0.3172, 1.1788, 2.    ])
    """
    moments = check_times("times", times)
    solution = ClosedForm(A0, target, c1=c1, c2=c2)
    return np.array([solution(moment) for moment in moments])


def closed_form_flow(state: NetworkState, task: Task, times: ArrayLike) -> xr.Dataset:
    """Return the closed form of the self-consistent flow of a state on a task, as a dataset.

    The same result as ``gradient_flow(state, task, times, dynamics="self_consistent")``, exact
    and without integration.

    Parameters
    ----------
    state : NetworkState
        Its A, c1 and c2 are used.
    task : Task
        With identity inputs and every entry observed; the loss is the squared one.
    times : array_like
        Nonnegative and nondecreasing.

    Returns
    -------
    xarray.Dataset
        Dimension ``time``; variables ``A`` (time, row, column), ``train_error``, ``test_error``.

    Raises
    ------
    OutOfRangeError
        If the task has a mask or inputs, for which there is no closed form.

    Examples
    --------
    >>> from numerics.linear.initial_states import random_state
    >>> from numerics.linear.tasks import low_rank_recovery
    >>> state = random_state(20, 20, 1e6, init_variance=1e-6, rng=1)
    >>> task = low_rank_recovery(20, rank=2, rng=0)
    >>> run = closed_form_flow(state, task, [0.0, 0.1, 1.0])
    >>> bool(run.train_error[2] < run.train_error[0])
    True
    """
    check_instance("state", state, NetworkState, "random_state")
    check_instance("task", task, Task, "low_rank_recovery")
    if task.mask is not None or task.inputs is not None:
        held = "a mask" if task.mask is not None else "inputs"
        raise OutOfRangeError(
            f"the closed form needs a task of identity inputs and no mask, got {held}"
        )
    matrices = closed_form(state.A, task.target, c1=state.c1, times=times, c2=state.c2)
    data = xr.Dataset(
        {
            "A": (("time", "row", "column"), matrices),
            "train_error": ("time", [task.train_error(A) for A in matrices]),
            "test_error": ("time", [task.test_error(A) for A in matrices]),
        },
        coords={"time": check_times("times", times)},
        attrs={
            "dynamics": "self_consistent",
            "loss": "squared",
            "threshold": state.threshold,
            "imbalance": state.imbalance,
        },
    )
    return describe(data, closed_form_flow)


def _full_svd(Y: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    left, values, right_T = np.linalg.svd(Y, full_matrices=True)
    return left, values, right_T.T


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Invert a symmetric positive definite matrix through its Cholesky factor."""
    # LAPACK reads columns: the lower triangle of a C-ordered symmetric matrix is its upper one.
    factor, status = dpotrf(matrix.T, lower=True, overwrite_a=True)
    if status == 0:
        factor, status = dpotri(factor, lower=True, overwrite_c=True)
    if status != 0:
        raise OutOfRangeError(
            "the start must be positive definite beside its fixed point; c1 and c2 are too small "
            f"beside A0 or the target for float64 (LAPACK status {status})"
        )
    # dpotri fills the lower triangle only; its transpose is the other one.
    inverse = np.tril(factor, -1)
    inverse += inverse.T
    inverse[np.diag_indices_from(inverse)] = factor[np.diag_indices_from(factor)]
    return inverse
