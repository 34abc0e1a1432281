"""Symbols of the prediction without simulation: orders of A, pairs of modes, errors."""

from __future__ import annotations

import sympy as sp

from theory.symbols.network import d_in, d_out
from theory.symbols.table import function, matrix, symbol

_A, _SQUARED = "unit of A", "squared unit of A"

# Errors of one mode, and what its order 2 adds.
corr = symbol("corr", "u^T A* v of a mode", latex=r"\chi", text="corr", unit=_A, real=True)
mean_shift = symbol(
    "mean_shift", "small shift of a mode's mean", latex=r"\delta a", text="δa", unit=_A, real=True
)
v = symbol("v", "variance of an entry of A_1 between bulk modes", unit=_SQUARED, nonnegative=True)
power = symbol(
    "power", "E||A_1||^2 per entry of A", latex=r"p_{1}", text="p₁", unit=_SQUARED, real=True
)
shift_share = symbol(
    "shift_share",
    "2 sum (a - corr) E A_2 per entry of A",
    latex=r"p_{2}",
    text="p₂",
    unit=_SQUARED,
    real=True,
)


def _quantity(name: str, meaning: str, unit: str = _SQUARED) -> sp.Symbol:
    return symbol(name, meaning, latex=rf"\text{{{name.replace('_', ' ')}}}", unit=unit)


A_start = matrix("A_0", d_out, d_in, "A to order 0 in the start's fluctuation", unit=_A)
A_1 = matrix("A_1", d_out, d_in, "A to order 1", unit=_A)
A_2 = matrix("A_2", d_out, d_in, "A to order 2", unit=_A)
A_star = matrix("Astar", d_out, d_in, "the signal A*", latex="A^{*}", text="A*", unit=_A)
Y_spike = matrix(
    "Y_spike", d_out, d_in, "one spike of the target", latex=r"Y_{\mathrm{spike}}", unit=_A
)
order_1 = _quantity("order_1", "order 1 of ||A - A*||_F^2")
order_2 = _quantity("order_2", "order 2 of ||A - A*||_F^2")
test_share = _quantity("test_share", "a mode's share of ||A_0 - A*||_F^2, less theta^2")
test_left = _quantity("test_left", "a mode's share of ||A_0 - A*||_F^2, less that at A_0 = Y")
test_of = function("test_of", "that share, of a", latex=r"\mathrm{test}", text="test")
test_noise = _quantity("test_noise", "what a mode of pure noise adds to the test error")
# How one run scatters around the mean.
deviation = _quantity("deviation", "standard deviation of one run's test error, spikes alone")
s_at = function("s_at", "a mode of A as a function of its target", latex="s", text="s")
s_slope = symbol("s_slope", "ds/dy of a mode", latex="s_{y}", text="s_y", real=True)
place_slope = symbol(
    "place_slope", "dyhat/dtheta of a spike", latex=r"\hat{y}'", text="yhat'", real=True
)
place_curvature = symbol(
    "place_curvature",
    "second derivative of yhat",
    latex=r"\hat{y}''",
    text="yhat''",
    unit="inverse unit of A",
    real=True,
)
shift_slope = symbol("shift_slope", "d epsilon/d theta", latex=r"\epsilon'", text="ε'", real=True)
test_moved = _quantity("test_moved", "change of a spike's share of the test error")
train_moved = _quantity("train_moved", "change of a spike's share of the train error")
left_weight = symbol(
    "left_weight",
    "epsilon by a square of the output side",
    latex=r"\epsilon_{u}",
    unit="1/unit of A",
)
right_weight = symbol(
    "right_weight",
    "epsilon by a square of the input side",
    latex=r"\epsilon_{v}",
    unit="1/unit of A",
)
product_weight = symbol(
    "product_weight", "epsilon by a product of both", latex=r"\epsilon_{\times}", unit="1/unit of A"
)
harmonic = symbol("harmonic", "number of a harmonic", latex="k", text="k", integer=True)
harmonic_of = function(
    "harmonic_of", "coefficient of cos(kx) in a function of the bulk", latex="a", text="a"
)
bulk_variance = symbol(
    "bulk_variance",
    "variance of a bulk's share",
    latex=r"\operatorname{var}_{\mathrm{bulk}}",
    unit="4th power of unit of A",
)
noise_norm = symbol(
    "noise_norm",
    "variance of ||E||_F^2 of m x n noise",
    latex=r"\operatorname{var}\left\| E \right\|_{F}^{2}",
    unit="4th power of unit of A",
)
PAIR_SQUARES = tuple(
    symbol(name, f"{meaning} of the two entries of a pair", unit=_SQUARED, real=True)
    for name, meaning in (
        ("M_11", "mean square of the first"),
        ("M_12", "mean product"),
        ("M_22", "mean square of the second"),
    )
)
pair_variance = symbol(
    "pair_variance",
    "variance of the sum of the squares of a pair's entries",
    latex=r"\operatorname{var}_{\mathrm{pair}}",
    unit="4th power of unit of A",
)
signal_square = _quantity("signal_square", "mean square of u^T A* v of a spike and a bulk mode")
hidden_variance = symbol(
    "hidden_variance",
    "variance of <A, A*> of a signal that the bulk hides",
    latex=r"\operatorname{var}_{\mathrm{hidden}}",
    unit="4th power of unit of A",
)
truncation = _quantity("truncation", "estimate of order 4 in the test error")
distance_truncation = symbol(
    "distance_truncation",
    "estimated share of the next order in a distance",
    latex=r"\text{share of the next order}",
)
outlier = _quantity("outlier", "where a mode stands out of the bulk of A", _A)
edge = _quantity("edge", "edge of the bulk of A", _A)
s_next = symbol("s_next", "s after an Euler step", latex="s'", text="s'", unit=_A)

