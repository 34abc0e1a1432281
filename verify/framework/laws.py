"""The laws by which predictions and measurements may differ.

:class:`RoundOff` for what is equal, :class:`PowerLaw` for what approaches with an exponent,
:class:`PowerLaws` for what does so with another one on each side of a boundary,
:class:`Sampling` for means over random draws, :class:`Bound` for what must not be exceeded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from numerics.support.object_validation import check_many
from numerics.support.validation import check_choice, check_switch, check_text, check_vector
from verify.framework.claim import Claim, Outcome, Problem
from verify.framework.tolerances import TOLERANCES
from verify.measurements.power_fits import MINIMUM_SIZES, Fit, fit_exponent

__all__ = ["Bound", "PowerLaw", "PowerLaws", "RoundOff", "Sampling"]


class _Statistical:
    """A law judged by an interval, which a bias in ``TOLERANCES`` widens."""

    bias: str
    chance = True

    @property
    def reason(self) -> str:
        """Why the bound is what it is."""
        return f"{TOLERANCES[self.bias].reason}; {TOLERANCES['false_alarm'].reason}"

    @property
    def false_alarm(self) -> float:
        """Two-sided level of the interval, where there is chance; parts share it."""
        return TOLERANCES["false_alarm"].value if self.chance else 0.0


@dataclass(frozen=True)
class RoundOff:
    """Equal up to rounding: ``|measured - predicted|`` within a tolerance of the scale.

    Attributes
    ----------
    tolerance : str
        Name in ``TOLERANCES``.
    in_eps : bool
        Whether the tolerance counts units of eps times the largest dimension.
    entrywise : bool
        Whether the scale is each entry's own; by default it is the largest entry of both sides.

    Examples
    --------
    >>> RoundOff().text, RoundOff("integrator", in_eps=False).text
    ('round-off', '1e-09 relative')
    """

    tolerance: str = "roundoff_factor"
    in_eps: bool = True
    entrywise: bool = False
    false_alarm = 0.0

    def __post_init__(self) -> None:
        """Check every setting."""
        check_choice("tolerance", self.tolerance, tuple(TOLERANCES))
        check_switch("in_eps", self.in_eps)
        check_switch("entrywise", self.entrywise)

    @property
    def text(self) -> str:
        """The law in a few words."""
        return "round-off" if self.in_eps else f"{TOLERANCES[self.tolerance].value:.0e} relative"

    @property
    def reason(self) -> str:
        """Why the bound is what it is."""
        return TOLERANCES[self.tolerance].reason

    def judge(self, claim: Claim, problem: Problem) -> Outcome:
        """Compare arrays in the maximum norm."""
        predicted = np.asarray(claim.predict(problem), dtype=float)
        measured = np.asarray(claim.measure(problem), dtype=float)
        if predicted.shape != measured.shape:
            return Outcome(False, f"shape {predicted.shape}", f"shape {measured.shape}", np.inf)
        larger = np.maximum(np.abs(predicted), np.abs(measured))
        scale = larger if self.entrywise else np.full_like(larger, larger.max(initial=0.0))
        scale = np.where(scale == 0, 1.0, scale)
        # Divided first: the difference of numbers near the largest float stays finite.
        gaps = np.abs(measured / scale - predicted / scale)
        deviation = float(gaps.max(initial=0.0)) if not np.isnan(gaps).any() else np.inf
        allowed = TOLERANCES[self.tolerance].value
        if self.in_eps:
            allowed *= np.finfo(float).eps * max(predicted.shape, default=1)
        share = float(deviation / allowed)
        return Outcome(share <= 1, "equal", f"{deviation:.1e} relative", share)


@dataclass(frozen=True)
class PowerLaw(_Statistical):
    """An error that falls, or a quantity that scales, as a power of a size.

    ``predict(problem)`` returns the exponent; ``measure(problem, size)`` a positive number, or
    one a replicate.  The interval is that of the fit, widened by the finite-size bias.  A fit too
    coarse to tell neighbouring exponents apart does not hold: it shows nothing.

    Attributes
    ----------
    variable : str
        What the size is, for the table.
    sizes : sequence of float
        At least four.
    bias : str
        Name in ``TOLERANCES`` of the finite-size bias of the exponent.
    resolution : str
        Name in ``TOLERANCES`` of the largest half width that decides anything.
    pooled : bool
        Whether replicates at different sizes are independent draws.
    chance : bool
        Whether draws decide what is measured; otherwise scatter around the line is curvature, and
        a true claim cannot fail by chance.

    Examples
    --------
    >>> PowerLaw("learning rate", sizes=(0.1, 0.05, 0.025, 0.0125)).text
    'power of learning rate'
    """

    variable: str
    sizes: Sequence[float]
    bias: str = "slope_bias"
    _: KW_ONLY
    resolution: str = "resolution"
    pooled: bool = False
    chance: bool = True

    def __post_init__(self) -> None:
        """Check every setting."""
        _check_sizes(self.variable, self.sizes, self.bias)
        check_choice("resolution", self.resolution, tuple(TOLERANCES))
        check_switch("pooled", self.pooled)
        check_switch("chance", self.chance)

    @property
    def text(self) -> str:
        """The law in a few words."""
        return f"power of {self.variable}"

    def judge(self, claim: Claim, problem: Problem) -> Outcome:
        """Fit the exponent and ask whether its interval holds the predicted one."""
        exponent = float(claim.predict(problem))
        table = np.array([np.atleast_1d(claim.measure(problem, size)) for size in self.sizes])
        fit = fit_exponent(self.sizes, table, TOLERANCES["false_alarm"].value, pooled=self.pooled)
        share = _share_of_bound(fit, exponent, self.bias, self.resolution)
        geometric = np.exp(np.log(table).mean(axis=1))
        return Outcome(
            bool(share <= 1),
            f"exponent {exponent:+.3g}",
            f"{fit.exponent:+.3f} +- {fit.halfwidth:.3f}",
            share,
            {
                "sizes": list(map(float, self.sizes)),
                "errors": list(map(float, geometric)),
                "predicted_exponent": [exponent],
                "fitted_exponent": [fit.exponent],
            },
        )


@dataclass(frozen=True)
class PowerLaws(_Statistical):
    """One quantity in several parts of the exponents, in each a power of the size of its own.

    ``predict(problem)`` returns an exponent a part; ``measure(problem, size)`` positive numbers,
    a row a part and a column a replicate, drawn anew at each size.  Each exponent is judged as by
    :class:`PowerLaw`; parts on the two sides of a boundary must also be told apart, by intervals
    that do not meet.

    Attributes
    ----------
    variable : str
        What the size is, for the table.
    sizes : sequence of float
        At least four.
    bias : str
        Name in ``TOLERANCES`` of the finite-size bias of the exponents.
    parts : sequence of str
        Their names.
    apart : bool
        Whether the fitted exponents must differ.

    Examples
    --------
    >>> PowerLaws("d", sizes=(50, 100, 200, 400), bias="slope_bias").text
    'powers of d, told apart'
    """

    variable: str
    sizes: Sequence[float]
    bias: str
    _: KW_ONLY
    parts: Sequence[str] = ("below", "above")
    apart: bool = True

    def __post_init__(self) -> None:
        """Check every setting."""
        _check_sizes(self.variable, self.sizes, self.bias)
        if len(set(check_many("parts", self.parts, str))) < 2:
            raise ValueError(f"parts must be at least two different names, got {len(self.parts)}")
        check_switch("apart", self.apart)

    @property
    def text(self) -> str:
        """The law in a few words."""
        return f"powers of {self.variable}" + (", told apart" if self.apart else "")

    def judge(self, claim: Claim, problem: Problem) -> Outcome:
        """Fit the exponents and ask whether each interval holds its own, and no other fit's."""
        exponents = np.asarray(claim.predict(problem), dtype=float)
        table = np.array([claim.measure(problem, size) for size in self.sizes], dtype=float)
        if exponents.shape != (len(self.parts),) or table.shape[1:-1] != exponents.shape:
            raise ValueError(
                f"a claim must predict and measure {len(self.parts)} parts, got "
                f"{exponents.shape} and {table.shape[1:-1]}"
            )
        level = self.false_alarm / exponents.size
        fits = [fit_exponent(self.sizes, x, level, pooled=True) for x in table.swapaxes(0, 1)]
        share = max(
            _share_of_bound(fit, exponent, self.bias, "resolution")
            for fit, exponent in zip(fits, exponents, strict=True)
        )
        if self.apart:
            share = max(share, *(_overlap(a, b) for a, b in combinations(fits, 2)))
        geometric = np.exp(np.log(table).mean(axis=-1)).T
        errors = {
            f"errors {part}": list(map(float, row))
            for part, row in zip(self.parts, geometric, strict=True)
        }
        return Outcome(
            bool(share <= 1),
            "exponents " + ", ".join(f"{x:+.2f}" for x in exponents),
            ", ".join(f"{fit.exponent:+.2f} +- {fit.halfwidth:.2f}" for fit in fits),
            float(share),
            {
                "sizes": list(map(float, self.sizes)),
                "predicted_exponent": exponents.tolist(),
                "fitted_exponent": [fit.exponent for fit in fits],
            }
            | errors,
        )


