"""A sweep of one's own: how far the start of a network is from its large-d limit.

The entries of A = W2 W1 at the start have variance sigma^4 w, so at large width and dimension
``||A||_op = 2 sigma^2 sqrt(w d)``.  Here sigma = 1, and each cell draws a network and measures
the ratio of the two sides; ``run_sweep`` gives it workers, a crash-safe store and ``resume``.

    python examples/own_sweep.py
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import attrs
import numpy as np

import mixed_dynamics as md


@attrs.frozen(kw_only=True)
class StartSweep(md.DeclaredSweep):
    """Largest singular values of A at the start, over dimension, width and replicates."""

    d: tuple[int, ...] = md.setting(md.parse_counts, "25,50,100")
    width: tuple[int, ...] = md.setting(md.parse_counts, "200,1000,5000")
    replicates: int = md.setting(md.check_dimension, 8)
    kept: int = md.setting(md.check_dimension, 3)

    #: A cell's results depend on its coordinates alone, so a store can grow along these settings.
    GRID = ("d", "width", "replicates")

    @property
    def axes(self) -> dict[str, Sequence[float]]:
        """Dimensions of the grid."""
        return {"d": self.d, "width": self.width, "replicate": range(self.replicates)}

    @property
    def tails(self) -> dict[str, Sequence[object]]:
        """Dimensions of a cell's values."""
        return {"mode": range(self.kept)}

    @property
    def variables(self) -> dict[str, md.Variable]:
        """What a cell measures."""
        unit = {"units": "2 sigma^2 sqrt(w d)"}
        return {"singular_value": md.Variable("f8", np.nan, unit, tail=("mode",))}

    def ingredients(self) -> dict[str, str]:
        """Return what results depend on besides settings and packages: change it with `run`."""
        return {"formula of the start": "1"}

    def run(self, cell: md.CellPoint) -> tuple[dict[str, object], str]:
        """Draw a network and measure it."""
        d, width = int(cell["d"]), int(cell["width"])
        rng = np.random.default_rng(self.stream(0, cell, ("d", "width", "replicate")))
        A = rng.standard_normal((d, width)) @ rng.standard_normal((width, d))
        values = np.full(self.kept, np.nan)
        found = np.linalg.svd(A, compute_uv=False)[: self.kept]
        values[: found.size] = found / (2 * np.sqrt(width * d))
        return {"singular_value": values}, ""

    def cost(self, cell: md.CellPoint) -> float:
        """Return about how many seconds a cell takes."""
        return 1e-4 + 1e-10 * cell["d"] ** 2 * (cell["width"] + 10 * cell["d"])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        data = md.run_sweep(StartSweep(), folder)
    print(data.singular_value.sel(mode=0).mean("replicate").to_pandas().round(3))
