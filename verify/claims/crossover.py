r"""The crossover of networks with the predictor ``alpha (f - f_0)``, from feature to lazy training.

Exact: the layer-wise NTK is the Gram matrix of the gradients; the squared norms of a homogeneous
network's layers change alike but for the squares of the steps; a two-layer linear network descends
as the matrix ``A = W2 W1`` of the mapped variance, width and step.  Asymptotic: the kernel change
is ``A^(-2L/(L+1))`` for small ``A = sqrt(h) alpha`` and ``1/A`` for large; features begin to move
at ``t_1 ~ A``.

Sizes are 1/A in the feature regime and A in the lazy one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from numerics.initialization import NetworkState
from numerics.linear_plane import linear_crossover
from numerics.network_training import FlowResult, train_network
from numerics.networks import FullyConnected
from numerics.step_rule import LINEARISED
from numerics.tasks import Task
from numerics.training import train
from theory.crossover import predicted_exponents
from theory.linear_kernel_change import relative_kernel_change
from theory.output_scaling import alpha as alpha_symbol
from theory.output_scaling import crossover_mapping, h, network_time
from theory.symbols import d_in, n
from verify.claim import Claim, Fault, Problem
from verify.laws import PowerLaw, RoundOff
from verify.strategies import scales, seeds

__all__ = ["CLAIMS"]

FAMILY = "crossover"
SOURCE = "Geiger, Spigler, Jacot and Wyart 2020"

#: Inputs and their dimension: no more than a linear network, too, can fit whatever the labels are.
COUNT, TEST, D_IN = 8, 12, 8
#: Width of the asymptotic claims: fluctuations of the kernel at the start are about h^(-1/2) = 0.1.
WIDTH = 96
#: Six sizes a factor 2.3 apart: an interval from scatter around a line needs a few of them.
FEATURE_SIZES = LAZY_SIZES = tuple(float(x) for x in np.geomspace(1e3, 6.4e4, 6).round(-1))
#: Networks of a feature claim.
REPLICATES = 3
BALANCED_STEPS = 40
SMOOTH = ("softplus", "tanh", "silu", "identity")
HOMOGENEOUS = ("relu", "identity")


def _inputs(rng: np.random.Generator, count: int) -> NDArray:
    X = rng.standard_normal((count, D_IN))
    return X * np.sqrt(D_IN) / np.linalg.norm(X, axis=1, keepdims=True)


def _network(problem: Problem, width: int) -> tuple:
    """Return network, weights, training inputs, labels and test inputs of a problem."""
    rng = np.random.default_rng(problem["seed"])
    X, X_test = _inputs(rng, COUNT), _inputs(rng, TEST)
    y = np.where(rng.permutation(COUNT) < COUNT // 2, 1.0, -1.0)
    network = FullyConnected(D_IN, width, problem["depth"], problem["activation"])
    return network, network.initial(rng), X, y, X_test


# The NTK, layer by layer.


def _gradient_gram(problem: Problem) -> NDArray:
    network, weights, X, _, X_test = _network(problem, problem["width"])
    rows = [_gradients(network, weights, inputs) for inputs in (X, X_test)]
    return rows[0] @ rows[1].T


def _gradients(network: FullyConnected, weights: tuple, X: NDArray) -> NDArray:
    """Return the gradient of f at every input, a row each."""
    units = np.eye(len(X))
    return np.array([
        np.concatenate([part.ravel() for part in network.gradient(weights, X, unit)])
        for unit in units
    ])  # fmt: skip


def _layerwise_gram(problem: Problem) -> NDArray:
    network, weights, X, _, X_test = _network(problem, problem["width"])
    return network.ntk(weights, X, X_test)


def _hidden_gram(problem: Problem) -> NDArray:
    """Return the NTK without the share of the last layer."""
    network, weights, X, _, X_test = _network(problem, problem["width"])
    rows = [_gradients(network, weights, x)[:, : -problem["width"]] for x in (X, X_test)]
    return rows[0] @ rows[1].T


def _transposed_gram(problem: Problem) -> NDArray:
    network, weights, X, _, X_test = _network(problem, problem["width"])
    square = [W.T if W.ndim == 2 and W.shape[0] == W.shape[1] else -W for W in weights]
    return network.ntk([np.ascontiguousarray(W) for W in square], X[::-1], X_test)


# What homogeneous networks conserve.


def _descended(problem: Problem) -> tuple[list[NDArray], list[list[NDArray]]]:
    """Return the weights after steps of descent on half the mean square, and their changes."""
    network, start, X, y, _ = _network(problem, 16)
    weights, changes = [W.copy() for W in start], []
    first = network.outputs(start, X)
    for _ in range(BALANCED_STEPS):
        residual = network.outputs(weights, X) - first - y
        slopes = network.gradient(weights, X, residual / COUNT)
        changes.append([problem["step"] * np.array(slope) for slope in slopes])
        for W, change in zip(weights, changes[-1], strict=True):
            W -= change
    return weights, changes


def _square_norms(weights: Sequence[NDArray]) -> NDArray:
    return np.array([np.vdot(W, W) for W in weights])


def _balance(problem: Problem) -> NDArray:
    return np.diff(_square_norms(_descended(problem)[0]))


def _predicted_balance(problem: Problem, factor: float = 1.0) -> NDArray:
    """Return what is left of the start's balance: every step adds its own, of second order."""
    _, start, *_ = _network(problem, 16)
    _, changes = _descended(problem)
    return np.diff(_square_norms(start) + factor * sum(_square_norms(each) for each in changes))


