"""The plane of linear networks refuses what it could not draw or follow, before it trains."""

import pytest

from numerics.crossover import linear_networks
from numerics.crossover.linear_networks import linear_crossover


@pytest.mark.parametrize(
    ("widths", "options", "message"),
    [
        ([1e4, 7.5], {}, "widths must be an integer where it is below d_in . d_out = 40, got 7.5"),
        ([0.5], {}, "widths must be at least rank = 5"),
        ([1e200], {}, "widths must be at most"),
        ([1e4], {"learning_rate_divisor": 0.99}, "learning_rate_divisor must be at least 1, where"),
        ([1e4], {"rank": 21}, "rank must be at most"),
        ([1e4], {"seed": 2**64}, "64 bits at most"),
    ],
)
def test_bad_planes_are_refused_before_any_run(widths, options, message, monkeypatch):
    monkeypatch.setattr(linear_networks, "_run", None)
    with pytest.raises(ValueError, match=message) as caught:
        linear_crossover([1.0], widths, **options)
    assert "\n" not in str(caught.value)
