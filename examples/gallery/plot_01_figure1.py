r"""
Figure 1 of the paper, at d = 100
=================================

Gradient descent beside the self-consistent dynamics, on a matrix of rank 5 seen through noise.
The command ``mixed-dynamics figure1`` draws the same figure at the paper's own size, d = 500.

The width here is 31622, and would cost the same if it were :math:`10^{15}`: the run depends on
the weights only through the Gram matrix :math:`Q` of both layers, of size 200 x 200.
"""

import matplotlib.pyplot as plt

import mixed_dynamics as md

data = md.figure1(d=100, iterations=60, seed=1)

figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.2), layout="constrained")
md.draw_errors(data, left)
md.draw_singular_values(data, right)

# %%
# The five large singular values start below the threshold :math:`\sigma^2 w`, where all move at
# the same slow rate.  Each speeds up as it crosses the threshold.  The test error is smallest when
# all five have converged and the rest, which hold only noise, have not.  The closed form (circles)
# is that of gradient flow; the steps of descent differ from it by the size of the learning rate.

best = data.test_error.sel(dynamics="gradient_descent").argmin("iteration").item()
print(f"smallest test error {data.test_error.min().item():.3f}, at iteration {best}")
