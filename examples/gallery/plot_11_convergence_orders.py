r"""
Convergence to the self-consistent dynamics
===========================================

Networks of finite width follow the unified formula up to the fluctuations of their start: the
largest distance along the run falls like :math:`w^{-1/2}` (theorem 1 of the paper;
:doc:`/mathematics/fluctuations`).  Widths beyond :math:`10^{12}` cost what :math:`10^4` costs.
"""

import matplotlib.pyplot as plt
import numpy as np

import mixed_dynamics as md

d, threshold, rate, steps, seeds = 30, 1.0, 2e-3, 60, 4
widths = np.geomspace(1e4, 1e14, 6)
task = md.low_rank_recovery(d, rank=2, rng=0)


def largest_distance(width, seed):
    start = md.random_state(d, d, width, init_variance=threshold / width, rng=seed)
    pair = [
        md.Trainer(start, task, learning_rate=rate, dynamics=name)
        for name in ("gradient_descent", "self_consistent")
    ]
    distances = []
    for _ in range(steps):
        for trainer in pair:
            trainer.advance(1)
        distances.append(np.linalg.norm(pair[0].A - pair[1].A))
    return max(distances)


distances = np.array([[largest_distance(w, seed) for seed in range(seeds)] for w in widths])
fit = md.fit_exponent(widths, distances)

# %%
# The fitted exponent with its interval of confidence.

figure, axes = plt.subplots(figsize=(7.5, 4.4), layout="constrained")
axes.loglog(widths, distances, "o", color=md.COLOURS[0], fillstyle="none", markersize=5)
axes.loglog(
    widths,
    fit.prefactor * widths**fit.exponent,
    "-",
    color=md.COLOURS[1],
    label=f"fit: exponent {fit.exponent:.3f} ± {fit.halfwidth:.3f}",
)
guide = distances[0].mean() * (widths / widths[0]) ** -0.5
axes.loglog(widths, 0.3 * guide, ":", color="black", label="slope -1/2")
axes.set(xlabel="width", ylabel=r"largest $\|A - A_{sc}\|_F$ of the run")
axes.legend(frameon=False)
