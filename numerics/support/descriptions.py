"""What the variables of datasets are: a name for axes and tables, and a unit.

One table for all, so that a variable means the same wherever it occurs; ``dataset.x.plot()``
labels its axes with it.  Every dataset also says what made it: its attribute ``kind`` is the
public name of a function, or of a kind of sweep.
"""

from __future__ import annotations

from collections.abc import Callable

import xarray as xr

from numerics.support.provenance import kind_of, versions

__all__ = ["DESCRIPTIONS", "attributes", "describe"]

_MEAN_SQUARE, _MATRIX = "mean square of an entry", "unit of A"

#: Long name and units by the variable's name.
DESCRIPTIONS: dict[str, tuple[str, str]] = {
    # Coordinates.
    "iteration": ("iteration", "1"),
    "time": ("time", "1/unit of A"),
    "mode": ("singular value, from the largest", "1"),
    "truth_mode": ("mode of the truth, from the largest", "1"),
    "gamma_sigma2": ("exponent of the initial variance", "power of d"),
    "gamma_w": ("exponent of the width", "power of d"),
    "threshold": ("threshold c", _MATRIX),
    "width": ("width", "hidden units"),
    "seed": ("independent draw", "1"),
    "replicate": ("independent draw", "1"),
    # Runs, trained and predicted.
    "A": ("learned matrix A", _MATRIX),
    "W1": ("first layer", "square root of unit of A"),
    "W2": ("second layer", "square root of unit of A"),
    "C1": ("W1^T W1", _MATRIX),
    "C2": ("W2 W2^T", _MATRIX),
    "loss": ("loss", "sum over observed entries"),
    "train_error": ("train error", _MEAN_SQUARE),
    "test_error": ("test error", _MEAN_SQUARE),
    "leading_test_error": ("test error at infinite width", _MEAN_SQUARE),
    "truncation": ("estimated truncation of the test error", _MEAN_SQUARE),
    "singular_value": ("singular value of A", _MATRIX),
    "target_singular_value": ("singular value of A*", _MATRIX),
    "outlier": ("singular value of A that the signal makes", _MATRIX),
    "edge": ("largest singular value of the bulk", _MATRIX),
    "stable_rank": ("stable rank of A", "1"),
    "mode_overlap": ("overlap of A with a mode of the truth", _MATRIX),
    "ntk_change": ("relative change of the NTK", "1"),
    "kernel_change": ("relative change of the NTK", "1"),
    "balancedness_drift": ("relative drift of the balancedness", "1"),
    "distance": ("distance from the self-consistent dynamics", _MATRIX),
    "closed_form_train_error": ("train error of the closed form", _MEAN_SQUARE),
    "closed_form_test_error": ("test error of the closed form", _MEAN_SQUARE),
    "closed_form_singular_value": ("singular value of the closed form", _MATRIX),
    "steps": ("steps", "1"),
    "mean_loss": ("alpha^2 times the loss", "mean over training inputs"),
    "train_output": ("predictor on a training input", "unit of the labels"),
    "test_output": ("predictor on a test input", "unit of the labels"),
    # Their smallest test error.
    "min_test_error": ("smallest test error", _MEAN_SQUARE),
    "min_iteration": ("iteration of the smallest test error", "1"),
    "min_truncation": ("estimated truncation of the smallest test error", _MEAN_SQUARE),
    "iterations": ("iterations to the smallest test error", "iterations"),
    "max_distance": ("largest distance from the self-consistent dynamics", _MATRIX),
    "distance_truncation": ("estimated truncation of the distance", _MATRIX),
    "max_distance_truncation": ("estimated truncation of the largest distance", _MATRIX),
    "max_distance_status": ("range of validity of the largest distance", "index"),
    "train_error_deviation": ("standard deviation of one run's train error", _MEAN_SQUARE),
    "test_error_deviation": ("standard deviation of one run's test error", _MEAN_SQUARE),
    "min_test_error_deviation": (
        "standard deviation of one run's smallest test error, singular values of A* given",
        _MEAN_SQUARE,
    ),
    "drawn_min_test_error": ("smallest test error, mean over drawn A*", _MEAN_SQUARE),
    "drawn_min_test_error_deviation": (
        "standard deviation of one run's smallest test error, A* drawn",
        _MEAN_SQUARE,
    ),
    "status": ("range of validity, see status_meaning", "index"),
    # The exponent plane.
    "regime": ("regime", "index"),
    "limited_by": ("term that sets the smallest test error", "index"),
    "proven": ("in the paper's region of proof", "1"),
    "region_number": ("connected region of one regime and one limiting term", "index"),
    "boundary_gamma_sigma2": ("exponent of the initial variance on the boundary", "power of d"),
    "boundary_gamma_w": ("exponent of the width on the boundary", "power of d"),
    "finite_boundary_gamma_sigma2": (
        "exponent of the initial variance on the boundary at finite d",
        "power of d",
    ),
    "finite_boundary_gamma_w": ("exponent of the width on the boundary at finite d", "power of d"),
    # Advice, and its check.
    "init_variance": ("initial variance, of the first layer where they differ", _MATRIX),
    "init_variance2": ("initial variance of the second layer", _MATRIX),
    "smallest_width": ("smallest width as good as the widest", "hidden units"),
    "learning_rate": ("learning rate", "1/unit of A"),
    "learning_rate_share": ("learning rate", "stability limit"),
    "lazy_modes": ("singular values of A* below the threshold", "1"),
    "stop_from": ("first iteration to stop at", "iterations"),
    "stop_to": ("last iteration to stop at", "iterations"),
    "misjudged_test_error": ("smallest test error if the variance is misjudged", _MEAN_SQUARE),
    "front_min_test_error": ("smallest test error on the front", _MEAN_SQUARE),
    "front_iterations": ("iterations to it", "iterations"),
    "front_threshold": ("threshold c on the front", _MATRIX),
    "front_learning_rate_share": ("learning rate on the front", "stability limit"),
    "front_variance_ratio": ("sigma2^2/sigma1^2 on the front", "1"),
    "front_smallest_width": ("smallest width on the front", "hidden units"),
    "candidate_min_test_error": ("smallest test error of a start", _MEAN_SQUARE),
    "candidate_iterations": ("iterations to it", "iterations"),
    "candidate_status": ("what became of a start, see status_meaning", "index"),
    "candidate_threshold": ("threshold c of a start", _MATRIX),
    "candidate_learning_rate_share": ("learning rate of a start", "stability limit"),
    "candidate_variance_ratio": ("sigma2^2/sigma1^2 of a start", "1"),
    "trained_min_test_error": ("smallest test error, trained", _MEAN_SQUARE),
    "trained_iterations": ("iterations to it, trained", "iterations"),
    "trained_test_error": ("test error, trained", _MEAN_SQUARE),
    "trained_train_error": ("train error, trained", _MEAN_SQUARE),
    "deviation": ("relative deviation of the trained mean from the prediction", "1"),
    "standard_error": ("standard error of that", "1"),
    "confirmed": ("whether training confirms the prediction", "1"),
}


def attributes(name: str) -> dict[str, str]:
    """Return long name and units of a variable of the table.

    Examples
    --------
    >>> attributes("gamma_w")
    {'long_name': 'exponent of the width', 'units': 'power of d'}
    """
    return dict(zip(("long_name", "units"), DESCRIPTIONS[name], strict=True))


def describe(data: xr.Dataset, maker: Callable[..., object]) -> xr.Dataset:
    """Return a dataset that says what its variables are, what made it, and with which versions.

    Parameters
    ----------
    data : xarray.Dataset
        Attributes that its variables have already stay as they are.
    maker : callable
        The public function that makes it.

    Examples
    --------
    >>> import numerics
    >>> data = describe(xr.Dataset({"ntk_change": ("iteration", [0.0, 0.1])}), numerics.train)
    >>> data.kind, data.ntk_change.attrs
    ('train', {'long_name': 'relative change of the NTK', 'units': '1'})
    """
    data = data.assign_attrs(kind=kind_of(maker), versions=versions())
    for name in DESCRIPTIONS.keys() & data.variables.keys():
        known = attributes(name)
        if data[name].dtype.kind in "OU":
            del known["units"]  # of a text
        data[name].attrs = known | data[name].attrs
    return data
