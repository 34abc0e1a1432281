"""theory: sympy derives or proves every formula that the rest of the package runs."""
