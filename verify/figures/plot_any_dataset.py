"""One function that draws whatever the package makes.

A dataset says by its attribute ``kind`` what made it (:mod:`numerics.support.descriptions`; a
sweep, by its plan); a table names the function of this package that draws such a dataset.
"""

from __future__ import annotations

from importlib import import_module

import xarray as xr
from matplotlib.figure import Figure

from numerics.support.provenance import public_kind
from theory.wording import shown

__all__ = ["DRAWN_BY", "plot"]

#: What draws a dataset, by its kind: import paths ``module:name``.
DRAWN_BY = {
    "train": "verify.figures.training_runs:draw_run",
    "gradient_flow": "verify.figures.training_runs:draw_run",
    "closed_form_flow": "verify.figures.training_runs:draw_run",
    "figure1": "verify.figures.figure1:draw_figure1",
    "predict_run": "verify.figures.prediction:draw_predicted_run",
    "predict_grid": "verify.figures.prediction:draw_predicted_panels",
    "SweepPlan": "verify.figures.figure2:draw_figure2",
    "exponent_plane": "verify.figures.boundaries:draw_boundaries",
    "advise": "verify.figures.advice:draw_advice",
    "CrossoverSweep": "verify.figures.plot_any_dataset:draw_crossover_sweep",
    "linear_crossover": "verify.figures.linear_and_nonlinear_diagram:draw_linear_plane",
}


def plot(data: xr.Dataset) -> Figure:
    """Draw any dataset of this package.

    After ``import mixed_dynamics.xarray`` also ``data.mixed_dynamics.plot()``.

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
    ['Train and test error', 'Singular values of A, distance from the self-consistent dynamics']
    """
    if not isinstance(data, xr.Dataset):
        raise TypeError(f"data must be an xarray.Dataset, got {type(data).__name__}")
    kind = data.attrs.get("kind")
    drawn = DRAWN_BY.get(public_kind(str(kind)))
    if drawn is None:
        raise ValueError(f"data must be a dataset of {', '.join(DRAWN_BY)}, got kind {kind!r}")
    module, _, name = drawn.partition(":")
    try:
        return getattr(import_module(module), name)(data)
    except (LookupError, AttributeError) as error:
        raise ValueError(
            f"data must be a whole dataset of {kind}, got one without what is drawn: {shown(error)}"
        ) from error


def draw_crossover_sweep(data: xr.Dataset) -> Figure:
    """Draw a crossover sweep with the exponents that it allows to measure."""
    from verify.figures.crossover import draw_crossover
    from verify.measurements.crossover_exponents import crossover_exponents

    return draw_crossover(data, crossover_exponents(data))
