"""Laws: what they let pass, what they refuse, and how they measure the share of the bound."""

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy import stats

from verify.framework import laws
from verify.framework.claim import Claim, Counterexample, Fault, claims_by_name
from verify.framework.laws import Bound, PowerLaw, PowerLaws, RoundOff, Sampling
from verify.framework.tolerances import TOLERANCES
from verify.measurements.power_fits import Fit

SIZES = (10.0, 20.0, 40.0, 80.0)


def claim(law, predict, measure, **more):
    return Claim(
        name="a",
        family="b",
        statement="c",
        holds="d",
        source="e",
        problems=st.just({}),
        predict=predict,
        measure=measure,
        law=law,
        faults=(Fault("none"),),
        **more,
    )


def judge(law, predict, measure):
    return claim(law, predict, measure).examine({})


def test_every_tolerance_has_a_reason():
    for name, tolerance in TOLERANCES.items():
        assert tolerance.value > 0, name
        assert len(tolerance.reason) > 20, name


@pytest.mark.parametrize("law", [RoundOff(), RoundOff("chained_steps", in_eps=False)])
def test_round_off(law):
    allowed = TOLERANCES[law.tolerance].value
    if law.in_eps:
        allowed *= np.finfo(float).eps * 3
    ones = np.ones((2, 3))
    for factor, holds in ((0.5, True), (2.0, False)):
        outcome = judge(law, lambda _: ones, lambda _, f=factor: ones * (1 - f * allowed))
        assert outcome.holds is holds
        assert outcome.share_of_bound == pytest.approx(factor, rel=0.2)


def test_round_off_is_relative_to_the_largest_entry_or_to_each():
    predicted, measured = np.array([1.0, 1e-8]), np.array([1.0, 1.001e-8])
    for entrywise, holds in ((False, True), (True, False)):
        law = RoundOff("chained_steps", in_eps=False, entrywise=entrywise)
        assert judge(law, lambda _: predicted, lambda _: measured).holds is holds


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_not_equal(value):
    with np.errstate(invalid="ignore"):
        outcome = judge(RoundOff(), lambda _: np.ones(2), lambda _: np.array([1.0, value]))
    assert not outcome.holds


def test_other_shapes_and_zeros():
    assert not judge(RoundOff(), lambda _: np.ones(2), lambda _: np.ones((2, 1))).holds
    assert judge(RoundOff(), lambda _: np.zeros(2), lambda _: np.zeros(2)).holds
    assert not judge(RoundOff(), lambda _: np.zeros(2), lambda _: np.full(2, 1e-300)).holds


def test_numbers_near_the_largest_float():
    big = np.array([1.7e308])
    assert not judge(RoundOff(), lambda _: big, lambda _: -big).holds
    assert judge(RoundOff(), lambda _: big, lambda _: big).holds


def test_power_law():
    law = PowerLaw("size", SIZES)
    for exponent, holds in ((-1.0, True), (-0.5, False), (-2.0, False)):
        outcome = judge(law, lambda _, p=exponent: p, lambda _, size: 2 / size)
        assert outcome.holds is holds
    assert outcome.data["sizes"] == list(SIZES)


def test_a_power_law_that_cannot_tell_does_not_hold():
    rng = np.random.default_rng(0)
    noise = {size: np.exp(rng.standard_normal(3)) for size in SIZES}
    outcome = judge(PowerLaw("size", SIZES), lambda _: -1.0, lambda _, x: noise[x] / x)
    assert not outcome.holds


def two_powers(exponents, scatter=0.01, replicates=4):
    """Return a measurement of two powers of a size with scatter."""

    def measure(_, size):
        rng = np.random.default_rng([1, int(size)])
        noise = np.exp(scatter * rng.standard_normal((len(exponents), replicates)))
        return size ** np.array(exponents)[:, None] * noise

    return measure


@pytest.mark.parametrize(
    ("predicted", "found", "holds"),
    [
        ((-1.0, 0.0), (-1.0, 0.0), True),
        ((-1.0, 0.0), (-1.0, 0.5), False),
        ((-1.0, 0.0), (-0.5, 0.0), False),
        ((0.0, -1.0), (-1.0, 0.0), False),
        ((-1.0, -1.0), (-1.0, -1.0), False),  # no boundary: the two sides are alike
    ],
)
def test_power_laws_judge_both_sides_and_tell_them_apart(predicted, found, holds):
    law = PowerLaws("size", SIZES, "slope_bias")
    outcome = judge(law, lambda _: predicted, two_powers(found))
    assert outcome.holds is holds
    assert (outcome.share_of_bound <= 1) is holds
    assert outcome.data["predicted_exponent"] == list(predicted)
    assert outcome.data["fitted_exponent"] == pytest.approx(list(found), abs=0.05)
    assert [x for x in outcome.data if x.startswith("errors")] == ["errors below", "errors above"]


def test_parts_that_need_not_differ_may_be_alike():
    law = PowerLaws("size", SIZES, "slope_bias", parts=("a", "b", "c"), apart=False)
    exponents = (-1.0, -1.0, 0.0)
    assert judge(law, lambda _: exponents, two_powers(exponents)).holds


def test_power_laws_that_cannot_tell_do_not_hold():
    measure = two_powers((-1.0, 0.0), scatter=1.0)
    assert not judge(PowerLaws("size", SIZES, "slope_bias"), lambda _: (-1.0, 0.0), measure).holds


