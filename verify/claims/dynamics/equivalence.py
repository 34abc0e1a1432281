"""What trains identically: widths, lifts, closed form, updates, and the explicit reference."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from numerics.linear.closed_form import closed_form
from numerics.linear.gradient_flow import gradient_flow
from numerics.linear.initial_states import explicit_weights, self_consistent_lift
from numerics.linear.network_state import NetworkState
from numerics.linear.observables import ntk_change, ntk_norm
from numerics.linear.tasks import Task
from numerics.linear.training import Trainer
from numerics.reference import explicit_training as reference
from numerics.reference.euler_scheme import self_consistent_flow
from numerics.support.validation import UPDATES
from verify.framework.claim import Array, Claim, Fault, Problem
from verify.framework.laws import PowerLaw, RoundOff
from verify.framework.replicates import over_draws
from verify.problems.linear_tasks import network, quarter_of_limit, target_matrix, task
from verify.problems.strategies import LOSSES, REFERENCE_LOSSES, dimensions, problems

__all__ = ["CLAIMS"]

FAMILY = "equivalence"
STEPS = 40
#: Six: of four sizes the interval is a hundred times the curvature of an exact line.
GAP_STEPS = (200, 300, 450, 700, 1050, 1600)
#: Width of the explicit networks that width-free training is compared with.
EXPLICIT_WIDTH = 60


def _explicit(problem: Problem) -> NetworkState:
    return explicit_weights(
        problem["d_in"],
        problem["d_out"],
        EXPLICIT_WIDTH,
        init_variance=problem["c1"] / EXPLICIT_WIDTH,
        init_variance2=problem["c2"] / EXPLICIT_WIDTH,
        rng=np.random.default_rng([problem["seed"], 2]),
    )


def _rate(problem: Problem, goal: Task) -> float:
    """Return a quarter of the stable learning rate, for the scales that were drawn.

    Typed here, as that of :mod:`verify.claims.dynamics.symmetry`: a wrong limit moves both sides.
    """
    return quarter_of_limit(goal, problem["c1"] + problem["c2"])


def _reference(problem: Problem, variance_fault: bool = False, transpose: bool = False) -> Array:
    state, goal = _explicit(problem), task(problem)
    loss = REFERENCE_LOSSES[problem["loss"]](goal.target, goal.mask)
    gradient = loss
    if transpose:
        # A tenth of the gradient drives the next column; all of it would diverge.
        def gradient(A: Array) -> tuple[float, Array]:
            value, G = loss(A)
            return value, 0.9 * G + 0.1 * np.roll(G, 1, axis=1)

    if variance_fault:
        state = NetworkState(state.W1 * 1.01, state.W2, c1=state.c1, c2=state.c2, width=state.width)
    run = reference.gradient_descent(
        state.W1,
        state.W2,
        gradient,
        _rate(problem, goal),
        STEPS,
        update=problem["update"],
        every=STEPS,
    )
    return run.A[-1]


def _width_free(problem: Problem) -> Array:
    """Train from the factor of the same Gram matrix that an eigendecomposition gives."""
    state, goal = _explicit(problem), task(problem)
    values, vectors = np.linalg.eigh(state.gram)
    factor = vectors * np.sqrt(np.maximum(values, 0.0))
    W1, W2 = factor[: state.d_in].T, factor[state.d_in :]
    same = NetworkState(W1, W2, c1=state.c1, c2=state.c2, width=state.width)
    trainer = Trainer(
        same,
        goal,
        learning_rate=_rate(problem, goal),
        update=problem["update"],
        loss=problem["loss"],
    )
    trainer.advance(STEPS)
    return trainer.A


def _times(problem: Problem) -> list[float]:
    rate = np.hypot(max(problem["spectrum"]), (problem["c1"] + problem["c2"]) / 2)
    return [0.0, 0.1 / rate, 1.0 / rate, 4.0 / rate]


def _closed(problem: Problem, threshold_factor: float = 1.0) -> Array:
    Y, A0 = target_matrix(problem), 0.3 * target_matrix(problem, label=3)
    factor = threshold_factor
    return closed_form(
        A0, Y, c1=factor * problem["c1"], times=_times(problem), c2=factor * problem["c2"]
    )


def _equation_one_flow(problem: Problem) -> Array:
    """Integrate equation (1) with a singular value decomposition a step: no lift, no kernel."""
    Y, A0 = target_matrix(problem), 0.3 * target_matrix(problem, label=3)
    c = (problem["c1"] + problem["c2"]) / 2
    return self_consistent_flow(A0, lambda A: A - Y, c, _times(problem))


def _lift_flow(problem: Problem, factor: float = 1.0) -> Array:
    A0 = 0.3 * target_matrix(problem, label=3)
    state = self_consistent_lift(A0, factor * problem["c1"], factor * problem["c2"])
    return gradient_flow(state, task(problem), _times(problem), rtol=1e-12, atol=1e-14).A.values


def _equation_one(problem: Problem, swapped: bool = False, factor: float = 1.0) -> Array:
    """Return the right side of equation (1), with square roots, at a random A."""
    A, Y, c = _point(problem)
    G = factor * (A - Y)
    left, s, right_T = np.linalg.svd(A)
    outer = _root(left, s, c, A.shape[0])
    inner = _root(right_T.T, s, c, A.shape[1])
    if swapped:
        outer, inner = np.flip(outer, 0), np.flip(inner, 0)
    return -(outer @ G + G @ inner)


def _root(basis: Array, s: Array, c: float, size: int) -> Array:
    values = np.zeros(size)
    values[: s.size] = s
    return (basis * np.hypot(values, c)) @ basis.T


def _lift_rate(problem: Problem) -> Array:
    """Return dA/dt of the lift's two layers, by the product rule from the generated rates."""
    A, Y, _ = _point(problem)
    state = self_consistent_lift(A, problem["c1"], problem["c2"])
    trainer = Trainer(state, Task(target=Y, truth=Y), learning_rate=1.0)
    rates = tuple(np.empty_like(x) for x in trainer.weights)
    trainer.rates(rates)
    return trainer.weights[1] @ rates[0] + rates[1] @ trainer.weights[0]


