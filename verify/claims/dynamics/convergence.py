"""Where training ends: the mixed dynamics reach the target from any start, the balanced need not.

Both layers together move A at least at the rate ``2c`` in every direction, since C1 + lam/2 and
C2 - lam/2 exceed c: ``||A(t) - Y|| <= exp(-2ct) ||A(0) - Y||`` for the squared loss.  Balanced
dynamics (c = 0) keep the rank of their start at most, and stop a mode of the wrong sign at 0.
"""

from __future__ import annotations

import numpy as np
import sympy as sp
from hypothesis import strategies as st
from numpy.typing import NDArray

from numerics.kernels.evaluate import evaluate
from numerics.linear.descent import mode_stability_limit
from numerics.linear.gradient_flow import gradient_flow
from numerics.linear.initial_states import balanced_factor, self_consistent_lift
from numerics.linear.network_state import NetworkState
from numerics.linear.observables import balancedness
from theory.algebra.stable_form import StableForm
from theory.dynamics.single_mode import balanced_mode
from theory.symbols import s0, t, y
from verify.framework.claim import Array, Claim, Counterexample, Fault, Problem
from verify.framework.laws import Bound, RoundOff
from verify.problems.linear_tasks import in_bases, network, target_matrix, task
from verify.problems.strategies import problems, scales

__all__ = ["CLAIMS"]

FAMILY = "convergence"
#: Starts that balanced dynamics cannot leave or that oppose the target.
STARTS = ("zero", "opposite", "low rank", "orthogonal", "large")
#: Times in units of 1/(2c) at which the distance is compared with its bound.
TIMES = (0.4, 2.0, 6.0)
#: Round-off of a distance, in units of the distance at the start; see "integrator".
FLOOR = 1e-9
#: Size of the start and end of the run of modes with the wrong sign, in units of y and 1/y.
START = 0.5
STUCK_TIME = 4.0
#: A lazy network of as many units as it has rows and columns.
_NARROW = {
    "d_in": 8,
    "d_out": 8,
    "spectrum": [0.5, 0.5],
    "c1": 5.0,
    "c2": 5.0,
    "seed": 0,
    "spread": 1.0,
    "observed": 1.0,
}
#: Long after the errors have grown, two modes of the wrong sign.
_LATE = {
    "d_in": 3,
    "d_out": 3,
    "spectrum": [1.0, 1.5],
    "c1": 1.0,
    "c2": 1.0,
    "seed": 0,
    "signs": [-1],
    "late": 40.0,
}


def _start(problem: Problem) -> Array:
    """Return the named start; all but the last are of the size of the target."""
    Y = target_matrix(problem)
    size = max(problem["spectrum"])
    return {
        "zero": lambda: np.zeros_like(Y),
        "opposite": lambda: -Y,
        "low rank": lambda: size * in_bases(problem, [1.0], label=3),
        "orthogonal": lambda: in_bases(problem, [0.0] * len(problem["spectrum"]) + [size]),
        "large": lambda: 10 * size * in_bases(problem, [1.0, 0.5, 0.2], label=3),
    }[problem["start"]]()


def _mixed_share_of_bound(problem: Problem, factor: float = 1.0, balanced: bool = False) -> float:
    """Return the largest distance to the target in units of its bound, from the named start."""
    c1, c2, A0 = problem["c1"], problem["c2"], _start(problem)
    state = balanced_factor(A0) if balanced else self_consistent_lift(A0, c1, c2)
    return _share_of_bound(problem, state, factor * (c1 + c2))


def _network_share_of_bound(problem: Problem, factor: float = 1.0, floor: bool = True) -> float:
    """Return the share of the bound for a random network, whose balancedness guarantees a rate."""
    state = network(problem, problem["spread"] * (problem["d_in"] + problem["d_out"]))
    rate = _guaranteed_rate(state) if floor else state.c1 + state.c2
    return _share_of_bound(problem, state, factor * rate)


def _guaranteed_rate(state: NetworkState) -> float:
    """Return a lower bound of ``min eig C1 + min eig C2`` for all times.

    ``W1 W1^T >= W1 W1^T - W2^T W2``, which is conserved, so the least eigenvalue of C1 is at least
    its d_in-th largest eigenvalue; likewise C2 with the other sign.
    """
    values = np.linalg.eigvalsh(balancedness(state.W1, state.W2))
    return float(max(values[-state.d_in], 0.0) + max(-values[state.d_out - 1], 0.0))


def _share_of_bound(problem: Problem, state: NetworkState, rate: float) -> float:
    """Return the largest ``||A(t) - Y||/||A(0) - Y||`` on observed entries over exp(-rate t)."""
    goal = task(problem)
    times = np.array([0.0, *TIMES]) / (problem["c1"] + problem["c2"])
    run = gradient_flow(state, goal, times, rtol=1e-12, atol=1e-14)
    seen = np.ones(goal.shape, dtype=bool) if goal.mask is None else goal.mask
    distance = np.array([np.linalg.norm((A - goal.target)[seen]) for A in run.A.values])
    bound = distance[0] * (np.exp(-rate * times) + FLOOR)
    return float((distance / bound)[1:].max())


