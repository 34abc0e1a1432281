"""Following the root ``C1 = sqrt(A^T A + c^2 I)`` of equation (1) from one A to the next.

A root S that is off by E has the defect ``M - S^2 = S E + E S + E^2``; where S is diagonal, an
entry of E is that of the defect divided by the sum of two entries of S.  The root of the other side
needs none: with ``C1^2 = A^T A + c^2 I``,

    C2 = c I + A (C1 + c I)^{-1} A^T.

Holds for ``lam = 0``, which equation (1) is a formula of (:mod:`theory.dynamics.unified_evolution`:
the imbalance cancels).
"""

from __future__ import annotations

import sympy as sp

__all__ = ["DEFECT", "ROOT_I", "ROOT_J", "root_correction"]

DEFECT = sp.Symbol("defect", real=True)
ROOT_I, ROOT_J = sp.symbols("root_i root_j", positive=True)


def root_correction() -> sp.Expr:
    """Return an entry of the first-order correction of a root that is diagonal.

    Examples
    --------
    >>> root_correction()
    defect/(root_i + root_j)
    """
    entry = sp.Symbol("entry", real=True)
    (found,) = sp.solve(sp.Eq(ROOT_I * entry + entry * ROOT_J, DEFECT), entry)
    return found
