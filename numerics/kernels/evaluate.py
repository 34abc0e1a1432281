"""Formulas of theory on arrays: the one way from an expression to numbers.

A formula is a function that returns a :class:`~theory.algebra.stable_form.StableForm`.  Its text is
printed once (:mod:`numerics.kernels.derived`) and imported by every later process.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.kernels.cache import load
from theory.algebra.stable_form import StableForm
from theory.kernels.emission import array_kernel, scalar_kernel

__all__ = ["evaluate", "output_names"]

Form = Callable[..., StableForm]


def evaluate(
    form: Form, *arguments: ArrayLike, settings: tuple[Hashable, ...] = (), compiled: bool = True
) -> dict[str, NDArray[np.float64]]:
    """Return the outputs of a form on arrays that are broadcast together.

    Parameters
    ----------
    form : callable
        Returns the form; not called where its text is known from an earlier process.
    *arguments : array_like
        The form's arguments, in its order.
    settings : tuple
        Arguments of ``form``.
    compiled : bool
        Entry by entry in compiled code; else by NumPy and SciPy, which know more functions and
        need no compilation where a formula is evaluated once or twice.

    Returns
    -------
    dict of str to ndarray
        In float64, each of the broadcast shape.

    Examples
    --------
    >>> from theory.random_matrices.spiked_matrix import spike_form
    >>> evaluate(spike_form, [40.0, 60.0], 1.0, 300, 300)["value"]
    array([47.5, 65. ])
    """
    kernel, names = _kernel(form, settings, compiled)
    shape = np.broadcast_shapes(*(np.shape(x) for x in arguments))
    if not compiled:
        # Whole numbers stay what they are: a sum may run to one.
        values = kernel(*map(np.asarray, arguments))
        found = (np.broadcast_to(np.asarray(x, dtype=np.float64), shape) for x in values)
        return dict(zip(names, found, strict=True))
    # np.full is several times faster than np.broadcast_arrays where arrays are small.
    filled = [np.full(shape, x, dtype=np.float64) for x in arguments]
    out = {name: np.empty(shape) for name in names}
    kernel(*(x.ravel() for x in filled), *(x.reshape(-1) for x in out.values()))
    return out


def output_names(
    form: Form, *, settings: tuple[Hashable, ...] = (), compiled: bool = True
) -> tuple[str, ...]:
    """Return the names of a form's outputs, in their order.

    Examples
    --------
    >>> from theory.random_matrices.spiked_matrix import spike_form
    >>> "value" in output_names(spike_form)
    True
    """
    return _kernel(form, settings, compiled)[1]


@cache
def _kernel(
    form: Form, settings: tuple[Hashable, ...], compiled: bool
) -> tuple[Callable[..., tuple[NDArray[np.float64], ...]], tuple[str, ...]]:
    name = form.__name__.removesuffix("_form").strip("_<>")
    module = load((scalar_kernel if compiled else array_kernel)(name, form, *settings))
    return getattr(module, name), module.OUTPUTS
