r"""
Matrix completion: what the threshold does to hidden entries
============================================================

Beyond the papers: 30 % of the entries of a matrix of rank 2 are observed, and the errors on the
others tell whether the network found the low rank.  The same network is trained from three
initial variances, far below the target, in between, and above it (lazy).
"""

import matplotlib.pyplot as plt

import mixed_dynamics as md

d, width = 80, 1e6
task = md.matrix_completion(d, d, rank=2, fraction_observed=0.3, noise=0.0, rng=0)

figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.0), layout="constrained")
for threshold, style, colour in (
    (0.01, "-", md.COLOURS[0]),
    (10.0, "--", md.COLOURS[1]),
    (300.0, ":", md.COLOURS[2]),
):
    network = md.random_state(d, d, width, init_variance=threshold / width, rng=1)
    run = md.train(
        network,
        task,
        learning_rate=0.3 / (50 + threshold),
        iterations=1500,
        observe=["stable_rank"],
        every=2,
    )
    time = run.iteration * run.attrs["learning_rate"] * (50 + threshold)
    print(
        f"threshold {threshold:g}: train error {run.train_error[-1].item():.1e}, "
        f"test error {run.test_error[-1].item():.1e}"
    )
    look = {"linestyle": style, "color": colour}
    left.loglog(time[1:], run.test_error[1:], label=f"threshold {threshold:g}", **look)
    right.semilogx(time[1:], run.stable_rank[1:], **look)
left.set(xlabel="scaled time", ylabel="test error (all entries)")
right.set(xlabel="scaled time", ylabel="stable rank of A")
left.legend(frameon=False)

# %%
# Far below the target (solid) the signal is learned before anything else can grow, and the hidden
# entries follow from the low rank.  A lazy network (dotted) fits what it sees and leaves the hidden
# entries near their start.  The observed entries are fitted in all three.
