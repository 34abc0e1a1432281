"""Claims on the dynamics of linear networks."""
