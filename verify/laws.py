"""The laws by which predictions and measurements may differ.

:class:`RoundOff` for what is equal, :class:`PowerLaw` for what approaches with an exponent,
:class:`Bound` for what must not exceed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from verify.claim import Claim, Outcome, Problem
from verify.convergence_rates import fit_exponent
from verify.tolerances import TOLERANCES

__all__ = ["Bound", "PowerLaw", "RoundOff"]


@dataclass(frozen=True)
class RoundOff:
    """Equal up to rounding: ``|measured - predicted| <= allowance``, relative to the scale.

    Attributes
    ----------
    tolerance : str
        Name in ``TOLERANCES``.
    in_eps : bool
        Whether the tolerance counts units of eps times the largest dimension.
    """

    tolerance: str = "roundoff_factor"
    in_eps: bool = True

    @property
    def text(self) -> str:
        """The law in a few words."""
        return "round-off" if self.in_eps else f"{TOLERANCES[self.tolerance].value:.0e} relative"

    @property
    def reason(self) -> str:
        """Why the bound is what it is."""
        return TOLERANCES[self.tolerance].reason

    def judge(self, claim: Claim, problem: Problem) -> Outcome:
        """Compare arrays in the maximum norm, relative to the larger of both."""
        predicted = np.asarray(claim.predict(problem), dtype=float)
        measured = np.asarray(claim.measure(problem), dtype=float)
        if predicted.shape != measured.shape:
            return Outcome(False, f"shape {predicted.shape}", f"shape {measured.shape}", np.inf)
        scale = max(np.abs(predicted).max(initial=0.0), np.abs(measured).max(initial=0.0))
        scale = scale or 1.0
        deviation = float(np.abs(measured - predicted).max(initial=0.0) / scale)
        allowed = TOLERANCES[self.tolerance].value
        if self.in_eps:
            allowed *= np.finfo(float).eps * max(predicted.shape, default=1)
        strain = deviation / allowed
        holds = bool(strain <= 1)  # NaN does not hold
        return Outcome(holds, "equal", f"{deviation:.1e} relative", strain)


@dataclass(frozen=True)
class PowerLaw:
    """An error that falls, or a quantity that scales, as a power of a size.

    ``predict(problem)`` returns the exponent; ``measure(problem, size)`` a positive number, or
    one a replicate.

    Attributes
    ----------
    variable : str
        What the size is, for the table.
    sizes : sequence of float
        At least four.
    bias : str
        Name in ``TOLERANCES`` of the finite-size bias allowed beside the statistical interval.
    """

    variable: str
    sizes: Sequence[float]
    bias: str = "slope_bias"

    @property
    def text(self) -> str:
        """The law in a few words."""
        return f"power of {self.variable}"

    @property
    def reason(self) -> str:
        """Why the bound is what it is."""
        return f"{TOLERANCES[self.bias].reason}; {TOLERANCES['false_alarm'].reason}"

    def judge(self, claim: Claim, problem: Problem) -> Outcome:
        """Fit the exponent and ask whether its interval holds the predicted one."""
        exponent = float(claim.predict(problem))
        errors = [np.atleast_1d(claim.measure(problem, size)) for size in self.sizes]
        table = np.array(errors)
        fit = fit_exponent(self.sizes, table, TOLERANCES["false_alarm"].value)
        allowed = fit.halfwidth + TOLERANCES[self.bias].value
        strain = abs(fit.exponent - exponent) / allowed
        geometric = np.exp(np.log(table).mean(axis=1))
        return Outcome(
            bool(strain <= 1),
            f"exponent {exponent:+.3g}",
            f"{fit.exponent:+.3f} +- {fit.halfwidth:.3f}",
            strain,
            {"sizes": list(map(float, self.sizes)), "errors": list(map(float, geometric)),
             "predicted_exponent": [exponent], "fitted_exponent": [fit.exponent]},
        )  # fmt: skip


@dataclass(frozen=True)
class Bound:
    """A measured number that stays on the predicted side of a bound.

    ``predict(problem)`` returns the pair (lowest, highest) allowed; either may be infinite.
    """

    text: str
    reason: str

    def judge(self, claim: Claim, problem: Problem) -> Outcome:
        """Ask whether the measured number lies in the predicted interval."""
        lowest, highest = claim.predict(problem)
        value = float(claim.measure(problem))
        holds = bool(lowest <= value <= highest)
        span = highest - lowest if np.isfinite(highest - lowest) else max(
            abs(x) for x in (lowest, highest) if np.isfinite(x)
        )  # fmt: skip
        outside = max(lowest - value, value - highest, 0.0)
        strain = 0.5 if holds else 1.0 + outside / (span or 1.0)
        return Outcome(holds, f"[{lowest:.3g}, {highest:.3g}]", f"{value:.4g}", strain)
