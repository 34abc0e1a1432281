"""The mapping against integrated networks of both papers, and the boundaries in its plane."""

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

from theory.algebra.derivation import ProofError
from theory.crossover import alpha_plane as plane
from theory.crossover import output_scaling as cm
from theory.regimes.boundaries import boundaries
from theory.symbols import W1, W2, d_in, n, w
from theory.symbols.crossover import alpha as alpha_symbol
from theory.symbols.crossover import gamma_alpha, gamma_h, h, t_G
from theory.symbols.regimes import p

CACHED = [cm._scaled_rates, cm._speeds, cm._solved, plane.exponents_in_plane]


@pytest.fixture
def fresh_caches():
    """What is derived from a changed network is computed anew and forgotten."""
    for function in CACHED:
        function.cache_clear()
    yield
    for function in CACHED:
        function.cache_clear()


def flow(rate, start, time):
    """Integrate a pair of matrices to one time, close to round-off."""
    shapes = [x.shape for x in start]
    cut = start[0].size

    def step(_, flat):
        pair = flat[:cut].reshape(shapes[0]), flat[cut:].reshape(shapes[1])
        return np.concatenate([x.ravel() for x in rate(*pair)])

    flat = np.concatenate([x.ravel() for x in start])
    end = solve_ivp(step, (0, time), flat, rtol=1e-10, atol=1e-12, method="DOP853").y[:, -1]
    return end[:cut].reshape(shapes[0]), end[cut:].reshape(shapes[1])


SIZES = {"d": 3, "h": 7, "n": 5, "out": 2}


@pytest.fixture(scope="module")
def network():
    """Unit-variance weights, inputs and targets; a loss with cubic derivative."""
    draw = np.random.default_rng(5)
    return {
        "U": draw.standard_normal((SIZES["h"], SIZES["d"])),
        "V": draw.standard_normal((SIZES["out"], SIZES["h"])),
        "X": draw.standard_normal((SIZES["d"], SIZES["n"])),
        "Y": draw.standard_normal((SIZES["out"], SIZES["n"])),
    }


def slope(residual):
    return residual + residual**3


def scaled_outputs(network, alpha, time, subtract):
    """Return F at a time t_G of the network with scaled output, from its own definition."""
    X, Y = network["X"], network["Y"]
    factor = 1 / np.sqrt(SIZES["h"] * SIZES["d"])
    f = lambda U, V: factor * V @ U @ X  # noqa: E731
    start = f(network["U"], network["V"]) if subtract else 0.0

    def rate(U, V):
        pull = alpha * slope(alpha * (f(U, V) - start) - Y) / (alpha**2 * SIZES["n"])
        return -factor * V.T @ pull @ X.T, -factor * pull @ X.T @ U.T

    return alpha * (f(*flow(rate, (network["U"], network["V"]), time)) - start)


def mapped_outputs(network, alpha, time, subtract, rho, N):
    """Return A x/rho of the network of variance sigma^2 at the mapped time."""
    arguments = {} if rho is None else {"input_divisor": rho, "loss_divisor": N}
    mapping = cm.crossover_mapping(**arguments)
    values = {alpha_symbol: alpha, h: SIZES["h"], d_in: SIZES["d"], n: SIZES["n"], t_G: time}
    sigma, t = np.sqrt(float(mapping.init_variance.subs(values))), mapping.time.subs(values)
    inputs = network["X"] / (np.sqrt(SIZES["d"]) if rho is None else rho)
    W1, W2 = sigma * network["U"], sigma * network["V"]
    start = W2 @ W1 @ inputs if subtract else 0.0
    divisor = SIZES["n"] if rho is None else N

    def rate(W1, W2):
        G = slope(W2 @ W1 @ inputs - start - network["Y"]) @ inputs.T / divisor
        return -W2.T @ G, -G @ W1.T

    W1, W2 = flow(rate, (W1, W2), float(t))
    return W2 @ W1 @ inputs - start


# Two integrations at a relative tolerance of 1e-10 a step, some hundred steps.
CLOSE = 1e-7


