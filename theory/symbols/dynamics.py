"""Symbols of the dynamics: the Gram matrix, the unified evolution, the closed forms, one mode."""

from __future__ import annotations

import sympy as sp

from theory.symbols.network import d_in, d_out, n, w
from theory.symbols.table import function, matrix, symbol

_size = d_in + d_out
_A, _ROOT, _TIME = "unit of A", "root of the unit of A", "inverse unit of A"


def _gram(
    name: str, meaning: str, latex: str = "", *, text: str = "", unit: str = _A
) -> sp.MatrixSymbol:
    return matrix(name, _size, _size, meaning, latex=latex, text=text, unit=unit)


# Gradient flow and descent.
R = matrix("R", d_out, n, "derivative of the loss in the predictions A X", unit=_A)
delta_A = matrix("deltaA", d_out, d_in, "first variation of A", latex=r"\delta A", unit=_A)
V1 = matrix("V1", w, d_in, "direction in which W1 is varied", latex="V_{1}", unit=_ROOT)
V2 = matrix("V2", d_out, w, "direction in which W2 is varied", latex="V_{2}", unit=_ROOT)
grad_W1 = matrix("gradW1", w, d_in, "gradient of the loss in W1", latex=r"\nabla_{W_{1}}")
grad_W2 = matrix("gradW2", d_out, w, "gradient of the loss in W2", latex=r"\nabla_{W_{2}}")
Q_next = _gram("Qnext", "Q after one step", r"Q_{\mathrm{next}}")
Theta_next = matrix(
    "Thetanext", _size, w, "Theta after one step", latex=r"\Theta_{\mathrm{next}}", unit=_ROOT
)
Delta_B = matrix(
    "DeltaB", w, w, "change of the balancedness in one step", latex=r"\Delta B", unit=_A
)
NTK = matrix("K", d_in * d_out, d_in * d_out, "tangent kernel, C1 (x) I + I (x) C2", unit=_A)

# Descent in four products.
U_rate = matrix(
    "U", d_out, d_in, "minus the rate of A while one layer moves", unit="squared unit of A"
)
P_halfway = matrix("P", d_out, d_in, "A half-way through the move of one layer", unit=_A)
X_C1 = matrix("X_C1", d_in, d_in, "half the change of C1 in a move", latex="X", text="X")
X_C2 = matrix("X_C2", d_out, d_out, "half the change of C2 in a move", latex="X", text="X")
A_next = matrix("Anext", d_out, d_in, "A after a move", latex=r"A_{\mathrm{next}}", unit=_A)
C1_next = matrix("C1next", d_in, d_in, "C1 after a move", latex=r"C_{1,\mathrm{next}}", unit=_A)
C2_next = matrix("C2next", d_out, d_out, "C2 after a move", latex=r"C_{2,\mathrm{next}}", unit=_A)

# The unified evolution.
M_signed = _gram("M_signed", "the signed Gram matrix Q J", "M", text="M")
P_defect = _gram(
    "P_defect", "what Q lacks of the quadratic law", "P", text="P", unit="squared unit of A"
)
P_11 = matrix("P_11", d_in, d_in, "upper left block of P", unit="squared unit of A")
P_21 = matrix("P_21", d_out, d_in, "lower left block of P", unit="squared unit of A")
P_22 = matrix("P_22", d_out, d_out, "lower right block of P", unit="squared unit of A")
rate_lazy = symbol(
    "rate_lazy",
    "rate of a mode far below the threshold",
    unit=_A,
    latex=r"\mathrm{rate}_{\mathrm{lazy}}",
)
rate_balanced = symbol(
    "rate_balanced",
    "rate of a mode far above it",
    unit=_A,
    latex=r"\mathrm{rate}_{\mathrm{balanced}}",
)
R1 = matrix("R1", d_in, d_in, "C1 less half the imbalance", latex="R_{1}", unit=_A)
R2 = matrix("R2", d_out, d_out, "C2 plus half the imbalance", latex="R_{2}", unit=_A)
U_left = matrix("U_left", d_out, d_out, "left singular vectors of A", latex="U", text="U")
V_right = matrix("V_right", d_in, d_in, "right singular vectors of A", latex="V", text="V")
S_values = matrix(
    "S_values", d_out, d_in, "singular values s_i of A on the diagonal", latex="S", text="S"
)
P1 = matrix("P1", d_in, d_in, "diagonal, with entries sqrt(s_i^2 + c^2)", latex="P_{1}", unit=_A)
P2 = matrix("P2", d_out, d_out, "diagonal, with entries sqrt(s_i^2 + c^2)", latex="P_{2}", unit=_A)
g = symbol("g", "gradient of the loss in one singular value", unit=_A, real=True)
L_mode = matrix("L_mode", 2, 2, "factor of one mode's Gram block", latex="L", text="L", unit=_ROOT)

