"""numerics: runs what theory derived, beside one plain witness that knows no theory.

Names below are imported when they are first used, so that ``import numerics`` is light.
"""

from importlib import import_module

_EXPORTS = {
    "ClosedForm": "numerics.matrix_closed_form",
    "closed_form_flow": "numerics.matrix_closed_form",
    "DivergedError": "numerics.errors",
    "OutOfRangeError": "numerics.errors",
    "NetworkState": "numerics.initialization",
    "balanced_factor": "numerics.initialization",
    "explicit_weights": "numerics.initialization",
    "random_state": "numerics.initialization",
    "self_consistent_lift": "numerics.initialization",
    "wishart_factor": "numerics.initialization",
    "Task": "numerics.tasks",
    "linear_regression": "numerics.tasks",
    "low_rank_from_spectrum": "numerics.tasks",
    "low_rank_recovery": "numerics.tasks",
    "matrix_completion": "numerics.tasks",
    "Trainer": "numerics.training",
    "train": "numerics.training",
    "stability_limit": "numerics.training",
    "gradient_flow": "numerics.matrix_flow",
    "figure1": "numerics.experiments",
    "advise": "numerics.advice",
    "check_advice": "numerics.advice_check",
    "exponent_plane": "numerics.regimes",
    "predict_cell": "numerics.prediction",
    "predict_grid": "numerics.prediction_grid",
    "predict_run": "numerics.prediction",
    "SweepPlan": "numerics.sweep_plan",
    "CrossoverSweep": "numerics.crossover_sweep",
    "FullyConnected": "numerics.networks",
    "frozen_flow": "numerics.frozen_kernel",
    "linear_crossover": "numerics.linear_plane",
    "ImageData": "numerics.image_data",
    "load_images": "numerics.image_data",
    "prepare_images": "numerics.image_data",
    "available_images": "numerics.image_sources",
    "run_sweep": "numerics.sweep",
}

__all__ = list(_EXPORTS)


def __getattr__(name: str) -> object:
    """Import an exported name when it is first used."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'numerics' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_EXPORTS[name]), name)
    return value


def __dir__() -> list[str]:
    """List what can be imported."""
    return sorted(__all__)
