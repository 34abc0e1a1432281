"""The loop over preactivations, interpreted, with an activation of the test's own."""

import numpy as np


def test_values_and_slopes_are_scaled_in_place(plain):
    loop = plain(
        "activation",
        constants_of=tuple,
        activation_value=lambda z, power: z**power,
        activation_with_slope=lambda z, power: (z**power, power * z ** (power - 1)),
    )
    values, slopes = np.array([1.0, 2.0, 3.0]), np.empty(3)
    loop.apply(values, slopes, 0.5, np.array([2.0]))
    assert values.tolist() == [0.5, 2.0, 4.5]
    assert slopes.tolist() == [1.0, 2.0, 3.0]
    loop.apply_value(values, 10.0, np.array([1.0]))
    assert values.tolist() == [5.0, 20.0, 45.0]
