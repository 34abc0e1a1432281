"""The mutants of every family of formulas, loops and rules."""

import mutants_crossover
import mutants_dynamics
import mutants_numerics
import mutants_prediction
import mutants_random
import mutants_regimes

PARTS = (
    mutants_dynamics,
    mutants_random,
    mutants_prediction,
    mutants_regimes,
    mutants_crossover,
    mutants_numerics,
)

FAMILIES = tuple(family for part in PARTS for family in part.FAMILIES)
