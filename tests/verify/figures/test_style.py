"""What figures share: series that colour-blind readers tell apart, and ticks in plain numbers."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from verify.figures.style import plain_log_ticks, shades

#: What is seen without one kind of cones, in linear RGB: Machado, Oliveira and Fernandes 2009.
SEEN = {
    "all": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lightness(colours, seen):
    """Return CIE L* of colours as they are seen."""
    rgb = np.array(colours)[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    y = np.clip(linear @ np.transpose(SEEN[seen]), 0, 1) @ (0.2126, 0.7152, 0.0722)
    return 116 * np.cbrt(y) - 16


@pytest.mark.parametrize("seen", SEEN)
def test_widths_differ_in_brightness_for_every_reader(seen):
    # Two just noticeable differences in L* are 2; lines need several times that.
    assert (np.diff(lightness(shades(4), seen)) < -15).all()


@pytest.mark.parametrize(
    ("limits", "ticks"),
    [((0.17, 0.95), [0.2, 0.3, 0.4, 0.6, 0.8]), ((0.04, 1.1), [0.05, 0.1, 0.2, 0.5, 1])],
)
def test_a_short_logarithmic_axis_has_plain_numbers(limits, ticks):
    figure = Figure()
    axes = figure.subplots()
    axes.set(yscale="log", ylim=limits)
    plain_log_ticks(axes.yaxis)
    figure.draw_without_rendering()
    assert [float(x.get_text()) for x in axes.get_yticklabels()] == ticks


def test_a_long_one_keeps_its_decades():
    axes = Figure().subplots()
    axes.set(yscale="log", ylim=(1e-3, 1e3))
    before = axes.yaxis.get_major_locator()
    plain_log_ticks(axes.yaxis)
    assert axes.yaxis.get_major_locator() is before
