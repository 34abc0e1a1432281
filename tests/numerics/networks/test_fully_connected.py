"""Fully connected nets: against plain NumPy, torch's gradients an input, and what must hold."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from numerics.kernels.cache import load
from numerics.networks.fully_connected import FullyConnected
from numerics.networks.network_interface import linearisation
from numerics.reference import plain_network
from theory.functions.activations import PREACTIVATION, activation, relu, silu, softplus, tanh
from theory.kernels.network_functions import activation_module

ACTIVATIONS = ("softplus", "relu", "tanh", "silu", "identity")
COUNT, OTHERS = 7, 5
#: Round-off of sums of some hundred products in two orders.
ROUND_OFF = {"rtol": 1e-10, "atol": 1e-12}


def inputs(count, d, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, d))
    return rows * np.sqrt(d) / np.linalg.norm(rows, axis=1, keepdims=True)


def build(depth, name="softplus", d=6, width=11):
    network = FullyConnected(d, width, depth, activation=name)
    return network, network.initial(3), inputs(COUNT, d)


def plain_outputs(network, weights, X):
    """Return f by NumPy, layer by layer, with the activation by sympy's NumPy printer."""
    phi = sp.lambdify(PREACTIVATION, network.activation.normalised, "numpy")
    a = X
    for W in weights[:-1]:
        a = phi(a @ W.T / np.sqrt(W.shape[1]))
    return a @ weights[-1] / np.sqrt(len(weights[-1]))


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_outputs_against_numpy(depth, name):
    network, weights, X = build(depth, name)
    expected = plain_outputs(network, weights, X)
    np.testing.assert_allclose(network.outputs(weights, X), expected, **ROUND_OFF)
    np.testing.assert_allclose(network.linearisation(X).move_to(weights), expected, **ROUND_OFF)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("name", ["softplus", "tanh", "silu", "identity"])
def test_gradient_against_differences(depth, name):
    network, weights, X = build(depth, name)
    rng = np.random.default_rng(1)
    v, directions = rng.standard_normal(COUNT), [rng.standard_normal(W.shape) for W in weights]
    found = sum(
        np.vdot(g, D) for g, D in zip(network.gradient(weights, X, v), directions, strict=True)
    )
    h = 1e-4
    ends = [
        v
        @ plain_outputs(
            network, [W + s * h * D for W, D in zip(weights, directions, strict=True)], X
        )
        for s in (-2, -1, 1, 2)
    ]
    # Four points: truncation h^4 = 1e-16 times a fifth derivative; rounding eps/h = 1e-12.
    expected = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * h)
    assert found == pytest.approx(expected, rel=1e-8, abs=1e-9)


def torch_gradients(torch, network, weights, X):
    """Return torch.func's gradient of every input, one flat row each."""
    constant = float(network.activation.normalisation)
    functions = {
        "softplus": lambda z: torch.logaddexp(5 * z, torch.zeros_like(z)) / 5,
        "relu": torch.relu,
        "tanh": torch.tanh,
        "silu": torch.nn.functional.silu,
        "identity": lambda z: z,
    }
    phi = functions[network.activation.name]

    def output(parameters, row):
        a = row
        for W in parameters[:-1]:
            a = constant * phi(W @ a / W.shape[1] ** 0.5)
        return a @ parameters[-1] / len(parameters[-1]) ** 0.5

    tensors = tuple(torch.from_numpy(W) for W in weights)
    rows = torch.func.vmap(torch.func.grad(output), in_dims=(None, 0))(tensors, torch.from_numpy(X))
    return torch.cat([x.flatten(1) for x in rows], 1).numpy()


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_and_kernels_against_torch(depth, name):
    torch = pytest.importorskip("torch")
    network, weights, X = build(depth, name, d=20, width=30)
    Z = inputs(OTHERS, 20, seed=5)
    rows, others = (torch_gradients(torch, network, weights, data) for data in (X, Z))
    v = np.linspace(-1, 2, COUNT)
    gradient = np.concatenate([g.ravel() for g in network.gradient(weights, X, v)])
    np.testing.assert_allclose(gradient, v @ rows, **ROUND_OFF)
    for found, expected in (
        (network.ntk(weights, X), rows @ rows.T),
        (network.ntk(weights, X, Z), rows @ others.T),
    ):
        assert np.linalg.norm(found - expected) <= 1e-10 * np.linalg.norm(expected)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_and_kernels_against_complex_steps(depth, name):
    """The reference has activations, their constants and its own forward pass, no derivative."""
    network, weights, X = build(depth, name)
    Z, v = inputs(OTHERS, 6, seed=5), np.linspace(-1, 2, COUNT)
    rows, others = (plain_network.gradients(name, weights, data) for data in (X, Z))
    gradient = np.concatenate([g.ravel() for g in network.gradient(weights, X, v)])
    np.testing.assert_allclose(gradient, v @ rows, **ROUND_OFF)
    np.testing.assert_allclose(network.ntk(weights, X), rows @ rows.T, **ROUND_OFF)
    np.testing.assert_allclose(network.ntk(weights, X, Z), rows @ others.T, **ROUND_OFF)


