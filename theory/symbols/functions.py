"""What losses, margin losses and activations are of, and their parameters."""

from __future__ import annotations

from theory.symbols.table import symbol

prediction = symbol("prediction", "entry of A X", latex=r"\mathrm{prediction}", real=True)
target = symbol("target", "entry of Y", latex=r"\mathrm{target}", real=True)
margin = symbol("margin", "label times output, u = y F", latex=r"\mathrm{margin}", real=True)
preactivation = symbol(
    "preactivation", "what a hidden unit is given", latex=r"\mathrm{preactivation}", real=True
)
beta = symbol("beta", "steepness of a softplus", positive=True)
delta = symbol("delta", "where the Huber loss becomes linear", positive=True)
