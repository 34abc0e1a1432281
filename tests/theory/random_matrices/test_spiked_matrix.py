"""Spectra and Wishart moments: proofs that can fail, and values known otherwise."""

import math

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from theory.algebra.derivation import ProofError
from theory.random_matrices import spiked_matrix as sx
from theory.random_matrices import wishart as ws
from theory.symbols import c1, c2, w


def number(expression, **values):
    names = {str(x): x for x in expression.free_symbols}
    return float(expression.subs({names[k]: v for k, v in values.items() if k in names}).evalf(20))


@pytest.mark.parametrize("derivation", [sx.spectra, ws.wishart])
def test_every_step_is_proved_and_prints(derivation):
    result = derivation()
    marks = [step.mark for step in result]
    assert marks.count("proved") + marks.count("derived") >= 9
    assert "\\section" in result.latex()
    # What cannot be derived says so, and where it is from.
    assert "1967" in result.source or "Isserlis" in result.source


@pytest.mark.parametrize(
    ("steps", "name", "fault"),
    [
        (
            "_resolvent_steps",
            "squared_position",
            lambda P=sx.P: (P + sx.tau**2 * sx.rows) * (P + sx.columns) / P,
        ),
        (
            "_resolvent_steps",
            "noise_resolvents",
            lambda z=sx.z, P=sx.P: (z / (P + sx.tau**2 * sx.columns),) * 2,
        ),
        (
            "_jacobi_steps",
            "jacobi_matrix",
            lambda: (1, sx.tau**2 * (sx.rows + sx.columns), sx.tau**2 * sx.rows),
        ),
        (
            "_spike_steps",
            "spike_value",
            lambda s=sx.theta, v=sx.tau**2: sp.sqrt(s**2 + v * sx.rows),
        ),
        ("_spike_steps", "spike_overlap", lambda: 1 - sx.tau**2 * sx.rows / sx.theta**2),
        ("_spike_steps", "detection_threshold", lambda: sx.tau * sp.sqrt(sx.rows)),
        (
            "_correlation_steps",
            "bulk_correlation",
            lambda: sx.tau**2 * sx.y / (sx.y_hat**2 + sx.y**2),
        ),
        ("_correlation_steps", "spike_overlap", lambda: 1 - sx.tau**2 * sx.rows / sx.theta**2),
    ],
)
def test_a_wrong_formula_is_not_proved(monkeypatch, steps, name, fault):
    monkeypatch.setattr(sx, name, fault)
    with pytest.raises(ProofError):
        getattr(sx, steps)()


def test_square_unit_noise_is_the_papers_spike():
    theta, d = 40, 300
    values = {"theta": theta, "tau": 1, "m": d, "n": d}
    assert number(sx.spike_value(), **values) == pytest.approx((theta**2 + d) / theta)
    assert number(sx.spike_overlap(), **values) == pytest.approx(1 - d / theta**2)
    assert number(sx.detection_threshold(), **values) == pytest.approx(d**0.5)


def test_the_density_is_normalised():
    # (2/pi tau^2) int Im P/z dz over the bulk of a 2 x 3 aspect ratio is min(m, n).
    m, n = 2.0, 3.0
    low, high = mp.sqrt(n) - mp.sqrt(m), mp.sqrt(n) + mp.sqrt(m)

    def density(z):
        real = (z**2 - m - n) / 2
        return 2 * mp.sqrt(mp.mpf(m * n) - real**2) / (mp.pi * z)

    assert float(mp.quad(density, mp.linspace(low, high, 5)).real) == pytest.approx(2.0, rel=1e-8)


