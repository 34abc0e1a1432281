r"""What holds of networks with the predictor ``alpha (f - f_0)`` at any width.

The layer-wise NTK is the Gram matrix of the gradients, which complex steps of a network in plain
NumPy give; the squared norms of a homogeneous
network's layers change alike but for the squares of the steps; a two-layer linear network descends
as the matrix ``A = W2 W1`` of the mapped variance, width and step, and where it is wide its kernel
changes by a closed form.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from numerics.crossover.linear_networks import linear_crossover
from numerics.linear.network_state import NetworkState
from numerics.linear.tasks import Task
from numerics.linear.training import train
from numerics.reference.plain_network import gradients
from theory.crossover.kernel_change import relative_kernel_change
from theory.crossover.output_scaling import crossover_mapping
from theory.symbols import d_in, n
from theory.symbols.crossover import alpha as alpha_symbol
from theory.symbols.crossover import h
from theory.symbols.crossover import t_G as network_time
from verify.framework.claim import Array, Claim, Fault, Problem
from verify.framework.laws import RoundOff
from verify.problems.nonlinear_networks import COUNT, D_IN, drawn_network
from verify.problems.strategies import scales, seeds

__all__ = ["CLAIMS"]

FAMILY = "networks"
SOURCE = "Geiger, Spigler, Jacot and Wyart 2020"

BALANCED_STEPS = 40
SMOOTH = ("softplus", "tanh", "silu", "identity")
HOMOGENEOUS = ("relu", "identity")

#: Steps of the mapped networks, and their length in units of the kernel's largest time.
MAPPED_STEPS, MAPPED_STEP = 30, 0.3

#: A width at which the start's fluctuations, relative sqrt(d/w), are below 1e-5.
VAST = 1e13
#: Steps a unit of the largest rate: the balance of the layers drifts by a third of its inverse.
FINE = 400.0


# The NTK, layer by layer.


def _gradient_gram(problem: Problem, without: int = 0, activation: str | None = None) -> Array:
    """Return the Gram matrix of the gradients, less that of so many last weights."""
    _, weights, X, _, X_test = drawn_network(problem, problem["width"])
    rows = gradients(activation or problem["activation"], weights, np.vstack([X, X_test]))
    kept = rows[:, : rows.shape[1] - without]
    return kept[: len(X)] @ kept[len(X) :].T


def _vector_product(problem: Problem) -> Array:
    """Return ``sum_i v_i df(x_i)/dW`` of all weights, v being the labels."""
    _, weights, X, y, _ = drawn_network(problem, problem["width"])
    return y @ gradients(problem["activation"], weights, X)


def _backward_pass(problem: Problem, flipped: bool = False) -> Array:
    network, weights, X, y, _ = drawn_network(problem, problem["width"])
    parts = network.gradient(weights, X, y[::-1].copy() if flipped else y)
    return np.concatenate([part.ravel() for part in parts])


def _layerwise_gram(problem: Problem) -> Array:
    network, weights, X, _, X_test = drawn_network(problem, problem["width"])
    return network.ntk(weights, X, X_test)


def _transposed_gram(problem: Problem) -> Array:
    network, weights, X, _, X_test = drawn_network(problem, problem["width"])
    square = [W.T if W.ndim == 2 and W.shape[0] == W.shape[1] else -W for W in weights]
    return network.ntk([np.ascontiguousarray(W) for W in square], X[::-1], X_test)


# What homogeneous networks conserve.


def _descended(problem: Problem) -> tuple[list[Array], list[list[Array]]]:
    """Return the weights after steps of descent on half the mean square, and their changes."""
    network, start, X, y, _ = drawn_network(problem, 16)
    weights, changes = [W.copy() for W in start], []
    first = network.outputs(start, X)
    for _ in range(BALANCED_STEPS):
        residual = network.outputs(weights, X) - first - y
        slopes = network.gradient(weights, X, residual / COUNT)
        changes.append([problem["step"] * np.array(slope) for slope in slopes])
        for W, change in zip(weights, changes[-1], strict=True):
            W -= change
    return weights, changes


def _square_norms(weights: Sequence[Array]) -> Array:
    return np.array([np.vdot(W, W) for W in weights])


def _balance(problem: Problem) -> Array:
    return np.diff(_square_norms(_descended(problem)[0]))


def _predicted_balance(problem: Problem, factor: float = 1.0) -> Array:
    """Return what is left of the start's balance: every step adds its own, of second order."""
    _, start, *_ = drawn_network(problem, 16)
    _, changes = _descended(problem)
    return np.diff(_square_norms(start) + factor * sum(_square_norms(each) for each in changes))


