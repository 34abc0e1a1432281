r"""Plain training of two explicit weight matrices: the independent reference.

The network is ``A = W2 W1`` with ``W1: (width, d_in)`` and ``W2: (d_out, width)``, and
``G = dC/dA: (d_out, d_in)`` the gradient of its loss. The chain rule gives

    dC/dW1 = W2^T G,    dC/dW2 = G W1^T.

Gradient descent, simultaneous:  W1 <- W1 - eta W2^T G,  W2 <- W2 - eta G W1^T  (the old W1).
Gradient descent, sequential:    W1 <- W1 - eta W2^T G,  W2 <- W2 - eta G W1^T  (the new W1),
with the same G in both lines. Gradient flow is their common limit eta -> 0, time = eta * steps.

It holds for every width, initialisation and differentiable loss. Nothing here comes from
``theory`` or from the width-free dynamics, so that an error there cannot hide in an agreement.

Source: Tu, Aranguri and Jacot 2024 (arXiv 2405.17580); their published experiments use the
sequential update. The losses other than the squared one are additions.
"""

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from numerics.support.errors import DivergedError
from numerics.support.validation import (
    check_dimension,
    check_mask,
    check_matrix,
    check_numbers,
    check_positive,
    check_times,
    check_update,
)

__all__ = ["TrainingRun", "gradient_descent", "gradient_flow", "huber", "log_cosh", "squared"]


#: Weights of float32 or float64, and what is computed from them.
Array = NDArray[Any]
Gradient = Callable[[Array], tuple[float, Array]]


class TrainingRun(NamedTuple):
    """What a run recorded.

    Attributes
    ----------
    steps : ndarray, shape (n,)
        Recorded iterations (int) of descent, or recorded times (float) of flow.
    A : ndarray, shape (n, d_out, d_in)
        The product ``W2 @ W1`` at each of them.
    losses : ndarray, shape (n,), float64
        The loss at each of them.
    W1, W2 : ndarray, shape (width, d_in) and (d_out, width)
        Weights at the last of them.
    """

    steps: Array
    A: Array
    losses: NDArray[np.float64]
    W1: Array
    W2: Array


def gradient_descent(
    W1: Array,
    W2: Array,
    gradient: Gradient,
    learning_rate: float,
    iterations: int,
    update: Literal["simultaneous", "sequential"] = "simultaneous",
    every: int = 1,
) -> TrainingRun:
    r"""Train both layers by gradient descent with a fixed learning rate.

    Parameters
    ----------
    W1 : ndarray, shape (width, d_in), float32 or float64
        First layer; not changed.
    W2 : ndarray, shape (d_out, width), same dtype
        Second layer; not changed.
    gradient : callable
        Maps A to (loss, G), such as the value of `squared`.
    learning_rate : float
        Step eta, in the time unit of gradient flow.
    iterations : int
        Number of updates.
    update : {"simultaneous", "sequential"}
        Whether W2 moves with the old or the new W1; G is computed once a step in both.
    every : int
        Iterations between two records; the start and the end are always recorded.

    Returns
    -------
    TrainingRun
        In the dtype of the weights.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or value or the shapes do not match.
    DivergedError
        If the loss or A stops being finite. The stability limit it names is
        ``2 / max(||W1||^2 + ||W2||^2, 2 ||A - G||)``, operator norms at the start: the top NTK
        eigenvalue there, and at the minimum of a squared loss with identity inputs, whose
        target is A - G. It is an estimate for other losses, and with inputs X it lacks a
        factor of about ``1/||X||^2``.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> gradient_descent(one, one, squared([[2.0]]), 0.25, 1).A.ravel()
    array([1.    , 1.5625])
    """
    first, second = _check_weights(W1, W2)
    learning_rate = check_positive("learning_rate", learning_rate)
    iterations = check_dimension("iterations", iterations)
    every = check_dimension("every", every)
    check_update(update)
    _check_callable(gradient)
    W1, W2 = first.copy(), second.copy()
    steps = np.union1d(np.arange(0, iterations, every), iterations)
    matrices = np.empty((steps.size, W2.shape[0], W1.shape[1]), dtype=W1.dtype)
    losses = np.empty(steps.size)
    recorded = 0
    with np.errstate(over="ignore", invalid="ignore"):  # a diverging run is reported below
        for iteration in range(iterations + 1):
            A = W2 @ W1
            loss, G = _evaluate(gradient, A)
            if not (np.isfinite(loss) and np.isfinite(A).all()):
                limit = _stability_limit(first, second, gradient)
                raise DivergedError(iteration, learning_rate, limit)
            if iteration == steps[recorded]:
                matrices[recorded], losses[recorded] = A, loss
                recorded += 1
            if iteration < iterations:
                _step(W1, W2, learning_rate * G, update)
    return TrainingRun(steps, matrices, losses, W1, W2)