# The closed form of a phase diagram.
r_left = symbol("r", "what is left of a mode to learn, y - s", unit=_A, real=True)
growth = symbol(
    "growth",
    "V t^2, relative second order of the lazy residual",
    latex=r"\mathrm{growth}",
    nonnegative=True,
)
even = symbol(
    "even", "sum of the squares of ge over the bulk", latex=r"\Sigma_{e}", nonnegative=True
)
odd = symbol("odd", "sum of the squares of go over the bulk", latex=r"\Sigma_{o}", nonnegative=True)
paired = symbol("paired", "number of bulk modes", latex=r"n_{\mathrm{bulk}}", nonnegative=True)
start_variance = symbol(
    "start_variance", "variance of an entry of A0", latex="v_{0}", unit=_SQUARED, nonnegative=True
)
g_plus = symbol("g_plus", "g(y), response of a mode to its start", latex="g_{+}", text="g₊")
g_minus = symbol("g_minus", "g(-y)", latex="g_{-}", text="g₋")
g_0 = symbol("g_0", "g(0), that of a direction without target")
RESPONSES = (ge_i, go_i, ge_j, go_j) = tuple(
    symbol(
        f"g{kind}_{mode}",
        f"part of g {parity} in y, mode {mode}",
        latex=rf"g^{{\mathrm{{{parity}}}}}_{{{mode}}}",
        real=True,
    )
    for mode in "ij"
    for kind, parity in (("e", "even"), ("o", "odd"))
)
A0_ij = symbol("A0_ij", "entry of A0 between modes i and j", latex="A_{0,ij}", unit=_A, real=True)
A0_ji = symbol("A0_ji", "entry of A0 between modes j and i", latex="A_{0,ji}", unit=_A, real=True)
dA_ij = symbol("dA_ij", "first-order change of A between them", latex="dA_{ij}", unit=_A)
kept = symbol("kept", "exp(-2ct), what a lazy mode has left", latex="f", text="f", positive=True)
V_lazy = symbol(
    "V_lazy", "mean square of the kernel's fluctuation", latex="V", text="V", unit=_SQUARED
)
X1 = matrix("X1", d_in, d_in, "fluctuation of C1 at the start", latex="X_{1}", unit=_A)
X2 = matrix("X2", d_out, d_out, "fluctuation of C2 at the start", latex="X_{2}", unit=_A)
R_lazy = matrix("R_lazy", d_out, d_in, "residual A - Y", latex="R", text="R", unit=_A)
R_1 = matrix("R_1", d_out, d_in, "its first order in X1 and X2", unit=_A)
R_2 = matrix("R_2", d_out, d_in, "its second order", unit=_A)
E_1 = matrix("E_1", d_in, d_in, "exp(-C1 t)", latex="e^{-C_{1} t}", text="exp(-C1⋅t)")
E_2 = matrix("E_2", d_out, d_out, "exp(-C2 t)", latex="e^{-C_{2} t}", text="exp(-C2⋅t)")


# The recursion of a pair of modes.
def _entries(names: str, meaning: str, unit: str = _A) -> tuple[sp.Symbol, ...]:
    return tuple(
        symbol(name, f"{meaning} ({name})", unit=unit, real=True) for name in names.split()
    )


PAIR = _entries("x00 x01 x10 x11", "entry of a pair block [[dC1_ij, dA_ji], [dA_ij, dC2_ij]]")
DRIVE = _entries("g_ij g_ji", "first order of A at the start of the step")
SHIFT = _entries("s00 s10 s11", "mean shift of a mode's block, second order")
SHIFT_DRIVE = symbol("g_shift", "mean shift of a at the start of the step", unit=_A, real=True)
GAINS = _entries("h_i h_j", "scaled residual of a mode", "1")
BLOCK_I = _entries("x_i a_i z_i", "entry of the Gram block of mode i")
BLOCK_J = _entries("x_j a_j z_j", "entry of the Gram block of mode j")

