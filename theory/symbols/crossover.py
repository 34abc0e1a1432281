"""Symbols of scaled networks: output factor and width, growing layers, changes of the kernel."""

from __future__ import annotations

from functools import cache

import sympy as sp

from theory.symbols.network import d_in, d_out, w
from theory.symbols.table import function, matrix, symbol

_A, _SQUARED, _ROOT = "unit of A", "squared unit of A", "root of the unit of A"

# The scaled network and its mapping to (sigma^2, w).
alpha = symbol("alpha", "factor of the output of a network of unit-variance weights", positive=True)
h = symbol("h", "its width", positive=True)
t_G = symbol("t_G", "time of its gradient flow", positive=True)
rho = symbol("rho", "divisor of the inputs that A acts on", positive=True)
N_loss = symbol("N_loss", "divisor of the loss of A", latex="N", text="N", positive=True)
k1 = symbol("k1", "factor of the weights of the first layer", unit=_ROOT, positive=True)
k2 = symbol("k2", "factor of the weights of the second layer", unit=_ROOT, positive=True)
U_unit = matrix("U_unit", w, d_in, "first layer, of unit variance", latex="U", text="U")
V_unit = matrix("V_unit", d_out, w, "second layer, of unit variance", latex="V", text="V")
W1_rate = matrix(
    "W1_rate", w, d_in, "rate of W1 in t_G", latex=r"\frac{dW_{1}}{dt_{G}}", text="dW₁/dt_G"
)
W2_rate = matrix(
    "W2_rate", d_out, w, "rate of W2 in t_G", latex=r"\frac{dW_{2}}{dt_{G}}", text="dW₂/dt_G"
)
clock = symbol("clock", "speed of t in t_G", latex=r"\frac{dt}{dt_{G}}", text="dt/dt_G")
sigma = symbol("sigma", "standard deviation of an entry of either layer", unit=_ROOT, positive=True)
x_input = matrix("x_input", d_in, 1, "an input", latex="x", text="x")
F_of = function("F_of", "output of the scaled network", latex="F", text="F")
C_of = function("C_of", "loss of A", latex="C", text="C", real=True)
grad_C = function("grad_C", "gradient of the loss of A", latex=r"\nabla C", text="∇C")
loss = symbol("loss", "loss of the scaled network", latex=r"\mathrm{loss}")
A0 = matrix("A0", d_out, d_in, "A at the start", latex="A_{0}", text="A₀", unit=_A)
std_A0 = symbol(
    "std_A0", "standard deviation of an entry of A(0)", latex=r"\operatorname{std} A_{0}", unit=_A
)

# The plane of exponents.
gamma_alpha = symbol("gamma_alpha", "exponent of alpha", real=True)
gamma_h = symbol("gamma_h", "exponent of the width h", real=True)
alpha_star = symbol(
    "alpha_star", "alpha between feature and lazy", latex=r"\alpha^{*}", text="alpha*"
)
A_scaled = symbol("A_scaled", "sqrt(h) alpha", latex="A", text="A", positive=True)


def _power(name: str, of: str, variable: str) -> sp.Symbol:
    latex = rf"\frac{{d \log {of}}}{{d \log {variable}}}"
    return symbol(name, f"power of {variable} in {of}", latex=latex, real=True)


power_star = _power("power_star", r"\alpha^{*}", "h")
power_boundary = _power("power_boundary", r"\alpha^{*}_{L}", "h")
power_alpha = _power("power_alpha", "t_{1}", r"\alpha")
power_h = _power("power_h", "t_{1}", "h")
power_F = _power("power_F", r"\delta F", "w")
power_first = _power("power_first", r"\|\Delta\Theta_{1}\|", "w")
power_second = _power("power_second", r"\|\Delta\Theta_{2}\|", "w")
slope_feature = _power("slope_feature", r"\|\Delta\Theta\|_{c \to 0}", "c")
slope_first = _power("slope_first", r"\|\Delta\Theta_{1}\|", "c")
slope_second = _power("slope_second", r"\|\Delta\Theta_{2}\|", "c")
slope_layer = _power("slope_layer", r"\|\Delta W_{2}\|_{c \to 0}", "c")

