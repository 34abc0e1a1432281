"""verify: confronts predictions with numbers, draws the figures, and is the command line.

The public names are listed in ``__init__.pyi`` and imported when they are first used, so that
``import verify`` is light; it also gives datasets ``data.mixed_dynamics.plot()``.
"""

import sys

from theory.public_names import lazy_names
from theory.sources import text_hash
from verify.figures.dataset_accessor import register

#: The text of this package when it was imported: its results are kept on disk under it.
SOURCES = text_hash(__path__[0])

_EXPORTS, __getattr__, __dir__ = lazy_names(sys.modules[__name__])

__all__ = list(_EXPORTS)

register()
