"""Advice: its rules against brute force, its limits kept, and recommended networks trained."""

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import numerics
from numerics.advice import check as advice_check
from numerics.advice import choice as advice_choice
from numerics.advice import front as advice_front
from numerics.advice import search as advice_search
from numerics.advice.advise import advise
from numerics.advice.search import SAME_ERROR, Start, make_network, predicted_minimum
from numerics.prediction.mode_spectrum import mode_spectrum
from numerics.prediction.network_scales import RandomNetwork
from numerics.prediction.runs import TRUNCATION_LIMIT, predict_run
from numerics.regimes.exponent_plane import regime
from numerics.support.errors import OutOfRangeError
from theory.dynamics.single_mode import descent_map, stability_limit
from theory.symbols import eta, s, y

TASK = {"d_in": 80, "rank": 3}

RUNS = 12  # a mean of smallest test errors to about 2 %


@pytest.fixture(scope="module")
def advice():
    return advise(**TASK)


@pytest.fixture(scope="module")
def spectrum(advice):
    return mode_spectrum(80, 80, advice.attrs["singular_values"])


def start_of(advice, place):
    point = advice.isel(front=place)
    names = ("threshold", "variance_ratio", "learning_rate_share")
    return Start(*(point[f"front_{x}"].item() for x in names), advice.attrs["widest"])


# --- rules


def test_half_the_stability_limit_is_fastest_without_overshoot():
    plus, minus = descent_map()
    multiplier = ((plus - minus) / 2).diff(s).subs(s, y)
    share = sp.Symbol("share", positive=True)
    multiplier = sp.simplify(multiplier.subs(eta, share * stability_limit()))
    assert sp.solve(multiplier, share) == [sp.Rational(1, 2)]
    assert multiplier.subs(share, sp.Rational(3, 4)) < 0


points = st.lists(
    st.tuples(st.floats(0.01, 1), st.integers(0, 30)), min_size=1, max_size=25, unique=True
)


@given(points)
def test_the_front_is_what_nothing_beats(drawn):
    error, iterations = np.array([x for x, _ in drawn]), np.array([n for _, n in drawn])
    found = advice_front.pareto_front(error, iterations)
    kept = {drawn[k] for k in found}
    beaten = {
        (e, n) for e, n in drawn if any(f <= e and m <= n and (f, m) != (e, n) for f, m in drawn)
    }
    assert kept == set(drawn) - beaten
    assert np.all(np.diff(iterations[found]) > 0)
    assert np.all(np.diff(error[found]) < 0)


@given(points)
def test_three_places_by_their_rules(drawn):
    error, iterations = np.array([x for x, _ in drawn]), np.array([n for _, n in drawn])
    front = advice_front.pareto_front(error, iterations)
    error, iterations = error[front], iterations[front]
    accurate, knee, fast = advice_choice.choose(error, iterations)
    assert fast <= knee <= accurate
    assert error[accurate] <= advice_choice.ACCURATE * error.min()
    assert np.all(error[:accurate] > advice_choice.ACCURATE * error.min())
    half = math.sqrt(error[0] * error[accurate]) * (1 + 1e-12)
    assert error[fast] <= half
    assert np.all(error[:fast] >= half * (1 - 1e-11))


def test_the_knee_of_a_front_with_a_corner():
    iterations = np.arange(1, 21)
    error = np.exp(-np.minimum(iterations, 8) * 0.4 - 0.01 * iterations)
    assert iterations[advice_choice.choose(error, iterations)[1]] == 8


# --- what is recommended


