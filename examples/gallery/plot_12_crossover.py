r"""
Lazy and feature training of nonlinear networks
===============================================

The predictor :math:`F = \alpha (f(w) - f(w_0))` of a fully connected network trains lazily for
large :math:`A = \sqrt{h}\, \alpha` and learns features for small :math:`A`, with :math:`h` units a
layer :cite:p:`geiger2020`.  Here the parity of digits is learned by gradient flow, and the relative
change of the NTK on test images is drawn against :math:`A`.
"""

import matplotlib.pyplot as plt
import numpy as np

import mixed_dynamics as md

data = md.load_images("digits", n_train=60, n_test=100)
scales = np.geomspace(1e-3, 1e3, 13)

figure, axes = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
for depth, colour in ((1, md.COLOURS[0]), (2, md.COLOURS[1])):
    for width, marker in ((32, "o"), (128, "s")):
        network = md.FullyConnected(data.d, width, depth)
        weights = network.initial(0)
        changes = [
            md.train_network(
                network,
                data.X_train,
                data.y_train,
                start=weights,
                alpha=scale / np.sqrt(width),
                test=(data.X_test,),
            ).kernel_change
            for scale in scales
        ]
        axes.loglog(
            scales,
            changes,
            marker,
            linestyle="none",
            color=colour,
            fillstyle="none",
            label=f"{depth} hidden, h = {width}",
        )
    # Through the last network's first point, with the exponent of the scaling argument.
    exponent = -2 * depth / (depth + 1)
    guide = changes[0] * (scales / scales[0]) ** exponent
    axes.loglog(
        scales[:7],
        guide[:7],
        ("-", "--")[depth - 1],
        color=colour,
        linewidth=1,
        label=f"slope {exponent:.3g}",
    )
axes.set(xlabel=r"$A = \sqrt{h}\,\alpha$", ylabel="relative change of the NTK")
axes.legend(frameon=False, ncols=2)

# %%
# On the left the weights grow until the outputs reach the labels: layers that share the growth
# equally change the kernel like :math:`A^{-2L/(L+1)}` (:doc:`/mathematics/crossover`).  On the
# right the kernel moves by a first-order fluctuation, :math:`A^{-1}`, whose prefactor falls with
# the width: there the curves of two widths part.