def _share_of_bound(fit: Fit, exponent: float, bias: str, resolution: str) -> float:
    """Return the deviation of a fit from an exponent, and its width, in units of the allowed."""
    deviation = abs(fit.exponent - exponent) / (fit.halfwidth + TOLERANCES[bias].value)
    return float(max(deviation, fit.halfwidth / TOLERANCES[resolution].value))


def _overlap(first: Fit, second: Fit) -> float:
    """Return the half widths of two intervals over the distance of their middles."""
    distance = abs(first.exponent - second.exponent)
    return (first.halfwidth + second.halfwidth) / distance if distance else np.inf


@dataclass(frozen=True)
class Sampling(_Statistical):
    """The mean over random draws is the predicted one, up to sampling and a stated bias.

    ``predict(problem)`` returns the mean; ``measure(problem)`` one value a draw.  Judged by
    Student's quantile at the level of the false alarms.

    Attributes
    ----------
    bias : str
        Name in ``TOLERANCES`` of the relative error of the prediction itself.

    Examples
    --------
    >>> Sampling("prediction_bias").text
    'mean of draws, bias 0.03'
    """

    bias: str

    def __post_init__(self) -> None:
        """Check the name."""
        check_choice("bias", self.bias, tuple(TOLERANCES))

    @property
    def text(self) -> str:
        """The law in a few words."""
        return f"mean of draws, bias {TOLERANCES[self.bias].value:.1g}"

    def judge(self, claim: Claim, problem: Problem) -> Outcome:
        """Ask whether the interval around the mean holds the prediction."""
        predicted = float(claim.predict(problem))
        draws = np.asarray(claim.measure(problem), dtype=float)
        error = draws.std(ddof=1) / np.sqrt(draws.size)
        half = float(stats.t.ppf(1 - self.false_alarm / 2, draws.size - 1) * error)
        allowed = half + TOLERANCES[self.bias].value * abs(predicted)
        share = float(abs(draws.mean() - predicted) / allowed)
        return Outcome(
            bool(share <= 1), f"{predicted:.4g}", f"{draws.mean():.4g} +- {half:.2g}", share
        )


