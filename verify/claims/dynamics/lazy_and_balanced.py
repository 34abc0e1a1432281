"""The lazy and the balanced limit, each with its order, and the mixed regime between them.

The flow between the limits is that of equation (1), integrated in plain NumPy.
A singular value follows its gradient at the rate ``2 sqrt(s^2 + c^2)``: ``2c`` below the threshold
with a relative correction ``(s/c)^2/2``, ``2s`` above it with ``(c/s)^2/2``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import sympy as sp
from hypothesis import strategies as st

from numerics.kernels.evaluate import evaluate
from numerics.linear.gradient_flow import gradient_flow
from numerics.linear.initial_states import self_consistent_lift
from numerics.linear.tasks import Task
from numerics.reference.euler_scheme import self_consistent_flow
from theory.algebra.stable_form import StableForm
from theory.dynamics.single_mode import DEFINITIONS, threshold_crossing_time
from theory.dynamics.unified_evolution import balanced_rate, lazy_rate, mode_rate
from theory.symbols import c, s, y
from verify.framework.claim import Array, Claim, Counterexample, Fault, Problem
from verify.framework.laws import Bound, PowerLaw, RoundOff
from verify.problems.linear_tasks import bases, in_bases, network, target_matrix
from verify.problems.strategies import problems, scales

__all__ = ["CLAIMS"]

FAMILY = "limits"
#: Ratios of threshold to target (or of the smallest value to the threshold) that are fitted.
RATIOS = (10.0, 20.0, 40.0, 80.0, 160.0)
#: Width of the network whose singular values are followed.
WIDTH = 1e14


def _order(rate: tuple[sp.Expr, sp.Expr], small: sp.Symbol) -> float:
    """Return the exponent of the relative correction of a limit, from its series."""
    ratio = rate[1] / rate[0]
    return float(sp.simplify(small * sp.diff(ratio, small) / ratio))


def _scaled(problem: Problem, threshold: float) -> tuple[float, float]:
    """Return c1 and c2 in the problem's ratio, with a given mean."""
    factor = 2 * threshold / (problem["c1"] + problem["c2"])
    return factor * problem["c1"], factor * problem["c2"]


def _lazy_gap(problem: Problem, ratio: float, factor: float = 1.0) -> float:
    """Return the largest distance of lazy from self-consistent flow, relative to the target."""
    Y, A0 = target_matrix(problem), 0.3 * target_matrix(problem, label=3)
    norm = max(problem["spectrum"])
    c1, c2 = _scaled(problem, ratio * norm)
    times = np.array([0.3, 1.0, 2.0]) / (2 * ratio * norm)
    state = self_consistent_lift(A0, factor * c1, factor * c2)
    lazy = gradient_flow(
        state, Task(Y, Y), times, dynamics="lazy", rtol=1e-12, atol=1e-14 * norm
    ).A.values
    mixed = self_consistent_flow(A0, lambda A: A - Y, (c1 + c2) / 2, times, atol=1e-14 * norm)
    return float(np.abs(lazy - mixed).max() / norm)


def _balanced_gap(
    problem: Problem, ratio: float, factor: float = 1.0, start: float = 1.0, late: float = 1.0
) -> float:
    """Return the largest distance of balanced from self-consistent flow, in target units.

    The start is positive definite in the bases of the target, so that the singular values of A
    stay above the smallest of start and target.
    """
    left, right = bases(problem)
    values = np.array(problem["spectrum"])[: min(problem["d_out"], problem["d_in"])]
    rng = np.random.default_rng([problem["seed"], 5])
    root = rng.standard_normal((values.size, values.size)) / np.sqrt(values.size)
    smallest = values.min()
    inner = start * smallest * (0.5 * np.eye(values.size) + root @ root.T)
    A0 = left[:, : values.size] @ inner @ right[:, : values.size].T
    Y = target_matrix(problem)
    c1, c2 = _scaled(problem, 0.5 * smallest / ratio)
    times = late * np.array([0.3, 1.0, 2.0]) / (2 * values.max())
    balanced = gradient_flow(
        self_consistent_lift(factor * A0, c1, c2),
        Task(Y, Y),
        times,
        dynamics="balanced",
        rtol=1e-12,
        atol=1e-14,
    ).A.values
    return float(
        np.abs(balanced - self_consistent_flow(A0, lambda A: A - Y, (c1 + c2) / 2, times)).max()
        / values.max()
    )