def gradient_flow(
    W1: Array,
    W2: Array,
    gradient: Gradient,
    times: ArrayLike,
    rtol: float = 1e-10,
    atol: float = 1e-12,
) -> TrainingRun:
    r"""Integrate ``dW1/dt = -W2^T G``, ``dW2/dt = -G W1^T`` from time 0.

    Parameters
    ----------
    W1, W2 : ndarray, shape (width, d_in) and (d_out, width)
        Weights at time 0; not changed, taken to float64.
    gradient : callable
        Maps A to (loss, G).
    times : array_like, shape (n,)
        Times of the records, nonnegative and nondecreasing.
    rtol, atol : float
        Tolerances of a step of the solver (scipy's DOP853, order 8), for the weights.

    Returns
    -------
    TrainingRun
        Records at the times; the weights at the last one.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or value or the shapes do not match.
    RuntimeError
        If the solver gives up.

    Notes
    -----
    A jump in the second derivative of the loss (`huber`) costs steps, not accuracy. Records
    between two steps are interpolated at order 7.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> gradient_flow(one, one, squared([[2.0]]), [0, 20]).A.ravel().round(8)
    array([1., 2.])
    """
    W1, W2 = (np.array(W, dtype=np.float64) for W in _check_weights(W1, W2))
    times = check_times("times", times)
    rtol, atol = check_positive("rtol", rtol), check_positive("atol", atol)
    _check_callable(gradient)

    def unpack(weights: Array) -> tuple[Array, Array]:
        return weights[: W1.size].reshape(W1.shape), weights[W1.size :].reshape(W2.shape)

    def velocity(_: float, weights: Array) -> Array:
        V1, V2 = unpack(weights)
        _, G = _evaluate(gradient, V2 @ V1)
        return -np.concatenate([(V2.T @ G).ravel(), (G @ V1.T).ravel()])

    start = np.concatenate([W1.ravel(), W2.ravel()])
    distinct, position = np.unique(times, return_inverse=True)
    if distinct[-1] == 0:
        path = start[:, None]
    else:
        span = (0.0, distinct[-1])
        solution = solve_ivp(
            velocity, span, start, method="DOP853", t_eval=distinct, rtol=rtol, atol=atol
        )
        if not solution.success:
            raise RuntimeError(f"gradient flow stopped before time {span[1]}: {solution.message}")
        path = solution.y
    layers = [unpack(np.ascontiguousarray(column)) for column in path.T]
    products = [V2 @ V1 for V1, V2 in layers]
    losses = np.array([_evaluate(gradient, A)[0] for A in products])
    return TrainingRun(times, np.stack(products)[position], losses[position], *layers[-1])


def squared(
    target: ArrayLike, mask: ArrayLike | None = None, inputs: ArrayLike | None = None
) -> Gradient:
    r"""Return A -> (loss, G) for ``loss = sum r^2 / 2``, ``r = A X - target`` where observed.

    The gradient is ``G = r X^T``; it holds for any shape.

    Parameters
    ----------
    target : array_like, shape (d_out, n)
        Values to reach; what the mask hides may be anything, NaN too.
    mask : array_like of bool, shape (d_out, n), optional
        True where the target counts; None for everywhere.
    inputs : array_like, shape (d_in, n), optional
        X; None for the identity.

    Returns
    -------
    callable
        Takes A: (d_out, d_in), returns (float, ndarray (d_out, d_in) in the dtype of A).

    Raises
    ------
    TypeError, ValueError
        If an array is not real, finite where it is observed, and of the shape above.

    Examples
    --------
    >>> squared([[2.0, 0.0]])(np.array([[1.0, 1.0]]))
    (1.0, array([[-1.,  1.]]))
    """
    return _loss_gradient(target, mask, inputs, lambda r: (r * r / 2, r))


def huber(
    target: ArrayLike,
    mask: ArrayLike | None = None,
    inputs: ArrayLike | None = None,
    *,
    delta: float,
) -> Gradient:
    r"""Return A -> (loss, G) for the Huber loss, quadratic up to delta and linear beyond.

    ``h(r) = r^2 / 2`` for ``|r| <= delta``, else ``delta (|r| - delta / 2)``; ``h'`` is r clipped
    to [-delta, delta]. The other arguments, the value and the errors are those of `squared`;
    delta > 0 has the scale of the target. Source: Huber 1964.
    """
    delta = check_positive("delta", delta)

    def value_and_slope(r: Array) -> tuple[Array, Array]:
        slope = np.clip(r, -delta, delta)
        return slope * (r - slope / 2), slope

    return _loss_gradient(target, mask, inputs, value_and_slope)


