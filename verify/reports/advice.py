"""Advice as short tables for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from verify.figures.advice import coinciding

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["advice_table", "check_table"]

#: Share of the untrained error below which training gains too little to recommend it.
GAIN = 0.01


def advice_table(data: xr.Dataset) -> str:
    """Return the recommendations, their rules and what was left out; those that coincide once."""
    a, names = data.attrs, coinciding(data)
    column = 2 + max(8, *map(len, names.values()))
    theta = data.attrs["singular_values"]
    shown = ", ".join(f"{x:.4g}" for x in theta[:5]) + (", ..." if theta.size > 5 else "")
    lines = [
        f"A* is {a['d_out']} x {a['d_in']}, rank {a['rank']} (singular values {shown}), noise "
        f"{a['noise']:g}; {a['detected']} of {a['rank']} stand out of the noise",
        "",
        f"{'':{column}}{'variance':>10}{'second':>10}{'width':>9}{'at least':>9}{'rate':>10}"
        f"{'limit x':>8}{'threshold':>10}  {'regime':14}{'test error':>17}{'iterations':>11}"
        f"{'stop':>12}{'misjudged':>10}",
    ]
    for name, text in names.items():
        r = {key: data[key].sel(recommendation=name).item() for key in _COLUMNS}
        error = f"{r['min_test_error']:.4g} +- {r['min_test_error_deviation']:.2g}"
        window = f"{r['stop_from']}-{r['stop_to']}"
        lines.append(
            f"{text:{column}}{r['init_variance']:10.3g}{r['init_variance2']:10.3g}{r['width']:9.6g}"
            f"{r['smallest_width']:9.6g}{r['learning_rate']:10.4g}"
            f"{r['learning_rate_share']:8.2f}{r['threshold']:10.3g}  {r['regime']:14}{error:>17}"
            f"{r['iterations']:11d}{window:>12}{r['misjudged_test_error']:10.4g}"
        )
    lines += [
        "",
        "variance, second: of an entry of W1 and of W2; at least: smallest width at which error and"
        " iterations hold;",
        "test error: predicted mean +- standard deviation of one run (noise, start, A* rotated), "
        "singular values given;",
        "stop: iterations within 10 % of the smallest test error; misjudged: smallest test error "
        "if the variances are halved or doubled (inf: the learning rate is then unstable)",
        *(f"{name}: {rule}" for name, rule in _rules(data)),
    ]
    return "\n".join(lines + _remarks(data))


def check_table(data: xr.Dataset, checked: xr.Dataset) -> str:
    """Return predicted and trained smallest test errors side by side."""
    runs = checked.sizes["run"]
    lines = [
        f"trained, {runs} runs each:",
        f"{'':10}{'predicted':>11}{'trained':>24}{'difference':>20}{'iterations':>12}"
        f"{'trained':>9}",
    ]
    for name in data.recommendation.values:
        one, run = data.sel(recommendation=name), checked.sel(recommendation=name)
        predicted, deviation = one.min_test_error.item(), run.deviation.item()
        error = run.standard_error.item()
        trained = f"{run.trained_min_test_error.mean().item():.4g} +- {predicted * error:.2g}"
        lines.append(
            f"{name:10}{predicted:11.4g}{trained:>24}"
            f"{f'{deviation:+.1%} +- {error:.1%}':>20}{one.iterations.item():12d}"
            f"{run.trained_iterations.mean().item():9.1f}"
            + ("" if run.confirmed.item() else "  NOT CONFIRMED")
        )
    agreement = checked.attrs["agreement"]
    lines.append(
        f"confirmed: within {agreement:.0%} and two standard errors of the mean (after +-)"
    )
    return "\n".join(lines)


_COLUMNS = (
    "init_variance",
    "init_variance2",
    "width",
    "smallest_width",
    "learning_rate",
    "learning_rate_share",
    "threshold",
    "regime",
    "min_test_error",
    "min_test_error_deviation",
    "iterations",
    "stop_from",
    "stop_to",
    "misjudged_test_error",
)


def _rules(data: xr.Dataset) -> list[list[str]]:
    return [rule.split(": ", 1) for rule in data.attrs["rules"].split("; ")]


def _remarks(data: xr.Dataset) -> list[str]:
    a, remarks = data.attrs, []
    if a["outside_range"]:
        remarks.append(
            f"{a['outside_range']} of {a['candidates']} starts are outside the range of validity "
            "and were not considered"
        )
    if a["detected"] == 0:
        remarks.append("no singular value of A* stands out of the noise: features are not learned")
    best = float(np.min(data.min_test_error))
    if best > (1 - GAIN) * a["untrained_error"]:
        remarks.append(
            f"training gains less than {GAIN:.0%} on A = 0, of test error "
            f"{a['untrained_error']:.4g}"
        )
    return ["", *remarks] if remarks else []
