"""The text of the module that runs the mode recursion and its second order.

Control flow is written here; every arithmetic line is printed from the expressions of
:mod:`theory.dynamics.mode_descent` and :mod:`theory.prediction.fluctuations`.  A *pair* is two
modes i <= j with some *excitations*: independent initial fluctuations of its 2 x 2 block.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from theory.dynamics.mode_descent import BLOCK, GAIN, euler_step, mode_gain, mode_stages
from theory.kernels.emission import DECORATOR, KernelModule, printed, scalar_lines
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
from theory.published_rules import SETTINGS, stop_form
from theory.symbols import c, eta, s, y

__all__ = ["second_order_module", "stopping_module"]


@cache
def second_order_module(update: str = "simultaneous") -> KernelModule:
    """Return the module of the second-order recursion for one order of update.

    Its functions are ``second_order(targets, eta, blocks, shifts, first, second, counts, weight,
    bulk, start, entries, out_mode, out_shift, out_power, out_bulk)`` and
    ``euler(targets, threshold, eta, out_mode)``.  ``blocks`` (modes, 3) and ``shifts`` (modes, 3)
    hold the Gram blocks and their mean shift at the start; ``first`` and ``second`` the modes of
    each pair, ``counts`` (pairs, 2) how many such partners i and j have, ``weight`` and ``bulk``
    how many such pairs enter the total and the bulk's power; ``entries`` (excitations, 4) the
    pair blocks, those of pair p from ``start[p]`` to ``start[p + 1]``.  The outputs have one
    row for each iteration from 0.  All four input arrays of the state are overwritten.
    """
    functions = ("second_order", "euler")
    return KernelModule(f"second_order_{update}", functions, _second_order_text, (update,))


def _second_order_text(update: str) -> str:
    lines = ["", "", DECORATOR, _signature(), *_preparation(), *_observation()]
    for stage in range(len(mode_stages(update))):
        lines += _shift_lines(update, stage)
        lines += _pair_lines(update, stage)
        lines += _mode_lines(update, stage)
    lines += _euler_function()
    return "\n".join(lines) + "\n"


@cache
def stopping_module() -> KernelModule:
    """Return the module of ``reason`` and ``stop``.

    ``reason(*OBSERVED, *SETTINGS)`` is the place of the condition of
    :func:`theory.published_rules.stop_conditions` that ends a run, -1 where it goes on.
    ``stop(train_errors, test_errors, *SETTINGS)`` is the first iteration that ends, or the number
    of errors.
    """
    return KernelModule("stopping", ("reason", "stop"), _stopping_text)


def _stopping_text() -> str:
    form = stop_form()
    (condition,) = form.outputs.values()
    settings = ", ".join(map(str, SETTINGS))
    lines = [
        *("", "", DECORATOR),
        f"def reason({', '.join(map(str, form.arguments))}):",
        f"    return {printed(condition)}",
        *("", "", DECORATOR),
        f"def stop(train_errors, test_errors, {settings}):",
        "    rises = 0",
        "    for now in range(test_errors.size):",
        # At the start there is nothing to compare with: nothing rose.
        "        before = max(now - 1, 0)",
        "        rises = rises + 1 if test_errors[now] > test_errors[before] else 0",
        "        train, train_1 = train_errors[now], train_errors[before]",
        f"        if reason(now, rises, train, train_1, train_errors[0], {settings}) >= 0:",
        "            return now",
        "    return test_errors.size",
    ]
    return "\n".join(lines) + "\n"


def _signature() -> str:
    return (
        "def second_order(targets, eta, blocks, shifts, first, second, counts, weight, bulk, "
        "start, entries,\n                 out_mode, out_shift, out_power, out_bulk):"
    )


def _preparation() -> list[str]:
    return [
        "    modes, pairs = targets.size, first.size",
        "    gain, drive = np.empty(modes), np.empty(modes)",
        "    frozen = np.empty((entries.shape[0], 2))",
        "    added = np.empty((modes, 3))",
        "    last = out_power.size - 1",
        "    for step in range(last + 1):",
    ]


def _observation() -> list[str]:
    """Record the state and freeze the gradient for the whole step."""
    x01, x10 = (PAIR.index(symbol) for symbol in (PAIR[1], PAIR[2]))
    return [
        "        for i in range(modes):",
        f"            {y}, {BLOCK[1]} = targets[i], blocks[i, 1]",
        *_indented(3, {"gain[i]": mode_gain()}),
        "            drive[i] = shifts[i, 1]",
        "            out_mode[step, i], out_shift[step, i] = blocks[i, 1], shifts[i, 1]",
        "        power = 0.0",
        "        power_bulk = 0.0",
        "        for p in range(pairs):",
        "            square = 0.0",
        "            for e in range(start[p], start[p + 1]):",
        # dA_ij stands below the diagonal of the pair block, dA_ji above it.
        f"                frozen[e, 0], frozen[e, 1] = entries[e, {x10}], entries[e, {x01}]",
        f"                square += entries[e, {x10}] ** 2 + entries[e, {x01}] ** 2",
        "            power += weight[p] * square",
        "            power_bulk += bulk[p] * square",
        "        out_power[step], out_bulk[step] = power, power_bulk",
        "        if step == last:",
        "            break",
    ]


def _shift_lines(update: str, stage: int) -> list[str]:
    """Move the shift of each mode by itself; its partners add theirs later."""
    values = shift_stages(update)[stage]
    return [
        "        for i in range(modes):",
        f"            {GAINS[0]}, {SHIFT_DRIVE} = gain[i], drive[i]",
        *_unpack(3, BLOCK_I, "blocks", "i"),
        *_unpack(3, SHIFT, "shifts", "i"),
        *_indented(3, {f"added[i, {k}]": value for k, value in enumerate(values)}),
    ]


def _pair_lines(update: str, stage: int) -> list[str]:
    moved = {f"entries[e, {k}]": value for k, value in enumerate(pair_stages(update)[stage])}
    names = [f"{side}_{k}" for side in ("to_first", "to_second") for k in range(3)]
    given = partner_stages(update)[stage]
    kept = {name: value for name, value in zip(names, given, strict=True) if value != 0}
    gathered = {f"add_{name}": value for name, value in kept.items()}
    return [
        "        for p in range(pairs):",
        "            i, j = first[p], second[p]",
        f"            {GAINS[0]}, {GAINS[1]} = gain[i], gain[j]",
        *_unpack(3, BLOCK_I, "blocks", "i"),
        *_unpack(3, BLOCK_J, "blocks", "j"),
        *(f"            {name} = 0.0" for name in kept),
        "            for e in range(start[p], start[p + 1]):",
        f"                {DRIVE[0]}, {DRIVE[1]} = frozen[e, 0], frozen[e, 1]",
        *_unpack(4, PAIR, "entries", "e"),
        *_indented(4, gathered | moved),
        *(f"                {name} += add_{name}" for name in kept),
        *(
            f"            added[{mode}, {name[-1]}] += counts[p, {column}] * {name}"
            for column, (side, mode) in enumerate((("to_first", "i"), ("to_second", "j")))
            for name in kept
            if name.startswith(side)
        ),
    ]


def _mode_lines(update: str, stage: int) -> list[str]:
    values = mode_stages(update)[stage]
    return [
        "        for i in range(modes):",
        f"            {GAIN} = gain[i]",
        *_unpack(3, BLOCK, "blocks", "i"),
        *_indented(3, {f"blocks[i, {k}]": value for k, value in enumerate(values)}),
        "            for k in range(3):",
        "                shifts[i, k] = added[i, k]",
    ]


def _euler_function() -> list[str]:
    return [
        "",
        "",
        DECORATOR,
        f"def euler(targets, {c}, {eta}, out_mode):",
        "    for i in range(targets.size):",
        f"        {y}, {s} = targets[i], 0.0",
        "        out_mode[0, i] = 0.0",
        "        for step in range(1, out_mode.shape[0]):",
        *_indented(3, {str(s): euler_step()}),
        f"            out_mode[step, i] = {s}",
    ]


def _unpack(depth: int, symbols: tuple[sp.Symbol, ...], array: str, row: str) -> list[str]:
    names = ", ".join(str(symbol) for symbol in symbols)
    values = ", ".join(f"{array}[{row}, {k}]" for k in range(len(symbols)))
    return [f"{'    ' * depth}{names} = {values}"]


def _indented(depth: int, targets: dict[str, sp.Expr]) -> list[str]:
    """Return assignments; a target that stands in no other right side may be set at once."""
    return ["    " * depth + line for line in scalar_lines(targets)]