def _best_of_rank(problem: Problem, mixed: bool = False) -> float:
    """Return the least distance to the target over that of the best matrix of the start's rank."""
    rank, goal = problem["rank"], task(problem)
    values = problem["spectrum"][: min(problem["d_in"], problem["d_out"])]
    tail = np.sort(values)[::-1][rank:]
    A0 = in_bases(problem, [max(problem["spectrum"])] * rank, label=3)
    c1, c2 = problem["c1"], problem["c2"]
    state = self_consistent_lift(A0, c1, c2) if mixed else balanced_factor(A0)
    # Singular values that are rounding errors grow like exp(2yt): from 1e-16 to 1e-10 here.
    times = np.array([0.5, 2.0, 6.0]) / max(values)
    run = gradient_flow(state, goal, times, rtol=1e-12, atol=1e-14)
    distance = np.linalg.norm(run.A.values - goal.target, axis=(1, 2))
    return float(distance.min() / np.linalg.norm(tail))


def _largest_stable_rate(problem: Problem, both: bool = True) -> float:
    """Return 2 over the largest curvature of the observed entries' loss, by its whole matrix."""
    A = target_matrix(problem)
    c, lam = (problem["c1"] + problem["c2"]) / 2, problem["c1"] - problem["c2"]
    C1 = _root(A.T @ A, c) + lam / 2 * np.eye(problem["d_in"])
    C2 = _root(A @ A.T, c) - lam / 2 * np.eye(problem["d_out"])
    kernel = np.kron(np.eye(len(C2)), C1) + both * np.kron(C2, np.eye(len(C1)))
    seen = _seen(problem).ravel()
    return 2 / float(np.linalg.eigvalsh(kernel[np.ix_(seen, seen)])[-1])


def _root(square: Array, c: float) -> Array:
    values, vectors = np.linalg.eigh(square)
    return (vectors * np.sqrt(np.maximum(values, 0) + c**2)) @ vectors.T


def _seen(problem: Problem) -> NDArray[np.bool_]:
    mask = task(problem).mask
    return np.ones((problem["d_out"], problem["d_in"]), dtype=bool) if mask is None else mask


def _stable_rates(problem: Problem, block: bool = True) -> tuple[float, float]:
    """Return the bounds: the limits of the norm of A, and of a block that is observed in full."""
    A, c = target_matrix(problem), (problem["c1"] + problem["c2"]) / 2
    seen = np.where(_seen(problem), A, 0.0)
    rows = max(np.linalg.norm(seen, axis=k).max() for k in (0, 1))
    norm = float(np.linalg.norm(A, 2))
    largest = norm if problem["observed"] == 1.0 or not block else float(rows)
    low, high = (mode_stability_limit(x, c) for x in (norm, largest))
    return low * (1 - FLOOR), high * (1 + FLOOR)


def _signs(problem: Problem) -> Array:
    count = min(problem["d_in"], problem["d_out"], len(problem["spectrum"]))
    return np.resize(problem["signs"], count)


def _stuck_end(problem: Problem, signed: bool = True) -> Array:
    """Return the balanced modes at the end: logistic, or the same with time reversed to 0."""
    signs = _signs(problem)
    targets = np.array(problem["spectrum"])[: signs.size]
    time = problem.get("late", STUCK_TIME) / targets.min()
    starts = (signs if signed else np.abs(signs)) * START * targets
    times = time * np.sign(starts)
    found = evaluate(_balanced_form, targets, starts, times, compiled=False)
    return in_bases(problem, found["mode"])


def _stuck_run(problem: Problem, threshold: float = 0.0) -> Array:
    signs = _signs(problem)
    targets = np.array(problem["spectrum"])[: signs.size]
    A0 = in_bases(problem, signs * START * targets)
    state = self_consistent_lift(A0, threshold) if threshold else balanced_factor(A0)
    end = problem.get("late", STUCK_TIME) / targets.min()
    return gradient_flow(state, task(problem), [end], rtol=1e-12, atol=1e-14).A.values[0]


def _balanced_form() -> StableForm:
    positive = sp.Symbol("y", positive=True)
    return StableForm((positive, s0, t), (), {"mode": balanced_mode().subs(y, positive)})


_MODERATE = {
    "spectrum": st.lists(scales(0.5, 5.0), min_size=2, max_size=4),
    "c1": scales(0.1, 5.0),
    "c2": scales(0.1, 5.0),
    "d_in": st.integers(2, 12),
    "d_out": st.integers(2, 12),
}

