"""The text of the kernels of nonlinear networks: activations, margin losses, frozen flow.

- :func:`activation_module`: ``c phi(z)`` and ``c phi'(z)`` in one pass, in place.
- :func:`frozen_flow_module`: margin loss, slope and curvature of all inputs in one pass, and
  gradient flow of the outputs under a frozen kernel Theta,

      d(impulse)/ds = -l'(y F) y,    F = F(0) + Theta impulse / n,

  by the Runge-Kutta-Chebyshev method of second order: Theta makes the equation stiff, its
  spectrum is real, and s stages are stable over ``2 (s^2 - 1)/3`` times what one Euler step
  is.  The impulses, one an input, say how far the weights move: ``dw = J^T impulse/(alpha n)``.

Holds for float64 arrays.  One exponential serves a softplus, its slope and a sigmoid.
Source of the method: Sommeijer, Shampine and Verwer 1998 (J. Comput. Appl. Math. 88, 315).
"""

from __future__ import annotations

import re
from functools import cache

import sympy as sp

from theory.algebra.stable_form import is_softplus, softplus_argument, stabilise
from theory.functions.activations import Activation
from theory.functions.margin_losses import MarginLoss
from theory.functions.scalar_function import ScalarFunction
from theory.kernels.emission import DECORATOR, KernelModule, scalar_lines, without_values
from theory.kernels.fast_exponentials import fast_exponentials, with_fast_exponentials

__all__ = ["activation_module", "frozen_flow_module"]

#: Longest start of a file name; file systems allow 255 bytes, four a character at worst.
MAX_NAME = 50


@cache
def activation_module(activation: Activation) -> KernelModule:
    """Return the module that applies an activation.

    Its functions, on flat arrays: ``apply(values, slopes, scale, parameters)`` replaces
    preactivations by ``scale phi`` and fills ``slopes`` with ``scale phi'``;
    ``apply_value(values, scale, parameters)`` does without slopes.
    """
    name, functions = _name("activation", activation), ("apply", "apply_value")
    return KernelModule(name, functions, _activation_text, (without_values(activation),))


def _activation_text(activation: Activation) -> str:
    targets = {"value": activation.expression, "slope": activation.derivative}
    lines = list(fast_exponentials())
    for name, outputs in (("apply", ["value", "slope"]), ("apply_value", ["value"])):
        slopes = "slopes, " if "slope" in outputs else ""
        lines += ["", "", DECORATOR, f"def {name}(values, {slopes}scale, parameters):"]
        lines += _parameter_lines(activation)
        lines += ["    for k in range(values.size):", "        preactivation = values[k]"]
        wanted = {key: targets[key] for key in outputs}
        lines += [f"        {line}" for line in _lines(wanted, activation)]
        lines += ["        values[k] = scale * value"]
        lines += ["        slopes[k] = scale * slope"] if slopes else []
    return "\n".join(lines) + "\n"


@cache
def frozen_flow_module(loss: MarginLoss) -> KernelModule:
    """Return the module that evaluates a margin loss and integrates the flow of its outputs.

    Its functions: ``evaluate(outputs, labels, parameters, forces)`` fills ``-l'(y F) y`` and
    returns (mean loss, smallest margin, largest curvature).  ``advance(gram, start, labels,
    duration, reach, margin, overshoot, tolerance, radius, level, evaluations, parameters, impulse,
    outputs, work)`` integrates from outputs ``start`` over ``duration``, or until an output has
    moved by ``reach`` (up to a tenth more) or the smallest margin is between ``margin`` and
    ``margin + overshoot``, with an error of the outputs of ``tolerance`` a step; it returns (time,
    first time with a mean loss below ``level`` or nan, evaluations made).  ``radius`` bounds the
    spectral radius of the equation from above; ``work`` is (8, n).
    """
    name, functions = _name("frozen_flow", loss), ("evaluate", "advance")
    return KernelModule(name, functions, _frozen_flow_text, (without_values(loss),))


def _frozen_flow_text(loss: MarginLoss) -> str:
    targets = {
        "value": loss.expression,
        "slope": loss.derivative,
        "curvature": loss.second_derivative,
    }
    lines = [*fast_exponentials(), "", "", DECORATOR]
    lines += ["def evaluate(outputs, labels, parameters, forces):"]
    lines += _parameter_lines(loss)
    lines += ["    total, smallest, largest = 0.0, np.inf, 0.0"]
    lines += ["    for k in range(outputs.size):", "        margin = labels[k] * outputs[k]"]
    lines += [f"        {line}" for line in _lines(targets, loss)]
    lines += [
        "        forces[k] = -slope * labels[k]",
        "        total += value",
        "        smallest = min(smallest, margin)",
        "        largest = max(largest, curvature)",
        "    return total / outputs.size, smallest, largest",
    ]
    return "\n".join(lines) + "\n" + _INTEGRATOR.replace("@DECORATOR", DECORATOR)


