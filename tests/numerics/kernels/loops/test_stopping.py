"""The stopping loop, interpreted, against the rule written with NumPy."""

import numpy as np

from theory.kernels.mode_recursion import stopping_module
from theory.published_settings import STOPPING


def expected(train, test):
    for i in range(train.size):
        rose = i > 3 and test[i] > test[i - 1] > test[i - 2]
        stalled = i > 3 and abs(train[i] - train[i - 1]) < 2e-4 and train[0] - train[i] > 1e-2
        if train[i] < 1e-3 or rose or stalled:
            return i
    return train.size


def test_every_reason_ends_a_run_where_the_rule_says(plain_joined):
    loop = plain_joined(stopping_module(), "stopping")
    rng = np.random.default_rng(0)
    ends = set()
    for _ in range(200):
        train = np.exp(-np.linspace(0, rng.uniform(0, 9), 30)) + rng.choice([0, 0.1])
        test = rng.uniform(0, 1, 30).cumsum() * rng.choice([-1, 1, 0]) + rng.uniform(0, 0.5, 30)
        end = loop.stop(train, test, tuple(STOPPING))
        assert end == expected(train, test)
        ends.add(end)
    assert len(ends) > 10
    assert 30 in ends


def test_no_errors_end_at_once(plain_joined):
    loop = plain_joined(stopping_module(), "stopping")
    assert loop.stop(np.empty(0), np.empty(0), tuple(STOPPING)) == 0
