"""Both methods of steps against a high-order integrator, their orders, and what flow conserves."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from numerics.networks import euler_steps, linearised_steps
from numerics.networks.euler_steps import EulerStepper
from numerics.networks.flow_problem import FlowProblem
from numerics.networks.fully_connected import FullyConnected
from numerics.networks.linearised_steps import LinearisedStepper
from numerics.networks.step_rule import StepRule
from theory.functions.margin_losses import logistic, softplus_hinge, squared_margin

STEPPERS = {"euler": EulerStepper, "linearised": LinearisedStepper}
#: Steps of any size: the tests choose it.
FREE = {"output_change": 1e9, "output_error": 0.999, "gradient_change": 1e9}
N, D, WIDTH = 8, 5, 12


def problem(method, activation="softplus", depth=2, alpha=0.3, loss=None, margin=np.inf, **limits):
    rng = np.random.default_rng(7)
    X = rng.standard_normal((N, D))
    X *= np.sqrt(D) / np.linalg.norm(X, axis=1, keepdims=True)
    y = np.where(np.arange(N) % 2 == 0, 1.0, -1.0)
    network = FullyConnected(D, WIDTH, depth, activation=activation)
    return FlowProblem(
        network,
        network.initial(rng),
        X,
        y,
        alpha,
        loss or logistic(),
        margin,
        StepRule(method=method, **(limits or FREE)),
    )


def reference(given, time):
    """Return the weights at a time by DOP853, with a written-out loss."""
    shapes = [W.shape for W in given.weights]
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    start = np.concatenate([W.ravel() for W in given.weights])
    slopes = {
        "logistic": lambda u: -1 / (1 + np.exp(u)),
        "squared_margin": lambda u: u - 1,
        "softplus_hinge": lambda u: -1 / (1 + np.exp(-20 * (1 - u))),
    }
    f0 = given.network.outputs(given.weights, given.X)

    def split(flat):
        parts = np.split(flat, ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def rate(_, flat):
        weights = split(flat)
        F = given.alpha * (given.network.outputs(weights, given.X) - f0)
        v = slopes[given.loss.name](given.y * F) * given.y / (given.alpha * N)
        return -np.concatenate([g.ravel() for g in given.network.gradient(weights, given.X, v)])

    solved = solve_ivp(rate, (0, time), start, method="DOP853", rtol=1e-12, atol=1e-13)
    return split(solved.y[:, -1])


def run(given, time, count):
    """Make steps of equal size."""
    point = STEPPERS[given.rule.method](given)
    for _ in range(count):
        point._dt = time / count
        assert point.step()
    assert point.time == pytest.approx(time, rel=1e-12)
    return point


def distance(weights, others):
    return np.sqrt(sum(np.sum((a - b) ** 2) for a, b in zip(weights, others, strict=True)))


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("linearised", 2)])
@pytest.mark.parametrize("activation", ["softplus", "tanh", "identity"])
@pytest.mark.parametrize(
    "loss", [logistic(), squared_margin(), softplus_hinge()], ids=lambda x: x.name
)
def test_steps_converge_to_the_flow_with_their_order(method, order, activation, loss, monkeypatch):
    # The closed equation of a linearised step to more digits than the steps have.
    monkeypatch.setattr(linearised_steps, "TOLERANCE", 1e-10)
    given, time = problem(method, activation, loss=loss), 0.8
    exact, counts = reference(given, time), np.array([64, 128, 256, 512])
    gaps = [distance(run(given, time, count).weights, exact) for count in counts]
    slope = np.polyfit(np.log(counts), np.log(gaps), 1)[0]
    # The next order is a tenth of the leading one at the coarsest step.
    assert slope == pytest.approx(-order, abs=0.15)
    assert gaps[-1] < {1: 1e-2, 2: 1e-5}[order] * distance(given.weights, exact)


@pytest.mark.parametrize("method", STEPPERS)
def test_a_wrong_scale_is_not_the_flow(method):
    """The comparison above can fail: alpha off by 1 % moves the weights by as much."""
    given, time = problem(method), 0.8
    exact = reference(problem(method, alpha=0.303), time)
    gap = distance(run(given, time, 256).weights, exact)
    assert gap > 3e-3 * distance(given.weights, exact)


#: (method, activation, depth), the order of the drift, and what a fit of it may be off by: with
#: kinks a step has an error of second order for each that it crosses, at any place in the step,
#: which scatters; the middle of a step conserves two linear layers better than the step is exact.
DRIFTS = [
    ("euler", "identity", 1, 1, 0.05),
    ("euler", "identity", 3, 1, 0.05),
    ("euler", "relu", 1, 1, 0.05),
    ("euler", "relu", 3, 1, 0.1),
    ("linearised", "identity", 1, 3, 0.05),
    ("linearised", "identity", 3, 2, 0.1),
    ("linearised", "relu", 1, 1, 0.1),
    ("linearised", "relu", 3, 1, 0.4),
]


@pytest.mark.parametrize(("method", "activation", "depth", "order", "scatter"), DRIFTS)
def test_what_homogeneous_networks_conserve_drifts_less_with_shorter_steps(
    method, activation, depth, order, scatter
):
    """||W_l||^2 - ||W_(l+1)||^2 is constant under flow."""
    given, drifts = problem(method, activation, depth, alpha=0.03), []
    start, counts = np.array([np.sum(W**2) for W in given.weights]), 128 * 2 ** np.arange(4)
    for count in counts:
        squares = np.array([np.sum(W**2) for W in run(given, 0.8, count).weights])
        drifts.append(np.abs(np.diff(squares) - np.diff(start)).max())
    slope = np.polyfit(np.log(counts), np.log(drifts), 1)[0]
    assert slope == pytest.approx(-order, abs=scatter)
    assert drifts[-1] < 1e-3 * np.abs(squares - start).min()


@pytest.mark.parametrize("method", STEPPERS)
def test_a_refused_step_leaves_the_point_as_it_is(method):
    given = problem(
        method, loss=softplus_hinge(), output_error=0.02, gradient_change=1e-4, path_share=1e-9
    )
    point = STEPPERS[method](given)
    point.step()
    weights, outputs, time = [W.copy() for W in point.weights], point.outputs.copy(), point.time
    point._dt, refused = 1e3, point.refused
    assert point.step()
    assert point.refused > refused
    again = STEPPERS[method](given)
    again.step()
    for W, old in zip(again.weights, weights, strict=True):
        np.testing.assert_array_equal(W, old)
    again._dt = point.time - time
    again.step()
    # Its own rule accepts the same step from the same point.
    np.testing.assert_allclose(again.outputs, point.outputs, rtol=1e-9, atol=1e-12)
    assert not np.array_equal(outputs, point.outputs)


@pytest.mark.parametrize("method", STEPPERS)
def test_limits_hold_at_every_step(method):
    given = problem(
        method, loss=softplus_hinge(), output_change=0.05, output_error=1e-3, gradient_change=1e-3
    )
    point = STEPPERS[method](given)
    for _ in range(40):
        before = point.outputs.copy()
        assert point.step()
        # A linearised step ends up to a tenth beyond, for the linearisation at its start.
        assert np.abs(point.outputs - before).max() < 0.05 * (1 if method == "euler" else 1.2)
        if method == "linearised":
            assert np.abs(point.outputs - point._predicted).max() <= 1e-3


@pytest.mark.parametrize("method", STEPPERS)
def test_points_agree_with_their_weights(method):
    given = problem(method, loss=softplus_hinge(), output_change=0.05, gradient_change=1e-3)
    point = STEPPERS[method](given)
    for _ in range(30):
        point.step()
    moved = given.network.outputs(point.weights, given.X)
    F = given.alpha * (moved - given.network.outputs(given.weights, given.X))
    np.testing.assert_allclose(point.outputs, F, rtol=1e-9, atol=1e-11)
    assert point.smallest_margin == pytest.approx((given.y * F).min(), abs=1e-10)
    losses = np.log1p(np.exp(-np.abs(20 * (1 - given.y * F)))) / 20 + np.maximum(1 - given.y * F, 0)
    assert point.mean_loss == pytest.approx(losses.mean(), rel=1e-9)


@pytest.mark.parametrize("method", STEPPERS)
def test_kinks_do_not_stop_the_steps(method):
    """Limits that no step across a kink keeps: the floor of the step lets it pass."""
    given = problem(
        method,
        "relu",
        1,
        1e-3,
        softplus_hinge(),
        output_change=0.5,
        gradient_change=1e-8,
        path_share=1e-8,
    )
    assert given.has_kinks
    point = STEPPERS[method](given)
    for _ in range(200):
        assert point.step()
        rate = given.network.gradient(point.weights, given.X, point._forces / point._scale)
        floor = point._floor(given.network.ntk(point.weights, given.X), rate)
    # The next step is no shorter than the floor where it starts, up to its change in ten steps.
    assert point._dt > 0.5 * floor


def test_smooth_networks_have_no_floor():
    given = problem("euler", "softplus")
    point = EulerStepper(given)
    assert not given.has_kinks
    assert point._floor(given.network.ntk(given.weights, given.X), given.weights[-1]) == 0.0


def test_without_limits_the_lazy_limit_takes_one_linearised_step():
    given = problem("linearised", alpha=1e7, loss=softplus_hinge(), margin=1.0, output_change=1e9)
    point = LinearisedStepper(given)
    point.step()
    assert 1 <= point.smallest_margin < 1.002


def test_euler_steps_grow_below_half_of_each_bound(monkeypatch):
    """As in the public code; the same flow in about half the steps of growing after each."""
    ends = {}
    for share in (euler_steps.GROWTH_SHARE, 1.0):
        monkeypatch.setattr(euler_steps, "GROWTH_SHARE", share)
        given = problem("euler", alpha=1.0, output_change=0.1, gradient_change=1e-4)
        stepper, steps, lengths = EulerStepper(given), 0, []
        while stepper.time < 3.0:
            before = stepper.time
            assert stepper.step()
            lengths.append(stepper.time - before)
            steps += 1
        kept = np.isclose(np.diff(lengths), 0, atol=1e-12).sum()
        ends[share] = steps, stepper.refused, kept
    (steps, refused, kept), (more, wasted, none) = ends.values()
    assert steps < 0.7 * more
    assert refused < wasted
    assert kept > 0 == none
