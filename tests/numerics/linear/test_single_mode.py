"""The generated kernel of one mode against multi-precision arithmetic."""

import mpmath
import numpy as np
import pytest

from numerics.linear.single_mode import single_mode
from numerics.support.errors import OutOfRangeError

# About 20 roundings and one exponential of a rounded argument below 700: a bound, not a fit.
BOUND = 1e-13


def exact(y, s0, c, t):
    """Return s and y - s by the textbook formula, in enough digits for its cancellations."""
    y, s0, c, t = (mpmath.mpf(float(x)) for x in (y, s0, c, t))
    # cosh(Dt) and the squares of c/y each take their number of digits away.
    mpmath.mp.dps = 760
    rate, root = mpmath.sqrt(y * y + c * c), mpmath.sqrt(s0 * s0 + c * c)
    cosh, sinh = mpmath.cosh(rate * t), mpmath.sinh(rate * t)
    first = rate * cosh + (root + s0 - y) * sinh
    second = rate * cosh + (root - s0 + y) * sinh
    distance = (y - s0) * rate**2 / (first * second)
    return y - distance, distance


def drawn(count, seed):
    """Return (y, s0, c, t) with c/y in 1e-150..1e150 and times up to well past convergence."""
    rng = np.random.default_rng(seed)
    c = 10.0 ** rng.uniform(-150, 150, count)
    y = rng.uniform(0.5, 2.0, count) * rng.choice([-1.0, 1.0], count)
    s0 = np.sign(y) * np.where(rng.random(count) < 0.3, 0.0, 10.0 ** rng.uniform(-150, 150, count))
    rate = np.hypot(y, c)
    early = 10.0 ** rng.uniform(-8, 1.3, count) / rate
    # A small mode leaves the threshold at log(2y/c)/(2y): times around that transition.
    growth = np.log(2 * np.abs(y) / np.minimum(c, np.abs(y))) / (2 * np.abs(y))
    around = growth + rng.uniform(-10, 20, count) / (2 * rate)
    t = np.where((c < 1) & (rng.random(count) < 0.5), np.maximum(around, 0.0), early)
    return y, s0, c, t


def test_relative_error_where_start_and_target_have_one_sign():
    y, s0, c, t = drawn(1500, seed=0)
    value, distance = single_mode(y, s0, c, time=t)
    for k in range(y.size):
        s, r = exact(y[k], s0[k], c[k], t[k])
        assert abs(value[k] - s) <= BOUND * abs(s), (y[k], s0[k], c[k], t[k])
        assert abs(distance[k] - r) <= BOUND * abs(r), (y[k], s0[k], c[k], t[k])


def test_error_beside_the_natural_scale_where_signs_differ():
    """A value that passes zero has no relative accuracy; sqrt(s^2 + c^2) is its scale."""
    y, s0, c, t = drawn(800, seed=1)
    s0 = -np.where(s0 == 0, np.sign(y) * 1e-3, s0)
    # Past that ratio the saddle is not resolved and the call is refused.
    s0 = np.sign(s0) * np.minimum(np.abs(s0), c * 1e149)
    c = np.maximum(c, 1e-149)
    value, distance = single_mode(y, s0, c, time=t)
    for k in range(y.size):
        s, r = exact(y[k], s0[k], c[k], t[k])
        scale = min(mpmath.sqrt(s**2 + mpmath.mpf(c[k]) ** 2), max(abs(s0[k]), abs(y[k])))
        assert abs(value[k] - s) <= BOUND * scale, (y[k], s0[k], c[k], t[k])
        assert abs(distance[k] - r) <= BOUND * abs(r), (y[k], s0[k], c[k], t[k])


