"""One function that draws whatever the package makes.

A dataset says by its attribute ``kind`` what made it (:mod:`numerics.descriptions`; a sweep, by
its plan); a table names the function of this package that draws such a dataset.
"""

from __future__ import annotations

from importlib import import_module

import xarray as xr
from matplotlib.figure import Figure

__all__ = ["DRAWN_BY", "plot"]

#: What draws a dataset, by its kind; both are import paths ``module:name``.
DRAWN_BY = {
    "numerics.training:train": "verify.run_figures:draw_run",
    "numerics.matrix_flow:gradient_flow": "verify.run_figures:draw_run",
    "numerics.matrix_closed_form:closed_form_flow": "verify.run_figures:draw_run",
    "numerics.experiments:figure1": "verify.figures:draw_figure1",
    "numerics.prediction:predict_run": "verify.prediction_figures:draw_cell",
    "numerics.prediction_grid:predict_grid": "verify.prediction_figures:draw_predicted_panels",
    "numerics.sweep_plan:SweepPlan": "verify.figure2:draw_figure2",
    "numerics.regimes:exponent_plane": "verify.boundary_figures:draw_boundaries",
    "numerics.advice:advise": "verify.advice_figures:draw_advice",
    "numerics.crossover_sweep:CrossoverSweep": "verify.dataset_figures:draw_crossover_sweep",
    "numerics.linear_plane:linear_crossover": "verify.shared_diagram:draw_linear_plane",
}


def plot(data: xr.Dataset) -> Figure:
    """Draw a dataset of this package; also ``data.mixed_dynamics.plot()``.

    Parameters
    ----------
    data : xarray.Dataset
        From ``train``, ``gradient_flow``, ``closed_form_flow``, ``figure1``, ``predict_run``,
        ``predict_cell``, ``predict_grid``, ``exponent_plane``, ``advise``, ``linear_crossover``,
        or a sweep of ``SweepPlan`` or ``CrossoverSweep``; also read from a file.

    Returns
    -------
    matplotlib Figure
        Shown by a notebook; ``savefig`` writes it to a file.

    Raises
    ------
    TypeError
        If it is no dataset.
    ValueError
        If it is another dataset; ``data[name].plot()`` draws a variable of any.

    Examples
    --------
    >>> import numerics
    >>> figure = plot(numerics.predict_cell(-1.85, 2.25, d=100))
    >>> [axes.get_title() for axes in figure.axes]
    ['Train and test error', 'Singular values of A']
    """
    if not isinstance(data, xr.Dataset):
        raise TypeError(f"data must be an xarray.Dataset, got {type(data).__name__}")
    kind = data.attrs.get("kind")
    if kind not in DRAWN_BY:
        makers = ", ".join(x.partition(":")[2] for x in DRAWN_BY)
        raise ValueError(f"data must be a dataset of {makers}, got kind {kind!r}")
    module, _, name = DRAWN_BY[kind].partition(":")
    return getattr(import_module(module), name)(data)


def draw_crossover_sweep(data: xr.Dataset) -> Figure:
    """Draw a crossover sweep with the exponents that it allows to measure."""
    from verify.crossover_figures import draw_crossover
    from verify.measured_exponents import crossover_exponents

    return draw_crossover(data, crossover_exponents(data))
