"""numerics: runs what theory derived, beside one plain reference that knows no theory.

The public names are listed in ``__init__.pyi`` and imported when they are first used, so that
``import numerics`` is light.
"""

import lazy_loader

from theory.sources import text_hash

#: The text of this package when it was imported: its results are kept on disk under it.
SOURCES = text_hash(__path__[0])

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
