"""Regimes and boundaries, by comparing exponents."""
