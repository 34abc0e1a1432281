"""Results of sympy that are kept on disk, so that a second process derives nothing.

:func:`stored` calls a function and keeps what it returns under a key of all that can change it: the
text of every file of its package and of the packages that this one may import, the versions of
sympy and mpmath, the function's name and its arguments.  An edit anywhere in these packages makes
another key; nobody lists what a result depends on.

Holds for functions of :mod:`theory`, :mod:`numerics` and :mod:`verify` that depend on nothing but
their arguments and return what JSON can hold.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TypeVar

import mpmath
import sympy as sp

from numerics.kernels import storage
from theory.sources import text_hash

__all__ = ["NotStorable", "request_key", "stored"]

#: Each may import those before it.
LAYERS = ("theory", "numerics", "verify")

Result = TypeVar("Result")

_texts: dict[str, str] = {}


class NotStorable(TypeError):
    """Raised for a request that depends on code outside these packages, or on who knows what."""


def stored(function: Callable[..., Result], *arguments: object) -> Result:
    """Return what a function returns for its arguments, computed once for all processes.

    What depends on a user's own functions or classes is computed anew: no key could tell one
    version of them from the next.

    Parameters
    ----------
    function : callable
        Returns text, numbers, or lists and dicts of them.
    *arguments
        sympy expressions count with their assumptions, dataclasses with all their fields.

    Examples
    --------
    >>> from theory.topics import derivation_text
    >>> stored(derivation_text, "gram-dynamics").splitlines()[0]
    'Gradient descent closes on the Gram matrix'
    """
    try:
        key, layers = _key(function, arguments)
    except NotStorable:
        return json.loads(json.dumps(function(*arguments)))
    if key not in _texts:
        path = storage.cache_folder() / f"{key}.json"
        text = storage.read(path)
        if text is None:
            text = json.dumps(function(*arguments))
            # Files edited since the packages were imported say nothing about the code that ran.
            if all(text_hash(import_module(x).__path__[0]) == _sources(x) for x in layers):
                storage.write(path, text)
        _texts[key] = text
    return json.loads(_texts[key])


def request_key(function: Callable[..., object], *arguments: object) -> str:
    """Return the name under which :func:`stored` keeps a result.

    Raises
    ------
    NotStorable
        If the function, or a part of an argument, is not of sympy or of these packages.

    Examples
    --------
    >>> from theory.topics import derivation_text
    >>> request_key(derivation_text, "prediction") == request_key(derivation_text, "wishart")
    False
    """
    return _key(function, arguments)[0]


def _key(
    function: Callable[..., object], arguments: tuple[object, ...]
) -> tuple[str, tuple[str, ...]]:
    """Return the key of a request and the packages whose text is in it."""
    used: set[str] = set()
    request = _identity((function, *arguments), used)
    layers = LAYERS[: 1 + max(LAYERS.index(layer) for layer in used)]
    parts = [request, sp.__version__, mpmath.__version__, *map(_sources, layers)]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
    return f"{function.__name__.strip('_')}_{digest}", layers


def _sources(layer: str) -> str:
    return import_module(layer).SOURCES


def _identity(value: object, used: set[str]) -> str:
    """Return a text that tells a value from any other, and add the packages it depends on."""
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return f"{kind.__name__} {value!r}"
    if isinstance(value, tuple | list) and kind in (tuple, list):
        return f"{kind.__name__} ({', '.join(_identity(x, used) for x in value)})"
    if isinstance(value, Mapping):
        return f"mapping {_identity(tuple(value.items()), used)}"
    if isinstance(value, sp.Basic):
        return f"sympy {_expression(value, used)}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {x.name: getattr(value, x.name) for x in dataclasses.fields(value)}
        return f"{_defined(kind, used)} {_identity(fields, used)}"
    return f"function {_defined(value, used)}"


def _expression(value: sp.Basic, used: set[str]) -> str:
    for part in sp.preorder_traversal(value):
        # A dummy's number differs from process to process.
        if isinstance(part, sp.Dummy):
            raise NotStorable(f"an expression with a dummy symbol has no lasting name, got {value}")
        if not re.match(r"sympy\.", str(type(part).__module__)):
            _defined(type(part), used)
    return sp.srepr(value)


def _defined(what: object, used: set[str]) -> str:
    """Return the import path of a function or class of these packages."""
    module, name = getattr(what, "__module__", None), getattr(what, "__qualname__", None)
    layer = str(module).partition(".")[0]
    found: object = sys.modules.get(str(module))
    for part in str(name).split("."):
        found = getattr(found, part, None)
    if layer not in LAYERS or found is not what:
        raise NotStorable(f"a function or class must be of {', '.join(LAYERS)}, got {what!r}")
    used.add(layer)
    return f"{module}.{name}"
