r"""How long a cell of the crossover sweep takes.

A run takes about ``20 A^(-1/4)`` linearised steps with ``A = sqrt(h) alpha``: hundreds where
features are learned, one or two where the kernel hardly moves.  With n training and m test inputs
of d entries, width h and depth L, a step takes two Gram matrices, ``n^2 h L``, and passes through
the layers, ``n (d h + (L - 1) h^2)``; the closed equations of all steps together, and of the frozen
kernel, ``6000 (n/100)^0.7`` products of a Gram matrix and a vector, whatever A is; a look at the
kernel on test inputs ``m^2 h (L + 1)``, a dozen of them at most until it has changed by half.
Measured within a factor of two for softplus at depths 1 to 3, widths 64 to 512 and A from 1e-4 to
1e5 (n = 200, m = 500, d = 64; at depth 3 to n = m = 2000, d = 784); activations with kinks take
several times as many steps where features are learned, convolutions longer ones.
"""

from __future__ import annotations

from numerics.crossover.settings import CrossoverSettings
from numerics.sweeps.declaration import CellPoint

__all__ = ["crossover_seconds"]

#: Seconds of a cell and of a step besides their products (2.6 GHz Zen 4).
CELL, STEP = 6e-2, 1.3e-3
#: Seconds of a unit of the three counts above, refused steps and all.
GRAM, PASS, LOOK = 2.6e-10, 5.3e-10, 4.5e-11
#: Products with a Gram matrix at n = 100, their power of n, and seconds of one over n^2.
PRODUCTS, GROWTH, PRODUCT = 6000.0, 0.7, 3e-10
#: Steps at A = 1, their power of A, and the fewest; looks at the kernel at most, and at least.
STEPS, POWER, FEWEST = 20.0, -1 / 4, 2.0
MOST_LOOKS, ENDS = 10.0, 3.0


def crossover_seconds(plan: CrossoverSettings, cell: CellPoint) -> float:
    """Return about how many seconds a cell takes on one core."""
    depth, width, n, m = cell["depth"], cell["width"], plan.n_train, plan.n_test
    d = plan.load().X_train.shape[1]
    steps = min(max(FEWEST, STEPS * cell["scaled_alpha"] ** POWER), plan.max_steps)
    step = STEP + GRAM * n**2 * width * depth
    step += PASS * n * (d * width + (depth - 1) * width**2)
    products = PRODUCTS * (n / 100) ** GROWTH * PRODUCT * n**2
    looks = ENDS + min(steps, MOST_LOOKS)
    return CELL + steps * step + products + looks * LOOK * m**2 * width * (depth + 1)
