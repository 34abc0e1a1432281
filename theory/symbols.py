"""Every symbol of the two-layer linear network, once: assumptions, meaning and scale.

``A = W2 W1`` with ``W1: (w, d_in)`` of entry variance ``sigma1^2`` and ``W2: (d_out, w)`` of
entry variance ``sigma2^2``; see Tu, Aranguri and Jacot 2024, section 2.
"""

from __future__ import annotations

import sympy as sp

__all__ = [
    "A",
    "C1",
    "C2",
    "G",
    "Ghat",
    "J",
    "MEANING",
    "Q",
    "Theta",
    "W1",
    "W2",
    "X",
    "Y",
    "c",
    "c1",
    "c2",
    "d_in",
    "d_out",
    "eta",
    "lam",
    "n",
    "s",
    "s0",
    "t",
    "w",
    "y",
]

d_in, d_out, w, n = sp.symbols("d_in d_out w n", integer=True, positive=True)
eta, c = sp.symbols("eta c", positive=True)
c1, c2, t = sp.symbols("c1 c2 t", nonnegative=True)
lam, s, s0, y = sp.symbols("lambda s s0 y", real=True)

W1 = sp.MatrixSymbol("W1", w, d_in)
W2 = sp.MatrixSymbol("W2", d_out, w)
G = sp.MatrixSymbol("G", d_out, d_in)
A = sp.MatrixSymbol("A", d_out, d_in)
Y = sp.MatrixSymbol("Y", d_out, d_in)
C1 = sp.MatrixSymbol("C1", d_in, d_in)
C2 = sp.MatrixSymbol("C2", d_out, d_out)
X = sp.MatrixSymbol("X", d_in, n)
Theta = sp.MatrixSymbol("Theta", d_in + d_out, w)
Q = sp.MatrixSymbol("Q", d_in + d_out, d_in + d_out)
Ghat = sp.MatrixSymbol("Ghat", d_in + d_out, d_in + d_out)
J = sp.MatrixSymbol("J", d_in + d_out, d_in + d_out)

MEANING: dict[sp.Basic, str] = {
    d_in: "input dimension",
    d_out: "output dimension",
    w: "width, the number of hidden units",
    n: "number of inputs (columns of X)",
    t: "time of gradient flow; learning rate times iteration for descent",
    eta: "learning rate",
    c1: "sigma1^2 w, the scale of C1 at the start",
    c2: "sigma2^2 w, the scale of C2 at the start",
    c: "threshold (c1 + c2)/2; singular values below it move lazily (same unit as A)",
    lam: "imbalance c1 - c2 (same unit as A)",
    s: "a singular value of A, or one mode's coefficient",
    s0: "its value at time 0",
    y: "the target of that mode, a singular value of Y",
    W1: "first layer",
    W2: "second layer",
    A: "the learned matrix W2 W1",
    Y: "the target matrix",
    X: "inputs; the identity where the loss is of A itself",
    G: "gradient of the loss in A",
    C1: "W1^T W1",
    C2: "W2 W2^T",
    Theta: "the stacked factor [W1^T ; W2]",
    Q: "Gram matrix Theta Theta^T = [[C1, A^T], [A, C2]]",
    J: "diag(I, -I), with blocks of size d_in and d_out",
    Ghat: "[[0, G^T], [G, 0]]",
}
