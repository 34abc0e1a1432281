"""When the NTK of a network has changed: the first time of a relative change of 1/2.

The kernel on test inputs is looked at whenever time has grown by a tenth since the last look, not
at every step; between two looks the change is taken as a power of time,

    ||Theta(t) - Theta(0)||_F/||Theta(0)||_F ~ t^p,

which it is at first (p = 1) and nearly is, over a tenth, later.

Holds for any :class:`~numerics.networks.network_interface.Network`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from numerics.networks.network_interface import Network, Weights

__all__ = ["KERNEL_MARK", "KernelChange"]

#: The relative change whose time is sought.
KERNEL_MARK = 0.5
#: A look at the kernel is due when time has grown by this factor since the last one.
LOOK = 1.1


class KernelChange:
    """The kernel of a run on fixed inputs, from its start.

    Parameters
    ----------
    network : Network
        What runs.
    weights : sequence of ndarray
        Its start.
    X : ndarray, shape (m, d_in)
        Inputs whose kernel is watched.

    Attributes
    ----------
    is_defined : bool
        Whether the kernel of the start is not 0; no unit sees any of the inputs otherwise.
    crossing : float
        First time with a relative change of ``KERNEL_MARK``; nan until then.
    """

    def __init__(self, network: Network, weights: Weights, X: NDArray[np.float64]) -> None:
        self._network, self._X = network, X
        self._start = network.ntk(weights, X)
        self._size = float(np.linalg.norm(self._start))
        self.is_defined = self._size > 0
        self._time, self._change, self.crossing = 0.0, 0.0, math.nan

    def see(self, time: float, weights: Weights) -> None:
        """Look at the kernel of these weights if a look is due."""
        if math.isnan(self.crossing) and time >= LOOK * self._time:
            self.finish(time, weights)

    def finish(self, time: float, weights: Weights) -> float:
        """Look at the kernel of these weights and return its relative change, nan without one."""
        if not self.is_defined:
            return math.nan
        gap = self._network.ntk(weights, self._X) - self._start
        change = float(np.linalg.norm(gap)) / self._size
        if math.isnan(self.crossing) and change >= KERNEL_MARK:
            self.crossing = self._moment(time, change)
        self._time, self._change = time, change
        return change

    def _moment(self, time: float, change: float) -> float:
        if self._change == 0:
            return self._time + (time - self._time) * KERNEL_MARK / change
        power = math.log(KERNEL_MARK / self._change) / math.log(change / self._change)
        return self._time * (time / self._time) ** power
