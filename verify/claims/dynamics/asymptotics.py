"""How fast what is exact only in a limit gets there: infinite width, zero learning rate.

Networks of width w follow the self-consistent dynamics of their own start up to ``w^(-1/2)``, the
size of the fluctuations of C1 and C2; schemes of learning rate eta follow flow up to ``eta``.
"""

from __future__ import annotations

from itertools import islice

import numpy as np
from hypothesis import strategies as st

from numerics.linear.initial_states import self_consistent_lift
from numerics.linear.network_state import NetworkState
from numerics.linear.tasks import Task
from numerics.linear.training import Trainer
from numerics.reference.euler_scheme import euler_self_consistent, self_consistent_flow
from verify.framework.claim import Array, Claim, Counterexample, Fault, Problem
from verify.framework.laws import PowerLaw
from verify.framework.replicates import over_draws
from verify.problems.linear_tasks import network, target_matrix, task
from verify.problems.strategies import LOSSES, problems, scales

__all__ = ["CLAIMS"]

FAMILY = "asymptotics"
WIDTHS = (1e8, 1e9, 1e10, 1e11)
#: Widths at which the exponent is not yet 1/2 where the target is far below the threshold.
WIDE = (1e5, 1e6, 1e7, 1e8)
#: Widths beside the dimensions (at most 24 in all), where the exponent is not yet 1/2.
NARROW = (32.0, 64.0, 128.0, 256.0)
#: Draws, the same at every width, so that the exponent of each hardly scatters.
REPLICATES = 16
STEPS = (100, 170, 300, 520, 900, 1600)


def _end(problem: Problem) -> float:
    """Return the time by which the fastest mode has been learned, from a start near 0."""
    mean, top = (problem["c1"] + problem["c2"]) / 2, max(problem["spectrum"])
    return float((1 + np.arcsinh(top / mean)) / (2 * np.hypot(top, mean)))


@over_draws(REPLICATES, np.array)
def _width_gap(problem: Problem, width: float, factor: float = 1.0) -> float:
    """Return the distance of descent from the self-consistent dynamics at the end of the run."""
    goal, steps = task(problem), 60
    state = network(problem, width)
    wrong = NetworkState(
        state.W1, state.W2, c1=factor * state.c1, c2=factor * state.c2, width=width
    )
    finals = []
    for start, dynamics in ((state, "gradient_descent"), (wrong, "self_consistent")):
        trainer = Trainer(
            start,
            goal,
            learning_rate=_end(problem) / steps,
            dynamics=dynamics,
            loss=problem["loss"],
        )
        trainer.advance(steps)
        finals.append(trainer.A)
    return float(np.linalg.norm(finals[0] - finals[1]))


def _start(problem: Problem) -> tuple[Array, Array, NetworkState]:
    Y, A0 = target_matrix(problem), 0.3 * target_matrix(problem, label=3)
    return Y, A0, self_consistent_lift(A0, problem["c1"], problem["c2"])


def _lift_descent(problem: Problem, steps: int, factor: float = 1.0) -> Array:
    Y, A0, _ = _start(problem)
    state = self_consistent_lift(A0, factor * problem["c1"], factor * problem["c2"])
    trainer = Trainer(state, Task(Y, Y), learning_rate=_end(problem) / steps)
    trainer.advance(steps)
    return trainer.A


@over_draws()
def _euler_gap(problem: Problem, steps: float, factor: float = 1.0) -> float:
    """Return the distance of the Euler scheme of equation (1) from the lift's descent."""
    Y, A0, _ = _start(problem)
    scheme = euler_self_consistent(
        A0, lambda A: A - Y, (problem["c1"] + problem["c2"]) / 2, _end(problem) / steps, int(steps)
    )
    *_, last = islice(scheme, int(steps), None)
    return float(np.linalg.norm(last - _lift_descent(problem, int(steps), factor)))


@over_draws()
def _descent_gap(problem: Problem, steps: float, factor: float = 1.0) -> float:
    """Return the distance of equation (1)'s flow, in plain NumPy, from the lift's descent."""
    Y, A0, _ = _start(problem)
    c = (problem["c1"] + problem["c2"]) / 2
    exact = self_consistent_flow(A0, lambda A: A - Y, c, [_end(problem)])[0]
    return float(np.linalg.norm(exact - _lift_descent(problem, int(steps), factor)))


