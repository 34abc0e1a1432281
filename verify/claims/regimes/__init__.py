"""Claims on regimes and boundaries."""
