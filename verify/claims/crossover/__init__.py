"""Claims on nonlinear networks."""
