r"""
A loss of your own
==================

Losses are expressions in ``prediction`` and ``target``.  sympy differentiates them, and a kernel
is generated for each.  Here one target entry in fifty is grossly wrong, which the squared loss
does not forgive.
"""

import matplotlib.pyplot as plt
import numpy as np

import mixed_dynamics as md

d = 80
rng = np.random.default_rng(0)
clean = md.low_rank_recovery(d, rank=3, noise=0.3, rng=rng)
wrong = rng.random(clean.shape) < 0.02
task = md.Task(clean.target + wrong * rng.normal(scale=15.0, size=clean.shape), clean.truth)
network = md.random_state(d, d, 1e6, init_variance=1e-7, rng=rng)

LOSSES = {
    "squared": ("squared", "-"),
    "Huber, delta = 1": (md.huber(1.0), "--"),
    "log(cosh)": ("log_cosh", "-."),
    "own: sqrt(1 + r^2) - 1": ("sqrt(1 + (prediction - target)**2) - 1", ":"),
}

figure, axes = plt.subplots(figsize=(7.5, 4.4), layout="constrained")
for (name, (loss, style)), colour in zip(LOSSES.items(), md.COLOURS, strict=False):
    run = md.train(network, task, learning_rate=2e-3, iterations=400, loss=loss)
    axes.plot(run.iteration, run.test_error, linestyle=style, color=colour, label=name)
axes.set(xlabel="iteration", ylabel="test error", ylim=(0, None))
axes.legend(frameon=False)

# %%
# The gradient of each loss is derived, not typed:

print(md.huber(1.0).derivative)
