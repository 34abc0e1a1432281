"""Observables of one's own, of a linear and of a nonlinear network, by functions of a snapshot.

How far the first layer has turned towards the signal: the share of ``W1`` that lies in the
directions of the inputs that the target depends on.

    python examples/own_observable.py
"""

from __future__ import annotations

import numpy as np

import mixed_dynamics as md


def aligned_share(run: md.Snapshot) -> float:
    """Return the share of ||W1||^2 in the span of the truth's right singular vectors."""
    rank = np.linalg.matrix_rank(run.task.truth)
    V_T = np.linalg.svd(run.task.truth)[2][:rank]
    return np.sum((run.W1 @ V_T.T) ** 2) / np.sum(run.W1**2)


def first_input_share(flow: md.FlowSnapshot) -> float:
    """Return the share of the first layer's squares that stands on the first input."""
    first_layer = flow.weights[0]
    return np.sum(first_layer[:, 0] ** 2) / np.sum(first_layer**2)


def main() -> None:
    """Train both and print what was observed."""
    task = md.low_rank_recovery(60, rank=3, rng=0)
    state = md.random_state(60, 60, 1e6, init_variance=1e-6, rng=1)
    run = md.train(
        state,
        task,
        learning_rate=5e-3,
        iterations=60,
        every=20,
        observe=["stable_rank", aligned_share],
    )
    print(run[["stable_rank", "aligned_share"]].to_dataframe().round(3))

    X = np.random.default_rng(0).standard_normal((40, 8))
    network = md.FullyConnected(8, 100, 1)
    trained = md.train_network(
        network,
        X,
        np.sign(X[:, 0]),
        start=network.initial(1),
        alpha=0.01,
        times=[0.0, 0.01, 0.1, 1.0],
        observe=[first_input_share],
    )
    print(trained.trajectory.first_input_share.to_dataframe().round(3))


if __name__ == "__main__":
    main()
