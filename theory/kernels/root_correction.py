"""The arithmetic of a correction of a matrix root, in bases where the root is nearly diagonal.

The loop is :mod:`numerics.kernels.loops.root_correction`.
"""

from __future__ import annotations

from functools import cache

from theory.dynamics.matrix_root import root_correction
from theory.kernels.arithmetic import arithmetic_module, step_function, text_of
from theory.kernels.emission import KernelModule
from theory.symbols.dynamics import root_defect, root_i, root_j

__all__ = ["root_module"]


@cache
def root_module() -> KernelModule:
    """Return the arithmetic of the loop ``root_correction``."""
    return arithmetic_module("root", ("corrected_entry",), _root_text)


def _root_text() -> str:
    arguments = (root_defect, root_i, root_j)
    return text_of(step_function("corrected_entry", arguments, {"entry": root_correction()}))