#: Steps of more than 200 stages are cut: round-off grows like the square of their number.
_INTEGRATOR = '''

@DECORATOR
def rates(gram, start, labels, parameters, impulse, outputs, forces):
    np.dot(gram, impulse, outputs)
    for k in range(outputs.size):
        outputs[k] = start[k] + outputs[k] / outputs.size
    return evaluate(outputs, labels, parameters, forces)


@DECORATOR
def chebyshev_step(gram, start, labels, parameters, step, stages, impulse, forces, new, work):
    """Fill new with the impulse after a step from impulse, where the forces are known."""
    before, last, outputs, slopes = work[0], work[1], work[2], work[3]
    w0 = 1.0 + 2.0 / (13.0 * stages * stages)
    # Chebyshev polynomials at w0 with two derivatives, which the damped coefficients are made of.
    t1, t2, d1, d2, e1, e2 = w0, 1.0, 1.0, 0.0, 0.0, 0.0
    for _ in range(2, stages + 1):
        t, d, e = 2 * w0 * t1 - t2, 2 * t1 + 2 * w0 * d1 - d2, 4 * d1 + 2 * w0 * e1 - e2
        t2, d2, e2, t1, d1, e1 = t1, d1, e1, t, d, e
    w1 = d1 / e1
    b1 = 1.0 / (4.0 * w0 * w0)
    b2 = b1
    t1, t2, d1, d2, e1, e2 = w0, 1.0, 1.0, 0.0, 0.0, 0.0
    a1 = 1.0 - b1 * w0
    for k in range(impulse.size):
        before[k] = impulse[k]
        last[k] = impulse[k] + b1 * w1 * step * forces[k]
    for _ in range(2, stages + 1):
        t, d, e = 2 * w0 * t1 - t2, 2 * t1 + 2 * w0 * d1 - d2, 4 * d1 + 2 * w0 * e1 - e2
        b = e / (d * d)
        mu, nu, own = 2 * b * w0 / b1, -b / b2, 2 * b * w1 / b1 * step
        first = -a1 * own
        rates(gram, start, labels, parameters, last, outputs, slopes)
        for k in range(impulse.size):
            value = (1.0 - mu - nu) * impulse[k] + mu * last[k] + nu * before[k]
            value += own * slopes[k] + first * forces[k]
            before[k] = last[k]
            last[k] = value
        t2, d2, e2, t1, d1, e1 = t1, d1, e1, t, d, e
        b2, b1, a1 = b1, b, 1.0 - b * t
    for k in range(impulse.size):
        new[k] = last[k]


@DECORATOR
def advance(gram, start, labels, duration, reach, margin, overshoot, tolerance, radius,
            level, evaluations, parameters, impulse, outputs, work):
    forces, new, ahead, later = work[4], work[5], work[6], work[7]
    impulse[:] = 0.0
    loss, smallest, _ = rates(gram, start, labels, parameters, impulse, outputs, forces)
    time, crossed, made, moved = 0.0, np.nan, 1, 0.0
    if loss < level:
        crossed = 0.0
    if not 0.0 < radius < np.inf:
        evaluations = 0
    step = min(1.0 / radius, duration)
    while time < duration and smallest < margin and moved < reach and made < evaluations:
        last = step >= duration - time
        if last:
            step = duration - time
        stages = 2 + int(math.sqrt(1.0 + 1.54 * step * radius))
        if stages > 200:
            stages, last = 200, False
            step = (200.0 * 200.0 - 1.0) / (1.54 * radius)
        chebyshev_step(gram, start, labels, parameters, step, stages, impulse, forces, new, work)
        found = rates(gram, start, labels, parameters, new, ahead, later)
        made += stages
        # The error of the outputs, by the method's own estimate for the impulses.
        for k in range(impulse.size):
            work[0, k] = 0.8 * (impulse[k] - new[k]) + 0.4 * step * (forces[k] + later[k])
        np.dot(gram, work[0], work[1])
        error = 0.0
        for k in range(impulse.size):
            error = max(error, abs(work[1, k]) / (impulse.size * tolerance))
        if not error <= 1.0:
            step *= max(0.1, 0.8 * error ** (-1.0 / 3.0)) if error < np.inf else 0.1
            continue
        if found[1] > margin + overshoot:
            step *= (margin + 0.5 * overshoot - smallest) / (found[1] - smallest)
            continue
        travel = 0.0
        for k in range(impulse.size):
            travel = max(travel, abs(ahead[k] - start[k]))
        if travel > 1.1 * reach:
            step *= (1.05 * reach - moved) / (travel - moved)
            continue
        if found[0] < level and not crossed <= time:
            crossed = time + step * (loss - level) / (loss - found[0])
        time = duration if last else time + step
        loss, smallest = found[0], found[1]
        moved = travel
        for k in range(impulse.size):
            impulse[k], outputs[k], forces[k] = new[k], ahead[k], later[k]
        step *= min(5.0, max(0.1, 0.8 * max(error, 1e-12) ** (-1.0 / 3.0)))
    return time, crossed, made
'''


def _lines(targets: dict[str, sp.Expr], function: ScalarFunction) -> list[str]:
    """Return assignments of the targets, with names of our own for the parameters."""
    # A user's parameter may be called like a variable of the loop.
    own = {
        x: sp.Symbol(f"parameter_{k}", positive=True)
        for k, x in enumerate(function.parameter_symbols)
    }
    written = {key: _shared(stabilise(value)).xreplace(own) for key, value in targets.items()}
    return scalar_lines({key: with_fast_exponentials(value) for key, value in written.items()})


def _shared(expression: sp.Expr) -> sp.Expr:
    """Write sigmoids with the one exponential that the stable softplus has."""

    def rewritten(power: sp.Expr) -> sp.Expr:
        argument = softplus_argument(sp.log(power.base, evaluate=False))
        decay = sp.exp(-sp.Abs(argument))
        return sp.Piecewise((decay, argument > 0), (1, True)) / (1 + decay)

    def is_sigmoid(x: sp.Basic) -> bool:
        return isinstance(x, sp.Pow) and x.exp == -1 and is_softplus(sp.log(x.base, evaluate=False))

    return expression.replace(is_sigmoid, rewritten)


def _parameter_lines(function: ScalarFunction) -> list[str]:
    return [f"    parameter_{k} = parameters[{k}]" for k in range(len(function.parameters))]


def _name(start: str, function: ScalarFunction) -> str:
    # The name becomes that of a file; the fingerprint tells apart what looks alike in it.
    return re.sub(r"\W+", "_", f"{start}_{function.name}")[:MAX_NAME]
