"""The text of the module that evaluates a grid of cells, each to its minimal test error.

Control flow is written here; arithmetic is printed from :mod:`theory.dynamics.mode_descent`
(spikes), :mod:`theory.prediction.closed_form_errors` (bulk and fluctuations) and
:mod:`theory.prediction.errors` (estimates). A cell runs its spikes by descent, looks at the bulk
every ``stride`` iterations until the test error has risen twice, and then searches the iterations
around the smallest value seen.
"""

from __future__ import annotations

from functools import cache

import sympy as sp
from sympy.logic.boolalg import Boolean

from theory.algebra.stable_form import stabilise
from theory.dynamics.mode_descent import BLOCK, GAIN, mode_gain, step_mode
from theory.kernels.emission import DECORATOR, KernelModule, printed, scalar_lines
from theory.prediction import closed_form_errors as fast
from theory.prediction.errors import error_form, estimate_form, outlier_form, power, shift_share
from theory.published_rules import stopping_rule
from theory.published_settings import STOPPING
from theory.random_matrices.spiked_matrix import SIZES
from theory.symbols import c, c1, c2, d_in, d_out, eta, t, w, y
from theory.symbols.published import iteration as clock
from theory.symbols.published import theta_1, train_1, train_start
from theory.symbols.published import train as train_now

__all__ = ["grid_module"]

#: Sums over modes: what a mode adds to each, in s (or a), r and corr; counts multiply them.
_TEST, _NORM = error_form().outputs["test"], error_form().outputs["norm"]
_SHARES = fast.lazy_shares()
_SUMS = {
    "test": _TEST,
    "power": _SHARES["power"].coeff(fast.growth),
    "drift": _SHARES["test"].expand().coeff(fast.growth),
}
_NORM_SUMS = {"norm": _NORM, "norm_drift": _SHARES["norm"].coeff(fast.growth)}


@cache
def grid_module(update: str = "sequential") -> KernelModule:
    """Return the module of ``grid`` for one order of update.

    ``grid(c1, c2, w, eta, theta, spikes, known, nodes, counts, node_known, edge_target, d_out,
    d_in, tau, iterations, stride, out_minimum, out_iteration, out_rank, out_truncation)``: flat
    arrays over cells (c1, c2, w, eta and the outputs), over the singular values of A* (theta),
    over spikes (targets, correlations) and over nodes of the bulk (targets, counts,
    correlations).
    """
    return KernelModule(f"grid_{update}", ("grid",), _grid_text, (update,))


def _grid_text(update: str) -> str:
    lines = [*_spike_function(update), *_bulk_function(), *_errors_function()]
    lines += [*_final_function(), *_cell_function(), *_grid_function()]
    return "\n".join(lines) + "\n"


#: Reasons of the stopping rule that look at the train error alone.
_BY_TRAIN = ("train_error_small", "train_error_stalled")


def _train_rule() -> Boolean:
    """Return when the train error ends a run."""
    return stopping_rule(*_BY_TRAIN)


def _slow_rule() -> Boolean:
    """Return when it may have ended the run in the last ``stride`` steps.

    It is the rule for both ends of the stride, at twice its change a step in the mean.
    """
    still = 2 * STOPPING.stall * sp.Symbol("stride", positive=True)
    return stopping_rule(*_BY_TRAIN, stall=still).subs(train_1, sp.Symbol("train_before"))


def _head(name: str, *arguments: str) -> list[str]:
    return ["", "", DECORATOR, f"def {name}({', '.join(arguments)}):"]


def _indented(depth: int, targets: dict[str, sp.Expr]) -> list[str]:
    return ["    " * depth + line for line in scalar_lines(targets)]


def _accumulated(depth: int, sums: dict[str, sp.Expr], count: str, total: str) -> list[str]:
    lines = []
    for key, value in sums.items():
        lines.append("    " * depth + f"{total}{key} += {count}{printed(sp.factor(value))}")
    return lines


def _spike_function(update: str) -> list[str]:
    """Advance the spikes to an iteration, recording their sums from the one given."""
    x, a, z = (str(symbol) for symbol in BLOCK)
    stepped = dict(zip((f"block[i, {k}]" for k in range(3)), step_mode(update), strict=True))
    sums = _SUMS | _NORM_SUMS
    return [
        *_head("spikes_to", "stop", "done", "spikes", "known", str(eta), "block", "sums", "first"),
        "    for step in range(done, stop):",
        *(f"        total_{key} = 0.0" for key in sums),
        "        for i in range(spikes.size):",
        f"            {y}, corr = spikes[i], known[i]",
        f"            {x}, {a}, {z} = block[i, 0], block[i, 1], block[i, 2]",
        f"            {fast.r} = {y} - {a}",
        *_accumulated(3, sums, "", "total_"),
        f"            {GAIN} = {printed(mode_gain())}",
        *_indented(3, stepped),
        "            if i == 0:",
        f"                first[step] = {a}",
        *(f"        sums[step, {k}] = total_{key}" for k, key in enumerate(sums)),
        "    return stop",
    ]


