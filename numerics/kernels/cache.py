"""Imports generated modules and reuses them across processes.

A module is printed once (:mod:`numerics.kernels.derived`) and written under a hash of its text and
of the versions that compile it; numba keeps its machine code beside it.  A second process prints
and compiles nothing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import platform
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

from numerics.kernels import storage
from numerics.kernels.derived import stored
from numerics.kernels.joining import joined_text
from theory.kernels.emission import KernelModule

__all__ = ["compilation_counts", "fingerprint", "load", "module_text"]

#: Package of the generated modules: numba pickles the types that they define by their names.
PACKAGE = "mixed_dynamics_kernels"

_loaded: dict[str, ModuleType] = {}


@cache
def load(kernel: KernelModule, loops: str | None = None) -> ModuleType:
    """Return the imported module of a kernel, writing it if it is not there yet.

    A file that was damaged is written again: its own checksum, in the last line, tells.

    Parameters
    ----------
    kernel : KernelModule
        What is imported.
    loops : str, optional
        The file of :mod:`numerics.kernels.loops` whose arithmetic the kernel is; both are joined.
    """
    text = module_text(kernel, loops)
    key = f"{kernel.name}_{_digest(text, *_versions())}"
    if key not in _loaded:
        path = storage.cache_folder() / f"{key}.py"
        if storage.read(path) is None:
            storage.write(path, text)
        _loaded[key] = _import(f"{PACKAGE}.{key}", path)
    return _loaded[key]


def module_text(kernel: KernelModule, loops: str | None = None) -> str:
    """Return the text of a kernel's module, from the disk if it was printed before."""
    text = kernel.header + stored(kernel.body, *kernel.arguments)
    return text if loops is None else joined_text(text, kernel.functions, loops)


def fingerprint(kernel: KernelModule, loops: str | None = None) -> str:
    """Return 16 hexadecimal digits of the hash of a kernel's text."""
    return _digest(module_text(kernel, loops))


def compilation_counts() -> dict[str, tuple[int, int]]:
    """Return (cache hits, compilations) of every function loaded in this process."""
    counts = {}
    for key, module in _loaded.items():
        for name, function in vars(module).items():
            if hasattr(function, "py_func"):
                stats = function.stats
                counts[f"{key}.{name}"] = (
                    sum(stats.cache_hits.values()),
                    sum(stats.cache_misses.values()),
                )
    return counts


@cache
def _versions() -> tuple[str, ...]:
    packages = ("numba", "llvmlite", "numpy", "scipy")
    return (platform.python_version(), *map(version, packages))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _import(name: str, path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise ImportError(f"a kernel must be a Python file, got {path}")
    module = importlib.util.module_from_spec(specification)
    sys.modules.setdefault(PACKAGE, ModuleType(PACKAGE))
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module
