"""The exponent plane on arrays, and its exponents against slopes at large d."""

import numpy as np
import pytest
import sympy as sp
from scipy.optimize import brentq
from scipy.special import lambertw

from numerics.regimes import exponent_plane as regimes
from numerics.regimes.exponent_plane import exponent_plane, regime
from theory.regimes import scales as scaling
from theory.regimes.minimal_error import minimal_error_amplitude
from theory.regimes.regime import NAMES, symbolic_regime
from theory.symbols import w

# Order 0 at large d: mathematics.md section 5, written anew; it knows nothing of theory.


def quarter_circle(count=24):
    """Return nodes and weights of the quarter-circle law on [0, 2] (Chebyshev, second kind)."""
    angles = np.arange(1, 2 * count + 1) * np.pi / (2 * count + 1)
    nodes, weights = 2 * np.cos(angles), 2 / (2 * count + 1) * np.sin(angles) ** 2
    return nodes[:count], 2 * weights[:count]


def one_mode(y, c, t):
    """Return s, y - s, g(y) and g(-y) of a mode started at 0, without overflow."""
    D = np.hypot(y, c)
    decay, rise, gap = np.exp(-2 * D * t), -np.expm1(-2 * D * t), c * c / (D + y)
    M, N = gap + c * rise + decay * (D + y), D + y + c * rise + decay * gap
    s = 2 * c * y * rise * (D * (1 + decay) + c * rise) / (M * N)
    return s, 4 * D**2 * y * decay / (M * N), *(2 * D * np.exp(-D * t) / x for x in (M, N))


def test_error(t, d, theta, tau, k, c, v):
    """Return the test error per entry; a signal below the noise is seen by its bulk alone."""
    x, weight = quarter_circle()
    y, t = tau * np.sqrt(d) * x, t[:, None]
    s, _, plus, minus = one_mode(y, c, t)
    seen = theta > tau * np.sqrt(d)
    spike = (theta**2 + tau**2 * d) / theta
    correlation = 0 if seen else k * tau**2 * y / (spike**2 - y**2)
    bulk = (weight * (s**2 - 2 * s * correlation)).sum(1) / d
    initial = v * sum((weight * g**2).sum(1) ** 2 for g in ((plus + minus) / 2, (plus - minus) / 2))
    if not seen:
        return k * theta**2 / d**2 + bulk + initial
    s, rest, *_ = (z[:, 0] for z in one_mode(np.array([[spike]]), c, t))
    # s^2 - 2 s theta overlap + theta^2, with theta - s = rest - tau^2 d/theta.
    signal = (rest - tau**2 * d / theta) ** 2 + 2 * s * tau**2 * d / theta
    return k * signal / d**2 + bulk + initial


test_error.__test__ = False


def letters(d, point):
    gs, gw, p, q, kappa, gap = (*point, *(1, 0, 0, 0)[len(point) - 2 :])
    return dict(
        d=d,
        k=d**kappa,
        theta=d**p,
        tau=d**q,
        sigma1=d ** (gs / 2 + gap / 4),
        sigma2=d ** (gs / 2 - gap / 4),
        w=d**gw,
    )


def smallest(d, point):
    """Return the smallest test error and its time."""
    at = letters(d, point)
    c = (at["sigma1"] ** 2 + at["sigma2"] ** 2) * at["w"] / 2
    v = (at["sigma1"] * at["sigma2"]) ** 2 * at["w"]
    task = (d, at["theta"], at["tau"], at["k"], c, v)
    fastest, slowest = max(c, at["theta"], at["tau"] * d**0.5), min(c, at["theta"])
    times = np.geomspace(1e-10 / fastest, 1e3 / slowest, 3000)
    for _ in range(3):
        errors = test_error(times, *task)
        best = int(errors.argmin())
        found = errors[best], times[best]
        low, high = times[max(best - 1, 0)], times[min(best + 1, len(times) - 1)]
        times = np.linspace(low, high, 200)
    return found


AMPLITUDE = sp.lambdify(
    (scaling.d, scaling.k, scaling.theta, scaling.tau, scaling.sigma1, scaling.sigma2, w),
    minimal_error_amplitude(),
    [{"LambertW": lambda x: lambertw(x).real}, "numpy"],
)

