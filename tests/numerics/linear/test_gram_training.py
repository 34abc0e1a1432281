"""Descent on the Gram blocks: the same run as descent on the weights."""

import numpy as np
import pytest

from numerics.linear.gram_training import MARGIN, GramTrainer, fits, saves_products
from numerics.linear.initial_states import random_state, self_consistent_lift
from numerics.linear.tasks import low_rank_recovery, matrix_completion
from numerics.linear.training import Trainer
from numerics.support.errors import DivergedError

STEPS = 60


def pair(d_in, d_out, width, loss="squared", dtype="float64", lift=False):
    task = low_rank_recovery(d_in, d_out, rank=min(2, d_in, d_out), rng=1)
    state = random_state(d_in, d_out, width, init_variance=0.5 / width, rng=2)
    if lift:
        state = self_consistent_lift(state.A, state.c1, state.c2)
    rate = 0.2 / np.linalg.norm(task.target, 2)
    fast = GramTrainer(state, task, learning_rate=rate, loss=loss, dtype=dtype)
    plain = Trainer(state, task, learning_rate=rate, update="sequential", loss=loss, dtype=dtype)
    return fast, plain


@pytest.mark.parametrize("shape", [(12, 12), (7, 15), (15, 7), (1, 1), (1, 4)])
@pytest.mark.parametrize("lift", [False, True])
def test_it_is_sequential_descent(shape, lift):
    fast, plain = pair(*shape, 40, lift=lift)
    assert fast.errors == pytest.approx(plain.errors, rel=1e-12)
    for own, other in zip(fast.advance(STEPS), plain.advance(STEPS), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(fast.A, plain.A, rtol=1e-9, atol=1e-11)
    assert fast.iteration == plain.iteration == STEPS
    assert fast.errors == pytest.approx(plain.errors, rel=1e-10, abs=1e-15)


def test_losses_with_parameters():
    fast, plain = pair(8, 9, 30, "huber")
    fast.learning_rate = plain.learning_rate = 1e-3
    np.testing.assert_allclose(fast.advance(20), plain.advance(20), rtol=1e-10)


def test_single_precision_agrees_to_its_digits():
    fast, plain = pair(12, 12, 40, dtype="float32")
    exact, _ = pair(12, 12, 40)
    np.testing.assert_allclose(fast.advance(STEPS), plain.advance(STEPS), rtol=1e-4)
    np.testing.assert_allclose(fast.errors, exact.advance(STEPS)[-1], rtol=1e-4)
    assert fast.A.dtype == np.float32


def test_blocks_stay_symmetric_to_the_bit():
    fast, _ = pair(9, 9, 30)
    fast.advance(STEPS)
    for block in fast._motion.moving[1:]:
        assert (block == block.T).all()


def test_divergence_is_an_error_with_the_limit():
    fast, _ = pair(9, 9, 30)
    fast.learning_rate = 10.0
    with pytest.raises(DivergedError, match="stability limit"):
        fast.advance(100)


def test_tasks_with_a_mask_are_refused():
    masked = matrix_completion(6, 6, rank=2, fraction_observed=0.5, noise=1.0, rng=0)
    state = random_state(6, 6, 20, init_variance=0.1, rng=0)
    with pytest.raises(ValueError, match="no mask"):
        GramTrainer(state, masked, learning_rate=0.1)


def test_shapes_must_agree():
    task = low_rank_recovery(6, rank=2, rng=0)
    with pytest.raises(ValueError, match="one shape"):
        GramTrainer(random_state(5, 6, 20, init_variance=0.1, rng=0), task, learning_rate=0.1)


def test_when_it_pays_and_when_it_is_exact_enough():
    assert saves_products(400, 200, 200)
    assert saves_products(267, 200, 200)
    assert not saves_products(266, 200, 200)
    eps = np.finfo(np.float32).eps
    assert fits(2 * MARGIN * eps, 1.0, "float32")
    assert not fits(MARGIN * eps / 2, 1.0, "float32")
    assert fits(MARGIN * eps / 2, 1.0, "float64")
