"""theory: sympy derives or proves every formula that the rest of the package runs.

``theory.derive("unified-evolution")`` proves and shows one topic; ``theory.TOPICS`` lists
them.  The public names are listed in ``__init__.pyi`` and imported when they are first used, so
that ``import theory`` is light.
"""

import lazy_loader

from theory.sources import text_hash

#: The text of this package when it was imported: its results are kept on disk under it.
SOURCES = text_hash(__path__[0])

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
