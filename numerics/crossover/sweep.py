r"""The crossover sweep: nonlinear networks from feature to lazy training.

Cell (depth, width, scaled_alpha, seed) trains a network with ``depth`` hidden layers of ``width``
units (or convolutions of ``width`` channels) by gradient flow of the predictor
``F = alpha (f - f_0)``, where

    scaled_alpha = sqrt(width) alpha

separates the regimes: features are learned below 1, training is lazy above
(:mod:`numerics.crossover.cell`).  The network is drawn from a stream of seed, depth and width, so
that cells which differ in alpha alone start from the same one.
Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from numerics.crossover.cell import VARIABLES, run_crossover_cell
from numerics.crossover.cost import crossover_seconds
from numerics.crossover.data import CrossoverData, load_data
from numerics.kernels.cache import fingerprint
from numerics.networks.fully_connected import FullyConnected
from numerics.networks.network_interface import Network
from numerics.networks.step_rule import LINEARISED, StepRule
from numerics.networks.torch_functions import import_torch
from numerics.support.validation import check_choice, check_dimension, check_seed
from numerics.sweeps.axes import parse_axis, parse_counts
from numerics.sweeps.declaration import CellPoint, DeclaredSweep, Variable, from_table
from theory.functions.activations import get_activation
from theory.functions.margin_losses import get_margin_loss
from theory.kernels.network_functions import activation_module, frozen_flow_module

__all__ = ["ARCHITECTURES", "CrossoverSweep"]

ARCHITECTURES = ("fully_connected", "convolutional")

_NETWORK_STREAM = 0


@dataclass(frozen=True, kw_only=True)
class CrossoverSweep(DeclaredSweep):
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

    depth: tuple[int, ...] = (1, 2, 3)
    width: tuple[int, ...] = (64, 128, 256, 512)
    scaled_alpha: tuple[float, ...] = "1e-4:1e5:19"
    seeds: int = 5
    data: str = "digits"
    folder: str | None = None
    n_train: int = 100
    n_test: int = 500
    data_seed: int = 0
    architecture: str = "fully_connected"
    activation: str = "softplus"
    loss: str = "softplus_hinge"
    rule: StepRule = LINEARISED
    max_steps: int = 100_000

    def __post_init__(self) -> None:
        """Check every setting and store it in one form."""
        super().__post_init__()
        for name in ("depth", "width"):
            self._put(name, parse_counts(name, getattr(self, name)))
        self._put("scaled_alpha", parse_axis("scaled_alpha", self.scaled_alpha, geometric=True))
        for name in ("seeds", "n_train", "n_test", "max_steps"):
            self._put(name, check_dimension(name, getattr(self, name)))
        self._put("data_seed", check_seed("data_seed", self.data_seed))
        for name in ("data", "activation", "loss", "folder"):
            value = getattr(self, name)
            if not isinstance(value, str) and (name, value) != ("folder", None):
                raise TypeError(f"{name} must be text, got {type(value).__name__}")
        check_choice("architecture", self.architecture, ARCHITECTURES)
        get_activation(self.activation)
        if get_margin_loss(self.loss).curvature is None:
            raise ValueError(f"loss must have a bounded curvature that is known, got {self.loss!r}")
        if not isinstance(self.rule, StepRule):
            self._put("rule", from_table("rule", StepRule, self.rule))

    @property
    def axes(self) -> dict[str, Sequence[float | int]]:
        """Depths, widths, scales of the output, and the seeds."""
        return {
            "depth": self.depth,
            "width": self.width,
            "scaled_alpha": self.scaled_alpha,
            "seed": range(self.seeds),
        }

    @property
    def variables(self) -> dict[str, Variable]:
        """What :func:`numerics.crossover.cell.run_crossover_cell` returns."""
        return VARIABLES

    @property
    def tails(self) -> dict[str, Sequence[int]]:
        """Layers, the last of the deepest network included, and the test inputs."""
        return {"layer": range(1, self.depth[-1] + 2), "test_point": range(self.n_test)}

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
        found = {
            "formulas of the activation": activation_module(get_activation(self.activation)),
            "formulas of the loss": frozen_flow_module(get_margin_loss(self.loss)),
        }
        marks = {name: fingerprint(kernel) for name, kernel in found.items()}
        marks["entries of the data"] = self.load().fingerprint
        if self.architecture == "convolutional":
            import_torch()
            marks["torch"] = version("torch")
        return marks

    def run(self, cell: CellPoint) -> tuple[dict[str, object], str]:
        """Train one cell."""
        return run_crossover_cell(self, cell)

    def cost(self, cell: CellPoint) -> float:
        """Return about how many seconds a cell takes on one core."""
        return crossover_seconds(self, cell)

    def load(self) -> CrossoverData:
        """Return the data."""
        return load_data(self.data, self.folder, self.n_train, self.n_test, self.data_seed)

    def alpha(self, cell: CellPoint) -> float:
        """Return the factor of a cell's predictor."""
        return cell["scaled_alpha"] / math.sqrt(cell["width"])

    def start(self, cell: CellPoint) -> tuple[Network, tuple[NDArray[np.float64], ...]]:
        """Return the network of a cell and its weights at the start, whatever alpha is."""
        depth, width = cell["depth"], cell["width"]
        stream = self.stream(_NETWORK_STREAM, cell, ("seed", "depth", "width"))
        network = self._network(depth, width)
        return network, network.initial(np.random.default_rng(stream))

    def _network(self, depth: int, width: int) -> Network:
        data = self.load()
        if self.architecture == "fully_connected":
            return FullyConnected(data.X_train.shape[1], width, depth, activation=self.activation)
        # Imported here: it needs an extra.
        from numerics.networks.convolutional import Convolutional

        return Convolutional(data.shape, width, depth, activation=self.activation)
