"""What a prediction is asked for, checked as a whole before anything is computed or loaded.

A :class:`PredictedTask` is low-rank recovery in the numbers that a prediction needs; a
:class:`RunOptions` says how a run goes on.  :func:`check_range` refuses what the arguments alone
put outside the range of validity: a rank above ``RANK_SHARE`` of the dimension (the spectrum is off
by its square), and a width below ``WIDTHS_PER_RANK`` times the rank.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from numerics.prediction.mode_spectrum import ModeSpectrum, mode_spectrum, typical_singular_values
from numerics.prediction.network_scales import RandomNetwork
from numerics.support.errors import OutOfRangeError
from numerics.support.object_validation import check_size
from numerics.support.settings import setting
from numerics.support.validation import (
    UPDATES,
    check_choice,
    check_count,
    check_dimension,
    check_nonnegative,
    check_positive,
    check_rank,
    check_switch,
    check_vector,
    check_width,
)
from theory.wording import shown

__all__ = [
    "RANK_SHARE",
    "REFERENCES",
    "WIDTHS_PER_RANK",
    "PredictedTask",
    "RunOptions",
    "check_network",
    "check_range",
]

#: What the distance of gradient descent is measured from: the self-consistent dynamics as the
#: width-free lift (:mod:`numerics.linear.training`), or as Euler steps of equation (1), as
#: published.
REFERENCES = ("lift", "euler")

#: Smallest width that counts as valid, over the rank.
WIDTHS_PER_RANK = 5

#: Largest rank that counts as valid, over the smaller dimension.
RANK_SHARE = 0.15


def _check_noise(name: str, value: Any) -> float:
    noise = check_nonnegative(name, value)
    check_size(name, noise)
    return noise


def _check_signal(name: str, value: Any) -> NDArray[np.float64] | None:
    if value is None:
        return None
    values = check_vector(name, value)
    check_size(name, values)
    if values.min() <= 0:
        raise ValueError(f"{name} must be > 0, got {values.min()}")
    return values


def _check_rank(name: str, value: Any) -> int | None:
    return None if value is None else check_dimension(name, value)


@attrs.frozen(eq=False, kw_only=True)
class PredictedTask:
    """A task ``Y = A* + noise``; A* by its rank, of typical singular values, or by these.

    Attributes
    ----------
    d_in, d_out : int
        Columns and rows of A*.
    rank : int
        Of A*; given, or the number of singular values.
    singular_values : ndarray or None
        Of A*, where they are given.
    noise : float
        Standard deviation of the noise entries.
    nodes : int
        Nodes of the bulk.
    """

    d_in: int = setting(check_dimension)
    d_out: int = setting(check_dimension)
    rank: int = setting(_check_rank, None)
    singular_values: NDArray[np.float64] | None = setting(_check_signal, None)
    noise: float = setting(_check_noise)
    nodes: int = setting(check_dimension)

    def __attrs_post_init__(self) -> None:
        """Check what takes several fields."""
        values = self.singular_values
        if (self.rank is None) == (values is None):
            raise ValueError(
                f"exactly one of rank and singular_values must be given, got "
                f"rank={shown(self.rank)}, singular_values={shown(values)}"
            )
        rank = self.rank if values is None else values.size
        object.__setattr__(self, "rank", check_rank(rank, self.d_in, self.d_out))

    @classmethod
    def of(cls, **settings: Any) -> Self:
        """Return a task of settings in any form that they are taken in."""
        return cls(**settings)

    @classmethod
    def square(
        cls, size: int, *, rank: object, singular_values: object, noise: object, nodes: object
    ) -> Self:
        """Return a square task, whose rank has a default that singular values replace."""
        return cls.of(
            d_in=size,
            d_out=size,
            rank=rank if singular_values is None else None,
            singular_values=singular_values,
            noise=noise,
            nodes=nodes,
        )

    def signal(self) -> NDArray[np.float64]:
        """Return the singular values of A*."""
        if self.singular_values is not None:
            return self.singular_values
        return typical_singular_values(self.d_in, self.d_out, self.rank)

    def spectrum(self) -> ModeSpectrum:
        """Return the modes of Y."""
        return mode_spectrum(
            self.d_in, self.d_out, self.signal(), noise=self.noise, nodes=self.nodes
        )


@attrs.frozen(kw_only=True)
class RunOptions:
    """How a predicted run goes on, and what is told of it; see ``predict_run``."""

    iterations: int = setting(check_dimension)
    update: str = setting(partial(check_choice, choices=UPDATES))
    reference: str = setting(partial(check_choice, choices=REFERENCES))
    stop: bool = setting(check_switch, False)
    draws: int = setting(check_count, 0)
    allow_out_of_range: bool = setting(check_switch, False)


def check_network(
    width: float,
    init_variance: float,
    init_variance2: float | None,
    learning_rate: float,
    update: str,
) -> RandomNetwork:
    """Return a network and its learning rate; ValueError or TypeError names what is wrong."""
    units = check_width(width)
    first = second = check_positive("init_variance", init_variance)
    if init_variance2 is not None:
        second = check_positive("init_variance2", init_variance2)
    check_size("init_variance * width", max(first, second) * units)
    rate = check_positive("learning_rate", learning_rate)
    return RandomNetwork(first * units, second * units, units, rate, update)


def check_range(task: PredictedTask, allowed: bool | None = None, **widths: float) -> None:
    """Refuse a rank, and a width given by its name, outside the range of validity.

    Parameters
    ----------
    task : PredictedTask
        Whose rank it is.
    allowed : bool, optional
        The switch that lets such a prediction pass; None where there is none.
    **widths : float
        Widths by the names of their arguments.

    Raises
    ------
    OutOfRangeError
        Unless such a prediction is allowed.
    """
    if allowed:
        return
    told = "" if allowed is None else " (allow_out_of_range=True returns it all the same)"
    most, least = RANK_SHARE * min(task.d_in, task.d_out), WIDTHS_PER_RANK * task.rank
    if task.rank > most:
        raise OutOfRangeError(
            f"rank must be at most {RANK_SHARE:g} of the smaller dimension, {most:g}, for a "
            f"prediction, got {task.rank}{told}"
        )
    for name, width in widths.items():
        if width < least:
            raise OutOfRangeError(
                f"{name} must be at least {WIDTHS_PER_RANK} times the rank, {least}, for a "
                f"prediction, got {width:g}{told}"
            )
