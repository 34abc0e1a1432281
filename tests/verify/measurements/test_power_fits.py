"""Fitted exponents: exact on exact data, right coverage on noisy data, honest refusals."""

import numpy as np
import pytest
from scipy import stats

from verify.measurements.power_fits import fit_exponent

SIZES = (10.0, 20.0, 40.0, 80.0, 160.0)


def test_a_pure_power_is_found_exactly():
    fit = fit_exponent(SIZES, 3 * np.array(SIZES) ** -1.5)
    assert fit.exponent == pytest.approx(-1.5, abs=1e-12)
    assert fit.prefactor == pytest.approx(3.0, rel=1e-12)
    assert fit.halfwidth < 1e-10


@pytest.mark.parametrize("pooled", [False, True])
def test_replicates_of_a_pure_power(pooled):
    table = np.array(SIZES)[:, None] ** 0.5 * [1.0, 2.0, 5.0]
    fit = fit_exponent(SIZES, table, pooled=pooled)
    assert fit.exponent == pytest.approx(0.5, abs=1e-12)
    # Replicates of different prefactors widen only the pooled interval.
    assert (fit.halfwidth < 1e-10) != pooled


def test_contains_adds_the_bias():
    fit = fit_exponent(SIZES, np.array(SIZES) ** -1.0)
    assert fit.contains(-1.0)
    assert not fit.contains(-1.1)
    assert fit.contains(-1.1, bias=0.11)


def test_curvature_widens_the_interval():
    sizes = np.array(SIZES)
    straight, curved = (fit_exponent(sizes, sizes**-1 * (1 + b / sizes)) for b in (0.0, 2.0))
    assert curved.halfwidth > 100 * straight.halfwidth + 0.01
    assert curved.contains(-1.0)


@pytest.mark.parametrize(("replicates", "pooled"), [(1, False), (8, False), (8, True)])
def test_the_interval_covers_at_its_level(replicates, pooled):
    """At the level 0.1, a tenth of the intervals miss: 2000 trials, six standard errors."""
    rng = np.random.default_rng(1)
    trials, level = 2000, 0.1
    noise = np.exp(0.2 * rng.standard_normal((trials, len(SIZES), replicates)))
    errors = np.array(SIZES)[:, None] ** -0.5 * noise
    missed = sum(
        not fit_exponent(SIZES, table, level, pooled=pooled).contains(-0.5) for table in errors
    )
    assert abs(missed / trials - level) < 6 * np.sqrt(level * (1 - level) / trials)


@pytest.mark.parametrize(
    ("sizes", "errors", "message"),
    [
        ((1.0, 2.0, 3.0), (1.0, 1.0, 1.0), "at least 4"),
        ((1.0, 2.0, 3.0, 3.0), (1.0, 1.0, 1.0, 1.0), "at least 4"),
        (SIZES, (1.0, 1.0, 0.0, 1.0, 1.0), "errors must be "),
        (SIZES, (1.0, 1.0, -1.0, 1.0, 1.0), "errors must be "),
        (SIZES, (1.0, 1.0, np.nan, 1.0, 1.0), "errors must be "),
        (SIZES, (1.0, 1.0, np.inf, 1.0, 1.0), "errors must be "),
    ],
)
def test_refusals(sizes, errors, message):
    with pytest.raises(ValueError, match=message):
        fit_exponent(sizes, errors)


def test_pooled_replicates_have_the_standard_error_of_one_line_through_all_points():
    rng, sizes = np.random.default_rng(3), np.array([10.0, 20.0, 40.0, 80.0, 160.0])
    table = sizes[:, None] ** -0.7 * np.exp(0.1 * rng.standard_normal((5, 6)))
    line = stats.linregress(np.log(np.repeat(sizes, 6)), np.log(table).ravel())
    fit = fit_exponent(sizes, table, 0.05, pooled=True)
    assert fit.exponent == pytest.approx(line.slope)
    assert fit.halfwidth == pytest.approx(stats.t.ppf(0.975, 30 - 2) * line.stderr)
