"""Generated kernels: stored, imported, compiled once."""
