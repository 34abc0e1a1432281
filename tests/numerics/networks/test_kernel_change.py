"""When a kernel has changed by half: looks now and then, and what lies between them."""

import math

import numpy as np
import pytest

from numerics.networks.kernel_change import KernelChange


class PowerLaw:
    """A kernel (1 + w) I of one weight w; its relative change is w."""

    def __init__(self):
        self.looks = 0

    def ntk(self, weights, X, Z=None):
        self.looks += 1
        return (1 + weights[0]) * np.eye(len(X))


def watch_along(times, weight):
    network = PowerLaw()
    watch = KernelChange(network, [0.0], np.ones((3, 2)))
    for time in times:
        watch.see(time, [weight(time)])
    return watch, network.looks


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
def test_powers_of_time_are_met_exactly(power):
    watch, _ = watch_along(np.geomspace(1e-6, 10, 400), lambda t: t**power)
    assert watch.crossing == pytest.approx(0.5 ** (1 / power), rel=1e-12)


def test_a_first_look_beyond_the_mark_counts_in_proportion():
    watch, _ = watch_along([4.0], lambda t: t)
    assert watch.crossing == pytest.approx(0.5, rel=1e-12)


def test_looks_are_few_and_end_at_the_crossing():
    times = np.linspace(1e-3, 10, 20_000)
    watch, looks = watch_along(times, lambda t: t)
    # One at the start and one a tenth in time from 1e-3 to 0.55.
    assert looks <= 2 + math.log(550) / math.log(1.1)
    assert watch.crossing == pytest.approx(0.5, rel=1e-3)


def test_a_crossing_after_the_last_look_is_found_at_the_end():
    network = PowerLaw()
    watch = KernelChange(network, [0.0], np.ones((3, 2)))
    watch.see(1.0, [0.49])
    watch.see(1.05, [0.6])
    assert math.isnan(watch.crossing)
    assert watch.finish(1.05, [0.6]) == pytest.approx(0.6)
    assert 1.0 < watch.crossing < 1.05


def test_only_the_first_crossing_counts():
    watch, _ = watch_along([0.1, 0.4, 0.6, 0.8, 2.0], lambda t: t if t < 0.7 else 0.1)
    assert watch.crossing == pytest.approx(0.5, rel=1e-12)
    assert watch.finish(3.0, [0.9]) == pytest.approx(0.9)
    assert watch.crossing == pytest.approx(0.5, rel=1e-12)


def test_a_kernel_that_never_changes_has_no_time():
    watch, _ = watch_along(np.linspace(1, 9, 9), lambda t: 0.0)
    assert math.isnan(watch.crossing)
