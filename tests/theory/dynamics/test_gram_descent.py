"""The four-product step: derived from the layers' descent, and wrong variants refused."""

import dataclasses

import pytest

from theory.algebra.derivation import ProofError
from theory.dynamics.gram_descent import HALFWAY, RATE, gram_descent, half_steps
from theory.functions.losses import huber, squared
from theory.kernels.gram_descent_loop import gram_module
from theory.symbols import C1, C2, A, G, eta


def test_rates_follow_from_the_descent_of_the_layers():
    first, second = half_steps()
    assert (first.block, first.rate) == (C1, C2 * G)
    assert (second.block, second.rate) == (C2, G * C1)
    assert first.halfway == A - eta * RATE / 2


def test_every_step_of_the_derivation_is_checked():
    derivation = gram_descent()
    # Two moves are computed and compared with the stated form, two identities proved.
    checked = [step.mark for step in derivation if step.where]
    assert sorted(checked) == ["derived", "derived", "proved", "proved"]
    assert "four products" in str(derivation)


@pytest.mark.parametrize(
    ("layer", "change"),
    [
        (0, {"overlap": G.T * (HALFWAY + eta * RATE / 2)}),
        (0, {"overlap": 2 * G.T * HALFWAY}),
        (0, {"rate": C2 * G / 2}),
        (1, {"overlap": 2 * HALFWAY * G.T}),
        (1, {"rate": C2 * G}),
    ],
)
def test_a_wrong_move_is_refused(layer, change):
    with pytest.raises(ProofError):
        dataclasses.replace(half_steps()[layer], **change).proof()


def test_only_the_sum_with_the_transpose_counts():
    assert dataclasses.replace(half_steps()[0], overlap=HALFWAY.T * G).proof().mark == "proved"


def test_the_kernel_has_four_products():
    source = gram_module(squared()).source
    body = source[source.index("def advance") :]
    assert body.count("np.dot(") == 4


def test_losses_have_kernels_of_their_own():
    assert gram_module(squared()).fingerprint != gram_module(huber()).fingerprint
    assert "parameter_0" in gram_module(huber()).source
