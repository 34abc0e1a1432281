"""Gradients of losses: what sympy derived and the kernel evaluates, against differences in mpmath.

The loss of a matrix is the sum over observed entries; its derivative in the direction B is
``<G, B>``.  The reference is the plain loss, never its derivative, at 60 digits, written here in
mpmath and not read from what sympy has.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from numerics.linear.network_state import NetworkState
from numerics.linear.tasks import Task
from numerics.linear.training import Trainer
from theory.functions.losses import Loss, huber, log_cosh, loss, squared
from verify.framework.claim import Array, Claim, Fault, Problem
from verify.framework.laws import RoundOff
from verify.problems.strategies import dimensions, scales, seeds

__all__ = ["CLAIMS"]

FAMILY = "losses"
DIGITS = 60
#: Step of the differences: their error is of its square, far below float64.
STEP = mpmath.mpf(10) ** -25

EXPRESSIONS = {
    "quartic": "(prediction - target)**4 / 4",
    "pseudo_huber": "delta**2 * (sqrt(1 + ((prediction - target)/delta)**2) - 1)",
    "softplus": "log(1 + exp(-target * prediction / delta))",
    "asymmetric": "exp((prediction - target)/delta) - (prediction - target)/delta",
    "cauchy": "delta**2 / 2 * log(1 + ((prediction - target)/delta)**2)",
}

#: The same losses of a prediction p, a target y and a delta, in mpmath.
PLAIN: dict[str, Callable[[Any, Any, Any], Any]] = {
    "squared": lambda p, y, delta: (p - y) ** 2 / 2,
    "huber": lambda p, y, delta: (
        (p - y) ** 2 / 2 if abs(p - y) <= delta else delta * abs(p - y) - delta**2 / 2
    ),
    "log_cosh": lambda p, y, delta: mpmath.log(mpmath.cosh(p - y)),
    "quartic": lambda p, y, delta: (p - y) ** 4 / 4,
    "pseudo_huber": lambda p, y, delta: delta * mpmath.hypot(delta, p - y) - delta**2,
    "softplus": lambda p, y, delta: mpmath.log1p(mpmath.exp(-y * p / delta)),
    "asymmetric": lambda p, y, delta: mpmath.expm1((p - y) / delta) - (p - y) / delta,
    "cauchy": lambda p, y, delta: delta**2 * mpmath.log1p(((p - y) / delta) ** 2) / 2,
}


@cache
def _loss(name: str, delta: float) -> Loss:
    if name in EXPRESSIONS:
        text = EXPRESSIONS[name]
        return loss(text, name=name, parameters={"delta": delta} if "delta" in text else None)
    return {"squared": squared(), "log_cosh": log_cosh(), "huber": huber(delta)}[name]


def _setting(problem: Problem) -> tuple[Array, Array, NDArray[np.bool_], Array, Loss]:
    """Return A, inputs, mask, target and the loss."""
    rng = np.random.default_rng(problem["seed"])
    d_out, d_in, n = problem["d_out"], problem["d_in"], problem["samples"]
    A = problem["size"] * rng.standard_normal((d_out, d_in))
    # Always a mask and inputs, so that a loss needs one kernel; a mask may well be full.
    inputs = rng.standard_normal((d_in, n)) / np.sqrt(d_in)
    mask = rng.random((d_out, n)) < problem["observed"]
    mask[rng.integers(d_out), rng.integers(n)] = True
    target = problem["size"] * rng.standard_normal((d_out, n))
    return A, inputs, mask, target, _loss(problem["loss"], problem["delta"])


def _gradient(problem: Problem, masked: bool = True) -> Array:
    """Return G from the generated kernel: minus the rate of W1 where W2 is the identity."""
    A, inputs, mask, target, chosen = _setting(problem)
    goal = Task(target, A, inputs=inputs, mask=mask if masked else np.ones_like(mask))
    d_out = A.shape[0]
    state = NetworkState(A, np.eye(d_out))
    trainer = Trainer(state, goal, learning_rate=1.0, loss=chosen)
    rates = tuple(np.empty_like(x) for x in trainer.weights)
    trainer.rates(rates)
    return -rates[0]


def _differences(problem: Problem, half: float = 1.0, swap: bool = False) -> Array:
    """Return dC/dA by central differences of every entry's loss."""
    A, inputs, mask, target, _ = _setting(problem)
    entry, delta = PLAIN[problem["loss"]], mpmath.mpf(problem["delta"])
    with mpmath.workdps(DIGITS):
        predictions = mpmath.matrix(A.tolist()) * mpmath.matrix(inputs.tolist())
        slopes = np.zeros(target.shape)
        for i, j in zip(*np.nonzero(mask), strict=True):
            value, aim = predictions[int(i), int(j)], mpmath.mpf(target[i, j])
            if swap:
                value, aim = aim, value
            step = STEP * (1 + abs(value))
            rise = entry(value + step, aim, delta) - entry(value - step, aim, delta)
            slopes[i, j] = rise / (2 * step)
    return half * slopes @ inputs.T


_NAMES = ("squared", "huber", "log_cosh", *EXPRESSIONS)

CLAIMS = (
    Claim(
        name="loss-gradient",
        family=FAMILY,
        statement="The gradient that sympy derived is the derivative of the loss that was written.",
        holds="the three named losses and five of a user's own, drawn parameters, masks, inputs "
        "and shapes, entries up to 10",
        source="theory.functions.losses; the reference is plain mpmath",
        problems=st.fixed_dictionaries(
            {
                "d_in": dimensions(5),
                "d_out": dimensions(5),
                "samples": st.integers(1, 6),
                "observed": st.sampled_from([1.0, 0.5]),
                "loss": st.sampled_from(_NAMES),
                "delta": scales(0.3, 10.0),
                "size": scales(1e-3, 3.0),
                "seed": seeds(),
            }
        ),
        predict=_differences,
        measure=_gradient,
        law=RoundOff("loss_gradient", in_eps=False),
        faults=(
            Fault("a missing factor 2", predict=lambda x: _differences(x, half=0.5)),
            Fault("prediction and target exchanged", predict=lambda x: _differences(x, swap=True)),
            Fault("mask ignored", measure=lambda x: _gradient(x, masked=False)),
            Fault("float32 in disguise", measure=lambda x: _gradient(x).astype(np.float32)),
        ),
    ),
)
