"""Symbols of the two-layer linear network.

``A = W2 W1`` with ``W1: (w, d_in)`` of entry variance ``sigma1^2`` and ``W2: (d_out, w)`` of
entry variance ``sigma2^2``; see Tu, Aranguri and Jacot 2024, section 2.  Units are those of the
squared loss, whose gradient has the unit of A.
"""

from __future__ import annotations

from theory.symbols.table import matrix, symbol

d_in = symbol("d_in", "input dimension", latex=r"d_{\mathrm{in}}", integer=True, positive=True)
d_out = symbol("d_out", "output dimension", latex=r"d_{\mathrm{out}}", integer=True, positive=True)
w = symbol("w", "width, the number of hidden units", integer=True, positive=True)
n = symbol(
    "n_inputs", "number of inputs (columns of X)", latex="n", text="n", integer=True, positive=True
)
eta = symbol("eta", "learning rate", unit="inverse unit of A", positive=True)
c = symbol(
    "c",
    "threshold (c1 + c2)/2; singular values below it move lazily",
    unit="unit of A",
    positive=True,
)
c1 = symbol("c1", "sigma1^2 w, the scale of C1 at the start", unit="unit of A", nonnegative=True)
c2 = symbol("c2", "sigma2^2 w, the scale of C2 at the start", unit="unit of A", nonnegative=True)
t = symbol(
    "t",
    "time of gradient flow; learning rate times iteration for descent",
    unit="inverse unit of A",
    nonnegative=True,
)
lam = symbol("lambda", "imbalance c1 - c2", unit="unit of A", real=True)
s = symbol("s", "a singular value of A, or one mode's coefficient", unit="unit of A", real=True)
s0 = symbol("s0", "its value at time 0", unit="unit of A", real=True)
y = symbol("y", "the target of that mode, a singular value of Y", unit="unit of A", real=True)

W1 = matrix("W1", w, d_in, "first layer", unit="root of the unit of A")
W2 = matrix("W2", d_out, w, "second layer", unit="root of the unit of A")
G = matrix("G", d_out, d_in, "gradient of the loss in A", unit="unit of A")
A = matrix("A", d_out, d_in, "the learned matrix W2 W1", unit="unit of A")
Y = matrix("Y", d_out, d_in, "the target matrix", unit="unit of A")
C1 = matrix("C1", d_in, d_in, "W1^T W1", unit="unit of A")
C2 = matrix("C2", d_out, d_out, "W2 W2^T", unit="unit of A")
X = matrix("X", d_in, n, "inputs; the identity where the loss is of A itself")
Theta = matrix(
    "Theta",
    d_in + d_out,
    w,
    "the stacked factor [W1^T ; W2]",
    latex=r"\Theta",
    unit="root of the unit of A",
)
Q = matrix(
    "Q",
    d_in + d_out,
    d_in + d_out,
    "Gram matrix Theta Theta^T = [[C1, A^T], [A, C2]]",
    unit="unit of A",
)
Ghat = matrix(
    "Ghat", d_in + d_out, d_in + d_out, "[[0, G^T], [G, 0]]", latex=r"\hat{G}", unit="unit of A"
)
J = matrix("J", d_in + d_out, d_in + d_out, "diag(I, -I), with blocks of size d_in and d_out")
