"""Settings that check themselves: classes whose fields know their rule.

A class of settings is decorated with ``attrs.frozen`` and each of its fields is a :func:`setting`,
whose check gets the field's name and what came.  It returns the value in the one form in which it
is kept, or raises an error of one line; the checks of :mod:`numerics.support.validation` are made
so.  What takes several fields at once stands in ``__attrs_post_init__``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import attrs

from numerics.support.object_validation import check_callable, check_path
from theory.wording import in_one_line, shown

__all__ = ["from_table", "read_toml", "setting"]

T = TypeVar("T", bound=attrs.AttrsInstance)


def setting(
    check: Callable[[str, Any], object], default: object = attrs.NOTHING, **options: Any
) -> Any:
    """Return a setting of a sweep of one's own: a field that is checked, its default included.

    Parameters
    ----------
    check : callable
        Maps the field's name and a value to the value that is kept.
    default : object, optional
        In any form that the check takes.
    **options
        Of ``attrs.field``, such as ``kw_only``.

    Examples
    --------
    >>> from numerics import check_dimension
    >>> @attrs.frozen
    ... class Size:
    ...     d: int = setting(check_dimension, 200)
    >>> Size(), Size(50.0)
    (Size(d=200), Size(d=50))
    >>> Size(0)
    Traceback (most recent call last):
        ...
    ValueError: d must be an integer >= 1, got 0
    """
    check_callable("check", check)

    def checked(value: Any, field: attrs.Attribute[Any]) -> object:
        return check(field.name, value)

    converter: Any = attrs.Converter(checked, takes_field=True)
    return attrs.field(default=default, converter=converter, **options)


def from_table(name: str, table: object, kind: type[T]) -> T:
    """Return settings of a kind from a table of them, or as they are; unknown names are refused."""
    if isinstance(table, kind):
        return table
    if not isinstance(table, Mapping):
        raise TypeError(f"{name} must be a table of settings, got {shown(table)}")
    known = [field.name for field in attrs.fields(kind)]
    unknown = sorted(set(table) - set(known), key=str)
    if unknown:
        raise ValueError(
            f"{name} has the settings {', '.join(known)}, got {', '.join(map(shown, unknown[:5]))}"
        )
    # JSON and TOML know lists alone; settings must be hashable.
    return kind(**{key: tuple(x) if isinstance(x, list) else x for key, x in table.items()})


def read_toml(path: str | Path) -> dict[str, object]:
    """Return the table of a TOML file; OSError or ValueError names the file."""
    with open(check_path("path", path), "rb") as file:
        try:
            return tomllib.load(file)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(f"{path} must be a TOML file: {in_one_line(error)}") from error
