r"""
Singular values cross the threshold
===================================

One network with targets on both sides of its threshold :math:`c`: singular values below it stay
lazy for ever, those above it change their regime on the way, at a time that theory predicts
(:doc:`/mathematics/single-mode`).
"""

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp

import mixed_dynamics as md
from theory.symbols import c as threshold_symbol

targets = np.array([40.0, 20.0, 10.0, 5.0, 0.5])
threshold = 1.0

solution = md.ClosedForm(np.zeros((5, 5)), np.diag(targets), c1=threshold)
times = np.linspace(0, 0.6, 301)
values = np.array([np.diag(solution(time)) for time in times])

# %%
# Each curve relative to its own target; a circle marks the predicted crossing.

formula = md.crossing_time()
(target_symbol,) = formula.free_symbols - {threshold_symbol}
predicted = sp.lambdify((target_symbol, threshold_symbol), formula)

STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
figure, axes = plt.subplots(figsize=(7.5, 4.4), layout="constrained")
for target, curve, style, colour in zip(targets, values.T, STYLES, md.COLOURS, strict=False):
    axes.semilogy(times[1:], curve[1:], linestyle=style, color=colour, label=f"y = {target:g}")
    if target > threshold:
        axes.plot(predicted(target, threshold), threshold, "o", color=colour, fillstyle="none")
axes.axhline(threshold, color="black", linewidth=1, label="threshold c")
axes.set(xlabel="time (inverse unit of A)", ylabel="singular value of A", ylim=(1e-2, 60))
axes.legend(frameon=False, ncols=2, loc="lower right")
