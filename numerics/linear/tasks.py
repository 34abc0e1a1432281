r"""Learning tasks of a two-layer linear network, and the builders that draw them.

A task asks for the matrix ``A = W2 W1`` that minimises

    C(A) = sum over observed (i, j) of  loss((A X)_ij, target_ij),

with inputs ``X: (d_in, n)`` (None stands for the identity, n = d_in) and a target ``(d_out, n)``.
For the squared loss ``loss(p, y) = (p - y)^2 / 2`` and everything observed this is the paper's
``1/2 ||A - Y||_F^2``. The errors that are reported are means of squares without the 1/2:

    train = mean over observed (i, j) of ((A X - target)_ij)^2,
    test  = mean over all (i, j), or those held out, of (((A - truth) X)_ij)^2.

It holds for any shape; the dimensions enter the errors only through the means.

Source: Tu, Aranguri and Jacot 2024 (arXiv 2405.17580), section on experiments, for low-rank
recovery; completion, regression, rectangular shapes and free noise levels are additions.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.linear.task_matrices import haar_frame, observed_matrix, symmetric_root
from numerics.support.object_validation import check_size, within_floats
from numerics.support.validation import (
    check_dimension,
    check_mask,
    check_matrix,
    check_nonnegative,
    check_positive,
    check_rank,
    check_rng,
    check_text,
    check_vector,
)
from theory.published_settings import FIGURE2

__all__ = [
    "Task",
    "linear_regression",
    "low_rank_from_spectrum",
    "low_rank_recovery",
    "matrix_completion",
]

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Task:
    r"""A matrix to be learned: what is observed, and what is true.

    Parameters
    ----------
    target : array_like, shape (d_out, n)
        Observed values, in the scale of ``A @ inputs``; what the mask hides may be anything, NaN
        too, and is stored as 0, so that it can leak nothing.
    truth : array_like, shape (d_out, d_in)
        Matrix that the test error is measured against; without inputs it may be NaN where the
        test mask is False.
    inputs : array_like, shape (d_in, n), optional
        Inputs, one a column; None for the identity, where n = d_in.
    mask : array_like of bool, shape (d_out, n), optional
        True where the target is observed; None for everywhere.
    test_mask : array_like of bool, shape (d_out, n), optional
        True where the test error counts, as entries that are held out; None for everywhere.
    name : str
        Label for tables and figures.

    Raises
    ------
    TypeError, ValueError
        If an array is not real, finite where it counts, two-dimensional and of the shape above, if
        a mask is not boolean or has no true entry, or if the name is not a str.

    Notes
    -----
    The arrays are stored as read-only copies. Tasks compare by identity.

    Examples
    --------
    >>> task = Task(target=[[1.0, 0.0]], truth=[[1.0, 1.0]])
    >>> task.shape, task.train_error([[1.0, 1.0]]), task.test_error([[1.0, 1.0]])
    ((1, 2), 0.5, 0.0)
    >>> data, seen = [[1.0, 3.0]], np.array([[True, False]])
    >>> Task(data, data, mask=seen, test_mask=~seen).test_error([[1.0, 1.0]])  # held out
    4.0
    """

    target: Matrix
    truth: Matrix
    inputs: Matrix | None = field(default=None, kw_only=True)
    mask: NDArray[np.bool_] | None = field(default=None, kw_only=True)
    test_mask: NDArray[np.bool_] | None = field(default=None, kw_only=True)
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        """Check the shapes against each other and store read-only copies."""
        target = observed_matrix("target", self.target, self.mask)
        shape = target.shape
        if self.inputs is None:
            truth = observed_matrix(
                "truth", self.truth, self.test_mask, shape, mask_name="test_mask"
            )
        else:
            inputs = check_matrix("inputs", self.inputs, (None, shape[1]))
            self._store("inputs", inputs)
            truth = check_matrix("truth", self.truth, (shape[0], inputs.shape[0]))
        self._store("truth", truth)
        if self.mask is not None:
            self._store("mask", check_mask("mask", self.mask, shape))
            target = np.where(self.mask, target, 0.0)
        self._store("target", target)
        if self.test_mask is not None:
            self._store("test_mask", check_mask("test_mask", self.test_mask, shape))
        check_text("name", self.name)

    @property
    def d_in(self) -> int:
        """Number of columns of A."""
        return self.truth.shape[1]

    @property
    def d_out(self) -> int:
        """Number of rows of A."""
        return self.truth.shape[0]

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of A, (d_out, d_in)."""
        return self.truth.shape

    @property
    def test_values(self) -> Matrix:
        """What predictions are compared with in the test error; NaN where it does not count."""
        values = self.truth if self.inputs is None else self.truth @ self.inputs
        return values if self.test_mask is None else np.where(self.test_mask, values, np.nan)

    @property
    def is_partial(self) -> bool:
        """Whether there is a mask, a test mask or inputs, which not every kernel knows."""
        return any(x is not None for x in (self.mask, self.test_mask, self.inputs))

    @property
    def n_observed(self) -> int:
        """Number of observed entries of the target."""
        return self.target.size if self.mask is None else int(np.count_nonzero(self.mask))

    def predictions(self, A: ArrayLike) -> Matrix:
        """Return ``A @ inputs``, shape (d_out, n), for A of shape (d_out, d_in)."""
        A = check_matrix("A", A, self.shape)
        with within_floats("A"):
            return A if self.inputs is None else A @ self.inputs

    def train_error(self, A: ArrayLike) -> float:
        """Return the mean over the observed entries of ``(A @ inputs - target)^2``."""
        with within_floats("A"):
            residual = self.predictions(A) - self.target
            return float(np.mean(np.square(residual if self.mask is None else residual[self.mask])))

    def test_error(self, A: ArrayLike) -> float:
        """Return the mean of ``((A - truth) @ inputs)^2``, over the test mask if there is one."""
        A = check_matrix("A", A, self.shape)
        with within_floats("A"):
            gap = A - self.truth
            errors = gap if self.inputs is None else gap @ self.inputs
            counted = errors if self.test_mask is None else errors[self.test_mask]
            return float(np.mean(np.square(counted)))

    def _store(self, field: str, array: NDArray[Any]) -> None:
        """Keep a read-only copy, so that a frozen task stays what it was."""
        own = array.copy()
        own.setflags(write=False)
        object.__setattr__(self, field, own)


