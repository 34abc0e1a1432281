"""What the NTK of a convolutional net costs, beside torch.func's gradients an image."""

import numpy as np
import pytest

from numerics.networks.convolutional import Convolutional

torch = pytest.importorskip("torch")

NETWORK = Convolutional((28, 28), channels=16)
COUNT = 200


@pytest.fixture(scope="module")
def problem():
    rows = np.random.default_rng(0).standard_normal((COUNT, NETWORK.d_in))
    return NETWORK.initial(1), rows


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def output(weights, row):
    a = row.reshape(1, 1, 28, 28)
    for W, stride in zip(weights[:-1], NETWORK.strides, strict=True):
        a = torch.nn.functional.conv2d(a, W, stride=stride, padding=NETWORK.padding)
        a = torch.nn.functional.softplus(a / W[0].numel() ** 0.5, beta=5)
    return (a.mean((2, 3)) @ weights[-1]).squeeze() / NETWORK.channels**0.5


def product(found):
    rows = torch.cat([x.flatten(1) for x in found], 1)
    return rows @ rows.T


@pytest.mark.benchmark(group="convolutional NTK, 200 images")
def test_layers(benchmark, problem):
    benchmark(NETWORK.ntk, *problem)


@pytest.mark.benchmark(group="convolutional NTK, 200 images")
def test_torch_func(benchmark, problem):
    weights, rows = tuple(map(torch.from_numpy, problem[0])), torch.from_numpy(problem[1])
    gradients = torch.func.vmap(torch.func.grad(output), in_dims=(None, 0))
    benchmark(lambda: product(gradients(weights, rows)))


@pytest.mark.benchmark(group="convolutional NTK, 200 images")
def test_backward_pass_an_image(benchmark, problem):
    weights = tuple(torch.from_numpy(W).requires_grad_() for W in problem[0])
    rows = torch.from_numpy(problem[1])

    def gram():
        found = [torch.autograd.grad(output(weights, row), weights) for row in rows]
        return product([torch.stack(x) for x in zip(*found, strict=True)])

    benchmark(gram)


@pytest.mark.benchmark(group="convolutional gradient, 200 images")
def test_gradient(benchmark, problem):
    benchmark(NETWORK.gradient, *problem, np.ones(COUNT))