def test_the_kernel_of_a_linear_network_in_closed_form():
    """Theta = x^T (C1 + |w|^2 I) x'/(h d) for one hidden layer."""
    network, (W, w), X = build(1, "identity")
    expected = X @ (W.T @ W + w @ w * np.eye(6)) @ X.T / (11 * 6)
    np.testing.assert_allclose(network.ntk((W, w), X), expected, **ROUND_OFF)


@pytest.mark.parametrize("name", ["relu", "identity"])
def test_homogeneous_networks_obey_eulers_theorem(name):
    network, weights, X = build(3, name)
    for unit in np.eye(COUNT):
        f = unit @ network.outputs(weights, X)
        for g, W in zip(network.gradient(weights, X, unit), weights, strict=True):
            assert np.vdot(g, W) == pytest.approx(f, rel=1e-10)


def test_preactivations_start_with_unit_variance():
    """The outputs over many starts have variance 1; softplus has a mean, so rows correlate."""
    network, X = FullyConnected(8, 100, 3), inputs(1, 8)
    found = [network.outputs(network.initial(seed), X)[0] for seed in range(2000)]
    # A sample variance of 2000 nearly normal numbers: 3.2 % a standard error; finite width adds
    # about 3/h = 3 %.
    assert np.var(found) == pytest.approx(1, abs=0.15)


MADE = [
    softplus(),
    silu(),
    tanh(),
    relu(),
    activation("Max(preactivation, 0) + sin(preactivation)/2"),
]


@pytest.mark.parametrize("made", MADE, ids=lambda x: x.name)
def test_fused_kernels_against_mpmath(made):
    places = np.concatenate([np.linspace(-9, 9, 41), [-300.0, -40.0, 0.0, 1e-12, 40.0, 300.0]])
    parameters = np.array(list(made.parameters.values()))
    values, slopes, alone = places.copy(), np.empty_like(places), places.copy()
    kernel = load(activation_module(made), loops="activation")
    kernel.apply(values, slopes, 1.5, parameters)
    kernel.apply_value(alone, 1.5, parameters)
    np.testing.assert_allclose(alone, values, rtol=1e-14)  # in another order
    with mp.workdps(800):  # 1 + exp(-1500) is no 1
        for expression, found in ((made.expression, values), (made.derivative, slopes)):
            exact = sp.lambdify(PREACTIVATION, made.with_values(expression), "mpmath")
            expected = [float(1.5 * exact(mp.mpf(float(z)))) for z in places]
            # A few roundings, and that of the argument of an exponential up to 50.
            np.testing.assert_allclose(found, expected, rtol=2e-14, atol=1e-300)


def test_steep_arguments_stay_numbers():
    """exp(5 * 1e6) is infinite."""
    network, weights, X = build(2)
    huge = tuple(1e6 * W for W in weights)
    assert np.isfinite(network.outputs(huge, X)).all()
    assert np.isfinite(network.ntk(huge, X)).all()


@pytest.mark.parametrize("depth", [1, 3])
def test_a_linearisation_moves_and_keeps_nothing_of_before(depth):
    network, weights, X = build(depth)
    others, v = network.initial(9), np.linspace(-1, 1, COUNT)
    moved = linearisation(network, X)
    out = [np.empty_like(W) for W in weights]
    for point in (weights, others, weights):
        np.testing.assert_array_equal(moved.move_to(point), network.linearisation(X).move_to(point))
        moved.gradient(v, out)
        for found, expected in zip(out, network.gradient(point, X, v), strict=True):
            np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(moved.gram(), network.ntk(point, X))


def test_any_network_has_a_linearisation():
    network, weights, X = build(2)

    class ByMethods:
        outputs, gradient, ntk = network.outputs, network.gradient, network.ntk

    plain = linearisation(ByMethods(), X)
    np.testing.assert_allclose(plain.move_to(weights), network.outputs(weights, X))
    out = [np.empty_like(W) for W in weights]
    plain.gradient(np.ones(COUNT), out)
    np.testing.assert_allclose(out[0], network.gradient(weights, X, np.ones(COUNT))[0])
    np.testing.assert_allclose(plain.gram(), network.ntk(weights, X))


def test_starts_are_normal_and_repeatable():
    network = FullyConnected(50, 200, 2)
    weights = network.initial(4)
    for W, again in zip(weights, network.initial(np.random.default_rng(4)), strict=True):
        np.testing.assert_array_equal(W, again)
    entries = np.concatenate([W.ravel() for W in weights])
    # 50,200 numbers: a standard error of the mean of 0.0045, of the variance 0.0063.
    assert abs(entries.mean()) < 0.02
    assert entries.var() == pytest.approx(1, abs=0.03)


def test_bad_input_is_named():
    network, weights, X = build(2)
    with pytest.raises(ValueError, match="width must be an integer >= 1, got 0"):
        FullyConnected(3, 0, 1)
    with pytest.raises(ValueError, match="it must be one formula"):
        FullyConnected(3, 4, 1, activation="preactivation +")
    with pytest.raises(ValueError, match=r"X must have shape \(any, 6\), got \(7, 5\)"):
        network.outputs(weights, X[:, 1:])
    with pytest.raises(ValueError, match=r"weights must have shapes .* got \(\(11, 6\), \(11,\)\)"):
        network.ntk((weights[0], weights[2]), X)
    with pytest.raises(ValueError, match="each of the 7 rows of X, got 3"):
        network.gradient(weights, X, np.ones(3))