CLAIMS = (
    Claim(
        name="mixed-converges",
        family=FAMILY,
        statement="From any start the mixed dynamics reach the target, at least at the rate "
        "c1 + c2 = 2c.",
        holds="squared loss, any mask and shape, starts of any rank and sign, c > 0",
        source="theory.dynamics.unified_evolution (C1 + C2 >= 2c); ours",
        problems=problems(
            **_MODERATE, start=st.sampled_from(STARTS), observed=st.sampled_from([1.0, 0.6])
        ),
        predict=lambda problem: (0.0, 1.0),
        measure=_mixed_share_of_bound,
        law=Bound("at most exp(-2ct)", "d/dt ||A - Y||^2 <= -4c ||A - Y||^2"),
        faults=(
            Fault("rate 4c", measure=lambda problem: _mixed_share_of_bound(problem, factor=2.0)),
            Fault(
                "balanced dynamics in their place",
                measure=lambda problem: _mixed_share_of_bound(problem, balanced=True),
            ),
        ),
    ),
    Claim(
        name="network-converges",
        family=FAMILY,
        statement="A random network converges at least at the rate that its conserved "
        "balancedness guarantees.",
        holds="squared loss, gradient flow, any mask, shape, width and start",
        source="theory.dynamics.gram_flow (balancedness is conserved); ours",
        problems=problems(
            **_MODERATE,
            spread=st.sampled_from([1.0, 3.0, 30.0, 1e4]),
            observed=st.sampled_from([1.0, 0.6]),
        ),
        predict=lambda problem: (0.0, 1.0),
        measure=_network_share_of_bound,
        law=Bound("at most exp(-rate t)", "d/dt ||A - Y||^2 <= -2 rate ||A - Y||^2"),
        faults=(
            Fault(
                "rate 2.5 times as large",
                measure=lambda problem: _network_share_of_bound(problem, factor=2.5),
            ),
        ),
        counterexamples=(
            Counterexample(
                looked_true="A random network of any width converges at least at the rate 2c of "
                "its threshold c = sigma^2 w.",
                problem=_NARROW,
                learnt="the least eigenvalue of C1 is below c by 2 c sqrt(d_in/w): a narrow "
                "network has directions slower than 2c; 2c holds at infinite width (claim "
                "mixed-converges), the conserved balancedness at any",
                measure=lambda problem: _network_share_of_bound(problem, floor=False),
            ),
        ),
    ),
    Claim(
        name="masked-stability",
        family=FAMILY,
        statement="Where entries are hidden the largest stable learning rate is between the limits "
        "of the norm of A and of that of any block that is observed in full.",
        holds="squared loss, any mask, shape and A that fits, C1 and C2 of infinite width, c > 0",
        source="theory.dynamics.masked_stability",
        problems=problems(observed=st.sampled_from([1.0, 0.6, 0.3])),
        predict=_stable_rates,
        measure=_largest_stable_rate,
        law=Bound("between two limits", "the curvature along b a^T is at least that of b^T A a"),
        faults=(
            Fault("nothing hidden", predict=lambda problem: _stable_rates(problem, block=False)),
            Fault("one layer alone", measure=lambda x: _largest_stable_rate(x, both=False)),
        ),
    ),
    Claim(
        name="balanced-rank",
        family=FAMILY,
        statement="Balanced dynamics never come closer to the target than the best matrix of "
        "their start's rank.",
        holds="c = 0, any start of rank below the target's, times up to yt = 6 (see the limit of "
        "balanced-stuck)",
        source="Eckart and Young 1936; the rank of a balanced factor does not grow",
        problems=problems(**_MODERATE, rank=st.just(1)),
        predict=lambda problem: (1 - FLOOR, np.inf),
        measure=_best_of_rank,
        law=Bound("at least the tail of the target", "no matrix of that rank is closer"),
        faults=(
            Fault(
                "mixed dynamics in their place",
                measure=lambda problem: _best_of_rank(problem, mixed=True),
            ),
        ),
    ),
    Claim(
        name="balanced-stuck",
        family=FAMILY,
        statement="Balanced dynamics stop a mode whose start has the wrong sign at 0.",
        holds="c = 0, starts in the singular bases of the target, times up to yt = 8",
        source="theory.dynamics.single_mode, balanced limit; time reversed for the wrong sign",
        problems=problems(
            spectrum=st.lists(st.floats(1.0, 2.0), min_size=1, max_size=4),
            signs=st.lists(st.sampled_from([-1, 1]), min_size=1, max_size=4),
        ),
        predict=_stuck_end,
        measure=_stuck_run,
        law=RoundOff("integrator", in_eps=False),
        faults=(
            Fault(
                "sign of the start ignored",
                predict=lambda problem: _stuck_end(problem, signed=False),
            ),
            Fault(
                "threshold 0.02 in place of 0",
                measure=lambda problem: _stuck_run(problem, threshold=0.02),
            ),
        ),
        counterexamples=(
            Counterexample(
                looked_true="In floating-point numbers too the mode stays at 0 for ever.",
                problem=_LATE,
                learnt="0 is a saddle: errors of 1e-16 to 1e-12 grow like exp(yt), so that the "
                "mode leaves it at yt of about 30 and reaches the target; the claim ends at "
                "yt = 8, and a run of balanced dynamics that ends at the target after a long "
                "plateau shows rounding, not alignment",
            ),
        ),
    ),
)
