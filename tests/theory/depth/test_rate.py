"""The rate at depth L by other routes: a known function, walks, two-time equations, an ODE."""

from fractions import Fraction
from math import comb, factorial

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

from theory.depth.pushed_mode import pushed_mode
from theory.depth.rate import depth_rate, depth_rate_coefficients


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
    assert pushed_mode(depth, order).mode == expected


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
    s = pushed_mode(3, order - 1).mode
    assert [(k + 1) * n[k + 1] / 2 for k in range(order)] == [
        Fraction(value, factorial(k)) for k, value in enumerate(s)
    ]


def integrated_chain(depth, rounds, targets):
    """Integrate all layers of one mode in s, on the walks of some rounds; return the rates.

    Explicit matrices: an entry 1 wherever a hidden layer takes one walk to another.
    """
    spaces, links, newest = [1, depth - 1], [], [0, 1]
    for _ in range(rounds):
        grown = []
        for walk in newest:
            space = spaces[walk]
            for layer, to in ((space, space - 1), (space + 1, space + 1)):
                if 2 <= layer <= depth - 1:
                    grown.append(len(spaces))
                    links.append((layer, walk, len(spaces)))
                    spaces.append(to)
        newest = grown
    place = [spaces[:walk].count(space) for walk, space in enumerate(spaces)]
    sizes = [1, *(spaces.count(space) for space in range(1, depth)), 1]
    layers = [np.zeros((sizes[layer], sizes[layer - 1])) for layer in range(1, depth + 1)]
    layers[0][0, 0] = layers[-1][0, place[1]] = 1
    for layer, one, other in links:
        low, high = sorted((one, other), key=lambda walk: spaces[walk])
        layers[layer - 1][place[high], place[low]] = 1
    shapes, cuts = [x.shape for x in layers], np.cumsum([0, *(x.size for x in layers)])

    def pushes(flat):
        weights = [
            flat[start:stop].reshape(shape)
            for start, stop, shape in zip(cuts, cuts[1:], shapes, strict=False)
        ]
        forward, backward = [np.ones((1, 1))], [np.ones((1, 1))]
        for weight in weights[:-1]:
            forward.append(weight @ forward[-1])
        for weight in weights[:0:-1]:
            backward.append(weight.T @ backward[-1])
        found = [z @ h.T for z, h in zip(reversed(backward), forward, strict=True)]
        return np.concatenate([x.ravel() for x in found]), sum(np.sum(x**2) for x in found)

    def slope(_, flat):
        push, rate = pushes(flat)
        return push / rate

    start = np.concatenate([x.ravel() for x in layers])
    span = (0, targets[-1])
    run = solve_ivp(slope, span, start, "DOP853", targets, rtol=1e-12, atol=1e-14)
    return [pushes(flat)[1] for flat in run.y.T]


@pytest.mark.parametrize(("depth", "rounds", "error"), [(3, 16, 1e-11), (4, 12, 1e-10)])
def test_the_rate_is_that_of_an_integrated_chain(depth, rounds, error):
    """The integration has 12 digits; four rounds less move the rate at depth 4 by 5e-9."""
    targets = [0.1, 1.0, 10.0]
    expected = integrated_chain(depth, rounds, targets)
    found = [depth_rate(depth, s) for s in targets]
    np.testing.assert_allclose(found, expected, rtol=error)


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
def test_the_series_begins_the_rate(depth):
    coefficients = [float(x) for x in depth_rate_coefficients(depth, 10)]
    series = np.polynomial.polynomial.polyval(0.1**2, coefficients)
    assert depth_rate(depth, -0.1) == pytest.approx(series, rel=1e-12)


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
def test_the_balanced_limit_is_approached_from_above(depth):
    """By about ``s^(-4/L)``: the product with that power changes by a factor below 1.5."""
    s = np.array([10.0, 30.0, 90.0])
    rates = np.array([depth_rate(depth, x, digits=6) for x in s])
    excess = rates / (depth * s ** (2 - 2 / depth)) - 1
    assert np.all(excess > 0)
    assert np.all(np.abs(np.log(excess[1:] / excess[:-1]) + 4 / depth * np.log(3)) < np.log(1.5))


def test_what_cannot_be_certified_is_refused(monkeypatch):
    monkeypatch.setattr("theory.depth.rate.ORDERS", (4, 6, 8))
    with pytest.raises(ValueError, match="depth 3 is not known to 9 digits at 1e\\+06"):
        depth_rate(3, 1e6)


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
        ((3, 10**6), ValueError, "must be at most 1e\\+08, which takes minutes, got depth 3 and"),
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
