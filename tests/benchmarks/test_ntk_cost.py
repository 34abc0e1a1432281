"""What the NTK and a step of gradient flow cost, beside torch on the same machine.

Run with ``pytest tests/benchmarks/test_ntk_cost.py``, one BLAS thread each
(``OPENBLAS_NUM_THREADS=1``); each group's table gives the ratios to its fastest member.
"""

from __future__ import annotations

import numpy as np
import pytest
from kernel_cost import inputs, torch_gram

from numerics.kernels.cache import load
from numerics.networks.euler_steps import EulerStepper
from numerics.networks.flow_problem import FlowProblem
from numerics.networks.fully_connected import FullyConnected
from numerics.networks.linearised_steps import LinearisedStepper
from numerics.networks.step_rule import FAST_EULER, LINEARISED, PUBLISHED, StepRule
from numerics.networks.training import train_network
from theory.functions.activations import softplus
from theory.functions.margin_losses import softplus_hinge
from theory.kernels.network_functions import activation_module

#: The NTK: inputs of MNIST's size and three layers of 100 units.
COUNT, D_IN, WIDTH, DEPTH = 500, 784, 100, 3
#: A run: inputs of the size of 8 x 8 digits.
RUN_COUNT, RUN_D, RUN_WIDTH = 100, 64, 128


@pytest.fixture
def torch():
    module = pytest.importorskip("torch")
    before = module.get_num_threads()
    module.set_num_threads(1)
    yield module
    module.set_num_threads(before)


@pytest.fixture(scope="module")
def kernel_problem():
    network = FullyConnected(D_IN, WIDTH, DEPTH)
    return network, network.initial(1), inputs(COUNT, D_IN)


@pytest.mark.benchmark(group="NTK, n = 500, d = 784, three layers of 100")
def test_layer_by_layer(benchmark, kernel_problem):
    network, weights, X = kernel_problem
    network.ntk(weights, X)
    benchmark.pedantic(network.ntk, args=(weights, X), rounds=20, warmup_rounds=2)


@pytest.mark.benchmark(group="NTK, n = 500, d = 784, three layers of 100")
def test_torch_gradients_of_single_inputs(benchmark, kernel_problem, torch):
    network, weights, X = kernel_problem
    gram = torch_gram(network, weights, X)
    np.testing.assert_allclose(gram(), network.ntk(weights, X), rtol=1e-9, atol=1e-9)
    benchmark.pedantic(gram, rounds=3)


@pytest.mark.benchmark(group="activation and slope of 51,200 preactivations")
@pytest.mark.parametrize("kind", ["generated", "NumPy"])
def test_activation(benchmark, kind):
    values = np.random.default_rng(0).standard_normal(51_200)
    slopes, parameters = np.empty_like(values), np.array([5.0])
    kernel, work = load(activation_module(softplus()), loops="activation"), values.copy()

    def generated():
        np.copyto(work, values)
        kernel.apply(work, slopes, 1.0, parameters)

    def numpy():
        return np.logaddexp(0.0, 5 * values) / 5, 1 / (1 + np.exp(-5 * values))

    benchmark({"generated": generated, "NumPy": numpy}[kind])


def run_problem(scaled_alpha, rule=LINEARISED, depth=2):
    X = inputs(RUN_COUNT, RUN_D)
    y = np.where(X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3] > 0, 1.0, -1.0)
    network, alpha = FullyConnected(RUN_D, RUN_WIDTH, depth), scaled_alpha / np.sqrt(RUN_WIDTH)
    return FlowProblem(network, network.initial(1), X, y, alpha, softplus_hinge(), np.inf, rule)


@pytest.mark.benchmark(group="a step, n = 100, two layers of 128")
@pytest.mark.parametrize("kind", ["euler", "linearised", "torch's gradient alone"])
def test_step(benchmark, kind, request):
    if kind == "torch's gradient alone":
        torch = request.getfixturevalue("torch")
        given = run_problem(1.0)
        tensors = [torch.from_numpy(W).requires_grad_() for W in given.weights]
        rows, labels = torch.from_numpy(given.X), torch.from_numpy(given.y)

        def step():
            a = rows
            for W in tensors[:-1]:
                a = torch.nn.functional.softplus(a @ W.T / W.shape[1] ** 0.5, beta=5)
            F = a @ tensors[-1] / RUN_WIDTH**0.5
            loss = torch.nn.functional.softplus(20 * (1 - labels * F)).mean() / 20
            return torch.autograd.grad(loss, tensors)

    else:
        rule = StepRule(kind, output_change=1e9, gradient_change=1e9)
        point = {"euler": EulerStepper, "linearised": LinearisedStepper}[kind](
            run_problem(1.0, rule)
        )

        def step():
            point._dt = 1e-3
            assert point.step()

    benchmark.pedantic(step, rounds=100, warmup_rounds=3)


RULES = {"linearised": LINEARISED, "fast euler": FAST_EULER, "published": PUBLISHED}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("scaled_alpha", [1e-3, 1.0, 1e3])
def test_run(benchmark, rule, scaled_alpha):
    """Whole runs; the numbers of steps stand in the extra columns."""
    benchmark.group = f"a run, n = 100, two layers of 128, sqrt(h) alpha = {scaled_alpha:g}"
    given = run_problem(scaled_alpha)

    def train():
        return train_network(
            given.network,
            given.X,
            given.y,
            start=given.weights,
            alpha=given.alpha,
            rule=RULES[rule],
            test=(given.X,),
        )

    found = benchmark.pedantic(train, rounds=2, warmup_rounds=0 if rule == "published" else 1)
    benchmark.extra_info |= {"steps": found.steps, "kernel_change": found.kernel_change}
