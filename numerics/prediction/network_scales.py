"""A random network of two layers and how it is trained, in the numbers that a prediction needs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RandomNetwork"]


@dataclass(frozen=True)
class RandomNetwork:
    """A random network and its descent, as the recursion of modes sees them.

    Attributes
    ----------
    c1, c2 : float
        Scales of C1 and C2 at the start: variance of a layer's entries times the width.
    width : float
        Sets the size of the fluctuations.
    learning_rate : float
        Step size (inverse unit of A).
    update : {"simultaneous", "sequential"}
        Order in which the layers move.
    """

    c1: float
    c2: float
    width: float
    learning_rate: float
    update: str = "simultaneous"

    @property
    def threshold(self) -> float:
        """Return ``c = (c1 + c2)/2``."""
        return (self.c1 + self.c2) / 2

    @property
    def start_variance(self) -> float:
        """Return the variance of an entry of A at the start."""
        return self.c1 * self.c2 / self.width
