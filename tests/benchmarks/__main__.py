"""Costs against size: ``python tests/benchmarks --help``."""

import os

# Before any BLAS is loaded.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

from benchmark_page import main  # noqa: E402

if __name__ == "__main__":
    for path in main():
        print(path)
