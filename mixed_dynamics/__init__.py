"""mixed_dynamics: every public name of ``theory``, ``numerics`` and ``verify`` in one place.

``import mixed_dynamics as md`` is all that a user needs; names are imported when they are first
used, so that it is light.  Each name stands in one package only and means one thing.
``import mixed_dynamics.xarray`` adds ``data.mixed_dynamics.plot()`` to datasets.

Examples
--------
>>> import mixed_dynamics as md
>>> task = md.low_rank_recovery(20, rank=2, rng=0)
>>> state = md.random_state(20, 20, 1e6, init_variance=1e-6, rng=1)
>>> run = md.train(state, task, learning_rate=0.01, iterations=50)
>>> bool(run.test_error.min() < run.test_error[0])
True
"""

import numerics
import theory
import verify

__all__ = sorted({*theory.__all__, *numerics.__all__, *verify.__all__})


def __getattr__(name: str) -> object:
    for package in (theory, numerics, verify):
        if name in package.__all__:
            value = globals()[name] = getattr(package, name)
            return value
    raise AttributeError(f"No {__name__} attribute {name}")


def __dir__() -> list[str]:
    return __all__.copy()
