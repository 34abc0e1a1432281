"""What a Trainer promises: dynamics, divergence, observables, losses, going on."""

import numpy as np
import pytest
import xarray as xr

from numerics.linear import observables
from numerics.linear.gradient_flow import gradient_flow
from numerics.linear.initial_states import explicit_weights, random_state, self_consistent_lift
from numerics.linear.network_state import NetworkState
from numerics.linear.snapshots import OBSERVABLES
from numerics.linear.tasks import Task, low_rank_recovery, matrix_completion
from numerics.linear.training import Trainer, stability_limit, train
from numerics.reference.euler_scheme import euler_self_consistent
from numerics.support.errors import DivergedError, OutOfRangeError
from numerics.support.validation import UPDATES
from theory.functions.losses import loss

STEPS = 200
# The issue's own bound; measured deviations are below 1e-13.
BOUND = 1e-10


def test_lift_approaches_the_euler_scheme_like_the_learning_rate():
    task = low_rank_recovery(10, rank=2, rng=0)
    state = random_state(10, 10, 1e4, init_variance=2e-4, rng=1)
    end, gaps, counts = 0.2, [], np.array([100, 200, 400, 800])
    for count in counts:
        trainer = Trainer(state, task, learning_rate=end / count, dynamics="self_consistent")
        trainer.advance(count)
        *_, euler = euler_self_consistent(
            state.A, lambda A: A - task.target, state.threshold, end / count, count
        )
        gaps.append(np.linalg.norm(trainer.A - euler))
    slope = np.polyfit(np.log(counts), np.log(gaps), 1)[0]
    # First order; the next one contributes 1/100 of the gap at the coarsest step.
    assert slope == pytest.approx(-1.0, abs=0.03)


def test_lazy_dynamics_freeze_both_gram_matrices():
    task = low_rank_recovery(6, 9, rank=2, rng=0)
    state = random_state(6, 9, 40, init_variance=1e-2, init_variance2=3e-2, rng=1)
    trainer = Trainer(state, task, learning_rate=0.05, dynamics="lazy")
    trainer.advance(30)
    A = state.A
    for _ in range(30):
        G = A - task.target
        A = A - 0.05 * (state.C2 @ G + G @ state.C1)
    np.testing.assert_allclose(trainer.A, A, rtol=0, atol=1e-12)  # 30 steps of round-off


def test_balanced_dynamics_never_leave_the_span_of_their_start():
    task = low_rank_recovery(8, rank=3, rng=0)
    thin = np.outer(np.arange(1.0, 9.0), np.ones(8)) / 50
    state = NetworkState(
        np.ones((1, 8)), np.arange(1.0, 9.0)[:, None] / 50, c1=0.0, c2=0.0, width=1.0
    )
    np.testing.assert_allclose(state.A, thin)
    trainer = Trainer(state, task, learning_rate=1e-3, dynamics="balanced")
    trainer.advance(100)
    # Rank one for ever: the second singular value stays at round-off of the first.
    values = np.linalg.svd(trainer.A, compute_uv=False)
    assert values[1] <= 1e-12 * values[0]
    assert np.linalg.norm(trainer.A - task.target) > 1


def test_divergence_names_iteration_rate_and_limit():
    task = low_rank_recovery(10, rank=2, rng=0)
    state = random_state(10, 10, 1e3, init_variance=1e-3, rng=1)
    limit = stability_limit(task, state.threshold)
    with pytest.raises(DivergedError, match=r"iteration \d+: learning rate .* limit") as caught:
        train(state, task, learning_rate=4 * limit, iterations=2000)
    assert caught.value.stability_limit == limit
    assert 0 < caught.value.iteration <= 2000


def test_below_the_limit_nothing_diverges():
    task = low_rank_recovery(10, rank=2, rng=0)
    state = random_state(10, 10, 1e6, init_variance=1e-6, rng=1)
    limit = stability_limit(task, state.threshold)
    run = train(state, task, learning_rate=0.9 * limit, iterations=2000)
    # Late in the run the target is reached: descent is stable there.
    assert float(run.train_error[-1]) < 1e-6


