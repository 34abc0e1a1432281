"""Symbols of the exponent plane: exponents, the quantities that are compared, times, words."""

from __future__ import annotations

import sympy as sp

from theory.symbols.table import function, symbol

_A, _SQUARED, _TIME = "unit of A", "squared unit of A", "inverse unit of A"

gamma_sigma2 = symbol(
    "gamma_sigma2",
    "exponent of sigma^2 (mean of the two layers')",
    latex=r"\gamma_{\sigma^2}",
    real=True,
)
gamma_w = symbol("gamma_w", "exponent of the width", real=True)
gap = symbol(
    "gap", "exponent of sigma1^2 minus that of sigma2^2", latex=r"\Delta\gamma", nonnegative=True
)
p = symbol("p", "exponent of the signal's singular values", real=True)
q = symbol("q", "exponent of the noise's entries", real=True)
kappa = symbol("kappa", "exponent of the rank", real=True)

# Letters of the quantities that are compared.
c_edge = symbol(
    "c_edge", "largest eigenvalue of C1 and C2", latex=r"c_{\mathrm{edge}}", unit=_A, positive=True
)
epsilon_C = symbol("epsilon_C", "relative fluctuation of C1 and C2", positive=True)
theta_min = symbol(
    "theta_min",
    "least signal that is seen through the noise",
    latex=r"\theta_{\min}",
    unit=_A,
    positive=True,
)
v = symbol(
    "v_start", "variance of an entry of A(0)", latex="v", text="v", unit=_SQUARED, positive=True
)
S = symbol("S", "signal per entry, ||A*||_F^2/d^2", unit=_SQUARED, positive=True)
K_noise = symbol(
    "K_noise",
    "noise is fitted as t^2 K times its square",
    latex="K",
    text="K",
    unit=_SQUARED,
    positive=True,
)
L_wait = symbol(
    "L_wait", "theta T at the sweet spot, about log(theta/c)", latex="L", text="L", positive=True
)
misalignment = symbol("misalignment", "what an overlap lacks to 1", latex=r"\delta")


def _error(index: str, meaning: str) -> sp.Symbol:
    latex = rf"e_{{\mathrm{{{index}}}}}"
    return symbol(f"e_{index}", meaning, latex=latex, unit=_SQUARED, positive=True)


e_noise = _error("noise", "variance of an entry of the noise")
e_spike = _error("spike", "noise in the learned signal")
e_wait = _error("wait", "noise fitted while the signal is learned")
e_end = _error("end", "noise fitted by the end of training")
e_width = _error("width", "signal that w < k units cannot hold")
e_hidden = _error("hidden", "signal lost under the noise")
e_min = _error("min", "smallest test error")
e_of = function("e_of", "test error at a time, or at a fitted fraction", latex="e", text="e")
fitted = symbol("fitted", "fraction that a lazy network has fitted", latex="F", text="F", real=True)
exponent = symbol("exponent", "exponent of the smallest test error", latex="E", text="E", real=True)
exponent_of = function(
    "exponent_of", "exponent of d of a quantity", latex=r"\gamma\left[%s\right]", text="exponent"
)


def _time(name: str, meaning: str, index: str = "") -> sp.Symbol:
    letter, short = name.split("_")
    latex = rf"{letter}_{{\mathrm{{{index or short}}}}}"
    return symbol(name, meaning, latex=latex, unit=_TIME, positive=True)


T = symbol("T", "time at which training stops", unit=_TIME, positive=True)
T_wait = _time("T_wait", "time until the signal is learned")
T_part = _time("T_part", "time until the best fraction is fitted")
T_init = _time("T_init", "time until enough of A(0) is unlearned")
T_bulk = _time("T_bulk", "time until noise outgrows the signal")
t_cross = _time("t_cross", "time at which a mode crosses the threshold")
t_align = _time("t_align", "time at which a mode leaves the bulk of A(0)")
t_converged = _time("t_converged", "time at which a mode has converged", "conv")
accuracy = symbol(
    "accuracy",
    "relative distance that counts as converged",
    latex=r"\epsilon",
    text="ε",
    positive=True,
)
rate_of = function(
    "rate_of", "rate of a mode at a singular value", latex=r"\mathrm{rate}", text="rate"
)
regime = symbol("regime", "name of the regime", latex=r"\mathrm{regime}")


def _words(*names: str) -> tuple[sp.Symbol, ...]:
    """Enter words that stand in a Piecewise as its values."""
    return tuple(symbol(x, f"the words '{x}'", latex=rf"\text{{{x}}}") for x in names)


#: Names of the regimes, in the order in which they are decided.
REGIMES = _words("underparameterised", "infinite noise", "hidden", "lazy", "mixed", "active")

#: Names of the terms that can set the smallest test error.
TERMS = _words(
    "spike estimation",
    "fitted noise",
    "initial matrix",
    "signal beyond width",
    "missing signal",
    "noise",
    "undetected signal",
)