# Layers that grow together, at any depth.
L = symbol("L", "number of hidden layers", integer=True, positive=True)
r_own = symbol("r_1", "norm of one layer along its growing direction", positive=True)
r_two = symbol("r_2", "norm of a second layer", positive=True)
r = symbol("r_other", "norm of each other layer", latex="r", text="r", positive=True)
rest = symbol("rest", "product of the other layers' norms over h^(L/2)", latex="R", text="R")
growth = symbol("lambda_r", "such a norm over sqrt(h)", latex=r"\lambda", text="λ", positive=True)
f = symbol("f", "output of the network before scaling")
f_of = function("f_of", "that output, of a depth or of norms", latex="f", text="f")
kernel = symbol("kernel", "tangent kernel of the network before scaling", latex=r"\Theta", text="Θ")
kernel_0 = symbol("kernel_0", "kernel at the start", latex=r"\Theta_{0}", text="Θ₀")
kernel_move = symbol("kernel_move", "change of the kernel", latex=r"\Delta\Theta", text="ΔΘ")
kernel_move_1 = symbol(
    "kernel_move_1", "lazy change, first order", latex=r"\Delta\Theta_{1}", text="ΔΘ₁"
)
kernel_move_2 = symbol(
    "kernel_move_2", "lazy change, second order", latex=r"\Delta\Theta_{2}", text="ΔΘ₂"
)
a_feature = symbol(
    "a_feature", "minus the power of A in the kernel's change", latex="a", text="a", positive=True
)
b_feature = symbol(
    "b_feature", "power of A in the last layer's change", latex="b", text="b", real=True
)
t_1 = symbol("t_1", "time at which the dynamics ceases to be linear")
exponent_t1 = symbol(
    "exponent_t1", "exponent of d of t_1", latex=r"\gamma_{t_{1}}", text="exponent of t₁", real=True
)
_rows = symbol("d_l", "rows of a layer", integer=True, positive=True)
_columns = symbol("d_l1", "its columns", latex="d_{l-1}", integer=True, positive=True)
u_out = matrix("u_l", _rows, 1, "unit vector of the outputs of a layer")
u_in = matrix("u_l1", _columns, 1, "unit vector of its inputs", latex="u_{l-1}", text="u_(l-1)")
W_layer = matrix("W_l", _rows, _columns, "an aligned layer")

# Contractions of the kernel.
v_last = symbol("v_r", "weight of a neuron in the last layer", latex="v", text="v", real=True)
phi = function("activation", "activation", latex=r"\phi", text="φ")
K_3 = symbol("K_3", "grad Theta . grad f")
K_4 = symbol("K_4", "grad K_3 . grad f")
NEURON_TERMS = tuple(
    function(f"neuron_{k}", f"term of one neuron in {name}", latex=latex, text=name)
    for k, (name, latex) in enumerate(
        (("f", "f"), ("Θ", r"\Theta"), ("K₃", "K_{3}"), ("K₄", "K_{4}")), start=1
    )
)


@cache
def preactivation(index: int) -> sp.Symbol:
    """Return z_index, the pre-activation of a neuron on an input."""
    return symbol(f"z{index}", f"pre-activation of a neuron on input {index}", real=True)


@cache
def input_product(first: int, second: int) -> sp.Symbol:
    """Return k_ij, the inner product of two inputs over d_in."""
    meaning = f"inner product of inputs {first} and {second} over d_in"
    return symbol(f"k{first}{second}", meaning, latex=f"k_{{{first}{second}}}", real=True)