#: A point well inside each cell: gamma_sigma2, gamma_w, then p, q, kappa, gap where not 1, 0, 0, 0.
CELLS = {
    "active, spike estimation": (-3.0, 1.5),
    "active, spike estimation, wide": (-3.0, 2.3),
    "mixed, fitted noise": (-1.9, 2.6),
    "mixed, fitted noise, near 2k/d": (-1.5, 2.25),
    "active, initial matrix, waiting": (-1.02, 1.3),
    "mixed, initial matrix, unlearning": (-0.7, 1.3),
    "lazy": (-1.6, 2.9),
    "infinite noise, active": (-0.45, 1.2),
    "infinite noise, lazy": (-0.5, 1.8),
    "small signal, fitted noise": (-1.8, 2.2, 0.8, 0.0, 0.0, 0.0),
    "small signal, start, active": (-1.3, 2.0, 0.8, 0.0, 0.0, 0.0),
    "small signal, initial matrix": (-0.65, 1.1, 0.8, 0.0, 0.0, 0.0),
    "small signal, lazy": (-1.6, 2.6, 0.8, 0.0, 0.0, 0.0),
    "small signal, lazy, initial matrix": (-1.0, 1.85, 0.8, 0.0, 0.0, 0.0),
    "small signal, infinite noise": (-0.6, 1.6, 0.8, 0.0, 0.0, 0.0),
    "high rank": (-2.0, 2.0, 1.0, 0.0, 0.4, 0.0),
    "large noise": (-2.0, 2.0, 1.0, 0.2, 0.0, 0.0),
    "high rank, large signal and noise": (-0.8, 1.5, 1.2, 0.1, 0.2, 0.0),
    "small noise, infinite noise": (-1.2, 2.6, 1.2, -0.2, 0.3, 0.0),
    "hidden, missing signal": (-1.5, 1.5, 0.4, 0.0, 0.0, 0.0),
    "hidden, missing signal, small threshold": (-2.5, 1.5, 0.4, 0.0, 0.0, 0.0),
    "hidden, initial matrix": (-1.0, 1.5, 0.4, 0.0, 0.0, 0.0),
    "hidden, infinite noise": (-0.3, 1.5, 0.4, 0.0, 0.0, 0.0),
    "unequal layers, fitted noise": (-2.0, 2.2, 1.0, 0.0, 0.0, 1.0),
    "unequal layers, lazy": (-1.6, 2.2, 1.0, 0.0, 0.0, 1.2),
}


def claimed(point):
    names = ("p", "q", "kappa", "gap")
    return symbolic_regime(*point[:2], **dict(zip(names, point[2:], strict=False)))


def deviations(point, here):
    """Return what the slopes of error and time from 1e7 to 1e8 lack to their scales."""
    sizes = (1e7, 1e8)
    logs = np.log10([smallest(d, point) for d in sizes])
    doubled = np.diff(np.log10(np.log(sizes)))[0]
    scales = (here.min_test_error, here.time_to_minimum)
    return [
        logs[1, i] - logs[0, i] - float(scale.exponent) - float(scale.log_power) * doubled
        for i, scale in enumerate(scales)
    ]


@pytest.mark.parametrize("name", CELLS)
def test_exponents_are_the_slopes_at_large_dimension(name):
    error, time = deviations(CELLS[name], claimed(CELLS[name]))
    assert abs(error) < 0.02  # log log d and terms of relative size d^-0.1 remain
    assert abs(time) < 0.03


@pytest.mark.parametrize("name", CELLS)
def test_amplitudes_at_large_dimension(name):
    ratios = [
        smallest(d, CELLS[name])[0] / AMPLITUDE(*letters(d, CELLS[name]).values())
        for d in (1e6, 1e8)
    ]
    # Where two terms compete the sum counts one's share of the other twice: 1 from below.
    assert 0.8 < ratios[1] < 1.02
    assert abs(ratios[1] - 1) <= abs(ratios[0] - 1) + 1e-4


def test_the_exponent_first_stated_is_found_wrong_outside_the_active_region():
    for name, right in (
        ("mixed, fitted noise", True),
        ("lazy", False),
        ("infinite noise, lazy", False),
    ):
        gs, gw = CELLS[name]
        stated = max(-1, 2 * (gs + gw - 1), 2 * gs + gw)
        wrong = deviations(CELLS[name], claimed(CELLS[name]))[0]
        wrong += float(claimed(CELLS[name]).min_test_error.exponent) - stated
        assert (abs(wrong) < 0.02) == right


def train_narrow(d, gamma_sigma2, gamma_w, seed):
    """Return the smallest test error of explicit descent, k = 1, theta = d, tau = 1."""
    rng = np.random.default_rng(seed)
    width, variance = round(d**gamma_w), d**gamma_sigma2
    left, right = (rng.standard_normal(d) for _ in range(2))
    truth = d * np.outer(left / np.linalg.norm(left), right / np.linalg.norm(right))
    target = truth + rng.standard_normal((d, d))
    first = np.sqrt(variance) * rng.standard_normal((width, d))
    second = np.sqrt(variance) * rng.standard_normal((d, width))
    edge = variance * (np.sqrt(width) + np.sqrt(d)) ** 2
    rate = 0.1 / max(d, edge)
    best = np.inf
    for _ in range(int(4 * np.log(d) / (rate * edge))):
        matrix = second @ first
        best = min(best, np.mean(np.square(matrix - truth)))
        residual = matrix - target
        first, second = first - rate * second.T @ residual, second - rate * residual @ first.T
    return best