# The closed form.
F = _gram("F", "[[0, Y^T], [Y, 0]]")
F_shifted = _gram("Ftilde", "F + lam/2 J", r"\tilde{F}")
D_matrix = _gram("D_matrix", "sqrt(F^2 + c^2 I)", "D", text="D")
Q0 = _gram("Q0", "Q at time 0", "Q_{0}")
U_riccati = _gram("U_riccati", "denominator of the solution", "U", text="U")
V_riccati = _gram("V_riccati", "numerator of the solution", "V", text="V")
Cosh = _gram("CoshDt", "cosh(D t)", r"\cosh(D t)", text="cosh(D⋅t)", unit="1")
Sinh = _gram("SinhDt", "D^-1 sinh(D t)", r"D^{-1} \sinh(D t)", text="D⁻¹⋅sinh(D⋅t)")
Decay = _gram("Decay", "exp(-D t)", "E", text="E", unit="1")
Gain = _gram("Gain", "(1 - E^2)/(2 D)", "H", text="H", unit=_TIME)
N_bracket = _gram("N_bracket", "distance from the unstable fixed point", "N", text="N")
Delta_start = _gram("Delta_start", "Q0 - Ft + D, its value at time 0", r"\Delta", text="Δ")
Q_end = _gram("Q_infty", "where training ends", r"Q_{\infty}", text="Q∞")
Q_a = _gram("Q_a", "one solution")
Q_b = _gram("Q_b", "another solution")
U_a = _gram("U_a", "denominator of the one", unit="1")
U_b = _gram("U_b", "denominator of the other", unit="1")
Delta_0 = _gram("Delta0", "their difference at time 0", r"\Delta_{0}")
dQ = _gram("dQ", "first-order change of a solution", "dQ")
dQ0 = _gram("dQ0", "first-order change of its start", "dQ_{0}")
rate_d = symbol("rate_d", "an eigenvalue of D", latex="d", text="d", unit=_A, positive=True)

# The closed form from a factor of any rank.
P_fixed = _gram("P_fixed", "a fixed point of the Riccati equation, Ft - D or 0", "P", text="P")
Growth = _gram("Growth", "exp((Ft - P) t)", "B", text="B", unit="1")
Growth_sum = _gram("Growth_sum", "integral of B^2 from 0 to t", r"\Gamma", text="Γ", unit=_TIME)
Growth_root = _gram("Growth_root", "root of Gamma", r"\Gamma^{1/2}", text="Γ^(1/2)")
Rho = _gram("Rho", "B Gamma^(-1/2), bounded at all times", r"\rho", text="rho", unit=_ROOT)
L_start = matrix("L_start", _size, w, "factor of Q0 - P", latex="L", text="L", unit=_ROOT)
L_square = _gram("L_square", "such a factor of full rank", "L", text="L", unit=_ROOT)
M_inner = matrix("M_inner", w, w, "I + L^T Gamma L", latex="M", text="M")
M_square = _gram("M_square", "the same for a square L", "M", text="M", unit="1")
O_units = matrix("O_units", w, w, "orthogonal", latex="O", text="O")
S_large = matrix("S_large", w, w, "diagonal, not below I", latex="S", text="S")
T_rows = matrix("T_rows", w, _size, "rows with entries of order one", latex="T", text="T")
T_square = _gram("T_square", "such rows where they are as many as columns", "T", text="T")
K_inner = matrix("K_inner", w, w, "S^-2 + T T^T", latex="K", text="K")
K_square = _gram("K_square", "its limit T T^T", "K", text="K", unit="1")
rate_f = symbol("rate_f", "an eigenvalue of Ft - P", latex="f", text="f", unit=_A, real=True)
rate_up = symbol("rate_up", "a positive one", latex="f", text="f", unit=_A, positive=True)
rho_square = symbol("rho_square", "an entry of rho^2", latex=r"\rho^{2}", text="rho²", unit=_A)
rate_excess = symbol(
    "rate_excess", "what f exceeds |lam|/2 by", latex=r"f - |\lambda|/2", text="f - |λ|/2"
)
kappa_inputs = symbol(
    "kappa_inputs", "scale of whitened inputs, X X^T = kappa I", latex=r"\kappa", positive=True
)
Y_samples = matrix("Y_samples", d_out, n, "targets of the inputs", latex="Y_{n}", unit=_A)

