"""Hypothesis strategies for the problems of claims: dictionaries of numbers, names and seeds.

:mod:`verify.problems.linear_tasks` builds matrices, tasks and networks from a drawn problem.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from numerics.reference import explicit_training as reference
from verify.framework.claim import Problem

__all__ = ["LOSSES", "REFERENCE_LOSSES", "dimensions", "problems", "scales", "seeds", "spectra"]

LOSSES = ("squared", "huber", "log_cosh")

#: The same losses in plain NumPy, of a target and a mask.
REFERENCE_LOSSES = {
    "squared": reference.squared,
    "huber": lambda target, mask: reference.huber(target, mask, delta=1.0),
    "log_cosh": reference.log_cosh,
}


def seeds() -> SearchStrategy[int]:
    """Return seeds of everything random in a problem."""
    return st.integers(0, 2**32 - 1)


def dimensions(largest: int = 12) -> SearchStrategy[int]:
    """Return matrix dimensions from 1."""
    return st.integers(1, largest)


def scales(lowest: float, highest: float) -> SearchStrategy[float]:
    """Return positive numbers, uniform in their logarithm."""
    low, high = np.log10(lowest), np.log10(highest)
    return st.floats(float(low), float(high)).map(lambda exponent: float(10.0**exponent))


def spectra(smallest: float = 0.05, largest: float = 20.0) -> SearchStrategy[list[float]]:
    """Return the nonzero singular values of a target, 1 to 4 of them."""
    return st.lists(scales(smallest, largest), min_size=1, max_size=4)


def problems(**extra: SearchStrategy) -> SearchStrategy[Problem]:
    """Return problems with dimensions, a target's spectrum, both layers' scales and a seed.

    Keys: ``d_in``, ``d_out``, ``spectrum`` (padded with zeros or cut to the smaller dimension),
    ``c1``, ``c2`` (scales of the layers), ``seed``; and whatever ``extra`` names.
    """
    base: dict[str, SearchStrategy] = {
        "d_in": dimensions(),
        "d_out": dimensions(),
        "spectrum": spectra(),
        "c1": scales(0.02, 5.0),
        "c2": scales(0.02, 5.0),
        "seed": seeds(),
    }
    return st.fixed_dictionaries(base | extra)
