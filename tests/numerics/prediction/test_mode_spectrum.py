"""The modes of a noisy low-rank target against drawn ones."""

import math

import numpy as np
import pytest

from numerics.linear.tasks import low_rank_recovery
from numerics.prediction import mode_spectrum as module
from numerics.prediction.mode_spectrum import mode_spectrum, typical_singular_values
from theory.random_matrices.spike_repulsion import repulsion_form


def test_spectrum_of_a_drawn_target():
    d_out, d_in, noise = 150, 400, 1.5
    task = low_rank_recovery(d_in, d_out, rank=3, noise=noise, rng=5)
    left, values, right = np.linalg.svd(task.target)
    known = np.diag(left.T @ task.truth @ right[:d_out].T)
    signal = np.linalg.svd(task.truth, compute_uv=False)[:3]
    spectrum = mode_spectrum(d_in, d_out, signal, noise=noise)
    assert spectrum.counts.sum() == pytest.approx(max(d_out, d_in))
    # One draw: a spike scatters by about its noise, 1.5 of 117.
    assert np.allclose(spectrum.targets[:3], values[:3], atol=3 * noise)
    assert np.allclose(spectrum.correlations[:3], known[:3], atol=3 * noise)
    bulk = slice(3, -1)
    for power in (2, 4, 6):
        predicted = spectrum.counts[bulk] @ spectrum.targets[bulk] ** power
        assert predicted == pytest.approx(np.sum(values[3:] ** power), rel=0.03)
    assert spectrum.edge == pytest.approx(values[3], rel=0.03)


def drawn_spikes(d_out, d_in, theta, draws):
    """Return the k leading singular values of Y and u^T A* v, a row a draw."""
    k, rng = len(theta), np.random.default_rng(8)
    Y = rng.standard_normal((draws, d_out, d_in))
    Y[:, range(k), range(k)] += theta
    left, values, right = np.linalg.svd(Y, full_matrices=False)
    known = np.einsum("nij,i,nji->nj", left[:, :k], theta, right[:, :, :k])[:, :k]
    return values[:, :k], known


@pytest.mark.parametrize(
    ("d_out", "d_in", "theta", "bias"),
    [
        (100, 100, np.full(4, 90.0), 0.0),
        (100, 100, np.full(10, 25.0), 0.005),
        (60, 160, np.full(6, 30.0), 0.005),
        (60, 160, np.array([30.0, 28.0, 25.0, 18.0, 17.0]), 0.01),
        # 1.5 times the threshold of detection: the bulk doubles the repulsion.
        (100, 100, np.full(10, 15.0), 0.03),
    ],
)
def test_singular_values_repel_each_other_as_in_draws(d_out, d_in, theta, bias):
    k, draws = theta.size, 150
    spectrum = mode_spectrum(d_in, d_out, theta)
    values, known = drawn_spikes(d_out, d_in, theta, draws)
    pairs = ((spectrum.targets, values), (spectrum.correlations, known))
    for found, drawn in pairs:
        error = drawn.std(0) / math.sqrt(draws)
        # The next order in rho over theta, and in k/d: stated for each case.
        assert (np.abs(drawn.mean(0) - found[:k]) < 4 * error + bias * theta).all()
    # By itself each would be where one alone is, many standard errors away at both ends.
    alone = np.array([mode_spectrum(d_in, d_out, [x]).targets[0] for x in theta])
    distance = np.abs(values.mean(0) - alone) / (values.std(0) / math.sqrt(draws))
    assert distance[[0, -1]].min() > 5


@pytest.mark.parametrize(("d_out", "d_in"), [(60, 160), (160, 60), (100, 100)])
def test_an_isolated_spike_scatters_as_derived(d_out, d_in):
    draws = 1000
    theta = 1.45 * (d_out * d_in) ** 0.25
    values, _ = drawn_spikes(d_out, d_in, np.array([theta]), draws)
    form = repulsion_form()
    point = dict(zip(form.arguments, (theta, 1.0, d_out - 1, d_in - 1), strict=True))
    predicted = float(form.outputs["variance"].subs(point))
    assert predicted < 0.6
    # Four standard errors of a variance, and the next order in 1/d near the threshold.
    assert np.var(values, ddof=1) == pytest.approx(predicted, rel=4 * math.sqrt(2 / draws) + 0.05)


#: Signals in units of the threshold of detection: none above it, all, some, close to it, many.
SIGNALS = ([0.5], [3.0], [9.0, 1.5, 0.9, 0.1], [1.0001], [0.9999, 1.02], np.linspace(1.05, 3, 9))


@pytest.mark.parametrize(("d_out", "d_in"), [(60, 60), (60, 170), (170, 60)])
@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("nodes", [1, 6])
def test_signal_and_noise_add_up_exactly(d_out, d_in, signal, nodes):
    """E ||Y||^2 = sum theta^2 + tau^2 d_in d_out, and E <A*, Y> = sum theta^2."""
    for noise in (0.3, 1e-70, 1e70):
        theta = noise * (d_in * d_out) ** 0.25 * np.asarray(signal)
        found = mode_spectrum(d_in, d_out, theta, noise=noise, nodes=nodes)
        square, whole = np.sum(theta**2), noise**2 * d_in * d_out
        assert found.counts @ found.targets**2 == pytest.approx(square + whole, rel=1e-13)
        known = found.counts @ (found.targets * found.correlations)
        assert known == pytest.approx(square, rel=1e-12)
        assert found.counts.sum() == pytest.approx(max(d_in, d_out), rel=1e-13)
        assert found.counts[: found.targets.size - found.unpaired].sum() == pytest.approx(
            min(d_in, d_out), rel=1e-13
        )


def test_without_noise_or_bulk_the_sums_are_exact_too():
    for d_out, d_in, theta, noise in ((40, 30, [3.0, 2.0], 0.0), (8, 8, np.arange(9.0, 17), 1.0)):
        found = mode_spectrum(d_in, d_out, theta, noise=noise)
        square = np.sum(np.square(theta))
        whole = square + noise**2 * d_in * d_out
        assert found.counts @ found.targets**2 == pytest.approx(whole, rel=1e-13)
        known = found.counts @ (found.targets * found.correlations)
        assert known == pytest.approx(square, rel=1e-13)


def test_a_signal_below_the_threshold_stays_in_the_bulk():
    spectrum = mode_spectrum(100, 100, [60.0, 5.0])
    assert spectrum.spikes == 1
    assert spectrum.bulk_shape == (99, 99)
    assert spectrum.targets[1:].max() < spectrum.targets[0] / 2
    assert mode_spectrum(100, 100, [5.0]).spikes == 0


def test_typical_singular_values_are_those_of_draws():
    rng = np.random.default_rng(4)
    draws = [
        np.linalg.svd(
            rng.standard_normal((120, 4)) @ rng.standard_normal((4, 90)) / 2, compute_uv=False
        )[:4]
        for _ in range(200)
    ]
    assert np.allclose(typical_singular_values(90, 120, 4), np.mean(draws, 0), rtol=0.01)


@pytest.mark.parametrize("signal", [typical_singular_values(400, 400, 20), np.full(20, 90.0)])
def test_more_drawn_blocks_change_little(signal, monkeypatch):
    few = mode_spectrum(400, 400, signal)
    monkeypatch.setattr(module, "BLOCK_DRAWS", 3000)
    many = mode_spectrum(400, 400, signal)
    # The means are within 1e-3; three standard errors of the twenty.
    assert np.allclose(few.targets[:20], many.targets[:20], rtol=3e-3)
    assert np.allclose(few.correlations[:20], many.correlations[:20], rtol=3e-3)
