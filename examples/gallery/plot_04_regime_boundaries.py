r"""
Regimes and their boundaries
============================

With :math:`\sigma^2 = d^{\gamma_{\sigma^2}}` and :math:`w = d^{\gamma_w}` every quantity is a
power of the dimension, and regimes are cells of the plane of exponents.  Boundaries are derived by
comparing the exponents (:doc:`/mathematics/boundaries`); the colour is the exponent of the smallest
test error.  The command is ``mixed-dynamics boundaries``.
"""

import matplotlib.pyplot as plt

import mixed_dynamics as md

data = md.exponent_plane((-3.0, 0.0), (0.0, 2.8), points=141, d=200, rank=5)
figure, axes = plt.subplots(figsize=(9.6, 7.8), layout="constrained")
md.draw_exponent_plane(data, axes)

# %%
# Constants and logarithms move the boundaries at finite dimension: the dash-dotted lines are those
# of d = 200 and rank 5.