def _bulk_function() -> list[str]:
    form = fast.bulk_form()
    outputs = {key: form.outputs[key] for key in ("s", "r", "g_plus", "g_minus")}
    names = {"s": str(fast.a), "r": str(fast.r)}
    totals = [*(f"total_{key}" for key in _SUMS), "even", "odd"]
    return [
        *_head("bulk_sums", str(t), str(c), "nodes", "counts", "node_known"),
        *(f"    {name} = 0.0" for name in totals),
        "    for i in range(nodes.size):",
        f"        {y}, corr, count = nodes[i], node_known[i], counts[i]",
        *(f"        {name} = {printed(value)}" for name, value in form.definitions),
        *(f"        {names.get(key, key)} = {printed(value)}" for key, value in outputs.items()),
        *_accumulated(2, _SUMS, "count * ", "total_"),
        "        ge, go = 0.5 * (g_plus + g_minus), 0.5 * (g_plus - g_minus)",
        "        even += count * ge * ge",
        "        odd += count * go * go",
        f"    return {', '.join(totals)}",
    ]


_CELL = [str(s) for s in (c, w, d_out, d_in, "start_variance", "paired", "variance_growth")]


def _growth_line(depth: int) -> str:
    return "    " * depth + f"growth = variance_growth * {t} ** 2"


def _errors_function() -> list[str]:
    """Test and train error (sums over entries) at an iteration, with the spikes' sums there."""
    square = sp.Symbol("square")
    train = (fast.r**2 + _SHARES["power"] + _SHARES["train"]).subs(fast.r**2, square)
    return [
        *_head("errors", "spike_sums", str(t), *_CELL, "nodes", "counts", "node_known"),
        f"    test, power, drift, even, odd = bulk_sums({t}, {c}, nodes, counts, node_known)",
        _growth_line(1),
        f"    from_start = {printed(fast.start_power())}",
        f"    {square} = spike_sums[1] + power",
        f"    fluctuation = growth * ({square} + spike_sums[2] + drift)",
        "    test += spike_sums[0] + fluctuation + from_start",
        f"    return test, {printed(sp.factor(train))} + from_start",
    ]


def _final_function() -> list[str]:
    """Stable rank and truncation at the minimum."""
    form, outliers = fast.bulk_form(), outlier_form().outputs
    m, n = (str(size) for size in SIZES)
    truncation = estimate_form().outputs["truncation"]
    return [
        *_head(
            "at_minimum",
            "spike_sums",
            "largest",
            "largest_target",
            "rank",
            "has_spike",
            str(t),
            *_CELL,
            str(theta_1),
            "edge_target",
            "nodes",
            "counts",
            "node_known",
        ),
        f"    test, power, drift, even, odd = bulk_sums({t}, {c}, nodes, counts, node_known)",
        _growth_line(1),
        f"    from_start = {printed(fast.start_power())}",
        "    norm, norm_drift = spike_sums[3], spike_sums[4]",
        "    for i in range(nodes.size):",
        f"        {y}, corr, count = nodes[i], node_known[i], counts[i]",
        *(f"        {name} = {printed(value)}" for name, value in form.definitions),
        f"        {fast.a}, {fast.r} = {printed(form.outputs['s'])}, {printed(form.outputs['r'])}",
        *_accumulated(2, _NORM_SUMS, "count * ", ""),
        "    norm += growth * (spike_sums[1] + power + norm_drift) + from_start",
        f"    {m}, {n} = {d_out} - rank, {d_in} - rank",
        f"    v = (growth * power + start_variance * (even * even + odd * odd)) / ({m} * {n})",
        f"    {y} = edge_target",
        *(f"    {name} = {printed(value)}" for name, value in form.definitions),
        f"    a = {printed(form.outputs['s'])}",
        f"    top = {printed(outliers['edge'])}",
        "    a = largest - 0.5 * growth * (largest_target - largest)",
        f"    if has_spike and a > {printed(outliers['threshold'])}:",
        f"        top = max(top, {printed(outliers['outlier'])})",
        f"    entries = {d_out} * {d_in}",
        f"    {power} = (growth * (spike_sums[1] + power) + from_start) / entries",
        f"    {shift_share} = growth * (spike_sums[2] + drift) / entries",
        f"    return norm / top ** 2, {printed(truncation)}",
    ]


