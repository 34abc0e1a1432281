r"""
The phase diagram, predicted
============================

Figure 2 of the paper from theory alone: each cell is a run of gradient descent with its random
start and the paper's stopping rule, followed in the mean to second order in
:math:`w^{-1/2}` (:doc:`/mathematics/prediction`).  Hatched cells are outside the range of validity.
The command is ``mixed-dynamics predict``; ``mixed-dynamics figure2`` trains the same cells.
"""

import matplotlib.pyplot as plt
import numpy as np

import mixed_dynamics as md

data = md.predict_grid(
    np.linspace(-3, 0, 16), np.linspace(0, 2.8, 16), d=200, rank=5, method="second_order"
)

figure, grid = plt.subplots(2, 2, figsize=(10.4, 9.0), layout="constrained")
for panel, axes in zip(md.PANELS, grid.flat, strict=True):
    md.draw_panel(data, panel, axes)
    md.draw_validity(data, axes)
figure.legend(
    handles=md.legend_handles(hatched=True), loc="outside lower center", ncols=2, frameon=False
)

print(f"{(data.status == 0).sum().item()} of {data.status.size} cells are in range")
