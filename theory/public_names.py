"""The public names of a package, imported when they are first used.

They are listed once, in the ``__init__.pyi`` beside the package's ``__init__.py``, where type
checkers and editors look for them; each line ``from MODULE import NAME as NAME`` makes one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

__all__ = ["lazy_names"]


def lazy_names(
    package: ModuleType,
) -> tuple[dict[str, str], Callable[[str], object], Callable[[], list[str]]]:
    """Return the names of a package with their modules, and its ``__getattr__`` and ``__dir__``.

    Parameters
    ----------
    package : module
        With an ``__init__.pyi`` beside its ``__init__.py``.

    Examples
    --------
    >>> import theory
    >>> names, get, _ = lazy_names(theory)
    >>> names["derive"], get("derive") is theory.derive
    ('theory.topics', True)
    """
    stub = Path(package.__file__).with_suffix(".pyi")
    lines = ast.parse(stub.read_text(encoding="utf-8")).body
    imports = [line for line in lines if isinstance(line, ast.ImportFrom)]
    pairs = [(name.asname, line.module) for line in imports for name in line.names]
    modules = {name: module for name, module in pairs if not name.startswith("_")}

    def get(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package.__name__!r} has no attribute {name!r}")
        value = getattr(import_module(modules[name]), name)
        setattr(package, name, value)
        return value

    return modules, get, lambda: sorted(package.__all__)
