"""The rate at depth L by other routes: a known function, walks, two-time equations, an ODE."""

from fractions import Fraction
from math import comb, factorial

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

from theory.depth.pushed_mode import pushed_mode_series
from theory.depth.rate import depth_rate_coefficients


def test_two_layers_have_the_rate_of_equation_1():
    s = sp.Symbol("s")
    expected = sp.Poly(sp.series(2 * sp.sqrt(1 + s**2), s, 0, 24).removeO(), s)
    assert depth_rate_coefficients(2, 12) == [
        expected.coeff_monomial(s ** (2 * k)) for k in range(12)
    ]


@pytest.mark.parametrize("depth", range(2, 10))
def test_the_first_correction_of_the_lazy_limit(depth):
    lazy, correction = depth_rate_coefficients(depth, 2)
    assert (lazy, correction) == (depth, sp.Rational(depth**2 - 1, 3))


def walks(depth, order):
    """Return the series of s from vectors themselves: a coordinate for each walk of the layers.

    A layer takes each direction to a new one, and back to its parent if it came by this layer.
    """
    parents, layers, images = [None, None], [1, depth], {}

    def apply(layer, vector):
        result = {}
        for direction, value in vector.items():
            if (direction, layer) not in images:
                back = [parents[direction]] if layers[direction] == layer else []
                images[direction, layer] = [len(parents), *back]
                parents.append(direction)
                layers.append(layer)
            for image in images[direction, layer]:
                result[image] = result.get(image, 0) + value
        return result

    def dot(one, other):
        return sum(value * other.get(key, 0) for key, value in one.items())

    unit = [{"unit": 1}, *({} for _ in range(order))]
    h = [unit, *([] for _ in range(depth - 1))]
    z = [*([] for _ in range(depth)), unit]

    def step(k, start, moved, seen):
        vector = dict(start)
        for i in range(k):
            for j in range(k - i):
                m = k - 1 - i - j
                factor = Fraction(1, i + j + 1) * dot(seen[j], seen[m])
                for direction, value in moved[i].items():
                    vector[direction] = vector.get(direction, 0) + factor * value
        return vector

    for k in range(order + 1):
        for layer in range(1, depth):
            first = {0: 1} if k == 0 else {}
            start = first if layer == 1 else apply(layer, h[layer - 1][k])
            h[layer].append(step(k, start, z[layer], h[layer - 1]))
        for layer in range(depth - 1, 0, -1):
            last = {1: 1} if k == 0 else {}
            start = last if layer == depth - 1 else apply(layer + 1, z[layer + 1][k])
            z[layer].append(step(k, start, h[layer], z[layer + 1]))
    return [sum(dot(z[1][i], h[1][k - i]) for i in range(k + 1)) for k in range(order + 1)]


@pytest.mark.parametrize(("depth", "order"), [(2, 9), (3, 9), (4, 9), (5, 7), (6, 5)])
def test_the_series_is_that_of_walks(depth, order):
    expected = [factorial(k) * value for k, value in enumerate(walks(depth, order))]
    assert pushed_mode_series(depth, order) == expected


def two_time_series(order):
    """Return n(t) = |W_1|^2 at depth 3 from the two-time equations of one layer, as fractions.

    ``C(t, u)`` is the correlation of W_1 with itself, ``G(t, u)`` its response to a push at u:
    ``dG/dt = int_u^t [C(t,a) + G(t,a)] G(a,u) da``, ``G(u,u) = 1`` and
    ``C(t,u) = G(t,0) G(u,0) + int_0^t int_0^u G(t,a) C(a,b) G(u,b) db da``.
    """
    G, C = {(0, 0): Fraction(1)}, {(0, 0): Fraction(1)}
    for _ in range(order):  # each round makes another order right
        G, C = _next_response(G, C, order), _next_correlation(G, C, order)
    n = [Fraction(0)] * (order + 1)
    for (i, j), value in C.items():
        n[i + j] += value
    return n


def _next_response(G, C, order):
    """Return 1 + int_u^t dt' int_u^t' [C + G](t', a) G(a, u) da, to a total order in t and u."""
    both = {key: C.get(key, 0) + G.get(key, 0) for key in C.keys() | G.keys()}
    found = {(0, 0): Fraction(1)}
    for (i, j), x in both.items():
        for (k, m), y in G.items():
            if i + j + k + m + 2 > order:
                continue
            # int_u^t' a^(j+k) da, times t'^i u^m, then int_u^t dt'.
            p, value = j + k + 1, x * y / (j + k + 1)
            for power, rest, sign in ((i + p, m, 1), (i, m + p, -1)):
                share = sign * value / (power + 1)
                for key, part in (((power + 1, rest), share), ((0, rest + power + 1), -share)):
                    found[key] = found.get(key, 0) + part
    return found