# The mapping to (sigma^2, w).


def _descent_of_network(problem: Problem) -> NDArray:
    """Return F of the scaled linear network after steps of descent on the mean square."""
    network, start, X, y, _ = _network(problem, problem["width"])
    alpha = problem["alpha"]
    weights, first = [W.copy() for W in start], network.outputs(start, X)
    for _ in range(MAPPED_STEPS):
        residual = alpha * (network.outputs(weights, X) - first) - y
        slopes = network.gradient(weights, X, residual / (alpha * COUNT))
        for W, slope in zip(weights, slopes, strict=True):
            W -= _network_step(problem) * slope
    return alpha * (network.outputs(weights, X) - first)


def _descent_of_matrix(problem: Problem, power: float = 1.0) -> NDArray:
    """Return the same from ``A = W2 W1`` of the mapped variance, width and learning rate."""
    _, start, X, y, _ = _network(problem, problem["width"])
    at = {alpha_symbol: problem["alpha"], h: problem["width"], d_in: D_IN, n: COUNT,
          network_time: _network_step(problem)}  # fmt: skip
    mapping = crossover_mapping(input_divisor=1, loss_divisor=1)
    scale = float(mapping.init_variance.subs(at)) ** (power / 2)
    state = NetworkState(scale * start[0], scale * start[1][None, :], float(problem["width"]),
                         scale**2 * problem["width"], scale**2 * problem["width"])  # fmt: skip
    before = state.A @ X.T
    task = Task(y[None, :] + before, state.A, inputs=X.T)
    run = train(state, task, learning_rate=float(mapping.time.subs(at)), iterations=MAPPED_STEPS)
    return (run.A.values @ X.T - before)[0]


#: Steps, and their length in units of the kernel's largest time.
MAPPED_STEPS, MAPPED_STEP = 30, 0.3


def _network_step(problem: Problem) -> float:
    """Return a step below the stability limit at the start of training."""
    network, start, X, _, _ = _network(problem, problem["width"])
    largest = np.linalg.eigvalsh(network.ntk(start, X))[-1] / COUNT
    # Active networks speed up by their target over the threshold.
    grown = 1 + 1 / (problem["alpha"] * np.sqrt(problem["width"]))
    return MAPPED_STEP / (largest * grown)


# Kernel change and times.

