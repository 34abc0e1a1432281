"""The engine of sweeps: declared grids, workers, a crash-safe store."""
