"""Every formula of the regimes that is shown, evaluated.

Each step that is not an identity says in its ``where`` what its names stand for: exponents on a
boundary, a mode at the time of its crossing.
"""

import pytest


def plain(_):
    """Only random values."""
    return {}


WORLDS = {"boundaries": plain}

#: The empty beginning: c, theta and others are given anew in each section of the derivation.
SPECIAL = {"boundaries": [""]}

#: Steps that cannot be evaluated, with the reason.
UNKNOWN: dict[str, dict[str, str]] = {}


@pytest.mark.parametrize("topic", WORLDS)
def test_every_shown_formula_holds_in_numbers(topic, shown, derivations):
    lists = SPECIAL.get(topic, []), UNKNOWN.get(topic, {})
    shown.check(derivations(topic), WORLDS[topic], *lists)
