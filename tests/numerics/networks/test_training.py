"""Whole runs: methods against each other, how times and kernels scale, how runs end."""

import attrs
import numpy as np
import pytest

from numerics.networks import frozen_kernel, linearised_steps
from numerics.networks.fully_connected import FullyConnected
from numerics.networks.step_rule import FAST_EULER, LINEARISED, PUBLISHED, StepRule
from numerics.networks.training import train_network
from theory.functions.margin_losses import hinge

N, D, WIDTH = 16, 8, 32
TIGHT = StepRule(output_change=0.1, output_error=1e-3, gradient_change=1e-4, path_share=3e-4)


def data(seed=2):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((2 * N, D))
    X *= np.sqrt(D) / np.linalg.norm(X, axis=1, keepdims=True)
    y = np.where(X[:, 0] * X[:, 1] > 0, 1.0, -1.0)
    return X[:N], y[:N], X[N:], y[N:]


def train(scaled_alpha, rule=LINEARISED, activation="softplus", depth=1, **settings):
    """Run with alpha = scaled_alpha/sqrt(h)."""
    X, y, *test = data()
    network = FullyConnected(D, WIDTH, depth, activation=activation)
    weights = network.initial(5)
    alpha = scaled_alpha / np.sqrt(WIDTH)
    return train_network(
        network, X, y, start=weights, alpha=alpha, rule=rule, test=tuple(test), **settings
    )


@pytest.mark.parametrize("rule", [LINEARISED, FAST_EULER], ids=["linearised", "euler"])
def test_a_trajectory_is_that_of_runs_that_end_at_its_times(rule):
    """A run that is seen at chosen times is as exact as one that is not."""
    plain = train(0.1, rule)
    times = np.linspace(0, 0.9 * plain.time, 7)
    seen = {"moved": lambda flow: np.linalg.norm(flow.weights[0] - flow.start[0])}
    run = train(0.1, rule, times=[*times, 1e6 * plain.time], observe=seen)
    same(run, plain, 0.05)
    found = run.trajectory
    np.testing.assert_array_equal(found.time, times)  # without the one that is not reached
    assert not found.train_output[0].any() and not found.moved[0]
    assert (np.diff(found.moved) > 0).all() and (np.diff(found.mean_loss) < 0).all()
    X, _, X_test, _ = data()
    assert found.train_output.shape == (7, len(X)) and found.test_output.shape == (7, len(X_test))
    exact = train(0.1, TIGHT, times=times).trajectory
    assert abs(found.test_output - exact.test_output).max() < 0.05 * abs(exact.test_output).max()
    assert plain.trajectory.sizes == {"time": 0}


def test_observables_need_times():
    with pytest.raises(ValueError, match="observe needs times, got none for moved"):
        train(0.1, observe={"moved": lambda flow: 0.0})
    with pytest.raises(ValueError, match="times must be nondecreasing"):
        train(0.1, times=[1.0, 0.5])


def same(found, expected, tolerance):
    """Compare what a run is read for."""
    for name in ("kernel_change", "time_to_kernel_change", "half_loss_time"):
        assert getattr(found, name) == pytest.approx(
            getattr(expected, name), rel=tolerance, nan_ok=True
        ), name
    scale = np.abs(expected.test_outputs).max()
    assert np.abs(found.test_outputs - expected.test_outputs).max() < tolerance * scale


@pytest.mark.parametrize("activation", ["softplus", "relu", "tanh"])
@pytest.mark.parametrize("scaled_alpha", [0.03, 1.0, 30.0])
def test_both_methods_follow_one_flow(activation, scaled_alpha):
    """The published rule at its tolerances against linearised steps at tight ones."""
    expected, found = (train(scaled_alpha, rule, activation) for rule in (TIGHT, PUBLISHED))
    assert expected.stop_reason == found.stop_reason == "fitted"
    # An Euler step that changes g by 1 % has an error of half of that, and ends up to 1e-1 in a
    # margin after the crossing.
    same(found, expected, 0.03)


@pytest.mark.parametrize("rule", [LINEARISED, FAST_EULER])
@pytest.mark.parametrize("scaled_alpha", [1e-3, 0.03, 1.0, 30.0])
@pytest.mark.parametrize("depth", [1, 2])
def test_fast_rules_change_the_kernel_like_tight_ones(rule, scaled_alpha, depth):
    expected, found = (train(scaled_alpha, x, depth=depth) for x in (TIGHT, rule))
    assert found.kernel_change == pytest.approx(expected.kernel_change, rel=0.03)
    assert found.steps < expected.steps or rule is FAST_EULER


