"""Train and test error without simulation."""
