"""What training does not see: rotations, transposition, units, the choice of the origin of time.

Rotating target and weights, transposing everything, or measuring A in another unit gives the same
run; flow continued from A(t1) is flow; and the loss never rises along it.  What is transformed runs
in the generated kernels, what it is compared with in plain NumPy.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from numerics.linear.closed_form import closed_form
from numerics.linear.gradient_flow import gradient_flow
from numerics.linear.initial_states import self_consistent_lift
from numerics.linear.network_state import NetworkState
from numerics.linear.tasks import Task
from numerics.linear.training import DYNAMICS, Trainer, stability_limit
from numerics.reference.euler_scheme import self_consistent_flow, self_consistent_rate
from numerics.reference.plain_starts import descend
from numerics.support.validation import UPDATES
from verify.framework.claim import Array, Claim, Counterexample, Fault, Problem
from verify.framework.laws import Bound, RoundOff
from verify.problems.linear_tasks import haar, network, quarter_of_limit, target_matrix, task
from verify.problems.strategies import LOSSES, REFERENCE_LOSSES, dimensions, problems, scales

__all__ = ["CLAIMS"]

FAMILY = "symmetry"
STEPS = 40


def _train(
    problem: Problem, state: NetworkState, goal: Task, unit: float = 1.0, update: str | None = None
) -> Array:
    """Return A after a fixed number of steps at a quarter of the stable learning rate, / unit."""
    trainer = Trainer(
        state,
        goal,
        learning_rate=_rate(problem) / unit,
        dynamics=problem.get("dynamics", "gradient_descent"),
        update=update or problem.get("update", "simultaneous"),
        loss=problem.get("loss", "squared"),
    )
    trainer.advance(problem.get("steps", STEPS))
    return trainer.A / unit


def _rate(problem: Problem) -> float:
    share = 4 * problem.get("rate", 0.25)
    return share * quarter_of_limit(task(problem), problem["c1"] + problem["c2"])


def _plain(problem: Problem) -> Array:
    """Return the run as it is, in plain NumPy."""
    state, goal = network(problem), task(problem)
    loss = REFERENCE_LOSSES[problem.get("loss", "squared")](goal.target, goal.mask)
    return descend(
        (state.W1, state.W2),
        loss,
        _rate(problem),
        problem.get("steps", STEPS),
        dynamics=problem.get("dynamics", "gradient_descent"),
        update=problem.get("update", "simultaneous"),
        scales=(problem["c1"], problem["c2"]),
    )


def _rotated(problem: Problem, second: bool = True, transposed: bool = False) -> Array:
    """Train in rotated coordinates and rotate the result back."""
    state, goal = network(problem), task(problem)
    rng = np.random.default_rng([problem["seed"], 6])
    U, V = haar(state.d_out, rng), haar(state.d_in, rng)
    Y = (U.T if transposed else U) @ goal.target @ V
    W2 = U @ state.W2 if second else state.W2
    turned = NetworkState(state.W1 @ V, W2, c1=state.c1, c2=state.c2, width=state.width)
    return U.T @ _train(problem, turned, Task(Y, Y)) @ V.T


def _transposed(problem: Problem, update: str = "simultaneous", swap: bool = True) -> Array:
    """Train the transposed problem with exchanged layers and transpose the result."""
    state, goal = network(problem), task(problem)
    mask = None if goal.mask is None else goal.mask.T
    c1, c2 = (state.c2, state.c1) if swap else (state.c1, state.c2)
    W1 = state.W2.T if swap else state.W2.T * np.sqrt(state.c1 / state.c2)
    W2 = state.W1.T if swap else state.W1.T * np.sqrt(state.c2 / state.c1)
    turned = NetworkState(
        np.ascontiguousarray(W1), np.ascontiguousarray(W2), c1=c1, c2=c2, width=state.width
    )
    mirrored = Task(goal.target.T, goal.truth.T, mask=mask)
    return _train(problem, turned, mirrored, update=update).T


def _scaled(problem: Problem, power: float = 0.5) -> Array:
    """Train in another unit of A and return to the old one; power 1/2 is that of the weights."""
    unit, state, goal = problem["unit"], network(problem), task(problem)
    weight = unit**power
    grown = NetworkState(
        weight * state.W1,
        weight * state.W2,
        c1=unit * state.c1,
        c2=unit * state.c2,
        width=state.width,
    )
    target = unit * goal.target
    return _train(problem, grown, Task(target, target, mask=goal.mask), unit=unit)


def _legs(problem: Problem) -> tuple[float, float]:
    rate = np.hypot(max(problem["spectrum"]), (problem["c1"] + problem["c2"]) / 2)
    return problem["first"] / rate, problem["second"] / rate


def _one_leg(problem: Problem) -> Array:
    """Integrate equation (1) over both legs, in plain NumPy."""
    Y, A0 = target_matrix(problem), 0.3 * target_matrix(problem, label=3)
    c = (problem["c1"] + problem["c2"]) / 2
    return self_consistent_flow(A0, lambda A: A - Y, c, [sum(_legs(problem))])[0]


def _two_legs(problem: Problem, factor: float = 1.0) -> Array:
    """Stop after the first leg and start again from A, with a threshold times ``factor``."""
    Y, A = target_matrix(problem), 0.3 * target_matrix(problem, label=3)
    c1, c2 = problem["c1"], problem["c2"]
    first, second = _legs(problem)
    A = closed_form(A, Y, c1=c1, times=[first], c2=c2)[0]
    return closed_form(A, Y, c1=factor * c1, times=[second], c2=factor * c2)[0]


def _largest_rise(problem: Problem, test: bool = False) -> float:
    """Return the largest rise of the loss between times, in units of the loss at the start."""
    goal, state = _noisy(problem), network(problem)
    rate = np.hypot(max(problem["spectrum"]), (problem["c1"] + problem["c2"]) / 2)
    times = np.linspace(0.0, 4.0, 33) / rate
    if problem["dynamics"] == "balanced":
        # The balanced start of a wide network is that of its small A(0): a larger one moves.
        A0 = 0.5 * target_matrix(problem, label=3)
        state = self_consistent_lift(A0, state.c1, state.c2)
    run = gradient_flow(
        state,
        goal,
        times,
        dynamics=problem["dynamics"],
        loss=problem["loss"],
        rtol=1e-12,
        atol=1e-14,
    )
    values = run.test_error.values if test else run.loss.values
    return float(np.diff(values).max() / values[0])


def _rise_of_descent(problem: Problem) -> float:
    """Return the largest rise of the loss under descent, at a fraction of the limit."""
    goal, state = task(problem), network(problem)
    trainer = Trainer(
        state, goal, learning_rate=problem["rate"] * stability_limit(goal, state.threshold)
    )
    start = trainer.errors[0]
    losses = np.append(start, trainer.advance(STEPS)[:, 0])
    return float(np.diff(losses).max() / start)


def _named_limit(problem: Problem) -> Array:
    """Return the limit that the package names, times the fastest rate at the target, over 2."""
    return np.array(stability_limit(task(problem), (problem["c1"] + problem["c2"]) / 2))


def _measured_limit(problem: Problem, power: float = 1.0) -> Array:
    """Return 2 over the fastest rate at which equation (1) approaches its target.

    The rate is linear in G; its largest eigenvalue is that of a matrix of all directions.
    """
    Y = target_matrix(problem)
    c = (problem["c1"] + problem["c2"]) / 2
    directions = np.eye(Y.size).reshape(-1, *Y.shape)
    rates = np.array([-self_consistent_rate(Y, G, c).ravel() for G in directions])
    return np.array(2.0 / np.linalg.eigvalsh((rates + rates.T) / 2)[-1] ** power)


def _noisy(problem: Problem) -> Task:
    """Return the problem's task with noise on the target, so that train and test differ."""
    plain = task(problem)
    rng = np.random.default_rng([problem["seed"], 7])
    noise = rng.standard_normal(plain.shape) * max(problem["spectrum"])
    return Task(plain.target + noise, plain.truth, mask=plain.mask)


