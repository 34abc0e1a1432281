r"""
Layers of unequal variance
==========================

The two layers may start with different scales :math:`c_1 = \sigma_1^2 w` and
:math:`c_2 = \sigma_2^2 w`.  The unified formula then holds with the mean threshold
:math:`c = (c_1 + c_2)/2`, and the imbalance :math:`\lambda = c_1 - c_2` cancels from the evolution
of :math:`A` (:doc:`/mathematics/unified-evolution`).
"""

import matplotlib.pyplot as plt
import numpy as np

import mixed_dynamics as md

d, width, mean = 40, 1e8, 2.0
task = md.low_rank_from_spectrum([20.0, 10.0, 5.0], d, d, noise=0.2, rng=0)
times = np.linspace(0, 0.25, 60)

figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.0), layout="constrained")
for share, style, width_of_line, colour in (
    (0.5, "-", 4.0, md.COLOURS[5]),
    (0.8, "--", 2.0, md.COLOURS[1]),
    (0.99, ":", 2.0, "black"),
):
    c1, c2 = 2 * mean * share, 2 * mean * (1 - share)
    start = md.random_state(d, d, width, init_variance=c1 / width, init_variance2=c2 / width, rng=1)
    run = md.gradient_flow(start, task, times, keep_weights=True)
    norms = [np.linalg.norm(run[name].values, axis=(1, 2)) for name in ("W1", "W2")]
    look = {"linestyle": style, "linewidth": width_of_line, "color": colour}
    left.plot(times, run.test_error, label=f"$c_1 = {c1:.3g}$, $c_2 = {c2:.2g}$", **look)
    right.plot(times, norms[0] / norms[1], **look)
left.set(xlabel="time", ylabel="test error", ylim=(0, None))
right.set(xlabel="time", ylabel=r"$\|W_1\|_F / \|W_2\|_F$", yscale="log")
left.legend(frameon=False)

# %%
# The errors agree to the fluctuations of the random start, of relative size
# :math:`\sqrt{d/w} \approx 6 \cdot 10^{-4}`; the layers keep their difference.
