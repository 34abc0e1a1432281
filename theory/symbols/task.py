"""Symbols of low-rank recovery: a target ``Y = A* + noise`` and the layers at the start.

Tu, Aranguri and Jacot 2024: A* of rank k with singular values theta, noise of independent entries
of standard deviation tau; the unit of A is that of theta and tau.
"""

from __future__ import annotations

from theory.symbols.table import symbol

d = symbol("d", "rows and columns of A, where it is square", positive=True)
k = symbol("k", "rank of the signal A*", positive=True)
theta = symbol("theta", "a singular value of the signal A*", unit="unit of A", positive=True)
tau = symbol("tau", "standard deviation of an entry of the noise", unit="unit of A", positive=True)
sigma1 = symbol(
    "sigma1",
    "standard deviation of an entry of W1 at the start",
    latex=r"\sigma_{1}",
    unit="root of the unit of A",
    positive=True,
)
sigma2 = symbol(
    "sigma2",
    "standard deviation of an entry of W2 at the start",
    latex=r"\sigma_{2}",
    unit="root of the unit of A",
    positive=True,
)
