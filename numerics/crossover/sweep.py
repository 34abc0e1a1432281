r"""The crossover sweep: nonlinear networks from feature to lazy training.

Cell (depth, width, scaled_alpha, seed) trains a network with ``depth`` hidden layers of ``width``
units (or convolutions of ``width`` channels) by gradient flow of the predictor
``F = alpha (f - f_0)``, where

    scaled_alpha = sqrt(width) alpha

separates the regimes: features are learned below 1, training is lazy above
(:mod:`numerics.crossover.cell`).
Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034).
"""

from __future__ import annotations

from importlib.metadata import version

import attrs
import numpy as np

from numerics.crossover.cell import VARIABLES, run_crossover_cell
from numerics.crossover.cost import crossover_seconds
from numerics.crossover.settings import CrossoverSettings
from numerics.kernels.cache import fingerprint
from numerics.networks.torch_functions import import_torch
from numerics.sweeps.declaration import CellPoint, Variable
from theory.functions.activations import get_activation
from theory.functions.margin_losses import get_margin_loss
from theory.kernels.network_functions import activation_module, frozen_flow_module

__all__ = ["CrossoverSweep"]


@attrs.frozen
class CrossoverSweep(CrossoverSettings):
    """Everything that determines the results of a sweep over (depth, width, scaled_alpha, seed).

    Attributes
    ----------
    depth, width : tuple of int
        Hidden layers (convolutions) and units (channels) of each, increasing; also given as a
        number or as text like '64,128'.
    scaled_alpha : tuple of float
        ``sqrt(width) alpha``, increasing; also given as 'first:last:count', in equal factors.
    seeds : int
        Networks of each depth and width.
    data : str
        Name of an image set, or ``file:PATH.npz`` (:mod:`numerics.crossover.data`).
    folder : str or None
        Where its files are, if not where they are usually found.
    n_train, n_test : int
        Inputs to train on, and to test on.
    data_seed : int
        Of the draw of inputs from an image set.
    architecture : {"fully_connected", "convolutional"}
        The latter needs the extra ``torch``.
    activation : str
        Name, or expression in ``preactivation``.
    loss : str
        Name, or expression in ``margin``.
    rule : StepRule
        How gradient flow is cut into steps.
    max_steps : int
        Accepted steps of a run at most.
    seed : int
        Root of all randomness but the draw of inputs.

    Examples
    --------
    >>> plan = CrossoverSweep(depth=2, width="64,128", scaled_alpha="1e-2:1e2:3", seeds=2)
    >>> plan.shape
    (1, 2, 3, 2)
    >>> round(plan.alpha(plan.cell(0)), 6)  # of width 64
    0.00125
    """

    @property
    def variables(self) -> dict[str, Variable]:
        """What :func:`numerics.crossover.cell.run_crossover_cell` returns."""
        return VARIABLES

    @property
    def coordinates(self) -> dict[str, object]:
        """The alpha of each width, the labels of the test inputs, and what axes mean."""
        alpha = np.array(self.scaled_alpha) / np.sqrt(self.width)[:, None]
        described = {
            "depth": ("depth", list(self.depth), "hidden layers", "1"),
            "width": ("width", list(self.width), "width", "hidden units"),
            "scaled_alpha": ("scaled_alpha", list(self.scaled_alpha), "sqrt(width) alpha", "1"),
            "seed": ("seed", list(self.axes["seed"]), "independent draw", "1"),
            "layer": ("layer", list(self.tails["layer"]), "layer", "1"),
            "test_point": ("test_point", list(self.tails["test_point"]), "test input", "1"),
            "alpha": (("width", "scaled_alpha"), alpha, "alpha of F = alpha (f - f_0)", "1"),
            "y_test": ("test_point", self.load().y_test, "labels", "1"),
        }
        return {
            name: (axes, values, {"long_name": long_name, "units": units})
            for name, (axes, values, long_name, units) in described.items()
        }

    def ingredients(self) -> dict[str, str]:
        """Return the fingerprints of formulas and data, and torch's version if it is used."""
        activation, loss = get_activation(self.activation), get_margin_loss(self.loss)
        marks = {
            "formulas of the activation": fingerprint(activation_module(activation), "activation"),
            "formulas of the loss": fingerprint(frozen_flow_module(loss), "frozen_flow"),
            "entries of the data": self.load().fingerprint,
        }
        if self.architecture == "convolutional":
            import_torch()
            marks["torch"] = version("torch")
        return marks

    def run(self, cell: CellPoint) -> tuple[dict[str, object], str]:
        """Train one cell."""
        return run_crossover_cell(self, self.check_cell(cell))

    def cost(self, cell: CellPoint) -> float:
        """Return about how many seconds a cell takes on one core."""
        return crossover_seconds(self, self.check_cell(cell))
