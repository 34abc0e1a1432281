"""The state of a two-layer linear network: weights, or a factor of the same Gram matrix.

Training depends on the weights only through ``Q = Theta Theta^T``, ``Theta = [W1^T ; W2]``
(:mod:`theory.dynamics.gram_flow`), so a state is any pair ``W1: (r, d_in)``, ``W2: (d_out, r)``
with that Gram matrix, and r, which need not be the width, is at most ``d_in + d_out`` after
:meth:`NetworkState.compressed`.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from numerics.support.errors import OutOfRangeError
from numerics.support.object_validation import check_dataset, check_instance
from numerics.support.validation import check_matrix, check_nonnegative, check_text, check_width

__all__ = ["NetworkState"]

#: Given scales that differ from those of the weights by more than this factor are refused, where
#: a layer has enough entries: ten normal ones do so with probability 3e-9.
CONTRADICTION, ENTRIES = 100.0, 10


def _first_layer(value: ArrayLike) -> NDArray[np.float64]:
    return check_matrix("W1", value)


def _second_layer(value: ArrayLike, state: Any) -> NDArray[np.float64]:
    return check_matrix("W2", value, (None, state.W1.shape[0]))


def _scale(value: float, field: attrs.Attribute[Any]) -> float:
    return check_nonnegative(field.name, value)


def _width(value: float) -> float:
    # The self-consistent lift stands for infinite width.
    return value if isinstance(value, float) and value == np.inf else check_width(value)


def _kind(value: str) -> str:
    return check_text("kind", value)


def _mean_square(layer: str, dimension: int) -> float:
    """Return the field of a scale, which is ``||W||_F^2/d`` of its layer unless given."""

    def derived(state: NetworkState) -> float:
        weights = getattr(state, layer)
        power = float(np.vdot(weights, weights))
        if power == np.inf:
            raise OutOfRangeError(f"{layer} must be so small that its squares are floats")
        return power / weights.shape[dimension]

    def check(state: NetworkState, field: attrs.Attribute[Any], value: float) -> None:
        own, size = derived(state), getattr(state, layer).size
        enough = state.kind == "explicit" and size >= ENTRIES
        if enough and not own / CONTRADICTION <= value <= own * CONTRADICTION:
            side = "d_in" if dimension else "d_out"
            raise ValueError(
                f"{field.name} must be within a factor {CONTRADICTION:g} of "
                f"||{layer}||_F^2/{side} = {own:.3g}, got {value:.3g}"
            )

    return attrs.field(
        default=attrs.Factory(derived, takes_self=True),
        converter=attrs.Converter(_scale, takes_field=True),
        validator=check,
        kw_only=True,
    )


@attrs.frozen(eq=False)
class NetworkState:
    """Weights, or a factor of the same Gram matrix, with the scales of the two layers.

    The weights are all that is needed: the scales are those of a random start unless given, and
    given ones that contradict the weights a hundredfold are refused.

    Attributes
    ----------
    W1 : ndarray, shape (r, d_in)
        First layer.
    W2 : ndarray, shape (d_out, r)
        Second layer.
    c1, c2 : float
        ``sigma1^2 w`` and ``sigma2^2 w``, the scales of C1 and C2 (unit of A); by default the
        means of their diagonals, ``||W1||_F^2/d_in`` and ``||W2||_F^2/d_out``.
    width : float
        The width of the network that the state stands for, by default r; inf for the
        self-consistent lift.
    kind : str
        How it was made: ``explicit`` for weights as they were drawn, ``trained`` for weights that
        have moved since, whose scales stay those of their start.

    Examples
    --------
    >>> state = NetworkState(np.ones((2, 3)), np.ones((1, 2)))
    >>> state.A, state.c1, state.c2, state.width
    (array([[2., 2., 2.]]), 2.0, 2.0, 2.0)
    >>> NetworkState(np.ones((20, 3)), np.ones((1, 20)), c1=0.01)
    Traceback (most recent call last):
        ...
    ValueError: c1 must be within a factor 100 of ||W1||_F^2/d_in = 20, got 0.01
    """

    W1: NDArray[np.float64] = attrs.field(converter=_first_layer)
    W2: NDArray[np.float64] = attrs.field(
        converter=attrs.Converter(  # type: ignore[misc]  # mypy's plugin knows no Converter
            _second_layer, takes_self=True
        )
    )
    c1: float = _mean_square("W1", 1)
    c2: float = _mean_square("W2", 0)
    width: float = attrs.field(converter=_width, kw_only=True)
    kind: str = attrs.field(default="explicit", converter=_kind, kw_only=True)

    @width.default
    def _own_width(self) -> int:
        return self.W1.shape[0]

    @classmethod
    def from_run(cls, run: xr.Dataset) -> NetworkState:
        """Return where a run of :func:`numerics.linear.training.train` ended.

        Training goes on from there with the same ``dynamics``, also from a file.

        Raises
        ------
        ValueError
            If the dataset has no weights, as that of lazy dynamics.

        Examples
        --------
        >>> from numerics.linear.initial_states import random_state
        >>> from numerics.linear.tasks import low_rank_recovery
        >>> from numerics.linear.training import train
        >>> state = random_state(6, 6, 1e4, init_variance=1e-4, rng=1)
        >>> task = low_rank_recovery(6, rank=2, rng=0)
        >>> half = train(state, task, learning_rate=0.01, iterations=20)
        >>> rest = train(NetworkState.from_run(half), task, learning_rate=0.01, iterations=20)
        >>> whole = train(state, task, learning_rate=0.01, iterations=40)
        >>> bool(abs(rest.A - whole.A).max() < 1e-12)
        True
        """
        check_instance("run", run, xr.Dataset, "train")
        if not {"W1", "W2"} <= set(run):
            raise ValueError(
                f"run must have W1 and W2 at its end, got dynamics {run.attrs.get('dynamics')!r} "
                f"with {', '.join(map(str, run))}"
            )
        scales, weights = ("c1", "c2", "width"), {"W1": ("unit", "column"), "W2": ("row", "unit")}
        check_dataset("run", run, "train", weights, ("dynamics", *scales))
        dynamics = run.attrs["dynamics"]
        kind = "trained" if dynamics == "gradient_descent" else dynamics
        return cls(
            run.W1.values, run.W2.values, kind=kind, **{x: float(run.attrs[x]) for x in scales}
        )

    def compressed(self) -> NetworkState:
        """Return the state of width at most ``d_in + d_out`` that learns the same A.

        With ``[W1, W2^T] = Q R``, R is a factor of the same Gram matrix, also where that is
        singular, and training moves ``Q R`` to Q times what it moves R to.  A state that is no
        wider is returned as it is.
        """
        if self.W1.shape[0] <= self.d_in + self.d_out:
            return self
        R = np.asarray(np.linalg.qr(np.hstack([self.W1, self.W2.T]), mode="r"))
        W1, W2 = R[:, : self.d_in], R[:, self.d_in :].T
        return attrs.evolve(self, W1=np.ascontiguousarray(W1), W2=np.ascontiguousarray(W2))

    def expanded(self, start: NetworkState) -> NetworkState:
        """Return the weights of a wide network whose compressed form was trained to this state.

        Parameters
        ----------
        start : NetworkState
            The network from which training started, before it was compressed.

        Raises
        ------
        ValueError
            If this state is not of the form that the start is compressed to.

        Examples
        --------
        >>> from numerics.linear.initial_states import explicit_weights
        >>> start = explicit_weights(3, 2, 100, init_variance=0.01, rng=0)
        >>> back = start.compressed().expanded(start)
        >>> back.W1.shape, bool(abs(back.W1 - start.W1).max() < 1e-14)
        ((100, 3), True)
        """
        check_instance("start", start, NetworkState)
        width = min(start.W1.shape[0], start.d_in + start.d_out)
        wanted, own = ((x.d_in, x.d_out) for x in (start, self))
        if wanted != own or self.W1.shape[0] != width:
            raise ValueError(
                f"start must compress to (d_in, d_out) = {own} and width {self.W1.shape[0]}, got "
                f"{wanted} and {width}"
            )
        if start.W1.shape[0] == width:
            return self
        Q, _ = np.linalg.qr(np.hstack([start.W1, start.W2.T]))
        return attrs.evolve(self, W1=Q @ self.W1, W2=self.W2 @ Q.T)

    @property
    def d_in(self) -> int:
        """Input dimension."""
        return self.W1.shape[1]

    @property
    def d_out(self) -> int:
        """Output dimension."""
        return self.W2.shape[0]

    @property
    def threshold(self) -> float:
        """Return ``c = (c1 + c2)/2``: singular values below it move lazily."""
        return (self.c1 + self.c2) / 2

    @property
    def imbalance(self) -> float:
        """Return ``lam = c1 - c2``."""
        return self.c1 - self.c2

    @property
    def A(self) -> NDArray[np.float64]:
        """The matrix that the network computes, ``W2 W1``."""
        return self.W2 @ self.W1

    @property
    def C1(self) -> NDArray[np.float64]:
        """Return ``W1^T W1``."""
        return self.W1.T @ self.W1

    @property
    def C2(self) -> NDArray[np.float64]:
        """Return ``W2 W2^T``."""
        return self.W2 @ self.W2.T

    @property
    def gram(self) -> NDArray[np.float64]:
        """Return ``Q = [[C1, A^T], [A, C2]]``."""
        stacked = np.vstack([self.W1.T, self.W2])
        return stacked @ stacked.T