def test_errors_of_the_dataset_are_those_of_the_task():
    task = matrix_completion(9, 7, rank=2, fraction_observed=0.5, noise=0.3, rng=0)
    state = random_state(9, 7, 1e3, init_variance=1e-3, rng=1)
    run = train(state, task, learning_rate=0.01, iterations=25, loss="log_cosh")
    assert float(run.train_error[-1]) == pytest.approx(task.train_error(run.A.values), rel=1e-12)
    assert float(run.test_error[-1]) == pytest.approx(task.test_error(run.A.values), rel=1e-12)
    residual = (run.A.values - task.target)[task.mask]
    # Sums of 30 terms in another order.
    assert float(run.loss[-1]) == pytest.approx(np.log(np.cosh(residual)).sum(), rel=1e-12)


@pytest.mark.parametrize(("dynamics", "with_inputs"), [("gradient_descent", False), ("lazy", True)])
def test_the_test_error_is_of_what_is_held_out(dynamics, with_inputs):
    rng = np.random.default_rng(0)
    truth, X = rng.standard_normal((5, 7)), rng.standard_normal((7, 9)) if with_inputs else None
    values = truth @ X if with_inputs else truth
    seen = rng.random(values.shape) < 0.5
    held = ~seen & (rng.random(values.shape) < 0.5)
    task = Task(values, truth, inputs=X, mask=seen, test_mask=held)
    state = random_state(7, 5, 1e3, init_variance=1e-3, rng=1)
    run = train(state, task, learning_rate=0.01, iterations=5, dynamics=dynamics)
    predictions = run.A.values @ X if with_inputs else run.A.values
    expected = np.mean((predictions - values)[held] ** 2)
    assert float(run.test_error[-1]) == pytest.approx(expected, rel=1e-12)
    assert task.test_error(run.A.values) == pytest.approx(expected, rel=1e-12)


def test_hidden_entries_do_not_touch_the_limit():
    truth, seen = np.ones((4, 4)), ~np.eye(4, dtype=bool)
    limits = []
    for hidden in (0.0, -999.0, np.nan):
        task = Task(np.where(seen, truth, hidden), truth, mask=seen)
        limits.append(stability_limit(task, 0.5))
        state = random_state(4, 4, 1e3, init_variance=5e-4, rng=0)
        with pytest.raises(DivergedError) as caught:
            train(state, task, learning_rate=6 * limits[-1], iterations=500)
        assert caught.value.stability_limit == pytest.approx(limits[0])
    assert limits[0] == limits[1] == limits[2] == pytest.approx(1 / np.hypot(3, 0.5))


@pytest.mark.parametrize(("fraction", "c", "seed"), [(0.3, 0.01, 0), (0.6, 0.01, 1), (0.3, 5, 3)])
def test_the_limit_with_a_mask_is_that_where_training_ends(fraction, c, seed):
    """The largest curvature by an eigendecomposition, beside the estimate and the proved bounds."""
    task = matrix_completion(12, 10, rank=2, fraction_observed=fraction, noise=0.1, rng=seed)
    start = self_consistent_lift(1e-3 * np.random.default_rng(seed).standard_normal((10, 12)), c)
    limit = stability_limit(task, c)
    # Flow keeps C1 and C2 on the invariant, for which the bounds are proved.
    run = gradient_flow(start, task, [100.0], keep_weights=True).isel(time=-1)
    assert float(run.train_error) < 1e-4
    W1, W2 = run.W1.values, run.W2.values
    kernel = np.kron(np.eye(10), W1.T @ W1) + np.kron(W2 @ W2.T, np.eye(12))
    seen = task.mask.ravel()
    true = 2 / np.linalg.eigvalsh(kernel[np.ix_(seen, seen)])[-1]
    assert limit == pytest.approx(true, rel=0.12)
    block = max(np.linalg.norm(task.target, axis=k).max() for k in (0, 1))
    assert 1 / np.hypot(np.linalg.norm(run.A.values, 2), c) <= true * (1 + 1e-6)
    assert max(true, limit) <= 1 / np.hypot(block, c) * (1 + 1e-6)