def _cell_function() -> list[str]:
    constants = ", ".join(_CELL)
    modes = "nodes, counts, node_known"
    at = lambda moment: f"errors(sums[{moment}], flow * {moment}, {constants}, {modes})"  # noqa: E731
    return [
        *_head(
            "cell",
            str(c1),
            str(c2),
            str(w),
            str(eta),
            "theta",
            "spikes",
            "known",
            "nodes",
            "counts",
            "node_known",
            "edge_target",
            str(d_out),
            str(d_in),
            "paired",
            "iterations",
            "stride",
            "block",
            "sums",
            "first",
        ),
        f"    {c} = 0.5 * ({c1} + {c2})",
        f"    start_variance = {c1} * {c2} / {w}",
        f"    variance_growth = {printed(fast.lazy_variance())}",
        "    iteration = 1.0",
        f"    flow = {printed(stabilise(fast.flow_time()))} if 2.0 * {eta} * {c} < 1.0 else {eta}",
        f"    entries = {d_out} * {d_in}",
        "    signal = 0.0",
        "    for i in range(theta.size):",
        "        signal += theta[i] ** 2",
        "    for i in range(spikes.size):",
        f"        block[i, 0], block[i, 1], block[i, 2] = {c1}, 0.0, {c2}",
        "    done, best, smallest = 0, 0, math.inf",
        "    rises, test_before, train_before, last = 0, math.inf, math.inf, iterations",
        "    step = 0",
        "    while step <= iterations:",
        f"        done = spikes_to(step + 1, done, spikes, known, {eta}, block, sums, first)",
        f"        test, {train_now} = {at('step')}",
        f"        {train_now} /= entries",
        "        if step == 0:",
        f"            {train_start} = {train_now}",
        f"        {clock} = step",
        f"        if step > 0 and ({printed(_slow_rule())}):",
        "            stopped = False",
        "            for now in range(step - stride + 1, step + 1):",
        f"                test, {train_now} = {at('now')}",
        f"                other, {train_1} = {at('(now - 1)')}",
        f"                {train_now}, {train_1} = {train_now} / entries, {train_1} / entries",
        f"                {clock} = now",
        f"                if {printed(_train_rule())}:",
        "                    step, stopped = now, True",
        "                    break",
        "            if stopped:",
        "                last = step",
        "                if test < smallest:",
        "                    smallest, best = test, step",
        "                break",
        "        if test < smallest:",
        "            smallest, best = test, step",
        "        rises = rises + 1 if test > test_before else 0",
        f"        test_before, train_before = test, {train_now}",
        f"        if rises == {STOPPING.test_rises}:",
        "            last = step",
        "            break",
        "        step += stride",
        "    low, high = max(0, best - stride + 1), min(last, best + stride - 1)",
        f"    done = spikes_to(high + 1, done, spikes, known, {eta}, block, sums, first)",
        "    # One minimum lies between neighbours of the smallest value seen.",
        "    while high - low > 2:",
        "        left = low + (high - low) // 3",
        "        right = max(left + 1, high - (high - low) // 3)",
        f"        if {at('left')}[0] < {at('right')}[0]:",
        "            high = right",
        "        else:",
        "            low = left",
        "    for step in range(low, high + 1):",
        f"        test = {at('step')}[0]",
        "        if test < smallest:",
        "            smallest, best = test, step",
        "    has_spike = spikes.size > 0",
        "    target = spikes[0] if has_spike else 0.0",
        "    stable_rank, truncation = at_minimum(",
        "        sums[best], first[best], target, spikes.size, has_spike, flow * best,",
        f"        {constants}, theta[0], edge_target, {modes})",
        "    return (smallest + signal) / entries, best, stable_rank, truncation",
    ]


def _grid_function() -> list[str]:
    return [
        *_head(
            "grid",
            str(c1),
            str(c2),
            str(w),
            str(eta),
            "theta",
            "spikes",
            "known",
            "nodes",
            "counts",
            "node_known",
            "edge_target",
            str(d_out),
            str(d_in),
            "paired",
            "iterations",
            "stride",
            "out_minimum",
            "out_iteration",
            "out_rank",
            "out_truncation",
        ),
        "    block = np.empty((spikes.size, 3))",
        f"    sums = np.zeros((iterations + 1, {len(_SUMS | _NORM_SUMS)}))",
        "    first = np.zeros(iterations + 1)",
        f"    for k in range({c1}.size):",
        "        out_minimum[k], out_iteration[k], out_rank[k], out_truncation[k] = cell(",
        f"            {c1}[k], {c2}[k], {w}[k], {eta}[k], theta, spikes, known, nodes, counts,",
        f"            node_known, edge_target, {d_out}, {d_in}, paired, iterations, stride, block,",
        "            sums, first)",
    ]
