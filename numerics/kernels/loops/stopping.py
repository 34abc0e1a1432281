"""The iteration at which the published experiments stop, from the errors of a run.

The rule looks at the train error now, before and at the start, and at how many times running the
test error rose (:mod:`theory.published_rules`).
"""

from numba import njit
from numpy import float64
from numpy.typing import NDArray

from numerics.kernels.loops.arithmetic import reason

compiled = njit(cache=True, nogil=True, error_model="numpy")


@compiled
def stop(
    train_errors: NDArray[float64],
    test_errors: NDArray[float64],
    settings: tuple[float, int, float, float, int],
) -> int:
    """Return the first iteration that ends a run, or the number of errors."""
    rises = 0
    for now in range(test_errors.size):
        # At the start there is nothing to compare with: nothing rose.
        before = max(now - 1, 0)
        rises = rises + 1 if test_errors[now] > test_errors[before] else 0
        train, train_1 = train_errors[now], train_errors[before]
        if reason(now, rises, train, train_1, train_errors[0], *settings) >= 0:
            return now
    return test_errors.size