_PLAIN = str.maketrans("", "", "_{}")
_SIDE = 4  # two modes of two rows each: enough to see the sum over every partner j of a mode i


def _square(name: str, meaning: str, latex: str, side: int = _SIDE) -> sp.MatrixSymbol:
    return matrix(name, side, side, meaning, latex=latex, text=latex.translate(_PLAIN))


N_order = _square("N_order", "K to order 0", "N")
L_order = _square("L_order", "order 1 of A in the place of the gradient", "L")
M_order = _square("M_order", "order 2 of A in the place of the gradient", "M")
Q_order = _square("Q_order", "Q to order 0", "Q_{0}")
X_order = _square("X_order", "Q to order 1", "X")
S_order = _square("S_order", "Q to order 2", "S")
K_stage = _square("K_stage", "what a stage of descent multiplies Q by", "K")
Q_stage = _square("Q_stage", "the Gram matrix of two modes", "Q")
Q_after = _square("Q_after", "order 0 after a stage", r"Q_{0}'")
X_after = _square("X_after", "order 1 after a stage", "X'")
S_after = _square("S_after", "order 2 after a stage", "S'")
BLOCKS = {
    name: matrix(name, 2, 2, f"block {name[2:]} of {name[0]}", latex=f"{name[0]}_{{{name[2:]}}}")
    for name in "N_i N_j Q_i Q_j M_i S_i S_j M_j L_ii L_ij L_ji L_jj X_ii X_ij X_jj".split()
}
X_ij_after = _square("X_ij_after", "block of a pair after a stage", "X_{ij}'", 2)
S_i_after = _square("S_i_after", "shift of a mode after a stage", "S_{i}'", 2)
Q_balanced = matrix(
    "Q_balanced",
    d_in + d_out,
    d_in + d_out,
    "Q less half the imbalance times J",
    latex=r"\tilde{Q}",
    unit=_A,
)

# The response of a pair in closed form.
s_i, s_j = _entries("s_i s_j", "singular value of a mode")
r_i, r_j = _entries("r_i r_j", "what is left of it, y - s")
p_i = symbol("p_i", "sqrt(s_i^2 + c^2)", unit=_A, positive=True)
p_j = symbol("p_j", "sqrt(s_j^2 + c^2)", unit=_A, positive=True)


def _combination(name: str, meaning: str, latex: str = "") -> tuple[sp.Symbol, sp.Function]:
    letter = latex or name.split("_")[0]
    made = symbol(name, meaning, latex=f"{letter}_{{ij}}", unit=_A, real=True)
    of = function(
        f"{name}_of", f"{meaning}, as a function of time", latex=f"{letter}_{{ij}}", text=name
    )
    return made, of


u, u_of = _combination("u_ij", "sum of the two A entries of a pair")
rho, rho_of = _combination("rho_ij", "sum of its two C entries", r"\rho")
v_pair, v_pair_of = _combination("v_ij", "difference of the two A entries of a pair")
tau_pair, tau_pair_of = _combination("tau_ij", "difference of its two C entries", r"\tau")
sigma_pair = symbol("sigma_ij", "mean of alpha_i and alpha_j", latex=r"\sigma_{ij}", real=True)
alpha_i = symbol("alpha_i", "asinh(s_i/c)", real=True)
alpha_j = symbol("alpha_j", "asinh(s_j/c)", real=True)
zeta = symbol("zeta", "what the pair adds to sinh and cosh", real=True)
zeta_of = function("zeta_of", "zeta as a function of time", latex=r"\zeta", text="ζ")
zeta_ii_of = function("zeta_ii_of", "zeta of a mode with itself", latex=r"\zeta_{ii}", text="ζᵢᵢ")
s_i_of = function("s_i_of", "s_i as a function of time", latex="s_{i}", text="sᵢ")
s_j_of = function("s_j_of", "s_j as a function of time", latex="s_{j}", text="sⱼ")
E_i_of = function("E_i_of", "integrating factor of mode i", latex="E_{i}", text="Eᵢ")
E_j_of = function("E_j_of", "integrating factor of mode j", latex="E_{j}", text="Eⱼ")
t_before = symbol("t_before", "an earlier time", latex="t'", text="t'", nonnegative=True)
E_of = function("E_of", "integrating factor of a mode", latex="E", text="E")
p_of = function("p_of", "sqrt(s^2 + c^2) as a function of time", latex="p", text="p")