def low_rank_recovery(
    d_in: int,
    d_out: int | None = None,
    *,
    rank: int = FIGURE2.rank,
    noise: float = 1.0,
    rng: np.random.Generator | int,
) -> Task:
    r"""Draw the paper's task: a low-rank matrix seen through noise.

    ``truth = C D^T`` and ``target = truth + noise E`` with ``C: (d_out, k)``, ``D: (d_in, k)``
    of entries ``k^(-1/4) N(0, 1)`` and ``E`` of entries N(0, 1), k = rank. The entries of the
    truth have variance 1, its singular values are about ``sqrt(d_in d_out / k)``.

    Parameters
    ----------
    d_in : int
        Columns of A.
    d_out : int, optional
        Rows of A; None for d_in, the paper's case.
    rank : int
        Rank of the truth, at most min(d_in, d_out).
    noise : float
        Standard deviation of the noise entries, in units of the truth's entries.
    rng : Generator or int
        Source of the draws (C, then D, then E), or its seed.

    Returns
    -------
    Task
        Identity inputs, everything observed.

    Examples
    --------
    >>> low_rank_recovery(6, 4, rank=2, rng=0).shape
    (4, 6)
    """
    d_in = check_dimension("d_in", d_in)
    d_out = d_in if d_out is None else check_dimension("d_out", d_out)
    rank = check_rank(rank, d_in, d_out)
    rng = check_rng(rng)
    C = rng.standard_normal((d_out, rank)) * rank**-0.25
    D = rng.standard_normal((d_in, rank)) * rank**-0.25
    truth = C @ D.T
    return Task(_with_noise(truth, noise, rng), truth, name="low-rank recovery")


def low_rank_from_spectrum(
    singular_values: ArrayLike,
    d_in: int,
    d_out: int,
    *,
    noise: float,
    rng: np.random.Generator | int,
) -> Task:
    r"""Draw a low-rank matrix with given singular values, seen through noise.

    ``truth = U diag(s) V^T`` with U and V uniform (Haar) among the orthonormal frames, and
    ``target = truth + noise E``; the spectrum comes first and is then rotated, so no draw has
    to be filtered.

    Parameters
    ----------
    singular_values : array_like, shape (k,)
        Nonnegative, in any order, k <= min(d_in, d_out); scale of ``||A||_op``.
    d_in, d_out : int
        Columns and rows of A.
    noise : float
        Standard deviation of the noise entries.
    rng : Generator or int
        Source of the draws (U, then V, then E), or its seed.

    Returns
    -------
    Task
        Identity inputs, everything observed.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or value, more values than min(d_in, d_out) among them.

    Examples
    --------
    >>> task = low_rank_from_spectrum([3.0, 1.0], 6, 4, noise=0.0, rng=0)
    >>> task.shape, np.linalg.svd(task.truth, compute_uv=False).round(12)
    ((4, 6), array([3., 1., 0., 0.]))
    """
    s = check_vector("singular_values", singular_values)
    if s.min() < 0:
        raise ValueError(f"singular_values must be >= 0, got {s.min()}")
    d_in, d_out = check_dimension("d_in", d_in), check_dimension("d_out", d_out)
    rank = check_rank(s.size, d_in, d_out)
    rng = check_rng(rng)
    U, V = haar_frame(d_out, rank, rng), haar_frame(d_in, rank, rng)
    truth = (U * s) @ V.T
    return Task(_with_noise(truth, noise, rng), truth, name="low-rank from spectrum")


