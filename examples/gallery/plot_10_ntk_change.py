r"""
How far the tangent kernel moves
================================

The relative change of the NTK from start to end of training, against the threshold: of order one
or more where training is active, and small where it is lazy.  The kernel of a linear network is
:math:`K = C_1 \otimes I + I \otimes C_2`, so its norm costs no more than the two Gram blocks.
"""

import matplotlib.pyplot as plt
import numpy as np

import mixed_dynamics as md

d, width, top = 30, 1e6, 20.0
task = md.low_rank_from_spectrum([top, top / 2], d, d, noise=0.0, rng=0)
thresholds = np.geomspace(0.05, 2e4, 15)

changes = []
for threshold in thresholds:
    start = md.random_state(d, d, width, init_variance=threshold / width, rng=1)
    rate = 0.2 / np.hypot(top, threshold)
    steps = int(12 / (rate * np.hypot(top / 2, threshold)))
    run = md.train(
        start, task, learning_rate=rate, iterations=steps, observe=["ntk_change"], every=steps
    )
    changes.append(run.ntk_change[-1].item())

# %%
# At infinite width :math:`C_1 = \sqrt{A^\top A + c^2}` and :math:`C_2 = \sqrt{A A^\top + c^2}`, so
# the end of training, where :math:`A = A^*`, gives the change without training.

predicted = []
for threshold in thresholds:
    start, end = (md.self_consistent_lift(A, threshold) for A in (0 * task.truth, task.truth))
    predicted.append(md.ntk_change(end.C1, end.C2, C1_0=start.C1, C2_0=start.C2))

figure, axes = plt.subplots(figsize=(7.5, 4.4), layout="constrained")
axes.loglog(thresholds, predicted, "-", color=md.COLOURS[0], label="infinite width")
axes.loglog(thresholds, changes, "o", color=md.COLOURS[1], fillstyle="none", label="trained")
axes.axvline(top, color="black", linestyle=":", label="largest target")
axes.set(xlabel="threshold c (unit of A)", ylabel="relative change of the NTK")
axes.legend(frameon=False)

# %%
# Far in the lazy regime the change at infinite width falls like :math:`c^{-2}`.  A network of
# finite width leaves that line: its random start, of the order of :math:`c/\sqrt{w}` an entry, has
# to be unlearned at any threshold, which changes the kernel by the order of :math:`d/w`.

print(f"at the largest threshold {changes[-1]:.1e}, d/w = {d / width:.1e}")
