"""Notation that every subject shares: norms, means, functions of time."""

from __future__ import annotations

from theory.symbols.table import function, symbol

norm2 = function(
    "normF2", "squared Frobenius norm", latex=r"\left\| %s \right\|_{F}^{2}", real=True
)
inner = function(
    "inner", "inner product tr(A^T B)", latex=r"\left\langle %s \right\rangle", real=True
)
mean = function(
    "E", "mean over the random draw", latex=r"\operatorname{E}\left[%s\right]", real=True
)
s_of = function("s_of", "a singular value as a function of time", latex="s", text="s")
r_of = function("r_of", "what is left of it to learn, y - s", latex="r", text="r")

t_of = function("t_of", "time as a function of what is reached", latex="t", text="t")

s_positive = symbol(
    "s_positive",
    "a singular value of A that is not zero",
    latex="s",
    text="s",
    unit="unit of A",
    positive=True,
)
y_positive = symbol(
    "y_positive",
    "a target that is not zero, its sign chosen positive",
    latex="y",
    text="y",
    unit="unit of A",
    positive=True,
)
s0_positive = symbol(
    "s0_positive",
    "a start of the target's sign",
    latex="s_{0}",
    text="s₀",
    unit="unit of A",
    positive=True,
)
D = symbol(
    "D", "sqrt(y^2 + c^2), half the rate at which a mode converges", unit="unit of A", positive=True
)
p0 = symbol("p0", "sqrt(s0^2 + c^2)", latex="p_{0}", unit="unit of A", positive=True)
q_plus = symbol(
    "q_+", "sqrt(s^2 + c^2) + s", latex="q_{+}", text="q₊", unit="unit of A", positive=True
)
q_minus = symbol(
    "q_-", "sqrt(s^2 + c^2) - s", latex="q_{-}", text="q₋", unit="unit of A", positive=True
)
M_factor = symbol(
    "M_factor",
    "D cosh(Dt) + (p0 + s0 - y) sinh(Dt)",
    latex="M",
    text="M",
    unit="unit of A",
    positive=True,
)
N_factor = symbol(
    "N_factor",
    "D cosh(Dt) + (p0 - s0 + y) sinh(Dt)",
    latex="N",
    text="N",
    unit="unit of A",
    positive=True,
)
