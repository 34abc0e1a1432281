"""Symbols of the exponent plane: every quantity as a power of d."""

from __future__ import annotations

from theory.symbols.table import symbol

gamma_sigma2 = symbol(
    "gamma_sigma2",
    "exponent of sigma^2 (mean of the two layers')",
    latex=r"\gamma_{\sigma^2}",
    real=True,
)
gamma_w = symbol("gamma_w", "exponent of the width", real=True)
gap = symbol(
    "gap", "exponent of sigma1^2 minus that of sigma2^2", latex=r"\Delta\gamma", nonnegative=True
)
p = symbol("p", "exponent of the signal's singular values", real=True)
q = symbol("q", "exponent of the noise's entries", real=True)
kappa = symbol("kappa", "exponent of the rank", real=True)