def test_overlaps_with_a_truth_that_is_not_known_are_refused():
    data = np.array([[1.0, 2.0], [3.0, np.nan]])
    held = np.array([[False, False], [True, False]])
    task = Task(data, data, mask=~held & ~np.isnan(data), test_mask=held)
    state = random_state(2, 2, 1e3, init_variance=1e-3, rng=0)
    with pytest.raises(ValueError, match="truth of the task must be finite, got 1 entries"):
        train(state, task, learning_rate=0.01, iterations=2, observe=["mode_overlap"])


def test_every_and_observe():
    task = low_rank_recovery(6, rank=2, rng=0)
    state = random_state(6, 6, 1e3, init_variance=1e-3, rng=1)
    run = train(state, task, learning_rate=0.01, iterations=25, every=10, observe=list(OBSERVABLES))
    np.testing.assert_array_equal(run.iteration, [0, 10, 20, 25])
    assert run.singular_value.dims == ("iteration", "mode")
    assert float(run.ntk_change[0]) == 0.0
    assert float(run.ntk_change[-1]) > 0.01
    dense = train(state, task, learning_rate=0.01, iterations=25)
    # Chunks of steps are the same steps: equal to the bit.
    np.testing.assert_array_equal(run.test_error, dense.test_error.sel(iteration=run.iteration))


def test_functions_are_observed_beside_names():
    task = low_rank_recovery(6, 4, rank=2, rng=0)
    state = random_state(6, 4, 1e3, init_variance=1e-3, rng=1)

    def moved(run):
        return np.linalg.norm(run.A - run.start.A)

    settings = {"learning_rate": 0.01, "iterations": 20, "every": 10}
    run = train(state, task, **settings, observe=["stable_rank", moved])
    assert float(run.moved[0]) == 0.0
    assert float(run.moved[-1]) == np.linalg.norm(run.A.values - state.A)
    assert float(run.stable_rank[-1]) == observables.stable_rank(run.A.values)
    seen = {"steps": lambda run: run.iteration, "first": lambda run: run.C1, "again": moved}
    other = train(state, task, **settings, observe=seen)
    np.testing.assert_array_equal(other.steps, [0, 10, 20])
    assert other.first.dims == ("iteration", "first_0", "first_1")
    np.testing.assert_array_equal(other.first[-1], other.W1.values.T @ other.W1.values)
    np.testing.assert_array_equal(other.again, run.moved)


@pytest.mark.parametrize("update", UPDATES)
def test_a_wide_network_is_trained_as_its_factor(update):
    """At width 20,000 the weights themselves learn the same A, and come back."""
    task = matrix_completion(7, 5, rank=2, fraction_observed=0.7, noise=0.3, rng=2)
    state = explicit_weights(7, 5, 20_000, init_variance=1e-5, init_variance2=3e-5, rng=1)
    settings = {"learning_rate": 0.05, "iterations": 60, "update": update, "loss": "log_cosh"}
    own = train(state, task, **settings, observe=["balancedness_drift"], compress=False)
    run = train(state, task, **settings, observe=["balancedness_drift"])
    assert (own.sizes["unit"], run.sizes["unit"]) == (20_000, 12)
    assert abs(own.A - run.A).max() <= BOUND * abs(own.A).max()
    # Both are differences of about 1e-3 of what they are taken from.
    np.testing.assert_allclose(own.balancedness_drift, run.balancedness_drift, atol=1e3 * BOUND)
    weights = NetworkState.from_run(run).expanded(state)
    assert np.abs(weights.W1 - own.W1.values).max() <= BOUND * np.abs(own.W1.values).max()
    assert np.abs(weights.W2 - own.W2.values).max() <= BOUND * np.abs(own.W2.values).max()


