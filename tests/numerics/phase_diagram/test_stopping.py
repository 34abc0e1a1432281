"""The stopping rule against the loop of the published experiments."""

import numpy as np
import pytest

from numerics.phase_diagram.stopping import StoppingRule


def published(losses, test_errors):
    """Return where the published loop breaks, written as it is there."""
    for i in range(len(losses)):
        seen, tests = losses[: i + 1], test_errors[: i + 1]
        if seen[-1] < 1e-3:
            return i
        if i > 3:
            if tests[-3] < tests[-2] < tests[-1]:
                return i
            if np.abs(seen[-1] - seen[-2]) < 2e-4 and seen[0] - seen[-1] > 1e-2:
                return i
    return None


def ours(losses, test_errors, rule=None):
    watch = (rule or StoppingRule()).watch(losses[0], test_errors[0])
    reason, i = watch.start(), 0
    while reason is None and i + 1 < len(losses):
        i += 1
        reason = watch.see(losses[i], test_errors[i])
    return (i, reason) if reason else (None, None)


def histories():
    rng = np.random.default_rng(0)
    steps = np.arange(60)
    for _ in range(200):
        losses = 2 * np.exp(-rng.uniform(0, 0.3) * steps) + rng.choice([0, 0.5])
        tests = 1 + np.cumsum(rng.normal(-0.01, 0.02, steps.size))
        yield np.abs(losses + rng.normal(0, 1e-4, steps.size)), tests
    yield np.full(60, 5e-4), np.ones(60)
    yield np.full(60, 2.0), np.ones(60)


def test_it_ends_where_the_published_loop_ends():
    ends = [(published(*x), ours(*x)[0]) for x in histories()]
    assert all(a == b for a, b in ends)
    assert {a is None for a, _ in ends} == {True, False}


@pytest.mark.parametrize(
    ("losses", "tests", "reason"),
    [
        ([1.0, 1e-4], [1.0, 1.0], "train_error_small"),
        ([1.0] * 9, [1, 1, 1, 1, 1, 2, 3, 4, 5], "test_error_rose"),
        ([1, 0.9, 0.9, 0.9, 0.9, 0.9], [6, 5, 4, 3, 2, 1], "train_error_stalled"),
        ([1.0] * 9, [1.0] * 9, None),
    ],
)
def test_reasons(losses, tests, reason):
    assert ours(losses, tests)[1] == reason


def test_zero_switches_a_condition_off():
    never = StoppingRule(train_error=0, test_rises=0, stall=0)
    assert all(ours(*x, never) == (None, None) for x in histories())


def test_other_rules():
    assert ours([1.0] * 9, [1, 2, 3, 4, 5, 6, 7, 8, 9], StoppingRule(test_rises=6))[0] == 6
    assert ours([1.0] * 9, [1, 2, 3, 4, 5, 6, 7, 8, 9], StoppingRule(after=0, test_rises=1))[0] == 1


@pytest.mark.parametrize(
    ("field", "value"), [("train_error", -1), ("stall", "x"), ("test_rises", 1.5), ("after", -1)]
)
def test_bad_values_are_refused(field, value):
    with pytest.raises((ValueError, TypeError), match=field):
        StoppingRule(**{field: value})