@pytest.mark.slow
@pytest.mark.parametrize("point", [(-0.3, 0.5), (-0.2, 0.8)])
def test_narrow_networks_forget_their_initial_matrix(point):
    sizes = np.array([100, 150, 250, 400])
    errors = [np.mean([train_narrow(d, *point, seed) for seed in range(2)]) for d in sizes]
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    exponent = float(symbolic_regime(*point).min_test_error.exponent)
    assert exponent == pytest.approx(point[1] - 1)
    # 2/d of spike estimation steepens the slope; the exponent of wide networks is far off.
    wide = min(0, 2 * point[0] + point[1])
    assert abs(slope - exponent) < 0.1
    assert abs(slope - wide) > 2 * abs(slope - exponent)


@pytest.mark.parametrize("gamma_w", [1.4, 1.7, 2.0])
def test_a_mode_aligns_before_it_crosses_the_threshold(gamma_w):
    d, seed = 60, 3
    rng = np.random.default_rng(seed)
    width, threshold = int(d**gamma_w), 0.02 * d
    left, right = (np.linalg.qr(rng.standard_normal((d, 1)))[0] for _ in range(2))
    scale = np.sqrt(threshold / width)
    first, second = (scale * rng.standard_normal(x) for x in ((width, d), (d, width)))
    rate, aligned = 1 / (400 * d), None
    for step in range(1000):
        matrix = second @ first
        u, _, v = np.linalg.svd(matrix)
        overlap = abs((left.T @ u[:, :1]).item() * (v[:1] @ right).item())
        aligned = step if aligned is None and overlap > 0.3 else aligned
        if (left.T @ matrix @ right).item() >= threshold:
            break
        residual = matrix - d * left @ right.T
        first, second = first - rate * second.T @ residual, second - rate * residual @ first.T
    # 2 theta t is asinh(sqrt(d/w)) where the mode shows and asinh(1) where it crosses.
    assert 0.9 < 2 * d * rate * aligned / np.arcsinh(np.sqrt(d / width)) < 1.5
    assert abs(2 * d * rate * step / np.arcsinh(1) - 1) < 0.05
    assert 0.8 < (1 - overlap) * width / d < 2


# Arrays


@pytest.mark.parametrize("task", [{}, {"p": 0.8, "kappa": 0.3}, {"p": 0.4, "gap": 0.5}])
def test_arrays_agree_with_theory(task):
    rng = np.random.default_rng(7)
    gs, gw = rng.uniform(-3, 0.4, (3, 4)), rng.uniform(0, 3, (3, 4))
    here = regime(gs, gw, **task)
    for index in np.ndindex(gs.shape):
        there = symbolic_regime(gs[index], gw[index], **task)
        assert (here.name[index], here.limited_by[index]) == (there.name, there.limited_by)
        assert here.proven[index] == there.proven
        for field in regimes.MEANINGS:
            ours, theirs = getattr(here, field), getattr(there, field)
            for ours_part, theirs_part in (
                (ours.exponent, theirs.exponent),
                (ours.log_power, theirs.log_power),
            ):
                np.testing.assert_allclose(ours_part[index], float(theirs_part), atol=1e-12)


def test_shapes_broadcast():
    assert regime(-1.0, 1.5).name.shape == ()
    assert regime(np.zeros((3, 1)) - 1, np.ones(4)).threshold.exponent.shape == (3, 4)
    assert regime([], 1.0).name.shape == (0,)


