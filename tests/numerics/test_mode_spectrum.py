"""The modes of a noisy low-rank target against drawn ones."""

import math

import numpy as np
import pytest

from numerics import mode_spectrum as module
from numerics.mode_spectrum import mode_spectrum, typical_singular_values
from numerics.tasks import low_rank_recovery


def test_spectrum_of_a_drawn_target():
    d_out, d_in, noise = 150, 400, 1.5
    task = low_rank_recovery(d_in, d_out, rank=3, noise=noise, rng=5)
    left, values, right = np.linalg.svd(task.target)
    known = np.diag(left.T @ task.truth @ right[:d_out].T)
    signal = np.linalg.svd(task.truth, compute_uv=False)[:3]
    spectrum = mode_spectrum(d_out, d_in, signal, noise)
    assert spectrum.counts.sum() == pytest.approx(max(d_out, d_in))
    # One draw: a spike scatters by about its noise, 1.5 of 117.
    assert np.allclose(spectrum.targets[:3], values[:3], atol=3 * noise)
    assert np.allclose(spectrum.correlations[:3], known[:3], atol=3 * noise)
    bulk = slice(3, -1)
    for power in (2, 4, 6):
        predicted = spectrum.counts[bulk] @ spectrum.targets[bulk] ** power
        assert predicted == pytest.approx(np.sum(values[3:] ** power), rel=0.03)
    # Nothing of the signal is lost: <A*, Y> is sum theta^2 in the mean (rows shared by the
    # spikes and the bulk count twice at order k/d).
    whole = spectrum.counts @ (spectrum.targets * spectrum.correlations)
    assert whole == pytest.approx(np.sum(signal**2), rel=0.01)
    assert spectrum.edge == pytest.approx(values[3], rel=0.03)


def test_equal_singular_values_repel_each_other_as_in_draws():
    d, k, theta, draws = 100, 4, 90.0, 150
    spectrum = mode_spectrum(d, d, [theta] * k)
    rng = np.random.default_rng(8)
    Y = rng.standard_normal((draws, d, d))
    Y[:, range(k), range(k)] += theta
    left, values, right = np.linalg.svd(Y)
    known = theta * np.einsum("nij,nji->nj", left[:, :k], right[:, :, :k])[:, :k]
    for found, drawn in ((spectrum.targets, values[:, :k]), (spectrum.correlations, known)):
        error = drawn.std(0) / math.sqrt(draws)
        # What the outer rows and columns add to the repulsion, d/theta^2 of it, is left out.
        spread = d / theta**2 * np.ptp(found[:k])
        assert (np.abs(drawn.mean(0) - found[:k]) < 3.5 * error + spread).all()
    # By itself each would be where one alone is, many standard errors away at both ends.
    alone = mode_spectrum(d, d, [theta]).targets[0]
    distance = np.abs(values[:, :k].mean(0) - alone) / (values[:, :k].std(0) / math.sqrt(draws))
    assert distance[[0, -1]].min() > 10


def test_a_signal_below_the_threshold_stays_in_the_bulk():
    spectrum = mode_spectrum(100, 100, [60.0, 5.0])
    assert spectrum.spikes == 1
    assert spectrum.bulk_shape == (99, 99)
    assert spectrum.targets[1:].max() < spectrum.targets[0] / 2
    assert mode_spectrum(100, 100, [5.0]).spikes == 0


def test_typical_singular_values_are_those_of_draws():
    rng = np.random.default_rng(4)
    draws = [
        np.linalg.svd(rng.standard_normal((120, 4)) @ rng.standard_normal((4, 90)) / 2,
                      compute_uv=False)[:4]
        for _ in range(200)
    ]  # fmt: skip
    assert np.allclose(typical_singular_values(120, 90, 4), np.mean(draws, 0), rtol=0.01)


@pytest.mark.parametrize("signal", [typical_singular_values(400, 400, 20), np.full(20, 90.0)])
def test_more_drawn_blocks_change_little(signal, monkeypatch):
    few = mode_spectrum(400, 400, signal)
    monkeypatch.setattr(module, "BLOCK_DRAWS", 3000)
    many = mode_spectrum(400, 400, signal)
    # The means are within 1e-3; three standard errors of the twenty.
    assert np.allclose(few.targets[:20], many.targets[:20], rtol=3e-3)
    assert np.allclose(few.correlations[:20], many.correlations[:20], rtol=3e-3)
