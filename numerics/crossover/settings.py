r"""Settings of the crossover sweep: data, networks and how they are trained.

The network of a cell is drawn from a stream of seed, depth and width, so that cells which differ
in alpha alone start from the same one.
Source: Geiger, Spigler, Jacot and Wyart 2020 (arXiv 1906.08034).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from numerics.crossover.data import CrossoverData, load_data
from numerics.networks.fully_connected import FullyConnected
from numerics.networks.network_interface import Network
from numerics.networks.step_rule import LINEARISED, StepRule
from numerics.support.settings import from_table, setting
from numerics.support.validation import check_choice, check_dimension, check_seed, check_text
from numerics.sweeps.axes import parse_axis, parse_counts
from numerics.sweeps.declaration import CellPoint, DeclaredSweep
from theory.functions.activations import get_activation
from theory.functions.margin_losses import get_margin_loss

__all__ = ["ARCHITECTURES", "CrossoverSettings"]

ARCHITECTURES = ("fully_connected", "convolutional")

_NETWORK_STREAM = 0


def _check_folder(name: str, value: Any) -> str | None:
    return None if value is None else check_text(name, value)


def _check_activation(name: str, value: Any) -> str:
    get_activation(check_text(name, value))
    return value


def _check_loss(name: str, value: Any) -> str:
    if get_margin_loss(check_text(name, value)).curvature is None:
        raise ValueError(f"{name} must have a bounded curvature that is known, got {value!r}")
    return value


@attrs.frozen(kw_only=True)
class CrossoverSettings(DeclaredSweep):
    """Settings of a sweep over (depth, width, scaled_alpha, seed); see `CrossoverSweep`."""

    depth: tuple[int, ...] = setting(parse_counts, (1, 2, 3))
    width: tuple[int, ...] = setting(parse_counts, (64, 128, 256, 512))
    scaled_alpha: tuple[float, ...] = setting(partial(parse_axis, geometric=True), "1e-4:1e5:19")
    seeds: int = setting(check_dimension, 5)
    data: str = setting(check_text, "digits")
    folder: str | None = setting(_check_folder, None)
    n_train: int = setting(check_dimension, 100)
    n_test: int = setting(check_dimension, 500)
    data_seed: int = setting(check_seed, 0)
    architecture: str = setting(partial(check_choice, choices=ARCHITECTURES), "fully_connected")
    activation: str = setting(_check_activation, "softplus")
    loss: str = setting(_check_loss, "softplus_hinge")
    rule: StepRule = setting(partial(from_table, kind=StepRule), LINEARISED)
    max_steps: int = setting(check_dimension, 100_000)

    GRID: ClassVar[tuple[str, ...]] = ("depth", "width", "scaled_alpha", "seeds")

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
    def tails(self) -> dict[str, Sequence[object]]:
        """Layers, the last of the deepest network included, and the test inputs."""
        return {"layer": range(1, self.depth[-1] + 2), "test_point": range(self.n_test)}

    def load(self) -> CrossoverData:
        """Return the data."""
        return load_data(self.data, self.folder, self.n_train, self.n_test, self.data_seed)

    def alpha(self, cell: CellPoint) -> float:
        """Return the factor of a cell's predictor."""
        self.check_cell(cell)
        return cell["scaled_alpha"] / math.sqrt(cell["width"])

    def start(self, cell: CellPoint) -> tuple[Network, tuple[NDArray[np.float64], ...]]:
        """Return the network of a cell and its weights at the start, whatever alpha is."""
        self.check_cell(cell, ("seed", "depth", "width"))
        depth, width = int(cell["depth"]), int(cell["width"])
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
