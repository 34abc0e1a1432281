"""numerics: runs what theory derived, beside one plain reference that knows no theory.

The public names are listed in ``__init__.pyi`` and imported when they are first used, so that
``import numerics`` is light.
"""

import sys

from theory.public_names import lazy_names
from theory.sources import text_hash

#: The text of this package when it was imported: its results are kept on disk under it.
SOURCES = text_hash(__path__[0])

_EXPORTS, __getattr__, __dir__ = lazy_names(sys.modules[__name__])

__all__ = list(_EXPORTS)
