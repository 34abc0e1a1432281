"""Before any test module is imported: one BLAS thread.

Matrices of the tests are small, and threads that wait for each other cost more than they save,
many times more where other programs use the cores.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