def log_cosh(
    target: ArrayLike, mask: ArrayLike | None = None, inputs: ArrayLike | None = None
) -> Gradient:
    r"""Return A -> (loss, G) for ``loss = sum log cosh(r)``, whose slope is ``tanh(r)``.

    The arguments, the value and the errors are those of `squared`. The value is computed as
    ``log1p(2 sinh(r/2)^2)`` for ``|r| < 1`` and ``|r| + log1p(exp(-2|r|)) - log 2`` beyond, which
    neither cancels nor overflows.
    """

    def value_and_slope(r: Array) -> tuple[Array, Array]:
        size = np.abs(r)
        near = np.log1p(2 * np.sinh(np.minimum(size, 1) / 2) ** 2)
        far = size + np.log1p(np.exp(-2 * size)) - math.log(2)
        return np.where(size < 1, near, far), np.tanh(r)

    return _loss_gradient(target, mask, inputs, value_and_slope)


def _loss_gradient(
    target: ArrayLike,
    mask: ArrayLike | None,
    inputs: ArrayLike | None,
    value_and_slope: Callable[[Array], tuple[Array, Array]],
) -> Gradient:
    """Return A -> (sum of the values, slopes @ inputs^T) for an elementwise loss of A X - Y."""
    if mask is None:
        observed, Y = None, check_matrix("target", target)
    else:
        given = check_numbers("target", target, finite=None)
        check_matrix("target", np.zeros(given.shape))
        observed = check_mask("mask", mask, (given.shape[0], given.shape[1]))
        Y = check_matrix("target", np.where(observed, given, 0.0))
    X = None if inputs is None else check_matrix("inputs", inputs, (None, Y.shape[1]))

    def gradient(A: Array) -> tuple[float, Array]:
        # the arithmetic follows the dtype of A, so that float32 weights stay float32
        samples = None if X is None else X.astype(A.dtype, copy=False)
        outputs = A if samples is None else A @ samples
        residual = outputs - Y.astype(A.dtype, copy=False)
        if observed is not None:
            residual = np.where(observed, residual, A.dtype.type(0))
        values, slopes = value_and_slope(residual)
        loss = float(np.sum(values, dtype=np.float64))
        return loss, slopes if samples is None else slopes @ samples.T

    return gradient


def _step(W1: Array, W2: Array, scaled: Array, update: str) -> None:
    """Update both layers in place, given eta * G."""
    change = W2.T @ scaled
    if update == "sequential":
        W1 -= change
        W2 -= scaled @ W1.T
    else:
        W2 -= scaled @ W1.T
        W1 -= change


def _evaluate(gradient: Gradient, A: Array) -> tuple[float, Array]:
    """Return (loss, G) with G in the dtype of A, its shape checked."""
    loss, G = gradient(A)
    G = np.asarray(G, dtype=A.dtype)
    if G.shape != A.shape:
        raise ValueError(f"gradient must return G of shape {A.shape}, got {G.shape}")
    return float(loss), G


def _stability_limit(W1: Array, W2: Array, gradient: Gradient) -> float:
    """Return 2 / (top NTK eigenvalue), at the start or at the squared loss's minimum."""
    A = W2 @ W1
    descended = A - _evaluate(gradient, A)[1]
    if not np.isfinite(descended).all():
        return 0.0  # not even the start is finite: no learning rate is stable
    at_start = np.linalg.norm(W1, 2) ** 2 + np.linalg.norm(W2, 2) ** 2
    top = max(float(at_start), 2 * float(np.linalg.norm(descended, 2)))
    return 2 / top if top > 0 else math.inf


def _check_weights(W1: Any, W2: Any) -> tuple[Array, Array]:
    """Return the weights as they came, once they fit; no float64 copy of large float32 ones."""
    for name, W in (("W1", W1), ("W2", W2)):
        if not isinstance(W, np.ndarray) or W.dtype not in (np.float32, np.float64):
            got = f"dtype {W.dtype}" if isinstance(W, np.ndarray) else type(W).__name__
            raise TypeError(f"{name} must be a float32 or float64 array, got {got}")
        if W.ndim != 2 or W.size == 0:
            raise ValueError(f"{name} must be a non-empty matrix, got shape {W.shape}")
        if not np.isfinite(W).all():
            raise ValueError(f"{name} must be finite, got entries that are not")
    if W1.dtype != W2.dtype:
        raise TypeError(f"W2 must have the dtype of W1 = {W1.dtype}, got {W2.dtype}")
    if W1.shape[0] != W2.shape[1]:
        raise ValueError(f"W2 must have width = {W1.shape[0]} columns, got {W2.shape[1]}")
    return W1, W2


def _check_callable(gradient: Any) -> None:
    if not callable(gradient):
        raise TypeError(f"gradient must be callable, got {type(gradient).__name__}")