def _next_correlation(G, C, order):
    start = {i: value for (i, j), value in G.items() if j == 0}
    found = {}
    for i, x in start.items():
        for j, y in start.items():
            if i + j <= order:
                found[i, j] = found.get((i, j), 0) + x * y
    for (i, a), x in G.items():
        for (p, q), y in C.items():
            for (j, b), z in G.items():
                if i + a + p + q + j + b + 2 <= order:
                    key = i + a + p + 1, j + b + q + 1
                    share = x * y * z / ((a + p + 1) * (q + b + 1))
                    found[key] = found.get(key, 0) + share
    return found


def test_depth_3_obeys_the_two_time_equations():
    order = 8
    n = two_time_series(order)
    assert n[:5] == [1, 0, 3, 0, 4]
    s = pushed_mode_series(3, order - 1)
    assert [(k + 1) * n[k + 1] / 2 for k in range(order)] == [
        Fraction(value, factorial(k)) for k, value in enumerate(s)
    ]


def chain_of_depth_3(size, times):
    """Integrate three layers of one mode: W_2 starts as the shift along a line of directions."""
    shift = np.eye(size, k=1) + np.eye(size, k=-1)
    first = np.eye(size)[0]

    def slope(_, weights):
        x, W, y = weights[:size], weights[size:-size].reshape(size, size), weights[-size:]
        return np.concatenate([W.T @ y, np.outer(y, x).ravel(), W @ x])

    start = np.concatenate([first, shift.ravel(), first])
    run = solve_ivp(slope, (0, times[-1]), start, "DOP853", times, rtol=1e-12, atol=1e-14)
    x, W, y = run.y[:size], run.y[size:-size].reshape(size, size, -1), run.y[-size:]
    s = np.einsum("it,ijt,jt->t", y, W, x)
    rate = (
        np.sum(np.einsum("ijt,jt->it", W, x) ** 2, axis=0)
        + np.sum(x**2, axis=0) * np.sum(y**2, axis=0)
        + np.sum(np.einsum("ijt,it->jt", W, y) ** 2, axis=0)
    )
    return s, rate


def test_the_series_is_the_rate_of_an_integrated_chain():
    s, rate = chain_of_depth_3(16, np.array([0.02, 0.05, 0.08]))
    series = np.polynomial.polynomial.polyval(
        s**2, [float(x) for x in depth_rate_coefficients(3, 14)]
    )
    # The last of 14 terms is below 1e-9 there, and the chain's end is not reached.
    assert s[-1] < 0.3
    np.testing.assert_allclose(series, rate, rtol=1e-9)


@pytest.mark.parametrize("depth", [3, 4, 5])
def test_the_tempting_power_is_not_the_rate(depth):
    s = sp.Symbol("s")
    guess = sp.series(depth * (1 + s) ** (1 - sp.Rational(1, depth)), s, 0, 3).removeO()
    assert [guess.coeff(s, k) for k in range(3)] != depth_rate_coefficients(depth, 3)


def test_the_near_miss_at_depth_3_is_not_the_rate():
    """``s^2 = n (n - 1) (n + 2)``, ``rho = 3 n^2 + 2 n - 2``: two coefficients agree, no more."""
    v = sp.Symbol("v")
    n = sp.series((sp.Rational(1) + v / 3 - v**2 * sp.Rational(4, 27)), v, 0, 3).removeO()
    assert sp.expand(n * (n - 1) * (n + 2) - v).coeff(v, 1) == 0
    near = sp.Poly(sp.expand(3 * n**2 + 2 * n - 2), v)
    found = depth_rate_coefficients(3, 3)
    assert [near.coeff_monomial(v**k) for k in range(2)] == found[:2]
    assert near.coeff_monomial(v**2) != found[2]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((1, 3), ValueError, "depth must be at least 2, got 1"),
        ((3, 0), ValueError, "count must be at least 1, got 0"),
        ((2.5, 3), TypeError, "depth must be an integer, got 2.5"),
        ((3, True), TypeError, "count must be an integer, got True"),
        (("3", 3), TypeError, "depth must be an integer, got"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        depth_rate_coefficients(*arguments)


def test_the_weights_of_a_memory_integral():
    """The identity that keeps the orders integers, as an integral."""
    a, t = sp.symbols("a t", positive=True)
    for i, j, m in ((0, 0, 0), (1, 2, 3), (3, 0, 2)):
        k = i + j + 1 + m
        integral = sp.integrate(a ** (i + j), (a, 0, t)) * t**m
        share = sp.Rational(comb(i + j, i) * comb(k, m), factorial(k))
        assert (
            sp.simplify(integral / (factorial(i) * factorial(j) * factorial(m)) - share * t**k) == 0
        )
