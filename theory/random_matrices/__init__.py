"""Random matrices: Wishart fluctuations, and low-rank matrices seen through noise."""
