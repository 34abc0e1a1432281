"""Generated kernels against mpmath, at scales where the formulas as written fail.

Each kernel computes in float64 what sympy put into a form without cancellation; the reference has
as many digits as cancellations eat and fifty more.  That of the single mode is no formula but the
exponential of a 2 x 2 matrix: ``ds/dt = 2 sqrt(s^2 + c^2) (y - s)`` is, in ``q = s + sqrt(s^2 +
c^2)``, the Riccati equation ``dq/dt = 2 y q - q^2 + c^2``, of which ``q = v/u`` with ``du/dt = v -
y u``, ``dv/dt = c^2 u + y v``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from hypothesis import strategies as st

from numerics.kernels.evaluate import evaluate
from numerics.linear.single_mode import single_mode
from theory.dynamics.closed_form import mode_eigenvalues
from theory.dynamics.single_mode import DEFINITIONS, mode_solution, remaining_distance
from theory.dynamics.unified_evolution import IMBALANCE, THRESHOLD, lift_form
from theory.symbols import c, c1, c2, s, s0, t, y
from verify.framework.claim import Array, Claim, Fault, Problem
from verify.framework.laws import RoundOff
from verify.problems.strategies import scales

__all__ = ["CLAIMS"]

FAMILY = "kernels"
#: Digits beyond those that cancel.
DIGITS = 50
#: Digits that a mode's distance to its target may fall by: 16 at the start, where that is the next
#: double, and ``exp(-2 D t)`` at D t = 141, of 123 digits.
LEFT = 150
#: Largest and smallest scale that is drawn; ratios are drawn from their own range.
UNIT = scales(1e-60, 1e60)
RATIO = scales(1e-40, 1e40)


def _digits(problem: Problem) -> int:
    """Return digits enough for differences of squares of what was drawn, and DIGITS more."""
    sizes = [abs(np.log10(abs(x))) for x in problem.values() if isinstance(x, float) and x]
    return DIGITS + int(4 * sum(sizes)) + 20


def _mode_arguments(problem: Problem) -> tuple[float, float, float, float]:
    """Return y, s0, c, t in the problem's unit; t in units of the rate."""
    unit = problem["unit"]
    threshold = unit * problem["threshold"]
    start = problem["sign"] * unit * problem["start"]
    time = problem["time"] / (unit * max(1.0, problem["threshold"]))
    return problem["sign"] * unit, start, threshold, time


@cache
def _mode_formulas(module: str) -> Callable[..., tuple[Any, ...]]:
    both = [x.subs(DEFINITIONS) for x in (mode_solution(), remaining_distance())]
    return sp.lambdify((y, s0, c, t), both, module)


def _mode_reference(problem: Problem, factor: float = 1.0) -> Array:
    """Return s and y - s from the linear system of the Riccati equation."""
    target, start, threshold, time = map(mpmath.mpf, _mode_arguments(problem))
    with mpmath.workdps(_digits(problem) + LEFT + 20):
        c = factor * threshold
        flow = _exponential(-target, mpmath.mpf(1), c**2, target, time)
        u, v = flow * mpmath.matrix([1, start + mpmath.sqrt(start**2 + c**2)])
        q = v / u
        value = (q - c**2 / q) / 2
        left = target - value
        # A start on the target stays there, where the difference is rounding.
        return np.array([float(value), float(left) if abs(left) > abs(target) / 10**LEFT else 0.0])


def _exponential(a: Any, b: Any, c: Any, d: Any, time: Any) -> mpmath.matrix:
    """Return ``exp([[a, b], [c, d]] time)``: a series at a fraction of the time, then squared."""
    norm = max(abs(a) + abs(b), abs(c) + abs(d)) * time
    halvings = max(0, int(mpmath.ceil(mpmath.log(norm, 2))) + 8) if norm else 0
    step = mpmath.matrix([[a, b], [c, d]]) * (time / 2**halvings)
    total = term = mpmath.eye(2)
    count = 0
    while mpmath.mnorm(term, 1) > mpmath.eps:
        count += 1
        term = term * step / count
        total = total + term
    for _ in range(halvings):
        total = total * total
    return total


def _mode_kernel(problem: Problem) -> Array:
    *mode, time = _mode_arguments(problem)
    return np.array([float(x) for x in single_mode(*mode, time=time)])


def _mode_as_written(problem: Problem) -> Array:
    with np.errstate(all="ignore"):
        return np.array(_mode_formulas("numpy")(*map(np.float64, _mode_arguments(problem))))


def _mode_in_float32(problem: Problem) -> Array:
    with np.errstate(over="ignore", under="ignore"):
        return _mode_kernel(problem).astype(np.float32)


def _lift_arguments(problem: Problem) -> tuple[float, float, float]:
    """Return s, c1 >= c2."""
    unit = problem["unit"]
    return unit * problem["value"], unit, unit * problem["layers"]


def _lift_reference(problem: Problem, factor: float = 1.0) -> Array:
    """Return the factor of ``[[lam/2 + p, s], [s, -lam/2 + p]]`` by Cholesky."""
    value, first, second = map(mpmath.mpf, _lift_arguments(problem))
    with mpmath.workdps(_digits(problem)):
        upper, lower = _lift_blocks()(value, first, second)
        pivot = mpmath.sqrt(factor * upper)
        below = value / pivot
        return np.array([float(pivot), float(below), float(mpmath.sqrt(lower - below**2))])


