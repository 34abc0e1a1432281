"""Figure 2 of Tu, Aranguri and Jacot 2024: four panels over the plane of exponents, from training.

The panels (:mod:`verify.figures.figure2_panels`) of a sweep, and beside each, where there is a
prediction, the predicted one and the difference of the two.  Replicates are averaged panel by
panel, cells that diverged or failed are left blank and crossed out, cells in which the prediction
is outside its range of validity are hatched.
"""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from numerics.phase_diagram.scheme import scheme_of
from numerics.support.object_validation import check_dataset
from verify.figures.figure2_boundaries import draw_boundary_legend
from verify.figures.figure2_panels import PANELS, draw_difference, draw_panel
from verify.figures.prediction import draw_validity, out_of_range, reference_of
from verify.figures.style import PlainFigure

__all__ = ["draw_figure2"]

#: Of a sweep, not of a prediction.
REPLICATES: dict[str, tuple[str, ...]] = {"replicate": ("replicate",)}

#: Headings of the columns where there is a prediction.
COLUMNS = ("trained", "predicted", "trained - predicted")


def draw_figure2(data: xr.Dataset, prediction: xr.Dataset | None = None) -> Figure:
    """Draw Figure 2, the panels of a sweep, and beside each its prediction and the difference.

    Parameters
    ----------
    data : xarray.Dataset
        Of :func:`numerics.sweeps.run.run_sweep`.
    prediction : xarray.Dataset, optional
        The same variables over the same exponents; a panel whose variable it lacks stays blank.

    Examples
    --------
    >>> import tempfile
    >>> from numerics.sweeps.run import run_sweep
    >>> from numerics.phase_diagram.sweep import SweepPlan
    >>> plan = SweepPlan(gamma_sigma2="-2:-1:2", gamma_w="1:2:2", d=20, rank=2, iterations=5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     figure = draw_figure2(run_sweep(plan, folder, workers=0))
    >>> sum(axes.get_title() != "" for axes in figure.axes)
    4
    """
    variables: dict[str, tuple[str, ...]] = dict.fromkeys(
        ("status", "min_test_error"), ("gamma_sigma2", "gamma_w")
    )
    settings = ("d", "rank", "update")
    check_dataset("data", data, "a sweep of SweepPlan", variables | REPLICATES, settings)
    if prediction is not None:
        check_dataset("prediction", prediction, "predict_grid", variables, ("d", "rank"))
    if prediction is None:
        figure: Figure = PlainFigure(figsize=(10.8, 9.4), layout="constrained")
        for panel, axes in zip(PANELS, figure.subplots(2, 2).flat, strict=True):
            draw_panel(data, panel, axes)
    else:
        figure = _beside(data, prediction)
    hatched = prediction is not None and any(
        bool(out_of_range(prediction, panel).any()) for panel in PANELS
    )
    draw_boundary_legend(figure, hatched=hatched)
    told = "" if prediction is None else f"; {reference_of(prediction.attrs)}"
    figure.suptitle(_heading(data) + told, fontsize=12)
    return figure


def _beside(data: xr.Dataset, prediction: xr.Dataset) -> Figure:
    figure = PlainFigure(figsize=(11.0, 14.0), layout="constrained")
    grid = figure.subplots(len(PANELS), len(COLUMNS))
    for panel, row in zip(PANELS, grid, strict=True):
        draw_panel(data, panel, row[0])
        try:
            panel.values(prediction)
        except AttributeError:
            for axes in row[1:]:
                axes.set_axis_off()
            continue
        valid = ~out_of_range(prediction, panel)
        draw_panel(prediction, panel, row[1], valid=valid)
        draw_difference(data, prediction, panel, row[2], valid=valid)
        for axes in row[1:]:
            draw_validity(prediction, axes, panel)
    for axes, name in zip(grid[0], COLUMNS, strict=True):
        axes.annotate(
            name, (0.5, 1.14), xycoords="axes fraction", ha="center", fontsize=12, weight="bold"
        )
    return figure


def _heading(data: xr.Dataset) -> str:
    a, count = data.attrs, data.sizes["replicate"]
    many = f", {count} replicates" if count > 1 else ""
    size = f"{data.sizes['gamma_sigma2']} x {data.sizes['gamma_w']} cells"
    return (
        rf"Gradient descent from $\sigma^2=d^{{\gamma_{{\sigma^2}}}}$, width $d^{{\gamma_w}}$:"
        rf" $d={a['d']}$, rank ${a['rank']}$, {size}{many}" + f"\n{scheme_of(a)}"
    )
