r"""The crossover of networks with the predictor ``alpha (f - f_0)``, from feature to lazy training.

The kernel change is ``A^(-2L/(L+1))`` for small ``A = sqrt(h) alpha`` and ``1/A`` for large;
features begin to move at ``t_1 ~ A``.  Sizes are 1/A in the feature regime and A in the lazy one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from numerics.networks.step_rule import LINEARISED
from numerics.networks.training import FlowResult, train_network
from theory.crossover.exponents import predicted_exponents
from verify.framework.claim import Claim, Counterexample, Fault, Problem
from verify.framework.laws import Bound, PowerLaw
from verify.framework.replicates import geometric_mean, over_draws, remembered
from verify.problems.nonlinear_networks import drawn_network
from verify.problems.strategies import seeds

__all__ = ["CLAIMS"]

FAMILY = "crossover"
SOURCE = "Geiger, Spigler, Jacot and Wyart 2020"

#: Fluctuations of the kernel at the start are about h^(-1/2) = 0.1.
WIDTH = 96
#: Six sizes a factor 2.3 apart: an interval from scatter around a line needs a few of them.
FEATURE_SIZES = LAZY_SIZES = tuple(float(x) for x in np.geomspace(1e3, 6.4e4, 6).round(-1))
#: Networks of a feature claim.  As A falls one may come to fit its data by other features, once:
#: its line is left for a parallel one, which in a single network would look like another slope.
REPLICATES = 3
#: Steps by which every network of the claims has long fitted its data.
PATIENCE = 5000


def _flow(problem: Problem, scaled_alpha: float, **options: Any) -> FlowResult:
    """Train a network of the problem at ``A = sqrt(h) alpha``."""
    network, weights, X, y, X_test = drawn_network(problem, WIDTH)
    return train_network(
        network,
        X,
        y,
        start=weights,
        alpha=scaled_alpha / np.sqrt(WIDTH),
        test=(X_test,),
        rule=LINEARISED,
        **options,
    )


@remembered
def _trained(problem: Problem, scaled_alpha: float) -> FlowResult:
    result = _flow(problem, scaled_alpha)
    if result.status != "ok":
        raise RuntimeError(f"a run must fit its data, got {result.stop_reason}")
    return result


@over_draws(REPLICATES, geometric_mean)
def _feature_change(problem: Problem, size: float) -> float:
    return _trained(problem, 1 / size).kernel_change


@over_draws(REPLICATES, geometric_mean)
def _last_layer_change(problem: Problem, size: float) -> float:
    return _trained(problem, 1 / size).layer_change[-1]


@over_draws(REPLICATES, geometric_mean)
def _first_time(problem: Problem, size: float) -> float:
    return _trained(problem, 1 / size).time_to_kernel_change


def _lazy_change(problem: Problem, size: float) -> float:
    return _trained(problem, size).kernel_change


def _least_margin(problem: Problem) -> float:
    """Return the least ``y F`` after a multiple of the steps that others need."""
    _, _, _, y, _ = drawn_network(problem, WIDTH)
    result = _flow(problem, 1 / FEATURE_SIZES[0], max_steps=PATIENCE)
    return float(np.min(y * result.train_outputs))


def _exponent(name: str, sign: float = 1.0) -> Callable[[Problem], float]:
    return lambda problem: sign * float(predicted_exponents(problem["depth"])[name])


def _networks(*activations: str) -> st.SearchStrategy[Problem]:
    return st.fixed_dictionaries(
        {
            "depth": st.integers(1, 3),
            "activation": st.sampled_from(activations),
            "inputs": st.just("orthogonal"),
            "seed": seeds(),
        }
    )


#: ReLU, of the same exponents, takes ten times as many steps down there.
_FEATURE = _networks("softplus", "identity")
_LAZY = _networks("softplus", "tanh", "silu")
_FEATURE_LAW = PowerLaw("1/A", FEATURE_SIZES, bias="feature_bias")
_FEATURE_HOLDS = (
    "1 to 3 hidden layers, activations of degree 1 at infinity (softplus and "
    "identity drawn), orthogonal inputs, A from 1.6e-5 to 1e-3"
)

CLAIMS = (
    Claim(
        name="feature-exponent",
        family=FAMILY,
        statement="In the feature regime the kernel changes by A^(-2L/(L+1)).",
        holds=_FEATURE_HOLDS,
        source=f"{SOURCE}; exponent by the scaling argument, ours",
        problems=_FEATURE,
        predict=_exponent("feature_kernel_change", -1.0),
        measure=_feature_change,
        law=_FEATURE_LAW,
        faults=(
            Fault("the limit of large depth, 2", predict=lambda problem: 2.0),
            Fault("the last layer's exponent", predict=_exponent("feature_last_layer", -1.0)),
        ),
        cost="expensive",
        counterexamples=(
            Counterexample(
                looked_true="A network of 96 units fits any eight inputs of eight dimensions.",
                problem={"depth": 1, "activation": "softplus", "seed": 707365260},
                predict=lambda problem: (0.5, np.inf),
                measure=_least_margin,
                law=Bound("every margin is reached", "the flow ends there"),
                learnt="of random inputs one may be left that no unit sees, in one network of some "
                "450: the output there stays at 4e-4 for a million steps, where others need a "
                "thousand at most. Orthogonal inputs are always reached (proven for two layers, "
                "ReLU and the square loss: Boursier, Pillaud-Vivien and Flammarion 2022), and "
                "only such are drawn",
            ),
        ),
    ),
    Claim(
        name="last-layer",
        family=FAMILY,
        statement="In the feature regime the last layer changes by A^(-1/(L+1)).",
        holds=_FEATURE_HOLDS,
        source=f"{SOURCE}; exponent by the scaling argument, ours",
        problems=_FEATURE,
        predict=_exponent("feature_last_layer", -1.0),
        measure=_last_layer_change,
        law=_FEATURE_LAW,
        faults=(
            Fault("1/L", predict=lambda problem: 1 / problem["depth"]),
            Fault("layers do not grow", predict=lambda problem: 0.0),
        ),
        cost="expensive",
    ),
    Claim(
        name="first-time",
        family=FAMILY,
        statement="In the feature regime the kernel begins to change at t_1 ~ A.",
        holds=_FEATURE_HOLDS,
        source=SOURCE,
        problems=_FEATURE,
        predict=_exponent("time_in_alpha", -1.0),
        measure=_first_time,
        law=PowerLaw("1/A", FEATURE_SIZES, bias="time_bias", chance=False),
        faults=(
            Fault("t_1 ~ sqrt(A)", predict=lambda problem: -0.5),
            Fault("t_1 ~ A^2", predict=lambda problem: -2.0),
        ),
        cost="expensive",
    ),
    Claim(
        name="lazy-exponent",
        family=FAMILY,
        statement="In the lazy regime the kernel changes by 1/A.",
        holds="smooth nonlinear activations, orthogonal inputs, width 96, A from 1e3 to 6.4e4",
        source=SOURCE,
        problems=_LAZY,
        predict=_exponent("lazy_kernel_change"),
        measure=_lazy_change,
        law=PowerLaw("A", LAZY_SIZES, bias="lazy_bias", chance=False),
        faults=(
            Fault("second order only", predict=_exponent("lazy_second_order")),
            Fault(
                "the kernel of the feature regime",
                measure=lambda problem, size: _feature_change(problem, size),
            ),
        ),
        cost="expensive",
    ),
)
