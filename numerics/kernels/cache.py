"""Stores generated modules, imports them and reuses them across processes.

A module is written once under its name and fingerprint, to a temporary file that replaces the
final one atomically, so that processes starting together never read half a file.  numba keeps
its machine code beside it; a second process compiles nothing.

The folder is ``$MIXED_DYNAMICS_CACHE`` or the user's cache folder; where neither can be
written, a temporary folder of this process.  Old fingerprints may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType

from platformdirs import user_cache_path

from theory.kernels.emission import KernelModule

__all__ = ["cache_folder", "compilation_counts", "load"]

ENVIRONMENT_VARIABLE = "MIXED_DYNAMICS_CACHE"
_loaded: dict[str, ModuleType] = {}


@cache
def cache_folder() -> Path:
    """Return the folder of generated modules, created if need be."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    for folder in (Path(named) if named else None, user_cache_path("mixed-dynamics") / "kernels"):
        if folder is not None and _is_writable(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix="mixed-dynamics-"))


def load(kernel: KernelModule) -> ModuleType:
    """Return the imported module of a kernel, writing it if it is not there yet.

    A file that was damaged is written again: its own checksum, in the last line, tells.
    """
    key = f"{kernel.name}_{kernel.fingerprint}"
    if key not in _loaded:
        path = cache_folder() / f"{key}.py"
        if not _is_whole(path):
            _write_atomically(path, kernel.source)
        _loaded[key] = _import(f"mixed_dynamics_kernels.{key}", path)
    return _loaded[key]


def compilation_counts() -> dict[str, tuple[int, int]]:
    """Return (cache hits, compilations) of every function loaded in this process."""
    counts = {}
    for key, module in _loaded.items():
        for name, function in vars(module).items():
            if hasattr(function, "stats"):
                stats = function.stats
                counts[f"{key}.{name}"] = (
                    sum(stats.cache_hits.values()),
                    sum(stats.cache_misses.values()),
                )
    return counts


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _checksum(text: str) -> str:
    return f"# sha256 {hashlib.sha256(text.encode()).hexdigest()}\n"


def _is_whole(path: Path) -> bool:
    try:
        text, mark, digest = path.read_text().rpartition("# sha256 ")
    except (OSError, UnicodeDecodeError):
        return False
    return _checksum(text) == mark + digest


def _write_atomically(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text + _checksum(text))
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _import(name: str, path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module