def test_time_of_narrow_lazy_networks_is_not_known():
    assert np.isnan(regime(0.1, 0.3).time_to_minimum.exponent)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: regime([np.nan], 1),
            ValueError,
            "gamma_sigma2 must be finite, got 1 entries that are not",
        ),
        (lambda: regime(1, ["a"]), TypeError, "gamma_w must be real, got dtype <U1"),
        (lambda: regime(-1, [1, -2.0]), ValueError, "gamma_w must be >= 0, got -2.0"),
        (lambda: regime(-1, 1, kappa=1), ValueError, "kappa must be >= 0 and < 1, got 1"),
        (lambda: regime(-1, 1, p="1"), TypeError, "p must be a real number, got str"),
        (
            lambda: exponent_plane((0, -1)),
            ValueError,
            "gamma_sigma2 range must increase, got 0.0 to -1.0",
        ),
        (lambda: exponent_plane(gamma_w=(-1, 1)), ValueError, "gamma_w must be >= 0, got -1.0"),
        (lambda: exponent_plane(points=1), ValueError, "points must be >= 2, got 1"),
        (lambda: exponent_plane(points=9, d=1), ValueError, "d must be >= 2, got 1"),
        (lambda: exponent_plane(points=9, d=50, rank=0), ValueError, "rank must be > 0, got 0.0"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message


# The plane


@pytest.fixture(scope="module")
def plane():
    return exponent_plane(points=61, d=200, rank=5)


def test_plane_of_the_paper(plane):
    assert plane.min_test_error.dims == ("gamma_sigma2", "gamma_w")
    at = plane.sel(gamma_sigma2=-1.5, gamma_w=2.25, method="nearest")
    here = regime(float(at.gamma_sigma2), float(at.gamma_w))
    assert at.min_test_error.item() == here.min_test_error.exponent
    assert NAMES[at.regime.item()] == here.name
    assert plane.attrs["limits"].split(", ")[at.limited_by.item()] == here.limited_by
    regions = set(zip(plane.region_regime.values, plane.region_limited_by.values, strict=True))
    assert ("mixed", "fitted noise") in regions
    assert ("lazy", "missing signal") in regions
    # Coincident lines are drawn once.
    assert "fitted noise / missing signal" not in plane.boundary
    assert len(set(plane.boundary_equation.values)) == plane.sizes["boundary"]


def test_region_numbers(plane):
    for index in range(plane.sizes["region"]):
        inside = plane.region_number.values == index
        names = {NAMES[x] for x in plane.regime.values[inside]}
        assert names == {plane.region_regime.values[index]}


LINES = {
    "active / lazy": lambda x, y: x + y - 1,
    "infinite noise": lambda x, y: 2 * x + y,
    "underparameterised": lambda x, y: y,
    "concentration": lambda x, y: y - 1,
    "threshold / noise": lambda x, y: x + y - 0.5,
    "threshold / noise, w < d": lambda x, y: x + 0.5 + 0 * y,
    "spike estimation / initial matrix": lambda x, y: 2 * x + y + 1,
    "initial matrix / fitted noise": lambda x, y: y - 2 + 0 * x,
}


@pytest.mark.parametrize("name", LINES)
def test_lines_lie_on_their_equations(plane, name):
    line = plane.sel(boundary=name)
    x, y = line.boundary_gamma_sigma2.values, line.boundary_gamma_w.values
    assert np.isfinite(x).sum() > 50
    assert np.nanmax(np.abs(LINES[name](x, y))) < 1e-12


def test_finer_boundaries_end_where_the_term_no_longer_counts(plane):
    line = plane.sel(boundary="initial matrix / fitted noise").boundary_gamma_sigma2.values
    ends = np.nanmin(line), np.nanmax(line)
    np.testing.assert_allclose(ends, (-1.5, -1.0), atol=0.006)  # a step of the line


def test_finite_lines_carry_their_constants(plane):
    d, k, theta = 200, 5, 200 / np.sqrt(5)
    lines = plane.set_index(finite_boundary="finite_boundary").sel

    def get(name):
        line = lines(finite_boundary=name)
        return [line[f"finite_boundary_{x}"].values for x in ("gamma_sigma2", "gamma_w")]

    x, y = get("active / lazy")
    assert np.nanmax(np.abs(x + y - np.log(theta) / np.log(d))) < 1e-10
    x, y = get("underparameterised")
    np.testing.assert_allclose(y, np.log(k) / np.log(d), rtol=1e-10)
    x, y = get("threshold / noise")
    np.testing.assert_allclose((x + y)[np.isfinite(x)], 0.5 + np.log(2) / np.log(d), rtol=1e-9)
    x, y = get("spike estimation / fitted noise")
    index = np.flatnonzero(np.isfinite(x))[::60]

    def ratio_exponent(gamma_sigma2, gamma_w):
        variance, width = d**gamma_sigma2, d**gamma_w
        c = variance * width
        square = 4 * c**2 + 2 * c**2 * d / width
        L = lambertw(4 * 8 * k * theta**6 / (d**2 * c**2 * square)).real / 4
        return np.log(square * (L**2 + L / 2) / theta**2) - np.log(2 * k / d)

    for i in index:
        root = brentq(lambda value, height=y[i]: ratio_exponent(value, height), -4, 0.5 - y[i])
        assert abs(root - x[i]) < 1e-4  # linear between points 0.005 apart
