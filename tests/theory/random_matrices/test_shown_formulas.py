"""Every formula that random matrices show, evaluated in the bulk and at a spike."""

import numpy as np
import pytest
import sympy as sp

from theory.symbols import random_matrices as sr
from theory.symbols.task import tau, theta


def bulk(_):
    """A point of the bulk, and a signal above the threshold."""
    noise, signal, rows, columns, angle = 0.8, 3.1, 4.0, 7.0, 0.9
    value = noise**2 * np.sqrt(rows * columns) * np.exp(1j * angle)
    shifts = [noise**2 * size for size in (rows, columns)]
    position = np.sqrt((value + shifts[0]) * (value + shifts[1]) / value).real
    spike = np.sqrt((signal**2 + shifts[0]) * (signal**2 + shifts[1])) / signal
    inside = position / (value + shifts[0])
    return {
        tau: noise,
        theta: signal,
        sr.m: rows,
        sr.n: columns,
        sr.phi: angle,
        sr.P_value: value,
        sr.P_imaginary: value.imag,
        sr.z_place: position,
        sr.y_bulk: position,
        sr.g_o: inside,
        sr.g_i: position / (value + shifts[1]),
        sr.h_tail: 1 / value,
        sr.y_hat: spike,
        sr.density(sr.z_place): sp.Float(2 * rows / np.pi * abs(inside.imag)),
    }


def spike(_):
    """A signal above the threshold, and a spike that noise has moved."""
    noise, signal, rows, columns, chance, place = 0.8, 3.1, 4.0, 7.0, 0.4, 2.9
    position = lambda x: (  # noqa: E731
        sp.sqrt((x**2 + noise**2 * rows) * (x**2 + noise**2 * columns)) / x
    )

    def gain(x):
        first, second = (noise**2 * size / x**2 for size in (rows, columns))
        return (1 + (first + second) / 2) / (1 - first * second)

    z = float(position(signal))
    return {
        tau: noise,
        theta: signal,
        sr.m: rows,
        sr.n: columns,
        sr.z_place: z,
        sr.y_bulk: 1.3,
        sr.g_o: z / (signal**2 + noise**2 * rows),
        sr.g_i: z / (signal**2 + noise**2 * columns),
        sr.V_gain: gain(signal),
        sr.omega: float(sp.diff(position(theta), theta).subs(theta, signal)),
        sr.V_of: gain,
        sr.y_hat_of: position,
        sr.eta_place: place,
        sr.rho_noise: chance,
        sr.xi: place - noise * np.sqrt(gain(place)) * chance,
        sr.y_hat: float(position(place)),
    }


def plain(_):
    """Only random values."""
    return {}


WORLDS = {"spectra": bulk, "spectrum-sums": bulk, "spike-repulsion": spike, "wishart": plain}

#: Steps in which names have special values or another meaning, which their texts say.
SPECIAL = {
    "spectra": ["For m = n"],
    "spike-repulsion": ["For m = n", "and vanishes for m = n", "Where the spike lies below"],
}

#: Steps that cannot be evaluated, with the reason.
UNKNOWN: dict[str, dict[str, str]] = {}


@pytest.mark.parametrize("topic", WORLDS)
def test_every_shown_formula_holds_in_numbers(topic, shown, derivations):
    lists = SPECIAL.get(topic, []), UNKNOWN.get(topic, {})
    shown.check(derivations(topic), WORLDS[topic], *lists)
