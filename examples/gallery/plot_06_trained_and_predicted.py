r"""
Trained and predicted curves
============================

Six runs of gradient descent, each with noise and a start of its own, beside their predicted mean.
The prediction knows the dimension, the width, the learning rate and the singular values of the
true matrix, and no run.
"""

import matplotlib.pyplot as plt
import numpy as np

import mixed_dynamics as md

d, width, variance, rate, steps = 120, 2e5, 2e-4, 5e-4, 120
spectrum = np.array([75.0, 60.0, 45.0])

predicted = md.predict_run(
    d,
    d,
    singular_values=spectrum,
    width=width,
    init_variance=variance,
    learning_rate=rate,
    iterations=steps,
)
runs = []
for seed in range(6):
    task = md.low_rank_from_spectrum(spectrum, d, d, noise=1.0, rng=seed)
    start = md.random_state(d, d, width, init_variance=variance, rng=100 + seed)
    runs.append(md.train(start, task, learning_rate=rate, iterations=steps))

# %%
# Trained runs are pale, the prediction is dashed.

figure, axes = plt.subplots(figsize=(7.5, 4.4), layout="constrained")
for name, colour in (("train_error", md.COLOURS[0]), ("test_error", md.COLOURS[1])):
    for run in runs:
        (trained,) = axes.plot(run.iteration, run[name], color=colour, alpha=0.35)
    trained.set_label(f"{name.replace('_', ' ')}, six runs")
    (dashed,) = axes.plot(predicted.iteration, predicted[name], "--", color="black")
dashed.set_label("predicted")
axes.set(xlabel="iteration", ylabel="mean square of an entry", ylim=(0, None))
axes.legend(frameon=False)

# %%
# The smallest test error of the six runs against the predicted one, with the predicted deviation
# of a single run.

smallest = [run.test_error.min().item() for run in runs]
print(f"trained   {np.mean(smallest):.4f} (deviation {np.std(smallest, ddof=1):.4f})")
print(
    f"predicted {predicted.min_test_error.item():.4f} "
    f"(deviation {predicted.min_test_error_deviation.item():.4f})"
)