@pytest.mark.parametrize("dynamics", ["gradient_descent", "self_consistent", "balanced"])
def test_training_goes_on_from_where_it_ended(dynamics, tmp_path):
    task = low_rank_recovery(6, 4, rank=2, rng=0)
    state = random_state(6, 4, 1e3, init_variance=1e-3, init_variance2=2e-3, rng=1)
    settings = {"learning_rate": 0.01, "dynamics": dynamics}
    whole = train(state, task, iterations=40, **settings)
    half = train(state, task, iterations=15, **settings)
    half.to_netcdf(tmp_path / "half.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "half.nc", engine="h5netcdf") as stored:
        middle = NetworkState.from_run(stored)
    rest = train(middle, task, iterations=25, **settings)
    # The same steps from the same numbers.
    np.testing.assert_array_equal(rest.A, whole.A)
    np.testing.assert_array_equal(rest.test_error, whole.test_error[15:])
    lazy = train(state, task, iterations=5, learning_rate=0.01, dynamics="lazy")
    with pytest.raises(ValueError, match="run must have W1 and W2 at its end, got dynamics 'lazy'"):
        NetworkState.from_run(lazy)


def test_what_a_run_was_made_for_is_not_reassigned():
    task = low_rank_recovery(4, rank=1, rng=0)
    state = random_state(4, 4, 100, init_variance=1e-2, rng=1)
    trainer = Trainer(state, task, learning_rate=0.1)
    for name in ("task", "loss", "dynamics", "update"):
        with pytest.raises(AttributeError):
            setattr(trainer, name, getattr(trainer, name))


def test_single_precision_is_close():
    task = low_rank_recovery(10, rank=2, rng=0)
    state = random_state(10, 10, 1e3, init_variance=1e-3, rng=1)
    double, single = (
        train(state, task, learning_rate=0.01, iterations=50, dtype=kind).A
        for kind in ("float64", "float32")
    )
    difference = float(abs(double - single).max())
    # 50 steps of eps = 6e-8 on entries of order 1, and truly another precision.
    assert 1e-9 < difference < 1e-4


def test_a_loss_of_ones_own():
    task = low_rank_recovery(5, rank=1, rng=0)
    state = random_state(5, 5, 1e3, init_variance=1e-3, rng=1)
    own = loss("scale*(prediction - target)**2", parameters={"scale": 0.5})
    first = train(state, task, learning_rate=0.01, iterations=20, loss=own)
    second = train(state, task, learning_rate=0.01, iterations=20)
    np.testing.assert_allclose(first.A, second.A, rtol=1e-13)  # one more product an entry


@pytest.mark.parametrize(
    ("formula", "value", "slope"),
    [
        ("log_cosh", 1e4 - np.log(2), 1.0),
        ("log(1 + exp(prediction - target))", 1e4, 1.0),
        ("log(1 + exp(target - prediction))", 0.0, 0.0),
        ("huber", 1e4 - 0.5, 1.0),
    ],
)
def test_compiled_losses_do_not_overflow_at_large_residuals(formula, value, slope):
    state = NetworkState(np.array([[100.0]]), np.array([[100.0]]), c1=1.0, c2=1.0, width=1.0)
    task = Task(target=[[0.0]], truth=[[0.0]])
    trainer = Trainer(state, task, learning_rate=0.5, loss=formula)
    assert trainer.errors[0] == value
    trainer.advance(1)
    # W1 = W2 = 100 - 0.5 * 100 * slope; numbers without rounding
    assert trainer.A[0, 0] == (100 - 50 * slope) ** 2


def test_lift_of_zero_multiplies_each_mode_by_squares():
    """From A0 = 0 descent keeps the target's singular vectors: q+- *= (1 +- eta (y - s))^2."""
    task, c, rate = low_rank_recovery(7, 4, rank=2, rng=3), 0.8, 0.03
    U, y, V_T = np.linalg.svd(task.target, full_matrices=False)
    plus, minus = np.full(y.size, c), np.full(y.size, c)
    for _ in range(STEPS):
        gain = rate * (y - (plus - minus) / 2)
        plus, minus = plus * (1 + gain) ** 2, minus * (1 - gain) ** 2
    zero = self_consistent_lift(np.zeros((4, 7)), c)
    trainer = Trainer(zero, task, learning_rate=rate, dynamics="self_consistent")
    trainer.advance(STEPS)
    expected = (U * ((plus - minus) / 2)) @ V_T
    assert np.abs(trainer.A - expected).max() <= BOUND * y[0]


def test_balancedness_has_no_meaning_for_frozen_layers():
    task = low_rank_recovery(4, rank=1, rng=0)
    state = random_state(4, 4, 100, init_variance=1e-2, rng=1)
    with pytest.raises(ValueError, match="W1 and W2 need dynamics of two layers, got 'lazy'"):
        train(
            state,
            task,
            learning_rate=0.1,
            iterations=2,
            dynamics="lazy",
            observe=["balancedness_drift"],
        )


@pytest.mark.parametrize(
    ("change", "error", "rule"),
    [
        ({"learning_rate": 0.0}, ValueError, "learning_rate must be"),
        ({"learning_rate": float("nan")}, ValueError, "learning_rate must be"),
        ({"dynamics": "mixed"}, ValueError, "dynamics must be"),
        ({"update": "both"}, ValueError, "update must be"),
        ({"dtype": "float16"}, ValueError, "dtype must be"),
        ({"loss": "prediction*unknown"}, ValueError, "unknown"),
        ({"iterations": 0}, ValueError, "iterations must be"),
        ({"every": -1}, ValueError, "every must be"),
        ({"observe": ["rank"]}, ValueError, "observe must be"),
        ({"observe": "stable_rank"}, TypeError, "observe must be a list"),
        ({"observe": [lambda run: 0.0]}, ValueError, "observe must name its functions"),
        ({"observe": {"mine": "stable_rank"}}, TypeError, r"observe\['mine'\] must be a function"),
    ],
)
def test_bad_input(change, error, rule):
    task = low_rank_recovery(4, rank=1, rng=0)
    state = random_state(4, 4, 100, init_variance=1e-2, rng=1)
    settings = {"learning_rate": 0.1, "iterations": 2} | change
    with pytest.raises(error, match=rule):
        train(state, task, **settings)


def test_shapes_must_fit():
    task = Task(target=np.zeros((3, 4)), truth=np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"one shape .*\(4, 3\) and \(3, 4\)"):
        Trainer(random_state(3, 4, 50, init_variance=1e-2, rng=0), task, learning_rate=0.1)


@pytest.mark.parametrize(("share", "diverged"), [(0.98, False), (1.02, True)])
def test_a_run_has_diverged_where_its_loss_is_a_million_times_that_of_the_start(share, diverged):
    """A bounded run, chaotic ones too, never comes there; a diverging one squares its loss a step.

    One unit, w1 = w2 = 1, y = 2: after a step of eta A is (1 + eta)^2, and the largest of the
    first losses is that of A = 0, y^2/2 = 2.
    """
    one = np.ones((1, 1))
    rate = np.sqrt(2 + np.sqrt(2 * share * 2e6)) - 1
    trainer = Trainer(NetworkState(one, one), Task(2 * one, 2 * one), learning_rate=rate)
    if diverged:
        with pytest.raises(DivergedError):
            trainer.advance(1)
    else:
        assert trainer.advance(1)[0, 0] == pytest.approx(share * 2e6, rel=1e-9)


def test_single_precision_holds_the_start_or_refuses_it():
    """Weights of 1e-35 are no normal numbers there; of 1e-10 they train."""
    task = Task(np.eye(3), np.eye(3))
    small, usual = (explicit_weights(3, 3, 4, init_variance=x, rng=0) for x in (1e-70, 1e-20))
    settings = {"learning_rate": 0.1, "iterations": 2, "dtype": "float32"}
    with pytest.raises(OutOfRangeError, match="dtype must hold the start in full, got float32 for"):
        train(small, task, **settings)
    with pytest.raises(OutOfRangeError, match="dtype must hold the target in full"):
        train(usual, Task(1e-35 * np.eye(3), np.eye(3)), **settings)
    assert np.isfinite(train(usual, task, **settings).loss).all()
    assert np.isfinite(train(small, task, **settings | {"dtype": "float64"}).loss).all()
