"""Figure 1 in numbers: where the smallest test error is, the end of the run, and the times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from numerics.phase_diagram.scheme import scheme_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["figure1_table"]


def figure1_table(data: xr.Dataset, seconds: Mapping[str, float]) -> str:
    """Return the summary of a Figure 1 run: where the minimum is, the end, and the times."""
    settings = data.attrs
    lines = [
        f"d = {settings['d']}, rank {settings['rank']}, width {settings['width']:,}, "
        f"threshold {settings['threshold']:.4g}, learning rate {settings['learning_rate']:.4g}",
        scheme_of(settings),
        "",
        f"{'':18}{'smallest test':>14}{'at iteration':>14}{'final train':>14}{'final test':>14}",
    ]
    curves = {
        name: (data.train_error.sel(dynamics=name), data.test_error.sel(dynamics=name))
        for name in data.dynamics.values
    }
    curves["closed_form"] = (data.closed_form_train_error, data.closed_form_test_error)
    for name, (train, test) in curves.items():
        lines.append(
            f"{name:18}{float(test.min()):14.4f}{int(test.argmin('iteration')):14d}"
            f"{float(train[-1]):14.4f}{float(test[-1]):14.4f}"
        )
    lines += ["", f"largest distance between the two dynamics {float(data.distance.max()):.4g}", ""]
    lines += [f"{name:42}{value:8.2f} s" for name, value in seconds.items()]
    lines.append(f"{'all parts':42}{sum(seconds.values()):8.2f} s")
    return "\n".join(lines)