def test_linearised_steps_are_few():
    """Some for the outputs to change by 1 or 2, where Euler is bound by stability."""
    assert train(1e5).steps <= 12
    assert train(1e5, FAST_EULER).steps > 50
    assert train(1.0).steps < train(1.0, FAST_EULER).steps / 3


@pytest.mark.parametrize("rule", [LINEARISED, FAST_EULER])
def test_features_begin_to_move_at_a_time_like_scaled_alpha(rule):
    """Before t_1 the outputs are near 0 and all that alpha does is to set the unit of time."""
    times = [train(A, rule).time_to_kernel_change / A for A in (1e-4, 1e-3, 1e-2)]
    # Outputs reach about A/(1/A) by then; the published rule resolves t_1 by some percent.
    assert times[0] == pytest.approx(times[1], rel=1e-2)
    assert times[1] == pytest.approx(times[2], rel=2e-2)


@pytest.mark.parametrize("rule", [LINEARISED, FAST_EULER])
@pytest.mark.parametrize("activation", ["softplus", "relu"])
def test_tiny_alpha_does_not_jump_over_the_start(rule, activation):
    crossing = train(1e-4, TIGHT, activation).time_to_kernel_change
    found = train(1e-4, rule, activation)
    assert found.time_to_kernel_change == pytest.approx(crossing, rel=0.06)
    assert found.half_loss_time > crossing
    # The first step ends long before t_1.
    assert train(1e-4, rule, activation, max_steps=1).time < crossing / 5


def test_what_alpha_still_does_to_lazy_runs_is_right(monkeypatch):
    """The correction of order 1/A needs the order in which kernel and forces change."""
    for module in (linearised_steps, frozen_kernel):
        monkeypatch.setattr(module, "OVERSHOOT", 1e-8)
        monkeypatch.setattr(module, "TOLERANCE", 1e-8)
    X, y, X_test, _ = data()
    network = FullyConnected(D, WIDTH, 1)
    weights = network.initial(5)
    limit = frozen_kernel.frozen_flow(network.ntk(weights, X), y, network.ntk(weights, X_test, X))
    once = StepRule(output_change=1e9)
    fast, tight, alone = (
        train(1e3, rule).test_outputs - limit.test_outputs for rule in (LINEARISED, TIGHT, once)
    )
    size = np.linalg.norm(tight)
    # Some ten steps of second order; one linearisation for the whole run is off by much more.
    assert np.linalg.norm(fast - tight) < 0.05 * size
    assert np.linalg.norm(alone - tight) > 0.2 * size


@pytest.mark.parametrize("depth", [1, 2])
def test_lazy_kernel_change_falls_like_one_over_scaled_alpha(depth):
    sizes = np.array([1e3, 1e4, 1e5, 1e6])
    changes = [train(A, depth=depth).kernel_change for A in sizes]
    slope = np.polyfit(np.log(sizes), np.log(changes), 1)[0]
    # The next order is 1/A = 1e-3 of it.
    assert slope == pytest.approx(-1, abs=2e-3)


@pytest.mark.parametrize(("depth", "expected"), [(1, 1.0), (2, 4 / 3)])
def test_the_kernel_of_trained_features_grows_by_a_power_of_scaled_alpha(depth, expected):
    """Weights grow by lam, lam^(L+1) = 1/A, and the kernel by lam^(2L)."""
    sizes = np.array([1e-5, 1e-4, 1e-3, 1e-2])
    changes = [train(A, activation="relu", depth=depth).kernel_change for A in sizes]
    slope = np.polyfit(np.log(sizes), np.log(changes), 1)[0]
    # A ReLU network forgets the scale of its start like lam^-2 = 1e-2 at the largest size.
    assert slope == pytest.approx(-expected, rel=0.05)


