"""The scalar forms of theory on arrays, entry by entry, by their generated kernels."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.kernels.cache import load
from theory.algebra.stable_form import StableForm
from theory.kernels.emission import scalar_kernel

__all__ = ["evaluate"]


def evaluate(form: Callable[[], StableForm], *arguments: ArrayLike) -> dict[str, NDArray]:
    """Return the outputs of a form on arrays that are broadcast together.

    Parameters
    ----------
    form : callable
        Function of :mod:`theory` that returns the form; called once in a process.
    *arguments : array_like
        The form's arguments, in its order.

    Examples
    --------
    >>> from theory.random_matrices.spiked_matrix import spike_form
    >>> evaluate(spike_form, [40.0, 60.0], 1.0, 300, 300)["value"]
    array([47.5, 65. ])
    """
    kernel, names = _kernel(form)
    shape = np.broadcast_shapes(*(np.shape(x) for x in arguments))
    # np.full is several times faster than np.broadcast_arrays where arrays are small.
    filled = [np.full(shape, x, dtype=np.float64) for x in arguments]
    out = {name: np.empty(shape) for name in names}
    kernel(*(x.ravel() for x in filled), *(x.reshape(-1) for x in out.values()))
    return out


@cache
def _kernel(form: Callable[[], StableForm]) -> tuple[Callable[..., None], tuple[str, ...]]:
    made, name = form(), form.__name__.removesuffix("_form")
    return getattr(load(scalar_kernel(name, made)), name), tuple(made.outputs)
