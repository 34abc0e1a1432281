"""Convolutional nets: against plain NumPy, torch.func's gradients an image, and what must hold."""

import pickle
import sys

import numpy as np
import pytest
import sympy as sp
from numpy.lib.stride_tricks import sliding_window_view

import numerics.networks.convolution_layers as layers_module
import numerics.networks.convolutional as module
from numerics.networks.convolutional import Convolutional
from numerics.networks.fully_connected import FullyConnected
from theory.functions.activations import PREACTIVATION, get_activation

torch = pytest.importorskip("torch")

#: Geometries: (image_shape, channels, depth, settings).
SMALL = ((9, 8), 3, 2, {"kernel_size": 3})
COLOUR = ((7, 10, 2), 4, 3, {"kernel_size": 3, "padding": 2, "strides": (1, 3, 2)})
PAPER = ((28, 28), 2, 4, {})
GEOMETRIES = [SMALL, COLOUR, PAPER]

#: Round-off of sums over a few thousand products, and of two orders of summation.
ROUND_OFF = {"rtol": 1e-10, "atol": 1e-12}


def images(network, count, seed=0):
    """Return rows on the sphere of radius sqrt(d)."""
    rows = np.random.default_rng(seed).standard_normal((count, network.d_in))
    return rows * np.sqrt(network.d_in) / np.linalg.norm(rows, axis=1, keepdims=True)


def build(geometry, activation="softplus"):
    shape, channels, depth, settings = geometry
    network = Convolutional(shape, channels, depth, activation=activation, **settings)
    return network, network.initial(1)


def numpy_outputs(network, weights, X):
    """Return f by windows over NumPy arrays, with the activation by sympy's NumPy printer."""
    phi = sp.lambdify(PREACTIVATION, network.activation.normalised, "numpy")
    a, pad = X.reshape(len(X), *network.image_shape).transpose(0, 3, 1, 2), network.padding
    for W, stride in zip(weights[:-1], network.strides, strict=True):
        padded = np.pad(a, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        windows = sliding_window_view(padded, W.shape[2:], (2, 3))[:, :, ::stride, ::stride]
        a = phi(np.einsum("ncxykl,ockl->noxy", windows, W) / np.sqrt(W[0].size))
    return a.mean((2, 3)) @ weights[-1] / np.sqrt(network.channels)


def torch_output(network, weights, row):
    """Return f of one image as torch's own operations give it, softplus(5) as activation."""
    constant = float(get_activation("softplus").normalisation)
    a = row.reshape(1, *network.image_shape).permute(0, 3, 1, 2)
    for W, stride in zip(weights[:-1], network.strides, strict=True):
        a = torch.nn.functional.conv2d(a, W, stride=stride, padding=network.padding)
        a = a / W[0].numel() ** 0.5
        a = constant * torch.logaddexp(5 * a, torch.zeros_like(a)) / 5
    return (a.mean((2, 3)) @ weights[-1]).squeeze() / network.channels**0.5


def sample_gradients(network, weights, X):
    """Return torch.func's gradient of every image, one flat row each."""
    tensors = tuple(torch.from_numpy(w) for w in weights)
    gradient = torch.func.grad(lambda w, row: torch_output(network, w, row))
    found = torch.func.vmap(gradient, in_dims=(None, 0))(tensors, torch.from_numpy(X))
    return torch.cat([x.flatten(1) for x in found], 1).numpy()


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("activation", ["softplus", "relu", "tanh"])
def test_outputs_against_numpy(geometry, activation):
    network, weights = build(geometry, activation)
    X = images(network, 5)
    np.testing.assert_allclose(
        network.outputs(weights, X), numpy_outputs(network, weights, X), **ROUND_OFF
    )


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_gradient_and_ntk_against_torch_func(geometry):
    network, weights = build(geometry)
    X, Z = images(network, 6), images(network, 4, seed=2)
    G, H = sample_gradients(network, weights, X), sample_gradients(network, weights, Z)
    v = np.random.default_rng(3).standard_normal(6)
    flat = np.concatenate([x.ravel() for x in network.gradient(weights, X, v)])
    np.testing.assert_allclose(flat, v @ G, rtol=1e-10, atol=1e-10 * np.abs(v @ G).max())
    np.testing.assert_allclose(network.ntk(weights, X), G @ G.T, rtol=1e-10)
    np.testing.assert_allclose(network.ntk(weights, X, Z), G @ H.T, rtol=1e-10)


def test_an_activation_of_your_own():
    own = PREACTIVATION * sp.erf(PREACTIVATION) + sp.Piecewise(
        (PREACTIVATION**2, PREACTIVATION > 0), (0, True)
    )
    network, weights = build(SMALL, own)
    X, v, step = images(network, 4), np.array([1.0, -2.0, 0.5, 3.0]), 1e-5
    direction = network.initial(7)
    moved = [
        network.outputs([w + s * step * u for w, u in zip(weights, direction, strict=True)], X)
        for s in (1, -1)
    ]
    expected = v @ (moved[0] - moved[1]) / (2 * step)
    found = sum(
        (g * u).sum() for g, u in zip(network.gradient(weights, X, v), direction, strict=True)
    )
    # Central differences of step 1e-5: errors of order step^2 and eps/step.
    assert found == pytest.approx(expected, rel=1e-8)


def test_one_pixel_is_a_fully_connected_net():
    network = Convolutional((1, 1, 7), 5, 3, activation="softplus", kernel_size=1, padding=0)
    dense = FullyConnected(7, 5, 3, activation="softplus")
    weights = network.initial(4)
    flat = tuple(w.reshape(w.shape[0], -1) for w in weights[:-1]) + weights[-1:]
    X, Z, v = images(network, 6), images(network, 3, seed=5), np.arange(6.0)
    np.testing.assert_allclose(network.outputs(weights, X), dense.outputs(flat, X), **ROUND_OFF)
    np.testing.assert_allclose(network.ntk(weights, X, Z), dense.ntk(flat, X, Z), **ROUND_OFF)
    pairs = zip(network.gradient(weights, X, v), dense.gradient(flat, X, v), strict=True)
    for own, other in pairs:
        np.testing.assert_allclose(own.reshape(other.shape), other, **ROUND_OFF)


def test_every_layer_of_a_homogeneous_net_carries_the_output():
    network, weights = build(COLOUR, "relu")
    X, v = images(network, 5), np.array([1.0, 2.0, -1.0, 0.0, 4.0])
    total = v @ network.outputs(weights, X)
    for own, gradient in zip(weights, network.gradient(weights, X, v), strict=True):
        assert (own * gradient).sum() == pytest.approx(total, rel=1e-12)


def test_blocks_change_nothing(monkeypatch):
    network, weights = build(COLOUR)
    X, Z, v = images(network, 7), images(network, 5, seed=2), np.arange(7.0)
    whole = [
        network.outputs(weights, X),
        *network.gradient(weights, X, v),
        network.ntk(weights, X),
        network.ntk(weights, X, Z),
    ]
    geometry = network._geometry
    entries = max(geometry.fan_in(k) * np.prod(network.sides[k]) for k in range(network.depth))
    monkeypatch.setattr(layers_module, "PATCH_BYTES", 8 * entries * 2)
    monkeypatch.setattr(layers_module, "GRADIENT_BYTES", 1)
    assert len(list(geometry.blocks(7))) == 4
    assert len(list(geometry.channel_parts(1, 7))) == network.channels
    monkeypatch.setattr(module, "VALUE_BYTES", 1)
    assert len(list(network._parts(7))) == 7
    parts = [
        network.outputs(weights, X),
        *network.gradient(weights, X, v),
        network.ntk(weights, X),
        network.ntk(weights, X, Z),
    ]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, **ROUND_OFF)