def test_a_recommendation_is_what_the_prediction_says_of_it(advice):
    for name in advice.recommendation.values:
        r = advice.sel(recommendation=name)
        run = predict_run(
            80,
            80,
            rank=3,
            width=r.width.item(),
            init_variance=r.init_variance.item(),
            init_variance2=r.init_variance2.item(),
            learning_rate=r.learning_rate.item(),
            iterations=int(advice.iteration[-1]),
        )
        assert np.array_equal(run.test_error, r.test_error)
        assert np.array_equal(run.train_error, r.train_error)
        smallest = run.test_error.values.min()
        assert r.min_test_error == smallest
        within = np.flatnonzero(run.test_error.values <= SAME_ERROR * smallest)
        assert r.iterations == within[0]
        assert r.stop_from <= r.iterations <= r.stop_to
        window = run.test_error.values[int(r.stop_from) : int(r.stop_to) + 1]
        assert window.max() <= 1.1 * smallest
        assert run.test_error[int(r.stop_from) - 1] > 1.1 * smallest
        # Valid, by the margin that the estimate of the truncation needs.
        assert 2 * run.min_truncation <= TRUNCATION_LIMIT * smallest
        assert r.learning_rate_share <= 0.5
        assert r.misjudged_test_error >= r.min_test_error
        assert r.threshold == pytest.approx(r.init_variance * r.width)


def test_the_order_of_the_three(advice):
    accurate, knee, fast = (advice.sel(recommendation=x) for x in advice.recommendation.values)
    assert fast.iterations <= knee.iterations <= accurate.iterations
    assert fast.min_test_error > knee.min_test_error > accurate.min_test_error
    # A smaller threshold waits longer and fits less noise, in a narrower network.
    assert fast.threshold > knee.threshold > accurate.threshold
    assert fast.smallest_width > knee.smallest_width > accurate.smallest_width
    assert accurate.regime == "active"


def test_the_front_is_inside_the_range_with_its_neighbours(advice, spectrum):
    status = advice.candidate_status
    for k in range(advice.sizes["front"]):
        for factor in (0.5, 1.0, 2.0):
            start = start_of(advice, k)
            off = Start(start.threshold * factor, 1.0, start.learning_rate_share, start.width)
            assert (
                predicted_minimum(
                    spectrum, make_network(spectrum, off, "simultaneous"), 10**4
                ).status
                == 0
            )
        assert (
            int(
                status.sel(
                    candidate_threshold=start.threshold,
                    candidate_learning_rate_share=start.learning_rate_share,
                ).item()
            )
            == 0
        )


@pytest.mark.parametrize("place", [0, 5, -1])
def test_the_smallest_width_is_the_last_that_will_do(advice, spectrum, place):
    start, point = start_of(advice, place), advice.isel(front=place)
    ladder = advice_search.width_ladder(spectrum, start.width)
    least = point.front_smallest_width.item()

    def holds(width):
        narrower = Start(start.threshold, start.variance_ratio, start.learning_rate_share, width)
        found = predicted_minimum(spectrum, make_network(spectrum, narrower, "simultaneous"), 10**4)
        return (
            found.status == 0
            and found.min_test_error <= SAME_ERROR * point.front_min_test_error.item()
            and found.iterations <= math.floor(1.05 * point.front_iterations.item()) + 1
        )

    k = ladder.index(least)
    assert all(holds(width) for width in ladder[: k + 1])
    assert k + 1 == len(ladder) or not holds(ladder[k + 1])


def test_a_budget_is_kept_and_costs_error(advice):
    tight = advise(**TASK, budget=8)
    assert tight.iterations.max() <= 8
    assert tight.front_iterations.max() == 8
    assert tight.min_test_error.min() > advice.min_test_error.min()
    # Within the budget both fronts are the same.
    same = advice.front_iterations.values <= 8
    assert np.array_equal(advice.front_min_test_error[same], tight.front_min_test_error)
    with pytest.raises(ValueError, match="budget must be long enough"):
        advise(**TASK, budget=5, learning_rate_share=0.01)