# Stability where entries are hidden.
unit_in = matrix("unit_in", d_in, 1, "a unit vector of inputs", latex="a", text="a")
unit_out = matrix("unit_out", d_out, 1, "a unit vector of outputs", latex="b", text="b")
unit_both = matrix("unit_both", _size, 1, "a above b", latex="x", text="x")
R_both = _gram("R_both", "Q - lam/2 J", "R", text="R")
block_norm = symbol(
    "block_norm",
    "norm of a block of A that is observed in full",
    latex="m",
    text="m",
    unit=_A,
    nonnegative=True,
)
curvature_top = symbol(
    "curvature_top",
    "curvature of the loss along b a^T",
    latex="k",
    text="k",
    unit=_A,
    nonnegative=True,
)

# One mode under descent.
x = symbol("x", "v^T C1 v, first entry of the Gram block of a mode", unit=_A, real=True)
a = symbol("a", "u^T A v, off-diagonal entry of that block", unit=_A, real=True)
z = symbol("z", "u^T C2 u, last entry of that block", unit=_A, real=True)
h = symbol(
    "h_residual",
    "scaled residual eta (y - a), frozen during a step",
    latex="h",
    text="h",
    real=True,
)
a_of = function("a_of", "a as a function of time", latex="a", text="a", unit=_A)
Q_mode = matrix("Q_mode", 2, 2, "Gram block of a mode", latex="Q", text="Q", unit=_A)
N_stage = matrix("N_stage", 2, 2, "what a step multiplies it by", latex="N", text="N")
x_next = symbol("x_next", "x after a step", latex="x'", text="x'", unit=_A)
a_next = symbol("a_next", "a after a step", latex="a'", text="a'", unit=_A)
z_next = symbol("z_next", "z after a step", latex="z'", text="z'", unit=_A)

# One mode in closed form.
s0_size = symbol("s0_size", "|s0|", latex="|s_{0}|", text="|s₀|", unit=_A, positive=True)
q_plus_next = symbol("q_plus_next", "q+ after a step", latex="q_{+}'", text="q₊'", unit=_A)
q_minus_next = symbol("q_minus_next", "q- after a step", latex="q_{-}'", text="q₋'", unit=_A)
z_ratio = symbol("z_ratio", "q+/c as a variable", latex="z", text="z", positive=True)
c_squared = symbol("c_squared", "c^2 as a variable", latex="c^{2}", text="c²", positive=True)
scale = symbol(
    "scale", "common scale of s0 and y over c", latex=r"\epsilon", text="ε", positive=True
)
eta_max = symbol(
    "eta_max", "largest stable learning rate", latex=r"\eta_{\max}", unit=_TIME, positive=True
)

# The root of equation (1), entry by entry where it is diagonal.
root_defect = symbol(
    "defect", "entry of M - S^2, for a root S of M", unit="unit of A squared", real=True
)
root_i = symbol("root_i", "a diagonal entry of the root", unit=_A, positive=True)
root_j = symbol("root_j", "another one", unit=_A, positive=True)
root_entry = symbol("entry", "entry of the root's correction", unit=_A, real=True)
