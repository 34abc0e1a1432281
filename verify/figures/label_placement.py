"""Where to write on a figure: text inside regions and along lines, clear of everything drawn.

What is drawn is kept as points in pixels; a text is a rectangle, turned for a label along a line,
and stands where the fewest points fall into it.

Holds for axes whose limits and layout are final.  Source: ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.text import Text
from numpy.typing import NDArray

from verify.figures.style import lay_out

__all__ = ["Page"]

HALO = [patheffects.withStroke(linewidth=2.5, foreground="white")]

#: Places tried for one text.
CANDIDATES = 200

#: Pixels between the points that stand for a line, at 100 dpi.
SPACING = 3.0

#: Free space around a text, in pixels at 100 dpi.
MARGIN = 3.0

Points = NDArray[np.float64]


class Page:
    """The pixels of one axes that are taken.

    Parameters
    ----------
    axes : matplotlib Axes
        With final limits; the layout of its figure is computed once.
    """

    def __init__(self, axes: Axes) -> None:
        figure = axes.figure.canvas.figure
        lay_out(figure)
        self.axes = axes
        self.scale = figure.dpi / 100
        self.taken: list[Points] = []
        self.crossed: list[Points] = []
        self.corner, self.opposite = np.array(axes.get_window_extent())

    def add_line(self, line: Points, *, may_cross: bool = False) -> None:
        """Keep texts off a line given as (x, y), nan where it is broken, or off it if possible."""
        pixels = self._pixels(line)
        gaps = np.hypot(*np.diff(pixels, axis=1))
        # Steep or sparse lines are filled up, so that no text slips between two points; dense
        # ones are thinned, since every place of every text is compared with every point.
        spacing = SPACING * self.scale
        parts = int(np.nanmax(gaps, initial=1) // spacing) + 1
        shares = np.arange(parts) / parts
        filled = pixels[:, :-1, None] * (1 - shares) + pixels[:, 1:, None] * shares
        filled = filled.reshape(2, -1)[:, :: max(1, int(spacing // np.nanmedian(gaps / parts)))]
        kept = filled[:, np.isfinite(filled).all(axis=0)]
        (self.crossed if may_cross else self.taken).append(kept)

    def write_inside(self, x: Points, y: Points, texts: list[tuple[str, float]]) -> None:
        """Write the first of some texts, given with font sizes, that fits among some points."""
        stride = max(1, x.size // CANDIDATES)
        places = self._pixels(np.array([x[::stride], y[::stride]]))
        centre = places.mean(axis=1, keepdims=True)
        places = places[:, np.hypot(*(places - centre)).argsort()]
        sizes: dict[str, Points] = {}
        for text, size in texts:
            if text not in sizes:
                # Measured once: a text grows with its font, and formulas are slow to set.
                artist = self._text(text, fontsize=size, ha="center", va="center", linespacing=1.15)
                sizes[text] = self._half_size(artist) / size
                artist.remove()
            half = sizes[text] * size
            room = self._room(places, half)
            if room.max() > 0:
                # Of the places with room, the one with most; the middle wins a tie.
                artist = self._text(text, fontsize=size, ha="center", va="center", linespacing=1.15)
                self._put(artist, places[:, room.argmax()], half, 0.0)
                return

    def label_line(self, line: Points, text: str, **style: Any) -> None:
        """Write a text along a line, on the side and at the place with the fewest obstacles."""
        here = self._pixels(line)
        here = here[:, np.isfinite(here).all(axis=0)]
        if here.shape[1] < 3:
            return
        artist = self._text(text, ha="center", va="center", **style)
        half = self._half_size(artist)
        steps = np.gradient(here, axis=1)
        angles = np.arctan2(steps[1], steps[0])
        angles = (angles + np.pi / 2) % np.pi - np.pi / 2
        best: tuple[tuple[float, ...], Points, float] | None = None
        taken, crossed = (np.hstack([np.empty((2, 0)), *x]) for x in (self.taken, self.crossed))
        middle = here.shape[1] / 2
        for index in range(0, here.shape[1], max(1, here.shape[1] // 60)):
            angle = float(angles[index])
            normal = np.array([-np.sin(angle), np.cos(angle)])
            for side in (1, -1):
                place = here[:, index] + side * (half[1] + MARGIN * self.scale) * normal
                score = (
                    self._hits(taken, place, half, angle),
                    self._hits(crossed, place, half, angle),
                    abs(index - middle),
                )
                if best is None or score < best[0]:
                    best = score, place, angle
        assert best is not None, "a line of three points has places"
        (hits, *_), place, angle = best
        if hits > 0:
            artist.remove()
            return
        self._put(artist, place, half, angle)

    def _pixels(self, points: Points) -> Points:
        return self.axes.transData.transform(points.T).T

    def _text(self, text: str, **style: Any) -> Text:
        artist = self.axes.text(
            0.5, 0.5, text, transform=self.axes.transAxes, path_effects=HALO, zorder=6, **style
        )
        artist.set_in_layout(False)
        return artist

    def _half_size(self, artist: Text) -> Points:
        box = artist.get_window_extent()
        return np.array([box.width, box.height]) / 2

    def _put(self, artist: Text, place: Points, half: Points, angle: float) -> None:
        artist.set_transform(self.axes.transAxes)
        artist.set_position(tuple(self.axes.transAxes.inverted().transform(place)))
        artist.set(rotation=np.degrees(angle), rotation_mode="anchor")
        grid = np.meshgrid(*(np.linspace(-x, x, 12) for x in half))
        corners = np.array([axis.ravel() for axis in grid])
        self.taken.append(_turned(corners, angle) + place[:, None])

    def _room(self, places: Points, half: Points) -> Points:
        """Return how far a text at each place is from what is taken; 0 or less where it hits."""
        sides = (
            np.minimum(places - self.corner[:, None], self.opposite[:, None] - places)
            - half[:, None]
        )
        room = sides.min(axis=0) - MARGIN * self.scale
        for points in self.taken:
            # What is hit already need not be compared any more.
            free = np.flatnonzero(room > 0)
            apart = np.abs(places[:, free, None] - points[:, None, :]) - half[:, None, None]
            nearest = apart.max(axis=0).min(axis=1, initial=np.inf)
            room[free] = np.minimum(room[free], nearest - MARGIN * self.scale)
        return room

    def _hits(self, points: Points, place: Points, half: Points, angle: float) -> int:
        """Return how many points a turned text covers, and its corners outside the axes."""
        corners = np.array([[1, 1, -1, -1], [1, -1, 1, -1]]) * half[:, None]
        corners = _turned(corners, angle) + place[:, None]
        outside = (corners < self.corner[:, None]) | (corners > self.opposite[:, None])
        hits = 1000 * int(outside.any(axis=0).sum())
        grown = half + np.array([1.0, 0.0]) * MARGIN * self.scale
        apart = points - place[:, None]
        apart = apart[:, (np.abs(apart) <= np.hypot(*grown)).all(axis=0)]
        return hits + int((np.abs(_turned(apart, -angle)) <= grown[:, None]).all(axis=0).sum())


def _turned(points: Points, angle: float) -> Points:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]]) @ points