def _point(problem: Problem) -> tuple[Array, Array, float]:
    """Return a random A, smaller than the target so that no residual is rounding alone, Y and c."""
    c = (problem["c1"] + problem["c2"]) / 2
    return 0.3 * target_matrix(problem, label=4), target_matrix(problem), c


def _kernel_norms(problem: Problem) -> Array:
    """Return the norm of the tangent kernel at a random network, and its change to another."""
    first, second = (network({**problem, "seed": problem["seed"] + k}) for k in (0, 1))
    C1, C2 = first.C1, first.C2
    return np.array([ntk_norm(C1, C2), ntk_change(second.C1, second.C2, C1_0=C1, C2_0=C2)])


def _with_sides_exchanged(problem: Problem) -> Array:
    """Return the same with each block's square counted as often as its own dimension."""
    first, second = (network({**problem, "seed": problem["seed"] + k}) for k in (0, 1))

    def norm(C1: Array, C2: Array) -> float:
        squares = len(C1) * np.vdot(C1, C1) + len(C2) * np.vdot(C2, C2)
        return float(np.sqrt(squares + 2 * np.trace(C1) * np.trace(C2)))

    start = norm(first.C1, first.C2)
    return np.array([start, norm(second.C1 - first.C1, second.C2 - first.C2) / start])


def _jacobian_norms(problem: Problem, layers: tuple[float, float] = (1.0, 1.0)) -> Array:
    """Return the same from all derivatives of A by the weights, A being linear in each layer."""
    kernels = []
    for k in (0, 1):
        state = network({**problem, "seed": problem["seed"] + k})
        by_first = np.einsum("ru,cd->rcud", state.W2, np.eye(state.d_in))
        by_second = np.einsum("rs,uc->rcsu", np.eye(state.d_out), state.W1)
        size = state.d_out * state.d_in
        rows = [
            layer * part.reshape(size, -1)
            for layer, part in zip(layers, (by_first, by_second), strict=True)
        ]
        jacobian = np.hstack(rows)
        kernels.append(jacobian @ jacobian.T)
    start = np.linalg.norm(kernels[0])
    return np.array([start, np.linalg.norm(kernels[1] - kernels[0]) / start])


@over_draws()
def _update_gap(problem: Problem, steps: float) -> float:
    """Return the distance of the two updates at a fixed time, for a number of steps."""
    state, goal = network(problem), task(problem)
    end = 1.0 / (max(problem["spectrum"]) + state.threshold)
    finals = []
    for update in UPDATES:
        trainer = Trainer(state, goal, learning_rate=end / steps, update=update)
        trainer.advance(int(steps))
        finals.append(trainer.A)
    return float(np.linalg.norm(finals[0] - finals[1]))


