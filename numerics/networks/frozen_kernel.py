r"""The lazy limit: training with the tangent kernel frozen at its start.

For ``sqrt(h) alpha -> infinity`` the NTK of f stands still, and the outputs alone obey

    dF_i/dt = -(1/n) sum_j Theta_ij l'(y_j F_j) y_j,    F(0) = 0,

on the training inputs; with ``c_j = -int l'(y_j F_j) y_j dt``, the impulses,
``F(x) = (1/n) sum_j Theta(x, x_j) c_j`` everywhere.  The equation is stiff, its largest rate
``l''_max lambda_max(Theta)/n`` being thousands of times its smallest, and is integrated by
stabilised explicit steps (:mod:`numerics.kernels.loops.frozen_flow`) until every margin ``y F`` is
at least 1.

Holds for any Gram matrix and margin loss of bounded curvature; the flow of
:mod:`numerics.networks.training` approaches it like ``1/(sqrt(h) alpha)``.
Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034); Jacot, Gabriel and Hongler 2018
for the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from numerics.kernels.cache import load
from numerics.support.errors import DivergedError
from numerics.support.validation import check_labels, check_matrix, check_positive
from theory.functions.margin_losses import MarginLoss, get_margin_loss
from theory.kernels.network_functions import frozen_flow_module

__all__ = ["FrozenResult", "frozen_flow"]

#: Training stops with the smallest margin in [1, 1 + OVERSHOOT].
MARGIN, OVERSHOOT = 1.0, 1e-3
#: Error of an output allowed in a step; about a thousand of them stay below the overshoot.
TOLERANCE = 1e-6
#: Evaluations of the forces at most: a kernel with a null vector may never fit.
EVALUATIONS = 2_000_000
HALF_LOSS = 0.5


@dataclass(frozen=True, eq=False)
class FrozenResult:
    """A run with a frozen kernel.

    Attributes
    ----------
    train_outputs, test_outputs : ndarray, shape (n,) and (m,)
        F at the end; ``test_outputs`` is empty without a cross kernel.
    impulses : ndarray, shape (n,)
        c; F of any input is its kernel with the training inputs times ``c/n``.
    time, half_loss_time : float
        t at the end, and the first t with a mean loss below 0.5 (nan if there is none).
    fitted : bool
        Whether every margin was reached.
    """

    train_outputs: NDArray[np.float64]
    test_outputs: NDArray[np.float64]
    impulses: NDArray[np.float64]
    time: float
    half_loss_time: float
    fitted: bool


def frozen_flow(
    gram: NDArray[np.float64],
    y: NDArray[np.float64],
    cross: NDArray[np.float64] | None = None,
    *,
    loss: str | MarginLoss | sp.Expr = "softplus_hinge",
    duration: float = 1e12,
) -> FrozenResult:
    """Train with a frozen tangent kernel until every margin is at least 1.

    Parameters
    ----------
    gram : ndarray, shape (n, n)
        NTK of f on the training inputs, symmetric and positive semi-definite.
    y : ndarray, shape (n,)
        Labels, +1 or -1.
    cross : ndarray, shape (m, n), optional
        NTK of test inputs (rows) with training inputs.
    loss : str, sympy.Expr or MarginLoss
        Of the margin; its curvature must be known.
    duration : float
        Time at which training ends at the latest, in the t of :mod:`numerics.networks.training`.

    Returns
    -------
    FrozenResult

    Raises
    ------
    ValueError
        If the Gram matrix is not symmetric, labels are not +1 or -1, or the loss has no bound of
        its curvature.
    DivergedError
        If outputs leave the range of numbers.

    Examples
    --------
    >>> found = frozen_flow(np.eye(2), np.array([1.0, -1.0]), np.array([[0.5, 0.0]]))
    >>> found.fitted, bool(np.allclose(found.train_outputs, [1, -1], atol=1e-2))
    (True, True)
    """
    kernel = check_matrix("gram", gram)
    count = len(kernel)
    if kernel.shape != (count, count):
        raise ValueError(f"gram must be square, got {kernel.shape}")
    labels = check_labels("y", y, count)
    if not np.allclose(kernel, kernel.T, rtol=0, atol=1e-9 * np.abs(kernel).max()):
        raise ValueError("gram must be symmetric, got a matrix that is not")
    chosen = get_margin_loss(loss)
    if chosen.curvature is None:
        raise ValueError(f"loss must have a bounded curvature, got {chosen.name!r} without one")
    others = np.empty((0, count)) if cross is None else check_matrix("cross", cross, (None, count))
    # The largest row sum bounds the spectral radius.
    radius = chosen.curvature * float(np.abs(kernel).sum(axis=0).max()) / count
    impulses, outputs = np.zeros(count), np.zeros(count)
    parameters = np.array(list(chosen.parameters.values()), dtype=np.float64)
    limit = check_positive("duration", duration)
    loop = load(frozen_flow_module(chosen), loops="frozen_flow")
    made = loop.advance(
        loop.Flow(np.ascontiguousarray(kernel), np.zeros(count), labels, parameters),
        loop.Limits(limit, np.inf, MARGIN, OVERSHOOT, EVALUATIONS),
        loop.Accuracy(TOLERANCE, radius),
        HALF_LOSS,
        loop.Buffers(impulses, outputs, np.empty((8, count))),
    )
    if not np.isfinite(outputs).all():
        raise DivergedError(0, float("nan"), 2 / radius)
    fitted = bool((labels * outputs).min() >= MARGIN)
    others_outputs = others @ impulses / count
    return FrozenResult(outputs, others_outputs, impulses, made.time, made.crossed, fitted)
