"""From sympy expressions to the text of numba modules."""