def test_a_width_limit_is_kept(advice):
    narrow = advise(**TASK, max_width=60)
    assert narrow.width.max() <= 60
    assert narrow.attrs["outside_range"] > 0
    assert narrow.threshold.max() < advice.threshold.max()
    with pytest.raises(OutOfRangeError, match="max_width must be at least 5 times the rank"):
        advise(**TASK, max_width=14)


def test_units_of_signal_and_noise_cancel(advice):
    """(A, Y, c, t) -> (10 A, 10 Y, 10 c, t/10)."""
    scaled = advise(80, singular_values=10 * advice.attrs["singular_values"], noise=10.0)
    for name, power in (
        ("init_variance", 1),
        ("learning_rate", -1),
        ("min_test_error", 2),
        ("width", 0),
        ("iterations", 0),
        ("smallest_width", 0),
    ):
        assert np.allclose(scaled[name], advice[name] * 10.0**power, rtol=1e-9), name
    assert np.array_equal(scaled.regime, advice.regime)


def test_unequal_layers_and_transposition(monkeypatch):
    monkeypatch.setattr(advice_front, "THRESHOLDS_PER_DECADE", 3)
    monkeypatch.setattr(advice_front, "SHARES", (1.0,))
    wide = advise(150, 40, rank=2, unequal_layers=True)
    tall = advise(40, 150, rank=2, unequal_layers=True)
    equal = advise(150, 40, rank=2)
    assert np.allclose(wide.front_min_test_error, tall.front_min_test_error, rtol=1e-9)
    assert np.allclose(wide.front_variance_ratio * tall.front_variance_ratio, 1)
    assert np.allclose(wide.init_variance, tall.init_variance2)
    # Near the lazy end unequal layers may be narrower: no initial matrix to unlearn.
    first = wide.isel(front=0)
    assert first.front_smallest_width < equal.isel(front=0).front_smallest_width / 2
    # The layer of the shorter side, which fluctuates less, takes the larger variance.
    assert first.front_variance_ratio > 1


@pytest.mark.parametrize(
    "update", ["simultaneous", pytest.param("sequential", marks=pytest.mark.slow)]
)
def test_trained_recommendations_are_confirmed(update):
    found = advise(**TASK, update=update)
    checked = numerics.check_advice(found, RUNS, seed=3)
    assert checked.confirmed.all()
    assert abs(checked.deviation).max() < 0.05
    # Trained and predicted iterations agree but for their scatter.
    gap = checked.trained_iterations.mean("run") - found.iterations
    assert abs(gap).max() <= 1
    # A prediction that is a tenth off, and networks that are not the recommended ones, are seen.
    wrong = found.assign(min_test_error=0.9 * found.min_test_error)
    assert not numerics.check_advice(wrong, RUNS, seed=3).confirmed.any()
    other = found.assign(
        init_variance=4 * found.init_variance, init_variance2=4 * found.init_variance2
    )
    assert not numerics.check_advice(other, RUNS, seed=3).confirmed.sel(recommendation="knee")


def test_a_check_repeats_and_needs_two_runs(advice):
    one, same, other = (numerics.check_advice(advice, 2, seed=x) for x in (1, 1, 2))
    assert one.identical(same)
    assert not np.array_equal(one.deviation, other.deviation)
    with pytest.raises(ValueError, match="runs must be >= 2"):
        advice_check.check_advice(advice, 1)


# --- parts


