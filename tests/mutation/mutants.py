"""The mutants of every family of formulas, loops and rules."""

from families import (
    crossover,
    dynamics,
    networks,
    numbers_and_laws,
    phase_diagram,
    prediction,
    random_matrices,
    regimes,
)

PARTS = (
    dynamics,
    random_matrices,
    prediction,
    phase_diagram,
    regimes,
    crossover,
    networks,
    numbers_and_laws,
)

FAMILIES = tuple(family for part in PARTS for family in part.FAMILIES)
