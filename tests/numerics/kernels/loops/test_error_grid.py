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