#: A width at which the start's fluctuations, relative sqrt(d/w), are below 1e-5.
VAST = 1e13
#: Steps a unit of the largest rate: the balance of the layers drifts by a third of its inverse.
FINE = 400.0


@cache
def _run(seed: int, depth: int, activation: str, scaled_alpha: float) -> FlowResult:
    problem = {"seed": seed, "depth": depth, "activation": activation}
    network, weights, X, y, X_test = _network(problem, WIDTH)
    alpha = scaled_alpha / np.sqrt(WIDTH)
    return train_network(network, weights, X, y, alpha=alpha, test=(X_test,), rule=LINEARISED)


def _trained(problem: Problem, scaled_alpha: float) -> FlowResult:
    result = _run(problem["seed"], problem["depth"], problem["activation"], scaled_alpha)
    if result.status != "ok":
        raise RuntimeError(f"a run must fit its data, got {result.stop_reason}")
    return result


def _typical(problem: Problem, scaled_alpha: float, read: Callable[[FlowResult], float]) -> float:
    """Return the geometric mean of what several networks, on data of their own, are read for.

    As A falls a network may come to fit its data by other features, once: its line is left for a
    parallel one, which in a single network would look like another slope.
    """
    seeds = range(problem["seed"], problem["seed"] + REPLICATES)
    runs = [_trained(problem | {"seed": seed}, scaled_alpha) for seed in seeds]
    return float(np.exp(np.mean([np.log(read(run)) for run in runs])))


def _feature_change(problem: Problem, size: float) -> float:
    return _typical(problem, 1 / size, lambda run: run.kernel_change)


def _last_layer_change(problem: Problem, size: float) -> float:
    return _typical(problem, 1 / size, lambda run: run.layer_change[-1])


def _first_time(problem: Problem, size: float) -> float:
    return _typical(problem, 1 / size, lambda run: run.time_to_kernel_change)


def _lazy_change(problem: Problem, size: float) -> float:
    return _trained(problem, size).kernel_change


def _exponent(name: str, sign: float = 1.0) -> Callable[[Problem], float]:
    return lambda problem: sign * float(predicted_exponents(problem["depth"])[name])


def _linear_change(problem: Problem) -> NDArray:
    data = linear_crossover([problem["threshold"]], [VAST], d=problem["d"], rank=problem["rank"],
                            replicates=2, seed=problem["seed"], fraction=FINE)  # fmt: skip
    return data.kernel_change.values.ravel()


def _closed_change(problem: Problem, factor: float = 1.0) -> NDArray:
    values, d = [1] * problem["rank"], problem["d"]
    threshold = factor * problem["threshold"]
    return np.full(2, float(relative_kernel_change(values, threshold, d, d)))


_SEED_AND_DEPTH = {"depth": st.integers(1, 3), "seed": seeds()}
_NETWORKS = st.fixed_dictionaries(
    _SEED_AND_DEPTH
    | {"activation": st.sampled_from((*SMOOTH, "relu")), "width": st.integers(1, 24)}
)
_CONSERVING = st.fixed_dictionaries(
    _SEED_AND_DEPTH | {"activation": st.sampled_from(HOMOGENEOUS), "step": scales(1e-2, 0.3)}
)
_MAPPED = st.fixed_dictionaries(
    {"alpha": scales(1e-2, 1e2), "width": st.integers(1, 60), "depth": st.just(1),
     "activation": st.just("identity"), "seed": seeds()}
)  # fmt: skip
_FEATURE = st.fixed_dictionaries(
    # ReLU, of the same exponents, takes ten times as many steps down there.
    _SEED_AND_DEPTH | {"activation": st.sampled_from(("softplus", "identity"))}
)
_LAZY = st.fixed_dictionaries(
    _SEED_AND_DEPTH | {"activation": st.sampled_from(("softplus", "tanh", "silu"))}
)
_LINEAR = st.fixed_dictionaries(
    {"threshold": scales(1e-4, 10.0), "d": st.integers(3, 20), "rank": st.integers(1, 3),
     "seed": seeds()}
)  # fmt: skip
_FEATURE_LAW = PowerLaw("1/A", FEATURE_SIZES, bias="feature_bias")
_FEATURE_HOLDS = ("1 to 3 hidden layers, activations of degree 1 at infinity (softplus and "
                  "identity drawn), A from 1.6e-5 to 1e-3, every margin reached")  # fmt: skip