def _mixed_modes(problem: Problem) -> tuple[Array, Array, float]:
    """Follow a wide network; return singular values, their rates by differences, and c.

    Rates are divided by the distance to the target, at three times of the run.
    """
    mean = (problem["c1"] + problem["c2"]) / 2
    targets = mean * np.array(problem["modes"])[: min(problem["d_out"], problem["d_in"])]
    left, right = (basis[:, : targets.size] for basis in bases(problem))
    Y = (left * targets) @ right.T
    fastest = np.hypot(targets.max(), mean)
    end = (1 + np.arcsinh(targets.max() / mean)) / (2 * fastest)
    # Five points: the error of the difference is of order (rate x step)^4.
    step = 0.01 / fastest
    times = end * np.array([0.1, 0.5, 1.0])[:, None] + step * np.arange(-2, 3)
    run = gradient_flow(network(problem, WIDTH), Task(Y, Y), times.ravel(), rtol=1e-12, atol=1e-15)
    values = np.einsum("ik,tij,jk->tk", left, run.A.values, right).reshape(3, 5, -1)
    rates = np.einsum("j,tjk->tk", [1, -8, 0, 8, -1], values) / (12 * step)
    return np.abs(values[:, 2]), rates / (targets - values[:, 2]), mean


def _rate_law(problem: Problem, factor: float = 1.0) -> Array:
    values, _, threshold = _mixed_modes(problem)
    return evaluate(_rate_form, values, factor * threshold, compiled=False)["rate"]


def _sigma_for_variance(problem: Problem) -> float:
    """Return ``sigma w/(sigma^2 w)``."""
    return float(np.sqrt(2 * WIDTH / (problem["c1"] + problem["c2"])))


def _rate_form() -> StableForm:
    return StableForm((s, c), (), {"rate": mode_rate()})


def _outside_the_limits(problem: Problem, factor: float = 1.0) -> float:
    """Return the largest deviation from 2c or 2s in units of its predicted correction."""
    values, rates, threshold = _mixed_modes(problem)
    low, high = np.minimum(values, factor * threshold), np.maximum(values, factor * threshold)
    # What differences and the finite width may add is not held against the correction.
    rest = np.abs(rates / (2 * high) - 1) - NETWORK_ERROR
    return float((rest / ((low / high) ** 2 / 2)).clip(min=0).max())


NETWORK_ERROR = 1e-4


def _crossing(problem: Problem, instant: bool = False, factor: float = 1.0) -> float:
    """Return the largest singular value at the predicted time of crossing, over the threshold."""
    target = problem["target"]
    c1, c2 = _scaled(problem, factor * target * problem["ratio"])
    mean = target * problem["ratio"]
    moment = _crossing_time()(target, mean)
    if instant:
        moment = float(sp.asinh(1)) / (2 * target)
    Y = in_bases(problem, [target])
    state = self_consistent_lift(np.zeros_like(Y), c1, c2)
    A = gradient_flow(state, Task(Y, Y), [moment], rtol=1e-12, atol=1e-15).A.values[-1]
    return float(np.linalg.norm(A, 2) / mean)


@cache
def _crossing_time() -> Callable[[float, float], float]:
    positive = sp.Symbol("y", positive=True)
    formula = threshold_crossing_time().subs(DEFINITIONS).subs(y, positive)
    return lambda target, mean: float(
        formula.subs({positive: sp.Float(target, 60), c: sp.Float(mean, 60)}).evalf(30)
    )


_MIXED = problems(
    modes=st.lists(scales(0.03, 30.0), min_size=1, max_size=5),
    d_in=st.integers(2, 12),
    d_out=st.integers(2, 12),
)
_MODERATE = problems(spectrum=st.lists(scales(0.5, 5.0), min_size=1, max_size=4))
#: Start and target of opposite sign: the balanced flow stops at 0, the mixed one goes on.
_OPPOSITE = {"d_in": 1, "d_out": 1, "spectrum": [1.0], "c1": 1.0, "c2": 1.0, "seed": 0}

