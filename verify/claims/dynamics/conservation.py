"""What training conserves: balancedness and the quadratic law, and how far descent drifts."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from numerics.linear.gradient_flow import gradient_flow
from numerics.linear.initial_states import self_consistent_lift
from numerics.linear.network_state import NetworkState
from numerics.linear.observables import balancedness
from numerics.linear.training import Trainer
from verify.framework.claim import Array, Claim, Fault, Problem
from verify.framework.laws import PowerLaw, RoundOff
from verify.framework.replicates import over_draws
from verify.problems.linear_tasks import network, target_matrix, task
from verify.problems.strategies import LOSSES, problems

__all__ = ["CLAIMS"]

FAMILY = "conservation"
#: Time over which training runs, in units of the fastest mode's.
HORIZON = 1.0


def _end_of_flow(problem: Problem, state: NetworkState) -> tuple[Array, Array]:
    """Return W1 and W2 after flow over the time scale of the fastest mode."""
    end = HORIZON / (max(problem["spectrum"]) + state.threshold)
    run = gradient_flow(
        state,
        task(problem),
        [end],
        loss=problem.get("loss", "squared"),
        rtol=1e-12,
        atol=1e-14,
        keep_weights=True,
    )
    return run.W1.values[0], run.W2.values[0]


def _balancedness_start(problem: Problem) -> Array:
    state = network(problem)
    return balancedness(state.W1, state.W2)


def _balancedness_end(problem: Problem) -> Array:
    W1, W2 = _end_of_flow(problem, network(problem))
    return balancedness(W1, W2)


def _without_the_sign(problem: Problem) -> Array:
    W1, W2 = _end_of_flow(problem, network(problem))
    return W1 @ W1.T + W2.T @ W2


@over_draws()
def _drift(problem: Problem, steps: float, update: str = "simultaneous") -> float:
    state, goal = network(problem), task(problem)
    end = HORIZON / (max(problem["spectrum"]) + state.threshold)
    trainer = Trainer(state, goal, learning_rate=end / steps, update=update)
    trainer.advance(int(steps))
    after = balancedness(*trainer.weights)
    return float(np.linalg.norm(after - balancedness(state.W1, state.W2)))


def _parts_of_the_gram_matrix(problem: Problem) -> tuple[Array, Array, Array]:
    """Return D and O, blocks on and off the diagonal of Q, and the signs J, after flow."""
    A0 = 0.3 * target_matrix(problem, label=3)
    W1, W2 = _end_of_flow(problem, self_consistent_lift(A0, problem["c1"], problem["c2"]))
    stacked = np.vstack([W1.T, W2])
    signs = np.repeat([1.0, -1.0], [W1.shape[1], W2.shape[0]])
    Q = stacked @ stacked.T
    return Q * (np.outer(signs, signs) > 0), Q * (np.outer(signs, signs) < 0), signs


def _squares(problem: Problem) -> Array:
    """Return ``D^2 + O D``, what is added in ``(QJ)^2 = D^2 + O D - (O^2 + D O)``."""
    D, off, _ = _parts_of_the_gram_matrix(problem)
    return D @ D + off @ D


def _predicted_squares(problem: Problem, factor: float = 1.0) -> Array:
    """Return ``lam QJ + c1 c2 I`` and what is subtracted: where A is large both sides are."""
    D, off, signs = _parts_of_the_gram_matrix(problem)
    c1, c2 = problem["c1"], problem["c2"]
    signed = (c1 - c2) * (D + off) * signs
    return signed + factor * c1 * c2 * np.eye(signs.size) + off @ off + D @ off


CLAIMS = (
    Claim(
        name="balancedness-flow",
        family=FAMILY,
        statement="Gradient flow conserves Theta^T J Theta = W1 W1^T - W2^T W2.",
        holds="any loss, mask, shape and start",
        source="theory.dynamics.gram_flow; Arora, Cohen and Hazan 2018",
        problems=problems(loss=st.sampled_from(LOSSES), observed=st.sampled_from([1.0, 0.5])),
        predict=_balancedness_start,
        measure=_balancedness_end,
        law=RoundOff("integrator", in_eps=False),
        faults=(Fault("sum in place of the difference", measure=_without_the_sign),),
    ),
    Claim(
        name="balancedness-descent",
        family=FAMILY,
        statement="Under descent balancedness drifts at first order in the learning rate over a "
        "fixed time.",
        holds="squared loss, learning rates far below the stability limit",
        source="theory.dynamics.gram_flow, last steps",
        problems=problems(observed=st.just(1.0)),
        predict=lambda problem: -1.0,
        measure=_drift,
        law=PowerLaw("number of steps", (100, 150, 230, 350, 530, 800), chance=False),
        faults=(Fault("second order claimed", predict=lambda problem: -2.0),),
        cost="expensive",
    ),
    Claim(
        name="signed-gram-square",
        family=FAMILY,
        statement="(QJ)^2 = lam QJ + c1 c2 I stays true under flow of the self-consistent start.",
        holds="any c1, c2 > 0 and A0; squared loss here",
        source="theory.dynamics.unified_evolution",
        problems=problems(),
        predict=_predicted_squares,
        measure=_squares,
        law=RoundOff("integrator", in_eps=False),
        faults=(
            Fault(
                "one layer's scale off by 2 %",
                predict=lambda problem: _predicted_squares(problem, 1.02),
            ),
        ),
    ),
)