# The change of the kernel of a linear network.
excess = symbol("excess", "sqrt(s^2 + c^2) - c", latex="q", text="q", unit=_A, nonnegative=True)
excess_1 = symbol(
    "excess_1", "excess of a first mode", latex="q_{1}", text="q₁", unit=_A, nonnegative=True
)
excess_2 = symbol(
    "excess_2", "excess of a second mode", latex="q_{2}", text="q₂", unit=_A, nonnegative=True
)
_size = d_in * d_out
K0 = matrix("K0", _size, _size, "tangent kernel at the start", latex="K_{0}", text="K₀", unit=_A)
dK = matrix("dK", _size, _size, "its change", latex=r"\Delta K", text="ΔK", unit=_A)
dW2 = matrix("dW2", d_out, w, "change of the last layer", latex=r"\Delta W_{2}", text="ΔW₂")
Delta = matrix("Delta", d_out, d_in, "what is learned, A - A0", unit=_A)
M = matrix("M", d_in, d_in, "sum of x x^T over the inputs")
m_v = symbol("m_v", "v^T M v", latex=r"v^{\top} M v", positive=True)
m_vv = symbol("m_vv", "v^T M^2 v", latex=r"v^{\top} M^{2} v", positive=True)
m_2 = symbol("m_2", "tr M^2", latex=r"\operatorname{tr} M^{2}", positive=True)
m_1 = symbol("m_1", "tr M", latex=r"\operatorname{tr} M", positive=True)
change = symbol("change", "relative change of the kernel", latex=r"\delta_{K}", text="δK")
change_of = function("change_of", "change of the kernel by A", latex=r"\delta_{K}", text="δK")
change_1 = symbol(
    "change_1", "its part of first order in A", latex=r"\delta_{K,1}", text="δK₁", positive=True
)
change_even = symbol("change_even", "its part even in A", latex=r"\delta_{K,2}", text="δK₂")
change_total = symbol(
    "change_total", "both, added in square", latex=r"\delta_{K,\mathrm{total}}", text="δK total"
)


@cache
def mode_symbols(index: int) -> tuple[sp.Symbol, sp.Symbol, sp.Symbol]:
    """Return s_i, its ratio to c and q_i, the excess over c, of mode i."""
    return (
        symbol(f"s_{index}", f"singular value {index} of A", unit=_A, real=True),
        symbol(
            f"ratio_{index}", f"singular value {index} over c", latex=f"x_{{{index}}}", real=True
        ),
        symbol(f"q_{index}", f"excess of mode {index} over c", nonnegative=True),
    )


# The learned function and the layers, turning by an angle.
angle = symbol(
    "angle", "integral over time of minus the gradient", latex=r"\tau", text="τ", real=True
)
angle_of = function("angle_of", "that angle as a function of time", latex=r"\tau", text="τ")
a_0 = symbol("a_0", "u^T A e at the start", unit=_A, real=True)
b_0 = symbol("b_0", "v^T C1 e at the start", unit=_A, real=True)
a_turn = function("a_turn", "u^T A e at an angle", latex="a", text="a")
b_turn = function("b_turn", "v^T C1 e at an angle", latex="b", text="b")
learned = symbol("learned", "a - a_0, the learned function on e", latex="a - a_{0}", unit=_A)
var_a0 = symbol("var_a0", "variance of a_0", latex=r"\operatorname{var} a_{0}", unit=_SQUARED)
var_b0 = symbol("var_b0", "variance of b_0", latex=r"\operatorname{var} b_{0}", unit=_SQUARED)
cov_0 = symbol(
    "cov_0", "covariance of a_0 and b_0", latex=r"\operatorname{cov}(a_{0}, b_{0})", unit=_SQUARED
)
motion = symbol("motion", "squared relative change of a layer", latex="m", text="m", positive=True)
delta_F = symbol(
    "delta_F", "deviation of the learned function over starts", latex=r"\delta_{F}", positive=True
)
layer_move = symbol(
    "layer_move", "relative change of a layer along a mode", latex=r"\delta_{W}", positive=True
)
e_free = matrix("e_free", d_in, 1, "direction that no training input has", latex="e", text="e")
v_mode = matrix("v_mode", d_in, 1, "right singular vector of a mode", latex="v", text="v")
u_mode = matrix("u_mode", d_out, 1, "left singular vector of a mode", latex="u", text="u")
x_scaled = symbol("x_", "s/c", latex="x", text="x", nonnegative=True)
q_scaled = symbol("q_", "excess over c", latex=r"\hat{q}", nonnegative=True)
root = symbol("root_", "sqrt(2 + q/c)", latex=r"\hat{r}", nonnegative=True)