@cache
def _lift_blocks() -> Callable[..., tuple[Any, ...]]:
    root = sp.sqrt(s**2 + THRESHOLD**2)
    return sp.lambdify((s, c1, c2), (IMBALANCE / 2 + root, -IMBALANCE / 2 + root), "mpmath")


def _lift_kernel(problem: Problem) -> Array:
    return np.array(list(evaluate(lift_form, *_lift_arguments(problem)).values()))


def _lift_as_written(problem: Problem) -> Array:
    value, first, second = _lift_arguments(problem)
    root = np.sqrt(value**2 + ((first + second) / 2) ** 2)
    pivot = np.sqrt((first - second) / 2 + root)
    rest = root - (first - second) / 2 - (value / pivot) ** 2
    return np.array([pivot, value / pivot, np.sqrt(max(rest, 0.0))])


def _riccati_arguments(problem: Problem) -> tuple[float, float, float, float]:
    """Return f, c1, c2, t."""
    unit = problem["unit"]
    value = problem["sign"] * unit * problem["value"]
    time = problem["time"] / (unit * max(1.0, problem["value"]))
    return value, unit, unit * problem["layers"], time


def _riccati_reference(problem: Problem, factor: float = 1.0) -> Array:
    """Return D - f, exp(-Dt) and (1 - exp(-2Dt))/(2D), with D = sqrt(f^2 + c1 c2)."""
    value, first, second, time = map(mpmath.mpf, _riccati_arguments(problem))
    with mpmath.workdps(_digits(problem)):
        rate = mpmath.sqrt(value**2 + factor * first * second)
        decay = mpmath.exp(-rate * time)
        return np.array([float(x) for x in (rate - value, decay, (1 - decay**2) / (2 * rate))])


def _riccati_kernel(problem: Problem) -> Array:
    return np.array(list(evaluate(mode_eigenvalues, *_riccati_arguments(problem)).values()))


def _riccati_as_written(problem: Problem) -> Array:
    value, first, second, time = _riccati_arguments(problem)
    rate = np.sqrt(value**2 + first * second)
    decay = np.exp(-rate * time)
    return np.array([rate - value, decay, (1 - decay**2) / (2 * rate)])


_MODES = st.fixed_dictionaries(
    {
        "unit": UNIT,
        "threshold": RATIO,
        "start": st.one_of(st.just(0.0), RATIO),
        "sign": st.sampled_from([1.0, -1.0]),
        "time": scales(1e-12, 100.0),
    }
)
_LIFTS = st.fixed_dictionaries({"unit": UNIT, "value": RATIO, "layers": scales(1e-40, 1.0)})
_RICCATI = st.fixed_dictionaries(
    {
        "unit": UNIT,
        "value": RATIO,
        "layers": scales(1e-40, 1.0),
        "sign": st.sampled_from([1.0, -1.0]),
        "time": scales(1e-12, 100.0),
    }
)
_LAW = RoundOff("kernel_relative", in_eps=False, entrywise=True)

CLAIMS = (
    Claim(
        name="kernel-single-mode",
        family=FAMILY,
        statement="The single mode's value and its distance to the target are right to 1e-13 each.",
        holds="start and target of one sign (or start 0), units from 1e-60 to 1e60, thresholds "
        "and starts from 1e-40 to 1e40 targets, up to 100 times the time scale",
        source="theory.dynamics.single_mode; the reference is a matrix exponential in mpmath",
        problems=_MODES,
        predict=_mode_reference,
        measure=_mode_kernel,
        law=_LAW,
        faults=(
            Fault("the formula as written", measure=_mode_as_written),
            Fault("float32 in disguise", measure=_mode_in_float32),
            Fault("threshold off by 2 %", predict=lambda x: _mode_reference(x, factor=1.02)),
        ),
    ),
    Claim(
        name="kernel-lift",
        family=FAMILY,
        statement="The entries of the lift's factor are right to 1e-13 each.",
        holds="c1 >= c2 > 0 (the layers swap otherwise), ratios to 1e40",
        source="theory.dynamics.unified_evolution, lift_form",
        problems=_LIFTS,
        predict=_lift_reference,
        measure=_lift_kernel,
        law=_LAW,
        faults=(
            Fault("Cholesky as written", measure=_lift_as_written),
            Fault("upper block off by 2 %", predict=lambda x: _lift_reference(x, factor=1.02)),
        ),
    ),
    Claim(
        name="kernel-riccati",
        family=FAMILY,
        statement="The coefficients of the matrix closed form are right to 1e-13 each.",
        holds="any sign of f, ratios to 1e40, up to 100 times the time scale",
        source="theory.dynamics.closed_form, mode_eigenvalues",
        problems=_RICCATI,
        predict=_riccati_reference,
        measure=_riccati_kernel,
        law=_LAW,
        faults=(
            Fault("D - f as written", measure=_riccati_as_written),
            Fault("c1 c2 off by 2 %", predict=lambda x: _riccati_reference(x, factor=1.02)),
        ),
    ),
)
