"""Settings of the published experiments, plain numbers, each stated here and nowhere else.

The rules that use them are formulas: :mod:`theory.published_rules`.  This module imports nothing,
so that a command can name its defaults at once.

Source: Tu, Aranguri and Jacot 2024 (arXiv 2405.17580), Figures 1 and 2 and the published
experiments.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

__all__ = ["FIGURE1", "FIGURE2", "STOPPING", "FigureSettings", "StoppingSettings"]


#: A number, or an axis 'first:last:count'.
Exponent = TypeVar("Exponent", float, str)


class StoppingSettings(NamedTuple):
    """Numbers of the stopping rule, :func:`theory.published_rules.stop_conditions`."""

    train_error: float
    test_rises: int
    stall: float
    fall: float
    after: int


class FigureSettings(NamedTuple, Generic[Exponent]):
    """Size of a figure: d x d matrices of a rank, exponents, learning rate, length.

    The learning rate is one over ``divisor`` times the largest rate
    (:func:`theory.published_rules.learning_rate_rule`).
    """

    d: int
    rank: int
    gamma_sigma2: Exponent
    gamma_w: Exponent
    divisor: float
    iterations: int


#: When a run ends.
STOPPING = StoppingSettings(train_error=1e-3, test_rises=2, stall=2e-4, fall=1e-2, after=3)

#: The one cell of Figure 1.
FIGURE1 = FigureSettings(
    d=500, rank=5, gamma_sigma2=-1.85, gamma_w=2.25, divisor=5.0, iterations=100
)
#: The phase diagram of Figure 2.
FIGURE2 = FigureSettings(
    d=200, rank=5, gamma_sigma2="-3:0:30", gamma_w="0:2.8:30", divisor=50.0, iterations=750
)
