"""When a run counts as diverged, and the learning rate above which it does."""

import numpy as np
import pytest

from numerics.linear.descent import stability_limit
from numerics.linear.network_state import NetworkState
from numerics.linear.tasks import Task
from numerics.linear.training import Trainer
from numerics.support.errors import DivergedError
from theory.functions.losses import loss

TRUTH = np.diag([3.0, 1.0])


def test_inputs_and_the_curvature_of_the_loss_shorten_the_stable_step():
    # (2 A - Y)^2/2 is four times (A - Y/2)^2/2, and so is a loss of four times the curvature.
    inputs = 2 * np.eye(2)
    with_inputs = Task(TRUTH @ inputs, TRUTH, inputs=inputs)
    plain = Task(TRUTH, TRUTH)
    steep = loss("2 * (prediction - target)**2", curvature=4.0)
    assert stability_limit(plain, 4.0) == pytest.approx(1 / 5)
    assert stability_limit(with_inputs, 4.0) == pytest.approx(1 / 20)
    assert stability_limit(plain, 4.0, steep) == pytest.approx(1 / 20)


#: Starts and rates at which a factor of 1e4, or of 1e12, is passed at another iteration than 1e6.
RUNS = [(0.0, 1.5), (0.0, 3.0), (5.0, 0.6), (5.0, 0.8)]


@pytest.mark.parametrize(("start", "rate"), RUNS)
def test_a_run_has_diverged_once_its_loss_passes_a_multiple_of_the_largest_at_the_start(
    start, rate
):
    # A network of one mode with C1 = C2 = p and A = start, by hand in its Gram block.
    y, p = 2.0, np.hypot(start, 1.5)
    begun = block = np.array([[p, start], [start, p]])
    ceiling, expected = 1e6 * max((start - y) ** 2, y**2), 0
    while (block[1, 0] - y) ** 2 <= ceiling:
        step = np.eye(2) - rate * (block[1, 0] - y) * np.array([[0.0, 1.0], [1.0, 0.0]])
        block, expected = step @ block @ step, expected + 1
    root = np.linalg.cholesky(begun)
    state = NetworkState(root[:1].T, root[1:], c1=1.5, c2=1.5, width=2.0)
    task = Task([[y]], [[y]])
    trainer = Trainer(state, task, learning_rate=rate, update="simultaneous")
    with pytest.raises(DivergedError) as caught:
        trainer.advance(40)
    assert caught.value.iteration == expected
