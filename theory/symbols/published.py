"""Symbols of the published experiments' rules for learning rate and stopping."""

from __future__ import annotations

from theory.symbols.table import symbol

divisor = symbol(
    "divisor", "the learning rate's largest value over what is used", latex=r"F", positive=True
)
theta_1 = symbol(
    "theta_1", "largest singular value of A*", latex=r"\theta_1", unit="unit of A", positive=True
)

iteration = symbol("iteration", "steps done", latex="i", real=True)
rises = symbol("rises", "how many times running the test error rose", real=True)
train = symbol("train", "train error now", latex=r"\ell_i", unit="square of A", real=True)
train_1 = symbol("train_1", "one step ago", latex=r"\ell_{i-1}", unit="square of A", real=True)
train_start = symbol("train_start", "at the start", latex=r"\ell_0", unit="square of A", real=True)

train_error = symbol("train_error", "a run ends below it", unit="square of A", nonnegative=True)
test_rises = symbol("test_rises", "a run ends after so many", nonnegative=True)
stall = symbol("stall", "a smaller change stands still", unit="square of A", nonnegative=True)
fall = symbol("fall", "a larger one has learned", unit="square of A", nonnegative=True)
after = symbol("after", "iterations that are free", nonnegative=True)