@pytest.mark.parametrize("rule", [LINEARISED, FAST_EULER])
def test_a_run_ends_when_every_margin_is_reached(rule):
    y = data()[1]
    found = train(1.0, rule)
    assert found.status == "ok"
    smallest = (y * found.train_outputs).min()
    # Linearised steps end within 1e-3 and the error of their prediction, others within one step.
    assert 1 <= smallest < 1 + (0.03 if rule is LINEARISED else 0.5)
    before = train(1.0, rule, max_steps=found.steps - 1)
    assert before.stop_reason == before.status == "step_limit"
    assert (y * before.train_outputs).min() < 1


def test_what_a_run_reports_is_that_of_its_weights():
    X, y, X_test, y_test = data()
    network = FullyConnected(D, WIDTH, 2)
    weights, alpha = network.initial(5), 0.1
    kept = [W.copy() for W in weights]
    found = train_network(network, X, y, start=weights, alpha=alpha, test=(X_test, y_test))
    for W, old in zip(weights, kept, strict=True):
        np.testing.assert_array_equal(W, old)
    for name, inputs in (("train_outputs", X), ("test_outputs", X_test)):
        F = alpha * (network.outputs(found.weights, inputs) - network.outputs(weights, inputs))
        np.testing.assert_allclose(getattr(found, name), F, atol=1e-10)
    start, end = network.ntk(weights, X_test), network.ntk(found.weights, X_test)
    change = np.linalg.norm(end - start) / np.linalg.norm(start)
    assert found.kernel_change == pytest.approx(change, rel=1e-12)
    assert found.test_error == np.mean(np.sign(found.test_outputs) != y_test)
    pairs = zip(found.weights, weights, strict=True)
    expected = [np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in pairs]
    np.testing.assert_allclose(found.layer_change, expected, rtol=1e-12)
    again = train_network(network, X, y, start=weights, alpha=alpha)
    np.testing.assert_array_equal(again.train_outputs, found.train_outputs)
    assert np.isnan(again.kernel_change) and np.isnan(again.test_error)
    assert again.test_outputs.shape == (0,)


def test_conserved_drift_is_reported_where_there_is_something_to_conserve():
    assert np.isnan(train(1.0).conserved_drift)
    # With kinks the floor of the steps bounds what tight limits can do.
    low = attrs.evolve(TIGHT, stability_share=0.02, weight_share=1e-3)
    for activation in ("relu", "identity"):
        drifts = [train(0.3, rule, activation).conserved_drift for rule in (LINEARISED, low)]
        assert 0 < drifts[1] < drifts[0] / 3 < 1e-2


def test_a_network_with_the_four_methods_alone_trains_alike():
    X, y, X_test, _ = data()
    network = FullyConnected(D, WIDTH, 2)
    weights = network.initial(5)

    class ByMethods:
        outputs, gradient, ntk = network.outputs, network.gradient, network.ntk

    runs = [
        train_network(x, X, y, start=weights, alpha=0.5, test=(X_test,))
        for x in (network, ByMethods())
    ]
    # Round-off, which some tens of steps amplify little.
    same(runs[1], runs[0], 1e-8)
    assert runs[0].steps == runs[1].steps


@pytest.mark.parametrize("loss", ["logistic", "squared_hinge", "squared_margin"])
@pytest.mark.parametrize("rule", [LINEARISED, FAST_EULER])
def test_other_losses_train(loss, rule):
    # Most of them have no force at margin 1, which they approach only.
    found = train(1.0, rule, loss=loss, margin=0.9)
    assert found.stop_reason == "fitted"
    assert (data()[1] * found.train_outputs).min() >= 0.9


def test_a_run_that_leaves_the_numbers_says_so():
    X, y, X_test, _ = data()
    network = FullyConnected(D, WIDTH, 1, activation="identity")
    huge = tuple(1e200 * W for W in network.initial(5))
    found = train_network(network, X, y, start=huge, alpha=1.0, test=(X_test,))
    assert found.stop_reason == found.status == "diverged"
    assert np.isnan(found.kernel_change)


def test_labels_that_contradict_each_other_end_at_the_limit():
    X, y, X_test, _ = data()
    X, y = np.vstack([X, X[:1]]), np.append(y, -y[0])
    network = FullyConnected(D, WIDTH, 1)
    found = train_network(
        network, X, y, start=network.initial(5), alpha=1.0, test=(X_test,), max_steps=8
    )
    assert found.stop_reason in ("step_limit", "stalled")


