"""The rules of the published experiments, each stated once: scaling, learning rate, stopping.

A network of the exponent plane has ``sigma^2 = d^gamma_sigma2`` and ``w = int(d^gamma_w)``.  Its
learning rate is one over ``divisor`` times the larger scale: ``||A*|| = theta_1`` where
``gamma_sigma2 + gamma_w <= 1`` (active), the threshold ``c`` beyond (lazy).  A run ends at the
first iteration that meets one of :func:`stop_conditions`.

Training, prediction and grid evaluate these expressions; the numbers are
:mod:`theory.published_settings`.
Source: Tu, Aranguri and Jacot 2024 (arXiv 2405.17580), published experiments.
"""

from __future__ import annotations

import sympy as sp
from sympy.logic.boolalg import Boolean

from theory.algebra.stable_form import StableForm
from theory.published_settings import STOPPING
from theory.symbols import c
from theory.symbols.published import (
    after,
    divisor,
    fall,
    iteration,
    rises,
    stall,
    test_rises,
    theta_1,
    train,
    train_1,
    train_error,
    train_start,
)
from theory.symbols.regimes import gamma_sigma2, gamma_w
from theory.symbols.task import d

__all__ = [
    "OBSERVED",
    "SETTINGS",
    "learning_rate_form",
    "learning_rate_rule",
    "stop_conditions",
    "stop_form",
    "stopping_rule",
    "width_form",
    "width_rule",
]

#: What the stopping rule looks at, and its settings in the order of ``STOPPING``.
OBSERVED = (iteration, rises, train, train_1, train_start)
SETTINGS = (train_error, test_rises, stall, fall, after)


def width_rule() -> sp.Expr:
    """Return the width ``int(d^gamma_w)``."""
    return sp.floor(d**gamma_w)


def learning_rate_rule() -> sp.Expr:
    """Return the learning rate, 1/(divisor theta_1) when active and 1/(divisor c) when lazy."""
    return sp.Piecewise(
        (1 / (divisor * theta_1), gamma_sigma2 + gamma_w <= 1), (1 / (divisor * c), True)
    )


def stop_conditions() -> dict[str, Boolean]:
    """Return why a run ends, in ``OBSERVED`` and ``SETTINGS``, the first that holds first.

    The train error is small; or, after iteration ``after``, the test error rose ``test_rises``
    times running (0: never), or the train error stands still after it fell.
    """
    late = iteration > after
    return {
        "train_error_small": train < train_error,
        "test_error_rose": sp.And(late, test_rises > 0, rises >= test_rises),
        "train_error_stalled": sp.And(
            late, sp.Abs(train - train_1) < stall, train_start - train > fall
        ),
    }


def stopping_rule(*reasons: str, **settings: sp.Expr | float) -> Boolean:
    """Return when a published run ends for one of the reasons, or for any if none is named.

    ``settings`` replace published numbers, by their names.
    """
    conditions, numbers = stop_conditions(), STOPPING._asdict() | settings
    values = {x: sp.sympify(numbers[str(x)]) for x in SETTINGS}
    return sp.Or(*(conditions[x].subs(values) for x in reasons or conditions))


def width_form() -> StableForm:
    """Return :func:`width_rule` as a kernel computes it."""
    return StableForm((d, gamma_w), (), {"width": width_rule()})


def learning_rate_form() -> StableForm:
    """Return :func:`learning_rate_rule` as a kernel computes it."""
    arguments = (gamma_sigma2, gamma_w, c, theta_1, divisor)
    return StableForm(arguments, (), {"learning_rate": learning_rate_rule()})


def stop_form() -> StableForm:
    """Return the place of the condition that ends a run, -1 where it goes on."""
    places = [(sp.Integer(k), x) for k, x in enumerate(stop_conditions().values())]
    return StableForm((*OBSERVED, *SETTINGS), (), {"reason": sp.Piecewise(*places, (-1, True))})