# The mapping to (sigma^2, w).


def _descent_of_network(problem: Problem) -> Array:
    """Return F of the scaled linear network after steps of descent on the mean square."""
    network, start, X, y, _ = drawn_network(problem, problem["width"])
    alpha = problem["alpha"]
    weights, first = [W.copy() for W in start], network.outputs(start, X)
    for _ in range(MAPPED_STEPS):
        residual = alpha * (network.outputs(weights, X) - first) - y
        slopes = network.gradient(weights, X, residual / (alpha * COUNT))
        for W, slope in zip(weights, slopes, strict=True):
            W -= _network_step(problem) * slope
    return alpha * (network.outputs(weights, X) - first)


def _descent_of_matrix(problem: Problem, power: float = 1.0) -> Array:
    """Return the same from ``A = W2 W1`` of the mapped variance, width and learning rate."""
    _, start, X, y, _ = drawn_network(problem, problem["width"])
    at = {
        alpha_symbol: problem["alpha"],
        h: problem["width"],
        d_in: D_IN,
        n: COUNT,
        network_time: _network_step(problem),
    }
    mapping = crossover_mapping(input_divisor=1, loss_divisor=1)
    scale = float(mapping.init_variance.subs(at)) ** (power / 2)
    state = NetworkState(scale * start[0], scale * start[1][None, :])
    before = state.A @ X.T
    task = Task(y[None, :] + before, state.A, inputs=X.T)
    run = train(state, task, learning_rate=float(mapping.time.subs(at)), iterations=MAPPED_STEPS)
    return (run.A.values @ X.T - before)[0]


def _network_step(problem: Problem) -> float:
    """Return a step below the stability limit at the start of training."""
    network, start, X, _, _ = drawn_network(problem, problem["width"])
    largest = np.linalg.eigvalsh(network.ntk(start, X))[-1] / COUNT
    # Active networks speed up by their target over the threshold.
    grown = 1 + 1 / (problem["alpha"] * np.sqrt(problem["width"]))
    return MAPPED_STEP / (largest * grown)


# The change of a wide linear network's kernel.


def _linear_change(problem: Problem) -> Array:
    data = linear_crossover(
        [problem["threshold"]],
        [VAST],
        d=problem["d"],
        rank=problem["rank"],
        replicates=2,
        seed=problem["seed"],
        learning_rate_divisor=FINE,
    )
    return data.kernel_change.values.ravel()


def _closed_change(problem: Problem, factor: float = 1.0) -> Array:
    values, d = [1] * problem["rank"], problem["d"]
    threshold = factor * problem["threshold"]
    return np.full(2, float(relative_kernel_change(values, threshold, d_in=d, d_out=d)))