_ALL = {"loss": st.sampled_from(LOSSES), "observed": st.sampled_from([1.0, 0.6])}
#: One mode at 1.5 times its stability limit.
_CHAOTIC = {
    "d_in": 1,
    "d_out": 1,
    "spectrum": [2.0],
    "c1": 0.05,
    "c2": 0.05,
    "seed": 0,
    "dynamics": "self_consistent",
    "unit": 3.0,
    "observed": 1.0,
    "rate": 1.5,
    "steps": 200,
}
#: As many units as rows and columns, at 0.8 of the limit of infinite width.
_NARROW = {
    "d_in": 4,
    "d_out": 3,
    "spectrum": [1.0],
    "c1": 5.0,
    "c2": 5.0,
    "seed": 2,
    "width": 7.0,
    "rate": 0.8,
}
_FLOWS = problems(**_ALL, dynamics=st.sampled_from(DYNAMICS))

CLAIMS = (
    Claim(
        name="equivariance",
        family=FAMILY,
        statement="Rotating the target and the weights on both sides rotates every run.",
        holds="squared loss with every entry observed, all dynamics and updates, stable rates",
        source="theory.dynamics.gram_flow; ours",
        problems=problems(dynamics=st.sampled_from(DYNAMICS), update=st.sampled_from(UPDATES)),
        predict=_plain,
        measure=_rotated,
        law=RoundOff("chained_steps", in_eps=False),
        faults=(
            Fault(
                "second layer not rotated", measure=lambda problem: _rotated(problem, second=False)
            ),
            Fault(
                "transposed rotation of the target",
                measure=lambda problem: _rotated(problem, transposed=True),
            ),
        ),
    ),
    Claim(
        name="transposition",
        family=FAMILY,
        statement="The transposed problem with exchanged layers has the transposed run.",
        holds="simultaneous update, any loss, mask and imbalance, stable rates",
        source="theory.dynamics.gram_flow; ours",
        problems=problems(**_ALL),
        predict=_plain,
        measure=_transposed,
        law=RoundOff("chained_steps", in_eps=False),
        faults=(
            Fault(
                "sequential update",
                measure=lambda problem: _transposed(problem, update="sequential"),
            ),
            Fault(
                "scales of the layers not exchanged",
                measure=lambda problem: _transposed(problem, swap=False),
            ),
        ),
    ),
    Claim(
        name="units",
        family=FAMILY,
        statement="(A, Y, c, t) -> (aA, aY, ac, t/a) gives the same run in another unit.",
        holds="squared loss, any mask and imbalance, all dynamics, a from 1e-8 to 1e8, learning "
        "rates below the stability limit",
        source="theory.dynamics.unified_evolution; ours",
        problems=problems(
            dynamics=st.sampled_from(DYNAMICS),
            unit=scales(1e-8, 1e8),
            observed=st.sampled_from([1.0, 0.6]),
        ),
        predict=_plain,
        measure=_scaled,
        law=RoundOff("chained_steps", in_eps=False),
        faults=(
            Fault("weights scaled like A", measure=lambda problem: _scaled(problem, power=1.0)),
        ),
        counterexamples=(
            Counterexample(
                looked_true="The run is the same to 1e-10 at any learning rate that does not "
                "diverge.",
                problem=_CHAOTIC,
                learnt="from 1.4 to 1.9 times the stability limit descent of one mode is bounded "
                "and chaotic: roundings are multiplied step by step, and after 200 steps equal "
                "runs differ by as much as A itself; claims of equality ask for a quarter of the "
                "limit",
            ),
        ),
    ),
    Claim(
        name="semigroup",
        family=FAMILY,
        statement="Self-consistent flow stopped at t1 and started again from A(t1) alone is the "
        "flow to t1 + t2.",
        holds="squared loss, any A0, shape and imbalance",
        source="theory.dynamics.closed_form; equation (1) is integrated in plain NumPy",
        problems=problems(first=scales(0.01, 10.0), second=scales(0.01, 10.0)),
        predict=_one_leg,
        measure=_two_legs,
        law=RoundOff("integrator", in_eps=False),
        faults=(
            Fault(
                "threshold of the second leg off by 2 %",
                measure=lambda problem: _two_legs(problem, factor=1.02),
            ),
        ),
    ),
    Claim(
        name="stability-limit",
        family=FAMILY,
        statement="Descent is stable at the target up to 2 over the fastest rate of equation (1) "
        "there.",
        holds="infinite width, squared loss, every entry observed, any shape and imbalance",
        source="theory.dynamics.single_mode; the rates are those of plain NumPy",
        problems=problems(d_in=dimensions(6), d_out=dimensions(6)),
        predict=_named_limit,
        measure=_measured_limit,
        law=RoundOff("kernel_relative", in_eps=False),
        faults=(
            Fault("a missing factor 2", predict=lambda problem: 2 * _named_limit(problem)),
            Fault(
                "the sum of the scales in place of their mean",
                predict=lambda problem: _named_limit(
                    problem | {name: 2 * problem[name] for name in ("c1", "c2")}
                ),
            ),
        ),
    ),
    Claim(
        name="loss-never-rises",
        family=FAMILY,
        statement="The training loss never rises under flow.",
        holds="all dynamics, any loss, mask, noise and shape",
        source="d loss/dt = -<G, C2 G + G C1> <= 0",
        problems=_FLOWS,
        predict=lambda problem: (-np.inf, 1e-10),
        measure=_largest_rise,
        law=Bound("no rise", "rounding of the sum of d^2 entries and the integrator's 1e-12"),
        faults=(
            Fault(
                "test error in place of the training loss",
                measure=lambda problem: _largest_rise(problem, test=True),
            ),
        ),
        counterexamples=(
            Counterexample(
                looked_true="The loss never rises under descent below the stability limit either.",
                problem=_NARROW,
                learnt="the limit 1/sqrt(y^2 + c^2) is that of infinite width; the kernel of a "
                "narrow network reaches (1 + sqrt(d/w))^2 times as far, and with 7 units, 4 "
                "inputs and 3 outputs the loss rises by half at 0.8 of the limit",
                measure=_rise_of_descent,
            ),
        ),
    ),
)