def test_bad_input_is_named():
    X, y, X_test, y_test = data()
    network = FullyConnected(D, WIDTH, 1)
    weights = network.initial(5)

    def run(**changes):
        settings = {"X": X, "y": y, "alpha": 1.0, "test": (X_test,)} | changes
        return train_network(
            network, settings.pop("X"), settings.pop("y"), start=weights, **settings
        )

    for changes, message in (
        ({"y": 2 * y}, r"y must be \+1 or -1, got"),
        ({"y": y[1:]}, "y must have an entry for each of 16 inputs, got 15"),
        ({"test": (X_test, y_test[1:])}, "y_test must have an entry for each of 16 inputs"),
        ({"alpha": 0.0}, "alpha must be > 0"),
        ({"loss": hinge()}, "bounded curvature that is given, got 'hinge' without one"),
        ({"max_steps": 0}, "max_steps must be an integer >= 1"),
    ):
        with pytest.raises(ValueError, match=message):
            run(**changes)
    with pytest.raises(TypeError, match=r"test must be \(X_test,\) or \(X_test, y_test\), got nd"):
        run(test=X_test)
    with pytest.raises(TypeError, match="rule must be a StepRule, got str"):
        run(rule="euler")


def test_a_run_that_rests_short_of_a_margin_is_stalled():
    """The output of an input that no unit sees is at rest, while the others rise like log t."""
    rng = np.random.default_rng(0)
    X = np.vstack([rng.random((5, 3)), -np.ones((1, 3))])
    y = np.array([1.0, -1.0, 1.0, -1.0, 1.0, 1.0])
    network = FullyConnected(3, 40, 1, activation="relu")
    W1, w2 = network.initial(1)
    found = train_network(network, X, y, start=(np.abs(W1), w2), alpha=10.0)
    assert found.stop_reason == "stalled" and found.steps < 300
    margins = y * found.train_outputs
    assert margins[5] == 0.0 and margins[:5].min() > 1


SEEN = np.abs(np.random.default_rng(0).standard_normal((6, 4)))


@pytest.mark.parametrize("rule", [LINEARISED, PUBLISHED, FAST_EULER], ids=["lin", "pub", "fast"])
@pytest.mark.parametrize("depth", [1, 2])
def test_a_network_of_which_no_unit_sees_an_input_is_stalled(rule, depth):
    """With test inputs it sees, with those it does not, and without; with chosen times as well."""
    network = FullyConnected(4, 8, depth, activation="relu")
    blind = list(network.initial(0))
    blind[0] = -np.abs(blind[0])
    y = np.where(np.arange(6) % 2, 1.0, -1.0)
    for test, change in (((), None), ((SEEN,), None), ((-SEEN,), 0.0)):
        run = train_network(
            network, SEEN, y, start=blind, alpha=1.0, rule=rule, test=test, times=[0.0, 1.0]
        )
        assert (run.stop_reason, run.steps, run.time) == ("stalled", 0, 0.0)
        assert run.layer_change == (0.0,) * (depth + 1)
        assert run.kernel_change == change or (change is None and np.isnan(run.kernel_change))
        assert run.undefined == (("kernel_change",) if test and change is None else ())
        assert run.trajectory.sizes["time"] == 1


@pytest.mark.parametrize("rule", [LINEARISED, FAST_EULER], ids=["lin", "fast"])
def test_a_change_relative_to_nothing_is_undefined_and_said_so(rule):
    """Test inputs that no unit sees; layers that start at 0, and move all the same."""
    y = np.where(np.arange(6) % 2, 1.0, -1.0)
    relu, tanh = (FullyConnected(4, 8, 1, activation=x) for x in ("relu", "tanh"))
    first, last = (np.abs(W) for W in relu.initial(0))
    for network, start, test, undefined in (
        (relu, (first, last), -SEEN, ("kernel_change",)),
        (tanh, (0 * first, last), SEEN, ("layer_change",)),
        (tanh, (first, 0 * last), SEEN, ("layer_change",)),
    ):
        run = train_network(
            network, SEEN, y, start=start, alpha=1.0, rule=rule, test=(test,), max_steps=20
        )
        assert run.stop_reason in ("step_limit", "fitted") and run.time > 0
        assert run.undefined == undefined
        assert np.isnan(run.kernel_change) == ("kernel_change" in undefined)
        assert np.isnan(run.layer_change).any() == ("layer_change" in undefined)
