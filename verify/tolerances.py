"""Every number by which a claim is judged, with its reason.

Nothing here is fitted to make a claim pass.  Round-off bounds are counted in units of eps times
the natural scale; sampling and slope bounds are quantiles at a stated false-alarm rate.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TOLERANCES", "Tolerance"]


@dataclass(frozen=True)
class Tolerance:
    """A bound and why it is that."""

    value: float
    reason: str


TOLERANCES: dict[str, Tolerance] = {
    "false_alarm": Tolerance(
        1e-4,
        "two-sided level of every statistical verdict; with about fifteen of them a whole run "
        "raises a false alarm in less than 0.2 % of runs",
    ),
    "roundoff_factor": Tolerance(
        64.0,
        "a product of d x d matrices errs by at most d eps of the product of norms, in practice "
        "by sqrt(d) eps; 64 covers the constant of a few chained products",
    ),
    "chained_steps": Tolerance(
        1e-10,
        "forty steps of descent below the stability limit hand a rounding of sqrt(d) eps on with "
        "a factor of order one; a factor of a Gram matrix of condition 1e4 costs two digits",
    ),
    "integrator": Tolerance(
        1e-9,
        "DOP853 with rtol 1e-12 holds the error a step at 1e-12 of the weights; hundreds of "
        "steps and the growth of one mode by its logistic leave three digits",
    ),
    "kernel_relative": Tolerance(
        1e-13,
        "the kernel has about 20 correctly rounded operations and one exponential whose argument "
        "(at most a few hundred) is rounded: 300 eps = 7e-14",
    ),
    "slope_bias": Tolerance(
        0.06,
        "next-order term over a factor 8 in size: relative 1/size^(1/2) at the smallest size "
        "changes a fitted exponent by less than this; a planted exponent differs by 1/6",
    ),
}
