"""Symbols of deep linear networks: two neighbouring layers, and what is below and above them."""

from __future__ import annotations

from theory.symbols.network import d_in, d_out
from theory.symbols.table import function, matrix, symbol

_ROOT = "depth-th root of the unit of A"

depth = symbol("depth", "number of layers", latex="L", text="L", integer=True, positive=True)
layer = symbol("layer", "number of a layer", latex="l", text="l", integer=True, positive=True)
w_below = symbol("w_below", "width before layer l", latex="w_{l-1}", integer=True, positive=True)
w_between = symbol("w_between", "width after it", latex="w_{l}", integer=True, positive=True)
w_above = symbol("w_above", "width after layer l + 1", latex="w_{l+1}", integer=True, positive=True)
W_layer = matrix("W_layer", w_between, w_below, "layer l", latex="W_{l}", text="Wₗ", unit=_ROOT)
W_next = matrix("W_next", w_above, w_between, "layer l + 1", latex="W_{l+1}", unit=_ROOT)
P_below = matrix(
    "P_below", w_below, d_in, "product of the layers below, W_{l-1} ... W_1", latex="P_{<}"
)
P_above = matrix(
    "P_above", d_out, w_above, "product of the layers above, W_L ... W_{l+2}", latex="P_{>}"
)
V_l = matrix("V_l", w_between, w_below, "direction in which W_l is varied", unit=_ROOT)
V_next = matrix(
    "V_next", w_above, w_between, "direction in which W_{l+1} is varied", latex="V_{l+1}"
)
grad_l = matrix(
    "grad_l", w_between, w_below, "gradient of the loss in W_l", latex=r"\nabla_{W_{l}}"
)
grad_next = matrix("grad_next", w_above, w_between, "that in W_{l+1}", latex=r"\nabla_{W_{l+1}}")
O_turn = matrix("O_turn", w_between, w_between, "a rotation of a hidden space", latex="O", text="O")
B_l = matrix("B_l", w_between, w_between, "balancedness W_{l+1}^T W_{l+1} - W_l W_l^T")
scale_squared = symbol(
    "scale_squared",
    "sigma^2 w of every layer, square of its scale",
    latex=r"(\sigma^{2} w)",
    text="(σ²⋅w)",
    unit="squared depth-th root of the unit of A",
    positive=True,
)
singular_value = symbol(
    "singular_value", "a singular value of A", latex="s", text="s", unit="unit of A", positive=True
)
ratio = symbol("ratio", "s/c, a singular value over the threshold", latex="x", text="x", real=True)
rho = function(
    "rho_depth", "rate at a depth, a function of s/c", latex=r"\rho\left(%s\right)", text="rho"
)
