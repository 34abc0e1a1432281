"""The search of a cell, interpreted, against looking at every iteration."""

import math
import types

import numpy as np
import pytest

from numerics.kernels.cache import load
from theory.kernels.error_grid import grid_module
from theory.published_settings import STOPPING

TARGET = types.SimpleNamespace(d_out=1.0, d_in=1.0)


def stops_by_train(iteration, train, train_1, train_start):
    stalled = abs(train - train_1) < STOPPING.stall and train_start - train > STOPPING.fall
    return train < STOPPING.train_error or (iteration > STOPPING.after and stalled)


def may_have_stopped(iteration, train, before, train_start, stride):
    still = abs(train - before) < 2 * STOPPING.stall * stride and train_start - train > 1e-2
    return train < STOPPING.train_error or (iteration > STOPPING.after and still)


@pytest.fixture
def search(plain):
    """Return the search for the minimum of a curve that is given."""
    loop = plain(
        "error_grid",
        may_have_stopped=may_have_stopped,
        stops_by_train=stops_by_train,
        rises_needed=lambda: STOPPING.test_rises,
        move_spikes=lambda stop, done, *_: stop,
    )

    def run(test, train, stride):
        seen = set()

        def errors(_target, _start, _spikes, step):
            seen.add(step)
            return test[step], train[step]

        loop.errors = errors
        found = loop.search(TARGET, None, 0.0, loop.Limits(test.size - 1, stride), None)
        return *found, seen

    return run