def test_a_linearisation_is_the_methods_at_its_weights():
    network, weights = build(COLOUR)
    X, v, other = images(network, 5), np.arange(5.0), network.initial(9)
    layers = network.linearisation(X)
    found = tuple(np.full(shape, np.nan) for shape in network.shapes)
    for at in (weights, other, weights):
        np.testing.assert_array_equal(layers.move_to(at), network.outputs(at, X))
        layers.gradient(v, found)
        for own, expected in zip(found, network.gradient(at, X, v), strict=True):
            np.testing.assert_array_equal(own, expected)
        np.testing.assert_array_equal(layers.gram(), network.ntk(at, X))


def test_arguments_are_left_alone_and_may_be_read_only():
    network, weights = build(SMALL)
    X, v = images(network, 3), np.ones(3)
    for array in (*weights, X, v):
        array.flags.writeable = False
    before, threads = [w.copy() for w in weights], torch.get_num_threads()
    network.gradient(weights, X, v)
    network.ntk(weights, X)
    assert all((w == old).all() for w, old in zip(weights, before, strict=True))
    assert torch.get_num_threads() == threads


def test_networks_travel_to_workers():
    network, weights = build(SMALL)
    X = images(network, 3)
    again = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(again.outputs(weights, X), network.outputs(weights, X))


def test_start():
    network = Convolutional((28, 28), 64)
    assert network.d_in == 784
    assert network.width == 64
    weights = network.initial(0)
    assert tuple(w.shape for w in weights) == network.shapes
    for again, one in zip(network.initial(np.random.default_rng(0)), weights, strict=True):
        np.testing.assert_array_equal(again, one)
    entries = weights[1].ravel()
    # Mean and mean square of 102,400 normal entries: four standard deviations.
    assert abs(entries.mean()) < 4 / np.sqrt(entries.size)
    assert abs((entries**2).mean() - 1) < 4 * np.sqrt(2 / entries.size)


def test_a_missing_torch_names_the_extra(monkeypatch):
    network, weights = build(SMALL)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'mixed-dynamics\[torch\]'"):
        network.outputs(weights, images(network, 2))


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (((28,), 4), "image_shape must have 2 or 3 entries"),
        (((28, 28), 0), "channels must be an integer >= 1, got 0"),
        (((28, 28), 4, 6), "kernel_size must be at most the padded input .* of convolution 6"),
    ],
)
def test_bad_architecture(arguments, rule):
    with pytest.raises(ValueError, match=rule):
        Convolutional(*arguments)


def test_bad_settings_and_calls():
    with pytest.raises(ValueError, match="strides must have depth = 4 entries"):
        Convolutional((28, 28), 4, strides=(1, 2))
    with pytest.raises(ValueError, match="padding must be"):
        Convolutional((28, 28), 4, padding=-1)
    network, weights = build(SMALL)
    X = images(network, 3)
    with pytest.raises(ValueError, match="weights must have shapes"):
        network.outputs(weights[:-1], X)
    with pytest.raises(ValueError, match=r"X must have shape \(any, 72\)"):
        network.outputs(weights, X[:, 1:])
    with pytest.raises(ValueError, match="v must have an entry for each of the 3 rows"):
        network.gradient(weights, X, np.ones(4))
