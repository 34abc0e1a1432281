"""Signal and noise by training: which singular vectors point to the signal, how the noise moves.

Both boundaries lie at the noise: a signal is seen above ``tau sqrt(d)``, and the noise is learned
actively where the threshold c is below ``2 tau sqrt(d)``, lazily above
(:mod:`theory.regimes.boundaries`). Networks of a few dozen rows, vastly wider than that, are
trained from drawn starts; noise entries are of size ``tau = d^q``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import sympy as sp
from hypothesis import strategies as st

from numerics.linear.initial_states import random_state
from numerics.linear.observables import subspace_alignment
from numerics.linear.tasks import Task, low_rank_from_spectrum
from numerics.linear.training import Trainer
from theory.dynamics.unified_evolution import mode_rate
from theory.regimes import scales as scaling
from theory.regimes.boundaries import boundaries
from theory.symbols import s
from verify.framework.claim import Claim, Fault, Problem
from verify.framework.laws import PowerLaws
from verify.framework.replicates import remembered, replicated
from verify.problems.strategies import seeds

__all__ = ["CLAIMS"]

FAMILY = "signal and noise"
ALIGNMENT_SIZES = (32.0, 56.0, 100.0, 176.0)
KERNEL_SIZES = (16.0, 32.0, 64.0, 128.0)
#: Many directions and draws for alignments, which scatter below detection; C1 averages itself.
RANK, ALIGNMENTS, KERNELS = 6, 18, 8

#: Width, as a power of d, at which nothing fluctuates.
VAST = 6.0

#: Learning rate in units of 1/(largest singular value + c).
RATE = 0.25

#: Constants of theta over ``tau d^p`` on the two sides of detection, and over ``tau d`` on those
#: of the noise; constants of c over its power of d likewise.
SIGNALS, LOUD, THRESHOLDS = (0.7, 1.5), (0.5, 4.0), (0.1, 3.0)


def _ratio_exponent(name: str, **exponents: float) -> float:
    """Return the exponent of the ratio that ties on a boundary, positive above it."""
    (tie,) = (x.ratio_exponent for x in boundaries() if x.name == name)
    values = {getattr(scaling, key): value for key, value in exponents.items()}
    return float(scaling.wide(tie.subs(scaling.EQUAL_LAYERS)).subs(values))


def _trained(
    task: Task, largest: float, threshold: float, time: float, rng: np.random.Generator
) -> Trainer:
    """Train a vastly wide network for a time."""
    d = task.d_in
    width = float(d) ** VAST
    state = random_state(d, d, width, init_variance=threshold / width, rng=rng)
    trainer = Trainer(state, task, learning_rate=RATE / (largest + threshold))
    trainer.advance(int(np.ceil(time / trainer.learning_rate)))
    return trainer


def _sides(problem: Problem) -> tuple[float, float]:
    """Return exponents, of theta or of c, below and above the noise's largest singular value."""
    level = problem["q"] + 0.5
    return level - problem["below"], level + problem["above"]


def _gain_exponents(problem: Problem, power: float = 2.0) -> list[float]:
    """Return exponents of the odds of alignment over those of chance, k in d."""
    chance = float(scaling.scale_of(scaling.k / scaling.d).exponent.subs(scaling.PAPER_TASK))
    hidden = (_ratio_exponent("detection", p=x, q=problem["q"]) for x in _sides(problem))
    return [-power * x - chance if x < 0 else 0.0 for x in hidden]


@remembered
@replicated(ALIGNMENTS)
def _gain(
    problem: Problem, size: float, rng: np.random.Generator, noise: float = 0.0
) -> list[float]:
    """Return the odds that A's leading singular vectors are those of A*, over those of chance.

    Taken when half of the leading singular value has been learned, in an active network.
    """
    d, tau = int(size), size ** (problem["q"] + noise)
    odds = []
    for factor, exponent in zip(SIGNALS, _sides(problem), strict=True):
        task = low_rank_from_spectrum([factor * size**exponent] * RANK, d, d, noise=tau, rng=rng)
        largest = float(np.linalg.norm(task.target, 2))
        time = (np.log1p(d) + 1) / (2 * largest)
        trainer = _trained(task, largest, largest / d, time, rng)
        share = float(np.mean(subspace_alignment(trainer.A, task.truth, RANK)))
        odds.append(share / (1 - share) * (d - RANK) / RANK)
    return odds


@cache
def _orders() -> tuple[float, float]:
    """Return the power of s/c in ``rate/rate(0) - 1`` where it is large, and where small."""
    change = mode_rate() / mode_rate().subs(s, 0) - 1
    power = sp.simplify(s * sp.diff(change, s) / change)
    return float(sp.limit(power, s, sp.oo)), float(sp.limit(power, s, 0))


