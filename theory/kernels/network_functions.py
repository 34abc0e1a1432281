"""The arithmetic of nonlinear networks: activations and margin losses with their derivatives.

The loops are :mod:`numerics.kernels.loops.activation` and
:mod:`numerics.kernels.loops.frozen_flow`.  One exponential serves a softplus, its slope and a
sigmoid, and a new value of a parameter needs no new module.
"""

from __future__ import annotations

import re
from functools import cache

import sympy as sp

from theory.algebra.stable_form import is_softplus, softplus_argument, stabilise
from theory.functions.activations import Activation
from theory.functions.margin_losses import MarginLoss
from theory.functions.scalar_function import ScalarFunction
from theory.kernels.arithmetic import arithmetic_module, step_function, text_of, tuple_function
from theory.kernels.emission import KernelModule, without_values
from theory.kernels.fast_exponentials import fast_exponentials, with_fast_exponentials

__all__ = ["activation_module", "frozen_flow_module"]

#: Longest start of a file name; file systems allow 255 bytes, four a character at worst.
MAX_NAME = 50


@cache
def activation_module(activation: Activation) -> KernelModule:
    """Return the arithmetic of the loop ``activation``."""
    functions = ("constants_of", "activation_value", "activation_with_slope")
    name = _name("activation", activation)
    return arithmetic_module(name, functions, _activation_text, without_values(activation))


@cache
def frozen_flow_module(loss: MarginLoss) -> KernelModule:
    """Return the arithmetic of the loop ``frozen_flow``."""
    functions = ("constants_of", "margin_terms")
    return arithmetic_module(
        _name("frozen_flow", loss), functions, _margin_text, without_values(loss)
    )


def _activation_text(activation: Activation) -> str:
    value = {"value": activation.expression}
    both = value | {"slope": activation.derivative}
    return _text(activation, activation_value=value, activation_with_slope=both)


def _margin_text(loss: MarginLoss) -> str:
    terms = {
        "value": loss.expression,
        "slope": loss.derivative,
        "curvature": loss.second_derivative,
    }
    return _text(loss, margin_terms=terms)


def _text(function: ScalarFunction, **outputs: dict[str, sp.Expr]) -> str:
    # A user's parameter may be called like anything, so that it gets a name of our own.
    own = {
        x: sp.Symbol(f"parameter_{k}", positive=True)
        for k, x in enumerate(function.parameter_symbols)
    }
    printed = [fast_exponentials(), tuple_function("constants_of", "parameters", len(own))]
    for name, targets in outputs.items():
        written = {
            key: with_fast_exponentials(_shared(stabilise(value)).xreplace(own))
            for key, value in targets.items()
        }
        printed.append(step_function(name, (function.VARIABLES[0], *own.values()), written))
    return text_of(*printed)


def _shared(expression: sp.Expr) -> sp.Expr:
    """Write sigmoids with the one exponential that the stable softplus has."""

    def rewritten(power: sp.Expr) -> sp.Expr:
        argument = softplus_argument(sp.log(power.base, evaluate=False))
        decay = sp.exp(-sp.Abs(argument))
        return sp.Piecewise((decay, argument > 0), (1, True)) / (1 + decay)

    def is_sigmoid(x: sp.Basic) -> bool:
        return isinstance(x, sp.Pow) and x.exp == -1 and is_softplus(sp.log(x.base, evaluate=False))

    return expression.replace(is_sigmoid, rewritten)


def _name(start: str, function: ScalarFunction) -> str:
    # The name becomes that of a file; the fingerprint tells apart what looks alike in it.
    return re.sub(r"\W+", "_", f"{start}_{function.name}")[:MAX_NAME]
