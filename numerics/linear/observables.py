r"""What is measured along a run: errors, spectra, alignment, NTK change, balancedness.

Pure functions of the learned matrix ``A: (d_out, d_in)``, of the Gram blocks ``C1 = W1^T W1``
and ``C2 = W2 W2^T``, or of the weights ``W1: (width, d_in)``, ``W2: (d_out, width)``. The tangent
kernel of a two-layer linear network is the operator

    K : G -> G C1 + C2 G    on d_out x d_in matrices,    K = C1 (x) I + I (x) C2,

whose Frobenius norm needs only the two blocks,

    ||K||_F^2 = d_out ||C1||_F^2 + d_in ||C2||_F^2 + 2 tr(C1) tr(C2),

and the balancedness ``W1 W1^T - W2^T W2`` is conserved by gradient flow.

They hold for any shape, rectangular included; each function states where it is undefined.

Source: Tu, Aranguri and Jacot 2024 (arXiv 2405.17580) for errors and stable rank; the NTK of a
linear network and its balancedness are standard (Jacot et al. 2018; Arora et al. 2018).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.support.errors import OutOfRangeError
from numerics.support.object_validation import within_floats
from numerics.support.validation import check_matrix, check_rank

__all__ = [
    "balancedness",
    "balancedness_drift",
    "distance",
    "mean_squared_error",
    "mode_overlap",
    "ntk_change",
    "ntk_norm",
    "relative_distance",
    "singular_values",
    "stable_rank",
    "subspace_alignment",
]

EPS = float(np.finfo(np.float64).eps)

Matrix = NDArray[np.float64]


def mean_squared_error(A: ArrayLike, B: ArrayLike) -> float:
    """Return the mean over all entries of ``(A - B)^2``, for A and B of one shape.

    The paper's train error with B = Y and its test error with B = A*. Raises TypeError or
    ValueError for arrays that are not real, finite matrices of one shape.

    Examples
    --------
    >>> mean_squared_error([[1.0, 2.0]], [[1.0, 0.0]])
    2.0
    """
    A, B = _same_shape(A, B)
    with within_floats("A and B"):
        return float(np.mean(np.square(A - B)))


def distance(A: ArrayLike, B: ArrayLike) -> float:
    """Return ``||A - B||_F``, for A and B of one shape; errors as in `mean_squared_error`."""
    A, B = _same_shape(A, B)
    return _norm(A - B)


def relative_distance(A: ArrayLike, B: ArrayLike) -> float:
    """Return ``||A - B||_F / ||B||_F``; a ValueError besides where B is zero."""
    A, B = _same_shape(A, B)
    scale = _norm(B)
    if scale == 0:
        raise ValueError("B must be nonzero, got the zero matrix")
    return _norm(A - B) / scale


def singular_values(A: ArrayLike) -> Matrix:
    """Return the min(d_in, d_out) singular values of A, largest first.

    Examples
    --------
    >>> singular_values([[0.0, 3.0], [1.0, 0.0]])
    array([3., 1.])
    """
    values = np.linalg.svd(check_matrix("A", A), compute_uv=False)
    if not np.isfinite(values[0]):
        raise OutOfRangeError("A must be so small that its norm is a float")
    return values.astype(np.float64, copy=False)


def stable_rank(A: ArrayLike) -> float:
    """Return ``||A||_F^2 / ||A||_op^2``, between 1 and rank(A).

    Parameters
    ----------
    A : array_like, shape (d_out, d_in)
        Matrix of any scale.

    Returns
    -------
    float
        The stable rank, without unit.

    Raises
    ------
    TypeError, ValueError
        If A is no real, finite matrix, or is zero, where the ratio is undefined.

    Examples
    --------
    >>> stable_rank([[2.0, 0.0], [0.0, 1.0]])
    1.25
    """
    s = singular_values(A)
    if s[0] == 0:
        raise ValueError("A must be nonzero, got the zero matrix")
    # the ratio first: the squares of large or small values would leave the float range
    return float(np.sum(np.square(s / s[0])))


def subspace_alignment(A: ArrayLike, target: ArrayLike, rank: int) -> tuple[float, float]:
    r"""Return how far the top singular subspaces of A agree with those of the target.

    ``left = ||U_k(target)^T U_k(A)||_F^2 / k``, and ``right`` likewise with V, k = rank: 1 for
    the same subspace, 0 for orthogonal ones, about k/d for a random one.

    Parameters
    ----------
    A, target : array_like, shape (d_out, d_in)
        Matrices of any scale.
    rank : int
        Dimension k of the subspaces, at most min(d_in, d_out).

    Returns
    -------
    left, right : float
        In [0, 1].

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or value, or the target's rank is below k.

    Notes
    -----
    Directions in which A vanishes to round-off have no singular vectors of their own and count
    as unaligned, so the zero matrix gives (0, 0). A subspace is defined only where singular
    values k and k + 1 differ.

    Examples
    --------
    >>> subspace_alignment([[2.0, 0.0], [0.0, 1.0]], [[5.0, 0.0], [0.0, 1.0]], rank=1)
    (1.0, 1.0)
    """
    A, target = _same_shape(A, target, "target")
    rank = check_rank(rank, target.shape[1], target.shape[0])
    U, V = _leading_vectors(target, rank)
    U_A, s, Vt_A = np.linalg.svd(A, full_matrices=False)
    kept = min(rank, _numerical_rank(s, A.shape))
    left = _norm(U.T @ U_A[:, :kept]) ** 2 / rank
    right = _norm(Vt_A[:kept] @ V) ** 2 / rank
    return left, right


def mode_overlap(A: ArrayLike, target: ArrayLike, rank: int) -> Matrix:
    r"""Return ``u_j^T A v_j`` for the target's leading singular vectors, j = 1..rank.

    Parameters
    ----------
    A, target : array_like, shape (d_out, d_in)
        Matrices.
    rank : int
        Number of modes, at most min(d_in, d_out).

    Returns
    -------
    ndarray, shape (rank,)
        In the scale of A; the target's own singular values for A = target.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or value, or the target's rank is below that asked.

    Notes
    -----
    The sign common to u_j and v_j drops out. Modes of equal singular value are mixed arbitrarily.

    Examples
    --------
    >>> mode_overlap([[2.0, 0.0], [0.0, 1.0]], [[5.0, 0.0], [0.0, 3.0]], rank=2)
    array([2., 1.])
    """
    A, target = _same_shape(A, target, "target")
    rank = check_rank(rank, target.shape[1], target.shape[0])
    U, V = _leading_vectors(target, rank)
    with within_floats("A"):
        return np.einsum("ij,ij->j", U, A @ V)


def ntk_norm(C1: ArrayLike, C2: ArrayLike) -> float:
    r"""Return ``||K||_F`` of ``K = C1 (x) I + I (x) C2`` in O(d_in^2 + d_out^2) operations.

    Evaluated as ``d_out ||C1'||^2 + d_in ||C2'||^2 + d_in d_out (tr C1/d_in + tr C2/d_out)^2``
    with the traceless parts C1' and C2': the same sum, of terms that are never negative.

    Parameters
    ----------
    C1 : array_like, shape (d_in, d_in)
        ``W1^T W1``.
    C2 : array_like, shape (d_out, d_out)
        ``W2 W2^T``.

    Returns
    -------
    float
        The norm, in the scale of C1 and C2; it holds for matrices without symmetry too.

    Raises
    ------
    TypeError, ValueError
        If an argument is no real, finite, square matrix.

    Examples
    --------
    >>> ntk_norm([[1.0]], [[2.0]])
    3.0
    """
    with within_floats("C1 and C2"):
        return _ntk_norm(_square("C1", C1), _square("C2", C2))


def ntk_change(C1: ArrayLike, C2: ArrayLike, *, C1_0: ArrayLike, C2_0: ArrayLike) -> float:
    r"""Return the change of a linear network's tangent kernel, ``||K - K0||_F / ||K0||_F``.

    K is linear in its two blocks, so K - K0 is the kernel of their differences.

    Parameters
    ----------
    C1, C2 : array_like, shape (d_in, d_in) and (d_out, d_out)
        Gram blocks now.
    C1_0, C2_0 : array_like, same shapes
        Gram blocks at the start.

    Returns
    -------
    float
        The change, without unit.

    Raises
    ------
    TypeError, ValueError
        If an argument is no real, finite, square matrix of the right shape, or K0 is zero.

    Examples
    --------
    >>> ntk_change([[2.0]], [[2.0]], C1_0=[[1.0]], C2_0=[[1.0]])
    1.0
    """
    C1, C2 = _square("C1", C1), _square("C2", C2)
    C1_0, C2_0 = check_matrix("C1_0", C1_0, C1.shape), check_matrix("C2_0", C2_0, C2.shape)
    with within_floats("C1, C2, C1_0 and C2_0"):
        scale = _ntk_norm(C1_0, C2_0)
        if scale == 0:
            raise ValueError("C1_0 and C2_0 must give a nonzero kernel, got ||K0|| = 0")
        return _ntk_norm(C1 - C1_0, C2 - C2_0) / scale


def balancedness(W1: ArrayLike, W2: ArrayLike) -> Matrix:
    """Return ``W1 W1^T - W2^T W2``, shape (width, width), which gradient flow conserves.

    TypeError or ValueError for weights that are not real, finite matrices of one width. It
    takes width^2 numbers; `balancedness_drift` does without them.

    Examples
    --------
    >>> balancedness([[2.0]], [[1.0]])
    array([[3.]])
    """
    W1, W2 = _weights(W1, W2)
    with within_floats("W1 and W2"):
        return W1 @ W1.T - W2.T @ W2


def balancedness_drift(W1: ArrayLike, W2: ArrayLike, *, W1_0: ArrayLike, W2_0: ArrayLike) -> float:
    r"""Return ``||D - D0||_F / ||D0||_F`` of the balancedness ``D = W1 W1^T - W2^T W2``.

    ``D - D0 = F S F^T`` with ``F = [W1, W2^T, W1_0, W2_0^T]`` and signs ``S = (+, -, -, +)``. With
    ``F = Q R`` its norm is that of ``R S R^T``, so no width x width matrix is formed.

    Parameters
    ----------
    W1, W2 : array_like, shape (width, d_in) and (d_out, width)
        Weights now.
    W1_0, W2_0 : array_like, same shapes
        Weights at the start.

    Returns
    -------
    float
        The drift: 0 under flow up to the solver's error, O(learning rate) under descent.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type, value or shape, or if D0 vanishes to round-off (a
        balanced start), where the relative drift is undefined.

    Examples
    --------
    >>> balancedness_drift([[2.0]], [[1.0]], W1_0=[[1.0]], W2_0=[[0.0]])
    2.0
    """
    W1, W2 = _weights(W1, W2)
    W1_0, W2_0 = check_matrix("W1_0", W1_0, W1.shape), check_matrix("W2_0", W2_0, W2.shape)
    d_in, d_out = W1.shape[1], W2.shape[0]
    signs = np.concatenate([np.ones(d_in), -np.ones(d_out)])
    with within_floats("W1, W2, W1_0 and W2_0"):
        R = np.asarray(np.linalg.qr(np.hstack([W1, W2.T, W1_0, W2_0.T]), mode="r"))
        now, start = np.split(R, 2, axis=1)
        D, D0 = (now * signs) @ now.T, (start * signs) @ start.T
        scale = _norm(D0)
        if scale <= EPS * sum(R.shape) * _norm(start) ** 2:
            raise ValueError(f"W1_0 and W2_0 must be unbalanced, got ||D0||_F = {scale:.3g}")
        return _norm(D - D0) / scale


def _norm(matrix: Matrix) -> float:
    return float(np.linalg.norm(matrix))


def _same_shape(A: ArrayLike, B: ArrayLike, name: str = "B") -> tuple[Matrix, Matrix]:
    A = check_matrix("A", A)
    return A, check_matrix(name, B, A.shape)


def _square(name: str, value: ArrayLike) -> Matrix:
    matrix = check_matrix(name, value)
    return check_matrix(name, matrix, (matrix.shape[0], matrix.shape[0]))


def _weights(W1: ArrayLike, W2: ArrayLike) -> tuple[Matrix, Matrix]:
    W1 = check_matrix("W1", W1)
    return W1, check_matrix("W2", W2, (None, W1.shape[0]))


def _numerical_rank(s: Matrix, shape: tuple[int, ...]) -> int:
    """Count the singular values above the round-off of the largest."""
    return int(np.count_nonzero(s > EPS * max(shape) * s[0]))


def _leading_vectors(target: Matrix, rank: int) -> tuple[Matrix, Matrix]:
    """Return the target's leading left and right singular vectors, one a column."""
    U, s, Vt = np.linalg.svd(target, full_matrices=False)
    found = _numerical_rank(s, target.shape)
    if found < rank:
        raise ValueError(f"target must have rank at least {rank}, got numerical rank {found}")
    return U[:, :rank], Vt[:rank].T


def _ntk_norm(C1: Matrix, C2: Matrix) -> float:
    d_in, d_out = C1.shape[0], C2.shape[0]
    m1, m2 = np.trace(C1) / d_in, np.trace(C2) / d_out
    off1, off2 = _norm(C1 - m1 * np.eye(d_in)), _norm(C2 - m2 * np.eye(d_out))
    return float(np.sqrt(d_out * off1**2 + d_in * off2**2 + d_in * d_out * (m1 + m2) ** 2))