def _kernel_exponents(problem: Problem, boundary: str = "threshold / noise") -> list[float]:
    """Return exponents of the relative change of C1 by the noise: powers of noise over c."""
    found = []
    for c in _sides(problem):
        above = _ratio_exponent(
            boundary, gamma_sigma2=c - VAST, gamma_w=VAST, q=problem["q"], p=problem["q"] + 1
        )
        found.append(-above * _orders()[int(above > 0)])
    return found


@remembered
@replicated(KERNELS)
def _kernel_change(problem: Problem, size: float, rng: np.random.Generator) -> list[float]:
    """Return ``||C1 - C1(0)||/||C1(0)||`` beside the signal when the noise has been learned."""
    d, tau = int(size), size ** problem["q"]
    changes = []
    for loud, factor, exponent in zip(LOUD, THRESHOLDS, _sides(problem), strict=True):
        task = low_rank_from_spectrum([loud * tau * d], d, d, noise=tau, rng=rng)
        _, values, right = np.linalg.svd(task.target)
        threshold, noise = factor * size**exponent, tau * np.sqrt(d)
        time = (2 + np.log1p(noise / threshold)) / np.hypot(threshold, noise)
        trainer = _trained(task, float(values[0]), threshold, time, rng)
        beside = right[1:]
        change = beside @ trainer.weights[0].T @ trainer.weights[0] @ beside.T
        change[np.diag_indices_from(change)] -= threshold
        changes.append(np.linalg.norm(change) / (threshold * np.sqrt(d - 1)))
    return changes


_GAIN = st.fixed_dictionaries(
    {
        "below": st.floats(0.35, 0.8),
        "above": st.floats(0.2, 0.5),
        "q": st.floats(-0.3, 0.3),
        "seed": seeds(),
    }
)
_KERNEL = st.fixed_dictionaries(
    {
        "below": st.floats(0.4, 0.8),
        "above": st.floats(0.25, 0.45),
        "q": st.floats(-0.3, 0.3),
        "seed": seeds(),
    }
)

CLAIMS = (
    Claim(
        name="detection",
        family=FAMILY,
        statement="Below detection, theta = tau sqrt(d), a trained network's leading singular "
        "vectors point to the signal no better than chance; above, the odds that they do grow like "
        "theta^2/(tau^2 d).",
        holds="active networks, theta a factor of 1.4 d^0.35 below detection to 1.5 d^0.2 above "
        f"it and more, rank {RANK}, sizes from 32 to 176; by training",
        source="theory.regimes.boundaries; Benaych-Georges and Nadakuditi 2012; Baik, Ben Arous "
        "and Peche 2005",
        problems=_GAIN,
        predict=_gain_exponents,
        measure=_gain,
        law=PowerLaws("d", ALIGNMENT_SIZES, "alignment_bias"),
        faults=(
            Fault(
                "theta/(tau sqrt(d)), not its square",
                predict=lambda problem: _gain_exponents(problem, power=1.0),
            ),
            Fault(
                "seen from theta = tau on, without sqrt(d)",
                predict=lambda problem: _gain_exponents(
                    {**problem, "below": problem["below"] - 0.5, "above": problem["above"] + 0.5}
                ),
            ),
            Fault(
                "noise entries that fall like d^(-1/4)",
                measure=lambda problem, size: _gain(problem, size, noise=-0.25),
            ),
        ),
        cost="expensive",
    ),
    Claim(
        name="threshold-noise",
        family=FAMILY,
        statement="When the noise has been learned it has changed C1 relative to its start by "
        "tau sqrt(d)/c where c is below the noise, so that all of it crosses the threshold, and "
        "by the square of that, lazily, above.",
        holds="c a factor of 10 d^0.4 below tau sqrt(d) to 3 d^0.25 above it and more, a signal of "
        "rank 1 and order tau d, sizes from 16 to 128; by training",
        source="theory.regimes.boundaries, gamma_sigma2 + gamma_w = q + 1/2; orders of "
        "theory.dynamics.unified_evolution.mode_rate",
        problems=_KERNEL,
        predict=_kernel_exponents,
        measure=_kernel_change,
        law=PowerLaws("d", KERNEL_SIZES, "kernel_change_bias"),
        faults=(
            Fault(
                "the boundary at the signal in place of the noise",
                predict=lambda problem: _kernel_exponents(problem, "active / lazy"),
            ),
            Fault(
                "second order on both sides",
                predict=lambda problem: [
                    x * y for x, y in zip(_kernel_exponents(problem), (2, 1), strict=True)
                ],
            ),
        ),
        cost="expensive",
    ),
)