def test_a_run_is_followed_to_its_last_signal(monkeypatch):
    """Beside a large singular value a small one makes a second valley, here the deeper one."""
    signal = [100.0, 12.0]
    spectrum = mode_spectrum(100, 100, signal)
    network = make_network(spectrum, Start(0.012, 1.0, 0.5, 1e6), "simultaneous")
    test = predict_run(
        100,
        100,
        singular_values=signal,
        width=1e6,
        init_variance=1.2e-8,
        learning_rate=network.learning_rate,
        iterations=100,
    ).test_error.values
    first, second = np.flatnonzero((test[1:-1] < test[:-2]) & (test[1:-1] < test[2:])) + 1
    assert test[second] < test[first]
    monkeypatch.setattr(advice_search, "FIRST_PIECE", 3 * int(first) // 2)
    assert predicted_minimum(spectrum, network, 10**4).min_test_error == test[second]
    # Not asked whether the last signal is learned, it would end in the first valley.
    monkeypatch.setattr(advice_search, "LEARNED", 0.0)
    assert predicted_minimum(spectrum, network, 10**4).min_test_error == test[first]


def test_a_minimum_beyond_the_budget_is_told(spectrum):
    network = make_network(spectrum, Start(0.1, 1.0, 0.05, 1e5), "simultaneous")
    whole = predicted_minimum(spectrum, network, 10**4)
    assert whole.status == 0
    assert predicted_minimum(spectrum, network, whole.iterations).status == 0
    for budget in (whole.iterations - 1, whole.iterations // 3):
        assert predicted_minimum(spectrum, network, budget).status == advice_search.BEYOND_BUDGET


@pytest.mark.parametrize(
    ("gamma_sigma2", "gamma_w"), [(-2.5, 2.2), (-1.5, 2.2), (-0.6, 1.7), (-0.2, 1.2), (-1.5, 1.3)]
)
def test_a_finite_regime_is_that_of_its_exponents(gamma_sigma2, gamma_w):
    d = 1000
    spectrum = mode_spectrum(d, d, [float(d)])
    c = d ** (gamma_sigma2 + gamma_w)
    network = RandomNetwork(c, c, d**gamma_w, 1.0, "simultaneous")
    name = advice_choice.finite_regime(spectrum, network)
    assert name == regime(gamma_sigma2, gamma_w).name.item()


def test_close_singular_values_are_no_obstacle():
    """Eight equal ones, 25 where noise alone has 18: the noise moves them by 15 % apart."""
    found = advise(80, singular_values=[25.0] * 8)
    assert numerics.check_advice(found, 6).confirmed.all()


def test_rounding_keeps_the_digits_asked_for():
    rounded = advice_choice._rounded
    assert rounded(0.00473152, 3) == 0.00473
    assert rounded(0.00479, 2, math.floor) == 0.0047
    assert rounded(12801.0, 2, math.ceil) == 13000
    assert rounded(400.0, 2, math.ceil) == 400


def test_a_signal_below_the_noise(tmp_path):
    hidden = advise(80, rank=3, noise=60.0)
    assert hidden.attrs["detected"] == 0
    assert (hidden.regime == "hidden").all()
    assert hidden.min_test_error.min() > 0.99 * hidden.attrs["untrained_error"]
    hidden.to_netcdf(tmp_path / "advice.nc", engine="h5netcdf")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"d_in": 0}, ValueError, "d_in must be"),
        ({"d_out": 2.5}, ValueError, "d_out must be"),
        ({"rank": None}, ValueError, "exactly one of rank and singular_values"),
        ({"rank": 81}, ValueError, "rank must be at most"),
        ({"rank": 20}, ValueError, "rank must be at most 0.15 of the smaller dimension"),
        ({"rank": None, "singular_values": []}, ValueError, "singular_values must not be empty"),
        ({"noise": 0.0}, ValueError, "noise must be > 0"),
        ({"noise": "loud"}, TypeError, "noise must be"),
        ({"budget": 0}, ValueError, "budget must be"),
        ({"learning_rate_share": 1.0}, ValueError, "learning_rate_share must be < 1"),
        ({"learning_rate_share": -1.0}, ValueError, "learning_rate_share must be > 0"),
        ({"max_width": 0.5}, ValueError, "width must be >= 1"),
        ({"update": "both"}, ValueError, "update must be one of"),
    ],
)
def test_bad_arguments_are_named(change, error, message):
    with pytest.raises(error, match=message) as caught:
        advise(**(TASK | change))
    assert "\n" not in str(caught.value)