@pytest.mark.parametrize("stride", [1, 2, 5, 8])
def test_the_minimum_of_a_curve_with_one_is_found(search, stride):
    rng = np.random.default_rng(stride)
    for size in (1, 2, 9, 40, 101):
        for place in {0, 1, size // 3, size // 2, size - 2, size - 1} & set(range(size)):
            steps = rng.uniform(0.1, 1, size).cumsum()
            curve = np.abs(steps - steps[place]) + 0.5
            # A train error that stays where it is ends no run.
            best, smallest, seen = search(curve, np.ones(size), stride)
            assert (best, smallest) == (place, 0.5)
            assert len(seen) <= math.ceil(size / stride) + 3 * stride + 4


@pytest.mark.parametrize("stride", [1, 3, 8])
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("floor", [0.0, 0.2])
def test_a_falling_test_error_ends_where_the_train_error_does(search, stride, rate, floor):
    steps = np.arange(700)
    train = floor + np.exp(-rate * steps)
    test = 1 + 1 / (1 + steps)
    ends = (i for i in steps[1:] if stops_by_train(i, train[i], train[i - 1], train[0]))
    best, smallest, _ = search(test, train, stride)
    assert best == next(ends)
    assert smallest == test[best]


def test_a_run_that_nothing_ends_is_searched_to_its_end(search):
    test = 1 / (1 + np.arange(30.0))
    assert search(test, np.ones(30), 8)[0] == 29


@pytest.mark.parametrize("update", ["simultaneous", "sequential"])
def test_compiled_and_interpreted_cells_are_the_same_and_minimal(plain_joined, update):
    kernel = grid_module(update)
    compiled, loop = load(kernel, loops="error_grid"), plain_joined(kernel, "error_grid")
    values = (
        np.array([30.0, 20.0]),
        np.array([31.0, 21.5]),
        np.array([28.0, 18.0]),
        np.array([2.0, 6.0, 9.0]),
        np.array([10.0, 18.0, 10.0]),
        np.array([0.01, 0.02, 0.05]),
        9.5,
        40.0,
        40.0,
        38.0,
    )
    cells = [np.array(x) for x in ([1e-2, 5.0], [2e-2, 4.0], [3e3, 900.0], [4e-4, 1e-3])]
    answers = []
    for each in (compiled, loop):
        found = each.Found(*np.full((4, 2), np.nan))
        each.grid(each.Target(*values), each.Cells(*cells), each.Limits(300, 8), found)
        answers.append(np.array(found))
    # The compiler's exp and log1p may differ from those of Python in the last bit.
    np.testing.assert_allclose(answers[0], answers[1], rtol=1e-13)
    minimum, iteration = answers[1][:2]
    for k in range(2):
        c1, c2, width, eta = (x[k] for x in cells)
        c, target = (c1 + c2) / 2, loop.Target(*values)
        variance = loop.kernel_variance(c1, c2, width, 40.0, 40.0)
        start = loop.Start(c, width, c1 * c2 / width, variance, loop.flow_time(1.0, eta, c))
        spikes = loop.Spikes(np.tile([c1, 0.0, c2], (2, 1)), np.zeros((301, 5)), np.zeros(301))
        loop.move_spikes(301, 0, target, eta, spikes)
        sums = np.array([loop.errors(target, start, spikes, step) for step in range(301)])
        test, train = (sums + np.array([30.0**2 + 20.0**2, 0.0])).T / 1600
        ends = (i for i in range(1, 301) if stops_by_train(i, train[i], train[i - 1], train[0]))
        last = next(ends, 300)
        assert iteration[k] == np.argmin(test[: last + 1])
        assert minimum[k] == pytest.approx(test[: last + 1].min(), rel=1e-12)


def modes(y, c, t):
    """Return s, y - s, g(y) and g(-y) of modes that start at 0, by hyperbolic functions."""
    rate = np.hypot(y, c)
    M = rate * np.cosh(rate * t) + (c - y) * np.sinh(rate * t)
    N = rate * np.cosh(rate * t) + (c + y) * np.sinh(rate * t)
    s = c * (N / M - M / N) / 2
    return s, y - s, rate / M, rate / N


def spike_by_weights(y, c1, c2, eta, steps):
    """Return a mode of sequential descent from the weights of two hidden units."""
    first, second = np.array([math.sqrt(c1), 0.0]), np.array([0.0, math.sqrt(c2)])
    found = []
    for _ in range(steps + 1):
        residual = y - second @ first
        found.append(second @ first)
        first = first + eta * residual * second
        second = second + eta * residual * first
    return np.array(found)


@pytest.mark.parametrize("shape", [(30, 44), (44, 30)])
def test_a_cell_is_its_formulas_summed_by_hand(shape):
    """Every sum, share and estimate of a rectangular cell with unequal layers, in plain NumPy."""
    d_out, d_in = shape
    signal, spikes, known = np.array([30.0, 20.0]), np.array([31.0, 21.5]), np.array([28.0, 18.0])
    nodes, counts = np.array([2.0, 6.0, 9.0]), np.array([8.0, 12.0, 8.0])
    correlations, edge, paired = np.array([0.01, 0.02, 0.05]), 9.5, 28.0
    c1, c2, width, eta, last = 3.0, 1.2, 900.0, 1.5e-3, 120
    kernel = load(grid_module("sequential"), loops="error_grid")
    found = kernel.Found(*np.full((4, 1), np.nan))
    values = signal, spikes, known, nodes, counts, correlations, edge, float(d_out), float(d_in)
    cell = (np.array([x]) for x in (c1, c2, width, eta))
    target, c = kernel.Target(*values, paired), (c1 + c2) / 2
    kernel.grid(target, kernel.Cells(*cell), kernel.Limits(last, 8), found)
    variance, flow = kernel.kernel_variance(c1, c2, width, d_in, d_out), kernel.flow_time(1, eta, c)
    begun = kernel.Start(c, width, c1 * c2 / width, variance, flow)
    moving = kernel.Spikes(
        np.tile([c1, 0.0, c2], (2, 1)), np.zeros((last + 2, 5)), np.zeros(last + 2)
    )
    kernel.move_spikes(last + 1, 0, target, eta, moving)

    paths = np.array([spike_by_weights(y, c1, c2, eta, last) for y in spikes]).T
    V = (c1**2 * (d_in + 1) + c2**2 * (d_out + 1)) / width
    best = (np.inf,)
    for step, path in enumerate(paths):
        # As long as a lazy mode decays like descent makes it decay.
        t = -step * math.log(1 - 2 * eta * c) / (2 * c)
        s, r, plus, minus = modes(nodes, c, t)
        a, left = np.append(path, s), np.append(spikes - path, r)
        weight, corr = np.append(np.ones(2), counts), np.append(known, correlations)
        # Second order: E ||A_1||^2 = V t^2 r^2 and E A_2 = -V t^2 r/2, mode by mode.
        moved, shift = V * t**2 * left**2, -V * t**2 * left / 2
        even, odd = counts @ ((plus + minus) / 2) ** 2, counts @ ((plus - minus) / 2) ** 2
        alone = math.exp(-2 * c * t)
        start = c1 * c2 / width
        learned = (even + (d_out - paired) * alone) * (even + (d_in - paired) * alone) + odd**2
        test = weight @ (a**2 - 2 * a * corr + moved + 2 * (a - corr) * shift) + start * learned
        norm = weight @ (a**2 + moved + 2 * a * shift) + start * learned
        train = weight @ (left**2 + moved - 2 * left * shift) + start * learned
        errors = kernel.errors(target, begun, moving, step)
        np.testing.assert_allclose(errors, (test, train), rtol=1e-9, atol=1e-9 * np.sum(signal**2))
        if test < best[0]:
            m, n = d_out - 2, d_in - 2
            from_start = (even + (m - paired) * alone) * (even + (n - paired) * alone) + odd**2
            v = (counts @ (V * t**2 * r**2) + start * from_start) / (m * n)
            sizes = math.sqrt(m) + math.sqrt(n)
            top = sizes**2 - 1.2065335745820 * sizes * (1 / math.sqrt(m) + 1 / math.sqrt(n)) ** (
                1 / 3
            )
            first, outlier = path[0] + shift[0], 0.0
            if first > math.sqrt(v) * (m * n) ** 0.25:
                outlier = math.sqrt((first**2 + v * m) * (first**2 + v * n)) / first
            bulk = math.sqrt(modes(edge, c, t)[0] ** 2 + v * top)
            size = weight @ moved + start * learned + abs(weight @ (2 * (a - corr) * shift))
            folds = max(1.0, (c * t) ** 2)
            estimate = size * (d_in + d_out) / (2 * width) * (0.1 + 2 * c / (c + 30.0)) * folds
            best = test, step, norm / max(outlier, bulk) ** 2, estimate / (d_out * d_in)
    minimum = (best[0] + np.sum(signal**2)) / (d_out * d_in)
    assert found.iteration[0] == best[1] and 0 < best[1] < last
    assert outlier > bulk
    assert found.minimum[0] == pytest.approx(minimum, rel=1e-10)
    assert found.stable_rank[0] == pytest.approx(best[2], rel=1e-10)
    assert found.truncation[0] == pytest.approx(best[3], rel=1e-10)
