"""The closed form against the weights' own flow, integrated in plain NumPy.

Both sides start from weights that are built here: lambda-balanced ones from a singular value
decomposition, those of infinite width from the roots of equation (1) and a Cholesky factor.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from numerics.linear.closed_form import ClosedForm
from numerics.linear.network_state import NetworkState
from numerics.linear.riccati.from_factor import FactorSolution
from numerics.linear.riccati.target_basis import TargetBasis
from numerics.linear.tasks import Task
from numerics.reference import explicit_training as reference
from verify.framework.claim import Array, Claim, Fault, Problem
from verify.framework.laws import RoundOff
from verify.problems.linear_tasks import haar, target_matrix
from verify.problems.strategies import problems, scales

__all__ = ["CLAIMS"]

FAMILY = "exact-solutions"
#: End of the runs in units of the slowest time scale that a network of the imbalance has.
ENDS = (0.3, 3.0, 12.0)


def _balanced(problem: Problem) -> tuple[Array, Array]:
    """Return W1 and W2 with ``W1 W1^T - W2^T W2`` equal to the imbalance."""
    lam, d_in, d_out = problem["imbalance"], problem["d_in"], problem["d_out"]
    # Ranks: a layer that is the larger one in every unit needs a row for each.
    most = {1: d_in, -1: d_out, 0: problem["width"]}[int(np.sign(lam))]
    width = min(problem["width"], most)
    rng = np.random.default_rng([problem["seed"], 5])
    left, right, turn = haar(d_out, rng), haar(d_in, rng), haar(width, rng)
    count = min(d_in, d_out, width)
    squares = np.zeros(width)
    squares[:count] = problem["start"] * rng.random(count)
    first = np.sqrt(squares + max(lam, 0.0))[: min(width, d_in)]
    second = np.sqrt(squares + max(-lam, 0.0))[: min(width, d_out)]
    W1 = (turn[:, : first.size] * first) @ right[:, : first.size].T
    return W1, (left[:, : second.size] * second) @ turn[:, : second.size].T


def _infinitely_wide(problem: Problem) -> tuple[Array, Array]:
    """Return a factor of the Gram matrix of infinite width around a random A0."""
    A0 = 0.3 * target_matrix(problem, label=3)
    c, lam = (problem["c1"] + problem["c2"]) / 2, problem["c1"] - problem["c2"]
    C1 = _root(A0.T @ A0 + c**2 * np.eye(problem["d_in"])) + lam / 2 * np.eye(problem["d_in"])
    C2 = _root(A0 @ A0.T + c**2 * np.eye(problem["d_out"])) - lam / 2 * np.eye(problem["d_out"])
    factor = np.linalg.cholesky(np.block([[C1, A0.T], [A0, C2]]))
    return np.ascontiguousarray(factor[: problem["d_in"]].T), factor[problem["d_in"] :]


def _root(square: Array) -> Array:
    values, vectors = np.linalg.eigh(square)
    return (vectors * np.sqrt(values)) @ vectors.T


def _end(problem: Problem) -> float:
    lam = problem.get("imbalance", problem["c1"] - problem["c2"])
    return problem["end"] / np.hypot(max(problem["spectrum"]), lam / 2)


def _blocks(A: Array, C1: Array, C2: Array) -> Array:
    return np.block([[C1, A.T], [A, C2]])


def _integrated(problem: Problem, weights: tuple[Array, Array]) -> Array:
    loss = reference.squared(target_matrix(problem))
    run = reference.gradient_flow(*weights, loss, [_end(problem)], rtol=1e-12, atol=1e-14)
    return _blocks(run.A[-1], run.W1.T @ run.W1, run.W2 @ run.W2.T)


def _exact(problem: Problem, weights: tuple[Array, Array]) -> Array:
    Y = target_matrix(problem)
    solution = ClosedForm.from_state(NetworkState(*weights), Task(Y, Y))
    return _blocks(*solution.blocks(_end(problem)))


def _shifted(problem: Problem, factor: float) -> Array:
    """Return the solution whose target is shifted by another multiple of the imbalance."""
    c1, c2 = (max(sign * factor * problem["imbalance"], 0.0) for sign in (1, -1))
    basis = TargetBasis(target_matrix(problem), c1 - c2)
    solution = FactorSolution(basis, *_balanced(problem), c1=c1, c2=c2)
    A, C1, C2 = solution.blocks(_end(problem))
    left, right = basis.left, basis.right
    return _blocks(left @ A @ right.T, right @ C1 @ right.T, left @ C2 @ left.T)


def _as_if_infinitely_wide(problem: Problem) -> Array:
    W1, W2 = _balanced(problem)
    state, Y = NetworkState(W1, W2), target_matrix(problem)
    return _blocks(*ClosedForm(state.A, Y, c1=state.c1, c2=state.c2).blocks(_end(problem)))


def _wide_scales(problem: Problem, factor: float = 1.0) -> Array:
    Y, A0 = target_matrix(problem), 0.3 * target_matrix(problem, label=3)
    solution = ClosedForm(A0, Y, c1=factor * problem["c1"], c2=problem["c2"])
    return _blocks(*solution.blocks(_end(problem)))


CLAIMS = (
    Claim(
        name="closed-form-balanced",
        family=FAMILY,
        statement="From lambda-balanced weights of any width the closed form is the flow of A, C1 "
        "and C2.",
        holds="squared loss, any shape, width and imbalance",
        source="theory.dynamics.low_rank_solution; the reference is plain NumPy",
        problems=problems(
            width=st.integers(1, 8),
            imbalance=st.sampled_from([0.0, 1.0, -1.0, 50.0, -50.0]),
            start=scales(1e-3, 1.0),
            end=st.sampled_from(ENDS),
        ),
        predict=lambda problem: _exact(problem, _balanced(problem)),
        measure=lambda problem: _integrated(problem, _balanced(problem)),
        law=RoundOff("integrator", in_eps=False),
        faults=(
            Fault("imbalance ignored", predict=lambda problem: _shifted(problem, 0.0)),
            Fault("imbalance of the wrong sign", predict=lambda problem: _shifted(problem, -1.0)),
            Fault("imbalance off by 1 %", predict=lambda problem: _shifted(problem, 1.01)),
            Fault("infinite width in its place", predict=_as_if_infinitely_wide),
        ),
    ),
    Claim(
        name="closed-form-kernel",
        family=FAMILY,
        statement="At infinite width the closed form is the flow of A, C1 and C2, and so of the "
        "tangent kernel.",
        holds="squared loss, any shape, A0 and c1, c2 > 0",
        source="theory.dynamics.closed_form; the reference is plain NumPy",
        problems=problems(end=st.sampled_from(ENDS[:2])),
        predict=lambda problem: _exact(problem, _infinitely_wide(problem)),
        measure=lambda problem: _integrated(problem, _infinitely_wide(problem)),
        law=RoundOff("integrator", in_eps=False),
        faults=(Fault("a layer's scale off by 2 %", predict=lambda x: _wide_scales(x, 1.02)),),
    ),
)