@dataclass(frozen=True)
class Bound:
    """A measured number that stays on the predicted side of a bound.

    ``predict(problem)`` returns the pair (lowest, highest) allowed; either may be infinite.

    Examples
    --------
    >>> Bound("the loss never rises", "it is a sum of squares").text
    'the loss never rises'
    """

    text: str
    reason: str
    false_alarm = 0.0

    def __post_init__(self) -> None:
        """Check the words."""
        check_text("text", self.text)
        check_text("reason", self.reason)

    def judge(self, claim: Claim, problem: Problem) -> Outcome:
        """Ask whether the measured number lies in the predicted interval."""
        lowest, highest = claim.predict(problem)
        value = float(claim.measure(problem))
        predicted, measured = f"[{lowest:.3g}, {highest:.3g}]", f"{value:.4g}"
        if np.isnan(value):
            return Outcome(False, predicted, measured, np.inf)
        outside = max(lowest - value, value - highest)
        span = highest - lowest
        if not np.isfinite(span):
            span = max((abs(x) for x in (lowest, highest) if np.isfinite(x)), default=0.0)
        # The share is 1 on the bound, and falls with the distance inside.
        share = float(max(0.0, 1.0 + outside / (span or 1.0)))
        return Outcome(bool(outside <= 0), predicted, measured, share)


def _check_sizes(variable: str, sizes: Sequence[float], bias: str) -> None:
    check_text("variable", variable)
    check_choice("bias", bias, tuple(TOLERANCES))
    found = np.unique(check_vector("sizes", sizes))
    if found.size < MINIMUM_SIZES or found[0] <= 0:
        raise ValueError(
            f"sizes must be at least {MINIMUM_SIZES} different positive ones, got {found.size} "
            f"from {found[0]:g}"
        )