_SMOOTH = problems(
    spectrum=st.lists(scales(0.2, 5.0), min_size=1, max_size=4),
    c1=scales(0.1, 5.0),
    c2=scales(0.1, 5.0),
)
_WIDE = problems(
    loss=st.sampled_from(LOSSES),
    observed=st.sampled_from([1.0, 0.6]),
    d_in=st.integers(2, 12),
    d_out=st.integers(2, 12),
)
#: A target far below the threshold.
_FAINT = {
    "d_in": 11,
    "d_out": 11,
    "spectrum": [0.06],
    "c1": 4.0,
    "c2": 2.5,
    "seed": 1,
    "loss": "squared",
    "observed": 1.0,
}
#: A lazy problem of 24 rows and columns in all.
_SQUARE = {
    "d_in": 12,
    "d_out": 12,
    "spectrum": [1.0, 0.3],
    "c1": 2.0,
    "c2": 2.0,
    "seed": 1,
    "loss": "squared",
    "observed": 1.0,
}

CLAIMS = (
    Claim(
        name="infinite-width",
        family=FAMILY,
        statement="Gradient descent of a random network approaches the self-consistent dynamics "
        "like width^(-1/2).",
        holds="widths from 1e8 with dimensions up to 12 and targets from c/100, any loss, mask and "
        "imbalance, up to the time at which the fastest mode is learned",
        source="Tu, Aranguri and Jacot 2024, theorem 1; theory.prediction.fluctuations",
        problems=_WIDE,
        predict=lambda problem: -0.5,
        measure=_width_gap,
        law=PowerLaw("width", WIDTHS, bias="width_bias", resolution="resolution_sixth"),
        faults=(
            Fault("w^(-1/3)", predict=lambda problem: -1 / 3),
            Fault(
                "threshold off by 2 %",
                measure=lambda problem, width: _width_gap(problem, width, factor=1.02),
            ),
        ),
        cost="expensive",
        counterexamples=(
            Counterexample(
                looked_true="The distance falls like width^(-1/2) from the smallest widths on.",
                problem=_SQUARE,
                learnt="while sqrt(d/w) is not small the second order in the fluctuations "
                "counts: from 32 to 256 units with 24 rows and columns in all the exponent is "
                "-0.8, not -0.5; the claim starts at width 1e8",
                law=PowerLaw("width", NARROW, bias="width_bias"),
            ),
            Counterexample(
                looked_true="From width 1e5 on the exponent is -1/2 for every target.",
                problem=_FAINT,
                learnt="second order is relative (c/y) sqrt(d/w) where the target y is below c, "
                "since fluctuations act on the initial matrix of size c/sqrt(w) too: at y = c/50 "
                "the exponent from 1e5 to 1e8 is -0.6 (found by a fresh seed of this claim, "
                "which then drew from width 1e5)",
                law=PowerLaw("width", WIDE, bias="width_bias"),
            ),
        ),
    ),
    Claim(
        name="euler-lift",
        family=FAMILY,
        statement="The Euler scheme of equation (1), with square roots, and descent of the lift, "
        "without, approach each other like the learning rate.",
        holds="squared loss, fixed time, any shape and imbalance",
        source="theory.dynamics.unified_evolution; the scheme is that of the published experiments",
        problems=_SMOOTH,
        predict=lambda problem: -1.0,
        measure=_euler_gap,
        law=PowerLaw("number of steps", STEPS, chance=False),
        faults=(
            Fault("second order claimed", predict=lambda problem: -2.0),
            Fault(
                "lift's threshold off by 2 %",
                measure=lambda problem, steps: _euler_gap(problem, steps, factor=1.02),
            ),
        ),
        cost="expensive",
    ),
    Claim(
        name="descent-flow",
        family=FAMILY,
        statement="Descent of the lift approaches the flow of equation (1) like the learning rate.",
        holds="squared loss, fixed time, any shape and imbalance",
        source="theory.dynamics.unified_evolution; equation (1) is integrated in plain NumPy",
        problems=_SMOOTH,
        predict=lambda problem: -1.0,
        measure=_descent_gap,
        law=PowerLaw("number of steps", STEPS, chance=False),
        faults=(
            Fault("second order claimed", predict=lambda problem: -2.0),
            Fault(
                "lift's threshold off by 2 %",
                measure=lambda problem, steps: _descent_gap(problem, steps, factor=1.02),
            ),
        ),
        cost="expensive",
    ),
)
