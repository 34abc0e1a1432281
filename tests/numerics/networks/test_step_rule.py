"""Rules of steps: what they check."""

import attrs
import pytest

from numerics.networks.step_rule import FAST_EULER, LINEARISED, METHODS, PUBLISHED, StepRule


def test_the_published_numbers():
    assert (PUBLISHED.method, PUBLISHED.output_change, PUBLISHED.gradient_change) == (
        "euler",
        0.1,
        1e-4,
    )
    assert PUBLISHED.stability_share == FAST_EULER.stability_share == 0.5
    assert PUBLISHED.weight_share == 0.02
    assert {LINEARISED.method, PUBLISHED.method} == set(METHODS)


@pytest.mark.parametrize("name", [x.name for x in attrs.fields(StepRule)][1:])
def test_every_number_must_be_positive(name):
    with pytest.raises(ValueError, match=f"{name} must be > 0, got 0"):
        StepRule(**{name: 0})
    assert getattr(StepRule(**{name: 1}), name) == 1.0


def test_methods_are_named():
    with pytest.raises(ValueError, match="method must be one of 'linearised', 'euler', got 'heun'"):
        StepRule(method="heun")