_GENERAL = problems(
    loss=st.sampled_from(LOSSES),
    observed=st.sampled_from([1.0, 0.6]),
    update=st.sampled_from(UPDATES),
)

CLAIMS = (
    Claim(
        name="width-free",
        family=FAMILY,
        statement="A network trains as any factor of its Gram matrix does, at a cost without "
        "width.",
        holds="any loss, mask, shape, update and layer scales, stable learning rates",
        source="theory.dynamics.gram_flow; the reference is plain NumPy",
        problems=_GENERAL,
        predict=_reference,
        measure=_width_free,
        law=RoundOff("chained_steps", in_eps=False),
        faults=(
            Fault(
                "first layer's scale off by 1 %",
                predict=lambda problem: _reference(problem, variance_fault=True),
            ),
            Fault(
                "a tenth of the gradient in the wrong column",
                predict=lambda problem: _reference(problem, transpose=True),
            ),
            Fault(
                "float32 in disguise",
                measure=lambda problem: _width_free(problem).astype(np.float32),
            ),
        ),
    ),
    Claim(
        name="closed-form",
        family=FAMILY,
        statement="The matrix closed form is the self-consistent flow of the squared loss.",
        holds="any shape, rank, A0 and c1, c2 > 0",
        source="theory.dynamics.closed_form; equation (1) is integrated in plain NumPy",
        problems=problems(),
        predict=_closed,
        measure=_equation_one_flow,
        law=RoundOff("integrator", in_eps=False),
        faults=(
            Fault(
                "threshold off by 2 %",
                predict=lambda problem: _closed(problem, threshold_factor=1.02),
            ),
        ),
    ),
    Claim(
        name="lift-flow",
        family=FAMILY,
        statement="The flow of the lift is that of equation (1), without its square roots.",
        holds="any shape, rank, A0 and c1, c2 > 0; squared loss",
        source="theory.dynamics.unified_evolution; equation (1) is integrated in plain NumPy",
        problems=problems(),
        predict=_equation_one_flow,
        measure=_lift_flow,
        law=RoundOff("integrator", in_eps=False),
        faults=(Fault("threshold off by 2 %", measure=lambda problem: _lift_flow(problem, 1.02)),),
    ),
    Claim(
        name="equation-1",
        family=FAMILY,
        statement="The lift moves by equation (1) of the paper, whatever the imbalance.",
        holds="any A, shape and c1, c2 > 0",
        source="Tu, Aranguri and Jacot 2024, equation (1); theory.dynamics.unified_evolution",
        problems=problems(),
        predict=_equation_one,
        measure=_lift_rate,
        law=RoundOff(),
        faults=(
            Fault("a missing factor 2", predict=lambda problem: _equation_one(problem, factor=0.5)),
            Fault(
                "roots of the wrong basis",
                predict=lambda problem: _equation_one(problem, swapped=True),
            ),
        ),
    ),
    Claim(
        name="tangent-kernel",
        family=FAMILY,
        statement="The norm of the tangent kernel, and its change, are those of all derivatives of "
        "A by the weights.",
        holds="any shape, width and scales",
        source="K = C1 (x) I + I (x) C2; theory.dynamics.gram_flow",
        problems=problems(d_in=dimensions(8), d_out=dimensions(8)),
        predict=_jacobian_norms,
        measure=_kernel_norms,
        law=RoundOff(entrywise=True),
        faults=(
            Fault("dimensions exchanged", measure=_with_sides_exchanged),
            Fault("one layer alone", predict=lambda x: _jacobian_norms(x, layers=(1.0, 0.0))),
        ),
    ),
    Claim(
        name="sequential-simultaneous",
        family=FAMILY,
        statement="Sequential and simultaneous updates approach each other like the learning rate.",
        holds="squared loss, fixed time, unequal layers in general",
        source="theory.dynamics.gram_flow",
        problems=problems(),
        predict=lambda problem: -1.0,
        measure=_update_gap,
        law=PowerLaw("number of steps", GAP_STEPS, chance=False),
        faults=(Fault("second order claimed", predict=lambda problem: -2.0),),
        cost="expensive",
    ),
)