CLAIMS = (
    Claim(
        name="lazy-limit",
        family=FAMILY,
        statement="Far above the targets the threshold makes training lazy, with an error of "
        "second order in (target/threshold).",
        holds="squared loss, any shape and imbalance, starts of the size of the target",
        source="theory.dynamics.unified_evolution; Jacot, Gabriel and Hongler 2018",
        problems=_MODERATE,
        predict=lambda problem: -_order(lazy_rate(), s),
        measure=_lazy_gap,
        law=PowerLaw("threshold/target", RATIOS, bias="limit_bias", chance=False),
        faults=(
            Fault("first order claimed", predict=lambda problem: -1.0),
            Fault(
                "frozen kernel off by 2 %",
                measure=lambda problem, ratio: _lazy_gap(problem, ratio, factor=1.02),
            ),
        ),
    ),
    Claim(
        name="balanced-limit",
        family=FAMILY,
        statement="Far above the threshold training is balanced, with an error of second order "
        "in (threshold/smallest value).",
        holds="squared loss, fixed times, starts that are positive definite in the bases of the "
        "target, any imbalance of the order of the threshold",
        source="theory.dynamics.unified_evolution; Arora, Cohen and Hazan 2018",
        problems=_MODERATE,
        predict=lambda problem: -_order(balanced_rate(), c),
        measure=_balanced_gap,
        law=PowerLaw("smallest value/threshold", RATIOS, bias="limit_bias", chance=False),
        faults=(
            Fault("first order claimed", predict=lambda problem: -1.0),
            Fault(
                "start of the balanced flow off by 1 %",
                measure=lambda problem, ratio: _balanced_gap(problem, ratio, factor=1.01),
            ),
        ),
        counterexamples=(
            Counterexample(
                looked_true="The balanced limit holds with order 2 from any start, however late.",
                problem=_OPPOSITE,
                learnt="a singular value of the wrong sign stops at 0 in the balanced flow and "
                "passes 0 in the mixed one at a time of order log(1/c), so at late times the "
                "distance does not fall with c at all; the claim asks for fixed times and a start "
                "that is positive definite in the bases of the target",
                measure=lambda problem, ratio: _balanced_gap(problem, ratio, start=-1.0, late=20.0),
            ),
        ),
    ),
    Claim(
        name="mode-rates",
        family=FAMILY,
        statement="Each singular value follows its gradient at the rate 2 sqrt(s^2 + c^2), all in "
        "one network.",
        holds="width far above the dimensions, targets from 0.03 c to 30 c, any imbalance",
        source="Tu, Aranguri and Jacot 2024, section 3; theory.dynamics.unified_evolution",
        problems=_MIXED,
        predict=_rate_law,
        measure=lambda problem: _mixed_modes(problem)[1],
        law=RoundOff("wide_network", in_eps=False, entrywise=True),
        faults=(
            Fault("threshold off by 2 %", predict=lambda problem: _rate_law(problem, 1.02)),
            Fault("a missing factor 2", predict=lambda problem: _rate_law(problem) / 2),
            Fault(
                "sigma w in place of sigma^2 w",
                predict=lambda problem: _rate_law(problem, _sigma_for_variance(problem)),
            ),
        ),
    ),
    Claim(
        name="lazy-below-balanced-above",
        family=FAMILY,
        statement="Below the threshold the rate is 2c, above it 2s, both within the predicted "
        "correction (s/c)^2/2 or (c/s)^2/2.",
        holds="as for mode-rates",
        source="Tu, Aranguri and Jacot 2024, section 3; theory.dynamics.unified_evolution",
        problems=_MIXED,
        predict=lambda problem: (0.0, 1.0),
        measure=_outside_the_limits,
        law=Bound("at most the correction", "sqrt(1 + x) - 1 lies between 0 and x/2"),
        faults=(
            Fault(
                "threshold off by 2 %",
                measure=lambda problem: _outside_the_limits(problem, factor=1.02),
            ),
            Fault(
                "threshold without the mean, c1 + c2",
                measure=lambda problem: _outside_the_limits(problem, factor=2.0),
            ),
        ),
    ),
    Claim(
        name="threshold-crossing",
        family=FAMILY,
        statement="A singular value that starts at 0 reaches the threshold at the predicted time, "
        "asinh(1)/(2y) where c << y.",
        holds="0 < c < y (up to c = 0.9 y here), any shape and imbalance",
        source="theory.dynamics.single_mode",
        problems=problems(target=scales(1e-3, 1e3), ratio=scales(1e-4, 0.9)),
        predict=lambda problem: 1.0,
        measure=_crossing,
        law=RoundOff("integrator", in_eps=False),
        faults=(
            Fault(
                "the time of c << y everywhere",
                measure=lambda problem: _crossing(problem, instant=True),
            ),
            Fault("threshold off by 2 %", measure=lambda problem: _crossing(problem, factor=1.02)),
        ),
    ),
)