@pytest.mark.parametrize("alpha", [0.2, 3.0])
@pytest.mark.parametrize("subtract", [False, True])
@pytest.mark.parametrize(("rho", "N"), [(None, None), (1, 1), (2, 3)])
def test_both_networks_compute_the_same_function(network, alpha, subtract, rho, N):
    first = scaled_outputs(network, alpha, 1.5, subtract)
    second = mapped_outputs(network, alpha, 1.5, subtract, rho, N)
    assert np.abs(first - second).max() < CLOSE
    assert np.abs(first - scaled_outputs(network, alpha, 0.0, subtract)).max() > 0.1


def test_another_clock_gives_another_function(network):
    first = scaled_outputs(network, 0.2, 1.5, True)
    second = mapped_outputs(network, 0.2, 1.5 * 1.01, True, None, None)
    assert np.abs(first - second).max() > 100 * CLOSE


def test_the_way_back():
    sigma2 = sp.Symbol("sigma2", positive=True)
    for mapping in (cm.crossover_mapping(), cm.crossover_mapping(1, 1)):
        alpha, width = mapping.inverse(sigma2, w)
        at = {alpha_symbol: alpha, h: width}
        assert sp.simplify(mapping.init_variance.subs(at) - sigma2) == 0
        assert sp.simplify(mapping.threshold.subs(at) - sigma2 * w) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_divisor": 0}, "input_divisor must be positive, got 0"),
        ({"loss_divisor": -2}, "loss_divisor must be positive, got -2"),
        ({"input_divisor": sp.Symbol("rho")}, "input_divisor must be positive, got rho"),
    ],
)
def test_a_divisor_must_be_positive(arguments, message):
    with pytest.raises(ValueError, match=message):
        cm.crossover_mapping(**arguments)


def test_boundaries_hold_in_both_planes():
    exponents = plane.exponents_in_plane()
    checked = 0
    for boundary in boundaries():
        equation = boundary.equation.xreplace(exponents)
        if not equation.free_symbols & {gamma_alpha, gamma_h}:
            continue
        line = plane.crossover_boundary(boundary.name)
        assert sp.expand((equation.lhs - equation.rhs).subs(line.lhs, line.rhs)) == 0
        checked += 1
    assert checked > 5


def test_a_boundary_without_alpha_is_refused():
    with pytest.raises(ValueError, match="must depend on alpha or h, got 'detection'"):
        plane.crossover_boundary("detection")
    with pytest.raises(ValueError, match="alpha must decide the boundary, got 'underparam"):
        plane.boundary_exponent("underparameterised")
    with pytest.raises(ValueError, match="a boundary must be one of active / lazy, .*got 'x'"):
        plane.crossover_boundary("x")


def test_the_boundary_moves_with_the_task_not_with_its_exponent():
    assert plane.crossover_boundary().rhs.diff(p) == 1
    assert plane.boundary_exponent() == plane.boundary_exponent("threshold / noise")


def test_log_slopes_of_powers():
    x = sp.Symbol("x", positive=True)
    mixed = sp.sqrt(x) / (1 + x**3)
    assert plane.log_slope(mixed, x, 0) == sp.Rational(1, 2)
    assert plane.log_slope(mixed, x, sp.oo) == -sp.Rational(5, 2)


def test_other_preactivations_do_not_give_this_boundary(monkeypatch, fresh_caches):
    """Without the division by sqrt(h) the clock and the boundary are others."""
    monkeypatch.setattr(cm, "output_scale", lambda: alpha_symbol / sp.sqrt(d_in))
    assert cm.crossover_mapping().threshold == alpha_symbol * h
    assert plane.boundary_exponent() == -1


def test_a_wrong_flow_raises(monkeypatch, fresh_caches):
    from theory.dynamics.gram_flow import flow_rates

    right = dict(flow_rates())
    monkeypatch.setattr(cm, "flow_rates", lambda: ((W1, right[W1]), (W2, 2 * right[W2])))
    assert cm.crossover_mapping().threshold != alpha_symbol * sp.sqrt(h)
    with pytest.raises(ProofError, match="The clock is the threshold"):
        cm.mapping_steps()
