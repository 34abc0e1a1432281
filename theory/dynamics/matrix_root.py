"""Following the root ``C1 = sqrt(A^T A + c^2 I)`` of equation (1) from one A to the next.

A root S that is off by E has the defect ``M - S^2 = S E + E S + E^2``; where S is diagonal, an
entry of E is that of the defect divided by the sum of two entries of S.  The root of the other side
needs none: :mod:`theory.dynamics.unified_evolution` proves

    C2 = c I + A (C1 + c I)^{-1} A^T.

Holds for ``lam = 0``, which equation (1) is a formula of (:mod:`theory.dynamics.unified_evolution`:
the imbalance cancels).
"""

from __future__ import annotations

import sympy as sp

from theory.symbols.dynamics import root_defect, root_entry, root_i, root_j

__all__ = ["root_correction"]


def root_correction() -> sp.Expr:
    """Return an entry of the first-order correction of a root that is diagonal.

    Examples
    --------
    >>> root_correction()
    defect/(root_i + root_j)
    """
    equation = sp.Eq(root_i * root_entry + root_entry * root_j, root_defect)
    (found,) = sp.solve(equation, root_entry)
    return found
