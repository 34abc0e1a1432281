"""Targets, tasks and random networks of a drawn problem (:mod:`verify.problems.strategies`).

Matrices are built from their spectrum first and then rotated by Haar matrices of the problem's
seed, so that ranks, gaps and scales are what was drawn: no problem is rejected.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.linear.initial_states import random_state
from numerics.linear.network_state import NetworkState
from numerics.linear.tasks import Task
from verify.framework.claim import Problem

__all__ = ["bases", "haar", "in_bases", "network", "quarter_of_limit", "target_matrix", "task"]


def haar(size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a Haar-distributed orthogonal matrix."""
    q, r = np.linalg.qr(rng.standard_normal((size, size)))
    return q * np.where(np.diag(r) < 0, -1.0, 1.0)


def bases(problem: Problem, label: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the orthogonal matrices U (d_out) and V (d_in) of a label."""
    rng = np.random.default_rng([problem["seed"], label])
    left = haar(problem["d_out"], rng)
    return left, haar(problem["d_in"], rng).T


def in_bases(problem: Problem, values: ArrayLike, label: int = 0) -> NDArray[np.float64]:
    """Return ``U diag(values) V^T``; values beyond the smaller dimension are cut."""
    left, right = bases(problem, label)
    count = min(problem["d_out"], problem["d_in"], np.size(values))
    return (left[:, :count] * np.asarray(values, dtype=float)[:count]) @ right[:, :count].T


def target_matrix(problem: Problem, label: int = 0) -> NDArray[np.float64]:
    """Return the matrix with the problem's spectrum, rotated on both sides."""
    return in_bases(problem, problem["spectrum"], label)


def task(problem: Problem) -> Task:
    """Return the problem's task; with a mask where ``observed`` is below 1."""
    Y = target_matrix(problem)
    fraction = problem.get("observed", 1.0)
    if fraction >= 1.0:
        return Task(target=Y, truth=Y)
    rng = np.random.default_rng([problem["seed"], 1])
    mask = rng.random(Y.shape) < fraction
    mask[rng.integers(Y.shape[0]), rng.integers(Y.shape[1])] = True
    return Task(target=Y * mask, truth=Y, mask=mask)


def network(problem: Problem, width: float | None = None) -> NetworkState:
    """Return a random network with the problem's layer scales at a width."""
    size = problem["d_in"] + problem["d_out"]
    w = problem.get("width", 3.0 * size) if width is None else width
    return random_state(
        problem["d_in"],
        problem["d_out"],
        w,
        init_variance=problem["c1"] / w,
        init_variance2=problem["c2"] / w,
        rng=np.random.default_rng([problem["seed"], 2]),
    )


def quarter_of_limit(goal: Task, threshold: float) -> float:
    """Return a quarter of ``1/sqrt(||Y||^2 + c^2)``, for a loss of curvature at most 1.

    Claims of equal runs take it from here, not from the package: were the limit that the package
    names wrong, both sides would move alike.
    """
    return float(0.25 / np.hypot(np.linalg.norm(goal.target, 2), threshold))