@pytest.mark.parametrize(("m", "n"), [(60, 60), (40, 160)])
def test_the_mean_edge_is_that_of_draws(m, n):
    rng, draws = np.random.default_rng(1), 400
    largest = [np.linalg.norm(0.7 * rng.standard_normal((m, n)), 2) ** 2 for _ in range(draws)]
    found, outer = (number(x(), tau=0.7, m=m, n=n) for x in (sx.mean_edge, sx.bulk_edge))
    # Four standard errors, a twentieth of what the law of Tracy and Widom takes off; that of
    # complex matrices would take off half as much again.
    error = np.std(largest) / math.sqrt(draws)
    gap = outer**2 - found**2
    assert outer == pytest.approx(0.7 * (math.sqrt(m) + math.sqrt(n)))
    assert abs(np.mean(largest) - found**2) < 4 * error + 0.05 * gap < 0.4 * gap


@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 8), (8, 3)])
def test_the_jacobi_matrix_has_the_moments_of_the_noise(m, n):
    first, later, off = (number(x, tau=0.7, m=m, n=n) for x in sx.jacobi_matrix())
    matrix = np.diag([first, later, later]) + off * (np.eye(3, k=1) + np.eye(3, k=-1))
    moments = [np.linalg.matrix_power(matrix, power)[0, 0] for power in (1, 2)]
    # Mean over singular values of the noise: E tr Y Y^T and, to leading order, E tr (Y Y^T)^2.
    small, square = min(m, n), 0.7**2
    assert moments[0] == pytest.approx(square * m * n / small)
    assert moments[1] == pytest.approx(square**2 * m * n * (m + n) / small)


@pytest.mark.parametrize(("m", "n"), [(40, 40), (30, 70)])
def test_spikes_on_rectangles_in_numbers(m, n):
    # From the 2 x 2 resolvent of the signal with the noise's own, by numbers alone.
    tau, theta = 0.7, 1.9 * 0.7 * (m * n) ** 0.25
    values = {"tau": tau, "theta": theta, "m": m, "n": n}
    P = theta**2
    place = math.sqrt((P + tau**2 * m) * (P + tau**2 * n) / P)
    assert number(sx.spike_value(), **values) == pytest.approx(place)
    step = 1e-6 * theta
    ends = [
        math.sqrt((x**2 + tau**2 * m) * (x**2 + tau**2 * n)) / x
        for x in (theta - step, theta + step)
    ]
    # A signal's overlap is the slope of the place where its spike stands.
    assert number(sx.spike_overlap(), **values) == pytest.approx((ends[1] - ends[0]) / (2 * step))
    assert number(sx.detection_threshold(), **values) == pytest.approx(theta / 1.9)
    y = 0.8 * tau * (math.sqrt(m) + math.sqrt(n))
    bulk = number(sx.bulk_correlation(), tau=tau, y_bulk=y, yhat=place)
    assert bulk == pytest.approx(tau**2 * y / (place**2 - y**2))


def test_fourth_moment_of_one_variable_is_three():
    moment, covariance = ws.gaussian_fourth_moment()
    assert moment.subs(dict.fromkeys(covariance.values(), 1)) == 3


def test_fluctuations_of_the_start():
    assert ws.fluctuation_covariance((2, 0), (2, 0)) == c1 * c2 / w
    assert ws.fluctuation_covariance((0, 0), (0, 0)) == 2 * c1**2 / w
    assert ws.fluctuation_covariance((0, 1), (1, 0)) == c1**2 / w
    assert ws.fluctuation_covariance((2, 0), (3, 1)) == 0


def test_a_missing_pairing_is_not_proved(monkeypatch):
    whole = ws.gaussian_fourth_moment

    def two_pairings():
        moment, covariance = whole()
        return moment - covariance[0, 3] * covariance[1, 2], covariance

    monkeypatch.setattr(ws, "gaussian_fourth_moment", two_pairings)
    ws.fluctuation_covariance.cache_clear()
    try:
        with pytest.raises(ProofError):
            ws.wishart()
    finally:
        ws.fluctuation_covariance.cache_clear()


def test_the_mean_logarithm_of_chi_square():
    # E log of an exponential variable of mean 2 (two degrees of freedom) is log 2 - gamma.
    value = ws.log_chi_square_mean(sp.Integer(2))
    assert float(value.evalf()) == pytest.approx(float(mp.log(2) - mp.euler))
