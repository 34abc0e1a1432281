"""The arithmetic of a grid of cells, each of which is searched for its minimal test error.

The search is :mod:`numerics.kernels.loops.error_grid`.  Its arithmetic is printed from
:mod:`theory.dynamics.mode_descent` (spikes), :mod:`theory.prediction.closed_form_errors` (bulk and
fluctuations) and :mod:`theory.prediction.errors` (estimates).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import sympy as sp

from theory.algebra.stable_form import StableForm, stabilise
from theory.dynamics.mode_descent import BLOCK, GAIN, mode_gain, step_mode
from theory.kernels.arithmetic import arithmetic_module, form_function, step_function, text_of
from theory.kernels.emission import KernelModule
from theory.prediction import closed_form_errors as closed_form
from theory.prediction.errors import error_form, estimate_form, outlier_form
from theory.published_rules import stopping_rule
from theory.published_settings import STOPPING
from theory.symbols import c, c1, c2, d_in, d_out, eta, t, w, y
from theory.symbols.dynamics import a
from theory.symbols.prediction import (
    corr,
    even,
    growth,
    odd,
    paired,
    power,
    shift_share,
    start_variance,
)
from theory.symbols.prediction import r_left as r
from theory.symbols.published import iteration, theta_1, train, train_1, train_start

__all__ = ["grid_module"]

#: How many modes a node stands for, the sum of squared residuals, and iterations between looks.
_count, _square, _stride = sp.symbols("count square stride", positive=True)

_train_before = sp.Symbol("train_before", real=True)

#: Reasons of the stopping rule that look at the train error alone.
_BY_TRAIN = ("train_error_small", "train_error_stalled")


@cache
def grid_module(update: str = "sequential") -> KernelModule:
    """Return the arithmetic of the loop ``error_grid`` for one order of update."""
    return arithmetic_module(f"grid_{update}", (*_FORMS, "mode_step"), _grid_text, update)


def _grid_text(update: str) -> str:
    step = {f"next_{k}": value for k, value in enumerate(step_mode(update))}
    forms = (form_function(name, form()) for name, form in _FORMS.items())
    return text_of(*forms, step_function("mode_step", (*BLOCK, GAIN), step))


def _single(arguments: tuple[sp.Symbol, ...], value: sp.Basic) -> StableForm:
    return StableForm(arguments, (), {"value": value})


def _shares() -> StableForm:
    """Return what as many modes add to the test error, the squared residual and the mean shift."""
    lazy = closed_form.lazy_shares()
    sums = {
        "test": error_form().outputs["test"],
        "power": lazy["power"].coeff(growth),
        "drift": lazy["test"].expand().coeff(growth),
    }
    return _counted((a, r, corr), sums)


def _norm_shares() -> StableForm:
    """Return what as many modes add to ``||A||_F^2`` and its mean shift."""
    shift = closed_form.lazy_shares()["norm"].coeff(growth)
    return _counted((a, r), {"norm": error_form().outputs["norm"], "norm_drift": shift})


def _counted(arguments: tuple[sp.Symbol, ...], sums: dict[str, sp.Expr]) -> StableForm:
    outputs = {name: _count * sp.factor(value) for name, value in sums.items()}
    return StableForm((_count, *arguments), (), outputs)


def _train_sum() -> sp.Expr:
    """Return the train error's sum in the sum of r^2, which its other terms are multiples of."""
    lazy = closed_form.lazy_shares()
    return sp.factor((r**2 + lazy["power"] + lazy["train"]).subs(r**2, _square))


def _may_have_stopped() -> sp.Basic:
    """Return when the train error may have ended a run in the last ``stride`` steps.

    It is the rule for both ends of the stride, at twice its change a step in the mean.
    """
    still = 2 * STOPPING.stall * _stride
    return stopping_rule(*_BY_TRAIN, stall=still).subs(train_1, _train_before)


#: The functions of the loop that do not depend on the order of update, as forms.
_FORMS: dict[str, Callable[[], StableForm]] = {
    "bulk_mode": closed_form.bulk_form,
    "error_shares": _shares,
    "norm_shares": _norm_shares,
    "flow_time": lambda: _single((iteration, eta, c), stabilise(closed_form.flow_time())),
    "kernel_variance": lambda: _single((c1, c2, w, d_in, d_out), closed_form.lazy_variance()),
    "start_power": lambda: _single(
        (start_variance, even, odd, paired, d_in, d_out, c, t), closed_form.start_power()
    ),
    "train_sum": lambda: _single((_square, growth), _train_sum()),
    "outlier_values": outlier_form,
    "truncation": lambda: _single(
        (power, shift_share, theta_1, c, w, d_in, d_out, t), estimate_form().outputs["truncation"]
    ),
    "stops_by_train": lambda: _single(
        (iteration, train, train_1, train_start), stopping_rule(*_BY_TRAIN)
    ),
    "may_have_stopped": lambda: _single(
        (iteration, train, _train_before, train_start, _stride), _may_have_stopped()
    ),
    "rises_needed": lambda: _single((), sp.Integer(STOPPING.test_rises)),
    "mode_gain": lambda: _single((y, a, eta), mode_gain()),
}
