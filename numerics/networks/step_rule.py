r"""How gradient flow of a network is cut into steps.

``euler`` is the published rule: ``w <- w - dt g`` with the full-batch gradient g, accepted if

    max |dF| < output_change    and    |g - g'|^2/(|g| |g'|) < gradient_change,

g' being the gradient after the step; dt grows by 1.1 after a step below half of both bounds and
shrinks by 10 after a refusal.  Stability binds it: on the slow modes of the kernel most of its
steps are alike.

``linearised`` solves, for one step, the linearised network half-way through the step: a stiff
equation of the n outputs alone (:mod:`numerics.networks.linearised_steps`).  With g and g' the
changes of the weights by the linearisations at the start and half-way, a step is accepted if

    max |dF| < output_change,    max |F - F_linearised| < output_error    and
    |g - g'|^2 < max(gradient_change |g| |g'|, (path_share |w - w_0|)^2).

Its error is of third order a step, second where it crosses kinks, and neither stability nor the
relaxation of the outputs limits it: a network that trains lazily takes a handful of steps.  Both
converge to gradient flow.

Holds for activations with kinks as well: there a gradient jumps however short the step is, and
neither rule cuts a step below the floor of :class:`StepRule`.
Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034) for ``euler``.
"""

from __future__ import annotations

from functools import partial

import attrs

from numerics.support.settings import setting
from numerics.support.validation import check_choice, check_positive

__all__ = ["FAST_EULER", "LINEARISED", "METHODS", "PUBLISHED", "StepRule"]

METHODS = ("linearised", "euler")


@attrs.frozen(kw_only=True)
class StepRule:
    """When a step is accepted.

    Attributes
    ----------
    method : {"linearised", "euler"}
        See the module.
    output_change : float
        Largest change of a training output F in a step.
    output_error : float
        Largest error of the outputs that a linearised step predicts.
    gradient_change : float
        Largest ``|g - g'|^2/(|g| |g'|)``.
    path_share : float
        Error of the weights that a linearised step may make in any case, in units of the way
        that they have come since the start.
    stability_share : float
        With kinks, a step is not cut below the smaller of this share of Euler's stability limit
        ``2 n/(l''max lambda_max(Theta))`` ...
    weight_share : float
        ... and the time in which the last layer changes by this share of its norm: without it a
        run with tiny alpha jumps over the time at which its features begin to move.

    Examples
    --------
    >>> StepRule(method="euler", output_change=0.1, gradient_change=1e-4) == PUBLISHED
    True
    """

    method: str = setting(partial(check_choice, choices=METHODS), "linearised")
    output_change: float = setting(check_positive, 0.5)
    output_error: float = setting(check_positive, 0.02)
    gradient_change: float = setting(check_positive, 1e-2)
    path_share: float = setting(check_positive, 0.005)
    stability_share: float = setting(check_positive, 0.5)
    weight_share: float = setting(check_positive, 0.02)


#: Linearised steps; the default.
LINEARISED = StepRule()
#: The rule of the published experiments.
PUBLISHED = StepRule(method="euler", output_change=0.1, gradient_change=1e-4)
#: The published rule with larger steps.
FAST_EULER = StepRule(method="euler", output_change=0.5, gradient_change=1e-2)
