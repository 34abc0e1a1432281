"""The crossover in numbers: exponents beside the derived ones, and test errors in both regimes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

import numpy as np
import xarray as xr

from verify.measurements.crossover_exponents import Exponent, sound, test_errors, windows

__all__ = ["crossover_report", "exponents_json"]


def crossover_report(data: xr.Dataset, exponents: Iterable[Exponent]) -> str:
    """Return the tables of a sweep for the terminal."""
    lines = [*_states(data), "", *_exponent_table(exponents), "", *_error_table(data)]
    return "\n".join(lines)


def exponents_json(exponents: Iterable[Exponent]) -> str:
    """Return the exponents as JSON: derived, measured (null where not), band and verdict."""
    table = [
        {
            "name": x.name,
            "depth": x.depth,
            "derived": x.derived,
            "band": list(x.band),
            "alternatives": list(x.alternatives),
            "measured": None if x.fit is None else x.fit.exponent,
            "halfwidth": None if x.fit is None else x.fit.halfwidth,
            "verdict": x.verdict,
        }
        for x in exponents
    ]
    return json.dumps({"exponents": table}, indent=1)


def _states(data: xr.Dataset) -> list[str]:
    """Say how many runs fitted their data, and how the others ended."""
    codes, counts = np.unique(data.stop_reason.values, return_counts=True)
    words = data.stop_reason.attrs["flag_meanings"].split()
    told = ", ".join(
        f"{count} {words[int(code)] if code >= 0 else 'absent'}"
        for code, count in zip(codes, counts, strict=True)
    )
    a = data.attrs
    return [
        f"{a['activation']} on {a['data']}, {a['n_train']} training and {a['n_test']} test inputs",
        f"{data.status.size} runs: {told}",
    ]


def _exponent_table(exponents: Iterable[Exponent]) -> list[str]:
    found = list(exponents)
    lines = [f"{'exponent':30}{'L':>3}{'derived':>9}{'measured':>18}{'band':>18}"]
    for x in found:
        measured = "-" if x.fit is None else f"{x.fit.exponent:.3f} +- {x.fit.halfwidth:.3f}"
        band = f"{x.band[0]:.2f} .. {x.band[1]:.2f}"
        lines.append(
            f"{x.name:30}{x.depth:3d}{x.derived:9.3f}{measured:>18}{band:>18}  {x.verdict}"
        )
    counts = Counter(x.verdict for x in found)
    lines.append(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    if counts["not decided"]:
        lines.append(
            "not decided: the interval is too wide to tell the band from the whole powers beside "
            "it, or crosses its edge"
        )
    return lines


def _error_table(data: xr.Dataset) -> list[str]:
    """Return test errors of the largest width: feature, lazy, and the frozen kernel, in percent."""
    part = sound(data).isel(width=-1)
    lines = [
        f"test error at h = {int(part.width)}, %",
        f"{'L':>3}{'feature':>18}{'ensemble':>10}{'lazy':>18}{'ensemble':>10}{'frozen kernel':>16}",
    ]
    for depth in part.depth.values:
        errors = 100 * test_errors(part.sel(depth=depth))
        row = f"{depth:3d}"
        for window in windows(errors.scaled_alpha):
            chosen = errors.sel(scaled_alpha=window)
            if chosen.sizes["scaled_alpha"] == 0:
                row += f"{'-':>18}{'-':>10}"
                continue
            # Neighbouring alphas share their networks: the error of the mean is that of one.
            mean = chosen.mean("scaled_alpha", skipna=False)
            row += f"{float(mean.single):11.2f} +- {float(mean.standard_error):.2f}"
            row += f"{float(mean.ensemble):10.2f}"
        frozen = part.frozen_test_error.sel(depth=depth).isel(scaled_alpha=-1)
        lines.append(row + f"{100 * float(frozen.mean('seed')):16.2f}")
    return lines
