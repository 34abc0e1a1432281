"""The second order against finite differences of the exact Gram step."""

import numpy as np
import pytest

from numerics.prediction import mode_recursion as second_order
from numerics.prediction.mode_recursion import Recursion
from numerics.prediction.mode_spectrum import ModeSpectrum, mode_spectrum
from numerics.prediction.network_scales import RandomNetwork
from numerics.support.validation import UPDATES

EXACT = 1e-6  # central differences of step 1e-3 in quantities of order 1


def gram_step(gram, target, rate, update):
    """Descend one step with the Gram matrix of the stacked factor, written out."""
    d_out, d_in = target.shape
    gradient = gram[d_in:, :d_in] - target
    zero_in, zero_out = np.zeros((d_in, d_in)), np.zeros((d_out, d_out))
    upper = np.block([[zero_in, gradient.T], [np.zeros((d_out, d_in)), zero_out]])
    lower = np.block([[zero_in, np.zeros((d_in, d_out))], [gradient, zero_out]])
    one = np.eye(d_in + d_out)
    factor = one - rate * (upper + lower)
    if update == "sequential":
        factor = (one - rate * lower) @ (one - rate * upper)
    return factor @ gram @ factor.T


def run_gram(start, target, rate, steps, update):
    gram, d_in = start, target.shape[1]
    for _ in range(steps):
        gram = gram_step(gram, target, rate, update)
    return gram[d_in:, :d_in]


def excitations(d_in, d_out, c1, c2, width):
    """Yield every independent symmetric perturbation of the Gram matrix, with its size."""
    scale = np.array([c1] * d_in + [c2] * d_out)
    for i in range(d_in + d_out):
        for j in range(i, d_in + d_out):
            change = np.zeros((d_in + d_out, d_in + d_out))
            change[i, j] = change[j, i] = 1.0
            yield change * np.sqrt(scale[i] * scale[j] * (2 if i == j else 1) / width)


def expansion(target, c1, c2, width, rate, steps, update):
    """Return A at infinite width, E A_2 and E||A_1||^2 by central differences."""
    d_out, d_in = target.shape
    mean = np.diag([c1] * d_in + [c2] * d_out).astype(float)
    final = lambda start: run_gram(start, target, rate, steps, update)  # noqa: E731
    middle, shift, power, small = final(mean), 0.0, 0.0, 1e-3
    for change in excitations(d_in, d_out, c1, c2, width):
        ahead, behind = final(mean + small * change), final(mean - small * change)
        shift = shift + (ahead + behind - 2 * middle) / (2 * small**2)
        power += np.sum(((ahead - behind) / (2 * small)) ** 2)
    return middle, shift, power


def plain_spectrum(targets, d_in, d_out):
    """Return a spectrum of single modes without noise or bulk."""
    extra = abs(d_in - d_out)
    values = np.array([*targets, *([0.0] if extra else [])])
    counts = np.array([*np.ones(len(targets)), *([float(extra)] if extra else [])])
    return ModeSpectrum(
        targets=values,
        counts=counts,
        correlations=values,
        spikes=len(targets),
        unpaired=bool(extra),
        signal=np.array(targets),
        shape=(d_out, d_in),
        bulk_shape=(0, 0),
        edge=0.0,
        noise=0.0,
        nodes=1,
    )


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("shape", [(2, 2), (2, 4), (3, 2)])
def test_second_order_is_the_exact_expansion(update, shape, monkeypatch):
    d_out, d_in = shape
    targets = [1.7, 0.6]
    c1, c2, width, rate, steps = 0.5, 0.2, 30.0, 0.08, 12
    target = np.zeros(shape)
    target[[0, 1], [0, 1]] = targets
    middle, shift, power = expansion(target, c1, c2, width, rate, steps, update)

    def recursion():
        spectrum = plain_spectrum(targets, d_in, d_out)
        network = RandomNetwork(c1, c2, width, rate, update)
        return Recursion(spectrum, network).advance(steps)

    found = recursion()
    assert np.allclose(found.mode[-1, :2], np.diag(middle), rtol=1e-12)
    assert np.allclose(found.shift[-1, :2], np.diag(shift), rtol=EXACT)
    assert found.power[-1] == pytest.approx(power, rel=EXACT)
    # A diagonal that fluctuates like the rest would be seen.
    right = second_order._excitations
    monkeypatch.setattr(second_order, "_excitations", lambda *a: [*right(*a)[:3], *right(*a)[:2]])
    wrong = recursion()
    assert not np.allclose(wrong.shift[-1, :2], np.diag(shift), rtol=1e3 * EXACT)
    assert wrong.power[-1] != pytest.approx(power, rel=1e3 * EXACT)


def test_copies_of_a_node_are_single_modes():
    """Equal modes listed singly, and as one mode with a count, give the same sums."""
    single = plain_spectrum([1.5, 0.7, 0.7, 0.7], 6, 4)
    grouped = ModeSpectrum(
        targets=np.array([1.5, 0.7, 0.0]),
        counts=np.array([1.0, 3.0, 2.0]),
        correlations=np.zeros(3),
        spikes=1,
        unpaired=True,
        signal=np.array([1.5]),
        shape=(4, 6),
        bulk_shape=(3, 5),
        edge=0.0,
        noise=0.0,
        nodes=1,
    )
    network = RandomNetwork(0.4, 0.3, 50.0, 0.1, "sequential")
    one, other = (Recursion(x, network).advance(20) for x in (single, grouped))
    assert np.allclose(one.power, other.power, rtol=1e-12)
    assert np.allclose(one.shift[:, [0, 1]], other.shift[:, [0, 1]], rtol=1e-12)


def test_a_run_in_pieces_is_the_same_run():
    spectrum = mode_spectrum(60, 40, [30.0, 25.0])
    network = RandomNetwork(1.0, 2.0, 500.0, 1e-3, "sequential")
    whole, pieces = Recursion(spectrum, network).advance(50), Recursion(spectrum, network)
    joined = pieces.advance(20).joined(pieces.advance(30))
    for name in ("mode", "shift", "power", "bulk_power"):
        assert np.array_equal(getattr(whole, name), getattr(joined, name))


@pytest.mark.parametrize(("d_out", "d_in"), [(40, 40), (30, 70), (70, 30)])
def test_the_power_of_the_first_step_counts_every_entry(d_out, d_in):
    """With X1, X2 and A0 of the start, its A_1 is A0 + eta (X2 Y + Y X1 - 2c A0) + eta^2 Y A0^T Y.

    Their means are those of the Wishart law, and of Y only the square is left.
    """
    c1, c2, width, rate, theta, noise = 3.0, 0.8, 900.0, 0.02, [15.0, 9.0, 3.0], 1.3
    network = RandomNetwork(c1, c2, width, rate)
    power = Recursion(mode_spectrum(d_in, d_out, theta, noise=noise), network).advance(1).power
    square = np.sum(np.square(theta)) + noise**2 * d_in * d_out
    variance, kept = c1 * c2 / width, 1 - rate * (c1 + c2)
    scales = (c1**2 * (d_in + 1) + c2**2 * (d_out + 1)) / width
    start = d_in * d_out * variance
    moved = kept**2 * start + rate**2 * square * (scales + 2 * kept * variance)
    moved += rate**4 * variance * square**2
    assert power == pytest.approx([start, moved], rel=1e-12)
