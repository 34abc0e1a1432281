"""Initial states: factors of the Gram matrix from which a two-layer network starts.

Training depends on the weights only through ``Q(0) = Theta Theta^T``, ``Theta = [W1^T ; W2]``
(:mod:`theory.dynamics.gram_flow`), so a state is any pair ``W1: (r, d_in)``, ``W2: (d_out, r)``
with the right Gram matrix, and r need not be the width:

- explicit weights, r = width, entries N(0, sigma1^2) and N(0, sigma2^2);
- the Wishart factor (Bartlett 1933), r = d_in + d_out, for any real width >= d_in + d_out: the
  same law as explicit weights, at a cost that does not depend on the width;
- the self-consistent lift, r = d_in + d_out: infinite width around a given A0;
- the balanced factor, r = min(d_in, d_out), threshold 0;
- lambda-balanced weights, ``W1 W1^T - W2^T W2 = lam I``, r = width.

Source: Tu, Aranguri and Jacot 2024, section 2, and Domine et al. 2024 (lambda-balanced); width-free
form ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from numerics.kernels.evaluate import evaluate
from numerics.linear.network_state import NetworkState
from numerics.linear.task_matrices import haar_frame
from numerics.support.object_validation import check_size
from numerics.support.validation import (
    check_dimension,
    check_finite,
    check_matrix,
    check_nonnegative,
    check_numbers,
    check_positive,
    check_rng,
    check_width,
)
from theory.dynamics.unified_evolution import lift_form
from theory.wording import shown

__all__ = [
    "NetworkState",
    "balanced_factor",
    "explicit_weights",
    "lambda_balanced",
    "random_state",
    "self_consistent_lift",
    "start_of",
    "wishart_factor",
]


def explicit_weights(
    d_in: int,
    d_out: int,
    width: float,
    *,
    init_variance: float,
    init_variance2: float | None = None,
    rng: np.random.Generator | int,
) -> NetworkState:
    """Draw both weight matrices of an initial network; memory ``(d_in + d_out) width``.

    Parameters
    ----------
    d_in, d_out, width : int
        Dimensions.
    init_variance, init_variance2 : float
        sigma1^2 of the first layer and sigma2^2 of the second (default: the same).
    rng : Generator or int
        Source of randomness, or its seed.

    Examples
    --------
    >>> explicit_weights(4, 3, 100, init_variance=0.01, rng=0).W1.shape
    (100, 4)
    """
    d_in, d_out = check_dimension("d_in", d_in), check_dimension("d_out", d_out)
    units = check_dimension("width", width)
    var1, var2 = _variances(init_variance, init_variance2, units)
    generator = check_rng(rng)
    W1 = generator.standard_normal((units, d_in)) * np.sqrt(var1)
    W2 = generator.standard_normal((d_out, units)) * np.sqrt(var2)
    return NetworkState(
        W1, W2, c1=var1 * units, c2=var2 * units, width=float(units), kind="explicit"
    )


def wishart_factor(
    d_in: int,
    d_out: int,
    width: float,
    *,
    init_variance: float,
    init_variance2: float | None = None,
    rng: np.random.Generator | int,
) -> NetworkState:
    """Draw the Gram factor of a random initial network of any width, directly.

    ``Q(0)`` is Wishart with ``width`` degrees of freedom: its Cholesky factor has independent
    entries, ``sqrt(chi^2_{width - i})`` on the diagonal (i = 0, 1, ...) and N(0, 1) below
    (Bartlett), rows scaled by sigma1 or sigma2.

    Parameters
    ----------
    d_in, d_out : int
        Dimensions.
    width : float
        Any real number from d_in + d_out upwards, 1e15 included.
    init_variance, init_variance2 : float
        sigma1^2 and sigma2^2 (default: the same).
    rng : Generator or int
        Source of randomness, or its seed.

    Raises
    ------
    ValueError
        If the width is below d_in + d_out, where Q is singular: draw explicit weights there.

    Examples
    --------
    >>> state = wishart_factor(4, 3, 1e12, init_variance=1e-12, rng=0)
    >>> state.W1.shape, bool(abs(state.C1 - np.eye(4)).max() < 1e-5)
    ((7, 4), True)
    """
    d_in, d_out = check_dimension("d_in", d_in), check_dimension("d_out", d_out)
    w = check_width(width)
    size = d_in + d_out
    if w < size:
        raise ValueError(f"width must be at least d_in + d_out = {size}, got {width}")
    var1, var2 = _variances(init_variance, init_variance2, w)
    generator = check_rng(rng)
    factor = np.tril(generator.standard_normal((size, size)), -1)
    np.fill_diagonal(factor, np.sqrt(generator.chisquare(w - np.arange(size))))
    W1 = np.ascontiguousarray(factor[:d_in].T) * np.sqrt(var1)
    W2 = factor[d_in:] * np.sqrt(var2)
    return NetworkState(W1, W2, c1=var1 * w, c2=var2 * w, width=w, kind="wishart")


def random_state(
    d_in: int,
    d_out: int,
    width: float,
    *,
    init_variance: float,
    init_variance2: float | None = None,
    rng: np.random.Generator | int,
) -> NetworkState:
    """Draw a random initial network at the least cost: the Wishart factor where it exists.

    Parameters as for :func:`wishart_factor`; below d_in + d_out the width must be an integer and
    the weights are drawn explicitly.

    Examples
    --------
    >>> wide, narrow = (random_state(4, 3, w, init_variance=0.1, rng=0) for w in (1e12, 5))
    >>> wide.W1.shape, narrow.W1.shape
    ((7, 4), (5, 4))
    """
    size = check_dimension("d_in", d_in) + check_dimension("d_out", d_out)
    w = check_drawn_width("width", width, size)
    if w >= size:
        return wishart_factor(
            d_in, d_out, w, init_variance=init_variance, init_variance2=init_variance2, rng=rng
        )
    return explicit_weights(
        d_in, d_out, width, init_variance=init_variance, init_variance2=init_variance2, rng=rng
    )


def check_drawn_width(name: str, value: Any, size: int) -> float:
    """Return a width of which a network with ``size = d_in + d_out`` can be drawn.

    Examples
    --------
    >>> check_drawn_width("width", 7.5, 6)
    7.5
    >>> check_drawn_width("width", 4.5, 6)
    Traceback (most recent call last):
        ...
    ValueError: width must be an integer where it is below d_in + d_out = 6, got 4.5
    """
    width = check_width(value, name)
    if width < size and not width.is_integer():
        raise ValueError(
            f"{name} must be an integer where it is below d_in + d_out = {size}, got {width:g}"
        )
    return width


def self_consistent_lift(A0: ArrayLike, c1: float, c2: float | None = None) -> NetworkState:
    """Return the initial state from which training follows the unified evolution formula.

    A network of width ``d_in + d_out`` with ``C1 = lam/2 + sqrt(A0^T A0 + c^2)``,
    ``C2 = -lam/2 + sqrt(A0 A0^T + c^2)``; under gradient flow it keeps this form.

    Parameters
    ----------
    A0 : array_like, shape (d_out, d_in)
        The initial matrix; zeros for infinite width exactly.
    c1, c2 : float
        The scales of the two layers, ``sigma^2 width`` (c2: default c1), not both zero.

    Examples
    --------
    >>> state = self_consistent_lift(np.zeros((3, 4)), 2.0)
    >>> bool(abs(state.A).max() < 1e-12), bool(np.allclose(state.C1, 2 * np.eye(4)))
    (True, True)
    """
    matrix = check_matrix("A0", A0)
    first = check_nonnegative("c1", c1)
    second = first if c2 is None else check_nonnegative("c2", c2)
    for name, value in (("A0", matrix), ("c1", first), ("c2", second)):
        check_size(name, value)
    check_positive("c1 + c2", first + second)
    if first < second:
        # The layer of the larger variance leads, so that no close numbers are subtracted.
        mirror = self_consistent_lift(matrix.T, second, first)
        W1, W2 = np.ascontiguousarray(mirror.W2.T), np.ascontiguousarray(mirror.W1.T)
        return NetworkState(W1, W2, c1=first, c2=second, width=np.inf, kind="self_consistent")
    d_out, d_in = matrix.shape
    left, values, right_T = np.linalg.svd(matrix, full_matrices=True)
    modes = np.zeros(max(d_in, d_out))
    modes[: values.size] = values
    pivot, below, corner = evaluate(lift_form, modes, first, second).values()
    W1 = np.zeros((d_in + d_out, d_in))
    W2 = np.zeros((d_out, d_in + d_out))
    # Columns of Theta: V pivot with U below, then U corner; unpaired directions have s = 0.
    W1[:d_in] = pivot[:d_in, None] * right_T
    paired = min(d_in, d_out)
    W2[:, :paired] = left[:, :paired] * below[:paired]
    W2[:, d_in:] = left * corner[:d_out]
    return NetworkState(W1, W2, c1=first, c2=second, width=np.inf, kind="self_consistent")


def balanced_factor(A0: ArrayLike) -> NetworkState:
    """Return the balanced initial state of A0: ``C1 = sqrt(A0^T A0)``, ``C2 = sqrt(A0 A0^T)``.

    Directions that A0 lacks stay unlearned for ever: balanced dynamics need a start that is
    aligned with the task.

    Examples
    --------
    >>> state = balanced_factor([[3.0, 0.0], [0.0, 1.0]])
    >>> state.A.round(12), bool(np.allclose(state.C1, state.C2))
    (array([[3., 0.],
            [0., 1.]]), True)
    """
    matrix = check_matrix("A0", A0)
    check_size("A0", matrix)
    left, values, right_T = np.linalg.svd(matrix, full_matrices=False)
    # What rounding leaves of a zero, 1e-17, would be a root of 3e-9, and learn in time.
    noise = np.finfo(np.float64).eps * max(matrix.shape) * values[0]
    root = np.sqrt(np.where(values > noise, values, 0.0))
    return NetworkState(
        root[:, None] * right_T,
        left * root,
        c1=0.0,
        c2=0.0,
        width=float(root.size),
        kind="balanced",
    )


def lambda_balanced(
    d_in: int,
    d_out: int,
    width: int,
    *,
    imbalance: float,
    singular_values: ArrayLike,
    target: ArrayLike | None = None,
    rng: np.random.Generator | int,
) -> NetworkState:
    """Return lambda-balanced weights, ``W1 W1^T - W2^T W2 = imbalance I``, of a finite width.

    ``W1 = O sqrt(b^2 + lam) V^T``, ``W2 = U b O^T`` with ``b sqrt(b^2 + lam)`` the singular values
    of A0, O uniform (Haar) among the orthogonal matrices, U and V likewise or the singular vectors
    of a target.  Gradient flow keeps the imbalance, which is minus the lambda of Domine et al.

    Parameters
    ----------
    d_in, d_out, width : int
        Dimensions.  ``W1 W1^T`` and ``W2^T W2`` have ranks of at most d_in and d_out, so a
        positive imbalance needs ``width <= d_in``, a negative one ``width <= d_out``.
    imbalance : float
        lam, of either sign, in the unit of A.
    singular_values : float or array_like
        Of A0: one for all, or min(d_in, d_out, width) of them; nonnegative, in the unit of A.
    target : array_like, shape (d_out, d_in), optional
        Align A0 with its leading singular vectors; None for random ones.
    rng : Generator or int
        Source of randomness, or its seed.

    Examples
    --------
    >>> state = lambda_balanced(4, 3, 2, imbalance=-0.5, singular_values=[0.2, 0.1], rng=0)
    >>> (state.W1 @ state.W1.T - state.W2.T @ state.W2).round(12) + 0.0
    array([[-0.5,  0. ],
           [ 0. , -0.5]])
    >>> np.linalg.svd(state.A, compute_uv=False).round(12)[:2]
    array([0.2, 0.1])
    """
    d_in, d_out = check_dimension("d_in", d_in), check_dimension("d_out", d_out)
    units, lam = check_dimension("width", width), check_finite("imbalance", imbalance)
    side, most = ("d_in", d_in) if lam > 0 else ("d_out", d_out)
    if lam and units > most:
        sign = "positive" if lam > 0 else "negative"
        raise ValueError(
            f"width must be at most {side} = {most} where the imbalance is {sign}, got {units}"
        )
    count = min(d_in, d_out, units)
    given = check_numbers("singular_values", singular_values)
    if given.shape not in ((), (count,)) or given.min() < 0:
        raise ValueError(
            f"singular_values must be one or {count} nonnegative numbers, got {shown(given)}"
        )
    for name, value in (("imbalance", lam), ("singular_values", given)):
        check_size(name, value)
    generator = check_rng(rng)
    turn = haar_frame(units, units, generator)
    if target is None:
        left, right = haar_frame(d_out, d_out, generator), haar_frame(d_in, d_in, generator)
    else:
        matrix = check_matrix("target", target, (d_out, d_in))
        check_size("target", matrix)
        left, _, right_T = np.linalg.svd(matrix, full_matrices=True)
        right = right_T.T
    # The smaller layer's b from 2 s^2/(|lam| + sqrt(lam^2 + 4 s^2)), the larger's without a root
    # of close numbers: its square is b^2 + |lam|.
    small = np.zeros(units)
    size = np.broadcast_to(given, (count,))
    share = abs(lam) + np.hypot(lam, 2 * size)
    small[:count] = size * np.sqrt(2 / np.where(share > 0, share, 1.0))
    large = np.hypot(small, np.sqrt(abs(lam)))
    first, second = (large, small) if lam >= 0 else (small, large)
    n_first, n_second = min(units, d_in), min(units, d_out)
    return NetworkState(
        turn[:, :n_first] @ (first[:n_first, None] * right[:, :n_first].T),
        (left[:, :n_second] * second[:n_second]) @ turn[:, :n_second].T,
        c1=max(lam, 0.0),
        c2=max(-lam, 0.0),
        width=float(units),
        kind="lambda_balanced",
    )


def start_of(state: NetworkState, dynamics: str) -> NetworkState:
    """Return where dynamics of two layers start from a state: itself, its lift or its factor.

    A state that the dynamics themselves have reached is where they go on.
    """
    if dynamics == "self_consistent" and state.kind != dynamics:
        return self_consistent_lift(state.A, state.c1, state.c2)
    if dynamics == "balanced" and state.kind != dynamics:
        return balanced_factor(state.A)
    return state


def _variances(first: float, second: float | None, width: float) -> tuple[float, float]:
    var1 = check_positive("init_variance", first)
    var2 = var1 if second is None else check_positive("init_variance2", second)
    check_size("init_variance * width", var1 * width)
    check_size("init_variance2 * width", var2 * width)
    return var1, var2