_SEED_AND_DEPTH = {"depth": st.integers(1, 3), "seed": seeds()}
_NETWORKS = st.fixed_dictionaries(
    _SEED_AND_DEPTH
    | {"activation": st.sampled_from((*SMOOTH, "relu")), "width": st.integers(1, 12)}
)
_CONSERVING = st.fixed_dictionaries(
    _SEED_AND_DEPTH | {"activation": st.sampled_from(HOMOGENEOUS), "step": scales(1e-2, 0.3)}
)
_MAPPED = st.fixed_dictionaries(
    {
        "alpha": scales(1e-2, 1e2),
        "width": st.integers(1, 60),
        "depth": st.just(1),
        "activation": st.just("identity"),
        "seed": seeds(),
    }
)
_LINEAR = st.fixed_dictionaries(
    {
        "threshold": scales(1e-4, 10.0),
        "d": st.integers(3, 20),
        "rank": st.integers(1, 3),
        "seed": seeds(),
    }
)
CLAIMS = (
    Claim(
        name="layerwise-ntk",
        family=FAMILY,
        statement="The NTK Gram matrix made layer by layer is that of the gradients of f.",
        holds="any activation, depth and width",
        source=f"{SOURCE}; layer-wise form ours; the gradients are those of complex steps",
        problems=_NETWORKS,
        predict=_gradient_gram,
        measure=_layerwise_gram,
        law=RoundOff(),
        faults=(
            Fault(
                "without the last layer",
                predict=lambda problem: _gradient_gram(problem, without=problem["width"]),
            ),
            Fault("a transposed layer", measure=_transposed_gram),
            Fault(
                "another activation",
                predict=lambda problem: _gradient_gram(
                    problem, activation="tanh" if problem["activation"] != "tanh" else "silu"
                ),
            ),
        ),
    ),
    Claim(
        name="network-gradient",
        family=FAMILY,
        statement="The backward pass gives the gradient of f.",
        holds="any activation, depth and width",
        source=f"{SOURCE}; the reference is complex steps of a network in plain NumPy",
        problems=_NETWORKS,
        predict=_vector_product,
        measure=_backward_pass,
        law=RoundOff(),
        faults=(
            Fault(
                "inputs in another order",
                measure=lambda problem: _backward_pass(problem, flipped=True),
            ),
            Fault("a missing factor 2", predict=lambda problem: _vector_product(problem) / 2),
        ),
    ),
    Claim(
        name="layer-balance",
        family=FAMILY,
        statement="Homogeneous networks conserve ||W_l||^2 - ||W_{l+1}||^2 under flow; a step of "
        "descent adds the same difference of its own squares, and nothing of first order.",
        holds="ReLU and linear networks, any step",
        source="Du, Hu and Lee 2018; a check of gradients; the step's share is ours",
        problems=_CONSERVING,
        predict=_predicted_balance,
        measure=_balance,
        law=RoundOff(tolerance="chained_steps", in_eps=False),
        faults=(
            Fault("descent conserves it", predict=lambda problem: _predicted_balance(problem, 0)),
            Fault("twice the squares", predict=lambda problem: _predicted_balance(problem, 2)),
            Fault(
                "softplus is homogeneous",
                predict=lambda problem: _predicted_balance(problem | {"activation": "softplus"}),
                measure=lambda problem: _balance(problem | {"activation": "softplus"}),
            ),
        ),
    ),
    Claim(
        name="one-diagram",
        family=FAMILY,
        statement="A two-layer linear network with output alpha h^(-1/2) descends as A = W2 W1 "
        "of variance sigma^2 = alpha/sqrt(h d) and width h, with its step mapped.",
        holds="linear activation, any alpha and width",
        source=f"{SOURCE}; Tu, Aranguri and Jacot 2024; the mapping is ours",
        problems=_MAPPED,
        predict=_descent_of_matrix,
        measure=_descent_of_network,
        law=RoundOff(tolerance="chained_steps", in_eps=False),
        faults=(
            Fault(
                "standard deviation in place of the variance",
                predict=lambda problem: _descent_of_matrix(problem, 0.5),
            ),
            Fault(
                "alpha off by 2 %",
                measure=lambda problem: _descent_of_network(
                    {**problem, "alpha": 1.02 * problem["alpha"]}
                ),
            ),
        ),
    ),
    Claim(
        name="linear-kernel-change",
        family=FAMILY,
        statement="The NTK of a wide linear network changes by the closed form in threshold and "
        "singular values.",
        holds="equal singular values, white inputs, width far above d",
        source="ours",
        problems=_LINEAR,
        predict=_closed_change,
        measure=_linear_change,
        law=RoundOff(tolerance="crossover_descent", in_eps=False),
        faults=(
            Fault("threshold off by 2 %", predict=lambda problem: _closed_change(problem, 1.02)),
            Fault("a missing factor 2", predict=lambda problem: _closed_change(problem) / 2),
        ),
    ),
)