CLAIMS = (
    Claim(
        name="layerwise-ntk",
        family=FAMILY,
        statement="The NTK Gram matrix made layer by layer is that of the gradients of f.",
        holds="any activation, depth and width",
        source=f"{SOURCE}; layer-wise form ours",
        problems=_NETWORKS,
        predict=_gradient_gram,
        measure=_layerwise_gram,
        law=RoundOff(),
        faults=(
            Fault("without the last layer", predict=_hidden_gram),
            Fault("a transposed layer", measure=_transposed_gram),
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
            Fault("softplus is homogeneous",
                  predict=lambda problem: _predicted_balance(problem | {"activation": "softplus"}),
                  measure=lambda problem: _balance(problem | {"activation": "softplus"})),
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
            Fault("standard deviation in place of the variance",
                  predict=lambda problem: _descent_of_matrix(problem, 0.5)),
            Fault("alpha off by 2 %", measure=lambda problem: _descent_of_network(
                {**problem, "alpha": 1.02 * problem["alpha"]})),
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
    Claim(
        name="feature-exponent",
        family=FAMILY,
        statement="In the feature regime the kernel changes by A^(-2L/(L+1)).",
        holds=_FEATURE_HOLDS,
        source=f"{SOURCE}; exponent by the scaling argument, ours",
        problems=_FEATURE,
        predict=_exponent("feature_kernel_change", -1.0),
        measure=_feature_change,
        law=_FEATURE_LAW,
        faults=(
            Fault("the limit of large depth, 2", predict=lambda problem: 2.0),
            Fault("the last layer's exponent", predict=_exponent("feature_last_layer", -1.0)),
        ),
        cost="dear",
    ),
    Claim(
        name="last-layer",
        family=FAMILY,
        statement="In the feature regime the last layer changes by A^(-1/(L+1)).",
        holds=_FEATURE_HOLDS,
        source=f"{SOURCE}; exponent by the scaling argument, ours",
        problems=_FEATURE,
        predict=_exponent("feature_last_layer", -1.0),
        measure=_last_layer_change,
        law=_FEATURE_LAW,
        faults=(
            Fault("1/L", predict=lambda problem: 1 / problem["depth"]),
            Fault("layers do not grow", predict=lambda problem: 0.0),
        ),
        cost="dear",
    ),
    Claim(
        name="first-time",
        family=FAMILY,
        statement="In the feature regime the kernel begins to change at t_1 ~ A.",
        holds=_FEATURE_HOLDS,
        source=SOURCE,
        problems=_FEATURE,
        predict=_exponent("time_in_alpha", -1.0),
        measure=_first_time,
        law=PowerLaw("1/A", FEATURE_SIZES, bias="time_bias", chance=False),
        faults=(
            Fault("t_1 ~ sqrt(A)", predict=lambda problem: -0.5),
            Fault("t_1 ~ A^2", predict=lambda problem: -2.0),
        ),
        cost="dear",
    ),
    Claim(
        name="lazy-exponent",
        family=FAMILY,
        statement="In the lazy regime the kernel changes by 1/A.",
        holds="smooth nonlinear activations, width 96, A from 1e3 to 6.4e4",
        source=SOURCE,
        problems=_LAZY,
        predict=_exponent("lazy_kernel_change"),
        measure=_lazy_change,
        law=PowerLaw("A", LAZY_SIZES, bias="lazy_bias", chance=False),
        faults=(
            Fault("second order only", predict=_exponent("lazy_second_order")),
            Fault("the kernel of the feature regime",
                  measure=lambda problem, size: _feature_change(problem, size)),
        ),
        cost="dear",
    ),
)  # fmt: skip
