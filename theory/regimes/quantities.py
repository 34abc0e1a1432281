"""The quantities that decide how a two-layer linear network trains, each with its scale.

Low-rank recovery: ``Y = A* + noise`` of size d x d, A* of rank k with singular values of order
theta, noise entries of standard deviation tau, layers of entry variance sigma1^2 and sigma2^2 and
width w.  Errors are per entry, ``||A - A*||_F^2/d^2``.  An expression keeps the constants and the
logarithm ``L = theta T`` that are known; its scale is read off by :mod:`theory.regimes.scales`.

Holds for d -> infinity.  Derived in :mod:`theory.regimes.boundaries_derivation`.
Source: threshold, initial matrix and noise: Tu, Aranguri and Jacot 2024; edge of the noise and of
C1: Marchenko and Pastur 1967; spike estimation: Benaych-Georges and Nadakuditi 2012; rest ours.
"""

from __future__ import annotations

import sympy as sp
from sympy.logic.boolalg import Boolean

from theory.regimes.scales import BASE, Quantity, Scale, d, k, scale_of, sigma1, sigma2, tau, theta
from theory.symbols import c, eta, w
from theory.symbols import regimes as letters
from theory.symbols.random_matrices import y_edge
from theory.symbols.regimes import L_wait as L

__all__ = [
    "L",
    "all_quantities",
    "brief_unlearning",
    "bulk_time",
    "detection",
    "fitted_noise",
    "fluctuation",
    "held_noise",
    "hidden_signal",
    "initial_matrix",
    "kernel_edge",
    "kernel_square",
    "lazy_signal",
    "learning_rate",
    "missing_signal",
    "narrow_network",
    "noise_edge",
    "noise_variance",
    "partial_time",
    "rank",
    "signal",
    "signal_beyond_width",
    "spike_estimation",
    "threshold",
    "underparameterised",
    "undetected_signal",
    "unlearning_time",
    "waiting_time",
    "width",
]

# log(theta/c) to leading order, so of scale log d where active.
BASE[L] = Scale(sp.S.Zero, sp.S.One)

_C = (sigma1**2 + sigma2**2) * w / 2
_S = k * theta**2 / d**2
_V = sigma1**2 * sigma2**2 * w


def signal() -> Quantity:
    """Return theta."""
    return Quantity("signal", theta, theta, "singular values of A* (unit of A)")


def rank() -> Quantity:
    """Return k."""
    return Quantity("rank", k, k, "rank of A*")


def width() -> Quantity:
    """Return w."""
    return Quantity("width", w, w, "number of hidden units, the largest rank of A")


def threshold() -> Quantity:
    """Return ``c = (sigma1^2 + sigma2^2) w/2``."""
    return Quantity("threshold", c, _C, "singular values of A below it move lazily (unit of A)")


def kernel_edge() -> Quantity:
    """Return ``c (1 + d/w)``, the largest eigenvalue of C1 and C2 within a factor of 2.

    ``sigma^2 (sqrt(w) + sqrt(d))^2`` lies between ``sigma^2 (w + d)`` and twice that; below
    w = d the w eigenvalues that are not zero are all of this order or smaller.
    """
    edge = (sigma1**2 + sigma2**2) * (w + d) / 2
    return Quantity("kernel edge", letters.c_edge, edge, "largest eigenvalue of C1, C2 (unit of A)")


def fluctuation() -> Quantity:
    """Return ``sqrt(d/w)``; the eigenvalues of C1/c1 fill ``(1 +- sqrt(d/w))^2`` at the start."""
    return Quantity(
        "fluctuation of C1", letters.epsilon_C, sp.sqrt(d / w), "relative fluctuation of C1 and C2"
    )


def noise_edge() -> Quantity:
    """Return ``2 tau sqrt(d)``, the operator norm of the noise."""
    return Quantity("noise edge", y_edge, 2 * tau * sp.sqrt(d), "norm of the noise (unit of A)")


def detection() -> Quantity:
    """Return ``tau sqrt(d)``: below it no singular vector of Y points to the signal."""
    return Quantity(
        "detection", letters.theta_min, tau * sp.sqrt(d), "least signal seen (unit of A)"
    )


def noise_variance() -> Quantity:
    """Return ``tau^2``, also the test error of A = Y."""
    return Quantity("noise variance", letters.e_noise, tau**2, "variance of an entry of the noise")


def initial_matrix() -> Quantity:
    """Return ``v = sigma1^2 sigma2^2 w``, the error that the initial matrix A(0) adds."""
    return Quantity("initial matrix", letters.v, _V, "variance of an entry of A(0)")


def missing_signal() -> Quantity:
    """Return ``S = k theta^2/d^2``, the test error of A = 0."""
    return Quantity("missing signal", letters.S, _S, "signal per entry, ||A*||_F^2/d^2")


def spike_estimation() -> Quantity:
    """Return ``2 k tau^2/d``: the singular vectors of k spikes carry 2dk noisy directions."""
    return Quantity(
        "spike estimation", letters.e_spike, 2 * k * tau**2 / d, "noise in the learned signal"
    )


