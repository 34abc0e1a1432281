"""The arithmetic of the mode recursion, of its second order and of the stopping rule.

The loops are :mod:`numerics.kernels.loops.mode_recursion` and
:mod:`numerics.kernels.loops.stopping`.  A *pair* is two modes i <= j with some *excitations*:
independent initial fluctuations of its 2 x 2 block.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from theory.algebra.stable_form import StableForm
from theory.dynamics.mode_descent import BLOCK, GAIN, euler_step, mode_gain, mode_stages
from theory.kernels.arithmetic import (
    arithmetic_module,
    form_function,
    stage_function,
    step_function,
    text_of,
)
from theory.kernels.emission import KernelModule
from theory.prediction.fluctuations import (
    BLOCK_I,
    BLOCK_J,
    DRIVE,
    GAINS,
    PAIR,
    SHIFT,
    SHIFT_DRIVE,
    pair_stages,
    partner_stages,
    shift_stages,
)
from theory.published_rules import stop_form
from theory.symbols import c, eta, s, y

__all__ = ["second_order_module", "stopping_module"]

_FUNCTIONS = ("stage_count", "mode_gain", "mode_stage", "shift_stage", "pair_stage", "euler_step")


@cache
def second_order_module(update: str = "simultaneous") -> KernelModule:
    """Return the arithmetic of the loop ``mode_recursion`` for one order of update."""
    return arithmetic_module(f"second_order_{update}", _FUNCTIONS, _second_order_text, update)


def _second_order_text(update: str) -> str:
    gain = (y, BLOCK[1], eta)
    shift = (GAINS[0], SHIFT_DRIVE, *BLOCK_I, *SHIFT, eta)
    pair = (*GAINS, *BLOCK_I, *BLOCK_J, *DRIVE, *PAIR, eta)
    # What partners gain comes first: it is made of the pair block before it moves.
    both = [
        (*gained, *moved)
        for gained, moved in zip(partner_stages(update), pair_stages(update), strict=True)
    ]
    count = StableForm((), (), {"count": sp.Integer(len(mode_stages(update)))})
    return text_of(
        form_function("stage_count", count),
        step_function("mode_gain", gain, {"gain": mode_gain()}),
        stage_function("mode_stage", (*BLOCK, GAIN), mode_stages(update)),
        stage_function("shift_stage", shift, shift_stages(update)),
        stage_function("pair_stage", pair, both),
        step_function("euler_step", (y, s, c, eta), {"next_s": euler_step()}),
    )


@cache
def stopping_module() -> KernelModule:
    """Return the arithmetic of the loop ``stopping``.

    ``reason(*OBSERVED, *SETTINGS)`` is the place of the condition of
    :func:`theory.published_rules.stop_conditions` that ends a run, -1 where it goes on.
    """
    return arithmetic_module("stopping", ("reason",), _stopping_text)


def _stopping_text() -> str:
    return text_of(form_function("reason", stop_form()))
