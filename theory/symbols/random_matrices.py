"""Symbols of random matrices: the Wishart start, low-rank matrices seen through noise."""

from __future__ import annotations

from theory.symbols.network import d_in, d_out
from theory.symbols.table import function, matrix, symbol
from theory.symbols.task import k

_A = "unit of A"

# A noise matrix of m rows and n columns, and its resolvents.
m = symbol("m", "rows (d_out, less the rows that spikes take)", positive=True)
n = symbol("n", "columns (d_in, less the columns that spikes take)", positive=True)
z_place = symbol(
    "z_place", "where the resolvent is taken", latex="z", text="z", unit=_A, positive=True
)
P_value = symbol("P_value", "1/(g_o g_i)", latex="P", text="P", unit="squared unit of A")
P_imaginary = symbol(
    "P_imaginary",
    "imaginary part of P",
    latex="b",
    text="b",
    unit="squared unit of A",
    positive=True,
)
g_o = symbol("g_o", "resolvent of the noise on the output side", unit="inverse unit of A")
g_i = symbol("g_i", "resolvent of the noise on the input side", unit="inverse unit of A")
g_o_of = function("g_o_of", "g_o as a function of the place", latex="g_{o}", text="gₒ")
g_i_of = function("g_i_of", "g_i as a function of the place", latex="g_{i}", text="gᵢ")
y_hat = symbol(
    "yhat", "singular value of Y that a signal makes", latex=r"\hat{y}", unit=_A, positive=True
)
y_bulk = symbol("y_bulk", "singular value of the bulk", latex="y", text="y", unit=_A, positive=True)
phi = symbol("phi", "angle of P on its circle", positive=True)
density = function("density", "density of singular values", latex=r"\rho", text="rho")
h_tail = symbol("h_tail", "continued fraction of the Jacobi matrix", latex="h", text="h")
R_signal = matrix(
    "R_signal", 2, 2, "resolvent between the vectors of a signal", latex="R", text="R"
)
R_oi = symbol("R_oi", "its off-diagonal entry")
omega = symbol("omega", "product of the two overlaps of a spike with its signal")
corr_bulk = symbol(
    "corr_bulk", "u^T A* v of a bulk pair", latex=r"\mathrm{corr}", text="corr", unit=_A
)
sum_bulk = symbol(
    "sum_bulk",
    "sum of y corr over the bulk",
    latex=r"\Sigma_{\mathrm{bulk}}",
    unit="squared unit of A",
)
# Sums over all singular values, and over those of the bulk.
noise_E = matrix("noise_E", d_out, d_in, "the noise", latex="E", text="E", unit=_A)
sum_signal = symbol("sum_signal", "sum of theta^2", latex=r"\sum \theta^{2}", text="Σθ²")
sum_squares = symbol("sum_squares", "sum of y^2", latex=r"\sum y^{2}", text="Σy²")
sum_corr = symbol("sum_corr", "sum of y corr", latex=r"\sum y\,\mathrm{corr}", text="Σy⋅corr")
sum_of = function("sum_of", "sum over the bulk", latex=r"\sum_{\mathrm{bulk}} %s", text="sum")
q_spike = symbol(
    "q_spike",
    "what a spike takes from the bulk",
    latex="q",
    text="q",
    unit="squared unit of A",
    positive=True,
)
bulk_squares = symbol(
    "bulk_squares",
    "sum of y^2 of the noise's bulk",
    latex=r"\Sigma_{\mathrm{bulk}}",
    unit="squared unit of A",
)
bulk_change = symbol(
    "bulk_change", "first order of log(P/(P - q))", latex=r"\Delta_{\mathrm{bulk}}"
)
y_edge = symbol("y_edge", "mean largest singular value", latex=r"y_{\mathrm{edge}}", unit=_A)

