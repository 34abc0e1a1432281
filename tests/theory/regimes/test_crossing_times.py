"""Times of a mode against the integration of its equation."""

import mpmath
import pytest
import sympy as sp

from theory.regimes import crossing_times as finite_time
from theory.symbols import c, y


def integrated(target, threshold, time):
    """Return s(t) by Taylor integration of the mode's equation, 30 digits."""
    with mpmath.workdps(30):
        solution = mpmath.odefun(
            lambda _, s: [2 * mpmath.sqrt(s[0] ** 2 + threshold**2) * (target - s[0])], 0, [0]
        )
        return solution(time)[0]


@pytest.mark.parametrize("ratio", [0.5, 0.1, 0.01])
def test_crossing_time(ratio):
    target = mpmath.mpf(3)
    at = {y: 3, c: sp.Float(3 * ratio, 30)}
    time = mpmath.mpf(sp.N(finite_time.crossing_time().subs(at), 25))
    assert abs(integrated(target, target * ratio, time) / (target * ratio) - 1) < 1e-14


@pytest.mark.parametrize("ratio", [10, 1, 0.1])
def test_convergence_time(ratio):
    target, accuracy = mpmath.mpf(2), 1e-5
    at = {y: 2, c: sp.Float(2 * ratio, 30), finite_time.accuracy: accuracy}
    time = mpmath.mpf(sp.N(finite_time.convergence_time().subs(at), 25))
    left = (target - integrated(target, target * ratio, time)) / target
    assert abs(left / accuracy - 1) < 1e-4  # the next order is accuracy itself
