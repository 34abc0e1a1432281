"""What a width holds, by training: of the signal where w < k, of the noise where w < d.

A matrix of rank w holds at most w of k equal singular values of a signal, and of order w d of the
d^2 directions of the noise.  The first bounds what is learned below ``gamma_w = kappa``, the
second caps the smallest test error of narrow networks, at ``tau^2 w/d``
(:mod:`theory.regimes.boundaries`, :func:`theory.regimes.quantities.held_noise`).
Source: Eckart and Young 1936 for the best matrix of rank w; ours.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from numerics.regimes.exponent_plane import regime
from theory.regimes import scales as scaling
from theory.regimes.boundaries import boundaries
from theory.regimes.quantities import held_noise
from verify.framework.claim import Array, Claim, Fault, Problem
from verify.framework.laws import PowerLaws
from verify.framework.replicates import remembered, replicated
from verify.problems.smallest_trained_errors import (
    RandomStart,
    added_cost,
    recovery_task,
    smallest_error,
)
from verify.problems.strategies import seeds

__all__ = ["CLAIMS"]

FAMILY = "width"
NARROW_SIZES = (24.0, 48.0, 96.0, 192.0)
RANK_SIZES = (32.0, 64.0, 128.0, 256.0)
NARROW_REPLICATES, RANK_REPLICATES = 16, 3

#: Exponent of c at which nothing of the noise is fitted in waiting.
VANISHING = -2.0


def _narrow_exponents(problem: Problem) -> list[float]:
    """Return exponents of the smallest error over the noise that the width holds."""
    width = problem["gamma_w"]
    held = scaling.narrow(held_noise().scale.exponent.subs(scaling.PAPER_TASK))
    layers = ((problem["start"] - width) / 2, problem["layer"])
    cap = float(held.subs(scaling.gamma_w, width))
    return [float(regime(x, width).min_test_error.exponent) - cap for x in layers]


@remembered
@replicated(NARROW_REPLICATES)
def _narrow_error(problem: Problem, size: float, rng: np.random.Generator) -> Array:
    """Return what the initial matrix adds, and the error above, over ``w/(w + d)``."""
    d, width = int(size), float(round(size ** problem["gamma_w"]))
    signal = problem["ratio"] * d
    below = RandomStart(size ** ((problem["start"] - problem["gamma_w"]) / 2), width)
    above = RandomStart(2 * size ** problem["layer"], width)
    vanishing = RandomStart(below.variance / 100, width)
    matrix = added_cost(recovery_task(d, signal, rng), below, vanishing, signal, rng)
    weak = recovery_task(d, signal / 2, rng)
    time = above.learned_by(signal / 2, d) + above.unlearned_by(d)
    largest = smallest_error(weak, above, signal / 2, time, rng)
    return np.array([matrix, largest]) * (width + d) / width


def _learned_exponents(problem: Problem, power: float = 1.0) -> list[float]:
    """Return exponents of the learned share: of w/k below the boundary, of 1 above."""
    (tie,) = (x.ratio_exponent for x in boundaries() if x.name == "underparameterised")
    return [
        power * min(0.0, float(tie.subs({scaling.gamma_w: x, scaling.kappa: problem["kappa"]})))
        for x in _widths(problem)
    ]


def _widths(problem: Problem) -> tuple[float, float]:
    return problem["kappa"] - problem["below"], problem["kappa"] + problem["above"]


@remembered
@replicated(RANK_REPLICATES)
def _learned_share(problem: Problem, size: float, rng: np.random.Generator) -> list[float]:
    """Return the share of the signal that is learned, with the rounding of w/k taken out."""
    d, rank = int(size), round(size ** problem["kappa"])
    signal = problem["ratio"] * d
    task = recovery_task(d, signal, rng, rank)
    shares = []
    for exponent in _widths(problem):
        width = max(1, round(size**exponent))
        start = RandomStart.of_threshold(size**VANISHING, width)
        error = smallest_error(task, start, signal, start.learned_by(signal, d), rng)
        share = 1 - error / (rank * signal**2 / d**2)
        exact, rounded = size ** (exponent - problem["kappa"]), width / rank
        shares.append(share * min(1.0, exact) / min(1.0, rounded))
    return shares


_NARROW = st.fixed_dictionaries(
    {
        "start": st.floats(-0.95, -0.75),
        "layer": st.floats(-0.3, -0.15),
        "gamma_w": st.floats(0.6, 0.75),
        "ratio": st.floats(8.0, 12.0),
        "seed": seeds(),
    }
)
_RANKS = st.fixed_dictionaries(
    {
        "kappa": st.floats(0.5, 0.65),
        "below": st.floats(0.2, 0.35),
        "above": st.floats(0.2, 0.35),
        "ratio": st.floats(2.0, 4.0),
        "seed": seeds(),
    }
)

CLAIMS = (
    Claim(
        name="narrow-error",
        family=FAMILY,
        statement="For w < d the smallest error is what the initial matrix adds, sigma^4 w, below "
        "gamma_sigma2 = q - 1/2; above, it is capped at what the width holds of the noise, tau^2 "
        "w/d, exponent gamma_w - 1 + 2q.",
        holds="active, rank 1, gamma_w from 0.6 to 0.75, q = 0, gamma_sigma2 from -0.85 to -0.7 "
        "and from -0.3 to -0.15, signals of 4 to 12 d, sizes from 24 to 192; by training",
        source="theory.regimes.boundaries, initial matrix / noise; Eckart and Young 1936 for the "
        "width",
        problems=_NARROW,
        predict=_narrow_exponents,
        measure=_narrow_error,
        law=PowerLaws("d", NARROW_SIZES, "trained_bias"),
        faults=(
            Fault(
                "the cap of a wide network, 2q",
                predict=lambda x: [_narrow_exponents(x)[0], 1 - x["gamma_w"]],
            ),
            Fault(
                "no cap: the initial matrix on both sides",
                predict=lambda x: [_narrow_exponents(x)[0], 2 * x["layer"] + 1],
            ),
            Fault(
                "sigma^2 w in place of sigma^4 w",
                predict=lambda x: [min(0.0, (x["start"] - x["gamma_w"]) / 2 + 1), 0.0],
            ),
        ),
        cost="expensive",
    ),
    Claim(
        name="underparameterised",
        family=FAMILY,
        statement="The share of the signal that a network learns is w/k below gamma_w = kappa; "
        "above, all of it.",
        holds="active, equal singular values of 2 to 4 d, kappa from 0.5 to 0.65 and widths of "
        "d^0.2 to d^0.35 below and above, sizes from 32 to 256; by training",
        source="Tu, Aranguri and Jacot 2024, figure 2; Eckart and Young 1936",
        problems=_RANKS,
        predict=_learned_exponents,
        measure=_learned_share,
        law=PowerLaws("d", RANK_SIZES, "trained_bias"),
        faults=(
            Fault("sqrt(w/k)", predict=lambda x: _learned_exponents(x, power=0.5)),
            Fault("any width learns any rank", predict=lambda x: [0.0, 0.0]),
        ),
        cost="expensive",
    ),
)
