"""Every number by which a claim is judged, with its reason.

Nothing here is fitted to make a claim pass.  Round-off bounds are counted in units of eps times
the natural scale; sampling and slope bounds are quantiles at a stated false-alarm rate, and the
finite-size bias of an exponent is worked out from the next term of its expansion.
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
        "two-sided level of every statistical verdict; verify.framework.runner.false_alarm_rate "
        "adds them up over the claims and problems of a run",
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
    "sum_rule": Tolerance(
        1e-10,
        "sums of a hundred terms err by 1e-14 of the largest, which is at most a thousand times "
        "what is left of them (a signal of 10 times the threshold beside the noise); steps keep it",
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
    "loss_gradient": Tolerance(
        1e-12,
        "a derivative of a dozen operations errs by 1e-15 of its largest term; a prediction near "
        "its target loses the digits that the two share, three where they differ by a thousandth",
    ),
    "slope_bias": Tolerance(
        0.06,
        "next-order term of an O(1/steps) error over a factor 8 from 100 steps: relative 1/100 "
        "times a constant up to 10 at the coarse end, 1/8 of that at the fine one, changes "
        "the fitted exponent by at most log(1.1/1.0125)/log 8 = 0.04",
    ),
    "limit_bias": Tolerance(
        0.02,
        "the next term of the series is relative (1/10)^2 at the smallest ratio, with a constant "
        "of order one: over a factor 16 it moves the exponent by at most 0.01/log 16 = 0.004; "
        "five times that covers the constant",
    ),
    "wide_network": Tolerance(
        1e-4,
        "fluctuations of C1 and C2 are sqrt(d/w) = 4e-7 at width 1e14 and grow with a mode by at "
        "most 2y/c = 60; five-point differences err by (2 rate x step)^4/30 = 5e-9 and by "
        "roundings of 1e-12 over the change of the slowest mode, 1e-5",
    ),
    "width_bias": Tolerance(
        0.01,
        "the next term is relative sqrt(d/w) times c/y or the growth of a mode, at most 3.5e-4 x "
        "100 at width 1e8: over a factor 1000 in width that moves the exponent by "
        "0.035/log 1000 = 0.005; twice that for the constant",
    ),
    "noise_share_bias": Tolerance(
        0.02,
        "modes of the noise grow like sinh(2yT)/(2yT): relative 4 d T^2/3, 0.02 at theta = 4d, "
        "d = 24 and T = 2.5/theta, and less at larger sizes; over a factor 8 in size "
        "0.02/log 8 = 0.01",
    ),
    "prediction_bias": Tolerance(
        0.03,
        "second order in the fluctuations is relative d/w, 0.026 at d = 96 and w = d^1.8; edges "
        "of the bulk are relative 1/d",
    ),
    "exact_mean": Tolerance(
        1e-9, "the prediction is exact; the interval is that of the draws, up to rounding"
    ),
    "lazy_time": Tolerance(
        0.02,
        "singular values of the signal are theta/c = 1/30 from lazy, which moves rates by "
        "(theta/c)^2/2 = 6e-4; signal and noise, or start, share 1/sqrt(d^2 k) = 0.016 of their "
        "squares at d = 64, of which the logarithm takes less than all",
    ),
    "spike_bias": Tolerance(
        0.04,
        "the next order in rho/theta: six values part by rho = 2.2 tau to either side, 0.18 of a "
        "theta of 1.6 x 60^(1/2) tau, the square of which is 0.03, and drawn blocks know a gap to "
        "1 %; for a variance the next order in 1/d, over the squared distance 1 - x = 0.6 from the "
        "threshold, is 0.04 at d = 60",
    ),
    "spike_position": Tolerance(
        0.02,
        "the next order of a spike's value and overlap is relative 1/d over 1 - r^-4, at r = 1.6 "
        "and d = 60 it is 0.02",
    ),
    "tracy_widom_bias": Tolerance(
        0.05,
        "with sides less a half the law's own error is of order d^(-2/3), 0.05 at d = 80 (Ma 2012)",
    ),
    "estimation_scatter": Tolerance(
        0.08,
        "k^2 of k (m + n) noise components are counted twice, 3/80 at rank 3 and sides of 40; "
        "the next order in the noise is (m + n) tau^2/theta^2 = 2/900 of the variance's root",
    ),
    "run_scatter": Tolerance(
        0.05,
        "the next order of a run's variance is relative k/d, of spikes that share noise, and "
        "d/theta^2, of the signal: 3/60 and 1/60; its cube root has a third of that",
    ),
    "log_bias": Tolerance(
        0.02,
        "the fitted noise itself is the small parameter: (c/theta)^2 (4 L^2 + 2 L) is at most "
        "0.2 at d = 1e7 and vanishes by 1e12, which moves the exponent by 0.2/log 1e5 = 0.02; "
        "the next term is at most 2 % at 1e7",
    ),
    "rounded_width": Tolerance(
        0.02,
        "a width of 8 is a power of d rounded by up to 1/16: over a factor 8 in size 0.06/log 8 "
        "= 0.03 at worst, half of that as a rule",
    ),
    "edge_bias": Tolerance(
        0.03,
        "the mean of the largest eigenvalue is below the edge by 1.2 d^(-2/3) relative to its "
        "own fluctuation (Johnstone 2001): sqrt(edge) - 1 is 0.04 to 0.065 short at d = 64 and a "
        "quarter of that at 512, which moves the exponent by 0.05/log 8 = 0.024",
    ),
    "crossover_descent": Tolerance(
        4e-3,
        "runs end with singular values within 0.1 % of the target, and the kernel change is at "
        "most of second degree in them; at 400 steps a unit of the largest rate the balance of "
        "the layers drifts by 0.1 % of what they gain (1.5 % measured at 20)",
    ),
    "feature_bias": Tolerance(
        0.06,
        "what is left of the start is relative A^(1/(L+1)): at three hidden layers 0.18 at "
        "A = 1e-3 and 0.06 at 1.6e-5, with a constant up to 2 that moves the exponent by "
        "log(1.36/1.12)/log 64 = 0.05",
    ),
    "time_bias": Tolerance(
        0.02,
        "t_1 is read where the kernel has changed by half, before margins matter: in t/A it does "
        "not depend on A but for steps of 2 % of the last layer's norm",
    ),
    "lazy_bias": Tolerance(
        0.03,
        "the even term is relative sqrt(h)/A, 0.01 at A = 1e3 and width 96 with a constant up to "
        "ten: log(1.1)/log 64 = 0.02",
    ),
    "trained_bias": Tolerance(
        0.06,
        "next orders, each falling by a factor 2 or more over the sizes: C1 and C2 fluctuate by "
        "d/w = 0.31 to 0.22, spikes share k/(2d) = 0.05 of their directions, a signal takes 1/w = "
        "0.15 of the initial matrix of a narrow network; over a factor 3.4 to 8 in size a tenth "
        "moves an exponent by at most 0.1/log 5.5 = 0.06",
    ),
    "alignment_bias": Tolerance(
        0.06,
        "below detection a signal pulls singular vectors by theta^2/(tau^2 d) = 0.04 at d = 32 "
        "and 0.01 at 176, twice that in the odds; above, overlaps are off by as much: "
        "0.09/log 5.5 = 0.05",
    ),
    "kernel_change_bias": Tolerance(
        0.04,
        "the next order is relative c/(tau sqrt(d)) = 0.03 below the noise and 5/8 of the square "
        "of its inverse, 0.02, above; 6 % of the noise is not yet learned, a tenth of that more "
        "or less over the sizes: 0.06/log 8 = 0.03",
    ),
    "resolution": Tolerance(
        0.25,
        "exponents of neighbouring laws differ by a half or more; a wider interval tells nothing",
    ),
    "resolution_sixth": Tolerance(
        1 / 12, "1/2 and 1/3 differ by 1/6; a wider interval would not tell them apart"
    ),
}
