"""The plain network: known values, and complex steps against differences."""

import numpy as np
import pytest

from numerics.reference.plain_network import ACTIVATIONS, gradients, normalisation, outputs

rng = np.random.default_rng(0)
WEIGHTS = [rng.standard_normal(shape) for shape in ((5, 3), (5, 5), (5,))]
X = rng.standard_normal((4, 3))


def test_activations_at_known_places():
    # log(2)/5, tanh(1) and 1/(1 + 1/e) to ten digits.
    z = np.array([0.0, 1.0, -1.0], dtype=complex)
    found = {name: phi(z).real for name, phi in ACTIVATIONS.items()}
    np.testing.assert_allclose(found["softplus"], [0.1386294361, 1.0013430696, 0.0013430696])
    np.testing.assert_allclose(found["relu"], [0, 1, 0])
    np.testing.assert_allclose(found["tanh"], [0, 0.7615941560, -0.7615941560], atol=1e-10)
    np.testing.assert_allclose(found["silu"], [0, 0.7310585786, -0.2689414214], atol=1e-10)
    np.testing.assert_allclose(found["identity"], [0, 1, -1])


def test_normalisations_that_are_known():
    assert normalisation("relu") == pytest.approx(np.sqrt(2), rel=1e-13)
    assert normalisation("identity") == pytest.approx(1, rel=1e-13)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_complex_steps_are_derivatives(name):
    found = gradients(name, WEIGHTS, X)
    direction, h = rng.standard_normal(found.shape[1]), 1e-6
    parts = np.split(direction, [15, 40])
    moved = [
        outputs(
            name,
            [W + s * h * part.reshape(W.shape) for W, part in zip(WEIGHTS, parts, strict=True)],
            X,
        ).real
        for s in (1, -1)
    ]
    # Central differences: h^2 and eps/h.
    np.testing.assert_allclose(found @ direction, (moved[0] - moved[1]) / (2 * h), atol=1e-8)