def kernel_square() -> sp.Expr:
    """Return ``K = 4 c^2 + (c1^2 + c2^2) d/w``: noise N is fitted as ``t^2 K`` times its square.

    ``E||C2 N + N C1||^2/||N||^2``, proved from the moments of C1 and C2.
    """
    return (sigma1**2 + sigma2**2) ** 2 * w**2 + (sigma1**4 + sigma2**4) * w * d


def fitted_noise() -> Quantity:
    """Return ``tau^2 K (L^2 + L/2)/theta^2``: noise fitted and signal left while waiting L/theta.

    At infinite width ``tau^2 (c/theta)^2 (4 L^2 + 2 L)``.
    """
    error = tau**2 * kernel_square() * (L**2 + L / 2) / theta**2
    return Quantity(
        "fitted noise", letters.e_wait, error, "noise fitted while the signal is learned"
    )


def held_noise() -> Quantity:
    """Return ``tau^2 w/(w + d)``: what a network of width w holds of the noise in the end.

    All of it for w >> d.  A matrix of rank w << d near Y holds of order w d of its d^2
    directions; that order is seen in training (d = 100 to 800), the constant is not claimed.
    """
    return Quantity(
        "noise", letters.e_end, tau**2 * w / (w + d), "noise fitted by the end of training"
    )


def signal_beyond_width() -> Quantity:
    """Return S where ``w < k``: no matrix of rank w comes closer (Eckart and Young 1936)."""
    return Quantity(
        "signal beyond width",
        letters.e_width,
        _S,
        "signal per entry that w < k units cannot hold",
        where=underparameterised(),
    )


def undetected_signal() -> Quantity:
    """Return S where the signal is below the noise and a narrow network finds only noise."""
    return Quantity(
        "undetected signal",
        letters.e_hidden,
        _S,
        "signal lost under the noise",
        where=sp.And(narrow_network(), hidden_signal()),
    )


def learning_rate() -> Quantity:
    """Return ``1/(theta + c)``, the paper's rule ``1/max(theta, c)`` up to a constant."""
    return Quantity("learning rate", eta, 1 / (theta + _C), "the paper's, up to 1/5 or 1/50")


def waiting_time() -> Quantity:
    """Return ``L/theta``, when the signal has been learned from a start at 0."""
    return Quantity("waiting time", letters.T_wait, L / theta, "time until the signal is learned")


def partial_time() -> Quantity:
    """Return ``log(1 + (S + v (1 + d/w))/tau^2)/(2 c (1 + d/w))``.

    When a lazy network has fitted the best fraction of everything that its kernel reaches.
    """
    ratio = _S / tau**2 + _V * (1 + d / w) / tau**2
    time = sp.log(1 + ratio) / (2 * kernel_edge().expression)
    return Quantity("partial fit", letters.T_part, time, "time until the best fraction is fitted")


def unlearning_time() -> Quantity:
    """Return ``log(1 + v (1 + d/w)/tau^2)/(2 c (1 + d/w))``.

    When, the signal being learned, initial matrix and noise balance; :func:`brief_unlearning`
    below infinite noise.
    """
    ratio = _V * (1 + d / w) / tau**2
    time = sp.log(1 + ratio) / (2 * kernel_edge().expression)
    return Quantity(
        "unlearning time", letters.T_init, time, "time until enough of A(0) is unlearned"
    )


def brief_unlearning() -> Quantity:
    """Return ``v/(2 c tau^2)``, the unlearning time where ``v (1 + d/w)`` is below tau^2."""
    time = _V / (2 * _C * tau**2)
    return Quantity(
        "brief unlearning", letters.T_init, time, "unlearning time below infinite noise"
    )


def bulk_time() -> Quantity:
    """Return ``log(1 + (S + v) sqrt(d)/(c tau))/(2 tau sqrt(d))``, for a signal below the noise.

    Modes of the noise leave the lazy regime at 1/(tau sqrt(d)), before a fraction is fitted.
    """
    gain = (_S + _V) * sp.sqrt(d) / (_C * tau)
    time = sp.log(1 + gain) / noise_edge().expression
    return Quantity(
        "growth of the noise", letters.T_bulk, time, "time until noise outgrows the signal"
    )


def narrow_network() -> Boolean:
    """Return the condition w < d: C1 and C2 are far from multiples of the identity."""
    return width().scale.compare(scale_of(d)).second_larger


def underparameterised() -> Boolean:
    """Return the condition w < k: no network of this width can hold the signal."""
    return width().scale.compare(rank().scale).second_larger


def hidden_signal() -> Boolean:
    """Return where the signal is below the noise (Baik, Ben Arous and Peche 2005)."""
    return signal().scale.compare(detection().scale).second_larger


def lazy_signal() -> Boolean:
    """Return where the signal moves lazily: the kernel's edge is above it."""
    return signal().scale.compare(kernel_edge().scale).second_larger


def all_quantities() -> tuple[Quantity, ...]:
    """Return every quantity, in the order of this file."""
    return (
        signal(),
        rank(),
        width(),
        threshold(),
        kernel_edge(),
        fluctuation(),
        noise_edge(),
        detection(),
        noise_variance(),
        initial_matrix(),
        missing_signal(),
        spike_estimation(),
        fitted_noise(),
        held_noise(),
        signal_beyond_width(),
        undetected_signal(),
        learning_rate(),
        waiting_time(),
        partial_time(),
        unlearning_time(),
        bulk_time(),
    )