@pytest.mark.parametrize(("predicted", "parts"), [((-1.0,), 2), ((-1.0, 0.0), 3)])
def test_power_laws_refuse_other_parts(predicted, parts):
    with pytest.raises(ValueError, match="predict and measure 2 parts"):
        judge(
            PowerLaws("size", SIZES, "slope_bias"), lambda _: predicted, two_powers((-1.0,) * parts)
        )


def test_sampling_detects_what_its_draws_can_resolve():
    law = Sampling("prediction_bias")
    draws = 10 + np.random.default_rng(0).standard_normal(100)
    for mean, holds in ((10.0, True), (10.2, True), (12.0, False), (8.0, False)):
        assert judge(law, lambda _, m=mean: m, lambda _: draws).holds is holds


def test_sampling_fails_at_its_level():
    """With the bias taken away, the quantile at 1e-4 passes 3000 fresh means."""
    rng = np.random.default_rng(2)
    law = Sampling("prediction_bias")
    failed = sum(
        not judge(law, lambda _: 0.0, lambda _: rng.standard_normal(12)).holds for _ in range(3000)
    )
    assert failed <= 4


@pytest.mark.parametrize(
    ("bounds", "value", "holds"),
    [
        ((0.0, 1.0), 0.5, True),
        ((0.0, 1.0), 1.0, True),
        ((0.0, 1.0), 1.1, False),
        ((0.0, 1.0), -0.1, False),
        ((-np.inf, 1e-10), 0.0, True),
        ((-np.inf, 1e-10), 1e-9, False),
        ((1.0, np.inf), 5.0, True),
        ((1.0, np.inf), 0.9, False),
        ((0.0, 1.0), np.nan, False),
    ],
)
def test_bound(bounds, value, holds):
    outcome = judge(Bound("bound", "reason"), lambda _: bounds, lambda _: value)
    assert outcome.holds is holds
    assert (outcome.share_of_bound <= 1) is holds


def test_chance_decides_the_false_alarm():
    level = TOLERANCES["false_alarm"].value
    assert PowerLaw("size", SIZES).false_alarm == Sampling("prediction_bias").false_alarm == level
    assert PowerLaw("size", SIZES, chance=False).false_alarm == 0
    assert PowerLaws("size", SIZES, "slope_bias").false_alarm == level
    assert RoundOff().false_alarm == Bound("", "").false_alarm == 0


def test_claims_without_faults_or_with_a_strange_cost_are_refused():
    parts = {
        "name": "a",
        "family": "b",
        "statement": "c",
        "holds": "d",
        "source": "e",
        "problems": st.just({}),
        "predict": lambda _: 1,
        "measure": lambda _: 1,
        "law": RoundOff(),
    }
    with pytest.raises(ValueError, match="faults of claim 'a' must be at least one"):
        Claim(**parts, faults=())
    with pytest.raises(ValueError, match="cost must be"):
        Claim(**parts, faults=(Fault("f"),), cost="huge")


def test_names_are_unique():
    one = claim(RoundOff(), lambda _: 1, lambda _: 1)
    with pytest.raises(ValueError, match="'a' twice"):
        claims_by_name([one, one])


def test_a_counterexample_replaces_what_it_names_and_keeps_the_rest():
    counterexample = Counterexample("wider", {"x": 3.0}, "no", measure=lambda problem: problem["x"])
    held = claim(RoundOff(), lambda _: 3.0, lambda _: 1.0)
    assert held.examine_counterexample(counterexample).holds
    assert not held.examine({}).holds


def test_shares_of_bounds_in_numbers():
    """How far a measurement may lie off: half the interval and a stated bias, once each."""
    fit = Fit(exponent=-1.0, prefactor=1.0, halfwidth=0.1)
    bias, resolution = TOLERANCES["slope_bias"].value, TOLERANCES["resolution"].value
    near, far = (laws._share_of_bound(fit, x, "slope_bias", "resolution") for x in (-1.0, -1.5))
    assert near == pytest.approx(0.1 / resolution)
    assert far == pytest.approx(0.5 / (0.1 + bias))
    assert laws._overlap(fit, Fit(0.5, 1.0, 0.4)) == pytest.approx(0.5 / 1.5)
    draws = np.array([1.0, 1.2, 1.7, 1.4])
    law = Sampling("prediction_bias")
    half = stats.t.ppf(1 - law.false_alarm / 2, 3) * draws.std(ddof=1) / 2
    allowed = half + TOLERANCES["prediction_bias"].value * 3.0
    outcome = judge(law, lambda _: 3.0, lambda _: draws)
    assert outcome.share_of_bound == pytest.approx((3.0 - draws.mean()) / allowed)


def test_round_off_counts_the_largest_dimension_and_no_more():
    eps = np.finfo(float).eps
    allowed = TOLERANCES["roundoff_factor"].value * eps * 3
    for share in (0.9, 1.2):
        found = np.ones((2, 3))
        found[1, 2] = 1 - share * allowed
        outcome = judge(RoundOff(), lambda _: np.ones((2, 3)), lambda _, x=found: x)
        assert outcome.share_of_bound == pytest.approx(share, abs=0.02)
        assert outcome.holds is (share < 1)