def matrix_completion(
    d_in: int,
    d_out: int,
    *,
    rank: int,
    fraction_observed: float,
    noise: float,
    rng: np.random.Generator | int,
) -> Task:
    r"""Draw a low-rank matrix of which some entries are seen, through noise.

    Truth and noise as in `low_rank_recovery`; then exactly
    ``round(fraction_observed * d_out * d_in)`` entries, at least one, are chosen
    uniformly without replacement as the observed ones.

    Parameters
    ----------
    d_in, d_out : int
        Columns and rows of A.
    rank : int
        Rank of the truth, at most min(d_in, d_out).
    fraction_observed : float
        In (0, 1].
    noise : float
        Standard deviation of the noise entries.
    rng : Generator or int
        Source of the draws (those of `low_rank_recovery`, then the mask), or its seed.

    Returns
    -------
    Task
        Identity inputs; the target's hidden entries are stored as 0, so they can leak nothing.

    Examples
    --------
    >>> task = matrix_completion(10, 8, rank=2, fraction_observed=0.5, noise=0.1, rng=0)
    >>> int(task.mask.sum())
    40
    """
    fraction = check_positive("fraction_observed", fraction_observed)
    if fraction > 1:
        raise ValueError(f"fraction_observed must be at most 1, got {fraction}")
    rng = check_rng(rng)
    d_out = check_dimension("d_out", d_out)
    full = low_rank_recovery(d_in, d_out, rank=rank, noise=noise, rng=rng)
    size = full.target.size
    mask = np.zeros(size, dtype=bool)
    mask[rng.choice(size, max(1, round(fraction * size)), replace=False)] = True
    mask = mask.reshape(full.shape)
    target = np.where(mask, full.target, 0.0)
    return Task(target, full.truth, mask=mask, name="matrix completion")


def linear_regression(
    truth: ArrayLike,
    covariance: ArrayLike,
    *,
    noise: float = 0.0,
    n_samples: int | None = None,
    rng: np.random.Generator | int | None = None,
) -> Task:
    r"""Build a linear regression with inputs of a given covariance S.

    Population form (``n_samples = None``): ``inputs = S^(1/2)``, symmetric, and
    ``target = truth S^(1/2)``, since the mean loss over x is
    ``1/2 E||(A - truth) x||^2 = 1/2 ||(A - truth) S^(1/2)||_F^2``.
    Sampled form: ``inputs = S^(1/2) Z / sqrt(n)``, ``target = truth inputs + noise E / sqrt(n)``
    with Z and E of entries N(0, 1); ``inputs inputs^T -> S`` as n grows.

    Parameters
    ----------
    truth : array_like, shape (d_out, d_in)
        Matrix that makes the outputs.
    covariance : array_like, shape (d_in, d_in)
        Symmetric, positive semi-definite.
    noise : float
        Standard deviation of the output noise of one sample; 0 in the population form, where
        it would only add a constant to the loss.
    n_samples : int, optional
        Number of samples n; None for the population form.
    rng : Generator or int, optional
        Source of the draws (Z, then E), or its seed; needed in the sampled form only.

    Returns
    -------
    Task
        With inputs; its errors are means over d_out * n entries (n = d_in in the population
        form), so those of the sampled form are smaller by d_in / n at the same A.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or value, a covariance that is not symmetric positive
        semi-definite among them.

    Examples
    --------
    >>> task = linear_regression(np.eye(3), np.diag([4.0, 1.0, 1.0]))
    >>> task.inputs.diagonal()
    array([2., 1., 1.])
    """
    truth = check_matrix("truth", truth)
    d_in = truth.shape[1]
    root = symmetric_root(check_matrix("covariance", covariance, (d_in, d_in)))
    noise = check_nonnegative("noise", noise)
    if n_samples is None:
        if noise != 0:
            raise ValueError(f"noise must be 0 where n_samples is None, got {noise}")
        return Task(truth @ root, truth, inputs=root, name="linear regression, population")
    n_samples = check_dimension("n_samples", n_samples)
    rng = check_rng(rng)
    inputs = root @ rng.standard_normal((d_in, n_samples)) / np.sqrt(n_samples)
    target = _with_noise(truth @ inputs, noise / np.sqrt(n_samples), rng)
    return Task(target, truth, inputs=inputs, name="linear regression, sampled")


def _with_noise(clean: Matrix, noise: float, rng: np.random.Generator) -> Matrix:
    """Return clean + noise E; E is drawn for noise = 0 too, so later draws do not move."""
    noise = check_nonnegative("noise", noise)
    check_size("noise", noise)
    return clean + noise * rng.standard_normal(clean.shape)
