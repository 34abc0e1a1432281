r"""
One mode: lazy, mixed, balanced
===============================

A singular value of :math:`A` that starts at 0 follows
:math:`\frac{ds}{dt} = 2 \sqrt{s^2 + c^2} \, (y - s)`, with the target :math:`y` and the threshold
:math:`c`.  The closed form of its solution (:doc:`/mathematics/single-mode`) holds for every ratio
:math:`c/y`; time is counted here in units of the mode's own late rate.
"""

import matplotlib.pyplot as plt
import numpy as np

import mixed_dynamics as md

target = 1.0
RATIOS = ((10.0, "-", "lazy"), (1.0, "--", "mixed"), (1e-2, "-.", "active"), (1e-4, ":", "active"))

figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.0), layout="constrained")
units = np.linspace(0, 20, 400)
for (ratio, style, name), colour in zip(RATIOS, md.COLOURS, strict=False):
    rate = 2 * np.hypot(target, ratio * target)
    value, distance = md.single_mode(target, 0.0, ratio * target, time=units / rate)
    label = f"c/y = {ratio:g} ({name})"
    left.plot(units, value / target, linestyle=style, color=colour)
    right.semilogy(units, distance / target, linestyle=style, color=colour, label=label)
left.set(xlabel=r"time $\times\ 2\sqrt{y^2 + c^2}$", ylabel="s / y")
right.set(xlabel=r"time $\times\ 2\sqrt{y^2 + c^2}$", ylabel="1 - s / y")
right.legend(frameon=False, loc="lower left")

# %%
# In the lazy limit the curve is an exponential, in the balanced one a logistic curve that waits
# for a time of order :math:`\log(y/c)`.  In the end all decay exponentially at the same rate in
# these units.  The distance is computed without subtracting :math:`s` from :math:`y`, so it keeps
# its digits.