# Fluctuations of spikes.
R_spikes = matrix("R_spikes", 2 * k, 2 * k, "resolvent between k signals", latex="R", text="R")
Theta_signal = matrix(
    "Theta_signal", k, k, "the signals, diagonal", latex=r"\Theta", text="Θ", unit=_A
)
Delta_oo = matrix("Delta_oo", k, k, "fluctuation on the output side", latex=r"\Delta_{oo}")
Delta_ii = matrix("Delta_ii", k, k, "fluctuation on the input side", latex=r"\Delta_{ii}")
Delta_oi = matrix("Delta_oi", k, k, "fluctuation between the sides", latex=r"\Delta_{oi}")
R_ii_of = function("R_ii_of", "resolvent of one singular value", latex="R_{ii}", text="R_ii")
R_io_of = function("R_io_of", "its part between the sides", latex="R_{io}", text="R_io")
v_oo = symbol("v_oo", "variance of an entry of Delta_oo")
v_ii = symbol("v_ii", "variance of an entry of Delta_ii")
v_oi = symbol("v_oi", "variance of an entry of Delta_oi")
delta_oo = symbol("delta_oo", "one entry of Delta_oo")
delta_ii = symbol("delta_ii", "one entry of Delta_ii")
delta_oi = symbol("delta_oi", "one entry of Delta_oi")
shift = symbol("shift", "first-order move of a signal", latex=r"\epsilon", text="ε", unit=_A)
V_gain = symbol("V_gain", "noise between signals over that of an entry", latex="V", text="V")
S_spread = symbol("S_spread", "spread of a spike over that of an entry", latex="S", text="S")
V_of = function("V_of", "V as a function of the signal", latex="V", text="V", positive=True)
y_hat_of = function("yhat_of", "where a signal's spike is", latex=r"\hat{y}", text="yhat", unit=_A)
xi = symbol("xi", "p^T Theta q of the singular vectors of Theta + s G", unit=_A, positive=True)
rho_noise = symbol("rho_noise", "p^T G q of these", latex=r"\rho", text="rho", positive=True)
u_noise = symbol("u_noise", "tau rho as a small parameter", latex="u", text="u", positive=True)
s_size = symbol("s_size", "size of the signal", latex="s", text="s", positive=True)
eta_place = symbol(
    "eta_place",
    "the signal that alone would give the spike",
    latex=r"\eta",
    text="η",
    positive=True,
)
eta_of = function("eta_of", "eta as a function of u", latex=r"\eta", text="η", unit=_A)
corr_spike = symbol("corr_spike", "u^T A* v of a spike", latex=r"\mathrm{corr}", text="corr")

# The random start and the random target.
i = symbol("i", "index of a row", integer=True, nonnegative=True)
SIGMA = {
    (a, b): symbol(f"Sigma_{a}{b}", f"covariance of x_{a} and x_{b}", latex=rf"\Sigma_{{{a}{b}}}")
    for a in range(4)
    for b in range(a, 4)
}
GAUSSIANS = tuple(symbol(f"x_{a}", "a centred Gaussian variable") for a in range(4))
VARIANCES = {
    name: symbol(
        f"var_{name}",
        f"variance of the entry {name} at the start",
        latex=rf"\operatorname{{var}} {set_as}",
        text=f"var {name}",
        unit="squared unit of A",
    )
    for name, set_as in (
        ("C1_ij", "C_{1,ij}"),
        ("C1_ii", "C_{1,ii}"),
        ("C2_ij", "C_{2,ij}"),
        ("C2_ii", "C_{2,ii}"),
        ("A_ij", "A_{ij}"),
    )
}
covariances = symbol(
    "covariances",
    "sum of the squared covariances of all pairs of different entries",
    latex=r"\sum \operatorname{cov}^{2}",
    text="sum cov²",
)
nu = symbol("nu", "degrees of freedom", positive=True)
u_power = symbol("u_power", "a power", latex="u", text="u", positive=True)
chi2 = symbol("chi2", "a chi-square variable", latex=r"\chi^{2}", text="χ²", positive=True)
b = symbol("b", "mean over j of log theta_j")
var_H = symbol(
    "var_H_ii",
    "variance of a diagonal entry of H",
    latex=r"\operatorname{var} H_{ii}",
    text="var H_ii",
)
log_theta = symbol(
    "log_theta_j", "of a typical target", latex=r"\log \theta_{j}", text="log theta_j"
)
g_j = symbol("g_j", "mean ordered eigenvalue of H", real=True)
g_bar = symbol("gbar", "their mean", latex=r"\bar{g}", real=True)
