"""The Chebyshev integrator, interpreted, on flows whose solution is known."""

import math

import numpy as np
import pytest
from scipy.linalg import expm


def quadratic(margin):
    """Loss (1 - m)^2/2: outputs go to the labels at the rate of the kernel."""
    return (1 - margin) ** 2 / 2, margin - 1, 1.0


@pytest.fixture
def loop(plain):
    return plain("frozen_flow", constants_of=lambda parameters: (), margin_terms=quadratic)


def flow_of(loop, gram, start, labels):
    return loop.Flow(gram, start, labels, np.empty(0))


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    gram = (basis * [5.0, 4.0, 3.0, 2.0, 1.0]) @ basis.T
    return gram, rng.standard_normal(5), np.array([1.0, -1.0, 1.0, 1.0, -1.0])


def exact(problem, time):
    gram, start, labels = problem
    return labels + expm(-gram * time / len(gram)) @ (start - labels)


def outputs_after(loop, problem, step, stages):
    gram, start, labels = problem
    flow = flow_of(loop, gram, start, labels)
    impulse, outputs, forces, new = np.zeros((4, 5))
    loop.rates(flow, impulse, outputs, forces)
    loop.chebyshev_step(flow, step, stages, impulse, forces, new, np.empty((8, 5)))
    return start + gram @ new / len(gram)


@pytest.mark.parametrize("stages", [2, 3, 7, 20])
def test_the_error_of_a_step_is_of_third_order(loop, problem, stages):
    steps = 0.2 / 2.0 ** np.arange(5)
    errors = [np.abs(outputs_after(loop, problem, h, stages) - exact(problem, h)) for h in steps]
    slopes = np.diff(np.log(np.max(errors, axis=1))) / np.diff(np.log(steps))
    # The next order adds a share of h to each slope.
    assert slopes[-1] == pytest.approx(3, abs=0.05)
    assert np.all(np.diff(abs(slopes - 3)) < 0)


@pytest.mark.parametrize("stages", [2, 3, 10, 50, 200])
def test_a_step_of_many_stages_is_stable_on_the_whole_spectrum(loop, stages):
    rates = np.linspace(0, 1, 1001)[1:] * (stages**2 - 1) / loop.STABILITY
    count = rates.size
    # A step of length 1; each output flows alone, to 1 from 0.
    flow = flow_of(loop, np.diag(count * rates), np.zeros(count), np.ones(count))
    impulse, outputs, forces, new = np.zeros((4, count))
    loop.rates(flow, impulse, outputs, forces)
    loop.chebyshev_step(flow, 1.0, stages, impulse, forces, new, np.empty((8, count)))
    amplification = 1 - rates * new
    assert np.abs(amplification).max() < 1
    beyond = 1.2 * rates[-1]
    flow = flow_of(loop, np.array([[beyond]]), np.zeros(1), np.ones(1))
    one = np.zeros((3, 1))
    loop.chebyshev_step(flow, 1.0, stages, one[0], np.ones(1), one[1], np.empty((8, 1)))
    assert abs(1 - beyond * one[1, 0]) > 1


@pytest.mark.parametrize("stages", [20, 60])
def test_the_estimate_is_the_error_of_a_step(loop, problem, stages):
    """h^3/15 times the third derivative for many stages (Sommeijer, Shampine, Verwer 1998)."""
    gram, start, labels = problem
    flow, step, tolerance = flow_of(loop, gram, start, labels), 0.01, 1e-7
    impulse, outputs, forces, new, ahead, later = np.zeros((6, 5))
    loop.rates(flow, impulse, outputs, forces)
    work = np.empty((8, 5))
    loop.chebyshev_step(flow, step, stages, impulse, forces, new, work)
    loop.rates(flow, new, ahead, later)
    told = loop.error_of_step(flow, step, (impulse, new), (forces, later), tolerance, work)
    error = np.abs(ahead - exact(problem, step)).max() / tolerance
    # The damping of the stages makes the error smaller, by 1.8.
    assert 1.0 < told / error < 2.0


def test_steps_are_as_long_as_the_tolerance_allows(loop, problem):
    """An error of 0.8^3 of the tolerance a step: shorter ones cost what nobody asked for."""
    _, buffers = advanced(loop, problem, duration=1.5)
    error = np.abs(buffers.outputs - exact(problem, 1.5)).max()
    # Some tens of steps, whose errors add up and fade.
    assert 0.5e-7 < error < 50e-7


def advanced(loop, problem, **changes):
    gram, start, labels = problem
    limits = {"duration": 1e6, "reach": math.inf, "margin": 0.9, "overshoot": 1e-3}
    limits |= {"evaluations": 10**6} | changes
    buffers = loop.Buffers(np.empty(5), np.empty(5), np.empty((8, 5)))
    made = loop.advance(
        flow_of(loop, gram, start, labels),
        loop.Limits(**limits),
        loop.Accuracy(1e-7, np.linalg.eigvalsh(gram)[-1] / 5),
        0.1,
        buffers,
    )
    return made, buffers


def test_it_ends_at_the_margin_and_sees_the_loss_cross_its_level(loop, problem):
    made, buffers = advanced(loop, problem)
    labels = problem[2]
    # Some tens of steps with an error of 1e-7 each.
    np.testing.assert_allclose(buffers.outputs, exact(problem, made.time), atol=1e-5)
    assert 0.9 <= (labels * buffers.outputs).min() <= 0.901
    losses = [np.mean(quadratic(labels * exact(problem, made.crossed + x))[0]) for x in (-0.2, 0.2)]
    assert losses[0] > 0.1 > losses[1]
    np.testing.assert_allclose(buffers.outputs, problem[1] + problem[0] @ buffers.impulse / 5)


def test_it_ends_at_its_duration(loop, problem):
    made, buffers = advanced(loop, problem, duration=1.5)
    assert made.time == 1.5
    np.testing.assert_allclose(buffers.outputs, exact(problem, 1.5), atol=1e-5)


def test_it_ends_where_an_output_has_moved_far(loop, problem):
    made, buffers = advanced(loop, problem, reach=0.3)
    moved = np.abs(buffers.outputs - problem[1]).max()
    assert 0.3 <= moved <= 1.1 * 0.3
    np.testing.assert_allclose(buffers.outputs, exact(problem, made.time), atol=1e-5)


def test_it_ends_after_its_evaluations(loop, problem):
    whole, _ = advanced(loop, problem)
    half, _ = advanced(loop, problem, evaluations=whole.evaluations // 2)
    assert half.time < whole.time
    assert whole.evaluations // 2 <= half.evaluations < whole.evaluations


@pytest.mark.parametrize("radius", [0.0, math.nan, math.inf])
def test_a_radius_that_is_none_makes_no_step(loop, problem, radius):
    gram, start, labels = problem
    buffers = loop.Buffers(np.empty(5), np.empty(5), np.empty((8, 5)))
    limits = loop.Limits(1.0, math.inf, 0.9, 1e-3, 100)
    flow = flow_of(loop, gram, start, labels)
    with np.errstate(divide="ignore"):
        made = loop.advance(flow, limits, loop.Accuracy(1e-7, np.float64(radius)), 0.1, buffers)
    assert (made.time, made.evaluations) == (0.0, 1)


def test_without_its_arithmetic_a_loop_refuses(plain):
    loop = plain("frozen_flow")
    one = np.ones(1)
    with pytest.raises(RuntimeError, match="constants_of must be joined with its loop"):
        loop.evaluate(one, one, one, one)
