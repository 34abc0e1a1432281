"""theory: sympy derives or proves every formula that the rest of the package runs.

``theory.derive("unified-evolution")`` proves and shows one topic; ``theory.TOPICS`` lists
them.  The public names are listed in ``__init__.pyi`` and imported when they are first used, so
that ``import theory`` is light.
"""

import sys

from theory._version import __version__ as __version__
from theory.public_names import lazy_names
from theory.sources import text_hash

#: The text of this package when it was imported: its results are kept on disk under it.
SOURCES = text_hash(__path__[0])

_EXPORTS, __getattr__, __dir__ = lazy_names(sys.modules[__name__])

__all__ = [*_EXPORTS, "__version__"]