@pytest.mark.parametrize("turns", [360.0, 450.0, 512.0, 660.0])
@pytest.mark.parametrize(("start", "c"), [(0.0, 1e-148), (-0.3, 1e-140), (-1e-5, 1e-148)])
def test_a_distance_whose_exponential_underflows_is_not_lost(start, c, turns):
    """exp(-2Dt) leaves the range of floats where the distance, 1/c or 1/c^2 larger, is far in."""
    value, distance = single_mode(1.0, start, c, time=turns)
    s, r = exact(1.0, start, c, turns)
    assert abs(value - s) <= BOUND * max(s, c)
    # half a unit in the last place of Dt, 5.7e-14 above 512, counts twice; below 1e-300 digits go
    assert abs(distance - r) <= 1.3 * BOUND * max(r, mpmath.mpf("1e-300"))


def test_long_after_convergence_nothing_moves():
    y, s0, c = np.array([[2.0, -2.0, 2.0, 1e-3], [0.0, -0.5, 3.5, 9.0], [1e-9, 1.0, 0.1, 1e5]])
    value, distance = single_mode(y, s0, c, time=1e9)
    assert value.tolist() == y.tolist()
    assert not distance.any()


def test_the_mirror_image_is_exact():
    y, s0, c, t = drawn(300, seed=2)
    value, distance = single_mode(y, s0, c, time=t)
    mirrored = single_mode(-y, -s0, c, time=t)
    # both run through the same operations; only signs differ
    assert (-mirrored[0]).tolist() == value.tolist()
    assert (-mirrored[1]).tolist() == distance.tolist()


def test_a_power_of_two_as_unit_changes_nothing():
    y, s0, c, t = drawn(300, seed=3)
    value, distance = single_mode(y, s0, c, time=t)
    scaled = single_mode(2.0**20 * y, 2.0**20 * s0, 2.0**20 * c, time=t / 2.0**20)
    # numbers below 2^-1022 have lost digits that their multiples keep
    normal = (np.abs(value) > 1e-300) & (np.abs(distance) > 1e-300)
    assert normal.sum() > 150
    assert (scaled[0][normal] / 2.0**20).tolist() == value[normal].tolist()
    assert (scaled[1][normal] / 2.0**20).tolist() == distance[normal].tolist()


def test_the_bound_would_catch_single_precision():
    value, _ = single_mode(1.7, 0.3, 0.1, time=0.6)
    s, _ = exact(1.7, 0.3, 0.1, 0.6)
    assert abs(value - s) <= BOUND * s < abs(float(np.float32(value)) - s)


@pytest.mark.parametrize("c", [1e-150, 1e-8, 1.0, 1e8, 1e150])
def test_start_and_end(c):
    value, distance = single_mode(2.0, 0.5, c, time=[0.0, np.inf])
    # The start is reached through a product of two sums, each rounded.
    np.testing.assert_allclose(value, [0.5, 2.0], rtol=1e-15)
    np.testing.assert_allclose(distance, [1.5, 0.0], rtol=1e-15)


def test_a_saddle_that_is_not_resolved_is_refused():
    with pytest.raises(OutOfRangeError, match="opposite signs"):
        single_mode(1.0, -1.0, 1e-160, time=1.0)


def test_broadcasting():
    value, distance = single_mode([[1.0], [2.0]], 0.0, 0.1, time=[0.0, 1.0, 2.0])
    assert value.shape == distance.shape == (2, 3)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ((1.0, 0.0, 0.0, 1.0), "threshold must be positive"),
        ((1.0, 0.0, np.nan, 1.0), "threshold must be finite"),
        ((1.0, 0.0, 1.0, -1.0), "time must be nonnegative"),
        ((1.0, 0.0, 1.0, np.nan), "time must not be NaN"),
        ((np.nan, 0.0, 1.0, 1.0), "target must be finite"),
        ((1.0, np.inf, 1.0, 1.0), "start must be finite"),
        ((1.0, [0.0, 0.0], 1.0, [1.0, 2.0, 3.0]), "must broadcast together"),
    ],
)
def test_bad_input(arguments, rule):
    with pytest.raises(ValueError, match=rule):
        single_mode(*arguments[:3], time=arguments[3])
