"""Symbols of random matrices: the Wishart start, low-rank matrices seen through noise."""

from __future__ import annotations

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
y_edge = symbol("y_edge", "mean largest singular value", latex=r"y_{\mathrm{edge}}", unit=_A)

# Fluctuations of spikes.
_SQUARED = "squared unit of A"
R_spikes = matrix("R_spikes", 2 * k, 2 * k, "resolvent between k signals", latex="R", text="R")
