"""When a singular value aligns, crosses the threshold and converges.

A mode of target y starts at 0 under ``ds/dt = 2 sqrt(s^2 + c^2) (y - s)``:

- *alignment*: it leaves the bulk of the random initial matrix when ``c sinh(2yt) = sqrt(d v)``,
  which for layers of one variance is at ``asinh(sqrt(d/w))/(2y)``;
- *lazy* until it crosses the threshold c, at ``asinh(1)/(2y)`` where c << y: its rate is between
  2c and 2 sqrt(2) c.  Alignment is over by then if w >> d; the misalignment left is d/w;
- *balanced* from then on: its rate is between 2s and 2 sqrt(2) s, and the distance decays as
  ``exp(-2 D t)``, ``D = sqrt(y^2 + c^2)``.

Holds for the squared loss under gradient flow, y > 0; crossing for 0 < c < y, alignment for
w >> d.  Derived in :mod:`theory.regimes.crossing_derivation`.
Source: threshold and its crossing: Tu, Aranguri and Jacot 2024; emergence from a random matrix:
Benaych-Georges and Nadakuditi 2012, stated here; times ours.
"""

from __future__ import annotations

import sympy as sp

from theory.dynamics.single_mode import remaining_distance, threshold_crossing_time
from theory.regimes import quantities as of
from theory.symbols import c, s0, t, y
from theory.symbols.notation import D, p0, y_positive
from theory.symbols.regimes import accuracy
from theory.symbols.task import d

__all__ = [
    "alignment_time",
    "convergence_time",
    "crossing_time",
    "early_growth",
    "late_distance",
    "misalignment_at_crossing",
]

_ROOT = sp.sqrt(y_positive**2 + c**2)


def early_growth() -> sp.Expr:
    """Return ``s(t)`` for s << y: ``c sinh(2yt)``, linear before 1/(2y) and exponential after."""
    return c * sp.sinh(2 * y * t)


def crossing_time() -> sp.Expr:
    """Return the time at which a mode reaches the threshold, in y and c (0 < c < y).

    Examples
    --------
    >>> sorted(str(x) for x in crossing_time().free_symbols)
    ['c', 'y']
    """
    positive = threshold_crossing_time().subs(y, y_positive)
    return positive.subs(D, _ROOT).subs(y_positive, y)


def convergence_time() -> sp.Expr:
    """Return the time at which ``y - s = accuracy y``, for a small accuracy.

    ``log(2 D^2/(c (c + D) accuracy))/(2D)``: ``log(1/accuracy)/(2c)`` where lazy (c >> y) and
    ``log(2y/(c accuracy))/(2y)`` where active (c << y).
    """
    time = sp.log(late_distance() / y_positive / accuracy) / (2 * _ROOT)
    return time.subs(y_positive, y)


def late_distance() -> sp.Expr:
    """Return the limit of ``exp(2Dt) (y - s)`` for a start at 0, in :data:`y_positive` and c."""
    decay = sp.Dummy("decay", positive=True)  # exp(-Dt)
    distance = remaining_distance().subs({s0: 0, p0: c}).rewrite(sp.exp)
    rational = distance.subs(sp.exp(D * t), 1 / decay).subs(sp.exp(-D * t), decay)
    late = sp.cancel(rational / decay**2).subs(decay, 0).subs(y, y_positive)
    return sp.factor(sp.simplify(late.subs(D, _ROOT)))


def alignment_time() -> sp.Expr:
    """Return the time at which a mode of target y leaves the bulk of the initial matrix (w >> d).

    A rank-one matrix of size s shows in a d x d random one of entry variance v where
    ``s > sqrt(d v)``; here ``s = c sinh(2yt)``.
    """
    shown = sp.sqrt(d * of.initial_matrix().expression)
    return sp.asinh(shown / of.threshold().expression) / (2 * y)


def misalignment_at_crossing() -> sp.Expr:
    """Return ``d v/c^2``, what the mode's overlap with its target lacks to 1 at ``s = c``.

    Up to a factor of order 1, as the rows of the initial matrix that the mode reads grow, too.
    """
    return d * of.initial_matrix().expression / of.threshold().expression ** 2
